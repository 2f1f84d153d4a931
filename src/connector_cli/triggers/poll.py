"""`poll`: ask a trigger what has changed, and keep its state in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from connector_cli.arguments import inputs_of, load, session_of, with_inputs, with_proxy
from connector_cli.key_lookup import trigger_of
from connector_cli.terminal.exit_codes import FAILED
from connector_cli.terminal.output import as_json, put, say
from connector_cli.triggers.kept import read_kept
from connector_runtime.component import FROM_NOW, START_AGAIN
from connector_runtime.documents import dump_json
from connector_runtime.errors import ConnectorError, StoreError
from connector_runtime.stores import replace_private

if TYPE_CHECKING:
    from connector_runtime import Poll


_NOTED = "Noted where now is: what was there before is not told. The next poll tells what has changed since."
_NOT_KEPT = (
    "What was there before is not told, and where now is was not noted. Keep it with --state FILE; "
    'what has changed up to now comes with --since "from the beginning" or a moment.'
)


@click.command()
@click.argument("trigger")
@with_inputs
@with_proxy
@click.option("--state", "kept_in", type=click.Path(path_type=Path), metavar="FILE",
              help="Where the state is kept from one poll to the next.")  # fmt: skip
@click.option("--since", default=FROM_NOW, metavar="WHEN",
              help="For the first poll: `from now`, `from the beginning` or a moment; "
                   "later ones go on where the file of --state says.")  # fmt: skip
@as_json
@click.pass_context
def poll(context: click.Context, /, trigger: str, *, kept_in: Path | None, since: str, as_json: bool,
         **given: Any) -> None:  # fmt: skip
    """Tell what has changed since the last poll, one event a line."""
    component = load(context)
    found = trigger_of(component, trigger, "poll")
    inputs = inputs_of(found.asking, given["pairs"], given["file"])
    kept = kept_state(kept_in)
    if kept is not None:
        say_unused(context, kept_in)
    with session_of(component, given, quiet=as_json) as session:
        try:
            result = session.poll(trigger, inputs, since if kept is None else kept)
        except ConnectorError as problem:
            if kept is not None and (problem.hint == START_AGAIN or isinstance(kept, str)):
                # The file is read before `--since` is, so that a command can be repeated as it is.
                problem.hint = (
                    f"Take {kept_in} away, or name another file with --state, to start anew: "
                    f"`{FROM_NOW}`, or where --since says."
                )
            raise
    put_poll(result, as_json=as_json)
    if kept is None and since == FROM_NOW and not as_json and result.error is None:
        say(_NOTED if kept_in is not None else _NOT_KEPT)
    # Only what was printed is behind the reader: whoever stops before gets it again.
    if kept_in is not None:
        _keep(kept_in, result)
    if result.error is not None:
        context.exit(FAILED)


def put_poll(result: Poll, *, as_json: bool) -> None:
    """Print what a poll tells, one event a line, and say what it could not."""
    if as_json:
        put(result.to_dict(exact=True), as_json=True)
        return
    if result.events:
        put("\n".join(map(dump_json, result.events)), as_json=False)
    for gap in result.gaps:
        say(f"warning: of {gap.start} to {gap.end} the source `{gap.source}` tells nothing any more")
    if result.error is not None:
        say(f"broke off: {result.error}")
    if result.more:
        say("There is more: poll again.")


def say_unused(context: click.Context, file: Path | None) -> None:
    """Say that `--since` was given in vain: a file says where the last poll ended."""
    if context.get_parameter_source("since") is ParameterSource.COMMANDLINE:
        say(f"--since is not used: {file} says where the last poll ended. Take it away to begin anew.")


def kept_state(file: Path | None) -> Any:
    """Return the state in a file, None where there is no file yet."""
    if file is None or not file.exists():
        return None
    kept, problem = read_kept(file)
    if kept is None:
        message = f"{file} holds no state of a poll: {problem}"
        raise click.UsageError(f"{message}. Take it away to start anew.")
    return kept


def _keep(file: Path, result: Poll) -> None:
    try:
        replace_private(file, json.dumps(result.state).encode())
    except StoreError as problem:
        problem.hint = "The next poll tells the same once more."
        raise

"""The commands, one function each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector_cli import demo as demonstration
from connector_cli.arguments import (
    connection_of,
    inputs_of,
    load,
    resume_of,
    session_of,
    with_inputs,
    with_proxy,
)
from connector_cli.authoring import check as checking
from connector_cli.authoring.formatting import format_files
from connector_cli.authoring.schemas import schemas
from connector_cli.connections.connect import connect
from connector_cli.connections.manage import connections, doctor, scopes
from connector_cli.key_lookup import action_of, any_of, trigger_of
from connector_cli.pages import action_page, listing, table, trigger_page
from connector_cli.sandboxes import sandbox_of
from connector_cli.terminal.exit_codes import FAILED, INTERRUPTED, Commands
from connector_cli.terminal.output import as_json, jsonable, put, say
from connector_cli.triggers.poll import kept_state, poll, say_unused
from connector_cli.triggers.subscribe import catch_up, renew, subscribe, unsubscribe
from connector_runtime.component import Action, describe_action, describe_trigger
from connector_runtime.documents import dump_json

if TYPE_CHECKING:
    from connector_runtime import Result

# What a created record is known by stands near the beginning of a reply.
_TOLD_MAX_CHARS = 2_000

@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--component", help="Folder with component.yaml, or the name of an installed component.")
@click.option("--add", multiple=True, metavar="FOLDER", help="A folder that adds or replaces actions.")
@click.pass_context
def program(context: click.Context, /, component: str | None, add: tuple[str, ...]) -> None:
    """Load a connector component: list, check, try and run its actions."""
    context.obj = dict(context.obj or {})
    context.obj["add"] = add
    if component is not None:
        context.obj["component"] = component


@program.command()
@as_json
@click.pass_context
def actions(context: click.Context, /, *, as_json: bool) -> None:
    """List the actions, and the triggers."""
    component = load(context)
    put(listing(component) if as_json else table(component), as_json=as_json)


@program.command()
@click.argument("key", metavar="ACTION|TRIGGER")
@as_json
@click.pass_context
def show(context: click.Context, /, key: str, *, as_json: bool) -> None:
    """Show one action or trigger: its inputs, its requests, its examples, defaults filled in.

    Of a trigger also what its events and its state look like.
    """
    component = load(context)
    found = any_of(component, key)
    shown: Any
    if isinstance(found, Action):
        shown = describe_action(found) if as_json else action_page(component, found)
    else:
        shown = describe_trigger(found) if as_json else trigger_page(component, found)
    put(shown, as_json=as_json)


@program.command()
@click.argument("key", metavar="ACTION|TRIGGER")
@with_inputs
@click.option("--state", "kept_in", type=click.Path(path_type=Path), metavar="FILE",
              help="Of a trigger: where `poll` keeps its state.")  # fmt: skip
@click.option("--since", metavar="WHEN", help="Of a trigger: where its first poll begins; as of `poll`.")
@click.option("--curl", is_flag=True, help="Print it as a curl command.")
@as_json
@click.pass_context
def request(context: click.Context, /, key: str, *, curl: bool, as_json: bool, **given: Any) -> None:
    """Print the exact request an action, or a trigger's next poll, would send first; nothing is sent."""
    component = load(context)
    found, state = any_of(component, key), None
    if not isinstance(found, Action):
        found = trigger_of(component, key, "poll").asking
        state = kept_state(given["kept_in"])
        if state is None:
            state = given["since"]
        else:
            say_unused(context, given["kept_in"])
    elif given["kept_in"] or given["since"]:
        raise click.UsageError(f"--state and --since are for triggers, and `{key}` is an action.")
    inputs = inputs_of(found, given["pairs"], given["file"])
    with connection_of(component, given["connection"], fresh=given["fresh"], quiet=as_json) as chosen:
        plan = component.request(key, inputs, chosen.connection, trust_paths=True, state=state)
    if as_json:
        put({**plan.to_dict(exact=True), "curl": plan.curl()}, as_json=True)
    else:
        put(plan.curl() if curl else str(plan), as_json=False)
    for warning in plan.warnings:
        say(f"warning: {warning}")


@program.command()
@click.argument("action")
@with_inputs
@with_proxy
@click.option("--save-to", metavar="FILE", help="Write the reply's content to a file.")
@click.option(
    "--deadline", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Bound of the whole call."
)
@click.option("--resume", metavar="FILE|JSON", help="Go on behind what a failed run had done: its error.")
@click.option("--metadata", is_flag=True, help="Judge records by the account's own fields, asked for once.")
@as_json
@click.pass_context
def run(context: click.Context, /, action: str, *, save_to: str | None, deadline: float | None,
        metadata: bool, as_json: bool, **given: Any) -> None:  # fmt: skip
    """Run an action: on the embedded sandbox, or with --connection on an account."""
    component = load(context)
    found = action_of(component, action)
    inputs = inputs_of(found, given["pairs"], given["file"])
    resume, result, code = resume_of(given["resume"]), None, 0
    try:
        with session_of(component, given, quiet=as_json, trust_paths=True, metadata=metadata) as session:
            result = session.run(action, inputs, deadline_s=deadline, save_to=save_to, resume=resume)
    except KeyboardInterrupt:
        if result is None:
            raise
        code = INTERRUPTED  # what is done is told nevertheless
    shown = result.to_dict(exact=True) if as_json else result.data
    put(shown, as_json=as_json, done=_finished(found, result))
    if not as_json:
        for warning in result.warnings:
            say(f"warning: {warning}")
        if result.outcome != "done":
            say(f"outcome: {result.outcome}")
        if result.failed:
            say(dump_json(jsonable(list(result.failed)), indent=2))
    if code or result.outcome == "partial":
        context.exit(code or FAILED)


def _finished(action: Action, result: Result) -> str:
    """Return the words for a result that cannot be printed: the action need not be done again to learn it."""
    status = f", status {result.status}" if result.status else ""
    words = f"{action.key}: it ended (outcome {result.outcome}{status}), but its result is lost."
    if action.effect == "read":
        return words
    told = dump_json(jsonable(result.data))
    cut = "…" if len(told) > _TOLD_MAX_CHARS else ""
    return f"{words}\nDo not repeat it for that; it returned: {told[:_TOLD_MAX_CHARS]}{cut}"


@program.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="How problems look.",
)
@as_json
@click.pass_context
def check(context: click.Context, /, folder: Path | None, style: str, *, as_json: bool) -> None:
    """Check a component's files: every problem with its file, line and column."""
    context.exit(checking.check(_folders(context, folder), "json" if as_json else style))


@program.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "-k", "wanted", default="", metavar="TEXT", help="Only tests whose action, trigger or name has this text."
)
@as_json
@click.pass_context
def test(context: click.Context, /, folder: Path | None, wanted: str, *, as_json: bool) -> None:
    """Run the tests that stand in the files of actions and triggers, offline."""
    context.exit(checking.test(_folders(context, folder), wanted, as_json=as_json))


def _folders(context: click.Context, /, folder: Path | None) -> list[Any]:
    base = folder or context.obj.get("component") or Path()
    return [base, *context.obj.get("add", ())]


@program.command()
@click.option("--port", type=int, default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--state", metavar="FILE", default=":memory:", help="Where to keep its state.")
@as_json
@click.pass_context
def sandbox(context: click.Context, /, port: int, state: str, *, as_json: bool) -> None:
    """Serve the component's sandbox on this machine until stopped."""
    sandbox_of(load(context)).serve(port, path=state, json=as_json)


@program.command()
@click.pass_context
def demo(context: click.Context, /) -> None:
    """Do the component's main job on its sandbox, step by step."""
    context.exit(demonstration.demo(load(context)))


for _command in (
    catch_up, connect, connections, doctor, format_files, poll, renew, schemas, scopes, subscribe,
    unsubscribe,
):  # fmt: skip
    program.add_command(_command)

"""What was given on the command line: the component, inputs, a connection."""

from __future__ import annotations

import difflib
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector_runtime.cli.output import say
from connector_runtime.cli.sandboxes import embedded
from connector_runtime.component import Component
from connector_runtime.documents import parse_json, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector_runtime.model import Action


def load(context: click.Context) -> Component:
    """Load the component that the command works on."""
    chosen = context.obj.get("component")
    if chosen is None:
        chosen = "." if Path("component.yaml").is_file() else None
    if chosen is None:
        raise click.UsageError("Say which component: --component FOLDER (or an installed one's name).")
    return Component.load(chosen, *context.obj.get("add", ()))


def action_of(component: Component, key: str) -> Action:
    """Return an action, or say which one was probably meant."""
    action = component.model.action(key)
    if action is None:
        near = difflib.get_close_matches(key, component.actions, n=3, cutoff=0.5)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.UsageError(f"There is no action called `{key}`.{meant} `actions` lists them.")
    return action


def inputs_of(action: Action, pairs: Sequence[str], file: str | None) -> dict[str, Any]:
    """Gather inputs from a file or standard input, overlaid by `-i key=value`.

    For an input that takes a file, `key=@path` reads it from this machine.
    """
    found = _read(file) if file else {}
    files = {entry.key for entry in action.inputs if entry.type in ("file", "files")}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(f"`-i {pair}` has no `=`; write -i key=value.")
        found[key] = {"path": value[1:]} if key in files and value.startswith("@") else value
    return found


def _read(file: str) -> dict[str, Any]:
    if file == "-":
        found = parse_json(sys.stdin.read())
    elif file.endswith(".json"):
        found = parse_json(Path(file).read_bytes())
    else:
        found = read_yaml(Path(file), file).data
    if not isinstance(found, dict):
        raise click.UsageError(f"{file}: inputs are a map of keys and values.")
    return found


@contextmanager
def connection_of(
    component: Component, file: str | None, *, fresh: bool, quiet: bool
) -> Iterator[Mapping[str, Any]]:
    """Give the connection to use: from a file, or to the embedded sandbox."""
    if file is not None:
        if fresh:
            raise click.UsageError("--fresh empties the embedded sandbox; it has no meaning with --connection.")
        yield _read(file)
        return
    with embedded(component.key, fresh=fresh) as sandbox:
        if not quiet:
            say(f"Using the embedded sandbox, kept in {sandbox.file}; --connection FILE uses an account.")
        yield sandbox.connection

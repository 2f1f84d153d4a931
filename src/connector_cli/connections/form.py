"""Filling in a connection's form: words, a file, the environment, questions."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from connector_cli.arguments import named, read_map
from connector_cli.terminal.output import say
from connector_runtime import Secret
from connector_runtime.component import ABSENT, Refusal, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_runtime import Component
    from connector_runtime.component import ConnectionModel, Input

_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def way_to_connect(component: Component, key: str | None) -> ConnectionModel:
    """Return the connection of a key; without one the first that people are meant to use."""
    ways = component.connections
    if key is None:
        return next(iter(ways.values()))
    if key not in ways:
        raise click.UsageError(
            f"There is no connection called `{key}`. {did_you_mean(key, ways)}There are: {', '.join(ways)}."
        )
    return ways[key]


def fields_of(
    definition: ConnectionModel,
    pairs: Sequence[str],
    file: str | None,
    *,
    component: str,
    known: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what fills in the form.

    Words win over the file, it over the environment, and that over what was known. What is
    still missing is asked for, where somebody is there to answer.

    Raises:
        click.UsageError: A secret among the words, an unknown field, or one is missing.
    """
    inputs = {entry.key: entry for entry in definition.inputs}
    words = {key: values[-1] for key, values in named(pairs).items()}
    for key in words:
        _check_word(key, inputs)
    fields = {**known, **_from_environment(inputs, component), **(read_map(file) if file else {}), **words}
    for entry in inputs.values():
        if entry.key not in fields and _is_asked(entry):
            answer = _answer(entry, component)
            if answer is not None:
                fields[entry.key] = answer
    return fields


def is_answered() -> bool:
    """Return whether somebody is there to answer questions."""
    return sys.stdin is not None and sys.stdin.isatty()


def variable_of(component: str, entry: Input) -> str:
    """Return the environment variable that may hold a secret."""
    return f"{component}_{_CAPITALS.sub('_', entry.key)}".replace("-", "_").upper()


def _check_word(key: str, inputs: Mapping[str, Input]) -> None:
    if key not in inputs:
        raise click.UsageError(
            f"The connection has no field `{key}`. {did_you_mean(key, inputs)}It has: {', '.join(inputs)}."
        )
    if inputs[key].type == "secret":
        raise click.UsageError(
            f"`{key}` is a secret: others can read it among the words of a command. "
            "Leave it out to be asked for it, or put it into a file for --inputs."
        )


def _from_environment(inputs: Mapping[str, Input], component: str) -> dict[str, str]:
    """Take secrets out of the environment, so that no browser started later inherits them."""
    variables = {
        key: variable_of(component, entry) for key, entry in inputs.items() if entry.type == "secret"
    }
    found = {key: os.environ.pop(variable, "") for key, variable in variables.items()}
    return {key: value for key, value in found.items() if value}


def _is_asked(entry: Input) -> bool:
    """Return whether a person is asked: for what must be there, and for what differs by account."""
    shown = entry.definition.get("shown")
    differs = shown == "deployer" and entry.constant is not ABSENT
    return shown != "hidden" and (entry.required or differs)


def _answer(entry: Input, component: str) -> Any:
    """Ask for a field until the answer can be used; None leaves it to its default."""
    default = None if entry.constant is ABSENT or isinstance(entry.constant, Secret) else entry.constant
    if not is_answered():
        if entry.constant is not ABSENT or entry.default is not None:
            return None
        raise click.UsageError(f"{entry.label} is missing: {_how(entry, component)}.")
    if entry.definition.get("help"):
        say(str(entry.definition["help"]))
    while True:
        answer = click.prompt(entry.label, default=default, hide_input=entry.type == "secret", err=True)
        try:
            entry.read(answer)
        except Refusal as refusal:
            say(f"{refusal.message} {refusal.hint or ''}".strip())
        else:
            return answer


def _how(entry: Input, component: str) -> str:
    if entry.type == "secret":
        return f"set the environment variable {variable_of(component, entry)}, or use --inputs FILE"
    return f"add -i {entry.key}=…"

"""Values to choose from: what is offered, and which one a text means."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.numbers import as_float
from connector_runtime.errors import DefinitionError
from connector_runtime.inputs.refusals import Refusal, did_you_mean, listed, shown
from connector_runtime.language.templates import compile_expression_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connector_runtime.language.templates import Template

_WHERE_NAMES = frozenset({"row", "tables", "inputs", "connection"})


class Choice(NamedTuple):
    """One value of an input.

    Attributes:
        value: What is sent.
        label: What people see.
        aliases: Other spellings, as saved configurations have them.
        deprecated: Why it should not be chosen any more, and what instead; empty where it may.
    """

    value: Any
    label: str
    aliases: tuple[str, ...] = ()
    deprecated: str = ""


def choices_of(
    definition: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]], read: Callable[[Any], Any]
) -> tuple[tuple[Choice, ...], Template | None]:
    """Return what may be chosen, and the condition that depends on the call, if there is one.

    Choices from a table are its rows; a row's column `aliases` has other spellings, its column
    `deprecated` says why it should not be chosen any more.
    Choices of a picker are not known beforehand.

    Args:
        definition: The input's definition.
        tables: The component's tables.
        read: Makes a value of the input's type; raises `Refusal`.

    Raises:
        DefinitionError: There is no such table.
    """
    if "choices" in definition:
        return tuple(_written(choice, read) for choice in definition["choices"]), None
    origin = definition.get("choicesFrom", {})
    if "table" not in origin:
        return (), None
    rows = tables.get(origin["table"])
    if rows is None:
        raise DefinitionError(f"there is no table called `{origin['table']}`")
    where = compile_expression_text(origin["where"], _WHERE_NAMES) if "where" in origin else None
    by_call = where is not None and any(path.path[0] in ("inputs", "connection") for path in where.references)
    kept = [
        (key, row)
        for key, row in rows.items()
        if where is None or by_call or where.render({"row": row, "tables": tables})
    ]
    column = origin.get("label")
    found = tuple(
        Choice(
            _typed(key, read),
            str(row.get(column, key)) if column else key,
            tuple(row.get("aliases", ())),
            str(row.get("deprecated", "")),
        )
        for key, row in kept
    )
    return found, where if by_call else None


def chooser(choices: tuple[Choice, ...], *, custom: bool, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what finds the choice that a value means.

    The value itself counts first, then another spelling, then the label as it is shown, then any
    of them in other case, if only one choice fits. With `custom` any other value is let through.

    Args:
        choices: What may be chosen.
        custom: Whether other values are possible.
        read: Makes a value of the input's type; raises `Refusal`.
    """
    values = {_key(choice.value): choice.value for choice in choices}
    aliases = {alias: choice.value for choice in choices for alias in choice.aliases}
    labels = [choice.label for choice in choices]
    shown_as = {choice.label: choice.value for choice in choices if labels.count(choice.label) == 1}
    folded = _folded(choices)

    def choose(value: Any) -> Any:
        try:
            wanted = read(value)
        except Refusal:
            # "true" among the choices of a text may arrive as a boolean.
            wanted = str(value).lower() if isinstance(value, bool) else None
            if wanted not in values:
                raise
        if _key(wanted) in values:
            return values[_key(wanted)]
        if wanted in aliases:
            return aliases[wanted]
        if wanted in shown_as:
            return shown_as[wanted]
        near = folded.get(str(wanted).strip().casefold())
        if near is not None:
            return near[0] if len(near) == 1 else _refuse(wanted, choices)
        return wanted if custom else _refuse(wanted, choices)

    return choose


def _refuse(value: Any, choices: Iterable[Choice]) -> Any:
    names = [str(choice.value) for choice in choices]
    guess = did_you_mean(str(value), names)
    raise Refusal(f"{shown(value)} is none of the choices.", f"{guess}Choose one of: {listed(names)}.")


def _key(value: Any) -> Any:
    """Return what a choice is known by: 0.10 is 0.1."""
    return as_float(value) if isinstance(value, Decimal) else value


def _folded(choices: Iterable[Choice]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for choice in choices:
        spellings = (choice.value, *choice.aliases, choice.label)
        for spelling in {str(text).strip().casefold() for text in spellings}:
            found.setdefault(spelling, []).append(choice.value)
    return found


def _typed(value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        # JSON, as a form shows it: `0.10` in quotes is the number 0.1.
        return _key(read(value))
    except Refusal:
        return _words(value)


def _written(choice: Any, read: Callable[[Any], Any]) -> Choice:
    if not isinstance(choice, dict):
        return Choice(_typed(choice, read), _words(choice))
    label = str(choice.get("label", _words(choice["value"])))
    aliases = tuple(map(_words, choice.get("aliases", ())))
    return Choice(_typed(choice["value"], read), label, aliases, choice.get("deprecated", ""))


def _words(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

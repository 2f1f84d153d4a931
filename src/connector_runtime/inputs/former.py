"""Saved configurations go on working: inputs that had other names, and what should not be used any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.numbers import alike
from connector_runtime.errors import InputError
from connector_runtime.inputs.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.inputs.inputs import Input, Inputs

_NOTHING: tuple[Any, ...] = (None, "", [], {})


def renamed(plan: Inputs, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was given with former names of inputs replaced by those of today.

    A name without a value is left out beside another: forms save all their fields.

    Raises:
        InputError: An input is given by two of its names, with two values.
    """
    found: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    for name, value in given.items():
        key = plan.former.get(name, name)
        if key != name and value in _NOTHING and (value is not None or key in given):
            continue
        if key in found:
            before = found[key]
            if _says_nothing(value) or _is_same(plan.by_key[key], before, value):
                continue
        if key in found and not _says_nothing(before):
            old, new = (name, said_by[key]) if name in plan.former else (said_by[key], name)
            raise InputError(
                f"{plan.by_key[key].label} is given twice: as `{old}`, its former name, and as `{new}`.",
                kind="input",
                input=key,
                hint=f"Give `{key}` only.",
            )
        found[key], said_by[key] = value, name
    return found


def _says_nothing(value: Any) -> bool:
    # Null is something to say: it clears.
    return value is not None and value in _NOTHING


def _is_same(entry: Input, one: Any, other: Any) -> bool:
    """Return whether two values mean the same, such as `1` as a text and as a number."""
    left, right = alike(one, other)
    if left == right:
        return True
    try:
        left, right = alike(entry.read(one), entry.read(other))
        return bool(left == right)
    except Refusal:
        return False


def outdated(plan: Inputs, given: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning for each former name, and each deprecated input or choice, that a call uses.

    Args:
        plan: The inputs.
        given: What was given, as it was.
        values: What `take` made of it.
    """
    for name in given:
        if name in plan.former and given[name] not in _NOTHING:
            yield f"The input `{name}` is called `{plan.former[name]}` now."
    for entry in plan.deprecated:
        value = values.get(entry.key)
        names = {entry.key, *entry.definition.get("renamedFrom", ())}
        if value in _NOTHING or not names & given.keys():
            continue
        if "deprecated" in entry.definition:
            yield f"The input `{entry.key}` is deprecated: {entry.definition['deprecated']}"
        yield from _choices(entry, value)


def _choices(entry: Input, value: Any) -> Iterator[str]:
    chosen = value if isinstance(value, list) else [value]
    for choice in entry.choices:
        if choice.deprecated and choice.value in chosen:
            yield f"The choice `{choice.value}` of `{entry.key}` is deprecated: {choice.deprecated}"

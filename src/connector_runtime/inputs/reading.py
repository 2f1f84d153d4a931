"""From a definition to one function that makes what was entered what is meant."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from connector_runtime.base.numbers import alike
from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.inputs.choices import chooser
from connector_runtime.inputs.filevalues import is_accepted
from connector_runtime.inputs.keyvalues import Pairs
from connector_runtime.inputs.refusals import Refusal, listed, shown
from connector_runtime.inputs.types.input_type import AMOUNT, ITEMS, LENGTH
from connector_runtime.inputs.types.registry import input_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.inputs.choices import Choice
    from connector_runtime.inputs.types.input_type import InputType

    Reader = Callable[[Any], Any]


def choice_reader(kind: str) -> Reader:
    """Return what reads one choice: a value of the type, or an entry of a list as text."""
    found = input_type(kind)
    return (found if found.is_chosen else input_type("string")).read


def reader_of(definition: Mapping[str, Any], choices: tuple[Choice, ...], *, trust_paths: bool) -> Reader:
    """Return what reads the values of one input; it gives ABSENT for what counts as not given.

    Args:
        definition: The input's definition, its `type` one of `NAMES`.
        choices: What may be chosen; empty for any value.
        trust_paths: Whether a file may be named by its path.
    """
    kind = input_type(definition["type"])
    read = partial(kind.read, trust_paths=trust_paths) if kind.reads_paths else kind.read
    limit = _limit_of(kind, definition)
    if choices:
        choose = chooser(choices, custom=definition.get("custom") is True, read=choice_reader(kind.name))
        read = _each(read, choose) if kind.bounds is ITEMS else choose
    return _guarded(read, limit, Emptiness(definition, choices))


class Emptiness:
    """What empty text, blanks, null and an empty list count as.

    Attributes:
        text: Whether empty text is a value.
        blanks: Whether a text of nothing but blanks is a value.
        null: Whether null is a value.
        required: Whether an empty list or map is none.
    """

    __slots__ = ("blanks", "null", "required", "text")

    def __init__(self, definition: Mapping[str, Any], choices: tuple[Choice, ...]) -> None:
        kind = input_type(definition["type"])
        pattern = definition.get("pattern")
        self.required = definition.get("required") is True
        is_free = not (self.required or choices or "default" in definition)
        is_possible = not definition.get("min") and (pattern is None or re.fullmatch(pattern, "") is not None)
        self.null = is_free and kind.may_be_null
        self.text = is_free and kind.is_text and is_possible
        self.blanks = self.text or kind.name in ("file", "any")


def _guarded(read: Reader, limit: Reader | None, allows: Emptiness) -> Reader:
    """Put what counts as not given before a reader, and its limits behind."""

    def take(value: Any) -> Any:
        if value is None or value is ABSENT:
            return None if allows.null and value is None else ABSENT
        if type(value) is str and (not value or value.isspace()):
            if not value:
                return value if allows.text else ABSENT
            if not allows.blanks:
                return ABSENT
        found = read(value)
        if allows.required and not found and isinstance(found, list | dict | Secret):
            return ABSENT
        return found if limit is None else limit(found)

    return take


def _each(read: Reader, choose: Reader) -> Reader:
    return lambda value: [choose(item) for item in read(value)]


def _limit_of(kind: InputType, definition: Mapping[str, Any]) -> Reader | None:
    """Return what refuses values beyond the limits of a definition, or None without limits."""
    checks: list[Callable[[Any], None]] = []
    if kind.bounds and ("min" in definition or "max" in definition):
        checks.append(_bounds(kind, definition))
    if "pattern" in definition and "pattern" in kind.keys:
        checks.append(_pattern(definition))
    if "accepts" in definition:
        checks.append(_accepts(definition))
    if not checks:
        return None

    def limit(value: Any) -> Any:
        for check in checks:
            check(value)
        return value

    return limit


def _bounds(kind: InputType, definition: Mapping[str, Any]) -> Callable[[Any], None]:
    low, high = definition.get("min"), definition.get("max")
    if kind.bounds is AMOUNT:
        return lambda value: _check_amount(value, low, high)
    unit = "character" if kind.bounds is LENGTH else "entry"
    return lambda value: _check_length(value, low, high, unit)


def _check_amount(value: Any, low: Any, high: Any) -> None:
    if low is not None and _is_less(value, low):
        raise Refusal(f"{shown(value)} is too small.", f"Enter {low} or more.")
    if high is not None and _is_less(high, value):
        raise Refusal(f"{shown(value)} is too large.", f"Enter {high} or less.")


def _is_less(value: Any, bound: Any) -> bool:
    left, right = alike(value, bound)
    return bool(left < right)


def _check_length(value: Any, low: Any, high: Any, unit: str) -> None:
    size = _length(value)
    if low is not None and size < low:
        raise Refusal(f"it has {_counted(size, unit)}, too few.", f"Enter at least {_counted(low, unit)}.")
    if high is not None and size > high:
        raise Refusal(f"it has {_counted(size, unit)}, too many.", f"Enter at most {_counted(high, unit)}.")


def _counted(count: int, unit: str) -> str:
    plural = "entries" if unit == "entry" else f"{unit}s"
    return f"{count:,} {unit if count == 1 else plural}"


def _length(value: Any) -> int:
    if isinstance(value, Pairs):
        return len(value.pairs)
    return len(value.reveal() if isinstance(value, Secret) else value)


def _pattern(definition: Mapping[str, Any]) -> Callable[[Any], None]:
    pattern = re.compile(definition["pattern"], re.ASCII)
    example = definition.get("example")
    hint = f"It looks like {shown(example)}." if example else definition.get("help")

    def check(value: Any) -> None:
        text = value.reveal() if isinstance(value, Secret) else str(value)
        if pattern.fullmatch(text):
            return
        words = "the value" if isinstance(value, Secret) else shown(text)
        if pattern.fullmatch(text.strip()):
            raise Refusal(f"{words} has a space or a line break at its start or end.", "Remove it.")
        raise Refusal(f"{words} does not have the right form.", hint)

    return check


def _accepts(definition: Mapping[str, Any]) -> Callable[[Any], None]:
    accepts = tuple(definition["accepts"])

    def check(value: Any) -> None:
        named = value.pairs if isinstance(value, Pairs) else [(value.name, value)]
        for name, file in named:
            known = replace(file, name=file.name or name)
            if not is_accepted(known, accepts):
                raise Refusal(f"this sort of file is not taken{_called(name)}.", f"Send {listed(accepts)}.")

    return check


def _called(name: str | None) -> str:
    return f": {shown(name)}" if name else ""

"""From a definition to one function that makes what was entered what is meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector_runtime.choices import chooser
from connector_runtime.filevalues import is_accepted, read_file, read_files
from connector_runtime.keyvalues import Pairs, read_pairs
from connector_runtime.readers import (
    read_any,
    read_boolean,
    read_integer,
    read_list,
    read_number,
    read_object,
    read_secret,
    read_text,
)
from connector_runtime.refusals import Refusal, listed, shown
from connector_runtime.times import read_date, read_moment
from connector_runtime.values import ABSENT, File, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.choices import Choice

    Reader = Callable[[Any], Any]

_READERS: dict[str, Reader] = {
    "string": read_text,
    "text": read_text,
    "integer": read_integer,
    "number": read_number,
    "boolean": read_boolean,
    "secret": read_secret,
    "object": read_object,
    "list": read_list,
    "keyvalue": read_pairs,
    "any": read_any,
    "date": read_date,
    "datetime": read_moment,
}
_FILES = {"file": read_file, "files": read_files}
TYPES = (*_READERS, *_FILES)
# Types of which empty text is a value like any other.
TEXTS = frozenset({"string", "text"})
# Types whose value is one of the choices as a whole.
_CHOSEN = frozenset({"string", "text", "integer", "number", "boolean", "date", "datetime"})
# Types that null cannot clear: there is nothing to send instead.
_NEVER_NULL = frozenset({"secret", "keyvalue", "file", "files"})


def choice_reader(kind: str) -> Reader:
    """Return what reads one choice: a value of the type, or an entry of a list as text."""
    return _READERS[kind] if kind in _CHOSEN else read_text


def reader_of(definition: Mapping[str, Any], choices: tuple[Choice, ...], *, trust_paths: bool) -> Reader:
    """Return what reads the values of one input; it gives ABSENT for what counts as not given.

    Args:
        definition: The input's definition, its `type` one of `TYPES`.
        choices: What may be chosen; empty for any value.
        trust_paths: Whether a file may be named by its path.
    """
    kind = definition["type"]
    read = _typed_reader(kind, trust_paths=trust_paths)
    limit = _limit_of(kind, definition)
    if choices:
        choose = chooser(choices, custom=definition.get("custom") is True, read=choice_reader(kind))
        read = _each(read, choose) if kind == "list" else choose
    return _guarded(read, limit, _Emptiness(definition, choices))


class _Emptiness:
    """What empty text, null and an empty list count as."""

    __slots__ = ("blank", "null", "required")

    def __init__(self, definition: Mapping[str, Any], choices: tuple[Choice, ...]) -> None:
        kind = definition["type"]
        self.required = definition.get("required") is True
        has_substitute = "default" in definition or bool(choices)
        self.null = not (self.required or has_substitute or kind in _NEVER_NULL)
        self.blank = (
            kind in TEXTS
            and not self.required
            and not has_substitute
            and not definition.get("min", 0)
            and bool(re.fullmatch(definition.get("pattern", ""), "") or "pattern" not in definition)
        )


def _guarded(read: Reader, limit: Reader | None, allows: _Emptiness) -> Reader:
    """Put what counts as not given before a reader, and its limits behind."""

    def take(value: Any) -> Any:
        if value is None or value is ABSENT:
            return None if allows.null and value is None else ABSENT
        if type(value) is str and not value.strip() and (not value or allows.required or not allows.blank):
            return value if allows.blank else ABSENT
        found = read(value)
        if allows.required and not found and isinstance(found, list | dict | Secret):
            return ABSENT
        return found if limit is None else limit(found)

    return take


def _typed_reader(kind: str, *, trust_paths: bool) -> Reader:
    if kind == "file":
        return lambda value: read_file(value, trust_paths=trust_paths)
    if kind == "files":
        return lambda value: read_files(value, trust_paths=trust_paths)
    return _READERS[kind]


def _each(read: Reader, choose: Reader) -> Reader:
    return lambda value: [choose(item) for item in read(value)]


def _limit_of(kind: str, definition: Mapping[str, Any]) -> Reader | None:
    """Return what refuses values beyond the limits of a definition, or None without limits."""
    checks: list[Callable[[Any], None]] = []
    if "min" in definition or "max" in definition:
        checks.append(_bounds(kind, definition))
    if "pattern" in definition:
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


def _bounds(kind: str, definition: Mapping[str, Any]) -> Callable[[Any], None]:
    low, high = definition.get("min"), definition.get("max")
    is_number = kind in ("integer", "number")
    unit = "" if is_number else " characters" if kind in (*TEXTS, "secret") else " entries"

    def check(value: Any) -> None:
        size = value if is_number else _length(value)
        if low is not None and size < low:
            word = "small" if is_number else "short"
            raise Refusal(_size(value, size, unit, f"too {word}"), f"At least {low}{unit}.")
        if high is not None and size > high:
            word = "large" if is_number else "long"
            raise Refusal(_size(value, size, unit, f"too {word}"), f"At most {high}{unit}.")

    return check if is_number or kind in (*TEXTS, "secret", "list", "keyvalue", "files", "object") else _pass


def _length(value: Any) -> int:
    if isinstance(value, Pairs):
        return len(value.pairs)
    return len(value.reveal() if isinstance(value, Secret) else value)


def _size(value: Any, size: Any, unit: str, words: str) -> str:
    return f"{size}{unit} is {words}." if unit else f"{shown(value)} is {words}."


def _pass(_value: Any) -> None:
    """Let a value through."""


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
            known = File(file.source, file.content_type, file.name or name)
            if not is_accepted(known, accepts):
                raise Refusal(f"this sort of file is not taken{_called(name)}.", f"Send {listed(accepts)}.")

    return check


def _called(name: str | None) -> str:
    return f": {shown(name)}" if name else ""

"""A long JSON text read in slices: others may run in between, and a clock be looked at.

The standard parser stops everything else until it has read a whole text. So a long one is
walked here, and given to the parser in runs of items and members that end within a slice.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from connector_runtime.base.json_text import (
    MAX_DEPTH,
    NAME_CHARS_SHOWN,
    STRICT,
    JsonError,
    decoded,
    is_deeper,
    json_fault_words,
    parse_json,
    place_of,
)
from connector_runtime.base.numbers import RefusedError

if TYPE_CHECKING:
    from collections.abc import Generator

    from connector_runtime.base.numbers import Numbers

# A few milliseconds of work, some ten at worst: a turn of an event loop.
SLICE_CHARS = 65_536
# A list or object that is longer than a slice is tried in vain once. An honest text has few
# levels of such; with one on every level, a short text would be read for minutes.
VAIN_TRIES_A_SLICE = 8
VAIN_TRIES_MORE = 64
_BLANKS = r"[ \t\n\r]*+"
_BLANK = re.compile(_BLANKS)
_ENDS = frozenset(" \t\n\r,]}")
_CLOSING: dict[Any, str] = {list: "]", dict: "}"}

# Where a run ends is told without understanding it: the parser judges what is in it. Nothing is
# ever tried a second way (`+`). What is nested deeper than records are is read one by one.
_RUN_LEVELS = 4
_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NESTED = r"(?!)"
for _ in range(_RUN_LEVELS):
    _NESTED = rf'[\[{{](?:[^\[\]{{}}"]++|{_QUOTED}|{_NESTED})*+[\]}}]'
_ITEM = rf'(?:{_QUOTED}|[^\s\[\]{{}}",:]++|{_NESTED}){_BLANKS},{_BLANKS}'
_RUNS: dict[Any, re.Pattern[str]] = {
    list: re.compile(rf"(?:{_ITEM})*+", re.DOTALL),
    dict: re.compile(rf"(?:{_QUOTED}{_BLANKS}:{_BLANKS}{_ITEM})*+", re.DOTALL),
}


def parse_in_slices(content: bytes, numbers: Numbers) -> Generator[None, None, Any]:
    """Return the value of a JSON text as `parse_json` does, yielding between slices.

    Raises:
        JsonError: As `parse_json`; or long lists and objects are nested in too many ways.
    """
    return (yield from _Walk(decoded(content), numbers).value())


class _Walk:
    """One text on its way to a value; `_open` are the lists and objects around the place, `_names` theirs."""

    def __init__(self, text: str, numbers: Numbers) -> None:
        self._text = text
        self._numbers = numbers
        self._start = 0
        self._slice = text[:SLICE_CHARS]
        self._tries = VAIN_TRIES_MORE + VAIN_TRIES_A_SLICE * len(text) // SLICE_CHARS
        self._open: list[Any] = []
        self._names: list[str] = []

    def value(self) -> Generator[None, None, Any]:
        """Return the whole value."""
        at = self._after_blank(0)
        root, end, is_open = self._single(at)
        found = root
        while True:
            if is_open:
                self._open.append(found)
                self._names.append("")
                at = self._after_blank(end)
                if self._text[at : at + 1] == _CLOSING[type(found)]:
                    is_open, end = False, at
                    continue
            else:
                more = self._after(end)
                if more is None:
                    return root
                at = more
            start = self._start
            at = self._member(self._after_blank(self._run(at)))
            found, end, is_open = self._single(at)
            self._put(found)
            if self._start != start:
                yield

    def _after(self, at: int) -> int | None:
        """Close what ends behind a value; return where the next item begins, None at the end."""
        while self._open:
            at = self._after_blank(at)
            char = self._text[at : at + 1]
            if char == _CLOSING[type(self._open[-1])]:
                self._open.pop()
                self._names.pop()
                at += 1
            elif char == ",":
                return self._after_blank(at + 1)
            else:
                raise self._error("a comma or the closing bracket is missing here", at)
        at = self._after_blank(at)
        if at < len(self._text):
            raise self._error("there is more text after the end of the JSON value", at)
        return None

    def _run(self, at: int) -> int:
        """Take the items or members that begin at a place and end within the slice; return where they end."""
        around = self._open[-1]
        here = at - self._start
        if len(self._open) + _RUN_LEVELS >= MAX_DEPTH:
            return at
        match = _RUNS[type(around)].match(self._slice, here)
        end = match.end() if match else here
        if end <= here:
            return at
        run = self._slice[here : self._slice.rindex(",", here, end)]
        try:
            text = f"[{run}]" if type(around) is list else f"{{{run}}}"
            found = parse_json(text, numbers=self._numbers)
        except JsonError as error:
            # A bracket was put before the first line.
            place = (error.line, error.column - (error.line == 1))
            raise self._error(error.message, at, place) from None
        if type(around) is list:
            around.extend(found)
        else:
            twice = next((name for name in found if name in around), None)
            if twice is not None:
                raise self._twice(twice, at)
            around.update(found)
        return self._start + end

    def _single(self, at: int) -> tuple[Any, int, bool]:
        """Return the value at a place, where it ends, and whether only its beginning was read."""
        found = self._within_slice(at)
        if found is None and self._start != at:
            self._start, self._slice = at, self._text[at : at + SLICE_CHARS]
            found = self._within_slice(at)
        if found is not None:
            return (*found, False)
        first = self._text[at : at + 1]
        if first in ("[", "{"):
            self._tries -= 1
            if self._tries < 0 or len(self._open) >= MAX_DEPTH:
                raise self._error(f"the value is nested too deeply, or more than {MAX_DEPTH} levels", at)
            return ([] if first == "[" else {}), at + 1, True
        return (*self._plain(at), False)

    def _within_slice(self, at: int) -> tuple[Any, int] | None:
        """Return the value that begins at a place and where it ends; None if not within the slice."""
        here = at - self._start
        if here >= len(self._slice):
            return None
        try:
            value, end = STRICT[self._numbers].raw_decode(self._slice, here)
        except (json.JSONDecodeError, RecursionError):
            return None
        except RefusedError as error:
            raise self._error(error.message, at, place_of(self._slice[here:], error.text)) from None
        # The slice may end in the middle of a number.
        if end < len(self._slice):
            if self._slice[end] not in _ENDS:
                return None
        elif self._start + end < len(self._text):
            return None
        levels = MAX_DEPTH - len(self._open)
        brackets = self._slice.count("[", here, end) + self._slice.count("{", here, end)
        if brackets > levels and is_deeper(value, levels):
            raise self._error(f"the value is nested more than {MAX_DEPTH} levels deep", at)
        return value, self._start + end

    def _member(self, at: int) -> int:
        """Return where the value begins of the item, or named member, at a place."""
        if type(self._open[-1]) is list:
            return at
        if self._text[at : at + 1] != '"':
            raise self._error("a name in double quotes is missing here", at)
        name, end = self._plain(at)
        if name in self._open[-1]:
            raise self._twice(name, at)
        self._names[-1] = name
        end = self._after_blank(end)
        if self._text[end : end + 1] != ":":
            raise self._error("a colon is missing here", end)
        return self._after_blank(end + 1)

    def _plain(self, at: int) -> tuple[Any, int]:
        """Return the text, number or word at a place, however long, and where it ends."""
        try:
            found: tuple[Any, int] = STRICT[self._numbers].raw_decode(self._text, at)
        except json.JSONDecodeError as error:
            raise self._error(json_fault_words(error), error.pos) from None
        except RefusedError as error:
            raise self._error(error.message, at) from None
        return found

    def _put(self, value: Any) -> None:
        around = self._open[-1]
        if type(around) is list:
            around.append(value)
        else:
            around[self._names[-1]] = value

    def _after_blank(self, at: int) -> int:
        blank = _BLANK.match(self._text, at)
        return blank.end() if blank else at

    def _twice(self, name: str, at: int) -> JsonError:
        return self._error(f'the name "{name[:NAME_CHARS_SHOWN]}" stands twice in one object', at)

    def _error(self, message: str, at: int, within: tuple[int, int] = (1, 1)) -> JsonError:
        """Return what is wrong at a place, or `within` (line, column) what begins there."""
        line = self._text.count("\n", 0, at) + within[0]
        column = within[1] + (at - self._text.rfind("\n", 0, at) - 1 if within[0] == 1 else 0)
        return JsonError(message, line, column)

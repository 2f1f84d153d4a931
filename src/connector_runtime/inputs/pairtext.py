"""Key/value lists written as text: JSON, loose JSON, `Name: value` lines, `a=1&b=2`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.inputs.refusals import Refusal, too_many

MAX_DEPTH = 50
_LINES_HINT = "Write one `Name: value` a line, or Name=value&Other=value."
_BLANK = re.compile(r"[ \t\r\n]*")
_DOUBLE_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SINGLE_QUOTED = re.compile(r"'((?:[^'\\\x00-\x1f]|\\.)*)'")
# What stands without quotes ends at a comma, a bracket or a line break.
_BARE = re.compile(r"""[^,{}\[\]"'\r\n]+""")
# A name ends at its colon; `http://…` has one that is not the end of a name.
_BARE_NAME = re.compile(r"""[^,{}\[\]"'\r\n:]+""")
_LITERAL = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# People who copy a field of a form from a program bring its way to write text as bytes along.
_BUFFER = re.compile(r"(?:new\s+Buffer|Buffer\.from)\s*\(\s*")


def parse_pairs(text: str, most: int) -> list[Any] | dict[str, Any]:
    """Return what a text says, as one of the shapes that `read_pairs` takes.

    Of lines and of parts between `&` there may be `most`.

    Empty text is an empty list. A map keeps its repeated names as a list of [name, value].

    Raises:
        Refusal: No shape fits; says in which line and column, never shows a value.
    """
    content = text.removeprefix("\ufeff").strip()
    if not content:
        return []
    if content[0] in "[{":
        return _bracketed(content)
    colon, equals = content.find(":"), content.find("=")
    is_query = equals >= 0 and not 0 <= colon < equals
    if max(map(content.count, "&" if is_query else "\r\n")) >= most:
        raise too_many(most)
    if is_query:
        return _query(content)
    return [
        _line(line, number) for number, line in enumerate(re.split(r"\r\n|\r|\n", content), 1) if line.strip()
    ]


def _bracketed(content: str) -> list[Any] | dict[str, Any]:
    try:
        return _container(parse_json(content, numbers="written"))
    except JsonError as error:
        strict = error
    try:
        return _container(_Loose(content).read_all())
    except JsonError as error:
        # The one that got further knows better what was meant.
        further = max(strict, error, key=lambda mistake: (mistake.line, mistake.column))
    raise Refusal(
        f"the text starts like JSON, but in line {further.line}, column {further.column}: {further.message}.",
        'Write [{"key": "Name", "value": "Text"}], with quotes around every text.',
    )


def _container(value: Any) -> list[Any] | dict[str, Any]:
    """Say what the first bracket has decided."""
    assert isinstance(value, list | dict)  # noqa: S101
    return value


def _query(content: str) -> list[list[str]]:
    if "\n" in content or "\r" in content:
        raise Refusal("the text has several lines, but the first is no `Name: value`.", _LINES_HINT)
    found = []
    for number, piece in enumerate(content.removeprefix("?").split("&"), 1):
        name, equals, value = piece.partition("=")
        if not piece:
            continue
        if not equals:
            raise Refusal(
                f"part {number} of the text has no `=`.",
                "Write Name=value&Other=value; an & inside a value is written %26.",
            )
        found.append([_decoded(name, number), _decoded(value, number)])
    return found


def _decoded(text: str, number: int) -> str:
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise Refusal(f"part {number} of the text has a % code that is no UTF-8.", _LINES_HINT) from None


def _line(line: str, number: int) -> list[str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise Refusal(f"line {number} has no colon between a name and a value.", _LINES_HINT)
    name = name.strip()
    if not name:
        raise Refusal(f"line {number} has nothing before its colon.", _LINES_HINT)
    if name.startswith("- "):
        raise Refusal(f"line {number} starts with a dash.", "Write `Name: value` without the dash.")
    if value.startswith("//"):
        raise Refusal(f"line {number} is a web address, not a name with a value.", _LINES_HINT)
    return [name, value.strip()]


class _Loose:
    """JSON as people type it: names without quotes, single quotes, a comma at the end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read_all(self) -> Any:
        value = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._mistake("there is more text after the closing bracket")
        return value

    def _value(self, depth: int) -> Any:
        self._skip()
        opening = self._text[self._at : self._at + 1]
        if depth > MAX_DEPTH:
            raise self._mistake(f"it is nested more than {MAX_DEPTH} levels deep")
        if opening == "[":
            return self._list(depth)
        if opening == "{":
            return self._map(depth)
        if (quoted := self._quoted()) is not None:
            return quoted
        if buffer := _BUFFER.match(self._text, self._at):
            return self._buffer(buffer.end())
        return self._bare()

    def _list(self, depth: int) -> list[Any]:
        self._at += 1
        found: list[Any] = []
        while not self._closes("]"):
            found.append(self._value(depth + 1))
            self._comma_or("]")
        return found

    def _map(self, depth: int) -> Any:
        self._at += 1
        entries: list[tuple[str, Any]] = []
        while not self._closes("}"):
            name = self._name()
            entries.append((name, self._value(depth + 1)))
            self._comma_or("}")
        names = dict(entries)
        if len(names) == len(entries):
            return names
        if depth:
            raise self._mistake("a name stands twice in one map")
        return [list(entry) for entry in entries]

    def _name(self) -> str:
        self._skip()
        name = self._quoted()
        if name is None:
            bare = _BARE_NAME.match(self._text, self._at)
            if not bare or not bare.group().strip():
                raise self._mistake("a name is missing here")
            self._at = bare.end()
            name = bare.group().strip()
        self._skip()
        if self._text[self._at : self._at + 1] != ":":
            raise self._mistake("a colon is missing here")
        self._at += 1
        return name

    def _quoted(self) -> str | None:
        if double := _DOUBLE_QUOTED.match(self._text, self._at):
            value = self._json(double.group())
        elif single := _SINGLE_QUOTED.match(self._text, self._at):
            value = self._json('"{}"'.format(single[1].replace("\\'", "'").replace('"', '\\"')))
        elif self._text[self._at : self._at + 1] in ('"', "'"):
            raise self._mistake("the quote that opens here is never closed")
        else:
            return None
        self._at = (double or single).end()  # type: ignore[union-attr]
        return str(value)

    def _buffer(self, start: int) -> str:
        self._at = start
        text = self._quoted()
        self._skip()
        if text is None or self._text[self._at : self._at + 1] != ")":
            raise self._mistake("a text in quotes and a closing bracket are missing here")
        self._at += 1
        return text

    def _bare(self) -> Any:
        found = _BARE.match(self._text, self._at)
        text = found.group().strip() if found else ""
        if not found or not text:
            raise self._mistake("a value is missing here")
        if ": " in text:
            raise self._mistake("a text with a colon needs quotes")
        value = self._json(text) if _LITERAL.fullmatch(text) else text
        self._at = found.end()
        return value

    def _json(self, text: str) -> Any:
        try:
            return parse_json(text, numbers="written")
        except JsonError as error:
            raise self._mistake(error.message) from None

    def _closes(self, bracket: str) -> bool:
        self._skip()
        if self._text[self._at : self._at + 1] != bracket:
            return False
        self._at += 1
        return True

    def _comma_or(self, bracket: str) -> None:
        self._skip()
        sign = self._text[self._at : self._at + 1]
        if sign == ",":
            self._at += 1
        elif sign != bracket:
            raise self._mistake("a comma or the closing bracket is missing here")

    def _skip(self) -> None:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at

    def _mistake(self, message: str) -> JsonError:
        before = self._text[: self._at]
        return JsonError(message, before.count("\n") + 1, self._at - before.rfind("\n"))

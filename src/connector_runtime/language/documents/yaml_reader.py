"""Strict YAML: plain data and the place of every value, from one pass over events.

Scalars are those of YAML 1.2 as JSON writes them: `no`, `on` and `2024-05-01` stay text. What an
editor would read otherwise, such as `012`, needs quotes. Anchors, tags, merge keys, keys written
twice, several documents and anything bigger or deeper than a person writes are refused; reading
goes on where it can, so that one run reports all mistakes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml

from connector_runtime.base.numbers import written

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 32
MAX_NODES = 20_000
# Longer numbers lose digits in other programs; ids belong in quotes.
MAX_DIGITS = 40

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# Numbers to other readers of YAML (its core schema in editors, underscores in some libraries) and none
# in JSON: `017`, `+12`, `1.`, `.5`, `0x1F`, `0o14`, `.inf`, `1_000`. They would be read in two ways.
_NUMBER_ELSEWHERE = re.compile(
    r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0x[0-9a-fA-F_]+|[-+]?0o[0-7_]+|[-+]?0b[01_]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_NUMBER_STARTS = frozenset("+-.0123456789")
# Keys that are numbers or constants and come out as the same text wherever they are read.
_ALIKE_AS_KEY = re.compile(r"0|-?[1-9][0-9]{0,14}|-?(?:0|[1-9][0-9]{0,6})\.[0-9]{0,5}[1-9]|true|false")
_CONSTANTS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_DASHED = re.compile(r"(\s*)(-[A-Za-z]\w*):(?:\s|$)")
_NEVER_CLOSED = "the quote that opens here is never closed"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Mark:
    """Where a value starts, from 0, how it is quoted, and where its parts are."""

    line: int
    column: int
    style: str = ""
    keys: dict[str, Mark] = field(default_factory=dict)
    parts: dict[str | int, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in the syntax; line and column count from 0."""

    line: int
    column: int
    code: str
    message: str
    hint: str | None = None


class _Stop(Exception):
    """Reading cannot go on."""


def read(text: str, *, exact: bool = False) -> tuple[Any, Mark, list[Mistake]]:
    """Return the data, the places of its parts, and every mistake found.

    With mistakes the data is what could be made out, or None. `exact` keeps every digit,
    as `parse_json` does.
    """
    reader = _Reader(text, exact=exact)
    data: Any = None
    mark = Mark(0, 0)
    try:
        data, mark = reader.document()
    except _Stop:
        pass
    except yaml.YAMLError as error:
        # A complaint about the end stands one line further.
        mistake = _syntax(error, [*text.splitlines(), "", ""])
        opened = reader.long_quote
        if opened is not None and "closing quote" in mistake.message:
            # The next quote of the file has closed it, lines later: there the complaint makes no sense.
            mistake = Mistake(opened.line, opened.column, "Y002", _NEVER_CLOSED)
        reader.mistakes.append(mistake)
    return data, mark, reader.mistakes


class _Reader:
    def __init__(self, text: str, *, exact: bool) -> None:
        self.exact = exact
        self.events: Iterator[Any] = yaml.parse(text, Loader=LOADER)
        self.mistakes: list[Mistake] = []
        self.nodes = 0
        self.long_quote: Any = None

    def note(self, at: Any, code: str, message: str, hint: str | None = None) -> None:
        self.mistakes.append(Mistake(at.line, at.column, code, message, hint))

    def document(self) -> tuple[Any, Mark]:
        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            self.note(start.start_mark, "Y001", "the file is empty")
            raise _Stop
        if start.version or start.tags:
            self.note(start.start_mark, "Y006", "a line that starts with % is not allowed here")
        data, mark = self.value(next(self.events), 0)
        next(self.events)
        more = next(self.events)
        if not isinstance(more, yaml.StreamEndEvent):
            self.note(
                more.start_mark,
                "Y006",
                "a second document starts here",
                "one file holds one document: remove the line `---`",
            )
        return data, mark

    def value(self, event: Any, depth: int) -> tuple[Any, Mark]:
        place = event.start_mark
        mark = Mark(place.line, place.column)
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            if depth > MAX_DEPTH:
                self.note(place, "Y008", f"the file is more than {MAX_DEPTH} levels deep", "make it flatter")
            else:
                self.note(place, "Y008", f"the file holds more than {MAX_NODES:,} values", "split it")
            raise _Stop
        self.refuse_anchor(event)
        if isinstance(event, yaml.ScalarEvent):
            mark.style = event.style or ""
            return self.scalar(event), mark
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(mark, depth), mark
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(mark, depth), mark
        return None, mark

    def refuse_anchor(self, event: Any) -> None:
        if event.anchor is not None:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            self.note(
                event.start_mark,
                "Y005",
                f"`{sign}{event.anchor}`: anchors and aliases are not part of this language",
                f'a text that starts with {sign} needs quotes: "{sign}{event.anchor}"',
            )
        elif event.tag is not None:
            self.note(
                event.start_mark,
                "Y006",
                f"`{event.tag}`: tags are not part of this language",
                "a text that starts with ! needs quotes",
            )

    def sequence(self, mark: Mark, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            value, mark.parts[len(items)] = self.value(event, depth + 1)
            items.append(value)
        return items

    def mapping(self, mark: Mark, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, depth)
            place = Mark(event.start_mark.line, event.start_mark.column)
            value, value_mark = self.value(next(self.events), depth + 1)
            if key is None:
                continue
            if key in found:
                self.note(
                    place,
                    "Y004",
                    f"the key `{key}` stands twice here, first in line {mark.keys[key].line + 1}",
                    "keep one of the two",
                )
                continue
            found[key], mark.keys[key], mark.parts[key] = value, place, value_mark
        return found

    def key(self, event: Any, depth: int) -> str | None:
        self.refuse_anchor(event)
        if not isinstance(event, yaml.ScalarEvent):
            if not isinstance(event, yaml.AliasEvent):
                hint = "a text that starts with { or [ needs quotes; an expression is ${ … }, not {{ … }}"
                self.note(event.start_mark, "Y010", "a key must be a text, not a list or a map", hint)
                self.skip(event, depth)
            return None
        text: str = event.value
        if text == "<<" and not event.style:
            self.note(event.start_mark, "Y005", "`<<`: merge keys are not part of this language")
            return None
        if not event.style and not _is_one_key(text):
            message = f"the key `{text}` is not this text to editors: they read a number or constant"
            self.note(event.start_mark, "Y013", message, f'put it in quotes: "{text}"')
        return text

    def refuse_number_elsewhere(self, event: Any) -> None:
        text: str = event.value
        if text[0] in _NUMBER_STARTS and _NUMBER_ELSEWHERE.fullmatch(text):
            message = f"`{text}` is a number to editors and no number here"
            hint = f'a text needs quotes: "{text}"; a number is written as in JSON: 12, -12, 0.5, 1e3'
            self.note(event.start_mark, "Y013", message, hint)

    def skip(self, event: Any, depth: int) -> None:
        known = len(self.mistakes)
        self.value(event, depth + 1)
        del self.mistakes[known:]

    def scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.style:
            spans_lines = event.style in {"'", '"'} and event.end_mark.line > event.start_mark.line
            self.long_quote = event.start_mark if spans_lines else None
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        number = _NUMBER.fullmatch(text)
        if not number:
            self.refuse_number_elsewhere(event)
            return text
        if len(text) > MAX_DIGITS or abs(float(text)) == float("inf"):
            self.note(
                event.start_mark,
                "Y012",
                "this number is too large to keep all its digits",
                "put it in quotes to make it a text",
            )
            return 0
        if number[1] or number[2]:
            return written(text) if self.exact else float(text)
        return int(text)


def _is_one_key(text: str) -> bool:
    """Return whether a key without quotes is the same one to every reader of YAML."""
    if text in _CONSTANTS or text[:1] in _NUMBER_STARTS:
        is_text = text not in _CONSTANTS and not _NUMBER_ELSEWHERE.fullmatch(text)
        return is_text or _ALIKE_AS_KEY.fullmatch(text) is not None
    return True


def _syntax(error: yaml.YAMLError, lines: list[str]) -> Mistake:
    """Return a parser's complaint in the words of somebody who writes by hand."""
    at = getattr(error, "problem_mark", None)
    line, column = (at.line, at.column) if at else (0, 0)
    text = lines[line]
    if "\t" in text[: len(text) - len(text.lstrip())] or text[column : column + 1] == "\t":
        return Mistake(line, text.index("\t"), "Y003", "a tab stands here", "indent with spaces")
    problem = getattr(error, "problem", None) or ""
    dashed = _dash_without_blank(line, lines)
    if dashed is not None:
        return dashed
    if problem.startswith("mapping values"):
        return _outdented(line, lines) or _stray_colon(line, column, text)
    context = getattr(error, "context_mark", None) or at
    if "flow" in (getattr(error, "context", None) or "") and context:
        return _flow(line, column, context, lines)
    return _by_words(problem, context, Mistake(line, column, "Y002", ""), text)


def _dash_without_blank(line: int, lines: list[str]) -> Mistake | None:
    """Return the mistake of `-when:`, which the parser misses until the line after it."""
    for row in (line, line - 1):
        found = _DASHED.match(lines[row]) if row >= 0 else None
        if found:
            message = f"`{found[2]}:` is a key here, not an entry of a list"
            hint = f"write a blank behind the dash: `- {found[2][1:]}:`"
            return Mistake(row, found.start(2), "Y021", message, hint)
    return None


def _by_words(problem: str, context: Any, here: Mistake, text: str) -> Mistake:
    start = Mistake(context.line, context.column, "Y002", "") if context else here
    if "unexpected end of stream" in problem:
        return replace(start, message=_NEVER_CLOSED)
    if "could not find expected ':'" in problem:
        hint = "each line of a map is `key: value`"
        return replace(start, message="a colon is missing in this line", hint=hint)
    if problem.startswith("found unknown escape"):
        # The library written in Python points behind the backslash, the other one at it.
        column = text.rfind("\\", 0, here.column + 1)
        here = replace(here, column=max(column, 0))
        hint = "in double quotes write two backslashes, or use single quotes"
        return replace(here, message="a backslash stands before a character that needs none", hint=hint)
    if "that cannot start" in problem or "node content" in problem:
        message = f"a text cannot start with `{text[here.column : here.column + 1]}`"
        return replace(here, code="Y007", message=message, hint="put it in quotes")
    return _misplaced(here, text)


def _outdented(line: int, lines: list[str]) -> Mistake | None:
    """Return the mistake of a line that is indented less than the lines around it, missed until the next."""
    said = [row for row in range(line) if lines[row].strip() and not lines[row].lstrip().startswith("#")]
    around = said[-2:]
    if len(around) < 2:
        return None
    before, odd, here = (_indent(lines[row]) for row in (*around, line))
    key = re.match(r"\s*[\w-]+:\s+\S", lines[around[1]])
    if not (key and before == here > odd):
        return None
    hint = f"indent it like the lines around it, by {here} blanks"
    return Mistake(around[1], odd, "Y002", "this line is indented less than its neighbours", hint)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _stray_colon(line: int, column: int, text: str) -> Mistake:
    key = re.match(r"\s*(?:- +)*[^\s:#]+:\s+(?=\S)", text[:column])
    if key:
        hint = f'put the value in quotes: {key.group().strip()} "{text[key.end() :].rstrip()}"'
        return Mistake(line, column, "Y007", "a colon stands in a text without quotes", hint)
    return Mistake(
        line,
        column,
        "Y002",
        "no key is expected here",
        "indent it like its neighbours, and see whether the line above lacks a colon",
    )


def _flow(line: int, column: int, context: Any, lines: list[str]) -> Mistake:
    text = lines[line]
    start = text.rfind("${", 0, column + 1)
    before = text[: max(start, 0)]
    if start >= 0 and not (before.count('"') % 2 or before.count("'") % 2):
        return Mistake(line, start, "Y007", "an expression inside [ ] or { } needs quotes", 'write "${ … }"')
    row, place = _opening(context.line, context.column, lines)
    opening = lines[row][place : place + 1] or "["
    message = f"the `{opening}` that opens here is not closed where it should be"
    closing = "}" if opening == "{" else "]"
    return Mistake(row, place, "Y002", message, f"a comma or `{closing}` is missing in line {line + 1}")


def _opening(line: int, column: int, lines: list[str]) -> tuple[int, int]:
    """Return where the bracket stands that a complaint is about; at the file's end it names none."""
    if lines[line][column : column + 1] in {"[", "{"}:
        return line, column
    for row in range(min(line, len(lines) - 1), -1, -1):
        end = column if row == line else len(lines[row])
        place = max(lines[row].rfind("[", 0, end), lines[row].rfind("{", 0, end))
        if place >= 0:
            return row, place
    return line, column


def _misplaced(here: Mistake, text: str) -> Mistake:
    if text[here.column : here.column + 1] in {"'", '"'} or text[here.column - 1 : here.column] in {"'", '"'}:
        hint = "inside single quotes write '' for ', inside double quotes \\\" for \""
        return replace(here, message="there is text after the closing quote", hint=hint)
    message = "this line does not fit the ones above"
    return replace(here, message=message, hint="compare how far they are indented")

"""One file of a component: its data, and where in the file everything stands."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.errors import DefinitionError, Problem
from connector_runtime.errors.json_writing import dump_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connector_runtime.language.documents.yaml_reader import Mark, Mistake

    Pointer = Sequence[str | int]

__all__ = ["Document", "JsonError", "dump_json", "parse_json", "read_json", "read_yaml"]

MAX_YAML_BYTES = 256 * 1024
MAX_JSON_BYTES = 2 * 1024 * 1024

# Characters no editor shows, or that make text read otherwise than it is (line breaks that are
# none elsewhere, changes of direction).
_UNPRINTABLE = (
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\\u200d\\u2010-\\u2027\\u202f-\\u2065\\u206a-\\ud7ff\\ue000-\\ufefe"
    "\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
_LINE_BREAK = r"\r\n|\r|\n"
_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


@dataclass(eq=False, repr=False)
class Document:
    """A file that could be read.

    Attributes:
        path: Where it lies.
        name: How messages call it: relative to the component's folder.
        data: Plain dicts, lists, texts, numbers, booleans and None.
    """

    path: Path
    name: str
    data: Any
    _text: str | None = field(default=None, repr=False)
    _mark: Mark | None = field(default=None, repr=False)
    _lines: list[str] | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """Return the text of the file; of one that came compiled it is only read when wanted."""
        if self._text is None:
            self._text = self.path.read_text("utf-8").removeprefix("\ufeff")
        return self._text

    def read_data(self) -> Any:
        """Return the data, read now where the file came compiled and only its places are wanted."""
        if self.data is None:
            self._walk(())
        return self.data

    def origin(self, pointer: Pointer) -> Document:  # noqa: ARG002  of one file all of it
        """Return the file in which a place stands: this one, unless parts come from others."""
        return self

    def place(self, pointer: Pointer, *, key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of a value or of its key.

        A pointer that leads nowhere gives the place of the last part that exists.
        """
        mark, parent = self._walk(pointer)
        if key and parent is not None and pointer:
            mark = parent.keys.get(str(pointer[-1]), mark)
        return mark.line + 1, mark.column + 1

    def line(self, number: int) -> str:
        """Return the text of a line, counted from 1; empty past the end."""
        lines = self._all_lines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def written_at(self, pointer: Pointer, *, key: bool = False) -> str:
        """Return how a value or its key is written, to the end of its line."""
        home = self.origin(pointer)
        line, column = home.place(pointer, key=key)
        return home.line(line)[column - 1 :]

    def problem(  # noqa: PLR0913  one call says everything about one mistake
        self,
        pointer: Pointer,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        key: bool = False,
        offset: int = 0,
        severity: str = "error",
    ) -> Problem:
        """Return a problem at a value, or at its key.

        Args:
            pointer: Keys and indexes that lead to the value.
            code: Stable code, listed in `docs/reference/problems.md`.
            message: What is wrong.
            hint: What would be right.
            key: Point at the key instead.
            offset: Characters into the text of the value.
            severity: `error` or `warning`.
        """
        line, column = self.place(pointer, key=key)
        if offset and not key:
            line, column = self._inside(pointer, offset)
        return Problem(self.name, line, column, code, message, hint, self.line(line), severity)

    def _all_lines(self) -> list[str]:
        if self._lines is None:
            self._lines = re.split(_LINE_BREAK, self.text)
        return self._lines

    def _walk(self, pointer: Pointer) -> tuple[Mark, Mark | None]:
        if self._mark is None:
            # JSON is read for its data first: places are only wanted once something is wrong.
            from connector_runtime.language.documents.yaml_reader import read  # noqa: PLC0415

            data, self._mark, _ = read(self.text)
            self.data = data if self.data is None else self.data
        mark, parent = self._mark, None
        for step in pointer:
            if step not in mark.parts:
                return mark, None
            mark, parent = mark.parts[step], mark
        return mark, parent

    def _inside(self, pointer: Pointer, offset: int) -> tuple[int, int]:
        mark, _ = self._walk(pointer)
        value = self.data
        for step in pointer:
            value = value[step]
        if not isinstance(value, str):
            return mark.line + 1, mark.column + 1
        lines = self._all_lines()
        raw = "\n".join([lines[mark.line][mark.column :], *lines[mark.line + 1 :]])
        at = _raw_offset(raw, value[:offset], mark.style)
        line = raw.count("\n", 0, at)
        column = at - raw.rfind("\n", 0, at) - 1 if line else mark.column + at
        return mark.line + line + 1, column + 1


def read_yaml(path: Path, name: str, *, exact: bool = False) -> Document:
    """Read a YAML file strictly.

    Args:
        path: The file.
        name: How messages call it.
        exact: Make a number that `float` does not reproduce digit by digit a `Decimal`.

    Raises:
        DefinitionError: The file cannot be read; all its mistakes with line and column.
    """
    from connector_runtime.language.documents.yaml_reader import (  # noqa: PLC0415  YAML is only needed at load
        read,
    )

    text = _text_of(path, name, MAX_YAML_BYTES)
    found = next(re.finditer(_UNPRINTABLE, text), None)
    if found:
        before = text[: found.start()]
        message = f"the character U+{ord(found.group()):04X} is not allowed"
        hint = f'in double quotes it can be written "\\u{ord(found.group()):04x}"'
        _refuse(name, text, [_mistake_at(before, "Y009", message, hint)])
    data, mark, mistakes = read(text, exact=exact)
    if mistakes:
        _refuse(name, text, mistakes)
    return Document(path, name, data, text, mark)


def read_json(path: Path, name: str) -> Document:
    """Read a JSON file strictly; otherwise as `read_yaml`."""
    text = _text_of(path, name, MAX_JSON_BYTES)
    try:
        return Document(path, name, parse_json(text), text)
    except JsonError as error:
        lines = re.split(_LINE_BREAK, text)
        source = lines[error.line - 1] if error.line <= len(lines) else ""
        problem = Problem(name, error.line, error.column, "Y011", error.message, source=source)
        raise DefinitionError(str(problem), problems=[problem]) from None


def _text_of(path: Path, name: str, limit_bytes: int) -> str:
    try:
        # A pipe or device would block or never end.
        if not stat.S_ISREG(path.stat().st_mode):
            _refuse(name, "", [_mistake_at("", "Y001", "this is not a file")])
        with path.open("rb") as file:
            content = file.read(limit_bytes + 1)
    except OSError as error:
        why = error.strerror or "unknown reason"
        _refuse(name, "", [_mistake_at("", "Y001", f"the file cannot be read: {why}")])
    if len(content) > limit_bytes:
        size = f"{limit_bytes // 1024} KiB"
        _refuse(name, "", [_mistake_at("", "Y008", f"the file is larger than {size}", "split it")])
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        hint = "save it as UTF-8 in your editor"
        _refuse(name, before, [_mistake_at(before, "Y001", "the file is not UTF-8 from here on", hint)])


def _mistake_at(before: str, code: str, message: str, hint: str | None = None) -> Mistake:
    from connector_runtime.language.documents.yaml_reader import Mistake  # noqa: PLC0415

    lines = re.split(_LINE_BREAK, before)
    return Mistake(len(lines) - 1, len(lines[-1]), code, message, hint)


def _refuse(name: str, text: str, mistakes: list[Mistake]) -> NoReturn:
    lines = re.split(_LINE_BREAK, text)
    problems = [
        Problem(
            name,
            mistake.line + 1,
            mistake.column + 1,
            mistake.code,
            mistake.message,
            mistake.hint,
            lines[mistake.line] if mistake.line < len(lines) else "",
        )
        for mistake in mistakes
    ]
    raise DefinitionError(str(problems[0]), problems=problems)


def _raw_offset(raw: str, wanted: str, style: str) -> int:
    """Return how far into `raw`, a scalar as written, its content `wanted` reaches.

    Quotes, escapes, folded lines and indentation make the written text longer than the value.
    """
    at = len(style) if style in {"'", '"'} else 0
    if style in {"|", ">"}:
        at = raw.find("\n")
        at += len(raw[at:]) - len(raw[at:].lstrip())
    done = 0
    while done < len(wanted) and at < len(raw):
        if raw[at].isspace() and wanted[done].isspace():
            step = _blank_run(raw, at) if "\n" in raw[at : _blank_run(raw, at)] else at + 1
            done = _blank_run(wanted, done) if step > at + 1 or raw[at] == "\n" else done + 1
            at = step
        elif style == '"' and raw.startswith("\\\n", at):
            at = _blank_run(raw, at + 1)
        else:
            at += _raw_length(raw, at, style)
            done += 1
    return min(at, len(raw))


def _blank_run(text: str, start: int) -> int:
    """Return where the white space that begins at `start` ends."""
    return len(text) - len(text[start:].lstrip())


def _raw_length(raw: str, at: int, style: str) -> int:
    """Return how many written characters stand for the one character at `at`."""
    if style == "'" and raw.startswith("''", at):
        return 2
    if style == '"' and raw[at] == "\\":
        return _ESCAPE_LENGTHS.get(raw[at + 1 : at + 2], 2)
    return 1

"""Problems shown to people, programs and code-review pages."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from connector_runtime.errors.json_writing import dump_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from connector_runtime.errors import Problem

# What fits beside the line number on a usual screen.
MAX_SHOWN = 150
_BEFORE_CARET = 100


def render_problems(problems: Sequence[Problem], style: str = "text") -> str:
    """Return problems as one text, empty when there are none and `style` is not `json`.

    Args:
        problems: Sorted by place.
        style: `text` shows the line and a caret, `json` is a list of maps, `github` are the
            annotations of a workflow.
    """
    return _STYLES[style](problems)


def _as_text(problems: Iterable[Problem]) -> str:
    return "\n".join(_block(problem) for problem in problems)


def _block(problem: Problem) -> str:
    lines = [str(problem)]
    gutter = f"{problem.line:>5}"
    if problem.source and problem.source.strip():
        shown, before = _window(problem.source, problem.column - 1)
        lines += [f"{gutter} | {shown}", f"{'':>5} | {' ' * before}^"]
    if problem.hint:
        lines.append(f"{'':>5} = {problem.hint}")
    return "\n".join(lines) + "\n"


def _window(source: str, column: int) -> tuple[str, int]:
    """Return what to show of a line, and the blanks before the caret below it."""
    text = "".join(character if character.isprintable() else " " for character in source.rstrip())
    start = 0
    if len(text) > MAX_SHOWN:
        start = max(0, min(column - _BEFORE_CARET, len(text) - MAX_SHOWN))
    before = ("…" if start else "") + text[start : max(column, start)]
    end = "…" if start + MAX_SHOWN < len(text) else ""
    shown = ("…" if start else "") + text[start : start + MAX_SHOWN] + end
    return shown, sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in before)


def _as_json(problems: Iterable[Problem]) -> str:
    shapes = [
        {
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "code": problem.code,
            "severity": problem.severity,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    return dump_json(shapes, indent=2)


def _as_annotations(problems: Iterable[Problem]) -> str:
    return "\n".join(_annotation(problem) for problem in problems)


def _annotation(problem: Problem) -> str:
    words = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    place = f"file={_property(problem.file)},line={problem.line},col={problem.column}"
    return f"::{problem.severity} {place},title={problem.code}::{_escaped(words)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


_STYLES: dict[str, Callable[[Iterable[Problem]], str]] = {
    "text": _as_text,
    "json": _as_json,
    "github": _as_annotations,
}

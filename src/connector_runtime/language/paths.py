"""Paths of requests: pieces between slashes, each one segment or said to be more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.urls import Segments, UrlError, check_segment
from connector_runtime.base.values import ABSENT
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.expressions.operators import kind_of
from connector_runtime.language.templates import compile_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from connector_runtime.language.expressions.expression import Reference


class Piece(NamedTuple):
    """What stands between two slashes; `text` is how the file has it."""

    render: Callable[[Mapping[str, Any]], Any]
    text: str


class PathProgram(NamedTuple):
    """A compiled path: constants, and pieces to fill in."""

    pieces: tuple[str | Piece, ...]

    def segments(self, scope: Mapping[str, Any]) -> list[str]:
        """Return the path's segments, not yet percent-encoded.

        Raises:
            EvaluationError: A piece has no value or one that is no text.
        """
        found: list[str] = []
        for piece in self.pieces:
            if isinstance(piece, str):
                found.append(piece)
                continue
            value = piece.render(scope)
            if isinstance(value, Segments):
                found += value
            else:
                found.append(value if isinstance(value, str) else _segment_text(value, piece))
        return found

    def culprit(self, scope: Mapping[str, Any]) -> str | None:
        """Return the text of the piece that gives the first segment no URL can hold."""
        for piece in self.pieces:
            if isinstance(piece, str):
                continue
            try:
                value = piece.render(scope)
                for text in value if isinstance(value, Segments) else [_segment_text(value, piece)]:
                    check_segment(text)
            except (EvaluationError, UrlError):
                return piece.text
        return None


def compile_path(path: str, names: Collection[str]) -> PathProgram:
    """Compile a path such as `/${ inputs.type | segments }/${ inputs.id }/lines`."""
    pieces: list[str | Piece] = []
    for text in split_path(path):
        template = compile_text(text, names)
        if template.constant:
            pieces.append(str(template.render({})))
        else:
            pieces.append(Piece(template.render, text))
    return PathProgram(tuple(pieces))


def inputs_in(references: Iterable[Reference]) -> tuple[str, ...]:
    """Return the keys of the inputs that references read, in order."""
    found = [str(one.path[1]) for one in references if len(one.path) > 1 and one.path[0] == "inputs"]
    return tuple(dict.fromkeys(found))


def split_path(path: str) -> list[str]:
    """Split at the slashes that stand outside `${ }`; empty pieces are left out."""
    pieces, start, depth, quote = [], 0, 0, ""
    for at, char in enumerate(path):
        if quote:
            quote = "" if char == quote else quote
        elif depth:
            quote = char if char in "'\"" else ""
            depth += (char == "{") - (char == "}")
        elif char == "{" and path[at - 1 : at] == "$":
            depth = 1
        elif char == "/":
            pieces.append(path[start:at])
            start = at + 1
    pieces.append(path[start:])
    return [piece for piece in pieces if piece]


def _segment_text(value: Any, piece: Piece) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    what = "no value" if value is ABSENT or value is None else kind_of(value)
    message = f"a piece of the path is {what}, where a text or a whole number is needed"
    raise EvaluationError(message).within(piece.text.removeprefix("${").removesuffix("}"))

"""Turn the text of one expression into Jinja's syntax tree.

The tokens are cut here, so that every node knows its offset in the text (Jinja
knows lines only) and a backslash in a regular expression stays what it is.
The grammar is Jinja's own parser; nothing else of Jinja is used.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import error_of
from connector_runtime.language.expressions.trees import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import Environment

MAX_CHARACTERS = 2_000
SAFE_JINJA = (3, 1, 6)

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9]+(?:\.[0-9]+)?)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<operator>\*\*|//|==|!=|>=|<=|[-+/*%~\[\](){}<>=.:|,;])
    """,
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = {
    "+": "add",
    "-": "sub",
    "~": "tilde",
    "[": "lbracket",
    "]": "rbracket",
    "(": "lparen",
    ")": "rparen",
    "}": "rbrace",
    "==": "eq",
    "!=": "ne",
    ">": "gt",
    ">=": "gteq",
    "<": "lt",
    "<=": "lteq",
    "=": "assign",
    ".": "dot",
    "|": "pipe",
    ",": "comma",
    ";": "semicolon",
}
_REFUSED = {
    "{": ("a map cannot be written in an expression", "write the map in YAML around it"),
    ":": ("slices are not possible", "use one index, or the filter `first`"),
} | dict.fromkeys(("*", "/", "//", "%", "**"), ("this operator is not possible", "there are `~ + -`"))
_ESCAPE = re.compile(r"\\(['\"\\nrt])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_HABITS = {
    "=": "compare with `==`",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or `!=`",
    "?": "write `a if condition else b`",
    "'": "the quote is never closed",
    '"': "the quote is never closed",
    "$": "inside `${ }` names stand alone",
}


class ExpressionError(ValueError):
    """An expression or template that cannot be used, found at load.

    Attributes:
        message: What is wrong.
        offset: Characters before the mistake, in the text that was given.
        hint: What would be right, or None.
        pointer: Keys and indexes that lead to the text, when a whole YAML value was given.
    """

    def __init__(self, message: str, offset: int = 0, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint
        self.pointer: tuple[str | int, ...] = ()

    def moved(self, by: int) -> ExpressionError:
        """Return the same error for a text that has `by` characters more in front."""
        return ExpressionError(self.message, self.offset + by, self.hint)


def names_hint(word: str, known: Iterable[str], *, what: str) -> str:
    """Return a hint: the nearest known word, and all of them."""
    import difflib  # noqa: PLC0415  only mistakes pay for it

    words = sorted(known)
    listed = f"{what}: {', '.join(words)}"
    near = difflib.get_close_matches(word, words, n=1)
    return f"did you mean `{near[0]}`? {listed}" if near else listed


def closing_brace(text: str, start: int) -> int | None:
    """Return where the `}` of an expression that begins at `start` is, or None.

    A brace inside quotes closes nothing; the search ends where an expression would be too long.
    """
    at, stop = start, min(len(text), start + MAX_CHARACTERS + 1)
    first = text.find("}", start, stop)
    if first < 0:
        return None
    if text.find("'", start, first) < 0 and text.find('"', start, first) < 0:
        return first
    while at < stop:
        match = _TOKEN.match(text, at, stop)
        piece = match[0] if match else text[at]
        if piece == "}":
            return at
        at += len(piece)
    return None


def parse(source: str) -> Any:
    """Return Jinja's tree of one expression; each node's `lineno` is its offset.

    Raises:
        ExpressionError: The text is too long, too deep, or not an expression.
    """
    if len(source) > MAX_CHARACTERS:
        raise ExpressionError(f"an expression has at most {MAX_CHARACTERS:,} characters")
    if not source.strip():
        raise ExpressionError("the expression is empty")
    packed = _PARSED.get(source)
    return _parsed(source) if packed is None else unpack(packed)


def remember(trees: Mapping[str, list[Any]]) -> None:
    """Spare the parser for these expressions: what `packed_tree` returned, by their texts."""
    _PARSED.update(trees)


def packed_tree(source: str) -> list[Any] | None:
    """Return the tree of an expression to keep in a file, or None if it is no expression."""
    try:
        return pack(parse(source))
    except ExpressionError:
        return None


# Trees follow from their texts alone, so that one table serves every component of the process.
_PARSED: dict[str, list[Any]] = {}


def _parsed(source: str) -> Any:
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415  loading pays, importing does not
    from jinja2.lexer import TokenStream  # noqa: PLC0415
    from jinja2.parser import Parser  # noqa: PLC0415

    parser = Parser(_environment(), "", state="variable")
    parser.stream = TokenStream(_tokens(source), None, None)
    try:
        tree = parser.parse_expression()
    except TemplateSyntaxError as error:
        raise _unexpected(source, parser.stream.current, error.lineno) from None
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    if not parser.stream.eos:
        raise _unexpected(source, parser.stream.current, parser.stream.current.lineno)
    return tree


@functools.cache
def _environment() -> Environment:
    from importlib.metadata import version  # noqa: PLC0415

    from jinja2 import Environment  # noqa: PLC0415

    check_release(version("jinja2"))
    return Environment(autoescape=False)  # noqa: S701  it only parses, it renders nothing


def check_release(installed: str) -> None:
    """Refuse to start on a Jinja with known holes, although only its parser is used here.

    Raises:
        ConnectionProblem: The release is older than `SAFE_JINJA`.

    Source:
        CVE-2024-56201, CVE-2024-56326, CVE-2025-27516: fixed in 3.1.6.
    """
    release = tuple(int(part) for part in re.findall("[0-9]+", installed)[:3])
    if release < SAFE_JINJA:
        wanted = ".".join(map(str, SAFE_JINJA))
        raise error_of(
            "config",
            f"Jinja {installed} has known security holes.",
            hint=f"Install jinja2 {wanted} or later.",
        )


def _tokens(source: str) -> Iterator[Any]:
    from jinja2.lexer import Token  # noqa: PLC0415

    at, after_dot = 0, False
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            habit = _HABITS.get(source[at])
            raise ExpressionError(f"`{source[at]}` is not expected here", at, habit)
        kind, text = str(match.lastgroup), match[0]
        if kind == "number" and after_dot:
            text = text.partition(".")[0]  # items.0.1 is two indexes
        if kind != "space":
            yield Token(at, *_token(kind, text, source, at))
        at += len(text)
        after_dot = text == "."


def _token(kind: str, text: str, source: str, at: int) -> tuple[str, Any]:
    if kind == "operator":
        if text in _REFUSED:
            message, hint = _REFUSED[text]
            raise ExpressionError(message, at, hint)
        return _OPERATORS[text], text
    if kind == "string":
        return "string", _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text[1:-1])
    if kind == "name":
        return "name", text
    follower = source[at + len(text) : at + len(text) + 1]
    if follower.isalnum() or follower == "_" or (text[0] == "0" and text[1:2].isdigit()):
        raise ExpressionError(
            f"`{text}{follower}` is not a number",
            at,
            "a number is digits, with at most one point; anything else is a text in quotes",
        )
    return ("float", float(text)) if "." in text else ("integer", int(text))


def _unexpected(source: str, token: Any, offset: int) -> ExpressionError:
    if token.type == "eof":
        return ExpressionError("the expression ends too early", len(source.rstrip()))
    shown = source[offset : offset + 20].split(maxsplit=1)[0]
    return ExpressionError(f"`{shown}` is not expected here", offset, _HABITS.get(shown[:1]))

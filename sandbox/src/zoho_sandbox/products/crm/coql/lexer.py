"""COQL text as tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

# choice: a quote inside a value is written \' or '', a backslash \\; no page says how.
_STRING = re.compile(r"'((?:[^'\\]|\\.|'')*)'", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_TOKEN = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d))?(?![\w-]))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?!\w))"
    r"|(?P<word>[A-Za-z_$][\w$]*)"
    r"|(?P<punct>->|!=|<>|>=|<=|[(),.=<>#!*])"
)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``text`` as written, ``value`` without quotes and escapes.

    ``kind`` is word, string, number, date, punct, bad or end. ``line`` starts with 1,
    ``column`` with 0.
    """

    kind: str
    text: str
    value: str
    line: int
    column: int

    def is_word(self, *words: str) -> bool:
        """Say whether the token is one of the keywords, in any case."""
        return self.kind == "word" and self.text.lower() in words

    def is_punct(self, *marks: str) -> bool:
        """Say whether the token is one of the punctuation marks."""
        return self.kind == "punct" and self.text in marks


def tokens(text: str) -> list[Token]:
    """Return the tokens of a query, the last one of kind ``end``.

    What cannot be read becomes one token of kind ``bad`` that reaches to the end.
    """
    found = []
    at = 0
    while True:
        space = _SPACE.match(text, at)
        at = space.end() if space else at
        if at >= len(text):
            found.append(_token("end", "", "", text, at))
            return found
        token = _next(text, at)
        found.append(token)
        at += len(token.text)


def _next(text: str, at: int) -> Token:
    string = _STRING.match(text, at)
    if string:
        value = _ESCAPED.sub(lambda found: found[1] if found[1] is not None else "'", string[1])
        return _token("string", string[0], value, text, at)
    plain = _TOKEN.match(text, at)
    if plain and plain.lastgroup:
        return _token(plain.lastgroup, plain[0], plain[0], text, at)
    return _token("bad", text[at:], text[at:], text, at)


def _token(kind: str, written: str, value: str, text: str, at: int) -> Token:
    before = text[:at]
    line_start = before.rfind("\n") + 1
    return Token(kind, written, value, before.count("\n") + 1, at - line_start)

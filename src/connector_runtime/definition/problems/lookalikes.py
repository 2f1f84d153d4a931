"""Characters that look like others: no blank and no quote to a machine."""

from __future__ import annotations

import unicodedata

BLANKS = "\u00a0\u2007\u202f"
_QUOTES = {"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'", "\u201a": "'"}
CURLY = "".join(_QUOTES)


def what_is_wrong(character: str) -> tuple[str, str]:
    """Return what is wrong with a character that looks like another, and what would be right."""
    name = unicodedata.name(character).lower()
    if character in BLANKS:
        return f"a {name} (U+{ord(character):04X}) stands here", "write an ordinary blank"
    right = _QUOTES[character]
    return f"a curly quote (U+{ord(character):04X}) stands here", f"write a straight one: {right}"

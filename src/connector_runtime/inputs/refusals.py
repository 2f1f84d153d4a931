"""Saying no to a value in plain words: what is wrong with it, and what to enter instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# Longer values are cut when they are shown: the reader knows what was entered.
SHOWN_CHARACTERS = 40
LISTED_NAMES = 12


class Refusal(ValueError):
    """A value cannot be used; the caller adds which input it was meant for.

    Attributes:
        message: What is wrong, a sentence without the input's label.
        hint: What to enter instead, a sentence or more.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def too_many(most: int) -> Refusal:
    """Return the refusal of a list of names and values that is too long."""
    return Refusal(f"there are more than {most:,} entries.", "Send them in several calls.")


def shown(value: Any) -> str:
    """Return a value as a person would recognise it, in quotes when it is a text, shortened."""
    if isinstance(value, str):
        text = "".join(
            character if character.isprintable() else repr(character)[1:-1]
            for character in value[: SHOWN_CHARACTERS + 1]
        )
        return f'"{_cut(text)}"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > SHOWN_CHARACTERS * 3:
        return "a very long number"
    if isinstance(value, int | float):
        return _cut(str(value))
    return plain_kind_of(value)


def plain_kind_of(value: Any) -> str:
    """Return what sort of value this is, in words, without showing it."""
    for types, words in _KINDS:
        if isinstance(value, types):
            return words
    return "null" if value is None else f"a Python {type(value).__name__}"


def nearest(wanted: str, known: Iterable[str]) -> str | None:
    """Return the name that a misspelt one may be, or None."""
    import difflib  # noqa: PLC0415  only for errors

    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(wanted.strip().casefold()[:200], by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """Return "Did you mean …? " for a near miss, else empty text."""
    name = nearest(wanted, known)
    return f"Did you mean `{name}`? " if name else ""


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence, the first dozen of them."""
    every = list(names)
    rest = len(every) - LISTED_NAMES
    text = ", ".join(every[:LISTED_NAMES])
    return f"{text} and {rest} more" if rest > 0 else text


def is_broken_text(text: str) -> bool:
    """Return whether a text holds half a character and so cannot be sent."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "yes or no"),
    (str, "text"),
    (int | float, "a number"),
    (dict, "a map of names and values"),
    (list | tuple, "a list"),
    (bytes | bytearray | memoryview, "the content of a file"),
)

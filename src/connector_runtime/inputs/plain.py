"""Values as JSON has them: copied, so that nobody changes them later, and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector_runtime.inputs.refusals import Refusal, is_broken_text, plain_kind_of

MAX_DEPTH = 200
# About 4,000 digits: Python writes no longer ones.
MAX_BITS = 13_000


def plain(value: Any, depth_left: int = MAX_DEPTH) -> Any:
    """Return a copy that JSON can hold: maps, lists, texts, numbers, booleans and null.

    Dates and times of Python become ISO texts.

    Raises:
        Refusal: Something in it is none of these, not a finite number, or too deep.
    """
    kind = type(value)
    if kind is str:
        if not value.isascii() and is_broken_text(value):
            raise Refusal("a text in it holds half a character.", "Copy it again from where it comes from.")
        return value
    if kind is bool or value is None:
        return value
    if kind is int:
        if value.bit_length() > MAX_BITS:
            raise Refusal("a number in it is too long.", "Send it as text, in quotes.")
        return value
    if depth_left <= 0:
        raise Refusal(f"it is nested more than {MAX_DEPTH} levels deep.", "Send a simpler value.")
    # What most values are goes first: records come by the hundred.
    if kind is dict or isinstance(value, Mapping):
        return {
            key if type(key) is str and key.isascii() else _name(key): plain(item, depth_left - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain(item, depth_left - 1) for item in value]
    return _scalar(value)


def is_finite(number: float | Decimal) -> bool:
    """Return whether a number is one, however large."""
    return (
        number.is_finite()
        if isinstance(number, Decimal)
        else isinstance(number, int) or math.isfinite(number)
    )


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise Refusal(f"a name in it is {plain_kind_of(key)}, not a text.", "Put names in quotes.")
    if is_broken_text(key):
        raise Refusal("a name in it holds half a character.", "Copy it again from where it comes from.")
    return key


def _scalar(value: Any) -> Any:
    if isinstance(value, float | Decimal):
        if not is_finite(value):
            raise Refusal("a number in it is not finite.", "Leave the field out, or send null.")
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Refusal("a time in it has no offset from UTC.", "Give it a time zone.")
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | str):
        return plain(int(value) if isinstance(value, int) else str(value))
    raise Refusal(f"{plain_kind_of(value)} cannot be sent as a value.", "Files need an input for files.")

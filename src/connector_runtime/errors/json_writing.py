"""JSON written exactly; the only place that does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


class _DecimalError(Exception):
    """The value has a number that the standard encoder cannot write."""


def dump_json(value: Any, *, indent: int | None = None) -> str:
    """Return JSON text: `Decimal` with all its digits, no NaN, characters as they are.

    Args:
        value: Mappings, lists, tuples, texts, numbers, booleans and None.
        indent: Spaces per level, or None for one line without blanks.

    Raises:
        ValueError: A NaN or infinite number, a value that is no JSON value, or a circular one.
    """
    try:
        text = _quickly(value) if indent is None else _dump(value, indent, ascii_only=False)
        if not text.isascii() and _has_lone_surrogate(text):
            text = _dump(value, indent, ascii_only=True)
    except RecursionError:
        raise ValueError("the value is nested too deeply for JSON") from None
    return text


def _quickly(value: Any) -> str:
    """Write on one line, with an encoder made beforehand where no decimal is in the value."""
    try:
        return _ENCODER.encode(value)
    except _DecimalError:
        return _dump(value, None, ascii_only=False)


def _plainly(item: Any) -> Any:
    """Return what the encoder shall write for a value it does not know."""
    if isinstance(item, Decimal):
        raise _DecimalError
    return _Exact().replace(item)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plainly)


def _dump(value: Any, indent: int | None, *, ascii_only: bool) -> str:
    exact = _Exact()
    text = json.dumps(
        value,
        ensure_ascii=ascii_only,
        allow_nan=False,
        indent=indent,
        separators=(",", ":") if indent is None else (",", ": "),
        default=exact.replace,
    )
    return exact.restore(text)


class _Exact:
    """Stand-ins for decimals: the standard encoder can only write floats."""

    def __init__(self) -> None:
        self._token = ""
        self._digits: list[str] = []

    def replace(self, item: Any) -> Any:
        """Return what the encoder shall write for a value it does not know."""
        if isinstance(item, Mapping):
            return dict(item)
        if not isinstance(item, Decimal):
            raise ValueError(f"a value of type {type(item).__name__} cannot be written as JSON")  # noqa: TRY004
        if not item.is_finite():
            raise ValueError("NaN and Infinity cannot be written as JSON")
        # No text of the value can guess the token, so none is mistaken for a number.
        self._token = self._token or os.urandom(16).hex()
        self._digits.append(str(item))
        return f"{self._token}:{len(self._digits) - 1}"

    def restore(self, text: str) -> str:
        """Return the text with the numbers themselves in place of the stand-ins."""
        if not self._digits:
            return text
        return re.sub(rf'"{self._token}:(\d+)"', lambda found: self._digits[int(found[1])], text)


def _has_lone_surrogate(text: str) -> bool:
    return re.search("[\ud800-\udfff]", text) is not None

"""JSON text in and out, digit-exact.

A number that was written ``1.10`` is read as ``Decimal("1.10")`` and printed as
``1.10`` again; an ordinary float would print ``1.1``.
"""

from __future__ import annotations

import json
import re
import secrets
from decimal import Decimal
from typing import Any

# A Decimal is first written as a marked string, then the marks are removed. The
# mark is drawn per process, so no text that a client sends can imitate it.
_MARK = f"\ue000{secrets.token_hex(8)}:"
_SURROGATE = re.compile(r"\\ud[89a-f]", re.IGNORECASE)
_MARKED = re.compile(f'"{_MARK}([^"]*)"')


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)


def parse_json(text: str | bytes) -> Any:
    """Return the value of JSON text; numbers with a point become Decimal.

    Raises:
        ValueError: not JSON, not UTF-8, nested too deeply, or NaN/Infinity.
    """
    text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    try:
        value = _DECODER.decode(text)
    except RecursionError as problem:
        raise ValueError("JSON is nested too deeply") from problem
    if _SURROGATE.search(text):
        # Half of a character cannot be stored or sent; a UnicodeError is a ValueError.
        dump_json(value).encode()
    return value


def dump_json(value: Any) -> str:
    """Return compact JSON text; a Decimal is printed digit by digit.

    Raises:
        TypeError: the value holds something JSON has no form for.
    """
    seen_decimal = False

    def as_mark(thing: Any) -> str:
        nonlocal seen_decimal
        if not isinstance(thing, Decimal) or not thing.is_finite():
            raise TypeError(f"{type(thing).__name__} has no JSON form")
        seen_decimal = True
        return f"{_MARK}{thing}"

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=as_mark)
    return _MARKED.sub(r"\1", text) if seen_decimal else text

"""What results, pages, polls and errors have in common as JSON: values that any writer takes."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def json_ready(value: Any, *, exact: bool = False) -> Any:
    """Return a copy that `json.dumps` takes and whose text is JSON.

    Bytes become `{"base64": …}`, which inputs for files take, too. A `Decimal` becomes the float of
    the same value and, where there is none, the text of its digits: nothing is rounded.

    Args:
        value: What JSON holds, and decimals, bytes, dates; anything else is given as Python names it.
        exact: Leave decimals as they are, for a writer that knows them.
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): json_ready(member, exact=exact) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_ready(item, exact=exact) for item in value]
    if isinstance(value, float | Decimal):
        return _number(value, exact=exact)
    if isinstance(value, bytes | bytearray):
        return {"base64": b64encode(value).decode("ascii")}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _number(value: float | Decimal, *, exact: bool) -> float | Decimal | str:
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if exact and value.is_finite():
        return value
    found = same_float(value)
    return str(value) if found is None else found


def same_float(number: Decimal) -> float | None:
    """Return the float that is written as the same number, or None where there is none."""
    if not number.is_finite():
        return None
    found = float(number)
    return found if math.isfinite(found) and Decimal(repr(found)) == number else None

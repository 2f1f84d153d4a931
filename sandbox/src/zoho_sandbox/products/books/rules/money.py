"""Amounts: exact decimals with at least the currency's digits."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

ZERO = Decimal("0.00")
# More digits than any amount has; keeps an exponent from growing a megabyte of zeros.
_MAX_DIGITS = 60
_WIDE = Context(prec=2 * _MAX_DIGITS, rounding=ROUND_HALF_UP)


def number(value: Any) -> Decimal | None:
    """Return a JSON number or a number's text as Decimal, None when it is neither."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        return None
    is_printable = found.is_finite() and abs(found.adjusted()) < _MAX_DIGITS
    return plain(found) if is_printable else None


def plain(value: Decimal) -> Decimal:
    """Return the same number without an exponent, so that JSON prints plain digits."""
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1), context=_WIDE) if isinstance(exponent, int) and exponent > 0 else value


def padded(value: Decimal, digits: int = 2) -> Decimal:
    """Return the same number, printed with at least ``digits`` decimals."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -digits:
        return value.quantize(Decimal(1).scaleb(-digits), context=_WIDE)
    return value


def rounded(value: Decimal, digits: int = 2) -> Decimal:
    """Return the number rounded half up to the currency's digits.

    # choice: half up; the recordings show no amount that would tell.
    """
    return value.quantize(Decimal(1).scaleb(-digits), context=_WIDE)


def amount(value: Any) -> Decimal:
    """Return a stored amount, zero when it is not set."""
    found = number(value)
    return ZERO if found is None else found

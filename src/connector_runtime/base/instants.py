"""Points in time: the one place that reads how they are written.

An instant is a date, a time and its offset from UTC, as RFC 3339 and ISO 8601 write
them: `2026-01-01T00:00:00+01:00`, `2026-01-01 00:00Z`. A day, and a time that does not
say how far from UTC its clock is, are no instants: they may be anybody's.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

# Longer than any instant; what is longer is not looked at.
_LONGEST = 64
_WRITTEN = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"\s?(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)
_EPOCH = date(1970, 1, 1).toordinal()


def instant_s(value: Any) -> int | Decimal | None:
    """Return an instant as seconds since 1970-01-01T00:00:00Z, exactly; None for anything else.

    Whole seconds are an int, fractions a Decimal with the digits that were written, fifteen at
    most. A leap second counts as the second after it.

    Args:
        value: A text; other types are no instants.
    """
    found = _found(value)
    if found is None or found[2] is None or not (found[6] or found[7]):
        return None
    day, hour, minute, second, fraction, _, sign, ahead_hours, ahead_minutes = found.groups()
    try:
        days = date.fromisoformat(day).toordinal() - _EPOCH
    except ValueError:
        return None
    clock = (int(hour), int(minute), int(second or 0))
    ahead = (int(ahead_hours or 0), int(ahead_minutes or 0))
    if clock > (23, 59, 60) or clock[1] > 59 or clock[2] > 60 or ahead[0] > 23 or ahead[1] > 59:
        return None
    offset_s = (ahead[0] * 60 + ahead[1]) * 60 * (-1 if sign == "-" else 1)
    whole = days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2] - offset_s
    return whole + Decimal(f"0.{fraction[:15]}") if fraction and fraction.strip("0") else whole


def instant_text(seconds: float | Decimal) -> str:
    """Return an instant in UTC as a text, `2026-01-01T00:00:00+00:00`; a fraction down to microseconds.

    Raises:
        OverflowError, ValueError: It lies outside the years 1 to 9999.
    """
    micro = math.floor(Decimal(str(seconds)) * 1_000_000)
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)).isoformat()


def is_half_an_instant(value: Any) -> bool:
    """Return whether a text is a day, or a time without its offset: which instant that is nobody knows."""
    found = _found(value)
    return found is not None and not (found[6] or found[7])


def order_of_half(text: str) -> tuple[str, ...]:
    """Return what a day, or a time without its offset, is ordered by, however it is written."""
    found = _found(text)
    day, hour, minute, second, fraction = found.groups("")[:5] if found else (text, "", "", "", "")
    return (day, hour, minute, second or "00" * bool(hour), fraction.rstrip("0"))


def _found(value: Any) -> re.Match[str] | None:
    # A cheap look first: most texts that are compared are no times at all.
    if not isinstance(value, str) or not 10 <= len(value) <= _LONGEST or value[4] != "-" or value[7] != "-":
        return None
    return _WRITTEN.fullmatch(value)


def date_s(text: str | None) -> float | None:
    """Return an HTTP date in seconds since the epoch, None for anything else and what no calendar has."""
    if not text or len(text) > 64 or not text.isascii():
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  few replies have such a date

    try:
        moment = parsedate_to_datetime(text)
        # The oldest of the three forms names no zone and means Greenwich, not ours.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None

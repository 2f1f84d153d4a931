"""Moments of changes: how vendors write them, and how they want to be asked.

All of them are whole microseconds since 1970 here, so that nothing is lost in comparing.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from connector_runtime.base.instants import instant_s, instant_text

SECOND = 1_000_000
HOUR = 3600 * SECOND
# A day begins in the east and ends in the west of the world.
DAY_LASTS = (24 + 12) * HOUR - 1
_WEST = 12 * HOUR
# No moment in seconds is so late, none in milliseconds so early.
_MILLISECONDS_FROM = 100_000_000_000
FIRST = "0001-01-01T00:00:00+00:00"
# Where the calendar begins and ends: no text can say more.
FIRST_MICRO = -62_135_596_800 * SECOND
_LAST_MICRO = 253_402_300_800 * SECOND - 1
# The year 2: what is asked for lies a little before, and in some offset from UTC.
EARLIEST = -62_104_060_800 * SECOND


class Moment(NamedTuple):
    """When a change was made: the earliest moment that is meant, and whether that is only a day."""

    micro: int
    is_day: bool = False

    @property
    def latest(self) -> int:
        """Return the last moment that may be meant."""
        return self.micro + DAY_LASTS if self.is_day else self.micro

    def text(self) -> str:
        """Return the moment as an event has it: in UTC, or the day."""
        return str(_day(self.micro)) if self.is_day else text_of(self.micro)


def moment_of(value: Any) -> Moment | None:
    """Return the moment that a vendor has written, None for what is none.

    One that its offset puts beyond the calendar is the first or the last moment of that.

    Args:
        value: A text with its offset, a day, or a number of seconds or milliseconds since 1970.
    """
    # To Python `True` is the number 1; to a vendor it is no moment.
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Decimal)):
        return _of_number(value)
    seconds = instant_s(value)
    if seconds is not None:
        return Moment(_on_calendar(math.floor(seconds * SECOND)))
    # Python also reads `20260101` and `2026-W01-1` as days; of such texts nobody knows what is meant.
    if isinstance(value, str) and len(value) == len("2026-01-01"):
        try:
            whole_days = date.fromisoformat(value).toordinal() - date(1970, 1, 1).toordinal()
        except ValueError:
            return None
        return Moment(whole_days * 24 * HOUR, is_day=True)
    return None


def _of_number(value: float | Decimal) -> Moment | None:
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= 1000 * _MILLISECONDS_FROM:
        return None
    per_unit = SECOND if abs(number) < _MILLISECONDS_FROM else SECOND // 1000
    return Moment(_on_calendar(math.floor(number * per_unit)))


def text_of(micro: int) -> str:
    """Return a moment in UTC as text, `2026-01-01T00:00:00+00:00`, the nearest that the calendar has."""
    return instant_text(Decimal(_on_calendar(micro)) / SECOND)


def written(micro: int, form: str) -> str | int:
    """Return a moment as a vendor wants to be asked for it, never a later one.

    A day is the earliest that it is anywhere in the world at that moment.
    """
    if form == "date":
        return str(_day(micro - _WEST))
    if form == "seconds":
        return micro // SECOND
    return micro // (SECOND // 1000) if form == "milliseconds" else text_of(micro)


def _day(micro: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=_on_calendar(micro))).date()


def _on_calendar(micro: int) -> int:
    return min(max(micro, FIRST_MICRO), _LAST_MICRO)

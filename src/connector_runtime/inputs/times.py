"""Dates and times: ISO in, ISO out, and nothing guessed."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

from connector_runtime.inputs.refusals import Refusal, plain_kind_of, shown

_DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_MOMENT = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,][0-9]+)?"
    r"\s?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_NUMBERS = r"([0-9]{1,4})\s?[./-]\s?([0-9]{1,2})\s?[./-]\s?([0-9]{1,4})"
_COMPACT = r"([0-9]{4})([0-9]{2})([0-9]{2})"
DATE_HINT = "Enter year-month-day, such as 2024-05-31."
MOMENT_HINT = "Enter date, time and the offset from UTC, such as 2024-05-31T14:30:00+02:00."
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def read_date(value: Any) -> str:
    """Return a calendar day as `2024-05-31`.

    A point in time is a day only at midnight of its own offset; any other hour may be
    another day where the reader lives.

    Raises:
        Refusal: Not a day, or one that can be read in two ways.
    """
    if isinstance(value, datetime):
        return _day_of(value, shown(value.isoformat()))
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        raise Refusal(f"{shown(value)} is {plain_kind_of(value)}, not a date.", DATE_HINT)
    text = value.strip()
    if re.fullmatch(_DATE, text):
        return _calendar_day(text).isoformat()
    if found := re.fullmatch(_MOMENT, text):
        return _day_of(_moment(found, text), shown(text))
    raise _no_day(text)


def read_moment(value: Any) -> str:
    """Return a point in time as `2024-05-31T14:30:00+02:00`: whole seconds, always an offset.

    Raises:
        Refusal: Not a point in time, or without an offset and so not one point.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        raise Refusal(f"{shown(value.isoformat())} is a day without a time.", MOMENT_HINT)
    elif not isinstance(value, str):
        raise Refusal(f"{shown(value)} is {plain_kind_of(value)}, not a date with a time.", MOMENT_HINT)
    else:
        moment = _moment_of_text(value.strip())
    if moment.tzinfo is None:
        text = moment.isoformat(timespec="seconds")
        raise Refusal(
            f"{shown(text)} does not say how far from UTC its clock is.",
            f"Add the offset: {text}+00:00 for UTC, {text}+02:00 for two hours ahead.",
        )
    return moment.isoformat(timespec="seconds")


def _moment_of_text(text: str) -> datetime:
    if found := re.fullmatch(_MOMENT, text):
        return _moment(found, text)
    if re.fullmatch(_DATE, text):
        day = _calendar_day(text)
        raise Refusal(
            f"{shown(text)} is a day without a time.",
            f"Add the time and the offset from UTC: {day.isoformat()}T00:00:00+00:00.",
        )
    refusal = _no_day(text)
    raise Refusal(refusal.message.replace("not a date", "not a date with a time"), MOMENT_HINT)


def _calendar_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(f"{shown(text)} is no day of the calendar.", DATE_HINT) from None


def _moment(found: re.Match[str], text: str) -> datetime:
    day = _calendar_day(found[1])
    offset = (found[4] or "").upper().replace("Z", "+00:00")
    if len(offset) == 5:
        offset = f"{offset[:3]}:{offset[3:]}"
    try:
        clock = time.fromisoformat(f"{found[2]}{found[3] or ':00'}{offset}")
    except ValueError:
        raise Refusal(f"{shown(text)} has a time that no clock shows.", MOMENT_HINT) from None
    return datetime.combine(day, clock)


def _day_of(moment: datetime, text: str) -> str:
    if moment.time() == time(0):
        return moment.date().isoformat()
    raise Refusal(
        f"{text} is a point in time; which day that is depends on where one lives.",
        f"Enter the day alone: {moment.date().isoformat()}.",
    )


def _no_day(text: str) -> Refusal:
    if found := re.fullmatch(_COMPACT, text):
        return _with_suggestions(text, [_day(found[1], found[2], found[3])])
    if found := re.fullmatch(_NUMBERS, text):
        first, second, third = found.groups()
        if len(first) == 4:
            return _with_suggestions(text, [_day(first, second, third)])
        if len(third) == 4:
            return _with_suggestions(text, [_day(third, second, first), _day(third, first, second)])
    if text.isascii() and text.isdigit():
        return Refusal(f"{shown(text)} is a number, not a date.", DATE_HINT)
    return Refusal(f"{shown(text)} is not a date.", DATE_HINT)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _with_suggestions(text: str, days: list[date | None]) -> Refusal:
    possible = list(dict.fromkeys(day for day in days if day))
    if len(possible) == 2:
        one, other = (f"{day.day} {_MONTHS[day.month - 1]} ({day.isoformat()})" for day in possible)
        return Refusal(
            f"{shown(text)} can mean {one} or {other}.", "Enter the one you mean as year-month-day."
        )
    if possible:
        return Refusal(
            f"{shown(text)} is not written as year-month-day.", f"Enter {possible[0].isoformat()}."
        )
    return Refusal(f"{shown(text)} is not a date.", DATE_HINT)

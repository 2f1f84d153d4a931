"""Instants as CRM prints them: ISO 8601, seconds, the organisation's offset."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

# choice: every instant is printed with India's offset, as in most of Zoho's examples.
# One constant offset makes stored texts sort in time order, and a client that takes
# the text for UTC is found out at once.
OFFSET = timezone(timedelta(hours=5, minutes=30))
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def show(instant: datetime) -> str:
    """Return an instant as CRM prints it."""
    return instant.astimezone(OFFSET).isoformat(timespec="seconds")


def read(text: str) -> datetime | None:
    """Return the instant a text names, or None; fractions of a second are refused."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def read_date(text: str) -> date | None:
    """Return the day an ISO text names, or None."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def normal(text: str) -> str | None:
    """Return an instant's text in the organisation's offset, or None if it is none."""
    instant = read(text)
    return None if instant is None else show(instant)

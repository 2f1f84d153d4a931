"""Durations as files, inputs and vendors write them: `500ms`, `60s`, seconds, a date to wait for."""

from __future__ import annotations

import re
from typing import Any

from connector_runtime.base.instants import date_s
from connector_runtime.language.expressions.operators import is_number

# Beyond a year a wait is a mistake of the sender's, not an instruction.
LONGEST_WAIT_S = 366 * 86_400.0
_LONGEST_S = 100 * LONGEST_WAIT_S
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?\s*")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, None: 1.0}


def seconds_of(value: Any) -> float | None:
    """Return a duration such as `500ms`, `60s`, `5m`, `7d` or a number of seconds, or None.

    A hundred years are the most: what is reckoned with it stays within the calendar.
    """
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        return min(float(match[1]) * _UNIT_S[match[2]], _LONGEST_S) if match else None
    if not is_number(value) or not value:
        return None
    # A whole number may have more digits than a float can take.
    return float(max(min(value, _LONGEST_S), -_LONGEST_S))


def seconds_in_words(seconds: float) -> str:
    """Return a wait as an error tells it: `400 s`, `2.5 s`."""
    return f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def retry_after_s(value: Any, *, server_date: str | None, now: float) -> float | None:
    """Return the wait a server asks for, in seconds, or None where it asks for none.

    Digits or an HTTP date; the date is compared with the reply's own `Date`, so
    that a wrong clock on either side does not matter. Anything else counts as
    absent.

    Source:
        RFC 9110 section 10.2.3.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if 0 <= value <= LONGEST_WAIT_S else -1.0
    else:
        text = str(value or "").strip(" \t")
        if text.isascii() and text.isdigit() and len(text) <= 10:
            seconds = float(text)
        else:
            asked = date_s(text)
            seconds = -1.0 if asked is None else asked - (date_s(server_date) or now)
            if asked is not None and seconds < 0:
                return 0.0
    return seconds if 0.0 <= seconds <= LONGEST_WAIT_S else None

"""When an attempt is repeated, and how long to wait: one rule for every action.

Decided by `effect` and `identity` alone once an attempt's certainty is known;
`docs/reference/retries.md` has the table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.instants import date_s
from connector_runtime.base.values import Certainty
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.expressions.operators import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.definition.program.request import RetryProgram

MAX_RETRIES = 100
# Beyond a year a wait is a mistake of the sender's, not an instruction.
_LONGEST_WAIT_S = 366 * 86_400.0
_LONGEST_S = 100 * _LONGEST_WAIT_S
# Nothing doubled stays nothing: exponential back-off needs a delay, whatever was entered.
_USUAL_DELAY_S = 0.5
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?\s*")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, None: 1.0}
# Methods whose repetition can add nothing: PUT may, to a list that is part of a record.
_HARMLESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


class Policy(NamedTuple):
    """One call's wishes: how often, how long apart, after which failures."""

    retries: int
    exponential: bool
    delay_s: float
    cap_s: float
    kinds: frozenset[str]
    on_any: bool

    @classmethod
    def of(cls, program: RetryProgram, scope: Mapping[str, Any]) -> Policy:
        """Evaluate a retry program with the inputs of one call."""
        exponential = program.backoff(scope) == "exponential"
        return cls(
            retries=_count(program.retries(scope)),
            exponential=exponential,
            delay_s=seconds_of(program.delay(scope)) or (_USUAL_DELAY_S if exponential else 0.0),
            cap_s=seconds_of(program.cap(scope)) or 60.0,
            kinds=program.kinds,
            on_any=bool(program.on_any(scope)),
        )

    def covers(self, kind: str) -> bool:
        """Return whether failures of this kind are to be repeated at all."""
        wanted = self.kinds
        return self.on_any or kind in wanted or (kind == "timeout" and "network" in wanted)

    def wait_s(self, repeat: int, random: Callable[[], float]) -> float:
        """Return the back-off before a repeat, in seconds.

        Args:
            repeat: 1 for the first.
            random: Gives numbers in [0.0, 1.0). Full jitter belongs to
                exponential backoff only, and never waits nothing at all.
        """
        if not self.exponential:
            return min(self.delay_s, _LONGEST_WAIT_S)
        ceiling = min(self.cap_s, self.delay_s * 2.0 ** min(repeat - 1, 64))
        return ceiling * (1.0 - random())


def _count(value: Any) -> int:
    """Return how often to repeat: a whole number, also as text; nothing is none."""
    text = str(value or 0)
    if isinstance(value, bool) or not text.isascii() or not text.removeprefix("-").isdigit():
        raise EvaluationError("a policy's `retries` is a whole number")
    return min(int(text[:20]), MAX_RETRIES)


def may_repeat(certainty: Certainty, effect: str, *, identified: bool) -> bool:
    """Return whether a repeat can do no harm, whatever anybody wishes."""
    if certainty is not Certainty.UNKNOWN or effect == "raw":
        return True
    return effect in ("read", "update", "delete") or (effect == "upsert" and identified)


def may_double(certainty: Certainty, effect: str, method: str) -> bool:
    """Return whether a repeat may do the same thing twice, at the user's word."""
    return effect == "raw" and certainty is Certainty.UNKNOWN and method not in _HARMLESS_METHODS


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
        seconds = float(value) if 0 <= value <= _LONGEST_WAIT_S else -1.0
    else:
        text = str(value or "").strip(" \t")
        if text.isascii() and text.isdigit() and len(text) <= 10:
            seconds = float(text)
        else:
            asked = date_s(text)
            seconds = -1.0 if asked is None else asked - (date_s(server_date) or now)
            if asked is not None and seconds < 0:
                return 0.0
    return seconds if 0.0 <= seconds <= _LONGEST_WAIT_S else None

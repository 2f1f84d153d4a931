"""When an attempt is repeated, and how long to wait: one rule for every action.

Decided by `effect` and `identity` alone once an attempt's certainty is known;
`docs/reference/retries.md` has the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import Certainty
from connector_runtime.language.durations import LONGEST_WAIT_S, seconds_of
from connector_runtime.language.expressions.expression import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.definition.program.request import RetryProgram

MAX_RETRIES = 100
# Nothing doubled stays nothing: exponential back-off needs a delay, whatever was entered.
_USUAL_DELAY_S = 0.5
# Methods whose repetition can add nothing: PUT may, to a list that is part of a record.
_HARMLESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


class RetryPolicy(NamedTuple):
    """One call's wishes: how often, how long apart, after which failures."""

    retries: int
    exponential: bool
    delay_s: float
    cap_s: float
    kinds: frozenset[str]
    on_any: bool

    @classmethod
    def of(cls, program: RetryProgram, scope: Mapping[str, Any]) -> RetryPolicy:
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
            return min(self.delay_s, LONGEST_WAIT_S)
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

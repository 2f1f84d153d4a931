"""A service's budget in a conversation: a slot for each request, a pause for all who share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT
from connector_runtime.conversation.io_steps import AcquireSlot, PauseSlots
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.language.durations import seconds_in_words
from connector_runtime.stores.budget import Pause

if TYPE_CHECKING:
    from collections.abc import Hashable

    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Busy, Conversation
    from connector_runtime.conversation.replies.judging import Verdict
    from connector_runtime.definition.program.request import RequestProgram

# How much longer than its attempt a slot may be held before its holder counts as dead.
SLOT_SPARE_S = 5.0
# After so long one request finds out whether an allowance was raised meanwhile.
PAUSE_MAX_S = 900.0
# A slot that came sooner was not waited for.
NOTED_S = 0.005
_PAUSING = ("rate_limited", "quota_exhausted")


def take_slots(
    call: Call, request: RequestProgram, scope: dict[str, Any], timeout: Any = None
) -> Conversation[list[Hashable]]:
    """Take a slot of each of the service's budgets; returns what to release.

    Raises:
        CallFailed: The wait would be longer than the call may last; `retry_at` says how long.
        StoreError: The store of the budget does not answer.
    """
    taken: list[Hashable] = []
    # Always in the order of the file: two calls that take them crosswise would wait for each other.
    for number, budget in enumerate(call.model.services[request.service].budgets):
        whose = budget.key(scope) if budget.key else None
        which = (request.service, str(number), None if whose is ABSENT else whose)
        key = (call.model.key, call.channel.identity, *which)
        hold_s = call.attempt_timeout_s(timeout) + SLOT_SPARE_S
        asked_at = call.clock.monotonic()
        refused = yield AcquireSlot(key, budget.rule, call.deadline.left_s(), hold_s)
        if isinstance(refused, ConnectorError):
            raise refused
        if refused is not None:
            raise _no_slot(call, refused)
        taken.append(key)
        waited_s = call.clock.monotonic() - asked_at
        if waited_s >= NOTED_S:
            call.waits(waited_s, "budget")
    return taken


def _no_slot(call: Call, refused: Busy) -> ConnectorError:
    """Return the error of a call that would have to wait for longer than it may."""
    pause = refused.pause
    left = f"this call ends in {seconds_in_words(call.deadline.left_s())}; nothing was sent."
    if pause is None:
        wait = seconds_in_words(refused.wait_s)
        message = f"The budget of requests is used up for {wait}, and {left}"
        return error_of("rate_limited", message, retry_at=call.instant_after(refused.wait_s))
    wait = seconds_in_words(pause.back_s)
    if pause.kind == "quota_exhausted":
        message = f"The allowance is used up for {wait}, as the service has said; nothing was sent."
    else:
        message = f"The service has asked for a pause of {wait}, and {left}"
    return error_of(pause.kind, message, retry_at=call.instant_after(pause.back_s))


def pause_as_told(call: Call, taken: list[Hashable], verdict: Verdict) -> Conversation[None]:
    """Tell all who share the first budget what the vendor has asked of one of them, if it did."""
    wait_s = call.wait_asked_s(verdict) if taken and verdict.kind in _PAUSING else None
    if wait_s:
        pause = Pause(min(wait_s, PAUSE_MAX_S), str(verdict.kind), wait_s)
        yield PauseSlots(taken[0], pause, call.deadline.left_s())

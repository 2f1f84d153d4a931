"""A step that is sent again until the vendor is done, and what is told on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.conversation.io_steps import Sleep
from connector_runtime.definition.evaluation import safely
from connector_runtime.errors import error_of
from connector_runtime.language.durations import seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.replies.results import Result
    from connector_runtime.definition.program.sequence import ActionStep
    from connector_runtime.errors import ConnectorError

    Settle = Callable[[Call, dict[str, Any], str], Conversation[Result]]

# Where a step gives no time that can be used: often enough, and no burden for anybody.
_USUAL_S = 5.0
# A vendor is not to be asked without a pause, whatever was entered.
_LEAST_S = 0.1


def repeat_until_done(
    call: Call, scope: dict[str, Any], settle: Settle, step: ActionStep
) -> Conversation[Result]:
    """Send a step again and again until it is done; only the attempts of the first and last time are kept.

    Raises:
        DeadlineExceeded: It was not done within `upTo`, or within the time for the call.
    """
    poll = step.poll
    assert poll is not None  # noqa: S101  asked before
    ends_at = call.clock.monotonic() + (seconds_of(poll.up_to(scope)) or 0.0)
    result = yield from settle(call, scope, "first")
    first = len(call.attempts)
    while True:
        progress = tell_progress(call, scope, step)
        if not poll.more(scope):
            return result
        wait_s = max(seconds_of(poll.delay(scope)) or _USUAL_S, _LEAST_S)
        left_s = min(ends_at - call.clock.monotonic(), call.deadline.left_s())
        if wait_s >= left_s:
            raise _unfinished(step.key, progress)
        call.waits(wait_s, "job")
        yield Sleep(wait_s)
        # Repeats and new tokens are as many as the times it is asked.
        del call.attempts[first:]
        result = yield from settle(call, scope, "poll")


def tell_progress(call: Call, scope: dict[str, Any], step: ActionStep) -> Any:
    """Tell whoever listens how far a step is; returns that."""
    progress = None if step.progress is None else call.redactor.value(safely(step.progress, scope))
    call.progressed(progress)
    return progress


def _unfinished(key: str, progress: Any) -> ConnectorError:
    state = "" if progress is None else f"; it says {str(progress)[:100]!r}"
    return error_of(
        "timeout",
        f"The step `{key}` was not done in time{state}.",
        hint="What was started goes on at the service.",
    )


def extra_time_s(call: Call) -> float:
    """Return how much longer than usual an action may last, in seconds: its steps say so."""
    scope = call.scope()
    longest = (safely(step.poll.up_to, scope) for step in call.action.program.steps if step.poll)
    return sum(seconds_of(text) or 0.0 for text in longest)

"""An action of several requests: its steps in order, each judged alone.

A step that is done is never done again: an error that ends the action later says which those are
and carries what is needed to go on behind them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT, Certainty
from connector_runtime.conversation.failures import effect_of, failure_of, identity_of, is_identified
from connector_runtime.conversation.lookup import look_up
from connector_runtime.conversation.replies.judging import Verdict
from connector_runtime.conversation.replies.results import Result, worked_out
from connector_runtime.conversation.replies.saving import open_draft, place_draft
from connector_runtime.conversation.sequence.repeated_step import repeat_until_done, tell_progress
from connector_runtime.definition.retry import may_repeat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.sequence.trail import Trail
    from connector_runtime.definition.program.sequence import ActionStep

    Perform = Callable[[Call, dict[str, Any], str], Conversation[Verdict]]
    Settle = Callable[[Call, dict[str, Any], str], Conversation[Result]]

# What later steps may read of a reply; its bytes are its `output` where it is read as such.
_SEEN = ("status", "headers", "json")
_STOPPED = "It had not been answered when the call was stopped."


def run_steps(
    call: Call, scope: dict[str, Any], trail: Trail, perform: Perform, settle: Settle
) -> Conversation[Result]:
    """Do the steps of an action, from the first one or from where a resumed call goes on.

    Args:
        call: The call.
        scope: What its expressions see.
        trail: How far it has come; kept up to date.
        perform: Sends one request until it is answered.
        settle: Sends one request, or reads a listing, and works out the result.
    """
    steps = call.action.program.steps
    draft, save_to = yield from _opened(call, scope, steps[-1])
    scope["steps"] = trail.seen
    resumed_at = trail.at
    last: Result | None = None
    ran = (call.unit, call.step)
    for number, step in enumerate(steps):
        if number < resumed_at and step.key not in trail.again:
            continue
        # Before `when` is worked out: if it cannot be, the step before it is not the one in question.
        call.begin(step.unit, step.key)
        if step.when is not None and not step.when(scope):
            continue
        ran = (step.unit, step.key)
        trail.at = max(number, resumed_at)
        for name in ("reply", "items"):
            scope.pop(name, None)  # what one step has read is no other step's
        if step is steps[-1]:
            call.draft, call.save_to = draft, save_to
        if trail.is_open and number == resumed_at:
            _remember(call, trail)
            result = yield from _taken_up(call, scope, step, perform, settle)
        else:
            result = yield from _done(call, scope, step, settle)
        # Another map each time: named values are worked out anew by that.
        scope["steps"] = trail.seen = {**trail.seen, step.key: _seen(scope, result)}
        if number < resumed_at:
            continue  # read again for what follows, and done where it stood
        last, trail.done = result, (*trail.done, step.key)
    # What is left is to work out the result: nothing of it may have been written.
    call.begin(*ran)
    trail.at = len(steps)
    whole = _result(call, scope, trail, last)
    yield from place_draft(call)
    return whole


def _opened(call: Call, scope: dict[str, Any], last: ActionStep) -> Conversation[tuple[Any, Any]]:
    """Prove the file that the last step's reply goes to, before anything is sent; returns it."""
    if call.save_to is None:
        return None, None
    call.begin(last.unit, last.key)
    yield from open_draft(call, scope)
    kept = call.draft, call.save_to
    call.draft = call.save_to = None
    return kept


def _done(call: Call, scope: dict[str, Any], step: ActionStep, settle: Settle) -> Conversation[Result]:
    if step.poll is not None:
        return (yield from repeat_until_done(call, scope, settle, step))
    result = yield from settle(call, scope, "first")
    tell_progress(call, scope, step)
    return result


def _remember(call: Call, trail: Trail) -> None:
    """Note on the call that the step it begins with may have been carried out, and when it was sent."""
    # In this order: wherever a signal comes, one of the two says that the step may have been carried out.
    call.unknown_seen = True
    ago_s = 0.0 if trail.sent_at is None else max(0.0, call.clock.now() - trail.sent_at)
    call.sent_at = call.clock.monotonic() - ago_s
    call.sent_date, call.is_taken_up = trail.sent_date, True
    trail.is_open = False


def _taken_up(
    call: Call, scope: dict[str, Any], step: ActionStep, perform: Perform, settle: Settle
) -> Conversation[Result]:
    """Do a step again that may have happened: where that may double it, it is only looked up."""
    identified = is_identified(identity_of(call, scope))
    if may_repeat(Certainty.UNKNOWN, effect_of(call, scope), identified=identified):
        return (yield from _done(call, scope, step, settle))
    verdict = Verdict(Certainty.UNKNOWN, "network", _STOPPED, {}, {})
    if step.unit.lookup is None:
        raise failure_of(call, scope, verdict)
    return (yield from look_up(call, scope, verdict, step.unit.lookup, perform))


def _seen(scope: Mapping[str, Any], result: Result) -> dict[str, Any]:
    """Return what later steps see of one; what a look-up has found has no reply of its own."""
    reply = scope.get("reply", {}) if result.outcome != "found" else {}
    return {key: reply[key] for key in _SEEN if key in reply} | {"output": result.data}


def _result(call: Call, scope: dict[str, Any], trail: Trail, last: Result | None) -> Result:
    """Return what the action gives back: its own `output`, or what the last step that ran gave."""
    output = call.action.program.output
    if trail.short and (last is None or output is not None):
        names = ", ".join(f"`{key}`" for key in trail.short)
        call.warnings.append(f"What {names} answered was not kept when the call ended: the result misses it.")
    if last is None:
        data = trail.seen[trail.done[-1]].get("output") if trail.done else None
        last = Result(data, attempts=tuple(call.attempts))
    data = last.data
    if output is not None and call.save_to is None:
        if call.action.effect == "read":
            data = output(scope)
        else:
            data = worked_out(output, scope, data, call.warnings, "reply")
    return replace(
        last,
        data=None if data is ABSENT else data,
        attempts=tuple(call.attempts),
        warnings=tuple(call.warnings),
    )

"""The whole conversation of one action, written once, without I/O.

A generator that yields steps and is sent what came of them; the drivers of
`drivers` run it, one blocking, one in an event loop.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector_runtime.base.numbers import exactly
from connector_runtime.base.values import Certainty
from connector_runtime.conversation.attempt import attempt_once
from connector_runtime.conversation.failures import (
    effect_of,
    failure_of,
    identity_of,
    is_identified,
    warn_of_earlier,
)
from connector_runtime.conversation.io_steps import Sleep
from connector_runtime.conversation.lookup import look_up
from connector_runtime.conversation.outcome import finish
from connector_runtime.conversation.paging import listing, note_progress
from connector_runtime.conversation.replies.saving import open_draft, place_draft
from connector_runtime.conversation.sequence.chunks import run_chunks
from connector_runtime.conversation.sequence.resume import note_trail
from connector_runtime.conversation.sequence.walk import run_steps
from connector_runtime.conversation.tokens import ensuring as tokens
from connector_runtime.conversation.unexpected_errors import interrupted, tell_faults, unexpected_error_of
from connector_runtime.definition.evaluation import check_rules, note_fault
from connector_runtime.definition.retry import RetryPolicy, may_double, may_repeat
from connector_runtime.errors import ConnectorError, Fault

if TYPE_CHECKING:
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.replies.judging import Verdict
    from connector_runtime.conversation.replies.results import Result

# What would only fail again, however often it is sent.
FINAL_KINDS = frozenset({"config", "input", "limit"})


def converse(call: Call) -> Conversation[Result]:
    """Run an action from its checked inputs to its result.

    Raises:
        ConnectorError: Of the class and kind that say what to do.
    """
    scope = call.scope()
    call.began()
    try:
        result = yield from _converse(call, scope)
    except ConnectorError as caught:
        problem = caught
    except Exception as fault:  # noqa: BLE001  what a vendor sends must never come out as a fault of Python's
        problem = unexpected_error_of(call, scope, fault)
    except BaseException as stop:
        undecided = interrupted(call, scope, stop)
        call.ended(undecided.kind if undecided else "cancelled", None)
        raise
    else:
        call.ended(result.outcome, result.status)
        # What an expression worked out may be a float nevertheless.
        return replace(result, data=exactly(result.data)) if call.numbers == "exact" else result
    # In this order: each adds to the hint, and the one about earlier attempts has to come first in it.
    note_progress(call, problem)
    tell_faults(call, problem)
    warn_of_earlier(call, problem)
    if call.trail is not None:
        note_trail(call, call.trail, problem)
    # What it was raised in place of has frames, too.
    problem.__cause__ = problem.__context__ = None
    call.ended(problem.kind, problem.status)
    call.log("failed", kind=problem.kind, message=problem.message)
    # The frames below hold the reply as it came, as does the scope, and a vendor may repeat a token in it.
    del scope
    raise call.stamp(problem).with_traceback(None)


def _converse(call: Call, scope: dict[str, Any]) -> Conversation[Result]:
    program = call.action.program
    if program.debug is not None:
        call.debug = bool(program.debug(scope))
    check_rules(call.action, scope)
    if call.trail is not None:
        run = run_steps if program.steps else run_chunks
        return (yield from run(call, scope, call.trail, perform, settle))
    if call.save_to is not None:
        yield from open_draft(call, scope)
    result = yield from settle(call, scope)
    # Only now: a reply that was refused, or half of one, never replaces the file that was there.
    yield from place_draft(call)
    return result


def settle(call: Call, scope: dict[str, Any], why: str = "first") -> Conversation[Result]:
    """Send one request, or read one listing, and work out what comes of it."""
    unit = call.unit
    listed = None
    if unit.paging is not None:
        listed = yield from listing(call, unit.paging, scope, perform)
        verdict = listed.verdict
    else:
        verdict = yield from perform(call, scope, why)
    if verdict.certainty is Certainty.UNKNOWN and unit.lookup is not None:
        return (yield from look_up(call, scope, verdict, unit.lookup, perform))
    return finish(call, scope, verdict, listed)


def perform(call: Call, scope: dict[str, Any], why: str = "first") -> Conversation[Verdict]:
    """Send one request until it is answered, may not be repeated, or time runs out.

    Returns:
        A verdict whose kind is None; or one of certainty UNKNOWN for a create
        that has a look-up.
    """
    unit = call.unit
    repeats, renewed, doubles, waited_s = 0, False, False, 0.0
    while True:
        # Before each attempt: a token may end while a repeat waits.
        yield from tokens.ensure(call)
        verdict, method, used = yield from attempt_once(call, scope, why, waited_s=waited_s, doubles=doubles)
        if verdict.kind is None:
            return verdict
        call.unknown_seen = call.unknown_seen or verdict.certainty is Certainty.UNKNOWN
        if _already_gone(call, verdict):
            return verdict
        # Once a request: a new token that is refused as well will not get better by a third.
        if verdict.kind == "auth_expired" and not renewed and tokens.may_renew(call, used):
            yield from tokens.renew(call, used)
            renewed, why, waited_s = True, "token", 0.0
            continue
        wait_s = _wait_s(call, scope, verdict, repeats + 1)
        # A wait that outlives the deadline is not begun: the platform can use that time better.
        if wait_s is None or wait_s >= call.deadline.left_s():
            if verdict.certainty is Certainty.UNKNOWN and unit.lookup is not None:
                return verdict
            raise failure_of(call, scope, verdict, wait_s=wait_s)
        repeats, why, waited_s = repeats + 1, "retry", wait_s
        doubles = doubles or may_double(verdict.certainty, call.unit.effect, method)
        call.waits(wait_s, str(verdict.kind))
        yield Sleep(wait_s)


def _wait_s(call: Call, scope: dict[str, Any], verdict: Verdict, repeat: int) -> float | None:
    """Return the wait before the next attempt, or None to stop here."""
    kind = verdict.kind or ""
    try:
        policy = RetryPolicy.of(call.unit.retry, scope)
    except Fault as fault:
        note_fault(scope, fault, "retry")
        # What the attempt came to, perhaps a write, must not be hidden by how to repeat it.
        return None
    if repeat > policy.retries or not policy.covers(kind) or kind in FINAL_KINDS:
        return None
    identified = is_identified(identity_of(call, scope))
    if not may_repeat(verdict.certainty, effect_of(call, scope), identified=identified):
        return None
    # Never sooner than the vendor asks for, and never sooner than the policy spreads its callers.
    return max(policy.wait_s(repeat, call.random.random), call.wait_asked_s(verdict) or 0.0)


def _already_gone(call: Call, verdict: Verdict) -> bool:
    """Return whether a repeated delete found nothing because the first one worked.

    A page that is no JSON says nothing about the record, whatever its status.
    """
    is_answer = verdict.certainty is Certainty.ANSWERED and "json" in verdict.values
    is_gone = is_answer and verdict.kind == "not_found"
    return is_gone and call.unit.effect == "delete" and call.unknown_seen

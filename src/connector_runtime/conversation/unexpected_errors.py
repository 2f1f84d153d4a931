"""Whatever else goes wrong in a conversation, as an error of ours: none other leaves it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_runtime.base.urls import UrlError
from connector_runtime.conversation.blame import blamed
from connector_runtime.conversation.failures import unknown_outcome
from connector_runtime.conversation.sequence.resume import note_trail
from connector_runtime.definition.problems.fault_places import place_of
from connector_runtime.errors import ConnectorError, DefinitionError, Fault, error_of, noted
from connector_runtime.language.expressions.expression import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.conversation.call import Call

_HERE = Path(__file__).parents[1]
_LOOK_FIRST = "Look the record up before sending it again, or it may be there twice."


def unexpected_error_of(call: Call, scope: dict[str, Any], fault: Exception) -> ConnectorError:
    """Return the error that a fault comes to, by what is known of the requests that were sent.

    Nothing sent: the component's files cannot be used. Something may have been written: the
    outcome is unknown, whatever the fault was. Otherwise the reply was not what was promised.
    The fault's own text is shown only where it never shows a value.
    """
    what, hint = _told(call, fault)
    if call.may_have_written:
        return _unknown(call, scope, what)
    if getattr(fault, "kind", "") == "input":
        problem = error_of("input", what, hint=hint)
    elif isinstance(fault, EvaluationError | UrlError) and not call.attempts and not call.is_open:
        problem = DefinitionError(what, hint=hint)
    else:
        problem = error_of("contract", what, hint=hint, **_facts(call))
    if isinstance(fault, Fault):
        problem.at = place_of(call.model, call.action.key, fault)
    return blamed(problem, fault, scope)


def tell_faults(call: Call, problem: ConnectorError) -> None:
    """Say on an error that an expression which judged the answer failed, and where that stands."""
    if call.faults and problem.at is None:
        problem.at = place_of(call.model, call.action.key, call.faults[0])
        hint = f"An expression of the component failed: {call.told(call.faults[0])}."
        problem.hint = f"{problem.hint} {hint}" if problem.hint else hint


def interrupted(call: Call, scope: dict[str, Any], stop: BaseException) -> ConnectorError | None:
    """Say on what stops a call from outside what may have happened; returns None when nothing may have."""
    if not call.may_have_written:
        _note_done(call, stop)
        return None
    problem = call.stamp(_unknown(call, scope, "The call was interrupted."))
    if call.trail is not None:
        note_trail(call, call.trail, problem)
    noted(stop, problem)
    return problem


def _note_done(call: Call, stop: BaseException) -> None:
    """Say on what stops a call between its steps, or while it only reads, what was done before."""
    if call.trail is not None:
        problem = call.stamp(error_of("timeout", "The call was interrupted.", **_facts(call)))
        note_trail(call, call.trail, problem)
        if problem.resume is not None or problem.done:
            noted(stop, problem)


def tell_what_is_undecided(call: Call, stop: BaseException) -> None:
    """See that what stops a call, at whatever moment, says what it may have done.

    A signal may come between two steps, or when the result is on its way back: then the
    conversation has not met it.
    """
    if not isinstance(stop, ConnectorError) and getattr(stop, "connector_problem", None) is None:
        interrupted(call, call.scope(), stop)


def _unknown(call: Call, scope: dict[str, Any], what: str) -> ConnectorError:
    try:
        return unknown_outcome(call, scope, what, **_facts(call))
    except Exception:  # noqa: BLE001  what is wrong may be how the record is named
        message = f"It is not known whether the record was written: {what}"
        return error_of("outcome_unknown", message, hint=_LOOK_FIRST, **_facts(call))


def _facts(call: Call) -> Mapping[str, Any]:
    return {"status": call.attempts[-1].status if call.attempts else None}


def _told(call: Call, fault: Exception) -> tuple[str, str | None]:
    """Return what happened, and what to do about it."""
    place = _place(fault)
    if isinstance(fault, EvaluationError | UrlError):
        text = call.told(fault)
        about = "The reply" if call.attempts or call.is_open else f"The action `{call.action.key}`"
        return f"{about} cannot be worked out: {text}.", getattr(fault, "hint", None)
    return (
        f"Something went wrong that never should: {type(fault).__name__} in {place}.",
        "Report it with these words and, if there is one, the id of the request.",
    )


def _place(fault: Exception) -> str:
    """Return the innermost line of ours, as `module.py:12`; frames themselves are not kept."""
    place, trace = "the runtime", fault.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if _HERE in path.parents:
            place = f"{path.relative_to(_HERE).as_posix()}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place

"""Which error a call ends with, what a written record can be found by, and what a repeat may double."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector_runtime.base.urls import UrlError
from connector_runtime.base.values import ABSENT, Certainty
from connector_runtime.definition.evaluation import note_fault
from connector_runtime.definition.sent_records import adds_rows
from connector_runtime.errors import Fault, error_of
from connector_runtime.language.durations import seconds_in_words
from connector_runtime.language.expressions.expression import EvaluationError

if TYPE_CHECKING:
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.replies.judging import Verdict
    from connector_runtime.definition.program.safety import IdentityProgram
    from connector_runtime.errors import ConnectorError

    Identity = str | list[str | None] | None

_HARMLESS = "The change may have been made. Repeating the same call is harmless."
# Identities shown in a hint; the error has them all.
_SHOWN = 3


def identity_of(call: Call, scope: dict[str, Any]) -> Identity:
    """Return what a written record can be found by, or None.

    Of a many-record call it is a list with one entry a record, None for one that has none.
    """
    unit = call.unit
    if unit.identity is None:
        return None
    of = unit.reply.results.of if unit.reply.results else None
    records = of(scope) if of is not None and unit.identity.is_of_item else None
    if isinstance(records, list):
        return [_identity_in(unit.identity, {**scope, "item": item}) for item in records]
    return _identity_in(unit.identity, scope)


def _identity_in(identity: IdentityProgram, scope: dict[str, Any]) -> str | None:
    try:
        value = identity.text(scope)
    except Fault as fault:
        note_fault(scope, fault, "identity")
        return None
    return None if value in (ABSENT, None, "") else str(value)


def is_identified(identity: Identity) -> bool:
    """Return whether every record of a call can be found by something."""
    return all(identity) if isinstance(identity, list) else bool(identity)


def effect_of(call: Call, scope: dict[str, Any]) -> str:
    """Return the effect that a repeat of this very call has: one that adds rows again is a create."""
    effect, adding = call.effect, call.unit.adding
    if adding is None or effect not in ("update", "upsert"):
        return effect
    try:
        is_adding = adds_rows(adding.of(scope), adding.key, adding.kept)
    except (EvaluationError, UrlError):
        is_adding = True  # what cannot be told is not repeated
    return "create" if is_adding else effect


def is_unsafe(call: Call, scope: dict[str, Any], identity: Identity) -> bool:
    """Return whether the same call, made twice, may leave something twice."""
    effect = effect_of(call, scope)
    return effect == "create" or (effect == "upsert" and not is_identified(identity))


def failure_of(
    call: Call, scope: dict[str, Any], verdict: Verdict, *, wait_s: float | None = None
) -> ConnectorError:
    """Return the error that a call ends with.

    Args:
        call: The call.
        scope: What its expressions see.
        verdict: What the last attempt came to.
        wait_s: The wait before a repeat that would have been made, had there been the time.
    """
    kind, effect = verdict.kind or "contract", call.effect
    facts = {**verdict.facts, "headers": headers_of(call, verdict)}
    identity = identity_of(call, scope)
    asked_s = call.wait_asked_s(verdict)
    if wait_s is not None or asked_s is not None:
        longest_s = max(wait_s or 0.0, asked_s or 0.0)
        facts["retry_at"] = datetime.fromtimestamp(call.clock.now() + longest_s, UTC)
    unsafe = is_unsafe(call, scope, identity)
    message = verdict.message
    if wait_s is not None:
        left_s = call.deadline.left_s()
        message = (
            f"{message} A repeat is due in {seconds_in_words(wait_s)}, "
            f"but the time for this call ends in {seconds_in_words(left_s)}."
        )
    # The duplicate may be our own record, made by an attempt that was never answered.
    if kind == "duplicate" and call.unknown_seen and effect in ("create", "upsert", "raw"):
        kind, facts["hint"] = "outcome_unknown", "An earlier attempt of this call may have made the record."
    elif verdict.certainty is Certainty.UNKNOWN and (unsafe or (kind == "contract" and is_write(effect))):
        return unknown_outcome(call, scope, message, **facts)
    elif verdict.certainty is Certainty.UNKNOWN and is_write(effect):
        facts.setdefault("hint", _HARMLESS)
    return error_of(kind, message, identity=identity, **facts)


def warn_of_earlier(call: Call, problem: ConnectorError) -> None:
    """Say on the error of a raw request that one of its attempts may have been carried out.

    Whatever the last attempt came to, a token that could not be had included; the vendor's own
    hint, such as to try again, comes second.
    """
    if call.effect == "raw" and call.unknown_seen and problem.kind != "outcome_unknown":
        at = f"{len(call.attempts)} times" if len(call.attempts) > 1 else "once"
        hint = f"The change may have been made: the request was sent {at}. Look before sending it again."
        problem.hint = f"{hint} {problem.hint}" if problem.hint else hint


def is_write(effect: str) -> bool:
    """Return whether an effect changes something, and says what."""
    return effect not in ("read", "raw")


def unknown_outcome(call: Call, scope: dict[str, Any], message: str, **facts: Any) -> ConnectorError:
    """Return the error of a write that may or may not have happened: it says what to look up."""
    identity = identity_of(call, scope)
    unsafe = is_unsafe(call, scope, identity)
    if call.effect == "raw":
        facts["hint"] = f"Look whether the change was made at about {_sent_at(call)} before sending it again."
    else:
        facts["hint"] = look_first(call, scope, identity) if unsafe else _HARMLESS
    is_change = call.unit.effect not in ("create", "upsert") or is_unsafe_change(call, scope)
    what = "the change was made" if is_change else "the record was written"
    text = f"It is not known whether {what}: {message}"
    return error_of("outcome_unknown", text, identity=identity, **facts)


def is_unsafe_change(call: Call, scope: dict[str, Any]) -> bool:
    """Return whether a change of a record brings new rows, which a repeat would add again."""
    return call.unit.effect in ("update", "upsert") and effect_of(call, scope) == "create"


def look_first(call: Call, scope: dict[str, Any], identity: Identity) -> str:
    """Return what to do before a write that may have happened is sent again."""
    at, named = _sent_at(call), _named(identity)
    if is_unsafe_change(call, scope):
        record = named or "the record"
        return f"Look at {record}: the new rows may be there since {at}. Sent again, they are added again."
    if isinstance(identity, list):
        records = f"the records ({named})" if named else "the records"
        return f"Look for {records}, made at about {at}, before sending them again."
    if named:
        return f"Look for {named}, made at about {at}, before sending it again."
    return f"Look for a record made at about {at} before sending it again, or it may be there twice."


def _named(identity: Identity) -> str:
    """Return what to look for, of many records the first few."""
    if not isinstance(identity, list):
        return identity or ""
    known = [one for one in identity if one]
    listed = ", ".join(known[:_SHOWN]) + (" …" if len(known) > _SHOWN else "")
    nameless = len(identity) - len(known)
    return f"{listed} and {nameless} without a key" if listed and nameless else listed


def headers_of(call: Call, verdict: Verdict) -> dict[str, str]:
    """Return what an error keeps of a reply's headers: a vendor may repeat a token in them."""
    found: dict[str, str] = call.redactor.value(verdict.values.get("headers", {}))
    return found


def _sent_at(call: Call) -> str:
    ago_s = 0.0 if call.sent_at is None else call.clock.monotonic() - call.sent_at
    moment = datetime.fromtimestamp(call.clock.now() - ago_s, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"

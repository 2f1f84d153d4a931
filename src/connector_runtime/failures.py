"""Which error a call ends with, and what a written record can be found by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import error_of
from connector_runtime.expressions import EvaluationError
from connector_runtime.values import ABSENT, Certainty

if TYPE_CHECKING:
    from connector_runtime.call import Call
    from connector_runtime.errors import ConnectorError
    from connector_runtime.reply import Verdict

_HARMLESS = "The change may have been made. Repeating the same call is harmless."
_LOOK_FIRST = "Look the record up before sending it again, or it may be there twice."


def identity_of(call: Call, scope: dict[str, Any]) -> str | None:
    """Return what a written record can be found by, or None.

    For a many-record call every record must have one.
    """
    program = call.action.program
    if program.identity is None:
        return None
    of = program.reply.results.of if program.reply.results else None
    records = of(scope) if of is not None else None
    scopes = [{**scope, "item": item} for item in records] if isinstance(records, list) else [scope]
    found: list[str] = []
    for one in scopes:
        try:
            value = program.identity(one)
        except EvaluationError:
            return None
        if value is ABSENT or value is None or value == "":
            return None
        found.append(str(value))
    return ", ".join(found[:10]) + (" …" if len(found) > 10 else "")


def failure_of(call: Call, scope: dict[str, Any], verdict: Verdict) -> ConnectorError:
    """Return the error that a call ends with."""
    kind, effect = verdict.kind or "contract", call.action.effect
    facts = {**verdict.facts, "headers": headers_of(call, verdict)}
    identity = identity_of(call, scope)
    wait_s = call.wait_asked_s(verdict)
    if wait_s is not None:
        facts["retry_at"] = datetime.fromtimestamp(call.clock.now() + wait_s, UTC)
    unsafe = effect == "create" or (effect == "upsert" and not identity)
    if kind == "duplicate" and call.unknown_seen and effect in ("create", "upsert"):
        kind, facts["hint"] = "outcome_unknown", "An earlier attempt of this call may have made the record."
    elif verdict.certainty is Certainty.UNKNOWN and unsafe:
        return _unknown(verdict, facts, identity)
    elif verdict.certainty is Certainty.UNKNOWN and effect != "read":
        if kind == "contract" and effect != "raw":
            return _unknown(verdict, facts, identity)
        facts.setdefault("hint", _HARMLESS if effect != "raw" else "The change may have been made.")
    return error_of(kind, verdict.message, identity=identity, **facts)


def _unknown(verdict: Verdict, facts: dict[str, Any], identity: str | None) -> ConnectorError:
    facts["hint"] = f"Look for {identity} before sending it again." if identity else _LOOK_FIRST
    message = f"It is not known whether the record was written: {verdict.message}"
    return error_of("outcome_unknown", message, identity=identity, **facts)


def headers_of(call: Call, verdict: Verdict) -> dict[str, str]:
    """Return what an error keeps of a reply's headers: a vendor may repeat a token in them."""
    found: dict[str, str] = call.redactor.value(verdict.values.get("headers", {}))
    return found

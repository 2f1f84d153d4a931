"""The whole conversation of one action, written once, without I/O.

A generator that yields steps and is sent what came of them; the drivers of
`drivers` run it, one blocking, one in an event loop.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector_runtime import tokens
from connector_runtime.call import BODY_LOG_BYTES, request_id
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.expressions import EvaluationError
from connector_runtime.messages import Failure
from connector_runtime.paging import listing
from connector_runtime.reply import Verdict, judge
from connector_runtime.request import build
from connector_runtime.results import Attempt, Result, judge_records
from connector_runtime.retry import Policy, may_double, may_repeat
from connector_runtime.slots import heed, take_slots
from connector_runtime.steps import ReleaseSlot, Send, Sleep
from connector_runtime.urls import UrlError
from connector_runtime.values import ABSENT, Certainty

if TYPE_CHECKING:
    from connector_runtime.call import Call
    from connector_runtime.grants import Token
    from connector_runtime.messages import Reply
    from connector_runtime.request import Built
    from connector_runtime.steps import Conversation

_HARMLESS = "The change may have been made. Repeating the same call is harmless."
_LOOK_FIRST = "Look the record up before sending it again, or it may be there twice."


def converse(call: Call) -> Conversation[Result]:
    """Run an action from its checked inputs to its result.

    Raises:
        ConnectorError: Of the class and kind that say what to do.
    """
    try:
        result = yield from _converse(call)
    except ConnectorError as caught:
        problem = caught
    else:
        call.ended(result.outcome, result.status)
        return result
    call.ended(problem.kind, problem.status)
    call.log("failed", kind=problem.kind, message=problem.message)
    # The frames below hold the reply as it came, and a vendor may repeat a token in it.
    raise call.stamp(problem).with_traceback(None)


def _converse(call: Call) -> Conversation[Result]:
    program = call.action.program
    scope = call.scope()
    if program.debug is not None:
        call.debug = bool(program.debug(scope))
    check_rules(call, scope)
    if program.paging is not None:
        verdict = yield from listing(call, program.paging, scope, perform)
    else:
        verdict = yield from perform(call, scope)
    if verdict.certainty is Certainty.UNKNOWN:
        return (yield from _look_up(call, scope, verdict))
    return _finish(call, scope, verdict)


def check_rules(call: Call, scope: dict[str, Any]) -> None:
    """Refuse inputs that break one of the action's rules across inputs."""
    for check in call.action.program.checks:
        if check.when(scope):
            raise error_of("input", str(check.message(scope)), input=check.input)


def perform(call: Call, scope: dict[str, Any], why: str = "first") -> Conversation[Verdict]:
    """Send one request until it is answered, may not be repeated, or time runs out.

    Returns:
        A verdict whose kind is None; or one of certainty UNKNOWN for a create
        that has a look-up.
    """
    program = call.action.program
    repeats, renewed, doubles, waited_s = 0, False, False, 0.0
    while True:
        yield from tokens.ensure(call)
        verdict, method, used = yield from _attempt(call, scope, why, waited_s=waited_s, doubles=doubles)
        if verdict.kind is None:
            return verdict
        call.unknown_seen = call.unknown_seen or verdict.certainty is Certainty.UNKNOWN
        if _already_gone(call, verdict):
            return verdict
        if verdict.kind == "auth_expired" and not renewed and tokens.may_renew(call, used):
            yield from tokens.renew(call, used)
            renewed, why, waited_s = True, "token", 0.0
            continue
        wait_s = _wait_s(call, scope, verdict, repeats + 1)
        if wait_s is None:
            if verdict.certainty is Certainty.UNKNOWN and program.lookup is not None:
                return verdict
            raise failure_of(call, scope, verdict)
        repeats, why, waited_s = repeats + 1, "retry", wait_s
        doubles = doubles or may_double(verdict.certainty, call.action.effect, method)
        call.log("wait", seconds=wait_s, reason=verdict.kind)
        yield Sleep(wait_s)


def _attempt(
    call: Call, scope: dict[str, Any], why: str, *, waited_s: float, doubles: bool
) -> Conversation[tuple[Verdict, str, Token]]:
    program, channel = call.action.program, call.channel
    form = str(program.reply.form(scope))
    timeout = program.request.timeout(scope) if program.request.timeout else None
    used, built = _built(call, scope, form)
    _note(call, built)
    taken = yield from take_slots(call, program.request, scope, timeout)
    if call.deadline.left_s() <= 0.0:
        raise _too_late(call)
    started = call.clock.monotonic()
    got = yield Send(built.outgoing, call.attempt_timeout_s(timeout), call.save_to)
    duration_s = call.clock.monotonic() - started
    for key in taken:
        yield ReleaseSlot(key)
    verdict = judge(got, program.reply, program.errors, scope, form=form, redactor=call.redactor)
    if verdict.certainty is Certainty.REJECTED:
        yield from heed(call, taken, verdict)
    if verdict.kind == "auth_expired":
        channel.time.learn(verdict.values["headers"].get("date"), call.clock)
    else:
        channel.proven = used.access
    _record(call, built, got, verdict, why=why, waited_s=waited_s, doubles=doubles, duration_s=duration_s)
    return verdict, built.outgoing.method, used


def _built(call: Call, scope: dict[str, Any], form: str) -> tuple[Token, Built]:
    """Return a request, and the token in it: another thread may put a newer one in its place."""
    channel, program = call.channel, call.action.program
    while True:
        token = channel.token
        built = build(program.request, scope, channel, call.model, effect=call.action.effect, form=form)
        if channel.token is token:
            return token, built


def _record(call: Call, built: Built, got: Reply | Failure, verdict: Verdict, **facts: Any) -> None:
    body = built.outgoing.body
    failure = isinstance(got, Failure)
    attempt = Attempt(
        number=len(call.attempts) + 1,
        certainty=verdict.certainty.value,
        kind=verdict.kind,
        status=None if isinstance(got, Failure) else got.status,
        duration_s=facts["duration_s"],
        waited_s=facts["waited_s"],
        why=facts["why"],
        may_double=facts["doubles"],
        request_id=call.redactor.known(request_id(verdict.values.get("headers", {}))),
        message=verdict.message or None,
    )
    call.record(attempt, body.size_bytes if body else 0, 0 if failure else got.size_bytes)  # type: ignore[union-attr]
    if call.debug:
        call.log("attempt", **attempt.to_dict())
        if not isinstance(got, Failure):
            text = got.body[:BODY_LOG_BYTES].decode("utf-8", "replace")
            cut = len(got.body) > BODY_LOG_BYTES
            call.log(
                "reply",
                status=got.status,
                headers=dict(got.headers),
                body=text + (f"… ({len(got.body)} bytes)" if cut else ""),
            )


def _note(call: Call, built: Built) -> None:
    call.warnings += [text for text in built.warnings if text not in call.warnings]
    if call.debug:
        outgoing = built.outgoing
        call.log(
            "request",
            method=outgoing.method,
            url=outgoing.url,
            headers={name: str(value) for name, value in outgoing.headers},
            body=outgoing.body.preview(BODY_LOG_BYTES) if outgoing.body else None,
        )


def _wait_s(call: Call, scope: dict[str, Any], verdict: Verdict, repeat: int) -> float | None:
    """Return the wait before the next attempt, or None to stop here."""
    kind = verdict.kind or ""
    try:
        policy = Policy.of(call.action.program.retry, scope)
    except EvaluationError:
        # What the attempt came to, perhaps a write, must not be hidden by how to repeat it.
        return None
    if repeat > policy.retries or not policy.covers(kind) or kind in ("config", "input", "limit"):
        return None
    if not may_repeat(verdict.certainty, call.action.effect, identified=bool(identity_of(call, scope))):
        return None
    wait_s = max(policy.wait_s(repeat, call.random.random), call.wait_asked_s(verdict) or 0.0)
    return wait_s if wait_s < call.deadline.left_s() else None


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
    facts = {**verdict.facts, "headers": _headers(call, verdict)}
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


def _headers(call: Call, verdict: Verdict) -> dict[str, str]:
    """Return what an error keeps of a reply's headers: a vendor may repeat a token in them."""
    found: dict[str, str] = call.redactor.value(verdict.values.get("headers", {}))
    return found


def _unknown(verdict: Verdict, facts: dict[str, Any], identity: str | None) -> ConnectorError:
    facts["hint"] = f"Look for {identity} before sending it again." if identity else _LOOK_FIRST
    message = f"It is not known whether the record was written: {verdict.message}"
    return error_of("outcome_unknown", message, identity=identity, **facts)


def _already_gone(call: Call, verdict: Verdict) -> bool:
    """Return whether a repeated delete found nothing because the first one worked."""
    return call.action.effect == "delete" and call.unknown_seen and verdict.kind == "not_found"


def _too_late(call: Call) -> ConnectorError:
    return error_of("timeout", "The time for this call ran out before the request was sent.",
                    hint="Give it more time, or ask for less at once.", attempts=call.attempts)  # fmt: skip


def _look_up(call: Call, scope: dict[str, Any], verdict: Verdict) -> Conversation[Result]:
    """Find out once, by reading, whether a create has happened."""
    lookup = call.action.program.lookup
    assert lookup is not None  # noqa: S101  `perform` has said so
    problem = failure_of(call, scope, verdict)
    try:
        inner = call.read_action(lookup.action, lookup.inputs(scope), call.deadline)
        answer = yield from perform(inner, inner.scope(**_first_page(inner)), "lookup")
    except (ConnectorError, EvaluationError, UrlError):
        raise problem from None
    call.attempts += inner.attempts
    values = inner.scope(reply=answer.values, items=_items(inner, answer))
    found = lookup.found({**values, "inputs": call.inputs})
    if found is ABSENT or found is None or found in ([], {}):
        raise problem
    return Result(
        data=found,
        status=answer.facts.get("status"),
        headers=answer.values.get("headers", {}),
        outcome="found",
        attempts=tuple(call.attempts),
        warnings=tuple(call.warnings),
    )


def _first_page(inner: Call) -> dict[str, Any]:
    paging = inner.action.program.paging
    return {"page": paging.start(inner.scope())} if paging else {}


def _items(inner: Call, answer: Verdict) -> Any:
    paging = inner.action.program.paging
    return paging.items(inner.scope(reply=answer.values)) if paging else ABSENT


def _finish(call: Call, scope: dict[str, Any], verdict: Verdict) -> Result:
    reply, values = call.action.program.reply, verdict.values
    failed: list[dict[str, Any]] = []
    data = _data(call, reply.form(scope), values, scope)
    if reply.results is not None and verdict.kind is None:
        data, failed = _judged(call, scope, verdict, data)
    if reply.output is not None and verdict.kind is None and call.save_to is None:
        data = reply.output(scope)
    return Result(
        data=None if data is ABSENT else data,
        status=verdict.facts.get("status"),
        headers=values.get("headers", {}),
        outcome="partial" if failed else "done",
        failed=tuple(failed),
        attempts=tuple(call.attempts),
        warnings=tuple(call.warnings),
    )


def _data(call: Call, form: Any, values: Any, scope: dict[str, Any]) -> Any:
    if call.save_to is not None:
        return {"path": str(call.save_to), "contentType": values["headers"].get("content-type")}
    if form == "binary":
        return values["body"]
    if form == "text":
        return values.get("text", "")
    if scope.get("every") and call.action.program.reply.output is None:
        # By what was asked for: the shape must not depend on how many pages there happen to be.
        return scope["items"]
    return values.get("json", ABSENT)


def _judged(
    call: Call, scope: dict[str, Any], verdict: Verdict, data: Any
) -> tuple[Any, list[dict[str, Any]]]:
    """Judge record by record; raises when none succeeded."""
    results = call.action.program.reply.results
    assert results is not None  # noqa: S101  the caller has looked
    try:
        outputs, failed = judge_records(results, scope, call.redactor)
    except ConnectorError as problem:
        unreadable = Verdict(Certainty.UNKNOWN, "contract", problem.message, verdict.values, verdict.facts)
    else:
        if call.action.effect == "delete" and call.unknown_seen:
            failed = [entry for entry in failed if entry["kind"] != "not_found"]
        if failed and len(failed) == len(outputs):
            raise _all_failed(call, scope, verdict, failed)
        scope["items"] = outputs
        return (outputs if results.output is not None else data), failed
    raise failure_of(call, scope, unreadable)


def _all_failed(
    call: Call, scope: dict[str, Any], verdict: Verdict, failed: list[dict[str, Any]]
) -> ConnectorError:
    first = failed[0]
    names = {"code": "code", "hint": "hint", "existingId": "existing_id", "details": "details"}
    facts = {name: first[key] for key, name in names.items() if key in first}
    kind = first["kind"]
    if kind == "duplicate" and call.unknown_seen and call.action.effect in ("create", "upsert"):
        kind = "outcome_unknown"
    return error_of(
        kind,
        first["message"],
        status=verdict.facts.get("status"),
        headers=_headers(call, verdict),
        identity=identity_of(call, scope),
        failed=failed,
        **facts,
    )

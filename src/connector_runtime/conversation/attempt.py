"""One request of a call: built, sent, judged, and noted down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.messages import MIB, Failure
from connector_runtime.base.values import Certainty
from connector_runtime.conversation.call import BODY_LOG_CHARS, NOT_MODIFIED, REQUEST_ID_CHARS, request_id
from connector_runtime.conversation.io_steps import ReleaseSlot, Send
from connector_runtime.conversation.replies.judging import is_json, judge, verdict_of
from connector_runtime.conversation.replies.results import Attempt
from connector_runtime.conversation.request import build
from connector_runtime.conversation.slots import pause_as_told, take_slots
from connector_runtime.errors import error_of

if TYPE_CHECKING:
    from connector_runtime.base.messages import Reply
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.replies.judging import Verdict
    from connector_runtime.conversation.request import Built
    from connector_runtime.errors import ConnectorError
    from connector_runtime.stores.token_state import Token

# What is shorter is read at once, in a few milliseconds.
LONG_BYTES = 1 * MIB
# What is noted of an attempt that was stopped from outside: a cancelled task, a signal.
_STOPPED = Failure(Certainty.UNKNOWN, "network", "The call was stopped before an answer came.")


def attempt_once(
    call: Call, scope: dict[str, Any], why: str, *, waited_s: float, doubles: bool
) -> Conversation[tuple[Verdict, str, Token]]:
    unit, channel = call.unit, call.channel
    form = str(unit.reply.form(scope))
    timeout = unit.request.timeout(scope) if unit.request.timeout else None
    # Built anew for every attempt: a repeat carries the token of now, and files are read from their start.
    used, built = _built(call, scope, form)
    _note(call, built)
    if call.progress is not None and why in ("first", "page"):
        call.progress.asks(built.outgoing)
    taken = yield from take_slots(call, unit.request, scope, timeout)
    # Waiting for a slot may have used up the time; nothing was sent yet, and the error may still say so.
    if call.deadline.left_s() <= 0.0:
        raise _too_late(call)
    facts = {"why": why, "waited_s": waited_s, "doubles": doubles}
    started = call.clock.monotonic()
    # Before the step and not after it: a signal between the two must find the request noted as sent.
    call.sends(built.outgoing.method, started)
    try:
        got = yield Send(built.outgoing, call.attempt_timeout_s(timeout), call.draft)
    except BaseException:
        _record(call, built, _STOPPED, verdict_of(_STOPPED), **facts, started=started)
        raise
    ended = call.clock.monotonic()
    as_text = form == "text" or unit.wants_text or call.wants_text
    if not isinstance(got, Failure) and got.size_bytes > LONG_BYTES:
        got = yield from _read_beforehand(call, got, form, as_text=as_text)
    # What expressions met while an earlier attempt was judged explains nothing about this one.
    call.faults.clear()
    how: dict[str, Any] = {"form": form, "wants_text": as_text, "numbers": call.numbers}
    verdict = judge(got, unit.reply, unit.errors, scope, redactor=call.redactor, **how)
    # What was answered does not wait to be judged until a place is given back.
    for key in taken:
        yield ReleaseSlot(key)
    if verdict.facts.get("status") == NOT_MODIFIED and _may_be_unchanged(call):
        verdict = verdict._replace(certainty=Certainty.ANSWERED, kind=None, message="")
    call.is_open = verdict.kind is None or verdict.certainty is Certainty.UNKNOWN
    # Only a refusal that is certain may hold up all who share the budget.
    if verdict.certainty is Certainty.REJECTED:
        yield from pause_as_told(call, taken, verdict)
    date = verdict.values.get("headers", {}).get("date")
    if date is not None:
        channel.time.hear(date, started, call.clock.now() - (ended - started))
    if verdict.kind == "auth_expired":
        channel.time.learn(date, call.clock)
    else:
        # It was not refused now: should it be one day, then because it has ended.
        channel.proven = used.access
    _record(call, built, got, verdict, **facts, started=started, ended=ended)
    return verdict, built.outgoing.method, used


def _may_be_unchanged(call: Call) -> bool:
    """Return whether "nothing has changed" is an answer: to a request of one's own, or for a trigger."""
    return call.effect == "read" and (call.unit.effect == "raw" or bool(call.names))


def _read_beforehand(
    call: Call, got: Reply, form: str, *, as_text: bool
) -> Conversation[Reply | Failure]:
    """Read a long reply in slices; loaded when there is one."""
    from connector_runtime.conversation.replies.long_reply import read_long  # noqa: PLC0415

    numbers = call.numbers if bool(got.body) and is_json(got, form) else None
    return (yield from read_long(got, numbers=numbers, as_text=as_text, deadline=call.deadline))


def _built(call: Call, scope: dict[str, Any], form: str) -> tuple[Token, Built]:
    """Return a request, and the token in it: another thread may put a newer one in its place."""
    channel, unit = call.channel, call.unit
    while True:
        token = channel.token
        how = {"action": call.action.key, "effect": unit.effect, "form": form}
        built = build(unit.request, scope, channel, call.model, **how)
        if channel.token is token:
            return token, built


def _too_late(call: Call) -> ConnectorError:
    return error_of("timeout", "The time for this call ran out before the request was sent.",
                    hint="Give it more time, or ask for less at once.", attempts=call.attempts)  # fmt: skip


def _record(call: Call, built: Built, got: Reply | Failure, verdict: Verdict, **facts: Any) -> None:
    body = built.outgoing.body
    failure = isinstance(got, Failure)
    attempt = Attempt(
        number=len(call.attempts) + 1,
        certainty=verdict.certainty.value,
        kind=verdict.kind,
        status=None if isinstance(got, Failure) else got.status,
        duration_s=facts.get("ended", call.clock.monotonic()) - facts["started"],
        waited_s=facts["waited_s"],
        why=facts["why"],
        may_double=facts["doubles"],
        request_id=call.redactor.known(request_id(verdict.values.get("headers", {})), REQUEST_ID_CHARS),
        message=verdict.message or None,
        step=call.step,
    )
    call.record(attempt, body.size_bytes if body else 0, 0 if failure else got.size_bytes)  # type: ignore[union-attr]
    if call.debug:
        call.log("attempt", **attempt.to_dict())
        if not isinstance(got, Failure):
            shown = call.redactor.text(got.body, BODY_LOG_CHARS)
            call.log(
                "reply",
                status=got.status,
                headers=verdict.values.get("headers"),
                body=shown + (f" ({len(got.body)} bytes)" if len(got.body) > BODY_LOG_CHARS else ""),
            )


def _note(call: Call, built: Built) -> None:
    call.warnings += [text for text in built.warnings if text not in call.warnings]
    if call.debug:
        outgoing, redactor = built.outgoing, call.redactor
        # As many bytes as the characters that are looked at may take.
        preview = outgoing.body.preview(4 * (BODY_LOG_CHARS + redactor.reach) + 1) if outgoing.body else None
        call.log(
            "request",
            method=outgoing.method,
            url=outgoing.url,
            headers={name: str(value) for name, value in outgoing.headers},
            body=None if preview is None else redactor.text(preview, BODY_LOG_CHARS),
        )

"""Finding out, by reading, whether a write has happened: a record that is ours, or no proof at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.instants import date_s, instant_s
from connector_runtime.base.values import ABSENT
from connector_runtime.conversation.failures import failure_of
from connector_runtime.conversation.replies.results import JUDGED_MAX, Result
from connector_runtime.definition.evaluation import note_fault
from connector_runtime.definition.sent_records import agrees
from connector_runtime.errors import ConnectorError, Fault
from connector_runtime.language.expressions.operators import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.replies.judging import Verdict
    from connector_runtime.definition.program.safety import Lookup

    Perform = Callable[[Call, dict[str, Any], str], Conversation[Verdict]]


def look_up(
    call: Call, scope: dict[str, Any], verdict: Verdict, lookup: Lookup, perform: Perform
) -> Conversation[Result]:
    """Find out once, by reading, whether a create has happened.

    Returns:
        A result `found`, of the shape that the action gives: exactly one record was made since
        the request was sent, by the vendor's own clock, and it agrees with what was sent.

    Raises:
        ConnectorError: As without a look-up, where there is no such proof: an index may lag, and
            a record that merely looks alike is another one.
    """
    problem = failure_of(call, scope, verdict)
    found = None
    try:
        found = yield from _found(call, scope, lookup, perform)
    except ConnectorError:
        pass
    except Fault as fault:
        note_fault(scope, fault, "lookup")
    if found is None:
        raise problem.with_traceback(None) from None
    data, answer = found
    return Result(
        data=data,
        status=answer.facts.get("status"),
        headers=call.redactor.known_headers(answer.values.get("headers", {})),
        outcome="found",
        attempts=tuple(call.attempts),
        warnings=tuple(call.warnings),
    )


def _found(
    call: Call, scope: dict[str, Any], lookup: Lookup, perform: Perform
) -> Conversation[tuple[Any, Verdict] | None]:
    """Return what the call gives back, and the reply that proves it; None without proof."""
    read = yield from _read(call, lookup.action, lookup.inputs(scope), perform)
    since = _sent_at(call, read)
    if since is None:
        return None
    made = [item for item in _listed(read) if _is_since(lookup, read.seen, item, since)]
    # Two records that fit prove nothing: one of them is somebody else's, and nobody can say which.
    if len(made) != 1:
        return None
    item = made[0]
    if lookup.record is not None:
        wanted = lookup.record.inputs({**scope, "item": item})
        read = yield from _read(call, lookup.record.action, wanted, perform)
        item = lookup.record.item({**read.seen, "inputs": call.inputs})
        tells_time = lookup.made({**read.seen, "item": item}) is not ABSENT
        if tells_time and not _is_since(lookup, read.seen, item, since):
            return None
    # It is new and it has our key, and still may be another's: all that was sent must be in it.
    if not agrees(lookup.sent(scope), item):
        return None
    data = lookup.found({**read.seen, "inputs": call.inputs, "item": item})
    return None if data is ABSENT or data is None else (data, read.answer)


class _Read(NamedTuple):
    """What a reading action has answered, what expressions see of it, and when it was asked."""

    answer: Verdict
    seen: dict[str, Any]
    asked_at: float | None


def _read(call: Call, action: str, inputs: Mapping[str, Any], perform: Perform) -> Conversation[_Read]:
    """Return what a reading action answers; one page of a listing."""
    inner = call.read_action(action, inputs, call.deadline)
    inner.call_id = call.call_id
    inner.wants_text = call.unit.lookup is not None and call.unit.lookup.reads_text
    paging = inner.unit.paging
    page = {"page": paging.start(inner.scope())} if paging else {}
    try:
        answer = yield from perform(inner, inner.scope(**page), "lookup")
    finally:
        first = len(call.attempts) + 1
        call.attempts += [one._replace(number=number) for number, one in enumerate(inner.attempts, first)]
    seen = inner.scope(reply=answer.values, **page)
    seen["items"] = paging.items(seen) if paging else [answer.values.get("json")]
    return _Read(answer, seen, inner.sent_at)


def _listed(read: _Read) -> list[Any]:
    items = read.seen["items"]
    # A page that is longer than any proves nothing, and would be looked through with nobody else's turn.
    if not isinstance(items, list) or len(items) > JUDGED_MAX:
        return []
    return [item for item in items if isinstance(item, dict)]


def _sent_at(call: Call, read: _Read) -> float | None:
    """Return when the write was first sent, by the vendor's clock, in seconds; None if it tells none.

    Its `Date` is no older than the request that it answers, so how long the reply took does not
    count. What a `Date` leaves out below a second can make the instant that much too early. Of a call
    that is taken up the clock of another machine, or of yesterday, may have been wrong: only what was
    noted by the vendor's counts.
    """
    if call.is_taken_up:
        return call.sent_date
    now = date_s(read.answer.values.get("headers", {}).get("date"))
    if now is None or call.sent_at is None or read.asked_at is None:
        return None
    return now - (read.asked_at - call.sent_at)


def _is_since(lookup: Lookup, seen: Mapping[str, Any], item: Any, since: float) -> bool:
    made = lookup.made({**seen, "item": item})
    if isinstance(made, str):
        made = instant_s(made)  # a time without its offset may be anybody's
    return is_number(made) and bool(made >= since)

"""Finding out, by reading, whether a write has happened: a record that is ours, or no proof at all."""

from __future__ import annotations

from datetime import datetime
from math import floor
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import ConnectorError
from connector_runtime.expressions import EvaluationError
from connector_runtime.failures import failure_of
from connector_runtime.results import Result
from connector_runtime.retry import date_s
from connector_runtime.sent_records import agrees
from connector_runtime.urls import UrlError
from connector_runtime.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.call import Call
    from connector_runtime.program import Lookup
    from connector_runtime.reply import Verdict
    from connector_runtime.steps import Conversation

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
    try:
        found = yield from _found(call, scope, lookup, perform)
    except (ConnectorError, EvaluationError, UrlError):
        found = None
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
    answer, seen = yield from _read(call, lookup.action, lookup.inputs(scope), perform)
    since = _sent_at(call, answer)
    made = [item for item in _listed(seen) if since is not None and _is_since(lookup, seen, item, since)]
    if len(made) != 1:
        return None
    item = made[0]
    if lookup.record is not None:
        wanted = lookup.record.inputs({**scope, "item": item})
        answer, seen = yield from _read(call, lookup.record.action, wanted, perform)
        item = lookup.record.item({**seen, "inputs": call.inputs})
    if not isinstance(item, dict) or not agrees(lookup.sent(scope), item):
        return None
    data = lookup.found({**seen, "inputs": call.inputs, "item": item})
    return None if data is ABSENT or data is None else (data, answer)


def _read(
    call: Call, action: str, inputs: Mapping[str, Any], perform: Perform
) -> Conversation[tuple[Verdict, dict[str, Any]]]:
    """Return what a reading action answers, and what expressions see of it; one page of a listing."""
    inner = call.read_action(action, inputs, call.deadline)
    paging = inner.action.program.paging
    page = {"page": paging.start(inner.scope())} if paging else {}
    try:
        answer = yield from perform(inner, inner.scope(**page), "lookup")
    finally:
        call.attempts += inner.attempts
    seen = inner.scope(reply=answer.values, **page)
    seen["items"] = paging.items(seen) if paging else [answer.values.get("json")]
    return answer, seen


def _listed(seen: Mapping[str, Any]) -> list[Any]:
    items = seen["items"]
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _sent_at(call: Call, answer: Verdict) -> int | None:
    """Return the second in which the write was first sent, by the vendor's clock; None if it tells none.

    Both the vendor's `Date` and the times of records leave out what is below a second.
    """
    now = date_s(answer.values.get("headers", {}).get("date"))
    if now is None or call.sent_at is None:
        return None
    return floor(now - (call.clock.monotonic() - call.sent_at))


def _is_since(lookup: Lookup, seen: Mapping[str, Any], item: Any, since: int) -> bool:
    made = lookup.made({**seen, "item": item})
    if isinstance(made, str):
        try:
            instant = datetime.fromisoformat(made)
        except ValueError:
            return False
        # A time without its offset may be anybody's.
        return instant.tzinfo is not None and floor(instant.timestamp()) >= since
    return isinstance(made, int | float) and not isinstance(made, bool) and made >= since

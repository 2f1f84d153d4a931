"""Finding out, by reading, whether a write has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.errors import ConnectorError
from connector_runtime.expressions import EvaluationError
from connector_runtime.failures import failure_of
from connector_runtime.results import Result
from connector_runtime.urls import UrlError
from connector_runtime.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime.call import Call
    from connector_runtime.reply import Verdict
    from connector_runtime.steps import Conversation

    Perform = Callable[[Call, dict[str, Any], str], Conversation[Verdict]]


def look_up(
    call: Call, scope: dict[str, Any], verdict: Verdict, perform: Perform
) -> Conversation[Result]:
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

"""Embedded tests of pushed triggers: what is asked for, and what becomes of a push.

The subscription is always the same, and a push may be signed rightly with `${ signature }`, so
that a file shows whole conversations without anybody computing anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connector_runtime.base.values import Secret
from connector_runtime.conversation.replies.results import Result
from connector_runtime.language.documents.document import JsonError, dump_json, parse_json
from connector_runtime.language.expressions.operators import equal
from connector_runtime.triggers.webhooks.proof import signatures
from connector_runtime.triggers.webhooks.pushes import FORM_TYPE
from connector_runtime.triggers.webhooks.receiving import Pushed, judge, seen_by
from connector_runtime.triggers.webhooks.subscription import Subscription, iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.errors import ConnectorError
    from connector_runtime.session.async_session import AsyncSession
    from connector_runtime.session.session import Session
    from connector_runtime.triggers.webhooks.receiving import Answered

SIGNATURE = "${ signature }"
_ID = "100000000000000"
_URL = "https://hooks.example.com/told"
_SECRET = "an-example-not-a-secret"  # noqa: S105  it is none


def ask(session: Session | AsyncSession, trigger: Trigger, what: str, inputs: Mapping[str, Any]) -> Any:
    """Ask for one thing of a subscription; of an async session what comes back is to be awaited."""
    if what == "subscribe":
        return session.subscribe(trigger.key, inputs, _URL, secret=_SECRET)
    kept = _example(trigger, inputs)
    return session.renew(kept) if what == "renew" else session.unsubscribe(kept)


def shown(outcome: Subscription | Result) -> Result:
    """Return what tests see of a subscription: `id expires renewAt`, and what was noticed."""
    if isinstance(outcome, Result):
        return outcome
    seen = {
        "id": outcome.id,
        "expires": iso(outcome.expires),
        "renewAt": iso(outcome.renew_at),
        "warnings": list(outcome.warnings) or None,
    }
    return Result({key: value for key, value in seen.items() if value is not None})


def told(
    trigger: Trigger, inputs: Mapping[str, Any], request: Mapping[str, Any], tables: Mapping[str, Any]
) -> tuple[Result | ConnectorError, Answered]:
    """Return what a push tells, or why it was refused, and what the vendor is told.

    Args:
        trigger: Who is told.
        inputs: Its inputs.
        request: `headers query json form text`, as the test has them.
        tables: The component's.
    """
    subscription, program = _example(trigger, inputs), trigger.webhook
    assert program is not None, trigger.key  # noqa: S101  only pushed triggers have such tests
    headers, query = dict(request.get("headers", {})), dict(request.get("query", {}))
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = (
            "text/plain" if "text" in request else FORM_TYPE if "form" in request else "application/json"
        )
    right, body = _SECRET, _body(_filled(request, _SECRET))
    if program.proof.hmac is not None:
        scope = seen_by(program, subscription, Pushed(headers, query, body), tables, exact=True)
        right = signatures(program.proof, scope, subscription.secret)[0][1].reveal()
    pushed = Pushed(_filled(headers, right), _filled(query, right), body)
    received = judge(program, subscription, pushed, tables)
    return received.problem or Result(received.events), received.reply


def compare_answer(wanted: Mapping[str, Any], answer: Answered) -> Iterator[str]:
    """Yield what differs between the answer to a push and what must be answered."""
    if "status" in wanted and wanted["status"] != answer.status:
        yield f"the answer's status is {answer.status}, not {wanted['status']}"
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for name, value in wanted.get("headers", {}).items():
        if headers.get(name.lower()) != value:
            yield f"the answer's header {name} is {headers.get(name.lower())!r}, not {value!r}"
    text = answer.body.decode()
    if "text" in wanted and wanted["text"] != text:
        yield f"the answer is {text!r}, not {wanted['text']!r}"
    if "json" in wanted and not _is_json(text, wanted["json"]):
        yield f"the answer is {text}, not {dump_json(wanted['json'])}"
    for key in sorted({"method", "url", "form", "multipart", "requests"} & wanted.keys()):
        yield f"an answer has no `{key}`: only a request has one"


def _is_json(text: str, wanted: Any) -> bool:
    try:
        return equal(parse_json(text), wanted)
    except JsonError:
        return False


def _example(trigger: Trigger, inputs: Mapping[str, Any]) -> Subscription:
    return Subscription(trigger.key, _ID, _URL, Secret(_SECRET), inputs)


def _body(request: Mapping[str, Any]) -> bytes:
    if "text" in request:
        return str(request["text"]).encode()
    if "form" in request:
        return urlencode(request["form"]).encode()
    return dump_json(request["json"]).encode() if "json" in request else b""


def _filled(node: Any, right: str) -> Any:
    """Return what a test pushes with the right signature in its place."""
    if isinstance(node, str):
        return node.replace(SIGNATURE, right)
    if isinstance(node, dict):
        return {key: _filled(member, right) for key, member in node.items()}
    return [_filled(item, right) for item in node] if isinstance(node, list) else node

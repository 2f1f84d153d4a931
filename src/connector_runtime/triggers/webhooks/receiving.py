"""A push becomes an answer and events: pure, so that any server can call it, and awaiting is not needed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.instants import instant_text
from connector_runtime.base.numbers import exactly
from connector_runtime.base.urls import UrlError, header_pairs
from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.errors.json_shapes import json_ready
from connector_runtime.language.documents.document import dump_json
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.expressions.operators import is_number, kind_of, text_of
from connector_runtime.triggers.moments import moment_of
from connector_runtime.triggers.webhooks.proof import is_proven
from connector_runtime.triggers.webhooks.pushes import (
    MAX_BODY_BYTES,
    PushedBody,
    TooManyError,
    body_of,
    headers_of,
    query_of,
)
from connector_runtime.triggers.webhooks.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.base.numbers import Numbers
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.definition.program.webhook import EventsProgram, PushAnswer, WebhookProgram

# One push of one request of a service's tells of fewer.
MAX_EVENTS = 10_000
# What a service sends to see whether somebody listens is short; nobody is to use us as a mirror.
MAX_ECHO_CHARS = 4_096
_BAD_REQUEST, _TOO_LARGE = 400, 413
_UNPROVEN = "The push does not prove that it comes from the service."


class Answered(NamedTuple):
    """What the service is to be told.

    Attributes:
        status: HTTP status.
        headers: By name, as they are to be sent.
        body: Bytes, perhaps none.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a push.

    Attributes:
        reply: What the service is to be told, once the events are safe: a service that is told
            nothing, or no, sends the push again.
        events: `{id, at, change}` each, as a poll gives them: `at` in ISO 8601, UTC. With `data`
            where the push brought the record; with `fetch`, `{action, inputs}` for `session.run`,
            where it brought only an id. Empty for a challenge and for what was refused.
        problem: Why it was refused, or None.
    """

    reply: Answered
    events: list[dict[str, Any]] = field(default_factory=list)
    problem: ConnectorError | None = None

    def to_dict(self, *, exact: bool = False) -> dict[str, Any]:
        """Return the one JSON shape of a push, the body as text; `json.dumps` takes it.

        Args:
            exact: Leave decimals as they are, for a writer that knows them.
        """
        reply = {**self.reply._asdict(), "headers": dict(self.reply.headers)}
        shape: dict[str, Any] = {
            "reply": reply | {"body": self.reply.body.decode("utf-8", "replace")},
            "events": json_ready(self.events, exact=exact),
        }
        return shape | ({"problem": self.problem.to_dict(exact=exact)} if self.problem else {})

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the JSON shape as text, every number with all its digits.

        Args:
            indent: Spaces per level, or None for one line.
        """
        return dump_json(self.to_dict(exact=True), indent=indent)


class Pushed(NamedTuple):
    """What the caller's server got.

    Attributes:
        headers: A map or pairs; names in any case, several of one name each for itself.
        query: As it stood in the address, a map, or pairs.
        body: The raw bytes.
        numbers: What becomes of fractions in JSON.
    """

    headers: Any
    query: Any
    body: Any
    numbers: Numbers = "float"


def receive(
    trigger: Trigger,
    kept: Subscription | Mapping[str, Any],
    pushed: Pushed,
    tables: Mapping[str, Any],
) -> Received:
    """Prove a push to a trigger and return its events; see `Component.receive`."""
    if trigger.webhook is None:
        hint = "Use `session.poll` for it."
        raise error_of("input", f"The trigger `{trigger.key}` is not pushed.", hint=hint)
    subscription = Subscription.from_dict(kept)
    if subscription.trigger != trigger.key:
        raise error_of(
            "config",
            f"The subscription is one of `{subscription.trigger}`, not of `{trigger.key}`.",
            hint="Give each trigger an address of its own, or find the subscription by its id.",
        )
    return judge(trigger.webhook, subscription, pushed, tables)


def judge(
    program: WebhookProgram, subscription: Subscription, pushed: Pushed, tables: Mapping[str, Any]
) -> Received:
    """Prove a push and return its events.

    Nothing is parsed for whoever has no proof but what the proof itself, or a challenge, needs.

    Raises:
        InputError: The body is not given as bytes.
    """
    content = body_of(pushed.body)
    if len(content) > MAX_BODY_BYTES:
        message = f"The push has {len(content):,} bytes; {MAX_BODY_BYTES:,} are the most."
        return _refused(_TOO_LARGE, error_of("limit", message))
    try:
        scope = seen_by(program, subscription, pushed, tables)
        challenge = _challenge(program, scope)
        if challenge is not None:
            return Received(challenge)
        exact = seen_by(program, subscription, pushed, tables, exact=True)
        is_good = is_proven(program.proof, exact, subscription.secret)
    except TooManyError:
        return _refused(_BAD_REQUEST, error_of("limit", "The push has more names than a push can have."))
    if not is_good:
        hint = "Somebody else may have sent it; or the secret was changed on one side only."
        return _refused(program.proof.status, error_of("permission", _UNPROVEN, hint=hint))
    return _accepted(program, scope, pushed.numbers)


def seen_by(
    program: WebhookProgram,
    subscription: Subscription,
    pushed: Pushed,
    tables: Mapping[str, Any],
    *,
    exact: bool = False,
) -> dict[str, Any]:
    """Return what expressions see of a push; with `exact` the body's text stands for its bytes.

    Raises:
        TooManyError: Headers or query have more names than a push can have.
    """
    headers = headers_of(pushed.headers)
    kind = headers.get("content-type", "")
    scope = {
        "headers": headers,
        "query": query_of(pushed.query),
        "body": PushedBody(body_of(pushed.body), kind, exact=exact, numbers=pushed.numbers),
        "subscription": subscription.seen(),
        "inputs": subscription.inputs,
        "tables": tables,
    }
    return program.lets.seen_by(scope)


def _accepted(program: WebhookProgram, scope: dict[str, Any], numbers: Numbers) -> Received:
    try:
        events = list(_events(program.events, scope))
        events = exactly(events) if numbers == "exact" else events
        plain = next((answer for answer in program.answers if answer.when is None), None)
        answered = _rendered(plain, scope) if plain else Answered(200, {}, b"")
    except (EvaluationError, UrlError, TooManyError) as fault:
        what = getattr(fault, "message", None) or "a form has too many names"
        hint = "Nothing of it was handed on: run the catch-up, and tell the component's author."
        problem = error_of("contract", f"The push cannot be read: {what}.", hint=hint)
        return _refused(_BAD_REQUEST, problem)
    return Received(answered, events)


def _events(program: EventsProgram, scope: dict[str, Any]) -> list[dict[str, Any]]:
    items = program.items(scope)
    if not isinstance(items, list | tuple):
        raise EvaluationError(f"`events.items` is {kind_of(items)}, not a list")
    if len(items) > MAX_EVENTS:
        raise EvaluationError(f"it tells of more than {MAX_EVENTS:,} changes")
    return [_event(program, {**scope, "item": item}) for item in items]


def _event(program: EventsProgram, scope: dict[str, Any]) -> dict[str, Any]:
    event: dict[str, Any] = {"id": _named(program.identity(scope), "identity")}
    made = program.made(scope) if program.made else ABSENT
    if made is not ABSENT and made is not None:
        event["at"] = _instant(made)
    event["change"] = _named(program.change(scope), "change")
    data = program.output(scope) if program.output else ABSENT
    if data is not ABSENT:
        event["data"] = data
    if program.action is not None:
        event["fetch"] = {"action": program.action, "inputs": program.inputs(scope) if program.inputs else {}}
    return event


def _instant(value: Any) -> str:
    found = moment_of(value) if isinstance(value, str) else None
    if found is not None and not found.is_day:
        return found.text()
    if is_number(value):
        with suppress(ValueError, ArithmeticError):
            return instant_text(value)
    what = "a text with its offset from UTC, or seconds since 1970"
    raise EvaluationError(f"`events.made` is no instant: {what}")


def _named(value: Any, name: str) -> str:
    """Return the text of what an event cannot be without."""
    text = value if value in (ABSENT, None, "") else text_of(value)
    if not isinstance(text, str) or not text:
        raise EvaluationError(f"`events.{name}` has no value")
    return text


def _challenge(program: WebhookProgram, scope: Mapping[str, Any]) -> Answered | None:
    """Return the answer to a request that only asks whether somebody listens, or None."""
    for answer in program.answers:
        try:
            if answer.when is not None and answer.when(scope):
                return _rendered(answer, scope)
        except (EvaluationError, UrlError):
            continue  # anybody may have sent it
    return None


def _rendered(answer: PushAnswer, scope: Mapping[str, Any]) -> Answered:
    headers = {name: _shown(value) for name, value in header_pairs(answer.headers(scope))}
    # Browsers must not take for a page what somebody has us repeat.
    headers["X-Content-Type-Options"] = "nosniff"
    body = b""
    if answer.json is not None:
        value = answer.json(scope)
        body = b"" if value is ABSENT else dump_json(value).encode()
        headers["Content-Type"] = "application/json"
    elif answer.text is not None:
        value = answer.text(scope)
        body = b"" if value is ABSENT else _shown(text_of(value)).encode("utf-8", "replace")
        headers["Content-Type"] = "text/plain; charset=utf-8"
    if len(body) > MAX_ECHO_CHARS:
        raise EvaluationError(f"an answer has at most {MAX_ECHO_CHARS:,} bytes")
    return Answered(answer.status, headers, body)


def _shown(value: Any) -> str:
    if isinstance(value, Secret):
        raise EvaluationError("a secret is no answer")
    return str(value)


def _refused(status: int, problem: ConnectorError) -> Received:
    return Received(Answered(status, {}, b""), [], problem)

"""The public interface as its users write it: read by a strict type checker, never run.

A change that makes this file wrong breaks somebody's integration.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

import httpx

from connector_runtime import (
    CallFailed,
    Component,
    Connection,
    ConnectionProblem,
    ConnectorError,
    DeadlineExceeded,
    DefinitionError,
    Event,
    File,
    InputError,
    OutcomeUnknown,
    Page,
    Poll,
    Received,
    ReplyTooLarge,
    Result,
    Secret,
    Seen,
    Subscription,
    UnreadableReply,
)

INPUTS: dict[str, Any] = {"recordType": "Contacts"}


def load() -> Component:
    """Load a component by name, by folder, with what a platform adds."""
    Component.load("zoho", Path("our-actions"), "our-other-actions")
    component = Component.load(Path("component"))
    for key, action in component.actions.items():
        assert_type(key, str)
        assert_type(action.label, str)
        assert_type(action.effect, str)
        assert_type(action.scopes, tuple[str, ...])
        assert_type(action.input_schema, dict[str, Any])
        assert_type([entry.key for entry in action.inputs], list[str])
        assert_type(dict(action.examples), dict[str, Any])
    assert_type(component.describe(), dict[str, Any])
    return component


def poll(component: Component, connection: Connection) -> Mapping[str, Any]:
    """Hear of changes, and keep the state."""
    with component.session(connection) as session:
        found = session.poll("crmRecordChanged", INPUTS, "from now", deadline_s=60.0, enough=500)
        found = session.poll("crmRecordChanged", INPUTS, found.state)
    assert_type(found, Poll)
    assert_type(found.events, list[dict[str, Any]])
    assert_type(found.more, bool)
    assert_type(found.error, ConnectorError | None)
    assert_type([gap.start for gap in found.gaps], list[str])
    assert_type(found.to_dict(), dict[str, Any])
    return found.state


def connect() -> Connection:
    """Take a connection in the shape that platforms store."""
    return Connection.from_dict(
        {
            "key": "zohoTemplatedConnection",
            "fields": {
                "zohoRegion": "https://accounts.zoho.com",
                "clientId": "an id",
                "clientSecret": "a secret",
            },
            "token": {"access_token": "a token", "refresh_token": "another"},
            "context": {"location": "us"},
        }
    )


def plan(component: Component, connection: Connection) -> None:
    """Look at a request without sending it."""
    planned = component.request("crmRecordChanged", INPUTS, connection, state="from the beginning")
    assert_type(planned.effect, str)
    planned = component.request("booksCreateRecord", INPUTS, connection)
    assert_type(planned.method, str)
    assert_type(planned.url, str)
    assert_type(dict(planned.headers), dict[str, str])
    assert_type(planned.curl(), str)
    assert_type(planned.to_dict(), dict[str, Any])
    assert_type(str(planned), str)


class Watch:
    """Time of the user's own."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return 0.0

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Wait, in a thread."""

    async def asleep(self, seconds: float) -> None:
        """Wait, in an event loop."""


def run(component: Component, connection: Connection) -> None:
    """Run actions in a thread."""
    with component.session(connection) as session:
        result = session.run("crmRunQuery", {"query": "select Last_Name from Contacts"}, deadline_s=30.0)
        look_at(result)
        session.run("crmGetRecord", INPUTS, save_to=Path("record.json"))
        for page in session.pages("crmGetRecords", INPUTS, deadline_s=30.0):
            assert_type(page, Page)
            assert_type(page.items, list[Any])
            assert_type(page.number, int)
            assert_type(page.next, Mapping[str, Any] | None)
        assert_type(
            session.choices("crmUpdateRecord", "recordId", INPUTS, search="Bow"), list[dict[str, Any]]
        )
        assert_type(session.check(), Result)
        assert_type(session.token, dict[str, Any])


async def run_awaiting(component: Component, connection: Connection) -> None:
    """Run the same in an event loop."""
    async with component.async_session(connection) as session:
        result = await session.run("crmRunQuery", INPUTS, deadline_s=30.0)
        look_at(result)
        async for page in session.pages("crmGetRecords", INPUTS):
            assert_type(page.items, list[Any])
        assert_type(await session.choices("crmUpdateRecord", "recordId"), list[dict[str, Any]])
        assert_type(await session.check(), Result)


def run_with_everything_given(component: Component, connection: Mapping[str, Any]) -> None:
    """Give a session all that it may be given."""
    events: list[Event] = []
    with component.session(
        connection,
        transport=httpx.MockTransport(lambda _request: httpx.Response(200, json={})),
        clock=Watch(),
        random=random.Random(1),
        logger=logging.getLogger("mine"),
        on_event=events.append,
        deadline_s=60.0,
        trust_paths=True,
    ) as session:
        session.run("crmAddAttachment", {"file": File(b"content", "text/plain", "note.txt")})


def look_at(result: Result) -> None:
    """Use a result."""
    assert_type(result.status, int | None)
    assert_type(dict(result.headers), dict[str, str])
    assert_type(result.outcome, str)
    assert_type(list(result.failed), list[Mapping[str, Any]])
    assert_type([attempt.why for attempt in result.attempts], list[str])
    assert_type([attempt.may_double for attempt in result.attempts], list[bool])
    assert_type(result.to_dict(), dict[str, Any])


def handle(component: Component, connection: Connection) -> None:
    """Decide by the branch of the error tree who must act."""
    try:
        run(component, connection)
    except InputError as problem:
        assert_type(problem.input, str | None)
    except OutcomeUnknown as problem:
        assert_type(problem.identity, str | list[str | None] | None)
    except ConnectionProblem as problem:
        assert_type(problem.retry_at, datetime | None)
        assert_type(problem.hint, str | None)
    except (CallFailed, DeadlineExceeded, ReplyTooLarge, UnreadableReply) as problem:
        assert_type(problem.kind, str)
        assert_type(problem.status, int | None)
        assert_type(problem.existing_id, str | None)
        assert_type(problem.message, str)
    except DefinitionError as problem:
        assert_type([found.line for found in problem.problems], list[int])
    except ConnectorError as problem:
        assert_type(problem.action, str | None)
        assert_type(problem.to_dict(), dict[str, Any])


def keep(secrets: Sequence[Secret]) -> list[str]:
    """Take a secret out where it is needed, knowingly."""
    return [secret.reveal() for secret in secrets]


def be_told(component: Component, connection: Connection, headers: Mapping[str, str], body: bytes) -> None:
    """Have changes pushed, prove a push, fill gaps, and end it."""
    session = component.session(connection)
    subscription = session.subscribe("crmRecordNotifications", INPUTS, "https://hooks.example.com/x")
    kept: dict[str, Any] = assert_type(subscription, Subscription).to_dict()
    received = component.receive("crmRecordNotifications", kept, headers=headers, query="a=1", body=body)
    assert_type(received, Received)
    assert_type(received.reply.status, int)
    assert_type(received.problem, ConnectorError | None)
    assert_type(Seen({}).new(received.events), list[dict[str, Any]])
    poll = session.catch_up(session.renew(kept))
    assert_type(subscription.caught_up(poll.state), Subscription)
    assert_type(session.unsubscribe(subscription), Result)

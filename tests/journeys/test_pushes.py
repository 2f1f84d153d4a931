"""Told of every record: pushes as they come, a server that is down for a while, and the catch-up behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import Seen, Subscription
from connector_runtime.base.values import SystemClock
from connector_runtime.errors import CallFailed
from webhooks.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector_runtime import Component, Session
    from webhooks.receiver import Receiver
    from zoho_sandbox import Sandbox

DAY_S = 86_400


class VendorTime(SystemClock):
    """A machine whose clock goes right: it shows what the sandbox's does."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.now = sandbox.clock.now  # type: ignore[assignment]

    def sleep(self, seconds: float) -> None:
        """Waits cost no time."""


@pytest.fixture
def session(open_session: Callable[..., Session], sandbox: Sandbox) -> Session:
    """A session that lives in the sandbox's time."""
    return open_session(clock=VendorTime(sandbox))


@pytest.fixture
def receiver(zoho: Component) -> Iterator[Receiver]:
    """Somebody's server."""
    with receiving(zoho, "crmRecordNotifications") as receiver:
        yield receiver


def changed(event: dict[str, Any]) -> tuple[str, str]:
    """Return which record has changed, and how."""
    return event["id"], event["change"]


def create(session: Session, name: str) -> str:
    """Create a lead; returns its id."""
    result = session.run(
        "crmCreateRecord", {"recordType": "Leads", "fieldValues": {"Last_Name": name, "Company": "Zylker"}}
    )
    return str(result.data["data"][0]["details"]["id"])


def outcomes(sandbox: Sandbox) -> list[str]:
    """Return what became of the pushes so far."""
    return [one["outcome"] for one in sandbox.state.scan("crm/callbacks")]


@pytest.mark.plan("S-279")
def test_what_happens_while_nobody_listens_is_not_lost(
    session: Session, receiver: Receiver, sandbox: Sandbox
) -> None:
    """Created, changed and deleted while the server was down: the catch-up tells it, and nothing twice."""
    # The records that the sandbox was born with are older than the subscription.
    sandbox.clock.advance(3600)
    url = receiver.url.partition("?")[0]
    kept = session.subscribe("crmRecordNotifications", {"recordType": "Leads"}, url).to_dict()
    receiver.subscription = kept
    seen = Seen()

    early = create(session, "Early")
    (told,) = seen.new(receiver.next().events)
    assert changed(told) == (early, "created")
    assert session.run(**told["fetch"]).data["data"][0]["Last_Name"] == "Early"

    receiver.is_down = True
    sandbox.clock.advance(60)
    missed = [create(session, f"Missed {number}") for number in range(3)]
    session.run("crmUpdateRecord", {"recordType": "Leads", "recordId": early, "fieldValues": {"City": "Ulm"}})
    session.run("crmRemoveRecord", {"recordType": "Leads", "recordId": missed[0]})
    receiver.wait_until(lambda: len(outcomes(sandbox)) >= 6)
    assert outcomes(sandbox)[1:] == ["503"] * 5

    receiver.is_down = False
    sandbox.clock.advance(60)
    late = create(session, "Late")
    assert [changed(event) for event in seen.new(receiver.next().events)] == [(late, "created")]

    subscription = Subscription.from_dict(json.loads(json.dumps(kept)))
    poll = session.catch_up(subscription)
    found = [changed(event) for event in seen.new(poll.events)]
    assert sorted(found) == sorted(
        [(missed[1], "created"), (missed[2], "created"), (early, "updated"), (missed[0], "deleted")]
    )

    again = subscription.caught_up(poll.state)
    assert seen.new(session.catch_up(again.to_dict()).events) == []


def test_a_channel_that_has_ended_hands_its_state_on(
    session: Session, receiver: Receiver, sandbox: Sandbox
) -> None:
    """A second too late it is gone: with its state the new one tells what lay between, and alone it does not."""
    sandbox.clock.advance(3600)
    url = receiver.url.partition("?")[0]
    old = session.subscribe("crmRecordNotifications", {"recordType": "Leads"}, url)
    assert old.expires is not None
    sandbox.clock.advance(old.expires.timestamp() - sandbox.clock.now() + 1)
    with pytest.raises(CallFailed) as caught:
        session.renew(old)
    between = create(session, "Between")
    sandbox.clock.advance(900)
    new = session.subscribe(old.trigger, old.inputs, url)
    found = [session.catch_up(kept).events for kept in (new, new.caught_up(old.state))]

    assert caught.value.kind == "not_found"
    assert [[changed(event) for event in events] for events in found] == [[], [(between, "created")]]


@pytest.mark.plan("S-277")
def test_a_channel_is_kept_for_longer_than_the_vendor_lets_it_live(
    session: Session, receiver: Receiver, sandbox: Sandbox
) -> None:
    """Renewed whenever it says so, it still tells after three weeks; let go, it falls silent."""
    url = receiver.url.partition("?")[0]
    subscription = session.subscribe("crmRecordNotifications", {"recordType": "Leads"}, url)
    for _ in range(22):
        sandbox.clock.advance(DAY_S)
        if sandbox.clock.now() >= subscription.renew_at.timestamp():
            subscription = session.renew(subscription)
            assert subscription.warnings == ()
    receiver.subscription = subscription
    lead = create(session, "Three weeks later")
    assert [changed(event) for event in receiver.next().events] == [(lead, "created")]

    assert session.unsubscribe(subscription).warnings == ()
    create(session, "Nobody is told")
    assert session.unsubscribe(subscription).warnings == ("It was gone already.",)
    assert receiver.received.empty()

"""Waits, deadlines and what an operator sees of them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock
from engine.shop import SENT, Shop, action, model_of

READ = model_of(action("read"))
BUSY = {"status": 503, "text": ""}


def test_with_default_inputs_exponential_backoff_waits() -> None:
    """Half a second doubled each time, jittered downwards, never nothing (B20)."""
    shop = Shop(READ, BUSY, BUSY, BUSY, SENT)

    shop.run(retries=3, exponential=True)

    assert len(shop.clock.waits) == 3
    assert all(0 < wait <= bound for wait, bound in zip(shop.clock.waits, (0.5, 1.0, 2.0), strict=True))


def test_a_constant_delay_is_kept_as_it_is() -> None:
    """Without exponential backoff every wait is the delay that was entered."""
    shop = Shop(READ, BUSY, BUSY, SENT)

    shop.run(retries=2)

    assert shop.clock.waits == [0.2, 0.2]


def test_no_retries_is_the_default() -> None:
    """Nothing is repeated that nobody asked to repeat."""
    shop = Shop(READ, BUSY)

    with pytest.raises(ConnectorError):
        shop.run()

    assert shop.sent == 1


def test_retry_after_is_honoured_above_the_delay() -> None:
    """A server that asks for seven seconds gets them (B20)."""
    shop = Shop(READ, {"status": 429, "json": {}, "headers": {"Retry-After": "7"}}, SENT)

    shop.run(retries=1)

    assert shop.clock.waits == [7.0]


def test_a_wait_beyond_the_deadline_is_returned_not_slept() -> None:
    """The platform learns when to come back instead of sitting the wait out."""
    shop = Shop(READ, {"status": 429, "json": {}, "headers": {"Retry-After": "3600"}})

    with pytest.raises(ConnectorError) as caught:
        shop.run(retries=3)

    assert shop.clock.waits == []
    assert caught.value.kind == "rate_limited"
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == shop.clock.now() + 3600


def test_without_retries_the_error_still_says_when_to_come_back() -> None:
    """`retry_at` does not depend on whether we would have waited ourselves."""
    shop = Shop(READ, {"status": 429, "json": {}, "headers": {"Retry-After": "5"}})

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert caught.value.retry_at is not None


@pytest.mark.plan("S-02")
@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.5, 60), st.integers(1, 30))
def test_attempts_and_waits_never_exceed_the_deadline(seed: int, deadline_s: float, retries: int) -> None:
    """Whatever the schedule, the sum of all waits stays within the call's time."""
    shop = Shop(READ, BUSY, random=random.Random(seed), deadline_s=deadline_s)
    started = shop.clock.monotonic()

    with pytest.raises(ConnectorError):
        shop.run(retries=retries, exponential=True)

    assert shop.clock.monotonic() - started <= deadline_s


@pytest.mark.plan("S-19")
def test_attempts_tell_what_happened() -> None:
    """Each attempt says its number, why it was made, what came of it and how long it waited."""
    shop = Shop(
        READ, {"error": "connect"}, {"status": 502, "text": "", "headers": {"X-Request-Id": "r-2"}}, SENT
    )

    result = shop.run(retries=2)

    assert [attempt.to_dict() for attempt in result.attempts] == [
        {"number": 1, "why": "first", "certainty": "not_sent", "kind": "network", "waitedS": 0.0, "durationS": 0.0,
         "message": "the server could not be reached"},
        {"number": 2, "why": "retry", "certainty": "unknown", "kind": "server", "status": 502, "waitedS": 0.2,
         "durationS": 0.0, "requestId": "r-2", "message": "The service had an error of its own. It answered HTTP 502."},
        {"number": 3, "why": "retry", "certainty": "answered", "status": 200, "waitedS": 0.2, "durationS": 0.0},
    ]  # fmt: skip


def test_telemetry_gets_one_event_for_each_thing_that_happens() -> None:
    """The hook sees the start, every attempt and wait, then the whole, all under one call id."""
    shop = Shop(READ, BUSY, SENT)

    shop.run(retries=1)

    assert [(event.kind, event.outcome) for event in shop.events] == [
        ("start", "started"),
        ("attempt", "server"),
        ("wait", "server"),
        ("attempt", "done"),
        ("action", "done"),
    ]
    assert len({event.call_id for event in shop.events}) == 1
    assert shop.events[-1].retries == 1


def test_telemetry_hears_of_a_failed_action_too() -> None:
    """An action that ends in an error ends with its kind as the outcome."""
    shop = Shop(READ, {"status": 404, "json": {}})

    with pytest.raises(ConnectorError):
        shop.run()

    assert (shop.events[-1].kind, shop.events[-1].outcome, shop.events[-1].status) == (
        "action",
        "not_found",
        404,
    )


def test_a_request_may_have_a_bound_of_its_own() -> None:
    """The `timeout` of a request bounds each of its attempts; without one the usual bound holds."""
    seen: list[float] = []

    class Watch(ScriptedSender):
        def send(self, outgoing: Any, *, timeout_s: float, sink: Any = None) -> Any:
            seen.append(timeout_s)
            return super().send(outgoing, timeout_s=timeout_s, sink=sink)

    for bound in ({"timeout": "2s"}, {}):
        model = model_of(action("read", request={"service": "api", "path": "/orders", **bound}))
        connection = Connection.from_dict({"key": "key", "fields": {"key": "shop-key-123456"}})
        Session(model, connection, Options(clock=StillClock()), sender=Watch(Script([SENT]))).run("order", {})  # type: ignore[arg-type]

    assert seen == [2.0, 60.0]

"""A store or a budget of a platform's own: whatever it raises or answers, a call ends as it should."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.base.values import SystemClock
from connector_runtime.errors import ConnectorError, StoreError
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.stores import Budget, MemoryStore
from connector_runtime.testing.cases import AsyncScriptedSender, Script
from engine.shop import CONNECTION, SENT, Shop, action, model_of
from tokens.scene import HOUR_S, renewals

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL = model_of(
    action("create"),
    services={"api": {"url": "${ connection.site.api }/v1", "budget": {"concurrency": 1}}},
)
GIVEN = {"key": CONNECTION["connection"], "fields": {"key": "shop-key-123456"}}
FAULTS = [sqlite3.OperationalError("locked"), ValueError("bad"), StopIteration(5), KeyError("k")]
# With a deadline of a minute nothing that is waited for to its end is so soon.
SOON_S = 20.0


def ordered(how: str, budget: Any, *replies: Mapping[str, Any], deadline_s: float = 60.0) -> Any:
    """Create an order; returns the result, or the error whatever it is."""

    async def awaited() -> Any:
        sender = AsyncScriptedSender(Script(list(replies or [SENT])))
        options = Options(budget=budget, clock=SystemClock())
        async with AsyncSession(MODEL, Connection.from_dict(GIVEN), options, sender=sender) as session:
            return await session.run("order", {}, deadline_s=deadline_s)

    try:
        if how == "async":
            return asyncio.run(awaited())
        shop = Shop(MODEL, *(replies or [SENT]), budget=budget, clock=SystemClock())
        return shop.session.run("order", {}, deadline_s=deadline_s)
    except Exception as problem:  # noqa: BLE001  what comes out is what is looked at
        return problem


def budget_of(is_shared: bool, **methods: Any) -> Budget:
    """Return a budget with some methods of its own."""
    kind = type("Own", (Budget,), {"is_shared": is_shared, "keeps_order": not is_shared, **methods})
    return kind()  # type: ignore[no-any-return]


def raises(fault: Exception) -> Any:
    """Return a method that raises."""

    def method(*_: Any, **__: Any) -> None:
        raise fault

    return method


@pytest.mark.plan("S-211")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_finished_create_is_done_whatever_its_budget_raises(
    how: str, is_shared: bool, fault: Exception
) -> None:
    """What cannot be given back is not the caller's trouble."""
    budget = budget_of(is_shared, give_back=raises(fault), forget=raises(fault), pause=raises(fault))

    assert ordered(how, budget).outcome == "done"


@pytest.mark.plan("S-211")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_budget_that_raises_when_it_is_asked_is_named(how: str, is_shared: bool, fault: Exception) -> None:
    """It is a `StoreError` that says what was raised, and nothing is sent."""
    problem = ordered(how, budget_of(is_shared, take=raises(fault)))

    assert isinstance(problem, StoreError)
    assert "budget of requests of the platform raised" in problem.message
    assert type(fault).__name__ in problem.message


@pytest.mark.plan("S-211")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("answer", [-1, float("nan"), float("-inf"), True, "soon", []], ids=repr)
def test_a_budget_that_answers_nonsense_is_named(how: str, answer: Any) -> None:
    """It is not asked without end, and the error says what would be right."""
    problem = ordered(how, budget_of(is_shared=False, take=lambda *_, **__: answer))

    assert isinstance(problem, StoreError)
    assert type(answer).__name__ in problem.message
    assert "seconds" in (problem.hint or "")


@pytest.mark.plan("S-211")
@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_budget_that_cannot_tell_its_pause_still_says_that_it_is_full(how: str) -> None:
    """The call is refused as one that would have to wait too long."""
    budget = budget_of(is_shared=True, take=lambda *_, **__: 900.0, paused=raises(ValueError("bad")))

    problem = ordered(how, budget)

    assert isinstance(problem, ConnectorError)
    assert problem.kind == "rate_limited"


@pytest.mark.plan("S-212")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("method", ["give_back", "pause"])
def test_an_answer_does_not_wait_for_a_budget_that_hangs(how: str, method: str) -> None:
    """The vendor's answer is told soon, though there would be a minute."""
    go, started = threading.Event(), time.monotonic()
    hangs = {method: lambda *_, **__: go.wait(60.0)}
    reply = SENT if method == "give_back" else {"status": 429, "headers": {"Retry-After": "400"}, "json": {}}

    result = ordered(how, budget_of(is_shared=True, **hangs), reply)
    go.set()

    assert time.monotonic() - started < SOON_S
    assert getattr(result, "outcome", getattr(result, "kind", "")) in {"done", "rate_limited"}


@pytest.mark.plan("S-212")
@pytest.mark.parametrize("how", ["sync", "async"])
def test_one_who_gives_up_his_place_does_not_wait_for_it(how: str) -> None:
    """A budget that hangs when it is told to forget holds up neither the call nor the event loop."""
    go, started = threading.Event(), time.monotonic()
    budget = budget_of(
        is_shared=True, take=lambda *_, **__: float("inf"), forget=lambda *_, **__: go.wait(60.0)
    )

    problem = ordered(how, budget, deadline_s=0.2)
    go.set()

    assert problem.kind == "rate_limited"
    assert time.monotonic() - started < SOON_S


@pytest.mark.plan("S-213")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("is_shared", [False, True])
def test_after_a_vendors_pause_the_next_call_is_told_of_it(how: str, is_shared: bool) -> None:
    """By a clock that goes on between two readings, too."""
    budget = budget_of(is_shared)
    refused = {"status": 429, "headers": {"Retry-After": "400"}, "json": {}}

    first = ordered(how, budget, refused)
    second = ordered(how, budget)

    assert first.kind == second.kind == "rate_limited"
    assert "has asked for a pause" in second.message


class Breaks(MemoryStore):
    """A store that takes a lease, and then raises what its own driver raises."""

    writes = 0

    def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:  # type: ignore[override]
        self.writes += 1
        if self.writes > 1:
            raise sqlite3.OperationalError("SSL SYSCALL error")
        return super().write(key, document, version)


class BreaksAwaited(Breaks):
    """The same for event loops."""

    async def read(self, key: str) -> Any:  # type: ignore[override]
        return super().read(key)

    async def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:  # type: ignore[override]
        return super().write(key, document, version)


@pytest.mark.plan("S-211")
@pytest.mark.parametrize(("how", "kind"), [("sync", Breaks), ("async", Breaks), ("async", BreaksAwaited)])
def test_a_renewed_token_is_used_whatever_its_store_raises(
    zoho, sandbox, clock, connection, how: str, kind: type[Breaks]
) -> None:
    """The call and the close work; the warnings say once what the store raised."""
    sandbox.clock.advance(HOUR_S)
    store: Any = kind()

    async def awaited() -> Any:
        async with zoho.async_session(connection, clock=clock, token_store=store) as session:
            return await session.check()

    if how == "async":
        result = asyncio.run(awaited())
    else:
        with zoho.session(connection, clock=clock, token_store=store) as session:
            result = session.check()

    assert result.status == 200
    assert [warning.split(".")[0] for warning in result.warnings] == [
        "The token store of the platform raised OperationalError"
    ]
    assert len(renewals(sandbox)) == 1

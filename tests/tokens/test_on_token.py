"""A platform that keeps tokens itself is handed each one that is issued, and loses none."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector_runtime.conversation import io_steps
from connector_runtime.errors import ConnectionProblem
from connector_runtime.stores import MemoryStore
from tokens.scene import HOUR_S, renewals


class Keeper:
    """Keeps what it is handed; refuses the first few."""

    def __init__(self, refuses: int = 0) -> None:
        self.kept: list[dict[str, Any]] = []
        self.asked = 0
        self._refuses = refuses

    def __call__(self, token: dict[str, Any]) -> None:
        self.asked += 1
        if self.asked <= self._refuses:
            raise OSError("the database is away")
        self.kept.append(token)


@pytest.mark.plan("S-306")
def test_each_token_that_is_issued_is_handed_over_once(zoho, sandbox, clock, connection) -> None:
    """Two renewals in three calls; the shape is that of `session.token`, and opens the next session."""
    keeper = Keeper()
    with zoho.session(connection, clock=clock, on_token=keeper) as session:
        session.check()
        assert keeper.kept == []
        for _ in range(2):
            sandbox.clock.advance(HOUR_S)
            session.check()
            session.check()
        assert keeper.kept[-1] == session.token

    assert len(keeper.kept) == len(renewals(sandbox)) == 2
    with zoho.session({**connection, "token": keeper.kept[-1]}, clock=clock) as session:
        session.check()
    assert len(renewals(sandbox)) == 2


@pytest.mark.plan("S-306")
def test_it_is_handed_over_before_the_call_goes_on(zoho, sandbox, clock, connection) -> None:
    """Whoever dies after the renewal has kept the token already: nothing was sent with it before."""
    sandbox.clock.advance(HOUR_S)
    asked: list[list[str]] = []
    keep = lambda _: asked.append([entry["product"] for entry in sandbox.ledger()])  # noqa: E731

    with zoho.session(connection, clock=clock, on_token=keep) as session:
        session.check()

    assert asked == [["oauth"]]
    assert [entry["product"] for entry in sandbox.ledger()] == ["oauth", "crm"]


def test_threads_wait_for_one_who_hands_it_over(zoho, sandbox, clock, connection) -> None:
    """Fifty calls, one renewal, one hand-over."""
    sandbox.clock.advance(HOUR_S)
    keeper = Keeper()
    with (
        zoho.session(connection, clock=clock, on_token=keeper) as session,
        ThreadPoolExecutor(50) as pool,
    ):
        assert {result.status for result in pool.map(lambda _: session.check(), range(50))} == {200}

    assert keeper.asked == len(renewals(sandbox)) == 1


@pytest.mark.plan("S-307")
def test_what_it_raises_fails_no_call_and_is_tried_again(zoho, sandbox, clock, connection) -> None:
    """The call is answered with a warning that shows neither token nor foreign words; the next one hands it over."""
    sandbox.clock.advance(HOUR_S)
    keeper = Keeper(refuses=1)
    with zoho.session(connection, clock=clock, on_token=keeper) as session:
        first = session.check()
        clock.sleep(60.0)
        second = session.check()
        assert keeper.kept == [session.token]

    assert list(first.warnings) == [
        "The new token could not be handed over: on_token raised OSError. The call went on with the token at hand."
    ]
    assert not second.warnings
    assert len(renewals(sandbox)) == 1


@pytest.mark.plan("S-307")
def test_closing_hands_over_what_is_left(zoho, sandbox, clock, connection) -> None:
    """A session of one call, whose hand-over failed, tries once more before it ends."""
    sandbox.clock.advance(HOUR_S)
    keeper = Keeper(refuses=1)
    with zoho.session(connection, clock=clock, on_token=keeper) as session:
        session.check()
        token = session.token

    assert keeper.kept == [token]


def test_what_is_never_taken_is_said_to_the_log(zoho, sandbox, clock, connection, caplog) -> None:
    """Once, as a warning, without the token."""
    sandbox.clock.advance(HOUR_S)
    with (
        caplog.at_level(logging.WARNING),
        zoho.session(connection, clock=clock, on_token=Keeper(refuses=9)) as session,
    ):
        session.check()
        token = session.token

    (line,) = [record.getMessage() for record in caplog.records]
    assert "on_token raised OSError" in line
    assert token["access_token"] not in caplog.text


@pytest.mark.parametrize("refuses", [0, 1])
def test_a_coroutine_function_is_awaited(zoho, sandbox, clock, connection, refuses) -> None:
    """In an event loop it may await a database; what it raises is treated alike."""
    sandbox.clock.advance(HOUR_S)
    keeper = Keeper(refuses)

    async def keep(token: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        keeper(token)

    async def work() -> dict[str, Any]:
        async with zoho.async_session(connection, clock=clock, on_token=keep) as session:
            results = await asyncio.gather(*(session.check() for _ in range(20)))
            assert {result.status for result in results} == {200}
            return session.token

    token = asyncio.run(work())

    assert keeper.kept == [token]
    assert len(renewals(sandbox)) == 1


def test_a_session_for_threads_takes_no_coroutine_function(zoho, connection) -> None:
    """It would never be awaited: refused when the session is opened."""

    async def keep(_: dict[str, Any]) -> None:
        """Keep nothing."""

    with pytest.raises(ConnectionProblem, match="cannot await on_token"):
        zoho.session(connection, on_token=keep)


@pytest.mark.plan("S-306")
def test_with_a_store_only_the_one_who_renewed_hands_it_over(zoho, sandbox, clock, connection) -> None:
    """The other session finds it in the store: it was not issued to it."""
    sandbox.clock.advance(HOUR_S)
    store, keepers = MemoryStore(), [Keeper(), Keeper()]
    for keeper in keepers:
        with zoho.session(connection, clock=clock, token_store=store, on_token=keeper) as session:
            session.check()

    assert [keeper.asked for keeper in keepers] == [1, 0]


def test_it_may_ask_the_session_itself(zoho, sandbox, clock, connection) -> None:
    """A hook that uses the session does not wait for itself."""
    sandbox.clock.advance(HOUR_S)
    seen: list[int | None] = []
    with zoho.session(
        connection, clock=clock, on_token=lambda _: seen.append(session.check().status)
    ) as session:
        session.check()

    assert seen == [200]


def test_a_look_at_the_health_hands_its_token_over_too(zoho, sandbox, clock, connection) -> None:
    """Blocking and awaiting: what had to be renewed for the questions is not thrown away."""
    for look in (zoho.health, lambda *given, **how: asyncio.run(zoho.async_health(*given, **how))):
        sandbox.clock.advance(HOUR_S)
        keeper = Keeper()
        findings = look(connection, {}, clock=clock, on_token=keeper)

        assert findings
        assert len(keeper.kept) == 1
        connection = {**connection, "token": keeper.kept[0]}


@pytest.mark.plan("S-307")
def test_a_keeper_that_hangs_holds_no_call_for_ever(zoho, sandbox, clock, connection, monkeypatch) -> None:
    """After its time it counts as one that raised; the call goes on, and the next one hands over again."""
    monkeypatch.setattr(io_steps.HandToken.__new__, "__defaults__", (0.05,))
    sandbox.clock.advance(HOUR_S)
    asked: list[dict[str, Any]] = []

    async def keep(token: dict[str, Any]) -> None:
        asked.append(token)
        if len(asked) == 1:
            await asyncio.Event().wait()

    async def work() -> tuple[Any, Any]:
        async with zoho.async_session(connection, clock=clock, on_token=keep) as session:
            first = await session.check()
            clock.sleep(60.0)
            return first, await session.check()

    first, second = asyncio.run(work())

    assert "on_token raised TimeoutError" in first.warnings[0]
    assert not second.warnings
    assert len(asked) == 2

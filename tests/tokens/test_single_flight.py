"""However many callers see a token end, it is renewed once; whoever waits hears how it went."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector_runtime.base.values import SystemClock
from connector_runtime.errors import ConnectorError, DeadlineExceeded, ReconnectNeeded
from connector_runtime.stores import MemoryStore
from tokens.scene import HOUR_S, SteppedClock, entries, renewals

CALLERS = 1000
# Where each task came from is noted in a debugged loop: with a thousand of them that is most of the work.
QUICKLY = {"debug": False}
QUERY = {"query": "select Last_Name from Contacts where Last_Name is not null"}


@pytest.mark.plan("S-61")
def test_a_thousand_coroutines_renew_once(zoho, sandbox, clock, connection) -> None:
    """All of them see the token end, one asks for another, all are answered."""
    sandbox.clock.advance(HOUR_S)

    async def rush() -> list[int]:
        async with zoho.async_session(connection, clock=clock) as session:
            results = await asyncio.gather(*(session.check() for _ in range(CALLERS)))
        return [result.status for result in results]

    statuses = asyncio.run(rush(), **QUICKLY)

    assert statuses == [200] * CALLERS
    assert len(renewals(sandbox)) == 1
    assert {entry["status"] for entry in entries(sandbox, "crm")} == {200}


@pytest.mark.plan("S-61")
def test_a_thousand_coroutines_that_are_refused_renew_once(zoho, sandbox, clock, connection) -> None:
    """Nobody knew that the token had ended: every refusal is followed by one replay, none by a renewal of its own."""
    connection["token"].pop("expires_in")
    sandbox.clock.advance(HOUR_S)

    async def rush() -> list[list[str]]:
        async with zoho.async_session(connection, clock=clock) as session:
            results = await asyncio.gather(*(session.check() for _ in range(CALLERS)))
        return [[attempt.why for attempt in result.attempts] for result in results]

    ways = asyncio.run(rush(), **QUICKLY)

    assert {tuple(way) for way in ways} <= {("first", "token"), ("first",)}
    assert len(renewals(sandbox)) == 1


@pytest.mark.plan("S-61")
def test_fifty_threads_renew_once(zoho, sandbox, clock, connection) -> None:
    """Threads that share a session share its renewal."""
    sandbox.clock.advance(HOUR_S)

    with zoho.session(connection, clock=clock) as session, ThreadPoolExecutor(50) as pool:
        results = list(pool.map(lambda _: session.check(), range(500)))

    assert {result.status for result in results} == {200}
    assert len(renewals(sandbox)) == 1


def test_sessions_that_share_a_store_renew_once(zoho, sandbox, connection) -> None:
    """Twenty sessions of one process, each in a thread, find in the store what the first one got."""
    sandbox.clock.advance(HOUR_S)
    store, clock = MemoryStore(), SteppedClock(sandbox.clock.now())

    def work(_: int) -> int | None:
        with zoho.session(connection, clock=clock, token_store=store) as session:
            return session.check().status

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(work, range(20)))

    assert statuses == [200] * 20
    assert len(renewals(sandbox)) == 1


def test_a_failure_is_shared_too(zoho, sandbox, clock, connection) -> None:
    """A hundred callers wait for one renewal; when it is refused, each has an error of its own."""
    sandbox.clock.advance(HOUR_S)
    sandbox.tokens.revoke(connection["token"]["refresh_token"])

    async def rush() -> list[BaseException]:
        async with zoho.async_session(connection, clock=clock) as session:
            return await asyncio.gather(*(session.check() for _ in range(100)), return_exceptions=True)

    errors = asyncio.run(rush())

    assert {type(error) for error in errors} == {ReconnectNeeded}
    assert len({id(error) for error in errors}) == 100
    assert len(renewals(sandbox)) == 1


def test_a_renewal_outlives_the_caller_who_began_it(zoho, sandbox, clock, connection) -> None:
    """Cancelled in the middle, the call is gone, but the token that was issued is kept: the next call sends it."""
    sandbox.clock.advance(HOUR_S)
    sandbox.faults(fault="delay", path="/oauth/*", delay_s=0.3, after_work=True)

    async def cancel_and_call() -> int | None:
        async with zoho.async_session(connection, clock=clock) as session:
            call = asyncio.create_task(session.check())
            await asyncio.sleep(0.1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            return (await session.check()).status

    assert asyncio.run(cancel_and_call()) == 200
    assert len(renewals(sandbox)) == 1


def test_closing_waits_for_a_renewal_that_was_sent(zoho, sandbox, clock, connection) -> None:
    """Whoever cancels the call and closes the session at once still finds the new token in the store."""
    sandbox.clock.advance(HOUR_S)
    sandbox.faults(fault="delay", path="/oauth/*", delay_s=0.3, after_work=True)
    store = MemoryStore()

    async def cancel_and_close() -> None:
        async with zoho.async_session(connection, clock=clock, token_store=store) as session:
            call = asyncio.create_task(session.check())
            await asyncio.sleep(0.1)
            call.cancel()

    asyncio.run(cancel_and_close())
    with zoho.session(connection, clock=clock, token_store=store) as session:
        assert session.check().status == 200

    assert len(renewals(sandbox)) == 1


def test_a_caller_waits_no_longer_than_its_own_deadline(zoho, sandbox, clock, connection) -> None:
    """A slow renewal ends the impatient call; the patient one beside it gets the token."""
    sandbox.clock.advance(HOUR_S)
    connection["token"]["expires_at"] = 1.0
    sandbox.faults(fault="delay", path="/oauth/*", delay_s=0.4, after_work=True)

    async def rush() -> list[object]:
        async with zoho.async_session(connection, clock=SystemClock()) as session:
            patient = asyncio.create_task(session.check())
            hasty = asyncio.create_task(session.run("crmRunQuery", QUERY, deadline_s=0.1))
            return await asyncio.gather(patient, hasty, return_exceptions=True)

    patient, hasty = asyncio.run(rush())

    assert getattr(patient, "status", None) == 200
    assert isinstance(hasty, DeadlineExceeded)
    assert "renewed in the time" in hasty.message
    assert len(renewals(sandbox)) == 1


def test_a_thread_with_less_time_does_not_end_the_wait_of_others(zoho, sandbox, connection) -> None:
    """The one who asks for the token gives up; another one, who has time, asks again."""
    connection["token"]["expires_at"] = 1.0
    sandbox.faults(fault="delay", path="/oauth/*", delay_s=0.5)

    def work(deadline_s: float) -> str:
        try:
            return str(session.run("crmRunQuery", QUERY, deadline_s=deadline_s).status)
        except ConnectorError as problem:
            return problem.kind

    with zoho.session(connection) as session, ThreadPoolExecutor(2) as pool:
        hasty = pool.submit(work, 0.2)
        patient = pool.submit(work, 20.0)
        outcomes = [hasty.result(), patient.result()]

    assert outcomes == ["timeout", "200"]
    assert len(renewals(sandbox)) <= 2

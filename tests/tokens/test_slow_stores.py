"""A store that is locked, slow, full or gone costs a call no more than its time; a good token goes on without it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.errors import ConnectorError, StoreError
from connector_runtime.stores import Budget, Keys, MemoryStore, SqliteBudget, SqliteStore
from tokens.fleet import until
from tokens.scene import HOUR_S, renewals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connector_runtime.stores.ports import Entry

CALL_S = 1.0
# Far more than a call of a second takes on any machine, and less than a store's own patience.
LATE_S = 4.0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of a SQLite file, as another program may."""
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute("BEGIN EXCLUSIVE")
        yield


class Stuck(MemoryStore):
    """A store as a platform brings it, that answers when it is let go; the runtime cannot interrupt it."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def read(self, key: str) -> Entry | None:  # type: ignore[override]
        self.go.wait(60.0)
        return super().read(key)

    def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:  # type: ignore[override]
        self.go.wait(60.0)
        return super().write(key, document, version)


class StuckBudget(Budget):
    """A budget as a platform brings it for many processes; it answers when it is let go."""

    is_shared = True
    keeps_order = False

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def take(self, *given: Any, **how: Any) -> float | None:
        self.go.wait(60.0)
        return super().take(*given, **how)


def called(zoho: Any, connection: Any, how: str, **options: Any) -> Any:
    """Check a connection within a second; returns the result or the error, and how long it took."""

    async def awaited() -> Any:
        async with zoho.async_session(connection, deadline_s=CALL_S, **options) as session:
            return await session.check()

    started = time.monotonic()
    try:
        if how == "sync":
            with zoho.session(connection, deadline_s=CALL_S, **options) as session:
                result = session.check()
        else:
            result = asyncio.run(awaited())
    except ConnectorError as problem:
        result = problem
    return result, time.monotonic() - started


def ended(connection: dict[str, Any]) -> dict[str, Any]:
    """Return a connection whose token has ended."""
    return {**connection, "token": {**connection["token"], "expires_at": 1.0}}


@pytest.mark.plan("S-174")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("what", ["locked", "stuck"])
def test_a_call_ends_in_time_whatever_the_token_store_does(  # noqa: PLR0917  fixtures
    zoho, sandbox, connection, tmp_path: Path, keys: Keys, how: str, what: str
) -> None:
    """With a dead token the store is needed: the error says what was in the way, and nothing was sent."""
    sandbox.clock.thaw()
    if what == "locked":
        with closing(SqliteStore(tmp_path / "store", keys)) as store, locked(tmp_path / "store"):
            result, took_s = called(zoho, ended(connection), how, token_store=store)
    else:
        stuck = Stuck()
        result, took_s = called(zoho, ended(connection), how, token_store=stuck)
        stuck.go.set()

    assert took_s < LATE_S
    assert isinstance(result, StoreError)
    assert result.kind == "timeout"
    assert renewals(sandbox) == []


@pytest.mark.plan("S-174")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("what", ["locked", "stuck"])
def test_a_call_ends_in_time_whatever_the_budget_does(
    zoho, sandbox, connection, tmp_path: Path, how: str, what: str
) -> None:
    """Without its count nothing is sent; the next call, with a budget that answers, works."""
    sandbox.clock.thaw()
    if what == "locked":
        budget: Any = SqliteBudget(tmp_path / "budget")
        with locked(tmp_path / "budget"):
            result, took_s = called(zoho, connection, how, budget=budget)
    else:
        budget = StuckBudget()
        result, took_s = called(zoho, connection, how, budget=budget)
        budget.go.set()

    assert took_s < LATE_S
    assert isinstance(result, StoreError)
    assert result.kind == "timeout"
    assert sandbox.ledger() == []
    assert called(zoho, connection, how, budget=budget)[0].status == 200
    if what == "locked":
        budget.close()


@pytest.mark.plan("S-174")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("what", ["locked", "stuck"])
def test_a_good_token_goes_on_without_its_store(  # noqa: PLR0917  fixtures
    zoho, sandbox, connection, tmp_path: Path, keys: Keys, how: str, what: str
) -> None:
    """The call is made in its time, and its warnings say what was left out."""
    sandbox.clock.thaw()
    if what == "locked":
        with closing(SqliteStore(tmp_path / "store", keys)) as store, locked(tmp_path / "store"):
            result, took_s = called(zoho, connection, how, token_store=store)
    else:
        stuck = Stuck()
        result, took_s = called(zoho, connection, how, token_store=stuck)
        stuck.go.set()

    assert result.status == 200
    assert took_s < LATE_S
    assert any("with the token at hand" in warning for warning in result.warnings)


@pytest.mark.plan("S-174")
def test_what_could_not_be_given_back_is_given_back_later(tmp_path: Path) -> None:
    """A place whose end could not be written is free as soon as the file can be written again."""
    from connector_runtime.stores.budget import Rule

    budget, key, rule = SqliteBudget(tmp_path / "budget"), ("t", "api", "0", None), Rule(concurrency=1)
    take = {"now": 1e9, "hold_s": 60.0, "limit_s": 5.0}
    assert budget.take(key, rule, wake=print, holder="a", **take) is None
    with locked(tmp_path / "budget"), pytest.raises(StoreError):
        budget.give_back(key, "a", now=1e9, limit_s=0.05)

    assert budget.take(key, rule, wake=print, holder="b", **take) is None
    budget.close()


class FullAtTheEnd(MemoryStore):
    """A store that takes a lease, and then has no room for the token until it is given some."""

    has_room = False

    def write(self, key: str, document: Mapping[str, Any], version: int, **limit: Any) -> bool:
        if "token" in document and not self.has_room:
            raise OSError(28, "No space left on device")
        return super().write(key, document, version, **limit)

    @property
    def document(self) -> Mapping[str, Any]:
        (entry,) = self._entries.values()
        return entry.document


@pytest.mark.plan("S-175")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("when", ["at its close", "in the background"])
def test_a_renewed_token_is_stored_as_soon_as_that_can_be(  # noqa: PLR0917  fixtures
    zoho, sandbox, clock, connection, monkeypatch: pytest.MonkeyPatch, how: str, when: str
) -> None:
    """It is used at once, with a warning; the session stores it later, and asks for no other one."""
    monkeypatch.setattr(f"connector_runtime.session.{'async_' if how == 'async' else ''}store_calls.AGAIN_S", (0.05,) * 200)
    sandbox.clock.advance(HOUR_S)
    store, options = FullAtTheEnd(), {"clock": clock}

    def is_stored() -> bool:
        return "token" in store.document

    async def awaited() -> Any:
        async with zoho.async_session(connection, token_store=store, **options) as session:
            result = await session.check()
            assert not is_stored()
            store.has_room = True
            if when == "in the background":
                await asyncio.to_thread(until, is_stored)
        return result

    if how == "async":
        result = asyncio.run(awaited())
    else:
        with zoho.session(connection, token_store=store, **options) as session:
            result = session.check()
            assert not is_stored()
            store.has_room = True
            if when == "in the background":
                until(is_stored)

    assert any("No space left" in warning for warning in result.warnings)
    assert is_stored()
    assert len(renewals(sandbox)) == 1


@pytest.mark.plan("S-175")
def test_the_next_call_stores_what_could_not_be_stored(zoho, sandbox, clock, connection) -> None:
    """A moment later the store is asked again, without another renewal."""
    sandbox.clock.advance(HOUR_S)
    store = FullAtTheEnd()
    session = zoho.session(connection, clock=clock, token_store=store)
    session.check()
    session._driver.close()
    store.has_room = True

    sandbox.clock.advance(6.0)
    result = session.check()

    assert "token" in store.document
    assert list(result.warnings) == []
    assert len(renewals(sandbox)) == 1
    session.close()

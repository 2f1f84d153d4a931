"""Every token store does the same two things; what a platform brings of its own does, too."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary
from connector_runtime.conversation.tokens.renewal import LEASE_S
from connector_runtime.errors import ConnectionProblem, StoreError
from connector_runtime.stores import Keys, MemoryStore, SqliteStore
from connector_runtime.stores.ports import Entry
from connector_runtime.stores.token_state import REMOVED
from tokens.scene import HOUR_S, SteppedClock, renewals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = "tenant/0123456789abcdef"


def is_empty(entry: Entry | None) -> bool:
    """Return whether a store has nothing; one with a clock says its time even then."""
    return entry is None or (entry.version, entry.document) == (0, {})


def test_what_is_written_is_read(store: Any) -> None:
    """A document comes back as it was, under the next version."""
    document = {"token": {"access_token": canary("access token"), "expires_at": 1.5, "scope": "ä\n"}}

    assert is_empty(store.read(KEY))
    assert store.write(KEY, document, 0)
    entry = store.read(KEY)

    assert (entry.version, entry.document) == (1, document)
    assert is_empty(store.read("another/0123456789abcdef"))


def test_only_who_knows_the_version_writes(store: Any) -> None:
    """Whoever has not seen the last change changes nothing."""
    assert store.write(KEY, {"token": {"access_token": "one"}}, 0)

    assert not store.write(KEY, {"token": {"access_token": "two"}}, 0)
    assert not store.write(KEY, {"token": {"access_token": "two"}}, 2)
    assert store.read(KEY).document == {"token": {"access_token": "one"}}
    assert store.write(KEY, {REMOVED: True}, 1)
    assert not store.write(KEY, {"token": {"access_token": "two"}}, 1)
    assert store.read(KEY).version == 2


def test_of_many_who_write_at_once_one_succeeds(store: Any) -> None:
    """Twenty threads want to replace the same version, a hundred times over."""
    with ThreadPoolExecutor(20) as pool:
        for version in range(100):
            done = list(pool.map(lambda n, v=version: store.write(KEY, {"n": n}, v), range(20)))
            assert done.count(True) == 1
            assert store.read(KEY).document == {"n": done.index(True)}


def test_a_store_does_not_show_what_it_holds(store: Any) -> None:
    """Neither a store nor what it gives prints a token."""
    secret = canary("access token")
    store.write(KEY, {"token": {"access_token": secret}}, 0)

    assert secret not in f"{store!r} {store.read(KEY)!r}"


class _Own:
    """What a platform writes: one row a connection, replaced only if nobody else has."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[int, Mapping[str, Any]]] = {}

    def read(self, key: str) -> Entry | None:
        return Entry(*self.rows[key]) if key in self.rows else None

    def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:
        if self.rows.get(key, (0,))[0] != version:
            return False
        self.rows[key] = (version + 1, document)
        return True


class _OwnAwaited(_Own):
    async def read(self, key: str) -> Entry | None:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().read(key)

    async def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().write(key, document, version)


@pytest.mark.parametrize("own", [_Own, _OwnAwaited])
def test_a_platform_brings_a_store_of_its_own(zoho, sandbox, clock, connection, own: type[Any]) -> None:
    """Two methods are enough, blocking or awaited: the second session finds what the first one got."""
    sandbox.clock.advance(HOUR_S)
    store = own()

    async def check() -> int | None:
        async with zoho.async_session(connection, clock=clock, token_store=store) as session:
            return (await session.check()).status

    assert [asyncio.run(check()) for _ in range(3)] == [200] * 3
    assert len(renewals(sandbox)) == 1
    ((version, document),) = store.rows.values()
    assert version == 2
    assert set(document) == {"token"}


def test_a_session_for_threads_refuses_a_store_for_event_loops(zoho, connection) -> None:
    """It could never wait for the answer, and says so when it is opened."""
    with pytest.raises(ConnectionProblem) as caught:
        zoho.session(connection, token_store=_OwnAwaited())

    assert "event loops" in caught.value.message


@pytest.mark.parametrize("trouble", [OSError("disk full"), StoreError("The store is closed for lunch.")])
@pytest.mark.parametrize("at", ["read", "write"])
def test_a_store_that_does_not_answer_is_an_error_of_its_own(
    zoho, sandbox, clock, connection, at, trouble
) -> None:
    """With a dead token the call ends and says why; nothing was sent to the vendor."""

    class Broken(_Own):
        pass

    def fail(self: Any, *_: Any) -> None:
        raise trouble

    setattr(Broken, at, fail)
    sandbox.clock.advance(HOUR_S)

    with (
        zoho.session(connection, clock=clock, token_store=Broken()) as session,
        pytest.raises(StoreError) as caught,
    ):
        session.check()

    assert caught.value.kind == "config"
    assert caught.value.__cause__ is None
    assert sandbox.ledger() == []


def test_a_live_token_is_used_although_the_store_does_not_answer(zoho, sandbox, clock, connection) -> None:
    """Nobody needs a store for a token that is good."""

    class Broken(_Own):
        def read(self, key: str) -> Entry | None:
            raise OSError(key)

    with zoho.session(connection, clock=clock, token_store=Broken()) as session:
        assert session.check().status == 200


def test_a_token_that_cannot_be_stored_is_still_used(zoho, sandbox, clock, connection) -> None:
    """It was issued, so the call goes on with it; the next process asks again."""

    class Forgetful(_Own):
        def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:
            if "lease" in document:
                return super().write(key, document, version)
            raise OSError("disk full")

    sandbox.clock.advance(HOUR_S)

    with zoho.session(connection, clock=clock, token_store=Forgetful()) as session:
        assert [session.check().status for _ in range(3)] == [200] * 3

    assert len(renewals(sandbox)) == 1


def test_a_lease_of_a_call_that_ended_is_given_back(zoho, sandbox, clock, connection) -> None:
    """Interrupted while it waits for the vendor, a call leaves no lease behind."""
    sandbox.clock.advance(HOUR_S)
    store = MemoryStore()
    session = zoho.session(connection, clock=clock, token_store=store)

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    session._sender.send = interrupt
    with pytest.raises(KeyboardInterrupt):
        session.check()

    (entry,) = store._entries.values()
    assert "lease" not in entry.document
    session.close()


def test_the_clock_of_redis_counts_for_leases(empty_redis: str, keys: Keys) -> None:
    """A server that many machines share says its own time with every answer."""
    import redis

    from connector_runtime.stores import RedisStore

    store = RedisStore(empty_redis, keys)
    store.write(KEY, {"a": 1}, 0)
    with redis.Redis.from_url(empty_redis) as client:
        seconds, _ = client.time()

    entry = store.read(KEY)

    assert entry is not None
    assert entry.now is not None
    assert abs(entry.now - seconds) < 10
    store.close()


@pytest.mark.plan("S-70")
@pytest.mark.parametrize("ahead_s", [-7200.0, 7200.0])
def test_the_first_lease_ends_by_the_clock_of_redis(
    zoho, sandbox, connection, empty_redis: str, keys: Keys, ahead_s: float
) -> None:
    """Whoever renews first with a wrong clock leaves a lease that others neither overlook nor wait for too long."""
    from connector_runtime.stores import RedisStore

    leases = []

    class Watching(RedisStore):
        def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:
            if "lease" in document:
                leases.append(document["lease"]["until"] - self.read(key).now)
            return super().write(key, document, version)

    sandbox.clock.advance(HOUR_S)
    store, clock = Watching(empty_redis, keys), SteppedClock(sandbox.clock.now() + ahead_s)
    connection["token"]["expires_at"] = 1.0
    with closing(store), zoho.session(connection, clock=clock, token_store=store) as session:
        assert session.check().status == 200

    (left_s,) = leases
    assert LEASE_S - 5 < left_s <= LEASE_S


def test_what_lies_in_redis_is_sealed(empty_redis: str, keys: Keys) -> None:
    """Whoever looks into the server sees no token."""
    import redis

    from connector_runtime.stores import RedisStore

    store, secret = RedisStore(empty_redis, keys), canary("refresh token")
    store.write(KEY, {"token": {"refresh_token": secret}}, 0)
    with redis.Redis.from_url(empty_redis) as client:
        everything = b"".join(client.dump(key) for key in client.scan_iter())
    store.close()

    assert secret.encode() not in everything
    with pytest.raises(StoreError):
        RedisStore(empty_redis, Keys([Keys.new()])).read(KEY)


def test_a_redis_server_that_is_not_there_is_named_without_its_password(keys: Keys) -> None:
    """The address may hold a password, so the error does not repeat it."""
    pytest.importorskip("redis")
    from connector_runtime.stores import RedisStore

    secret = canary("redis password")
    store = RedisStore(f"redis://:{secret}@127.0.0.1:1/0", keys)

    with pytest.raises(StoreError) as caught:
        store.read(KEY)

    assert secret not in f"{caught.value} {caught.value!r}"


def test_connections_are_kept_by_name(tmp_path: Path, keys: Keys) -> None:
    """Kept, found, renamed and removed; the newest token comes with it."""
    store = SqliteStore(tmp_path / "store.sqlite", keys)
    token = {"access_token": canary("access token"), "refresh_token": canary("refresh token")}
    given = {"key": "sandbox", "fields": {"port": 1}, "token": token, "context": {"location": "us"}}

    store.save("first", given)
    store.save("second", {**given, "token": {}})
    store.rename("first", "Erste Verbindung")

    assert store.names() == ["Erste Verbindung", "second"]
    assert store.connection("Erste Verbindung") == {**given, "name": "Erste Verbindung"}
    store.remove("Erste Verbindung")
    with pytest.raises(StoreError, match="no connection called"):
        store.connection("Erste Verbindung")
    with pytest.raises(StoreError, match="no connection called"):
        store.remove("first")
    store.close()


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "a\x00b", "x" * 101])
def test_a_name_can_be_read_by_people(tmp_path: Path, keys: Keys, name: str) -> None:
    """Empty, endless and unprintable names are refused."""
    store = SqliteStore(tmp_path / "store.sqlite", keys)

    with pytest.raises(StoreError, match="cannot be called"):
        store.save(name, {"key": "sandbox"})
    store.close()


def test_a_kept_connection_has_the_newest_token(
    zoho, sandbox, clock, connection, tmp_path: Path, keys: Keys
) -> None:
    """What sessions renewed is what one gets, also under another name and after a change."""
    store = SqliteStore(tmp_path / "store.sqlite", keys)
    store.save("shop", connection)
    for name in ("shop", "new shop"):
        sandbox.clock.advance(HOUR_S)
        with zoho.session(store.connection(name), clock=clock, token_store=store) as session:
            assert session.check().status == 200
            newest = session.token
        assert store.connection(name)["token"]["access_token"] == newest["access_token"]
        if name == "shop":
            store.rename("shop", "new shop")
            store.rename("new shop", "shop")
            store.rename("shop", "new shop")
    store.close()

    assert len(renewals(sandbox)) == 2


@pytest.mark.plan("S-73")
def test_a_removed_connection_gets_no_token_any_more(
    zoho, sandbox, clock, connection, tmp_path: Path, keys: Keys
) -> None:
    """A session that is still open is told to connect again; the vendor is not asked."""
    store = SqliteStore(tmp_path / "store.sqlite", keys)
    store.save("shop", connection)
    session = zoho.session(store.connection("shop"), clock=clock, token_store=store)
    assert session.check().status == 200

    store.remove("shop")
    sandbox.clock.advance(HOUR_S)
    with session, pytest.raises(ConnectionProblem) as caught:
        session.check()

    assert (caught.value.kind, caught.value.message) == ("auth_revoked", "The connection was removed.")
    assert renewals(sandbox) == []
    store.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_store_is_used_across_a_fork(tmp_path: Path) -> None:
    """A child opens the file anew; parent and child see each other's writes."""
    secret = Keys.new().reveal()
    store = SqliteStore(tmp_path / "store.sqlite", Keys([secret]))
    store.write(KEY, {"from": "parent"}, 0)

    child = multiprocessing.get_context("fork").Process(target=_write_with, args=(store,))
    child.start()
    child.join()

    assert child.exitcode == 0
    assert store.read(KEY) == Entry(2, {"from": "child"})
    store.close()


def _write_with(store: SqliteStore) -> None:
    assert store.write(KEY, {"from": "child"}, 1)

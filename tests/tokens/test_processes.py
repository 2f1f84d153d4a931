"""Processes that share a connection share its token: one renewal, whoever is killed or frozen."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.conversation.tokens.renewal import LEASE_S
from connector_runtime.stores import Keys, SqliteStore
from tokens.fleet import FileClock, Fleet, statuses, until
from tokens.scene import HOUR_S, entries, last, renewals

if TYPE_CHECKING:
    from pathlib import Path

    from zoho_sandbox import Sandbox

PROCESSES = 8
CALLERS = 50


class Harbour:
    """A sandbox, its time as every process sees it, and the store that they share."""

    def __init__(self, sandbox: Sandbox, connection: dict[str, Any], folder: Path) -> None:
        self.sandbox = sandbox
        self.clock = FileClock.make(folder / "clock", sandbox.clock.now())
        self.keys = [Keys.new().reveal()]
        self.given = {
            "connection": connection,
            "store": str(folder / "tokens.sqlite"),
            "clock": str(folder / "clock"),
            "keys": self.keys,
        }

    def at_redis(self, address: str) -> Harbour:
        """Keep the tokens in Redis, whose own time then counts for leases."""
        self.given["redis"] = address
        return self

    def pass_time(self, seconds: float) -> None:
        """Let time pass for vendor and processes alike."""
        self.sandbox.clock.advance(seconds)
        self.clock.set(self.sandbox.clock.now())

    def store(self) -> SqliteStore:
        """Open the store beside the processes."""
        return SqliteStore(self.given["store"], Keys(self.keys))

    def fleet(self, size: int, **more: Any) -> Fleet:
        """Start processes."""
        return Fleet(*[{**self.given, **more} for _ in range(size)])


@pytest.fixture
def harbour(sandbox: Sandbox, connection: dict[str, Any], tmp_path: Path) -> Harbour:
    """Everything a fleet needs."""
    return Harbour(sandbox, connection, tmp_path)


@pytest.fixture(params=["sqlite", "redis"])
def any_harbour(request: pytest.FixtureRequest, harbour: Harbour) -> Harbour:
    """A fleet's needs with each store that processes can share."""
    return harbour.at_redis(request.getfixturevalue("empty_redis")) if request.param == "redis" else harbour


@pytest.mark.plan("S-62")
@pytest.mark.parametrize("rounds", [10, pytest.param(100, marks=pytest.mark.long)])
def test_eight_processes_of_fifty_callers_renew_once(any_harbour: Harbour, rounds: int, score) -> None:
    """Each time the token ends, four hundred callers want another, and the vendor is asked once."""
    counts = []

    with any_harbour.fleet(PROCESSES) as fleet:
        for number in range(rounds):
            any_harbour.pass_time(HOUR_S)
            before = last(any_harbour.sandbox)
            where = ("threads", "loop")[number % 2]
            assert statuses(fleet.all(CALLERS, where=where).items()) == {"200": PROCESSES * CALLERS}
            counts.append(len(renewals(any_harbour.sandbox, before)))

    score("refreshes_asked", rounds * PROCESSES * CALLERS)
    score("refreshes", sum(counts))
    assert counts == [1] * rounds


DEATHS = {
    "before it looks": ("before", "read", 1),
    "after it looked": ("after", "read", 1),
    "before it takes the lease": ("before", "write", 1),
    "with the lease, before it asks": ("after", "write", 1),
    "with the answer, before it stores it": ("before", "write", 2),
    "as soon as it is stored": ("after", "write", 2),
}


@pytest.mark.plan("S-63")
@pytest.mark.parametrize("point", DEATHS)
def test_whoever_is_killed_is_followed_by_another(harbour: Harbour, point: str) -> None:
    """Killed anywhere on its way, the first one leaves nobody waiting; at most one renewal is lost."""
    harbour.pass_time(HOUR_S)

    with Fleet({**harbour.given, "dies": DEATHS[point]}, harbour.given) as fleet:
        mortal, heir = fleet.ships
        mortal.tell(5)
        mortal.process.wait()
        heir.tell(CALLERS)
        harbour.pass_time(LEASE_S + 1)
        said = heir.hear()

    assert mortal.process.returncode == -signal.SIGKILL
    assert statuses(said.items()) == {"200": CALLERS}
    assert 1 <= len(renewals(harbour.sandbox)) <= 2


@pytest.mark.long
@pytest.mark.plan("S-63")
def test_whoever_is_killed_is_followed_when_the_time_of_redis_has_passed(
    harbour: Harbour, empty_redis: str
) -> None:
    """No clock of ours counts there: the lease of the dead ends after as many real seconds as it lasts."""
    harbour.at_redis(empty_redis).pass_time(HOUR_S)
    began = time.monotonic()

    with Fleet({**harbour.given, "dies": DEATHS["with the lease, before it asks"]}, harbour.given) as fleet:
        mortal, heir = fleet.ships
        mortal.tell(5)
        mortal.process.wait()
        heir.tell(CALLERS)
        said = heir.hear()

    assert statuses(said.items()) == {"200": CALLERS}
    assert len(renewals(harbour.sandbox)) == 1
    assert time.monotonic() - began > LEASE_S - 2


@pytest.mark.plan("S-64")
def test_a_frozen_holder_is_overtaken_and_takes_the_newer_token(harbour: Harbour) -> None:
    """Frozen after the vendor has answered, it finds a newer token when it wakes, and does not store its own."""
    harbour.pass_time(HOUR_S)
    harbour.sandbox.faults(fault="delay", path="/oauth/*", delay_s=0.5, after_work=True)

    with harbour.fleet(2) as fleet, closing(harbour.store()) as store:
        frozen, other = fleet.ships
        frozen.tell(5)
        until(lambda: renewals(harbour.sandbox))
        frozen.kill(signal.SIGSTOP)
        other.tell(CALLERS)
        harbour.pass_time(LEASE_S + 1)
        assert statuses(other.hear().items()) == {"200": CALLERS}
        key = only_key(store)
        newer = store.read(key)
        frozen.kill(signal.SIGCONT)
        assert statuses(frozen.hear().items()) == {"200": 5}
        after = store.read(key)

    assert newer is not None
    assert after is not None
    assert (after.version, after.document) == (newer.version, newer.document)
    used = {entry["token_id"] for entry in entries(harbour.sandbox, "crm")}
    assert len(used) == 1
    assert len(renewals(harbour.sandbox)) == 2


@pytest.mark.plan("S-64")
def test_nobody_waits_for_a_frozen_holder_longer_than_its_lease(harbour: Harbour) -> None:
    """As long as the lease runs, others wait; when it has run out, they go on at once."""
    harbour.pass_time(HOUR_S)

    with Fleet({**harbour.given, "dies": DEATHS["with the lease, before it asks"]}, harbour.given) as fleet:
        frozen, other = fleet.ships
        frozen.tell(1)
        frozen.process.wait()
        other.tell(1)
        harbour.pass_time(LEASE_S - 2)
        time.sleep(0.2)  # it has looked many times by now
        assert renewals(harbour.sandbox) == []
        harbour.pass_time(3)
        said = other.hear()

    assert statuses(said.items()) == {"200": 1}
    assert len(renewals(harbour.sandbox)) == 1


@pytest.mark.plan("S-71")
@pytest.mark.parametrize("hours", [10, pytest.param(24, marks=pytest.mark.long)])
def test_many_hours_need_one_renewal_an_hour(any_harbour: Harbour, hours: int) -> None:
    """Eight processes work for hours: the least possible number of renewals, and nobody's token is killed."""
    steps_an_hour = 3

    with any_harbour.fleet(PROCESSES) as fleet:
        for _ in range(hours * steps_an_hour):
            any_harbour.pass_time(HOUR_S / steps_an_hour)
            assert statuses(fleet.all(5).items()) == {"200": PROCESSES * 5}

    assert len(renewals(any_harbour.sandbox)) == hours
    assert {entry["status"] for entry in entries(any_harbour.sandbox, "crm")} == {200}


def only_key(store: SqliteStore) -> str:
    """Return the one key that a store holds."""
    with store._file.reading() as sql:
        ((key,),) = sql.execute("SELECT key FROM tokens").fetchall()
    return str(key)

"""Renewals interleaved by chance, step by step: the newest token wins, and nothing that was removed comes back.

The conversations are driven by hand, without network, threads or time: each step of each
process is one move, and the order of moves is drawn from a seed.
"""

from __future__ import annotations

import json
import random
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.access.connections import Channel, Connection, Freshness
from connector_runtime.base.bodies import opened
from connector_runtime.base.messages import Reply
from connector_runtime.conversation.io_steps import ReadToken, Send, Sleep, WriteToken
from connector_runtime.conversation.tokens.renewal import Renewal
from connector_runtime.errors import ReconnectNeeded
from connector_runtime.stores import MemoryStore
from connector_runtime.stores import token_state as grants
from connector_runtime.stores.token_state import REMOVED
from engine.shop import action, model_of
from engine.test_tokens import OAUTH

if TYPE_CHECKING:
    from connector_runtime.stores.ports import Entry

MODEL = model_of(action("create"), connection=OAUTH)
GIVEN = {
    "key": "oauth",
    "name": "tenant",
    "fields": {"clientId": "c", "clientSecret": "client-secret-1"},
    "token": {"access_token": "token-0", "refresh_token": "grant-1", "expires_at": 1.0, "issued_at": 1.0},
}
START = 1_750_000_000.0


class Time:
    """Moved by the moves."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> float:
        return self.time

    monotonic = now


class Vendor:
    """Counts what it issues; dates its replies when it issues, not when they arrive."""

    def __init__(self, clock: Time, *, rotates: bool = False) -> None:
        self.clock = clock
        self.issued = 0
        self.rotates = rotates
        self.grant = "grant-1"

    def answer(self, body: str) -> Reply:
        if self.rotates and f"refresh_token={self.grant}&" not in body + "&":
            return reply({"error": "invalid_code"}, self.clock.time)
        self.issued += 1
        said = {"access_token": f"token-{self.issued}", "expires_in": 3600}
        if self.rotates:
            self.grant = f"grant-{self.issued + 1}"
            said["refresh_token"] = self.grant
        return reply(said, self.clock.time)


def reply(said: dict[str, Any], at: float) -> Reply:
    headers = (("date", formatdate(at, usegmt=True)),)
    return Reply(200, headers, json.dumps(said).encode())


class Process:
    """One renewal in one process; `move` does its next step."""

    def __init__(self, store: MemoryStore, vendor: Vendor, clock: Time, luck: random.Random) -> None:
        self.channel = Channel(MODEL, Connection.from_dict(GIVEN))
        self.channel.use_store()
        self._store, self._vendor, self._clock = store, vendor, clock
        self._steps = Renewal(self.channel, clock, luck).run(10_000.0)  # type: ignore[arg-type]
        self._answer: Any = None
        self.is_done = False
        self.outcome: Any = None

    def move(self) -> None:
        try:
            step = self._steps.send(self._answer)
        except StopIteration as end:
            self.is_done, self.outcome = True, end.value
            return
        self._answer = self._of(step)

    def _of(self, step: Any) -> Any:
        if isinstance(step, ReadToken):
            return self._store.read(step.key)
        if isinstance(step, WriteToken):
            return self._store.write(step.key, grants.opened(step.document), step.version)
        if isinstance(step, Send):
            return self._vendor.answer(b"".join(map(opened, step.outgoing.body.chunks())).decode())  # type: ignore[union-attr]
        assert isinstance(step, Sleep)
        self._clock.time += step.seconds
        return None


def number_of(entry: Entry | None) -> int:
    token = (entry.document.get("token") or {}) if entry else {}
    return int(token.get("access_token", "token-0").partition("-")[2])


def key_of(process: Process) -> str:
    assert process.channel.store_key is not None
    return process.channel.store_key


@pytest.mark.plan("S-69")
@pytest.mark.parametrize("seeds", [range(1000)], ids=["1000 orders"])
def test_a_slow_renewal_never_replaces_a_newer_token(seeds: range) -> None:
    """Four processes, leases that end early, replies that arrive late: the store only ever gets newer tokens."""
    overtaken = 0
    for seed in seeds:
        luck = random.Random(seed)
        clock, store = Time(), MemoryStore()
        vendor = Vendor(clock)
        processes = [Process(store, vendor, clock, luck) for _ in range(4)]
        newest = 0
        while any(not process.is_done for process in processes):
            luck.choice([one for one in processes if not one.is_done]).move()
            clock.time += luck.choice([0.0, 0.2, 2.0, 40.0])
            found = number_of(store.read(key_of(processes[0])))
            assert found >= newest, seed
            newest = found
        overtaken += vendor.issued > 1
        assert [process.outcome for process in processes] == [None] * 4
        assert all(process.channel.freshness(clock) is not Freshness.INVALID for process in processes)
    assert overtaken > len(seeds) / 10


@pytest.mark.plan("S-69")
def test_two_processes_without_mishap_renew_once() -> None:
    """Whatever the order of their steps, as long as nobody is slower than the lease."""
    for seed in range(300):
        luck = random.Random(seed)
        clock, store = Time(), MemoryStore()
        vendor = Vendor(clock)
        processes = [Process(store, vendor, clock, luck) for _ in range(3)]
        while any(not process.is_done for process in processes):
            luck.choice([one for one in processes if not one.is_done]).move()

        assert vendor.issued == 1
        assert {str(one.channel.token.access and one.channel.token.access.reveal()) for one in processes} == {
            "token-1"
        }


@pytest.mark.plan("S-69")
def test_a_vendor_that_exchanges_grants_loses_none() -> None:
    """A holder that was overtaken brings the only good grant: it is stored, and the others find it."""
    clock, store, luck = Time(), MemoryStore(), random.Random(1)
    vendor = Vendor(clock, rotates=True)
    slow, other = (Process(store, vendor, clock, luck) for _ in range(2))
    while vendor.issued == 0:
        slow.move()
    clock.time += 31.0
    while not other.is_done:
        other.move()
    while not slow.is_done:
        slow.move()

    late = Process(store, vendor, clock, luck)
    while not late.is_done:
        late.move()

    assert isinstance(other.outcome, ReconnectNeeded)
    assert (slow.outcome, late.outcome) == (None, None)
    assert late.channel.token.refresh is not None
    assert late.channel.token.refresh.reveal() == vendor.grant
    assert key_of(late) == key_of(slow)


@pytest.mark.plan("S-73")
@pytest.mark.parametrize("races", [500])
def test_what_was_removed_is_never_put_back(races: int) -> None:
    """A connection removed at any moment of a renewal stays removed, and its holders are told."""
    told = 0
    for seed in range(races):
        luck = random.Random(seed)
        clock, store = Time(), MemoryStore()
        vendor = Vendor(clock)
        processes = [Process(store, vendor, clock, luck) for _ in range(2)]
        key, is_removed = key_of(processes[0]), False
        while any(not process.is_done for process in processes):
            if not is_removed and luck.random() < 0.15:
                entry = store.read(key)
                is_removed = store.write(key, {REMOVED: True}, entry.version if entry else 0)
            luck.choice([one for one in processes if not one.is_done]).move()
            entry = store.read(key)
            assert not is_removed or (entry is not None and entry.document == {REMOVED: True}), seed
        told += sum(isinstance(process.outcome, ReconnectNeeded) for process in processes)
    assert told > races / 4


@pytest.mark.plan("S-73")
def test_a_connection_made_anew_is_not_given_the_old_grants_token() -> None:
    """The old grant's renewal ends while the new one is in use: they lie under different keys."""
    clock, store, luck = Time(), MemoryStore(), random.Random(1)
    vendor = Vendor(clock)
    old = Process(store, vendor, clock, luck)
    while vendor.issued == 0:
        old.move()
    anew = {
        **GIVEN,
        "token": {
            "access_token": "another",
            "refresh_token": "grant-of-another",
            "expires_at": START + 9_999,
        },
    }
    channel = Channel(MODEL, Connection.from_dict(anew))
    channel.use_store()
    while not old.is_done:
        old.move()

    assert channel.store_key != old.channel.store_key
    assert store.read(str(channel.store_key)) is None
    assert channel.token.access is not None
    assert channel.token.access.reveal() == "another"


def test_two_tenants_under_one_name_never_meet() -> None:
    """A platform that calls two connections alike by mistake still has two grants, so two keys."""
    channels = [
        Channel(MODEL, Connection.from_dict({**GIVEN, "token": {"refresh_token": grant}}))
        for grant in ("one", "two")
    ]
    for channel in channels:
        channel.use_store()

    assert len({channel.store_key for channel in channels}) == 2
    assert all("one" not in str(channel.store_key).partition("/")[2] for channel in channels)

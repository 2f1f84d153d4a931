"""A resolver that hangs costs a bounded number of threads, and no error but ours."""

from __future__ import annotations

import _thread
import asyncio
import socket
import sys
import threading
from contextlib import contextmanager
from traceback import walk_stack
from typing import TYPE_CHECKING

import pytest

from connector_runtime.base.messages import Failure, Outgoing
from connector_runtime.base.values import Certainty
from connector_runtime.transport import resolver as resolving
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.resolver import THREADS_MAX, THREADS_PER_HOST, Resolver
from connector_runtime.transport.sync_transport import SyncSender
from faults.conftest import WIRES, Caller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

HOSTS = [f"https://stuck-{number}.example" for number in range(40)]


class Stuck:
    """The system's resolver, hanging until it is released.

    Attributes:
        asked: The hosts that it was asked for.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.released = threading.Event()

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[object]:
        self.asked.append(host)
        assert self.released.wait(30)
        return []


@pytest.fixture
def stuck(monkeypatch) -> Iterator[Stuck]:
    """Give a resolver that hangs, and a process that has looked up nothing yet."""
    one = Stuck()
    monkeypatch.setattr(socket, "getaddrinfo", one.getaddrinfo)
    monkeypatch.setattr(resolving, "_resolver", Resolver())
    yield one
    one.released.set()
    assert _until(lambda: not threads())


def threads() -> list[FrameType]:
    """Return the threads that look up hosts, each by its outermost frame."""
    outermost = [list(walk_stack(frame))[-1][0] for frame in sys._current_frames().values()]
    return [frame for frame in outermost if frame.f_code is Resolver._work.__code__]


@contextmanager
def calling(kind: str, *hosts: str) -> Iterator[Caller]:
    """Give a caller of hosts that are not on this machine."""
    caller = Caller(kind, hosts[0], loopback=False)
    caller._sender._hosts = frozenset(hosts)
    yield caller
    caller.close()


@pytest.mark.plan("S-191")
@pytest.mark.parametrize("kind", WIRES)
def test_all_who_ask_for_a_host_wait_for_one_look_up(stuck, kind, score):
    """Forty calls that give up one after the other leave one thread behind, not forty."""
    with calling(kind, "https://stuck.example") as caller:
        failures = [
            caller.send(Outgoing("GET", "https://stuck.example/x"), timeout_s=0.01) for _ in range(40)
        ]

    assert {(failure.kind, failure.certainty) for failure in failures} == {("timeout", Certainty.NOT_SENT)}
    assert (stuck.asked, len(threads())) == (["stuck.example"], 1)
    score("stuck_look_ups", 40)
    score("stuck_threads", len(threads()))


@pytest.mark.plan("S-191")
@pytest.mark.parametrize("kind", WIRES)
def test_however_many_hosts_hang_their_threads_are_few(stuck, kind, score):
    """Beyond the bound a call waits its time for a thread, and knows that it was not sent."""
    with calling(kind, *HOSTS) as caller:
        failures = [caller.send(Outgoing("GET", f"{host}/x"), timeout_s=0.01) for host in HOSTS]

    assert {(failure.kind, failure.certainty) for failure in failures} == {("timeout", Certainty.NOT_SENT)}
    assert len(threads()) == len(stuck.asked) == THREADS_MAX
    score("stuck_look_ups", 40)
    score("stuck_threads", THREADS_MAX)


@pytest.mark.plan("S-191")
def test_what_nobody_waits_for_any_more_is_not_looked_up(stuck):
    """When threads are free again, they serve who is there, and then end."""
    with calling("sync", *HOSTS) as caller:
        for host in HOSTS:
            caller.send(Outgoing("GET", f"{host}/x"), timeout_s=0.01)
    stuck.released.set()

    assert _until(lambda: not threads())
    assert len(stuck.asked) == THREADS_MAX


@pytest.mark.plan("S-191")
def test_a_look_up_that_may_never_end_does_not_block_its_host_for_ever(stuck, monkeypatch):
    """After a while one more is begun beside it, and no more than that."""
    monkeypatch.setattr(resolving, "STALE_S", 0.0)
    with calling("sync", "https://stuck.example") as caller:
        for _ in range(10):
            caller.send(Outgoing("GET", "https://stuck.example/x"), timeout_s=0.01)

    assert stuck.asked == ["stuck.example"] * THREADS_PER_HOST


@pytest.mark.plan("S-191")
@pytest.mark.parametrize("kind", WIRES)
def test_a_machine_without_threads_is_a_failure_of_ours(stuck, monkeypatch, kind):
    """Nothing foreign is raised: nothing was sent, and the reason is said."""

    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    with calling(kind, "https://stuck.example") as caller:
        with monkeypatch.context() as refused:
            refused.setattr(_thread, "start_new_thread", refuse)
            failures = [
                caller.send(Outgoing("GET", "https://stuck.example/x"), timeout_s=5.0) for _ in range(3)
            ]
        later = caller.send(Outgoing("GET", "https://stuck.example/x"), timeout_s=0.01)

    words = "No connection to stuck.example: the machine gives no thread to look up the host name in."
    assert failures == [Failure(Certainty.NOT_SENT, "network", words)] * 3
    assert later.kind == "timeout"
    assert stuck.asked == ["stuck.example"]


@pytest.mark.plan("S-191")
def test_everybody_who_waits_gets_the_answer(stuck):
    """One look-up answers threads and event loops alike."""
    get = Outgoing("GET", "https://stuck.example/x")
    hosts = {"https://stuck.example"}
    results: list[object] = []

    async def awaited() -> None:
        async with AsyncSender(hosts) as sender:
            results.extend(await asyncio.gather(*[sender.send(get, timeout_s=10) for _ in range(5)]))

    sender = SyncSender(hosts)
    workers = [
        threading.Thread(target=lambda: results.append(sender.send(get, timeout_s=10))) for _ in range(5)
    ]
    workers.append(threading.Thread(target=lambda: asyncio.run(awaited())))
    for worker in workers:
        worker.start()
    waiting = resolving._resolver._open
    assert _until(lambda: sum(len(look_up.waiting) for ours in waiting.values() for look_up in ours) == 10)
    stuck.released.set()
    for worker in workers:
        worker.join(10)

    assert stuck.asked == ["stuck.example"]
    assert [(one.kind, one.certainty) for one in results] == [("network", Certainty.NOT_SENT)] * 10


def _until(is_so) -> bool:
    """Wait for something that happens soon; returns whether it did."""
    for _ in range(500):
        if is_so():
            return True
        threading.Event().wait(0.01)
    return False

"""Tenants of one process never meet: not in a token, a cookie, a reply, a store or a budget."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import random
import socket
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import PETSHOP
from connector_runtime import Component, ConnectionProblem, ConnectorError
from connector_runtime.stores import Budget, MemoryStore
from tokens.fleet import until
from tokens.vendor import Vendor, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANTS = 500


@pytest.fixture(scope="module")
def petshop() -> Component:
    """The invented component."""
    return Component.load(PETSHOP)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A vendor whose tokens last for seven calls."""
    with serving(Vendor()) as vendor:
        yield vendor


async def one_call(session: Any, tenant: int) -> bool:
    """Read the tenant's own pet; returns whether its own came back."""
    number = f"{tenant:04d}"
    result = await session.run("getPet", {"pet": f"p-{number}"})
    return bool(result.data == {"id": f"p-{number}", "token": number})


@pytest.mark.plan("S-72")
@pytest.mark.parametrize("calls", [10, pytest.param(200, marks=pytest.mark.long)])
def test_five_hundred_tenants_never_meet(petshop, vendor, calls: int, score) -> None:
    """With one store and one budget, names that are given twice, tokens that die and calls cancelled at random."""
    luck, store, budget = random.Random(72), MemoryStore(), Budget()

    async def rush() -> list[object]:
        async with AsyncExitStack() as stack:
            sessions = []
            for tenant in range(TENANTS):
                # Two of each name: a platform that mixes names up must not mix tenants.
                given = vendor.connection(tenant, None if tenant % 3 else f"tenant {tenant // 2}")
                options = {"token_store": store, "budget": budget}
                sessions.append(await stack.enter_async_context(petshop.async_session(given, **options)))
            order = [tenant for tenant in range(TENANTS) for _ in range(calls)]
            luck.shuffle(order)
            return await work(sessions, order)

    async def work(sessions: list[Any], order: list[int]) -> list[object]:
        outcomes: list[object] = []
        for start in range(0, len(order), 250):
            tasks = [asyncio.create_task(one_call(sessions[one], one)) for one in order[start : start + 250]]
            await asyncio.sleep(0.02)
            for task in luck.sample(tasks, 12):
                task.cancel()
            outcomes += await asyncio.gather(*tasks, return_exceptions=True)
        return outcomes

    # Where each task came from is noted in a debugged loop: with thousands of them that is most of the work.
    outcomes = asyncio.run(rush(), debug=False)

    cancelled = sum(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    assert vendor.crossings == []
    assert outcomes.count(True) + cancelled == TENANTS * calls
    assert outcomes.count(True) > TENANTS * calls * 0.9
    score("tenant_calls", TENANTS * calls)
    score("crossings", len(vendor.crossings))


@pytest.mark.plan("S-72")
def test_tenants_in_threads_never_meet(petshop, vendor, score) -> None:
    """Twenty-five threads, a tenant and a session each, one store: a thousand calls."""
    store, wrong = MemoryStore(), []

    def work(tenant: int) -> None:
        number = f"{tenant:04d}"
        with petshop.session(vendor.connection(tenant, "same name"), token_store=store) as session:
            pets = [session.run("getPet", {"pet": f"p-{number}"}).data for _ in range(40)]
        wrong.extend(pet for pet in pets if pet["token"] != number)

    threads = [threading.Thread(target=work, args=(tenant,)) for tenant in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (wrong, vendor.crossings) == ([], [])
    score("tenant_calls", 1000)
    score("crossings", len(vendor.crossings))


def test_a_shared_budget_tells_tenants_apart_even_without_names(petshop, vendor) -> None:
    """What was filled in tells them apart where nobody gave them names."""
    channels = [petshop.session(vendor.connection(tenant), budget=Budget())._channel for tenant in (1, 2, 1)]

    assert channels[0].identity == channels[2].identity
    assert channels[0].identity != channels[1].identity
    assert "secret" not in channels[0].identity


def test_thousands_of_sessions_fit_in_one_process(petshop, vendor) -> None:
    """Three thousand are open at once without a thread, a socket or a file of their own, and close cleanly."""
    # What was asked for other tests in threads has ended, and so have those.
    until(lambda: all(thread.name != "connector-errand" for thread in threading.enumerate()))
    before = (threading.active_count(), open_files())

    sessions = [petshop.session(vendor.connection(tenant)) for tenant in range(3000)]
    after = (threading.active_count(), open_files())
    assert sessions[2999].run("getPet", {"pet": "p-2999"}).data["token"] == "2999"
    for session in sessions:
        session.close()

    assert after == before
    with pytest.raises(ConnectorError) as caught:
        sessions[2999].run("getPet", {"pet": "p-2999"})
    assert caught.value.kind == "config"


def test_a_closed_session_holds_no_socket(petshop, vendor) -> None:
    """Blocking and awaiting alike, nothing stays open that nobody needs."""

    async def use() -> None:
        async with petshop.async_session(vendor.connection(1)) as session:
            await asyncio.gather(*(one_call(session, 1) for _ in range(5)))

    gc.collect()
    before = open_sockets()
    with petshop.session(vendor.connection(2)) as session:
        session.run("getPet", {"pet": "p-0002"})
        assert open_sockets() > before
    asyncio.run(use())
    gc.collect()

    assert open_sockets() == before


def open_files() -> int:
    """Return how many files and sockets the process has open, where the system tells."""
    descriptors = Path("/proc/self/fd")
    return len(list(descriptors.iterdir())) if descriptors.is_dir() else 0


def open_sockets() -> int:
    """Return how many sockets this side holds that are connected as clients."""
    return sum(
        isinstance(one, socket.socket) and one.fileno() >= 0 and is_client(one) for one in gc.get_objects()
    )


def is_client(one: socket.socket) -> bool:
    """Return whether a socket called somebody; a server's own port is on its side."""
    try:
        return one.getpeername()[1] < one.getsockname()[1] or one.getpeername()[1] > 1024
    except (OSError, IndexError, TypeError):
        return False


def test_one_async_session_works_in_one_loop_after_another(petshop, vendor) -> None:
    """What belonged to the first loop is left behind."""
    session = petshop.async_session(vendor.connection(1))

    assert [asyncio.run(one_call(session, 1)) for _ in range(10)] == [True] * 10
    asyncio.run(session.aclose())


def test_one_async_session_in_two_loops_at_once_is_refused(petshop, vendor) -> None:
    """The second loop is told to open a session of its own; the first one goes on."""
    session, errors, is_in = petshop.async_session(vendor.connection(1)), [], threading.Event()
    go_on = threading.Event()

    async def first() -> list[bool]:
        calls = [one_call(session, 1) for _ in range(5)]
        task = asyncio.gather(*calls)
        await asyncio.sleep(0)
        is_in.set()
        await asyncio.to_thread(go_on.wait)
        return await task

    def second() -> None:
        is_in.wait()
        try:
            asyncio.run(one_call(session, 1))
        except ConnectionProblem as problem:
            errors.append(problem.message)
        go_on.set()

    thread = threading.Thread(target=second)
    thread.start()
    outcomes = asyncio.run(first())
    thread.join()
    asyncio.run(session.aclose())

    assert outcomes == [True] * 5
    assert errors == ["The session is in use in another event loop."]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_session_of_a_parent_process_is_refused_in_its_child(petshop, vendor) -> None:
    """Two processes on one socket would read each other's replies: the child opens a session of its own, and that works."""
    budget, store = Budget(), MemoryStore()
    given = vendor.connection(3, "tenant")
    with petshop.session(given, budget=budget, token_store=store) as session:
        session.run("getPet", {"pet": "p-0003"})
        told = multiprocessing.get_context("fork").Queue()
        child = multiprocessing.get_context("fork").Process(
            target=_in_child, args=(petshop, session, given, {"budget": budget, "token_store": store}, told)
        )
        child.start()
        outcome = told.get(timeout=30)
        child.join()
        assert session.run("getPet", {"pet": "p-0003"}).data["token"] == "0003"

    assert outcome == ["The session was opened before the process was forked.", "0003"]


def _in_child(
    petshop: Component, session: Any, given: dict[str, Any], options: dict[str, Any], told: Any
) -> None:
    try:
        session.run("getPet", {"pet": "p-0003"})
    except ConnectionProblem as problem:
        first = problem.message
    with petshop.session(given, **options) as own:
        told.put([first, own.run("getPet", {"pet": "p-0003"}).data["token"]])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_lock_that_was_held_at_the_fork_holds_nobody_up() -> None:
    """Another thread was counting when the process forked; the child counts anew."""
    budget, store = Budget(), MemoryStore()
    with budget._lock, store._lock:
        child = multiprocessing.get_context("fork").Process(target=_count, args=(budget, store))
        child.start()
    child.join(timeout=30)

    assert child.exitcode == 0


def _count(budget: Budget, store: MemoryStore) -> None:
    from connector_runtime.stores.budget import Rule

    assert budget.take("a", Rule(concurrency=1), now=0.0, wake=print) is None
    assert store.write("a", {}, 0)


@pytest.mark.plan("S-86")
def test_the_environment_does_not_touch_a_session(petshop, vendor, monkeypatch, tmp_path) -> None:
    """Proxies, certificates and passwords of other programs change neither a call nor a renewal."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))

    with petshop.session(vendor.connection(4)) as session:
        assert session.run("getPet", {"pet": "p-0004"}).data["token"] == "0004"

    assert vendor.renewals == {"0004": 1}
    assert not (tmp_path / "keys").exists()

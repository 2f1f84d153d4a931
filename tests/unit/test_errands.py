"""What may never answer costs threads of its own store, and nobody else's."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from functools import partial

import pytest

from connector_runtime.base import side_threads as errands
from connector_runtime.base.forks import _forgetful
from connector_runtime.base.side_threads import THREADS_MAX, awaited_in_time, in_time
from connector_runtime.errors import StoreError
from connector_runtime.session import store_calls as asking

LONG_S = 60.0


class Store:
    """Something that has threads of its own."""


def leave(store: Store, go: threading.Event) -> None:
    """Ask a store that does not answer before it is let go, and give up soon."""
    with suppress(StoreError):
        in_time(store, lambda: go.wait(LONG_S), 0.01)


def threads_of(store: Store) -> int:
    """Return how many threads a store has."""
    desk = errands._desks.of.get(id(store))
    return 0 if desk is None else sum(one.is_alive() for one in desk.workers)


@pytest.mark.plan("S-210")
def test_a_stuck_store_has_few_threads_and_then_nobody_waits_for_it() -> None:
    """When all of them are stuck, whoever asks is told at once; another store answers, and later this one, too."""
    stuck, sound, go = Store(), Store(), threading.Event()
    for _ in range(2 * THREADS_MAX):
        leave(stuck, go)

    started = time.monotonic()
    with pytest.raises(StoreError) as problem:
        in_time(stuck, time.monotonic, LONG_S)

    assert problem.value.kind == "timeout"
    assert time.monotonic() - started < LONG_S / 2
    assert threads_of(stuck) == THREADS_MAX
    assert in_time(sound, lambda: "fine", LONG_S) == "fine"
    go.set()
    while threads_of(stuck) == THREADS_MAX:  # they end when there is nothing to do
        time.sleep(0.01)
    assert in_time(stuck, lambda: "fine", LONG_S) == "fine"


@pytest.mark.plan("S-210")
def test_what_is_asked_within_a_thread_needs_no_other_one() -> None:
    """Many callers whose store asks another one in the same way are all served."""
    store, client = Store(), Store()

    async def served() -> list[int]:
        work = partial(in_time, client, lambda: 1, LONG_S)
        return await asyncio.gather(*(awaited_in_time(store, work, LONG_S) for _ in range(5 * THREADS_MAX)))

    assert sum(asyncio.run(served())) == 5 * THREADS_MAX


@pytest.mark.plan("S-210")
def test_no_thread_is_lost_to_what_raises_when_it_is_undone() -> None:
    """However often that was so, a store is asked as before."""
    store, undone = Store(), []

    def undo(_: object) -> None:
        undone.append(1)
        raise SystemExit

    for _ in range(2 * THREADS_MAX):
        go = threading.Event()
        with suppress(StoreError):
            in_time(store, partial(go.wait, LONG_S), 0.01, undo)
        go.set()
    while len(undone) < 2 * THREADS_MAX:
        time.sleep(0.001)

    assert in_time(store, lambda: "fine", LONG_S) == "fine"


@pytest.mark.plan("S-210")
def test_an_interrupted_call_breaks_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped at its start or at the end of its asking, it leaves the store as it was."""
    store, take = Store(), errands._Desk.take

    def before(*_: object) -> None:
        raise KeyboardInterrupt

    def after(desk: errands._Desk, errand: errands.SideTask) -> None:
        take(desk, errand)
        raise KeyboardInterrupt

    for place, stop in ((errands._Worker, "start"), before), ((errands._Desk, "take"), after):
        with monkeypatch.context() as patch:
            patch.setattr(*place, stop)
            for _ in range(2 * THREADS_MAX):
                with pytest.raises(KeyboardInterrupt):
                    in_time(store, lambda: "late", LONG_S)

        assert in_time(store, lambda: "fine", LONG_S) == "fine"


@pytest.mark.plan("S-175")
def test_a_forked_process_has_places_of_its_own_for_tokens_to_be_stored() -> None:
    """Those that its parent's threads hold are not missing there."""
    parents = asking.keepers.places
    while parents.acquire(blocking=False):
        pass

    assert asking.keepers in _forgetful
    asking.keepers.forget_parent()

    assert asking.keepers.places.acquire(blocking=False)
    asking.keepers.places.release()

"""Waiting for another thread in a way that no signal can spoil."""

from __future__ import annotations

import threading

import pytest

from connector_runtime.base.latches import Latch


def test_who_comes_late_goes_on_at_once() -> None:
    """What was set stays set."""
    latch = Latch()
    latch.set()
    latch.set()

    assert latch.wait(0.0)
    assert latch.wait(60.0)


def test_nobody_waits_longer_than_the_limit() -> None:
    """What is never set is given up."""
    assert not Latch().wait(0.01)


def test_a_latch_can_be_used_again() -> None:
    """Cleared, it makes the next one wait, and a set in between is not lost."""
    latch = Latch()
    latch.set()
    latch.clear()

    assert not latch.wait(0.0)
    latch.set()
    assert latch.wait(60.0)


def test_all_who_wait_go_on() -> None:
    """One set lets twenty threads go on."""
    latch, gone = Latch(), []
    threads = [threading.Thread(target=lambda: gone.append(latch.wait(60.0))) for _ in range(20)]
    for thread in threads:
        thread.start()

    latch.set()
    for thread in threads:
        thread.join(60)

    assert gone == [True] * 20


@pytest.mark.plan("S-214")
def test_a_waiter_that_dies_with_the_lock_hangs_nobody() -> None:
    """A signal may come right after it was woken: whoever sets, and whoever waits, goes on."""
    latch = Latch()
    latch.set()
    assert latch._lock.acquire(timeout=1.0)

    latch.set()
    latch._lock.acquire(blocking=False)

    assert latch.wait(2.0)

"""Waiting for another thread in a way that no signal can spoil."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

# A wake-up that an interrupted waiter took along is missed by the others for no longer than this.
_LOOK_S = 1.0


class Latch:
    """What `threading.Event` does. That one is written in Python over a lock, and a waiter who is
    interrupted at the wrong instruction leaves it locked: whoever sets it then hangs for ever.
    """

    __slots__ = ("_is_set", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._is_set = False

    def set(self) -> None:
        """Let everybody go on who waits; never blocks."""
        self._is_set = True
        with suppress(RuntimeError):
            self._lock.release()

    def clear(self) -> None:
        """Make those wait who come from now on."""
        self._is_set = False
        self._lock.acquire(blocking=False)

    def wait(self, limit_s: float) -> bool:
        """Wait until it is set, `limit_s` seconds at most; returns whether it is."""
        end = time.monotonic() + limit_s
        while not self._is_set:
            left_s = end - time.monotonic()
            if left_s <= 0.0:
                return False
            if self._lock.acquire(timeout=min(left_s, _LOOK_S)):
                # For the next one who waits.
                with suppress(RuntimeError):
                    self._lock.release()
        return True

"""What drivers ask of budgets and token stores: blocking in a thread, or awaiting.

A store that does not answer is an answer, too: the conversation decides what it means.
"""

from __future__ import annotations

import inspect
import itertools
import os
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import StoreError
from connector_runtime.steps import Busy

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime.ports import Entry, RequestBudget, TokenStore
    from connector_runtime.steps import AcquireSlot, PauseSlots, ReadToken, WriteToken
    from connector_runtime.values import Clock

Held = dict[Any, "Callable[[], Any]"]
# A wake-up can be lost to a caller that gives up at the same moment; ask again now and then.
ASK_AGAIN_S = 1.0
LEASE = "lease of the token"


class AskingBase:
    """What both ways share: whose clock counts, and who holds what."""

    def __init__(self, clock: Clock, budget: RequestBudget, store: Any) -> None:
        self._clock = clock
        self._budget = budget
        self._store = store
        self._mark = os.urandom(16).hex()
        self._numbers = itertools.count()

    def _now(self) -> float:
        return self._clock.now() if self._budget.is_shared else self._clock.monotonic()

    def _holder(self) -> str:
        return f"{self._mark}-{next(self._numbers)}"

    def _take(self, step: AcquireSlot, holder: str, wake: Callable[[], None]) -> float | None:
        return self._budget.take(
            step.key, step.rule, now=self._now(), wake=wake, holder=holder, hold_s=step.hold_s
        )

    def _busy(self, step: AcquireSlot, wait_s: float) -> Busy:
        return Busy(wait_s, self._budget.paused(step.key, now=self._now()))

    def _give_back(self, step: AcquireSlot, holder: str) -> None:
        # What was done is done, whether or not it can be counted; a shared slot ends by itself.
        with suppress(StoreError, OSError):
            self._budget.give_back(step.key, holder, now=self._now())

    def _pause(self, step: PauseSlots) -> None:
        with suppress(StoreError, OSError):
            self._budget.pause(step.key, step.pause, now=self._now())


class Asking(AskingBase):
    """Asks from the calling thread."""

    def __init__(self, clock: Clock, budget: RequestBudget, store: TokenStore | None) -> None:
        super().__init__(clock, budget, store)

    def take(self, step: AcquireSlot, held: Held) -> Busy | StoreError | None:
        """Take a slot, waiting as long as the step allows."""
        clock, holder = self._clock, self._holder()
        end = clock.monotonic() + step.limit_s
        free = threading.Event()
        while True:
            free.clear()
            try:
                wait_s = self._take(step, holder, free.set)
                if wait_s is None:
                    held[step.key] = partial(self._give_back, step, holder)
                    return None
                left_s = end - clock.monotonic()
                if wait_s != float("inf"):
                    if wait_s >= left_s:
                        return self._busy(step, wait_s)
                    clock.sleep(wait_s)
                elif not free.wait(min(ASK_AGAIN_S, max(0.0, left_s))):
                    self._budget.forget(step.key, free.set)
                    if clock.monotonic() >= end:
                        return self._busy(step, step.limit_s)
            except (StoreError, OSError) as problem:
                return in_our_words(problem)

    def pause(self, step: PauseSlots) -> None:
        """Let nobody who counts together take a slot for a while."""
        self._pause(step)

    def read(self, step: ReadToken) -> Entry | StoreError | None:
        """Read the token store."""
        try:
            found: Entry | None = self._store.read(step.key)
        except (StoreError, OSError) as problem:
            return in_our_words(problem)
        return found

    def write(self, step: WriteToken, held: Held) -> bool | StoreError:
        """Write the token store; a lease is put back unless something else is written."""
        held.pop(LEASE, None)
        try:
            written = bool(self._store.write(step.key, step.document, step.version))
        except (StoreError, OSError) as problem:
            return in_our_words(problem)
        if written and step.undo is not None:
            held[LEASE] = partial(self._undo, step)
        return written

    def _undo(self, step: WriteToken) -> None:
        with suppress(StoreError, OSError):
            self._store.write(step.key, step.undo, step.version + 1)


def is_awaited(store: Any) -> bool:
    """Return whether a token store is one for event loops."""
    return inspect.iscoroutinefunction(getattr(store, "read", None))


def in_our_words(problem: StoreError | OSError) -> StoreError:
    """Return what a store raised as an error of ours."""
    if isinstance(problem, StoreError):
        return problem.with_traceback(None)
    return StoreError(f"The store does not answer: {problem.strerror or type(problem).__name__}.")

"""What the driver for an event loop asks of budgets and token stores; see `asking`."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from connector_runtime.asking import ASK_AGAIN_S, LEASE, AskingBase, Held, in_our_words, is_awaited
from connector_runtime.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime.ports import AsyncTokenStore, Entry, RequestBudget, TokenStore
    from connector_runtime.steps import AcquireSlot, Busy, PauseSlots, ReadToken, WriteToken
    from connector_runtime.values import Clock


class AsyncAsking(AskingBase):
    """Asks from an event loop; what blocks is asked in a thread."""

    def __init__(
        self, clock: Clock, budget: RequestBudget, store: TokenStore | AsyncTokenStore | None
    ) -> None:
        super().__init__(clock, budget, store)
        self._is_awaited = is_awaited(store)

    async def take(self, step: AcquireSlot, held: Held) -> Busy | StoreError | None:
        """Take a slot, waiting as long as the step allows."""
        clock, holder = self._clock, self._holder()
        loop, free = asyncio.get_running_loop(), asyncio.Event()
        end = clock.monotonic() + step.limit_s

        def wake() -> None:
            loop.call_soon_threadsafe(free.set)

        while True:
            free.clear()
            try:
                wait_s = await self._taken(step, holder, wake)
                if wait_s is None:
                    held[step.key] = partial(self._give_back_there, step, holder)
                    return None
                left_s = end - clock.monotonic()
                if wait_s != float("inf"):
                    if wait_s >= left_s:
                        busy: Busy = await self._there(self._busy, step, wait_s)
                        return busy
                    await clock.asleep(wait_s)
                elif await self._waited_in_vain(step, free, wake, left_s) and clock.monotonic() >= end:
                    return self._busy(step, step.limit_s)
            except (StoreError, OSError) as problem:
                return in_our_words(problem)

    async def pause(self, step: PauseSlots) -> None:
        """Let nobody who counts together take a slot for a while."""
        await self._there(self._pause, step)

    async def read(self, step: ReadToken) -> Entry | StoreError | None:
        """Read the token store."""
        try:
            found: Entry | None = await self._of_store(self._store.read, step.key)
        except (StoreError, OSError) as problem:
            return in_our_words(problem)
        return found

    async def write(self, step: WriteToken, held: Held) -> bool | StoreError:
        """Write the token store; a lease is put back unless something else is written."""
        held.pop(LEASE, None)
        try:
            written = bool(await self._of_store(self._store.write, step.key, step.document, step.version))
        except (StoreError, OSError) as problem:
            return in_our_words(problem)
        if written and step.undo is not None:
            held[LEASE] = partial(self._undo, step)
        return written

    async def _undo(self, step: WriteToken) -> None:
        with suppress(StoreError, OSError):
            await self._of_store(self._store.write, step.key, step.undo, step.version + 1)

    async def _of_store(self, method: Any, *arguments: Any) -> Any:
        if self._is_awaited:
            return await method(*arguments)
        return await _in_thread(method, *arguments)

    async def _there(self, method: Any, *arguments: Any) -> Any:
        """Call where it may block: only what is shared does."""
        if not self._budget.is_shared:
            return method(*arguments)
        return await _in_thread(method, *arguments)

    async def _taken(self, step: AcquireSlot, holder: str, wake: Callable[[], None]) -> float | None:
        if not self._budget.is_shared:
            return self._take(step, holder, wake)
        errand = _Errand(lambda: self._take(step, holder, wake), lambda: self._give_back(step, holder))
        try:
            wait_s: float | None = await _in_thread(errand.run)
        except asyncio.CancelledError:
            errand.call_off()
            raise
        return wait_s

    async def _give_back_there(self, step: AcquireSlot, holder: str) -> None:
        await self._there(self._give_back, step, holder)

    async def _waited_in_vain(
        self, step: AcquireSlot, free: asyncio.Event, wake: Callable[[], None], left_s: float
    ) -> bool:
        """Wait to be woken, not for ever; returns True when nobody came."""
        try:
            async with asyncio.timeout(min(ASK_AGAIN_S, max(0.0, left_s))):
                await free.wait()
        except TimeoutError:
            return True
        finally:
            if not free.is_set():
                self._budget.forget(step.key, wake)
        return False


class _Errand:
    """Takes a slot in a thread, which goes on although nobody may want the slot any more."""

    def __init__(self, take: Callable[[], float | None], give_back: Callable[[], None]) -> None:
        self._take = take
        self._give_back = give_back
        self._lock = threading.Lock()
        self._has_taken = self._is_off = False

    def run(self) -> float | None:
        """Take it; give it back at once if it was called off meanwhile."""
        wait_s = self._take()
        with self._lock:
            self._has_taken = wait_s is None
        if self._is_off:
            self._settle()
        return wait_s

    def call_off(self) -> None:
        """Say that nobody wants it any more; does not block."""
        self._is_off = True
        threading.Thread(target=self._settle, name="connector-give-back").start()

    def _settle(self) -> None:
        with self._lock:
            has_taken, self._has_taken = self._has_taken, False
        if has_taken:
            self._give_back()


async def _in_thread(method: Callable[..., Any], *arguments: Any) -> Any:
    """Call in a thread; what has begun is finished, even if the caller is cancelled."""
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, method, *arguments))

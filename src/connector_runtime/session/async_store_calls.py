"""What the driver for an event loop asks of budgets and token stores; see `store_calls`."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from connector_runtime.base.side_threads import SPARE_S, awaited_in_time, too_slow
from connector_runtime.conversation.io_steps import STORE_S, Busy
from connector_runtime.errors import StoreError
from connector_runtime.session.store_calls import (
    AGAIN_S,
    GIVE_BACK_S,
    GRACE_S,
    LEASE,
    TOKENS,
    Held,
    StoreCalls,
    Turn,
    is_awaited,
    keeps_to_limits,
    shut,
    store_error_of,
)
from connector_runtime.stores.budget import AskAgain

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.io_steps import AcquireSlot, PauseSlots, ReadToken, WriteToken
    from connector_runtime.stores.ports import AsyncTokenStore, Entry, RequestBudget, TokenStore


class AsyncStoreCalls(StoreCalls):
    """Asks from an event loop; what blocks is asked in a thread."""

    def __init__(
        self, clock: Clock, budget: RequestBudget, store: TokenStore | AsyncTokenStore | None
    ) -> None:
        super().__init__(clock, budget, store)
        self._is_awaited = is_awaited(store)
        self._keeping: set[asyncio.Task[None]] = set()
        self._limits_store = keeps_to_limits(store, "read", "write")

    async def take(self, step: AcquireSlot, held: Held) -> Busy | StoreError | None:
        """Take a slot, waiting as long as the step allows."""
        loop, mine, free = asyncio.get_running_loop(), threading.get_ident(), asyncio.Event()

        def wake() -> None:
            if threading.get_ident() == mine:
                free.set()
            else:
                loop.call_soon_threadsafe(free.set)

        turn = self._turn(step, wake)
        held[step.key] = partial(self._give_back, turn)
        refused: Busy | StoreError | None
        try:
            refused = await self._taken(turn, free)
        except StoreError as problem:
            refused = problem.with_traceback(None)
        if refused is not None:
            await self.release(step, held)
        return refused

    async def _taken(self, turn: Turn, free: asyncio.Event) -> Busy | None:
        clock = self._clock
        while True:
            free.clear()
            wait_s = await self._asked(turn)
            if wait_s is None:
                return None
            left_s = self._left_s(turn)
            if wait_s == float("inf") or type(wait_s) is AskAgain:
                if await _is_set(free, self._wake_s(turn, wait_s)):
                    continue
                if not self._keeps_order:
                    await self._left_line(turn)
                if clock.monotonic() >= turn.end:
                    return await self._refused(turn, turn.step.limit_s)
            elif wait_s >= left_s:
                return await self._refused(turn, wait_s)
            else:
                await clock.asleep(wait_s)

    async def release(self, step: Any, held: Held) -> None:
        """Give a slot back; it stays among what is held until that is done."""
        await held[step.key]()
        held.pop(step.key, None)

    async def pause(self, step: PauseSlots) -> None:
        """Let nobody who counts together take a slot for a while."""
        with suppress(StoreError):
            await self._there(partial(self._pause, step), GIVE_BACK_S)

    async def read(self, step: ReadToken) -> Entry | StoreError | None:
        """Read the token store."""
        try:
            return shut(await self._of_store(self._store.read, step.limit_s, step.key))
        except Exception as problem:  # noqa: BLE001  it may be a platform's own
            return store_error_of(problem, TOKENS)

    async def write(self, step: WriteToken, held: Held) -> bool | StoreError:
        """Write the token store; a lease is put back unless something else is written."""
        held.pop(LEASE, None)
        try:
            arguments = (step.key, step.document, step.version)
            written = bool(await self._of_store(self._hand_over, step.limit_s, *arguments))
        except Exception as problem:  # noqa: BLE001  as above
            if step.is_needed and self._is_awaited:
                self._keeping.add(task := asyncio.create_task(self._keep_awaited(step)))
                task.add_done_callback(self._keeping.discard)
            elif step.is_needed:
                self._keep_trying(step, {"limit_s": STORE_S} if self._limits_store else {})
            return store_error_of(problem, TOKENS)
        if written and step.undo is not None:
            held[LEASE] = partial(self._undo, step, self._clock.monotonic() + step.limit_s)
        return written

    def close(self) -> None:
        """Try nothing more in the background."""
        super().close()
        for task in self._keeping:
            task.cancel()

    async def _keep_awaited(self, step: WriteToken) -> None:
        for wait_s in AGAIN_S:
            await asyncio.sleep(wait_s)
            with suppress(Exception):
                await self._of_store(self._hand_over, STORE_S, step.key, step.document, step.version)
                return

    async def _undo(self, step: WriteToken, end: float) -> None:
        left_s = max(GRACE_S, end - self._clock.monotonic())
        with suppress(Exception):
            await self._of_store(self._hand_over, left_s, step.key, step.undo, step.version + 1)

    async def _of_store(self, method: Any, limit_s: float, *arguments: Any) -> Any:
        limit = {"limit_s": limit_s} if self._limits_store else {}
        work = partial(method, *arguments, **limit)
        if not self._is_awaited:
            return await awaited_in_time(self._store, work, limit_s + SPARE_S)
        try:
            async with asyncio.timeout(limit_s) as bound:
                return await work()
        except TimeoutError:
            if not bound.expired():
                raise
        raise too_slow()

    async def _there(self, work: Callable[[], Any], limit_s: float) -> Any:
        """Call where it may block: only what is shared does."""
        if not self._budget.is_shared:
            return work()
        return await awaited_in_time(self._budget, work, limit_s + SPARE_S)

    async def _left_line(self, turn: Turn) -> None:
        try:
            await self._there(partial(self._leave, turn), GIVE_BACK_S)
        except StoreError:
            turn.waits = False  # it is told so as soon as it listens

    async def _refused(self, turn: Turn, wait_s: float) -> Busy:
        with suppress(StoreError):
            busy: Busy = await self._there(partial(self._busy, turn, wait_s), self._left_s(turn) + GRACE_S)
            return busy
        return Busy(wait_s)

    async def _asked(self, turn: Turn) -> float | None:
        if not self._budget.is_shared:
            return self._ask(turn)
        wait_s: float | None = await awaited_in_time(
            self._budget, partial(self._ask, turn), self._left_s(turn) + SPARE_S, lambda _: self._drop(turn)
        )
        return wait_s

    async def _give_back(self, turn: Turn) -> None:
        with suppress(StoreError):
            await self._there(partial(self._drop, turn), GIVE_BACK_S)


async def _is_set(free: asyncio.Event, limit_s: float) -> bool:
    """Wait to be woken, so long at most."""
    try:
        async with asyncio.timeout(limit_s):
            return await free.wait()
    except TimeoutError:
        return False

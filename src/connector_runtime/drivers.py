"""Two drivers for one conversation: one blocks a thread, one awaits.

Whatever a conversation holds (a slot, the token's lock) is the driver's to free:
on return, error, close and cancellation.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from connector_runtime.steps import (
    AcquireSlot,
    AcquireToken,
    Give,
    ReleaseSlot,
    ReleaseToken,
    Send,
    Sleep,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from connector_runtime.budget import Budget
    from connector_runtime.results import Page
    from connector_runtime.steps import Conversation
    from connector_runtime.transport import AsyncSender, SyncSender
    from connector_runtime.values import Clock

T = TypeVar("T")
# A wake-up can be lost to a caller that gives up at the same moment; ask again now and then.
ASK_AGAIN_S = 1.0


class SyncDriver:
    """Runs conversations in the calling thread."""

    def __init__(self, sender: SyncSender, clock: Clock, budget: Budget) -> None:
        self._sender = sender
        self._clock = clock
        self._budget = budget
        self._token = threading.Lock()

    def run(self, conversation: Conversation[T]) -> T:
        """Run a conversation to its result; pages it gives are dropped."""
        steps = self.pages(conversation)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result

    def pages(self, conversation: Conversation[T]) -> Iterator[Page]:
        """Run a conversation, handing out its pages."""
        with ExitStack() as held:
            held.callback(conversation.close)
            mine = _Held(held)
            answer: Any = None
            while True:
                try:
                    step = conversation.send(answer)
                except StopIteration as end:
                    return end.value
                if isinstance(step, Give):
                    yield step.page
                    answer = None
                else:
                    answer = self._answer(step, mine)

    def _answer(self, step: Any, mine: _Held) -> Any:
        kind = type(step)
        if kind is Send:
            return self._sender.send(step.outgoing, timeout_s=step.timeout_s, sink=step.sink)
        if kind is AcquireSlot:
            return self._slot(step, mine)
        if kind is ReleaseSlot:
            mine.release(step.key)
        elif kind is Sleep:
            self._clock.sleep(step.seconds)
        elif kind is AcquireToken:
            self._token.acquire()
            mine.hold("token", self._token.release)
        elif kind is ReleaseToken:
            mine.release("token")
        return None

    def _slot(self, step: AcquireSlot, mine: _Held) -> float | None:
        end = self._clock.monotonic() + step.limit_s
        free = threading.Event()
        while True:
            free.clear()
            now = self._clock.monotonic()
            wait_s = self._budget.take(step.key, step.rule, now=now, wake=free.set)
            if wait_s is None:
                mine.hold(step.key, lambda: self._budget.give_back(step.key))
                return None
            if wait_s == float("inf"):
                if not free.wait(min(ASK_AGAIN_S, max(0.0, end - now))):
                    self._budget.forget(step.key, free.set)
                    if self._clock.monotonic() >= end:
                        return step.limit_s
            elif now + wait_s >= end:
                return wait_s
            else:
                self._clock.sleep(wait_s)


class AsyncDriver:
    """Runs conversations in an event loop."""

    def __init__(self, sender: AsyncSender, clock: Clock, budget: Budget) -> None:
        self._sender = sender
        self._clock = clock
        self._budget = budget
        self._token = asyncio.Lock()

    async def run(self, conversation: Conversation[T]) -> T:
        """Run a conversation to its result; pages it gives are dropped."""
        async with AsyncExitStack() as held:
            held.callback(conversation.close)
            mine = _Held(held)
            answer: Any = None
            while True:
                try:
                    step = conversation.send(answer)
                except StopIteration as end:
                    result: T = end.value
                    return result
                answer = None if isinstance(step, Give) else await self._answer(step, mine)

    async def pages(self, conversation: Conversation[Any]) -> AsyncIterator[Page]:
        """Run a conversation, handing out its pages."""
        async with AsyncExitStack() as held:
            held.callback(conversation.close)
            mine = _Held(held)
            answer: Any = None
            while True:
                try:
                    step = conversation.send(answer)
                except StopIteration:
                    return
                if isinstance(step, Give):
                    yield step.page
                    answer = None
                else:
                    answer = await self._answer(step, mine)

    async def _answer(self, step: Any, mine: _Held) -> Any:
        kind = type(step)
        if kind is Send:
            return await self._sender.send(step.outgoing, timeout_s=step.timeout_s, sink=step.sink)
        if kind is AcquireSlot:
            return await self._slot(step, mine)
        if kind is ReleaseSlot:
            mine.release(step.key)
        elif kind is Sleep:
            await self._clock.asleep(step.seconds)
        elif kind is AcquireToken:
            await self._token.acquire()
            mine.hold("token", self._token.release)
        elif kind is ReleaseToken:
            mine.release("token")
        return None

    async def _slot(self, step: AcquireSlot, mine: _Held) -> float | None:
        loop = asyncio.get_running_loop()
        end = self._clock.monotonic() + step.limit_s
        free = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(free.set)

        while True:
            free.clear()
            now = self._clock.monotonic()
            wait_s = self._budget.take(step.key, step.rule, now=now, wake=wake)
            if wait_s is None:
                mine.hold(step.key, lambda: self._budget.give_back(step.key))
                return None
            if wait_s == float("inf"):
                try:
                    async with asyncio.timeout(min(ASK_AGAIN_S, max(0.0, end - now))):
                        await free.wait()
                except TimeoutError:
                    if self._clock.monotonic() >= end:
                        return step.limit_s
                finally:
                    if not free.is_set():
                        self._budget.forget(step.key, wake)
            elif now + wait_s >= end:
                return wait_s
            else:
                await self._clock.asleep(wait_s)


class _Held:
    """What a conversation holds right now; the exit stack frees what is left."""

    def __init__(self, stack: ExitStack | AsyncExitStack) -> None:
        self._releases: dict[Any, Any] = {}
        stack.callback(self._release_all)

    def hold(self, key: Any, release: Any) -> None:
        self._releases[key] = release

    def release(self, key: Any) -> None:
        self._releases.pop(key)()

    def _release_all(self) -> None:
        while self._releases:
            self._releases.popitem()[1]()

"""What may never answer is asked in a thread that can be left behind.

Every store, and every budget, has a few threads of its own, which are used again. One that is
stuck for good costs one of them and nobody else's; where all are stuck, nobody waits for that
store any more. They do not keep the process from ending.

A signal interrupts only the main thread, which never does the work: nothing is counted here,
what there is to know is seen in the threads themselves.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from connector_runtime.base.forks import forget_after_fork
from connector_runtime.base.latches import Latch
from connector_runtime.errors import StoreError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

# Of one store.
THREADS_MAX = 8
# Longer than any call waits, and not too long for the system's timers.
WAIT_MAX_S = 86_400.0
_IDLE_S = 0.5
# What keeps to a bound itself says better what was in the way, if it is given a moment for it.
SPARE_S = 0.1


class SideTask:
    """Asks for something in a thread; what came too late is undone.

    Args:
        store: Whose threads do it.
        work: What to do.
        undo: Takes back what `work` returned, when nobody wants it any more; without it
            the work is done although nobody waits for it.
    """

    def __init__(
        self, store: object, work: Callable[[], Any], undo: Callable[[Any], None] | None = None
    ) -> None:
        self._store = store
        self._work = work
        self._undo = undo
        self._lock = threading.Lock()
        self.is_off = self._is_done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._told: Callable[[], None] = lambda: None

    def begin(self, told: Callable[[], None]) -> None:
        """Have it done; `told` is called in its thread at the end.

        Raises:
            StoreError: All threads of the store are stuck (kind `timeout`).
        """
        self._told = told
        _desks.do(self._store, self)

    def call_off(self) -> None:
        """Say that nobody waits any more; what has begun is finished, and undone. Does not block."""
        with self._lock:
            self.is_off = True
            is_late = self._is_done
        if is_late and self._undo is not None:
            late = SideTask(self._store, self._take_back)
            try:
                late.begin(lambda: None)
            except StoreError:
                return  # it is not held for ever: places and leases end by themselves

    def outcome(self) -> Any:
        """Return what it brought, or raise what it ended in."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._result

    def run(self) -> None:
        """Do it, in one of the store's threads; never raises."""
        if self.is_off and self._undo is not None:
            return
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001  whoever asked is to get it
            self._error = error
        with self._lock:
            self._is_done = True
        if self.is_off:
            self._take_back()
        self._told()

    def _take_back(self) -> None:
        with self._lock:
            undo, self._undo = self._undo, None
        if undo is not None and self._error is None:
            try:
                undo(self._result)
            except BaseException:  # noqa: BLE001  nobody is there any more who could be told
                return


def in_time(
    store: object, work: Callable[[], Any], limit_s: float, undo: Callable[[Any], None] | None = None
) -> Any:
    """Return what `work` does in another thread, one of the store's.

    Within such a thread it is done there: whoever waits for that one keeps to his own limit.

    Raises:
        StoreError: It took longer than `limit_s` (kind `timeout`).
    """
    if isinstance(threading.current_thread(), _Worker):
        return work()
    errand, done, is_done = SideTask(store, work, undo), Latch(), False
    try:
        errand.begin(done.set)
        is_done = done.wait(min(limit_s, WAIT_MAX_S))
    finally:
        if not is_done:
            errand.call_off()
    if not is_done:
        raise too_slow()
    return errand.outcome()


async def awaited_in_time(
    store: object, work: Callable[[], Any], limit_s: float, undo: Callable[[Any], None] | None = None
) -> Any:
    """Return what `work` does in another thread; as `in_time`, for an event loop.

    What has begun is finished, even if the caller is cancelled.
    """
    import asyncio  # noqa: PLC0415  threads never pay for it

    loop = asyncio.get_running_loop()
    errand, done = SideTask(store, work, undo), loop.create_future()
    try:
        errand.begin(lambda: _tell(loop, done))
        async with asyncio.timeout(limit_s):
            await done
    except TimeoutError:
        errand.call_off()
        raise too_slow() from None
    except BaseException:
        errand.call_off()
        raise
    return errand.outcome()


def too_slow() -> StoreError:
    """Return the error of a store that takes longer than there is time for."""
    return StoreError(
        "The store did not answer in the time for this call.",
        kind="timeout",
        hint="See whether the store can be reached and who else uses it; nothing was lost.",
    )


def _tell(loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
    def settle() -> None:
        if not done.done():
            done.set_result(None)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:
        return  # the loop was closed; nobody is there any more


class _Desks:
    """The threads of every store that is asked just now."""

    def __init__(self) -> None:
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Start anew in a forked process, which has none of the threads."""
        self.lock = threading.Lock()
        # By the store's identity, which is nobody else's as long as its desk keeps it.
        self.of: dict[int, _Desk] = {}

    def do(self, store: object, errand: SideTask) -> None:
        """Have something done soon."""
        with self.lock:
            desk = self.of.get(id(store))
            if desk is None:
                desk = self.of[id(store)] = _Desk(store, self)
            desk.take(errand)


class _Desk:
    """What there is to do for one store, and its threads. All within the lock of the desks."""

    def __init__(self, store: object, desks: _Desks) -> None:
        self.store = store
        self.desks = desks
        self.waiting: deque[SideTask] = deque()
        self.workers: list[_Worker] = []
        self.has_more = threading.Condition(desks.lock)

    def take(self, errand: SideTask) -> None:
        """Put an errand in the line, with a thread that will do it if there may be one more."""
        # Whoever was interrupted may have left one that was never started.
        self.workers = [one for one in self.workers if one.is_alive()]
        idle = sum(one.errand is None for one in self.workers)
        if idle <= len(self.waiting):
            if len(self.workers) < THREADS_MAX:
                self._hire()
            elif all(one.errand is not None and one.errand.is_off for one in self.workers):
                raise too_slow()
        self.waiting.append(errand)
        self.has_more.notify()

    def _hire(self) -> None:
        worker = _Worker(self)
        self.workers.append(worker)
        try:
            worker.start()
        except RuntimeError:
            self.workers.remove(worker)
            if not self.workers:
                self.closes()
                raise StoreError(
                    "The store cannot be asked: the system gives this process no more threads.",
                    hint="Let fewer calls run at once, or allow the process more threads.",
                ) from None

    def closes(self) -> None:
        """Be no longer there for the store."""
        if self.desks.of.get(id(self.store)) is self:
            del self.desks.of[id(self.store)]


class _Worker(threading.Thread):
    """Does what there is to do for one store; ends when there was nothing for a while.

    Attributes:
        errand: What it does just now; None while it waits for more.
    """

    def __init__(self, desk: _Desk) -> None:
        super().__init__(name="connector-errand", daemon=True)
        self.errand: SideTask | None = None
        self._desk = desk

    def run(self) -> None:
        while self._has_taken():
            self.errand.run()  # type: ignore[union-attr]

    def _has_taken(self) -> bool:
        desk = self._desk
        with desk.desks.lock:
            self.errand = None
            if not desk.waiting:
                desk.has_more.wait(_IDLE_S)
            if desk.waiting:
                self.errand = desk.waiting.popleft()
                return True
            # One whose start was interrupted may not be listed.
            desk.workers = [one for one in desk.workers if one is not self]
            if not desk.workers:
                desk.closes()
            return False


_desks = _Desks()

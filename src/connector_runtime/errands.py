"""What may never answer is asked in a thread that can be left behind.

There are few such threads, and they are used again; one that is stuck for good costs one of
them, and does not keep the process from ending.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import StoreError
from connector_runtime.forks import forget_after_fork

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

THREADS_MAX = 16
# Longer than any call waits, and not too long for the system's timers.
WAIT_MAX_S = 86_400.0
_IDLE_S = 0.5
# What keeps to a bound itself says better what was in the way, if it is given a moment for it.
SPARE_S = 0.1


class Errand:
    """Asks for something in a thread; what came too late is undone.

    Args:
        work: What to do.
        undo: Takes back what `work` returned, when nobody wants it any more; without it
            the work is done although nobody waits for it.
    """

    def __init__(self, work: Callable[[], Any], undo: Callable[[Any], None] | None = None) -> None:
        self._work = work
        self._undo = undo
        self._lock = threading.Lock()
        self._is_off = self._is_done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._told: Callable[[], None] = lambda: None

    def begin(self, told: Callable[[], None]) -> None:
        """Have it done; `told` is called in its thread at the end."""
        self._told = told
        _threads.do(self._run)

    def call_off(self) -> None:
        """Say that nobody waits any more; what has begun is finished, and undone. Does not block."""
        with self._lock:
            self._is_off = True
            is_late = self._is_done
        if is_late and self._undo is not None:
            _threads.do(self._take_back)

    def outcome(self) -> Any:
        """Return what it brought, or raise what it ended in."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._result

    def _run(self) -> None:
        if self._is_off and self._undo is not None:
            return
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001  whoever asked is to get it
            self._error = error
        with self._lock:
            self._is_done = True
        if self._is_off:
            self._take_back()
        self._told()

    def _take_back(self) -> None:
        with self._lock:
            undo, self._undo = self._undo, None
        if undo is not None and self._error is None:
            undo(self._result)


def in_time(work: Callable[[], Any], limit_s: float, undo: Callable[[Any], None] | None = None) -> Any:
    """Return what `work` does in another thread.

    Raises:
        StoreError: It took longer than `limit_s` (kind `timeout`).
    """
    errand, done, is_done = Errand(work, undo), threading.Event(), False
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
    work: Callable[[], Any], limit_s: float, undo: Callable[[Any], None] | None = None
) -> Any:
    """Return what `work` does in another thread; as `in_time`, for an event loop.

    What has begun is finished, even if the caller is cancelled.
    """
    import asyncio  # noqa: PLC0415  threads never pay for it

    loop = asyncio.get_running_loop()
    errand, done = Errand(work, undo), loop.create_future()
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


def unwanted(_: Any) -> None:
    """Undo what changed nothing: it need not even be begun when nobody waits for it."""


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


class _Threads:
    """Started when there is more to do than they can, ended when there is nothing to do."""

    def __init__(self) -> None:
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Start anew in a forked process, which has none of the threads."""
        self._lock = threading.Lock()
        self._errands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads = self._open = 0

    def do(self, errand: Callable[[], None]) -> None:
        """Have something done soon."""
        with self._lock:
            self._errands.put(errand)
            self._open += 1
            if self._open <= self._threads or self._threads >= THREADS_MAX:
                return
            self._threads += 1
        threading.Thread(target=self._work, name="connector-errand", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                errand = self._errands.get(timeout=_IDLE_S)
            except queue.Empty:
                with self._lock:
                    if self._errands.empty():
                        self._threads -= 1
                        return
                continue
            try:
                errand()
            finally:
                del errand
                with self._lock:
                    self._open -= 1


_threads = _Threads()

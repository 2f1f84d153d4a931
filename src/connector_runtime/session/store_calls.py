"""What drivers ask of budgets and token stores, in a thread; `async_store_calls` awaits the same.

A store that does not answer is an answer, too: the conversation decides what it means.
None of it outlasts the time that there is: a store whose methods take `limit_s` keeps to it
itself, any other that may block is asked in a thread that can be left behind.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from connector_runtime.base.forks import forget_after_fork
from connector_runtime.base.latches import Latch
from connector_runtime.conversation.io_steps import STORE_S, Busy
from connector_runtime.errors import StoreError
from connector_runtime.stores.budget import AskAgain, Pause
from connector_runtime.stores.ports import Entry
from connector_runtime.stores.token_state import opened, sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.io_steps import AcquireSlot, PauseSlots, ReadToken, WriteToken
    from connector_runtime.stores.ports import RequestBudget, TokenStore

Held = dict[Any, "Callable[[], Any]"]
# A budget that does not keep the order may lose a wake-up to a caller that gives up at the
# same moment; it is asked again now and then.
ASK_AGAIN_S = 1.0
# What is said after the end of a call has so much time nevertheless.
GRACE_S = 0.1
# Nothing that was answered waits longer for what is only given back: that is owed, or ends by itself.
GIVE_BACK_S = 0.5
# A budget that says to ask again at once is asked so soon.
SOON_S = 0.01
# As finely as stores tell their time.
_SAME_S = 0.01
# After these seconds a token that could not be stored is written once more.
AGAIN_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 240.0)
# No timer of a system is set further ahead.
WAIT_MAX_S = 3600.0
LEASE = "lease of the token"
TOKENS, BUDGET = "token store", "budget of requests"
_PAUSES = ("rate_limited", "quota_exhausted")
_OF_BUDGETS = ("take", "give_back", "forget", "pause", "paused")


class _Keepers:
    """Those of all sessions of a process who store a token in the background.

    The others store theirs with their next call, or when they close.
    """

    def __init__(self) -> None:
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Have all places free in a forked process: its parent's threads are not there."""
        self.places = threading.BoundedSemaphore(16)


keepers = _Keepers()


class Turn:
    """What one caller has of a budget, or may have: a place in the line, a slot.

    Attributes:
        end: Monotonic instant until which it waits.
        may_hold: Whether a slot may be held.
        waits: Whether it may stand in the line.
        asked_at: Reading of the clock when it last asked.
    """

    __slots__ = ("asked_at", "end", "holder", "may_hold", "step", "waits", "wake")

    def __init__(self, step: AcquireSlot, end: float, holder: str, wake: Callable[[], None]) -> None:
        self.step = step
        self.end = end
        self.holder = holder
        self.wake = wake
        self.may_hold = self.waits = False
        self.asked_at = 0.0


class StoreCalls:
    """What both ways share: whose clock counts, and who holds what."""

    def __init__(self, clock: Clock, budget: RequestBudget, store: Any) -> None:
        self._clock = clock
        self._budget = budget
        self._store = store
        self._mark = os.urandom(16).hex()
        self._numbers = itertools.count()
        self._is_closed = threading.Event()
        # To give back to such a budget what one may not have does no harm.
        self._keeps_order = getattr(budget, "keeps_order", False)
        self._is_limited = budget.is_shared and keeps_to_limits(budget, *_OF_BUDGETS)

    def close(self) -> None:
        """Try nothing more in the background."""
        self._is_closed.set()

    def _hand_over(self, key: str, document: Mapping[str, Any], version: int, **limit: float) -> Any:
        """Write a document, which is opened here and nowhere where something waits for long."""
        return self._store.write(key, opened(document), version, **limit)

    def _keep_trying(self, step: WriteToken, limit: dict[str, float]) -> None:
        """Write a token as soon as the store takes it: without it the next process could not go on."""
        places = keepers.places
        if self._is_closed.is_set() or not places.acquire(blocking=False):
            return

        def work() -> None:
            try:
                for wait_s in AGAIN_S:
                    if self._is_closed.wait(wait_s):
                        return
                    with suppress(Exception):
                        self._hand_over(step.key, step.document, step.version, **limit)
                        return
            finally:
                places.release()

        try:
            threading.Thread(target=work, name="connector-store", daemon=True).start()
        except RuntimeError:  # no more threads: as where there are too many keepers
            places.release()

    def _now(self) -> float:
        return self._clock.now() if self._budget.is_shared else self._clock.monotonic()

    def _turn(self, step: AcquireSlot, wake: Callable[[], None]) -> Turn:
        holder = f"{self._mark}-{next(self._numbers)}"
        return Turn(step, self._clock.monotonic() + step.limit_s, holder, wake)

    def _left_s(self, turn: Turn) -> float:
        return max(0.0, turn.end - self._clock.monotonic())

    def _ask(self, turn: Turn) -> float | None:
        step = turn.step
        # Noted first: a signal may come right after.
        waited, turn.may_hold, turn.waits = turn.waits, self._keeps_order, self._keeps_order
        turn.asked_at = self._clock.monotonic()
        facts: dict[str, Any] = {
            "now": self._now(),
            "wake": turn.wake,
            "holder": turn.holder,
            "hold_s": step.hold_s,
        }
        if self._is_limited:
            facts["limit_s"] = self._left_s(turn)
        try:
            wait_s = judged_wait(self._budget.take(step.key, step.rule, **facts))
        except Exception as problem:  # noqa: BLE001  it may be a platform's own
            turn.may_hold, turn.waits = False, waited
            refusal: StoreError | None = store_error_of(problem, BUDGET)
        else:
            refusal = None
        if refusal is not None:
            raise refusal
        turn.may_hold = wait_s is None
        turn.waits = wait_s is not None and (self._keeps_order or wait_s == float("inf"))
        return wait_s

    def _busy(self, turn: Turn, wait_s: float) -> Busy:
        """Say how long there is no place, and by whose wish; the pause where that is what is waited for."""
        pause = None
        with suppress(Exception):  # that there is no place is known without it
            limit = self._limit(max(GRACE_S, self._left_s(turn)))
            pause = judged_pause(self._budget.paused(turn.step.key, now=self._now(), **limit))
        # It was told later than the wait, and so is shorter by as much.
        gone_s = self._clock.monotonic() - turn.asked_at + _SAME_S
        return Busy(wait_s, pause if pause is not None and pause.for_s + gone_s >= wait_s else None)

    def _drop(self, turn: Turn) -> None:
        """Give back the slot and leave the line; may be done again if it was interrupted."""
        step = turn.step
        # What was done is done, whether or not it can be counted; a shared slot ends by itself.
        if turn.may_hold:
            with suppress(Exception):
                limit = self._limit(GIVE_BACK_S)
                self._budget.give_back(step.key, turn.holder, now=self._now(), **limit)
                turn.may_hold = False
        if turn.waits:
            self._leave(turn)

    def _leave(self, turn: Turn) -> None:
        with suppress(Exception):
            self._budget.forget(turn.step.key, turn.wake, **self._limit(GIVE_BACK_S))
            turn.waits = False

    def _pause(self, step: PauseSlots) -> None:
        with suppress(Exception):
            limit = self._limit(GIVE_BACK_S)
            self._budget.pause(step.key, step.pause, now=self._now(), **limit)

    def _limit(self, limit_s: float) -> dict[str, Any]:
        return {"limit_s": limit_s} if self._is_limited else {}

    def _wake_s(self, turn: Turn, wait_s: float) -> float:
        """Return how long to wait to be woken before asking again."""
        again_s = wait_s if type(wait_s) is AskAgain or self._keeps_order else ASK_AGAIN_S
        return min(again_s, self._left_s(turn), WAIT_MAX_S)


class SyncStoreCalls(StoreCalls):
    """Asks from the calling thread."""

    def __init__(self, clock: Clock, budget: RequestBudget, store: TokenStore | None) -> None:
        super().__init__(clock, budget, store)
        self._leaves_budget = budget.is_shared and not self._is_limited
        self._leaves_store = not keeps_to_limits(store, "read", "write")

    def take(self, step: AcquireSlot, held: Held) -> Busy | StoreError | None:
        """Take a slot, waiting as long as the step allows."""
        free = Latch()
        turn = self._turn(step, free.set)
        held[step.key] = partial(self._give_back, turn)
        refused: Busy | StoreError | None
        try:
            refused = self._taken(turn, free)
        except StoreError as problem:
            refused = problem.with_traceback(None)
        if refused is not None:
            self.release(step, held)
        return refused

    def _taken(self, turn: Turn, free: Latch) -> Busy | None:
        while True:
            free.clear()
            wait_s = self._asked(turn)
            if wait_s is None:
                return None
            left_s = self._left_s(turn)
            if wait_s == float("inf") or type(wait_s) is AskAgain:
                if free.wait(self._wake_s(turn, wait_s)):
                    continue
                if not self._keeps_order:
                    self._left_line(turn)
                if self._clock.monotonic() >= turn.end:
                    return self._refused(turn, turn.step.limit_s)
            elif wait_s >= left_s:
                return self._refused(turn, wait_s)
            else:
                self._clock.sleep(wait_s)

    def release(self, step: Any, held: Held) -> None:
        """Give a slot back; it stays among what is held until that is done."""
        held[step.key]()
        held.pop(step.key, None)

    def pause(self, step: PauseSlots) -> None:
        """Let nobody who counts together take a slot for a while."""
        with suppress(StoreError):
            self._of_budget(partial(self._pause, step), GIVE_BACK_S)

    def read(self, step: ReadToken) -> Entry | StoreError | None:
        """Read the token store."""
        try:
            return shut(self._of_store(self._store.read, step.limit_s, step.key))
        except Exception as problem:  # noqa: BLE001  it may be a platform's own
            return store_error_of(problem, TOKENS)

    def write(self, step: WriteToken, held: Held) -> bool | StoreError:
        """Write the token store; a lease is put back unless something else is written."""
        held.pop(LEASE, None)
        try:
            arguments = (step.key, step.document, step.version)
            written = bool(self._of_store(self._hand_over, step.limit_s, *arguments))
        except Exception as problem:  # noqa: BLE001  as above
            if step.is_needed:
                self._keep_trying(step, {} if self._leaves_store else {"limit_s": STORE_S})
            return store_error_of(problem, TOKENS)
        if written and step.undo is not None:
            held[LEASE] = partial(self._undo, step, self._clock.monotonic() + step.limit_s)
        return written

    def _undo(self, step: WriteToken, end: float) -> None:
        left_s = max(GRACE_S, end - self._clock.monotonic())
        with suppress(Exception):
            self._of_store(self._hand_over, left_s, step.key, step.undo, step.version + 1)

    def _of_store(self, method: Any, limit_s: float, *arguments: Any) -> Any:
        if not self._leaves_store:
            return method(*arguments, limit_s=limit_s)
        return left_behind(self._store, partial(method, *arguments), limit_s)

    def _of_budget(self, work: Callable[[], Any], limit_s: float) -> Any:
        return left_behind(self._budget, work, limit_s) if self._leaves_budget else work()

    def _refused(self, turn: Turn, wait_s: float) -> Busy:
        with suppress(StoreError):
            busy: Busy = self._of_budget(partial(self._busy, turn, wait_s), self._left_s(turn) + GRACE_S)
            return busy
        return Busy(wait_s)

    def _asked(self, turn: Turn) -> float | None:
        if not self._leaves_budget:
            return self._ask(turn)
        undo = partial(self._too_late, turn)
        ask = partial(self._ask, turn)
        wait_s: float | None = left_behind(self._budget, ask, self._left_s(turn), undo)
        return wait_s

    def _left_line(self, turn: Turn) -> None:
        try:
            self._of_budget(partial(self._leave, turn), GIVE_BACK_S)
        except StoreError:
            turn.waits = False  # it is told so as soon as it listens

    def _give_back(self, turn: Turn) -> None:
        if not self._leaves_budget:
            self._drop(turn)
            return
        with suppress(StoreError):
            left_behind(self._budget, partial(self._drop, turn), GIVE_BACK_S)

    def _too_late(self, turn: Turn, _: Any) -> None:
        self._drop(turn)


def left_behind(
    store: object, work: Callable[[], Any], limit_s: float, undo: Callable[[Any], None] | None = None
) -> Any:
    """Do what may block for long in a thread that can be left behind, as `side_threads.in_time`."""
    from connector_runtime.base.side_threads import in_time  # noqa: PLC0415  only where a store was brought

    return in_time(store, work, limit_s, undo)


def keeps_to_limits(store: Any, *methods: str) -> bool:
    """Return whether a store's methods take `limit_s`, and so answer in time by themselves."""
    return all(_takes_limit(getattr(type(store), method, None)) for method in methods)


@functools.lru_cache(64)
def _takes_limit(method: Any) -> bool:
    return method is not None and "limit_s" in inspect.signature(method).parameters


def shut(found: Any) -> Entry | None:
    """Return what a store has given with its secrets sealed; what is no entry as it is."""
    document = getattr(found, "document", None)
    if not isinstance(document, Mapping):
        strange: Entry | None = found
        return strange
    return Entry(getattr(found, "version", None), sealed(document), getattr(found, "now", None))  # type: ignore[arg-type]


def is_awaited(store: Any) -> bool:
    """Return whether a token store is one for event loops."""
    return inspect.iscoroutinefunction(getattr(store, "read", None))


def judged_wait(said: Any) -> float | None:
    """Return what a budget answered; a wait of none at all is a short one, so that nobody asks without end.

    Raises:
        StoreError: It makes no sense.
    """
    if said is None:
        return None
    if isinstance(said, (int, float)) and not isinstance(said, bool) and said >= 0:
        return said or SOON_S
    shown = f" {said}" if type(said) in {int, float, bool} else ""
    raise StoreError(
        f"The budget of requests of the platform answered with the {type(said).__name__}{shown}.",
        hint="Its `take` returns None, or the seconds to wait, which are not negative.",
    )


def judged_pause(said: Any) -> Pause | None:
    """Return the pause that a budget has told, or None where that is none."""
    if not isinstance(said, Pause) or said.kind not in _PAUSES:
        return None
    return said if 0 < said.for_s < float("inf") and 0 <= said.back_s < float("inf") else None


def store_error_of(problem: Exception, what: str) -> StoreError:
    """Return what a store raised as an error of ours."""
    if isinstance(problem, StoreError):
        return problem.with_traceback(None)
    if isinstance(problem, OSError):
        with suppress(Exception):  # a subclass may compute it
            return StoreError(f"The store does not answer: {problem.strerror or type(problem).__name__}.")
    return StoreError(
        f"The {what} of the platform raised {type(problem).__name__}.",
        hint="See its own log; a store that cannot answer raises StoreError or OSError.",
    )

"""Those of one process who wait for a budget that it shares with others: only the first one asks."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector_runtime.base.forks import forget_after_fork
from connector_runtime.stores.budget import AskAgain

if TYPE_CHECKING:
    from collections.abc import Callable

    Wake = Callable[[], None]

# Nobody is woken across processes. The first one of all who wait for a place asks this often,
# each later one so much more seldom, and none more seldom than the last figure.
FIRST_ASKS_S = 0.01
ASKS_S = 0.1
# A place in the line of all processes is lost by one who does not ask for so long.
TURN_S = 1.0
# The first one of a process who is so late has gone without a word.
LATE_S = 5.0


def ask_again(ahead: int) -> AskAgain:
    """Return when one asks again who has so many before him in the line of all processes."""
    return AskAgain(min(ASKS_S, FIRST_ASKS_S * (1 + ahead)))


@dataclass(eq=False, repr=False)
class _Queue:
    """Who waits for one key, in order of arrival.

    Attributes:
        until: Before this instant of the budget's clock there is no use in asking.
        late: `time.monotonic()` instant at which the first one should have asked.
    """

    waiting: OrderedDict[Wake, None] = field(default_factory=OrderedDict)
    until: float = 0.0
    late: float = 0.0


class WaitingLine:
    """Keeps the order of arrival; whoever has been served or gives up lets the next one ask."""

    def __init__(self) -> None:
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Start anew in a forked process: who waits in the parent does not wait here."""
        # A lock that another thread held at the fork would stay locked in the child for ever.
        self._lock = threading.Lock()
        self._queues: dict[str, _Queue] = {}

    def hold_up(self, key: str, wake: Wake, now: float) -> float | None:
        """Return None to one who may ask; else he is in the line, and this says for how many seconds."""
        if key not in self._queues:
            return None
        with self._lock:
            queue = self._queues.get(key)
            if queue is None:
                return None
            if time.monotonic() > queue.late:
                self._next(key, queue, next(iter(queue.waiting)))
                queue = self._queues.get(key)
            if queue is None or next(iter(queue.waiting)) == wake:
                return None
            queue.waiting.setdefault(wake)
            return queue.until - now if queue.until > now else float("inf")

    def refused(self, key: str, wake: Wake, wait_s: float, now: float) -> None:
        """Let one who has asked for nothing wait, first if nobody else does."""
        with self._lock:
            queue = self._queues.setdefault(key, _Queue())
            # Asking again keeps one's place: only who is new goes to the end.
            queue.waiting.setdefault(wake)
            if next(iter(queue.waiting)) == wake:
                queue.until = 0.0 if type(wait_s) is AskAgain else now + wait_s
                queue.late = time.monotonic() + wait_s + LATE_S

    def leave(self, key: str, wake: Wake) -> None:
        """Let one go who was served or gives up; the next one asks at once."""
        if key not in self._queues:
            return
        with self._lock:
            queue = self._queues.get(key)
            if queue is not None and wake in queue.waiting:
                self._next(key, queue, wake)

    def freed(self, key: str) -> None:
        """Say that a place came free in this process: whoever is first asks at once."""
        if key not in self._queues:
            return
        with self._lock:
            queue = self._queues.get(key)
            if queue is not None:
                is_gone = time.monotonic() > queue.late
                self._next(key, queue, next(iter(queue.waiting)) if is_gone else None)

    def _next(self, key: str, queue: _Queue, gone: Wake | None) -> None:
        """Take one out, and wake whoever is first; an event loop that was closed waits for nothing."""
        while True:
            if gone is not None:
                if next(iter(queue.waiting), None) == gone:
                    queue.late = max(queue.late, time.monotonic() + LATE_S)
                queue.waiting.pop(gone, None)
            if not queue.waiting:
                self._queues.pop(key, None)
                return
            gone = next(iter(queue.waiting))
            if _is_told(gone):
                return


def _is_told(wake: Wake) -> bool:
    """Wake somebody; False when his event loop was closed, and nobody is there any more."""
    try:
        wake()
    except Exception:  # noqa: BLE001  whatever a closed loop says
        return False
    return True

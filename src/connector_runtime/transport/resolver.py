"""Looking up hosts with a bounded number of threads.

The system's resolver cannot be interrupted: whoever gives up leaves a thread behind that
waits on. So whoever asks for the same host waits for the same look-up, and however many
look-ups hang, their threads are few.
"""

from __future__ import annotations

import _thread
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from connector_runtime.base.forks import forget_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable

# All threads of the process that look up hosts, and those of one host.
THREADS_MAX = 16
THREADS_PER_HOST = 2
# A look-up that takes longer may hang for ever: one more is begun beside it. Resolvers give up in 30 s.
STALE_S = 30.0

SocketAddress = tuple[socket.AddressFamily, tuple[Any, ...]]
if TYPE_CHECKING:
    Answer = list[SocketAddress] | OSError
    Done = Callable[[Answer], None]


class NoThread(OSError):
    """The machine gives no thread to look up a host in."""


class _LookUp:
    """One question to the system, and who waits for the answer."""

    __slots__ = ("host", "port", "started_at", "waiting")

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.started_at: float | None = None
        self.waiting: list[Done] = []

    def is_stale(self) -> bool:
        """Return whether it has begun so long ago that it may never end."""
        return self.started_at is not None and time.monotonic() - self.started_at > STALE_S

    def answer(self) -> Answer:
        """Ask the system, for as long as it takes."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            return error if isinstance(error, OSError) else OSError("the host name is not valid")
        return [(family, address) for family, _, _, _, address in found]


class Resolver:
    """The look-ups of a process, each in a thread, those beyond `THREADS_MAX` one after the other."""

    def __init__(self) -> None:
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Start without look-ups: threads do not survive a fork."""
        self._lock = threading.Lock()
        self._threads = 0
        self._open: dict[tuple[str, int], list[_LookUp]] = {}
        self._queue: deque[_LookUp] = deque()

    def ask(self, host: str, port: int, done: Done) -> Callable[[], None]:
        """Have a host looked up, as `resolve`."""
        with self._lock:
            ours = self._open.setdefault((host, port), [])
            if not ours or (ours[-1].is_stale() and len(ours) < THREADS_PER_HOST):
                # In this order: what an interrupt leaves queued alone is done for nobody, the other way
                # round all would wait for what nobody does.
                self._queue.append(_LookUp(host, port))
                ours.append(self._queue[-1])
            look_up = ours[-1]
            look_up.waiting.append(done)
            # Where all threads are busy the look-up stays queued: whoever is done takes it.
            has_thread = look_up not in self._queue or self._threads >= THREADS_MAX or self._has_started()
        if not has_thread:
            self._settle(look_up, NoThread())
        return lambda: self._call_off(look_up, done)

    def _has_started(self) -> bool:
        """Start one more thread, by hand: no interrupt comes between the count and its beginning.

        `threading.Thread` waits for an event of its own, which an interrupt may leave locked.
        """
        self._threads += 1
        try:
            _thread.start_new_thread(self._work, ())
        except RuntimeError:
            self._threads -= 1
            return False
        return True

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                look_up = self._queue.popleft()
                look_up.started_at = time.monotonic()
            self._settle(look_up, look_up.answer())

    def _settle(self, look_up: _LookUp, answer: Answer) -> None:
        with self._lock:
            self._remove(look_up)
            waiting, look_up.waiting = look_up.waiting, []
        # Outside the lock: whoever is told may ask for the next host at once.
        for done in waiting:
            done(answer)

    def _call_off(self, look_up: _LookUp, done: Done) -> None:
        with self._lock:
            if done in look_up.waiting:
                look_up.waiting.remove(done)
                if look_up.started_at is None and not look_up.waiting:
                    self._remove(look_up)

    def _remove(self, look_up: _LookUp) -> None:
        if look_up in self._queue:
            self._queue.remove(look_up)
        ours = self._open.get((look_up.host, look_up.port), [])
        if look_up in ours:
            ours.remove(look_up)
        if not ours:
            self._open.pop((look_up.host, look_up.port), None)


_resolver = Resolver()


def resolve(host: str, port: int, done: Done) -> Callable[[], None]:
    """Look up a host in another thread and call `done` there, with addresses or an error.

    Returns:
        What to call when the answer is no longer wanted.
    """
    return _resolver.ask(host, port, done)

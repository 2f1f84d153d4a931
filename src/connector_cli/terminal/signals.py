"""The wish to end a command: Ctrl-C, or a signal that ends processes; imports nothing that takes time."""

from __future__ import annotations

import atexit
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Whoever stops a process, or closes its terminal, wishes what Ctrl-C does.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
# A second wish that comes so soon means the first one: it must not cut off what is said of it.
SAME_WISH_S = 1.0


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals that would end the process arrive as one `KeyboardInterrupt`.

    After one has arrived the handlers stay: nothing but the end of the process follows.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wished_at = float("-inf")

    def wish(_number: int, _frame: Any) -> None:
        nonlocal wished_at
        before, wished_at = wished_at, time.monotonic()
        if wished_at - before > SAME_WISH_S:
            raise KeyboardInterrupt

    found = {number: signal.getsignal(number) for number in _numbers()}
    # Whoever ignores one, as `nohup` does, goes on ignoring it.
    taken = [number for number, handler in found.items() if handler in _USUAL]
    for number in taken:
        signal.signal(number, wish)
    try:
        yield
    finally:
        for number in taken:
            if wished_at >= 0.0:
                # Python takes its handlers away while it ends; what is ignored stays so.
                atexit.register(signal.signal, number, signal.SIG_IGN)
            elif signal.getsignal(number) is wish:
                signal.signal(number, found[number])


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]


_USUAL = (signal.SIG_DFL, signal.default_int_handler)

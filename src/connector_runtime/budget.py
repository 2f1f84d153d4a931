"""How much may be asked of a service: requests in a window, and at once."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


@dataclass(frozen=True, slots=True)
class Rule:
    """A service's budget; None means no such limit. `per_s` is in seconds."""

    requests: int | None = None
    per_s: float = 60.0
    concurrency: int | None = None


@dataclass(slots=True)
class _Account:
    sent: deque[float] = field(default_factory=deque)
    running: int = 0
    waiting: deque[Callable[[], None]] = field(default_factory=deque)


class Budget:
    """Keeps every key within its rule, across the threads of one process.

    A window is exact: no `per_s` seconds ever see more than `requests`.
    """

    def __init__(self) -> None:
        self._accounts: dict[Hashable, _Account] = {}
        self._lock = threading.Lock()

    def take(self, key: Hashable, rule: Rule, *, now: float, wake: Callable[[], None]) -> float | None:
        """Take one slot.

        Args:
            key: Whose budget it is.
            rule: What is allowed.
            now: A monotonic reading, in seconds.
            wake: Called once when a slot comes free, if this call had to be refused for that.

        Returns:
            None when the slot was taken; else the seconds after which to ask
            again, infinite when only another's `give_back` can help.
        """
        with self._lock:
            account = self._accounts.setdefault(key, _Account())
            if rule.concurrency is not None and account.running >= rule.concurrency:
                account.waiting.append(wake)
                return float("inf")
            if rule.requests is not None:
                while account.sent and account.sent[0] <= now - rule.per_s:
                    account.sent.popleft()
                if len(account.sent) >= rule.requests:
                    return account.sent[0] + rule.per_s - now
                account.sent.append(now)
            account.running += 1
            return None

    def give_back(self, key: Hashable) -> None:
        """Free a slot taken before, and wake the caller who waits longest."""
        with self._lock:
            account = self._accounts[key]
            account.running -= 1
            wake = account.waiting.popleft() if account.waiting else None
        if wake is not None:
            wake()

    def forget(self, key: Hashable, wake: Callable[[], None]) -> None:
        """Stop waiting; a wake-up that already came goes to the next one."""
        with self._lock:
            account = self._accounts[key]
            if wake in account.waiting:
                account.waiting.remove(wake)
                return
            following = account.waiting.popleft() if account.waiting else None
        if following is not None:
            following()

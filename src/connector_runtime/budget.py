"""How much may be asked of a service: in a window, in a day, at once, and not for now."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from connector_runtime.forks import forget_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

# A longer window is counted in steps of a 144th (of a day: ten minutes): exact to the safe
# side, and small for millions of requests.
EXACT_S = 3600.0
STEPS = 144


class Rule(NamedTuple):
    """A service's budget; None means no such limit.

    Attributes:
        requests: Most requests in any `per_s` seconds.
        per_s: Length of that window.
        concurrency: Most requests at once.
    """

    requests: int | None = None
    per_s: float = 60.0
    concurrency: int | None = None

    @property
    def step_s(self) -> float:
        """Return the length of the steps that requests are counted in, 0.0 for each by itself."""
        return self.per_s / STEPS if self.per_s > EXACT_S else 0.0


class Pause(NamedTuple):
    """A vendor's wish not to be asked for a while, shared by all who count together.

    Attributes:
        for_s: Seconds that nobody asks.
        kind: `rate_limited`, or `quota_exhausted` for an allowance that is used up.
        back_s: Seconds until the vendor says it will answer again; may be longer than `for_s`,
            because an allowance may be raised meanwhile, and somebody has to find out.
    """

    for_s: float
    kind: str = "rate_limited"
    back_s: float = 0.0


@dataclass(eq=False, repr=False)
class _Account:
    """One key's count; `sent` holds instants by holder, the oldest first."""

    sent: OrderedDict[object, float] = field(default_factory=OrderedDict)
    steps: dict[int, int] = field(default_factory=dict)
    running: int = 0
    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    pause: Pause | None = None
    paused_at: float = 0.0


class Budget:
    """Keeps every key within its rule, across the threads of one process.

    A window is exact: no `per_s` seconds ever see more than `requests`. A request counts
    until `per_s` after its end, because nobody knows when it reached the vendor.
    """

    is_shared = False

    def __init__(self) -> None:
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Start anew in a forked process, where nobody would give back what the parent holds."""
        self._accounts: dict[Hashable, _Account] = {}
        self._lock = threading.Lock()

    def take(
        self,
        key: Hashable,
        rule: Rule,
        *,
        now: float,
        wake: Callable[[], None],
        holder: str = "",
        hold_s: float = 0.0,  # noqa: ARG002
    ) -> float | None:
        """Take one slot, as `ports.RequestBudget.take`; `now` is a monotonic reading."""
        with self._lock:
            account = self._accounts.setdefault(key, _Account())
            wait_s = _refused_s(account, rule, now)
            if wait_s is not None:
                return wait_s
            if rule.concurrency is not None and account.running >= rule.concurrency:
                account.waiting.append(wake)
                return float("inf")
            if rule.requests is not None and rule.step_s:
                step = int(now // rule.step_s)
                account.steps[step] = account.steps.get(step, 0) + 1
            elif rule.requests is not None:
                account.sent[holder or object()] = now
            account.running += 1
            return None

    def give_back(self, key: Hashable, holder: str = "", *, now: float = 0.0) -> None:
        """Free a slot taken before, and wake the caller who waits longest."""
        with self._lock:
            account = self._accounts[key]
            account.running -= 1
            if holder in account.sent:
                account.sent[holder] = now
                account.sent.move_to_end(holder)
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

    def pause(self, key: Hashable, pause: Pause, *, now: float) -> None:
        """Let nobody take a slot for a while; a longer pause outlives a shorter one."""
        with self._lock:
            account = self._accounts.setdefault(key, _Account())
            left = _left(account, now)
            if left is None or left.for_s < pause.for_s:
                account.pause, account.paused_at = pause, now

    def paused(self, key: Hashable, *, now: float) -> Pause | None:
        """Return what is left of the pause, or None."""
        with self._lock:
            account = self._accounts.get(key)
            return _left(account, now) if account else None


def text_of_key(key: Hashable) -> str:
    """Return a key as text; keys are texts, or tuples of texts and None."""
    return json.dumps(key, ensure_ascii=False)


def _refused_s(account: _Account, rule: Rule, now: float) -> float | None:
    """Return how long pause and window make a caller wait, or None."""
    waits: list[float] = []
    pause = _left(account, now)
    if pause is not None:
        waits.append(pause.for_s)
    if rule.requests is not None and rule.step_s:
        waits += steps_wait_s(account.steps, rule, now)
    elif rule.requests is not None:
        oldest = next(iter(account.sent.values()), now)
        while oldest <= now - rule.per_s:
            account.sent.popitem(last=False)
            oldest = next(iter(account.sent.values()), now)
        if len(account.sent) >= rule.requests:
            waits.append(oldest + rule.per_s - now)
    return max(waits) if waits else None


def steps_wait_s(steps: dict[int, int], rule: Rule, now: float) -> list[float]:
    """Forget the steps that left the window; return `[wait]` when the others use it up."""
    step_s, step = rule.step_s, int(now // rule.step_s)
    for old in [one for one in steps if one < step - STEPS or one > step + STEPS]:
        del steps[old]
    left = sum(steps.values()) - (rule.requests or 0)
    if left < 0:
        return []
    for one in sorted(steps):
        left -= steps[one]
        if left < 0:
            # A step's last request may have come at its very end.
            return [(one + 1 + STEPS) * step_s - now]
    return []


def _left(account: _Account, now: float) -> Pause | None:
    pause = account.pause
    if pause is None:
        return None
    gone_s = now - account.paused_at
    if gone_s >= pause.for_s:
        account.pause = None
        return None
    return Pause(pause.for_s - gone_s, pause.kind, max(pause.back_s - gone_s, pause.for_s - gone_s))

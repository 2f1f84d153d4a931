"""How much may be asked of a service: in a window, in a day, at once, and not for now."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from connector_runtime.base.forks import forget_after_fork

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


class AskAgain(float):
    """Seconds after which one who waits for a place asks again, unless he is woken before."""


@dataclass(eq=False, repr=False)
class _Account:
    """One key's count.

    Attributes:
        sent: When it counts that a request was sent, by holder, the oldest first.
        running: The holders of places.
        waiting: Who waits, by his wake-up and in order of arrival; True for those who will
            ask again without being woken.
    """

    rule: Rule
    sent: OrderedDict[object, float] = field(default_factory=OrderedDict)
    steps: dict[int, int] = field(default_factory=dict)
    running: dict[object, None] = field(default_factory=dict)
    waiting: OrderedDict[Callable[[], None], bool] = field(default_factory=OrderedDict)
    pause: Pause | None = None
    paused_at: float = 0.0

    def ahead_of(self, wake: Callable[[], None]) -> int:
        """Return how many came before; each of them has a claim on what comes free first."""
        waiting = self.waiting
        if not waiting or wake not in waiting:
            return len(waiting)
        return next(place for place, one in enumerate(waiting) if one == wake)

    def is_idle(self, now: float) -> bool:
        """Return whether nothing is lost when the account is forgotten."""
        if self.running or self.waiting or _left(self, now) is not None:
            return False
        span_s = self.rule.per_s + 2 * self.rule.step_s
        latest_s = max((step * self.rule.step_s for step in self.steps), default=float("-inf"))
        return max(latest_s, *self.sent.values(), float("-inf")) <= now - span_s


class Budget:
    """Keeps every key within its rule, across the threads and event loops of one process.

    A window is exact: no `per_s` seconds ever see more than `requests`. A request counts
    until `per_s` after its end, because nobody knows when it reached the vendor.

    First come, first served: who was refused keeps his place in the line until he gets what
    he waits for, or is forgotten, and nobody who comes later takes what is his. To give back
    or to forget twice, or what was never had, does no harm; so whoever is interrupted may
    simply do it once more.
    """

    is_shared = False
    keeps_order = True

    def __init__(self) -> None:
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Start anew in a forked process, where nobody would give back what the parent holds."""
        self._accounts: OrderedDict[Hashable, _Account] = OrderedDict()
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
            account = self._account(key, rule, now)
            ahead = account.ahead_of(wake)
            wait_s = _refused_s(account, rule, now, ahead)
            if wait_s is not None:
                account.waiting[wake] = True
                return wait_s
            if rule.concurrency is not None and len(account.running) + ahead >= rule.concurrency:
                account.waiting[wake] = False
                return float("inf")
            # Who gives no name takes a place of his own all the same.
            mark = holder or object()
            account.running[mark] = None
            if rule.requests is not None and rule.step_s:
                step = int(now // rule.step_s)
                account.steps[step] = account.steps.get(step, 0) + 1
            elif rule.requests is not None:
                account.sent[mark] = now
            account.waiting.pop(wake, None)
            return None

    def give_back(self, key: Hashable, holder: str = "", *, now: float = 0.0) -> None:
        """Free a slot taken before; it is kept for the caller who waits longest."""
        with self._lock:
            account = self._accounts.get(key)
            if account is None:
                return
            if holder:
                account.running.pop(holder, None)
            # Who has no name of his own may give back any place: all of them are alike.
            elif account.running:
                account.running.popitem()
            # It counts from its end: nobody knows when within that time it reached the vendor.
            if holder in account.sent:
                account.sent[holder] = now
                account.sent.move_to_end(holder)
            _wake(account)

    def forget(self, key: Hashable, wake: Callable[[], None]) -> None:
        """Stop waiting; what was kept for this caller goes to the next one."""
        with self._lock:
            account = self._accounts.get(key)
            if account is not None:
                account.waiting.pop(wake, None)
                _wake(account)

    def pause(self, key: Hashable, pause: Pause, *, now: float) -> None:
        """Let nobody take a slot for a while; a longer pause outlives a shorter one."""
        with self._lock:
            account = self._account(key, None, now)
            left = _left(account, now)
            # Replies come in any order: an earlier, shorter pause must not cut a longer one short.
            if left is None or left.for_s < pause.for_s:
                account.pause, account.paused_at = pause, now

    def paused(self, key: Hashable, *, now: float) -> Pause | None:
        """Return what is left of the pause, or None."""
        with self._lock:
            account = self._accounts.get(key)
            return _left(account, now) if account else None

    def _account(self, key: Hashable, rule: Rule | None, now: float) -> _Account:
        """Return a key's account; for each that is opened two are looked at, whether they can go."""
        account = self._accounts.get(key)
        if account is None:
            # Two looked at for one opened: idle ones go faster than new ones come, without a sweep of all.
            for _ in range(min(2, len(self._accounts))):
                oldest, known = next(iter(self._accounts.items()))
                if known.is_idle(now):
                    del self._accounts[oldest]
                else:
                    self._accounts.move_to_end(oldest)
            account = self._accounts[key] = _Account(rule or Rule())
        if rule is not None:
            account.rule = rule
        return account


# Of all sessions of this process that were given none: those of one connection, whichever
# copy of its component they were opened by, keep to its limits together.
process_budget = Budget()


def text_of_key(key: Hashable) -> str:
    """Return a key as text; keys are texts, or tuples of texts and None."""
    return json.dumps(key, ensure_ascii=False)


def _wake(account: _Account) -> None:
    """Wake those for whom a place is free now."""
    while account.waiting and account.rule.concurrency is not None:
        free = max(0, account.rule.concurrency - len(account.running))
        due = [wake for wake, comes in islice(account.waiting.items(), free) if not comes]
        for wake in due:
            try:
                wake()
            except Exception:  # noqa: BLE001  his event loop was closed: nobody is there any more
                del account.waiting[wake]
                break
            account.waiting[wake] = True
        else:
            return


def _refused_s(account: _Account, rule: Rule, now: float, ahead: int) -> float | None:
    """Return how long pause and window make a caller wait who has so many before him, or None."""
    waits: list[float] = []
    pause = _left(account, now) if account.pause is not None else None
    if pause is not None:
        waits.append(pause.for_s)
    if rule.requests is not None and rule.step_s:
        waits += steps_wait_s(account.steps, rule, now, ahead)
    elif rule.requests is not None:
        sent = account.sent
        oldest = next(iter(sent.values()), now)
        while oldest <= now - rule.per_s:
            sent.popitem(last=False)
            oldest = next(iter(sent.values()), now)
        over = len(sent) + ahead - rule.requests
        if over >= 0:
            # Those ahead fill whole windows first; the rest waits for a place in the one behind them.
            rounds, place = divmod(over, rule.requests)
            leaves = next(islice(sent.values(), place, None), now)
            waits.append(leaves + rule.per_s * (rounds + 1) - now)
    return max(waits) if waits else None


def steps_wait_s(steps: dict[int, int], rule: Rule, now: float, ahead: int = 0) -> list[float]:
    """Forget the steps that left the window; return `[wait]` when the others use it up.

    `ahead` more are about to be sent by those who came first.
    """
    step_s, step = rule.step_s, int(now // rule.step_s)
    for old in [one for one in steps if one < step - STEPS or one > step + STEPS]:
        del steps[old]
    left = sum(steps.values()) + ahead - (rule.requests or 0)
    if left < 0:
        return []
    for one in sorted(steps):
        left -= steps[one]
        if left < 0:
            # A step's last request may have come at its very end.
            return [(one + 1 + STEPS) * step_s - now]
    return [rule.per_s]


def _left(account: _Account, now: float) -> Pause | None:
    pause = account.pause
    if pause is None:
        return None
    gone_s = now - account.paused_at
    if gone_s >= pause.for_s:
        account.pause = None
        return None
    return Pause(pause.for_s - gone_s, pause.kind, max(pause.back_s - gone_s, pause.for_s - gone_s))

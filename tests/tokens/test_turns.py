"""First come, first served: whoever waits for a budget gets what he waits for in the order of arrival."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.base.messages import Reply
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.stores import SqliteBudget
from connector_runtime.stores.budget import AskAgain, Budget, Rule
from connector_runtime.stores.waiting_line import TURN_S
from engine.shop import SENT, Shop, action, model_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ORG = ("tenant", "api", "0", None)
FOREVER = float("inf")
PLACES = 10
API = "${ connection.site.api }/v1"
MODEL = model_of(action("read"), services={"api": {"url": API, "budget": {"concurrency": PLACES}}})
ONE_PLACE = model_of(action("read"), services={"api": {"url": API, "budget": {"concurrency": 1}}})
GIVEN = Connection.from_dict({"key": "key", "name": "tenant", "fields": {"key": "shop-key-123456"}})


class Caller:
    """Somebody who may be woken."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def take(self, budget: Any, rule: Rule, now: float = 0.0, key: Any = ORG) -> float | None:
        wait_s: float | None = budget.take(key, rule, now=now, wake=self.wake, holder=self.name, hold_s=60.0)
        return wait_s


def callers(names: str) -> list[Caller]:
    return [Caller(name) for name in names]


@pytest.mark.plan("S-170")
def test_a_freed_place_is_kept_for_who_waits_longest() -> None:
    """Whoever comes between the waking and the taking does not get it."""
    budget, rule = Budget(), Rule(concurrency=1)
    holder, first, late = callers("hfl")
    assert holder.take(budget, rule) is None
    assert first.take(budget, rule) == FOREVER

    budget.give_back(ORG, "h")

    assert late.take(budget, rule) == FOREVER
    assert (first.woken, late.woken) == (1, 0)
    assert first.take(budget, rule) is None


@pytest.mark.plan("S-170")
def test_whoever_asks_in_vain_stands_in_the_line_once() -> None:
    """Asking again and again neither gains nor loses a place, and leaves nothing behind that is woken later."""
    budget, rule = Budget(), Rule(concurrency=1)
    holder, first, second = callers("hfs")
    holder.take(budget, rule)
    for one in (first, second, first, first):
        assert one.take(budget, rule) == FOREVER

    budget.forget(ORG, first.wake)
    budget.give_back(ORG, "h")

    assert (first.woken, second.woken) == (0, 1)
    assert second.take(budget, rule) is None


@pytest.mark.plan("S-170")
def test_a_closed_event_loop_keeps_no_place() -> None:
    """Whoever cannot be woken any more is passed over, and the next one is."""
    budget, rule, loop = Budget(), Rule(concurrency=1), asyncio.new_event_loop()
    holder, second = callers("hs")
    holder.take(budget, rule)
    budget.take(ORG, rule, now=0.0, wake=lambda: loop.call_soon_threadsafe(print), holder="gone")
    second.take(budget, rule)
    loop.close()

    budget.give_back(ORG, "h")

    assert second.woken == 1
    assert second.take(budget, rule) is None


@pytest.mark.plan("S-171")
def test_nobody_overtakes_those_who_wait_for_the_window() -> None:
    """Each is told when his own turn comes; who comes when the window opens is behind them."""
    budget, rule = Budget(), Rule(requests=2, per_s=60.0)
    a, b, c, d, e, late = callers("abcdel")
    assert [one.take(budget, rule, at) for one, at in ((a, 0.0), (b, 10.0))] == [None, None]
    assert [one.take(budget, rule, 20.0) for one in (c, d, e)] == [40.0, 50.0, 100.0]

    assert late.take(budget, rule, 60.0) == 70.0
    assert [one.take(budget, rule, 60.0) for one in (d, c)] == [10.0, None]
    budget.forget(ORG, d.wake)
    assert late.take(budget, rule, 70.0) == 50.0
    assert e.take(budget, rule, 70.0) is None


class Vendor:
    """Answers after some turns of the event loop; knows how many it serves and whom it has served."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def send(self, _outgoing: Any, **_: Any) -> Reply:
        self.now += 1
        self.most = max(self.most, self.now)
        for _turn in range(3):
            await asyncio.sleep(0)
        self.now -= 1
        return Reply(200, (), b'{"id": "7"}')

    async def aclose(self) -> None:
        """Close nothing."""


@pytest.mark.plan("S-170")
@pytest.mark.parametrize("number", [200, pytest.param(5000, marks=pytest.mark.long)])
def test_callers_of_an_event_loop_are_served_in_order(number: int, score: Callable[[str, int], None]) -> None:
    """However many there are: all places stay in use, nobody is refused, nobody overtakes."""
    vendor, served = Vendor(), []

    async def rush() -> None:
        session = AsyncSession(MODEL, GIVEN, Options(), sender=vendor)  # type: ignore[arg-type]

        async def call(one: int) -> None:
            await session.run("order", {})
            served.append(one)

        await asyncio.gather(*(call(one) for one in range(number)))

    asyncio.run(rush())

    overtaken = sum(one > other for one, other in pairwise(served))
    score("waiting_callers", number)
    score("overtaken", overtaken)
    assert (len(served), overtaken, vendor.most) == (number, 0, PLACES)


@pytest.mark.plan("S-170")
def test_threads_share_the_turns_alike() -> None:
    """Forty threads at three places, ten calls each: nobody is refused, and nobody is far ahead of another."""
    model = model_of(action("read"), services={"api": {"url": API, "budget": {"concurrency": 3}}})
    shop, turns, spread, lock = Shop(model, SENT), [0] * 40, [], threading.Lock()
    sent = shop.session._sender.send

    def send(*given: Any, **how: Any) -> Any:
        time.sleep(0.001)
        return sent(*given, **how)

    shop.session._sender.send = send  # type: ignore[method-assign]
    ready = threading.Barrier(40)

    def work(one: int) -> None:
        shop.run()
        ready.wait()
        for _ in range(10):
            shop.run()
            with lock:
                turns[one] += 1
                spread.append(max(turns) - min(turns))

    threads = [threading.Thread(target=work, args=(one,)) for one in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert turns == [10] * 40
    # At the start and the end some are not in the line; in between all take their turns.
    assert max(spread) <= 4


# -- interrupted ------------------------------------------------------------------


class _Interrupted:
    """Raises KeyboardInterrupt where a signal could: when a function begins, or C code returns."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: Any, event: str, _argument: Any) -> None:
        name = frame.f_globals.get("__name__", "")
        if event in ("call", "c_return") and name in _WATCHED:
            self.left -= 1
            if self.left == 0:
                sys.setprofile(None)
                raise KeyboardInterrupt


_ROOMS = ("session.store_calls", "stores.budget", "session.drivers", "conversation.slots")
_WATCHED = {f"connector_runtime.{name}" for name in _ROOMS}


@pytest.mark.plan("S-172")
def test_a_signal_at_any_moment_leaves_no_place_taken(score: Callable[[str, int], None]) -> None:
    """A call is interrupted at each point where Python looks for signals, one after the other."""
    budget, moments = Budget(), 0
    shop = Shop(ONE_PLACE, SENT, budget=budget)
    shop.run()

    while True:
        moments += 1
        sys.setprofile(_Interrupted(moments))
        try:
            shop.run()
            ended = True
        except KeyboardInterrupt:
            ended = False
        finally:
            sys.setprofile(None)
        (account,) = budget._accounts.values()
        assert (len(account.running), len(account.waiting)) == (0, 0), f"at moment {moments}"
        if ended:
            break

    score("interrupts", moments - 1)
    score("places_lost", 0)
    assert moments > 40


# -- budgets that processes share ----------------------------------------------------


@pytest.mark.plan("S-173")
def test_of_one_process_only_the_first_one_asks(budget: Any) -> None:
    """The others wait to be woken, however many they are; whoever is served lets the next one ask."""
    rule, now = Rule(concurrency=1), time.time()
    holder, first, second, third = callers("hfst")
    assert holder.take(budget, rule, now) is None
    waits = [one.take(budget, rule, now) for one in (first, second, third)]
    if budget.is_shared:
        assert type(waits[0]) is AskAgain
    assert waits[1:] == [FOREVER] * 2

    budget.give_back(ORG, "h", now=now)

    assert (first.woken, second.woken) == (1, 0)
    assert second.take(budget, rule, now) == FOREVER
    assert first.take(budget, rule, now) is None
    budget.forget(ORG, second.wake)
    budget.give_back(ORG, "f", now=now)
    assert third.woken >= 1
    assert third.take(budget, rule, now) is None


@pytest.mark.plan("S-173")
@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_processes_take_turns(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A process that frees a place does not take it again while another one waits longer."""

    def opened() -> Any:
        if kind == "sqlite":
            return SqliteBudget(tmp_path / "budget")
        from connector_runtime.stores import RedisBudget

        return RedisBudget(address)

    address = request.getfixturevalue("empty_redis") if kind == "redis" else ""
    here, there = opened(), opened()
    rule, now = Rule(concurrency=1), time.time()
    holder, mine, other = callers("hmo")
    assert holder.take(here, rule, now) is None
    assert type(other.take(there, rule, now)) is AskAgain
    assert type(mine.take(here, rule, now)) is AskAgain

    here.give_back(ORG, "h", now=now)

    assert mine.woken == 1
    assert type(mine.take(here, rule, now)) is AskAgain
    assert other.take(there, rule, now) is None
    there.give_back(ORG, "o", now=now)
    assert mine.take(here, rule, now) is None
    here.close()
    there.close()


@pytest.mark.plan("S-173")
def test_a_process_that_died_while_it_waited_is_not_waited_for(tmp_path: Path) -> None:
    """Its place in the line ends by itself."""
    here, there, rule, now = SqliteBudget(tmp_path / "b"), SqliteBudget(tmp_path / "b"), Rule(concurrency=1), 1e9
    holder, dead, heir = callers("hdn")
    holder.take(here, rule, now)
    dead.take(there, rule, now)
    here.give_back(ORG, "h", now=now)

    assert type(heir.take(here, rule, now)) is AskAgain
    assert heir.take(here, rule, now + TURN_S + 0.1) is None
    here.close()
    there.close()


# -- who is idle is forgotten -----------------------------------------------------------


@pytest.mark.plan("S-178")
@pytest.mark.parametrize("rule", [Rule(requests=5), Rule(requests=5, per_s=86_400.0), Rule(concurrency=2)])
def test_organisations_that_call_no_more_are_forgotten(rule: Rule) -> None:
    """A thousand come once each, on different days: few are remembered; who runs, waits or is paused is not forgotten."""
    budget, caller, waiting = Budget(), Caller("c"), Caller("w")
    Caller("r").take(budget, Rule(concurrency=1), key=("busy",))
    waiting.take(budget, Rule(concurrency=1), key=("busy",))

    for number in range(1000):
        assert caller.take(budget, rule, now=number * 200_000.0, key=(number,)) is None
        budget.give_back((number,), "c", now=number * 200_000.0)

    assert len(budget._accounts) <= 4
    budget.give_back(("busy",), "r")
    assert waiting.woken == 1


@pytest.mark.plan("S-178")
@pytest.mark.parametrize("rule", [Rule(requests=5), Rule(requests=5, per_s=86_400.0), Rule(concurrency=2)])
def test_a_shared_file_forgets_them_too(rule: Rule, tmp_path: Path) -> None:
    """Their rows go, also those that nobody asks for again."""
    from connector_runtime.stores.budget import Pause

    budget, caller = SqliteBudget(tmp_path / "budget"), Caller("c")
    for number in range(50):
        caller.take(budget, rule, now=1e9, key=(number,))
        budget.pause((number,), Pause(60.0), now=1e9)
        if number % 2:
            budget.give_back((number,), "c", now=1e9)

    Caller("n").take(budget, rule, now=1e9 + 200_000.0, key=("next",))

    with budget._file.reading() as sql:
        tables = ("sent", "steps", "slots", "pauses", "turns", "ends")
        rows = [sql.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
    assert sum(rows) <= 2
    budget.close()


@pytest.mark.plan("S-178")
def test_whatever_lies_in_redis_ends_by_itself(empty_redis: str) -> None:
    """Every key that a budget writes has an end."""
    import redis

    from connector_runtime.stores import RedisBudget
    from connector_runtime.stores.budget import Pause

    budget = RedisBudget(empty_redis)
    for rule in (Rule(requests=5, concurrency=1), Rule(requests=5, per_s=86_400.0, concurrency=1)):
        for name in "ab":
            Caller(name).take(budget, rule, key=(rule.per_s,))
        budget.pause((rule.per_s,), Pause(60.0), now=0.0)
    with redis.Redis.from_url(empty_redis) as client:
        ends = {key: client.ttl(key) for key in client.scan_iter()}
    budget.close()

    assert len(ends) >= 6
    assert min(ends.values()) > 0

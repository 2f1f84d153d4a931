"""What a service allows is kept exactly, by threads and processes together; what it asks is heard by all."""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.errors import CallFailed, ConnectorError, StoreError
from connector_runtime.stores import Keys, SqliteBudget
from connector_runtime.stores.budget import Budget, Pause, Rule
from engine.shop import SENT, Shop, action, model_of
from tokens.fleet import Fleet, statuses
from tokens.scene import NoJitter, entries

if TYPE_CHECKING:
    from pathlib import Path

ORG = ("tenant", "api", "0", None)
DAY_S = 86_400.0


def nobody() -> None:
    """Be woken for nothing."""


def take(budget: Any, rule: Rule, now: float, holder: str = "h", key: Any = ORG) -> float | None:
    return budget.take(key, rule, now=now, wake=nobody, holder=holder, hold_s=60.0)  # type: ignore[no-any-return]


def has_own_clock(budget: Any) -> bool:
    return type(budget).__name__ == "RedisBudget"


def test_a_window_is_exact(budget: Any) -> None:
    """Of four requests in a moment three go through; the fourth waits for the first to leave the window."""
    rule, now = Rule(requests=3, per_s=60.0), time.time()

    waits = [take(budget, rule, now, str(number)) for number in range(4)]

    assert waits[:3] == [None] * 3
    assert waits[3] == pytest.approx(60.0, abs=5.0)
    if not has_own_clock(budget):
        assert take(budget, rule, now + 59.9) == pytest.approx(0.1)
        assert take(budget, rule, now + 60.0) is None


def test_a_request_counts_until_its_end(budget: Any) -> None:
    """Nobody knows when it reached the vendor, so it leaves the window a minute after its answer came."""
    rule, now = Rule(requests=1, per_s=60.0), time.time()
    assert take(budget, rule, now, "slow") is None

    budget.give_back(ORG, "slow", now=now + 20.0)

    if not has_own_clock(budget):
        assert take(budget, rule, now + 61.0) == pytest.approx(19.0)
        assert take(budget, rule, now + 80.0) is None


def test_places_are_given_back(budget: Any) -> None:
    """Two at once, no third; when one is done, the third may come."""
    rule, now = Rule(concurrency=2), time.time()
    assert [take(budget, rule, now, holder) for holder in "ab"] == [None, None]
    wait_s = take(budget, rule, now, "c")
    assert wait_s is not None
    assert wait_s > 0

    budget.give_back(ORG, "a")
    budget.forget(ORG, nobody)

    assert take(budget, rule, now, "c") is None


def test_one_account_does_not_pay_for_another(budget: Any) -> None:
    """Each connection and organisation has its own."""
    rule, now = Rule(requests=1), time.time()

    keys = [("a", "api", "0", None), ("b", "api", "0", None), ("a", "api", "0", "7"), ("a", "api", "1", None)]

    assert [take(budget, rule, now, key=key) for key in keys] == [None] * 4


def test_a_pause_holds_for_everybody_until_it_is_over(budget: Any) -> None:
    """A shorter one does not end a longer one, and what is left of it is told."""
    rule, now = Rule(requests=1000), time.time()
    assert budget.paused(ORG, now=now) is None

    budget.pause(ORG, Pause(100.0, "quota_exhausted", 5000.0), now=now)
    budget.pause(ORG, Pause(1.0), now=now)

    left = budget.paused(ORG, now=now)
    assert (left.for_s, left.back_s) == (pytest.approx(100.0, abs=5.0), pytest.approx(5000.0, abs=5.0))
    assert left.kind == "quota_exhausted"
    assert take(budget, rule, now) == pytest.approx(100.0, abs=5.0)
    assert take(budget, rule, now, key=("other", "api", "0", None)) is None
    if not has_own_clock(budget):
        assert budget.paused(ORG, now=now + 101.0) is None
        assert take(budget, rule, now + 101.0) is None


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_no_day_of_any_schedule_is_overdrawn(kind: str, tmp_path: Path) -> None:
    """A long window is counted in steps, to the safe side: never more than allowed in any 24 hours, and not much less."""
    budget: Any = Budget() if kind == "memory" else SqliteBudget(tmp_path / "budget")
    rule, luck, now, taken = Rule(requests=200, per_s=DAY_S), random.Random(1), 1_750_000_000.0, []
    for _ in range(3000):
        now += luck.expovariate(1 / 200)
        wait_s = take(budget, rule, now)
        if wait_s is None:
            taken.append(now)
        else:
            assert take(budget, rule, now + wait_s - 0.01) is not None

    for number, start in enumerate(taken):
        assert bisect_left(taken, start + DAY_S) - number <= 200
    days = (taken[-1] - taken[0]) / DAY_S
    assert len(taken) >= 200 * days * 0.97


def test_a_day_is_counted_in_redis_too(budget: Any) -> None:
    """Whatever keeps the count, the allowance of a day is an allowance of a day."""
    rule, now = Rule(requests=5, per_s=DAY_S), time.time()

    waits = [take(budget, rule, now, str(number)) for number in range(6)]

    assert waits[:5] == [None] * 5
    assert waits[5] == pytest.approx(DAY_S, abs=601)


def test_a_clock_that_was_wrong_does_not_stop_anybody_for_long(tmp_path: Path) -> None:
    """What was noted for next year by a wrong clock is forgotten once the clock is right."""
    budget, now = SqliteBudget(tmp_path / "budget"), 1_750_000_000.0
    rules = [Rule(requests=1), Rule(requests=1, per_s=DAY_S), Rule(concurrency=1)]
    for number, rule in enumerate(rules[:2]):
        assert take(budget, rule, now + 365 * DAY_S, key=(str(number),)) is None
    budget.pause(("p",), Pause(60.0), now=now + 365 * DAY_S)

    assert [take(budget, rule, now, key=(str(number),)) for number, rule in enumerate(rules)] == [None] * 3
    assert budget.paused(("p",), now=now) is None
    budget.close()


def test_who_died_with_a_place_loses_it(tmp_path: Path) -> None:
    """A shared place ends by itself; nobody has to be asked who has died."""
    budget, now, rule = SqliteBudget(tmp_path / "budget"), 1_750_000_000.0, Rule(concurrency=1)
    assert take(budget, rule, now, "killed") is None

    assert take(budget, rule, now + 59.0, "next") is not None
    assert take(budget, rule, now + 61.0, "next") is None
    budget.close()


def test_threads_keep_a_budget_together(budget: Any) -> None:
    """Forty threads ask four hundred times: exactly what is allowed goes through."""
    rule, now = Rule(requests=100, per_s=600.0), time.time()

    with ThreadPoolExecutor(40) as pool:
        waits = list(pool.map(lambda number: take(budget, rule, now, str(number)), range(400)))

    assert waits.count(None) == 100


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_processes_keep_a_budget_together(
    zoho, sandbox, connection, tmp_path: Path, request, kind: str
) -> None:
    """Four processes of ten callers want 400 requests a minute of a vendor that allows 100: none is refused by it."""
    sandbox.settings.change({"limits.books": "standard"})
    at_once = tmp_path / "budget.sqlite"
    address = request.getfixturevalue("empty_redis") if kind == "redis" else ""
    sandbox.clock.thaw()
    given = {
        "connection": {**connection, "token": {**connection["token"], "expires_at": time.time() + 3000}},
        "store": str(tmp_path / "tokens.sqlite"),
        "keys": [Keys.new().reveal()],
        "budget": address or str(at_once),
    }
    organization = connection["fields"]["organizationId"]
    inputs = {"recordType": "contacts", "organizationId": organization}
    fleet = Fleet(*[given] * 4)

    with fleet:
        said = fleet.all(10, 10, how={"action": "booksGetRecords", "inputs": inputs, "deadline_s": 5.0})

    outcomes = statuses(said.items())
    assert outcomes["200"] == 100
    assert outcomes["rate_limited"] == 300
    assert {entry["status"] for entry in entries(sandbox, "books")} == {200}


# -- what the vendor asks ----------------------------------------------------------

LIMITED = {
    "services": {"api": {"url": "${ connection.site.api }/v1", "budget": {"requests": 1000, "per": "60s"}}},
    "errors": {
        "api": [
            {"when": "${ fault.code == 'minute' }", "kind": "rate_limited", "message": "Slow down.", "retryAfter": "60"},
            {"when": "${ fault.code == 'day' }", "kind": "quota_exhausted", "message": "Enough for today.",
             "retryAfter": "${ reply.headers['x-reset'] }"},
            {"when": "${ fault.code == 'at once' }", "kind": "rate_limited", "message": "One by one."},
        ]
    },
}  # fmt: skip
MODEL = model_of(action("read"), **LIMITED)
MINUTE = {"status": 429, "json": {"code": "minute"}}
MIDNIGHT = {"status": 429, "json": {"code": "day"}, "headers": {"X-Reset": "30000"}}
AT_ONCE = {"status": 429, "json": {"code": "at once"}}


def shops(number: int, *replies: dict[str, Any], **options: Any) -> list[Shop]:
    """Return sessions of one connection, with one budget and one clock."""
    given = {"key": "key", "name": "tenant", "fields": {"key": "shop-key-123456"}}
    found = [Shop(MODEL, *replies, given=given, budget=options["budget"]) for _ in range(number)]
    for shop in found[1:]:
        shop.clock._now = found[0].clock._now
    return found


@pytest.mark.parametrize("name", ["tenant", None])
def test_a_429_pauses_everybody_who_shares_the_budget(name: str | None) -> None:
    """The second session has not been refused itself, and waits all the same; another tenant does not."""
    budget = Budget()
    given = {"key": "key", "fields": {"key": "shop-key-123456"}} | ({"name": name} if name else {})
    first, second = (Shop(MODEL, MINUTE, SENT, given=given, budget=budget) for _ in range(2))
    other = Shop(
        MODEL, SENT, given={**given, "fields": {"key": "another-key-1"}, "name": f"{name} two"}, budget=budget
    )

    with pytest.raises(CallFailed):
        first.run()
    second.script.replies[:] = [SENT]
    second.run()
    other.run()

    assert second.clock.waits == [60.0]
    assert other.clock.waits == []


def test_a_pause_longer_than_a_call_may_last_is_told_not_slept() -> None:
    """Nothing is sent; the error says when to come back."""
    budget = Budget()
    first, second = shops(2, MINUTE, budget=budget)

    with pytest.raises(CallFailed):
        first.run()
    with pytest.raises(CallFailed) as caught:
        second.session.run("order", {}, deadline_s=10.0)

    assert (second.sent, second.clock.waits) == (0, [])
    assert caught.value.kind == "rate_limited"
    assert caught.value.retry_at == datetime.fromtimestamp(second.clock.now() + 60, UTC)


def test_nobody_sleeps_until_midnight() -> None:
    """An allowance that is used up is its own kind; everybody hears until when, and after a while one looks again."""
    budget = Budget()
    first, second = shops(2, MIDNIGHT, budget=budget)
    midnight = datetime.fromtimestamp(first.clock.now() + 30_000, UTC)

    for shop in (first, second):
        with pytest.raises(CallFailed) as caught:
            shop.session.run("order", {"retries": 3, "anyError": True})
        assert (caught.value.kind, caught.value.retry_at) == ("quota_exhausted", midnight)
        assert shop.clock.waits == []
    second.clock._now += 901.0
    second.script.replies[:] = [SENT]

    assert (first.sent, second.sent) == (1, 0)
    assert second.run().status == 200


def test_too_many_at_once_pauses_nobody() -> None:
    """The vendor names no time, so the others need not wait."""
    first, second = shops(2, AT_ONCE, SENT, budget=Budget())

    with pytest.raises(CallFailed):
        first.run()
    second.script.replies[:] = [SENT]
    second.run()

    assert second.clock.waits == []


@pytest.mark.parametrize(
    ("setting", "kind"), [("books_per_minute", "rate_limited"), ("books_per_day", "quota_exhausted")]
)
def test_the_vendors_limits_are_told_apart_by_code(
    zoho, sandbox, clock, connection, setting: str, kind: str
) -> None:
    """A minute and a day come with the same status; each says when it ends, and nothing is sent before."""
    sandbox.settings.change({f"limits.{setting}": 3})
    inputs = {"recordType": "contacts"}

    with zoho.session(connection, clock=clock) as session:
        for _ in range(3):
            session.run("booksGetRecords", inputs)
        for _ in range(5):
            with pytest.raises(ConnectorError) as caught:
                session.run("booksGetRecords", inputs, deadline_s=20.0)

    assert caught.value.kind == kind
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() >= sandbox.clock.now() + 59
    assert [entry["status"] for entry in entries(sandbox, "books")] == [200, 200, 200, 429]


def test_too_many_at_once_is_no_reason_for_a_pause(zoho, sandbox, clock, connection) -> None:
    """Where the vendor names no time, the next call is made at once."""
    sandbox.faults(fault="throttle", path="/books/*", limit="concurrent")

    with zoho.session(connection, clock=clock) as session:
        with pytest.raises(ConnectorError) as caught:
            session.run("booksGetRecords", {"recordType": "contacts"})
        session.run("booksGetRecords", {"recordType": "contacts"})

    assert (caught.value.kind, caught.value.retry_at) == ("rate_limited", None)


def test_a_budget_that_does_not_answer_is_an_error_of_its_own(zoho, sandbox, connection) -> None:
    """Without its count nothing is sent: the limit is everybody's."""

    class Broken(SqliteBudget):
        def __init__(self) -> None:
            pass

        def take(self, *_: Any, **__: Any) -> float | None:
            raise OSError("disk full")

    async def check() -> None:
        async with zoho.async_session(connection, budget=Broken()) as session:
            await session.check()

    with zoho.session(connection, budget=Broken()) as session, pytest.raises(StoreError):
        session.check()
    with pytest.raises(StoreError):
        asyncio.run(check())
    assert sandbox.ledger() == []


def test_cancelled_callers_leave_no_place_taken(zoho, sandbox, connection, tmp_path: Path) -> None:
    """A hundred calls cancelled at random, over a shared budget of ten places: all ten are free afterwards."""
    budget, luck = SqliteBudget(tmp_path / "budget"), random.Random(3)

    async def rush() -> None:
        async with zoho.async_session(connection, budget=budget, random=NoJitter()) as session:
            calls = [asyncio.create_task(session.check()) for _ in range(100)]
            for call in calls:
                await asyncio.sleep(luck.random() * 0.004)
                if luck.random() < 0.8:
                    call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(rush())

    with budget._file.reading() as sql:
        assert sql.execute("SELECT count(*) FROM slots").fetchone() == (0,)
    budget.close()


def test_several_limits_of_a_service_all_hold() -> None:
    """A minute's and a day's: whichever is used up first counts."""
    limits = [{"requests": 2, "per": "60s"}, {"requests": 3, "per": "24h"}, {"concurrency": 1}]
    model = model_of(
        action("read"), services={"api": {"url": "${ connection.site.api }/v1", "budget": limits}}
    )
    shop = Shop(model, SENT)

    for _ in range(3):
        shop.run()
    assert shop.clock.waits == [60.0]
    with pytest.raises(CallFailed) as caught:
        shop.run()

    assert shop.sent == 3
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() >= shop.clock.now() + DAY_S - 61

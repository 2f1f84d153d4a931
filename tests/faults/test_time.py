"""Waits and deadlines under every schedule, clock and wish of a server."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product
from typing import Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.base.messages import Failure, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.definition.retry import RetryPolicy
from connector_runtime.errors import ConnectorError
from connector_runtime.language.durations import retry_after_s
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, StillClock
from engine.shop import SENT, Shop, action, model_of

READ = model_of(action("read"))
KEY = {"key": "key", "fields": {"key": "shop-key-123456"}}
BUSY = {"status": 503, "text": ""}


class SlowWire:
    """A sender to which time passes: what would take longer than it may is a timeout."""

    def __init__(self, clock: StillClock, script: Script, durations_s: list[float]) -> None:
        self.clock = clock
        self.script = script
        self.durations_s = durations_s
        self.allowed_s: list[float] = []

    def send(self, outgoing: Any, *, timeout_s: float, sink: Any = None) -> Reply | Failure:
        """Let the attempt's time pass, then answer."""
        del sink
        self.allowed_s.append(timeout_s)
        duration_s = self.durations_s[len(self.script.sent) % len(self.durations_s)]
        answer = self.script.next(outgoing)
        self.clock._now += min(duration_s, timeout_s)
        if duration_s >= timeout_s:
            return Failure(Certainty.UNKNOWN, "timeout", "No reply came in time.")
        return answer

    def close(self) -> None:
        """Nothing is open."""


def troubles(chance: random.Random) -> list[dict[str, Any]]:
    """Return a server's bad quarter of an hour."""
    kinds: list[dict[str, Any]] = [
        BUSY,
        {"error": "connect"},
        {"error": "disconnect"},
        {"error": "timeout"},
        {"status": 429, "json": {}, "headers": {"Retry-After": str(chance.randrange(40))}},
        {"status": 503, "text": "", "headers": {"Retry-After": "86400"}},
    ]
    return [chance.choice(kinds) for _ in range(31)]


@pytest.mark.plan("S-02")
@pytest.mark.parametrize("count", [100, pytest.param(1_000, marks=pytest.mark.long)])
def test_attempts_and_waits_together_stay_within_the_deadline(count: int, score: Any) -> None:
    """Whatever takes how long, the call ends in its time, and its error is that of the last attempt."""
    for seed in range(count):
        chance = random.Random(seed)
        clock, deadline_s = StillClock(), chance.uniform(0.5, 60)
        wire = SlowWire(clock, Script(troubles(chance)), [chance.uniform(0, 9) for _ in range(7)])
        session = Session(READ, Connection.from_dict(KEY), Options(clock=clock, random=chance), sender=wire)  # type: ignore[arg-type]
        started = clock.monotonic()

        with pytest.raises(ConnectorError) as caught:
            session.run(
                "order",
                {"retries": chance.randrange(1, 31), "exponential": chance.random() < 0.5},
                deadline_s=deadline_s,
            )

        assert clock.monotonic() - started <= deadline_s + 1e-6
        assert all(allowed_s <= deadline_s + 1e-6 for allowed_s in wire.allowed_s)
        attempts = caught.value.attempts
        assert len(attempts) == len(wire.script.sent)
        assert caught.value.kind in (attempts[-1].kind, "timeout")

    score("schedules", count)
    score("schedules_late", 0)


# What a server asks for -------------------------------------------------------------------------

SERVER_NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
FORMATS = {
    "RFC 9110": "%a, %d %b %Y %H:%M:%S GMT",
    "RFC 850": "%A, %d-%b-%y %H:%M:%S GMT",
    "asctime": "%a %b %e %H:%M:%S %Y",
}
NONSENSE = [
    "", " ", "-1", "-5", "+5", "1e9", "1E3", "nan", "NaN", "inf", "Infinity", "-inf", "0x10", "1_000", "1,000", "1.5.2",
    "2.5", ".5", "5.", "5 S", "s5", "5,5", "1, 2", "1;2", "60 seconds", "soon", "never", "null", "None", "true", "{}", "[]",
    '"5"', "'5'", "${ 5 }", "٣", "\uff11\uff12", "²", "Ⅷ", "5\u00a0", "\u200b5", "5\x00", "\x00", "\x1b[31m5", "é", "😀",
    "9" * 11, "9" * 400, "9" * 65_536, "x" * 65_536, "Zun", "Zun, 06 Nov 1994 08:49:37 GMT", "Fri, 99 Foo 2026",
    "Fri, 32 May 2026 12:00:00 GMT", "Fri, 01 May 2026 25:00:00 GMT", "Fri, 01 May 2026 12:61:00 GMT",
    "Fri, 01 May 100000 12:00:00 GMT", "Fri, 01 May 0000 12:00:00 GMT", "Fri, 01 May -1 12:00:00 GMT", "2026 AD", "May",
    "2026-05-01T12:00:30Z", "2026-05-01 12:00:30", "01/05/2026", "12:00:30", "GMT", ",", ", , ,", "Fri,", "()", "Fri, 01 May",
    "Fri, 01 May 2026 12:00:30 +9999999", "Fri, 01 May 2026 12:00:30 " + "(" * 60, "a" * 63, "1 May 2026 12:00:00 GMT " + "x" * 70,
]  # fmt: skip
DIGITS = ["0", "1", "2", "7", "30", "59", "120", "299", "007", "0000000005", " 7", "7 ", "\t7", " 12 ", "300", "3600", "86400", "31622400"]  # fmt: skip
OFFSETS_S = [-86_400 * 365, -3_600, -1, 0, 1, 30, 299, 3_600, 86_400 * 30]


def wishes() -> dict[str, float | None]:
    """Return values of Retry-After with the seconds they mean, None where they mean nothing."""
    found: dict[str, float | None] = dict.fromkeys(NONSENSE)
    found |= {text: float(text) for text in DIGITS}
    for form, offset_s in product(FORMATS.values(), OFFSETS_S):
        moment = SERVER_NOW + timedelta(seconds=offset_s)
        found[moment.strftime(form)] = float(max(0, offset_s))
    return found


@pytest.mark.plan("S-03")
@pytest.mark.parametrize("status", [429, 503, 200])
def test_every_wish_for_a_wait_is_understood_or_ignored(score: Any, status: int) -> None:
    """Numbers and dates of three forms are kept to, nonsense counts as nothing, and no call outlives its time."""
    asked = wishes()
    for text, seconds in asked.items():
        headers = {"Retry-After": text, "Date": format_datetime(SERVER_NOW, usegmt=True)}
        first = (
            SENT | {"headers": headers}
            if status == 200
            else {"status": status, "json": {}, "headers": headers}
        )
        shop = Shop(READ, first, SENT)

        try:
            shop.session.run("order", {"retries": 1}, deadline_s=300)
        except ConnectorError as problem:
            told = problem.retry_at
        else:
            told = None

        waited_s = sum(shop.clock.waits)
        if status == 200:
            assert (waited_s, told) == (0.0, None), text[:80]
        elif seconds is not None and seconds >= 300:
            assert waited_s == 0.0
            assert told == datetime.fromtimestamp(shop.clock.now() + seconds, UTC), text
        else:
            assert waited_s == max(seconds or 0.0, 0.2), text[:80]

    assert len(asked) >= 115
    score("hostile", len(asked) - 1)


@pytest.mark.plan("S-03")
def test_a_header_that_comes_twice_means_nothing() -> None:
    """Two wishes are none: which of them would be the right one?"""
    reply = Reply(503, (("retry-after", "1"), ("retry-after", "100")), b"")

    assert retry_after_s(reply.header("retry-after"), server_date=None, now=0.0) is None


# Clocks -----------------------------------------------------------------------------------------


class JumpingClock(StillClock):
    """A clock whose wall time is moved by somebody whenever anybody waits."""

    def __init__(self, wall: float, jump_s: float) -> None:
        super().__init__()
        self.wall = wall
        self.jump_s = jump_s

    def now(self) -> float:
        return self.wall

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.wall += seconds + self.jump_s


@pytest.mark.plan("S-04")
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize("jump_s", [-86_400 * 30, -3_600, -1, 0, 1, 3_600, 86_400 * 30])
def test_no_wait_depends_on_the_wall_clock(monkeypatch: pytest.MonkeyPatch, zone: str, jump_s: float) -> None:
    """A clock that is wrong, set while somebody waits, or in summer time changes no wait and no deadline."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    for form, skew_s in product(FORMATS.values(), (-86_400 * 30, 0, 86_400 * 30)):
        # Late in October: New York's clocks go back within these three attempts.
        moment = datetime(2026, 11, 1, 5, 59, 30, tzinfo=UTC)
        asked = (moment + timedelta(seconds=45)).strftime(form)
        headers = {"Retry-After": asked, "Date": format_datetime(moment, usegmt=True)}
        shop = Shop(READ, {"status": 503, "json": {}, "headers": headers})
        shop.clock = JumpingClock(moment.timestamp() + skew_s, jump_s)
        options = Options(clock=shop.clock)
        session = Session(READ, Connection.from_dict(KEY), options, sender=shop.session._sender)

        with pytest.raises(ConnectorError):
            session.run("order", {"retries": 9}, deadline_s=100)

        assert shop.clock.waits == [45.0, 45.0]
    monkeypatch.undo()
    time.tzset()


# Jitter -----------------------------------------------------------------------------------------


def exponential() -> RetryPolicy:
    """Return the policy of a patient client."""
    return RetryPolicy(
        retries=9, exponential=True, delay_s=0.5, cap_s=60.0, kinds=frozenset({"server"}), on_any=False
    )


@pytest.mark.plan("S-05")
@pytest.mark.parametrize("repeat", [1, 3, 8, 100])
def test_the_waits_of_many_clients_spread_evenly(repeat: int) -> None:
    """Ten thousand clients that failed together come back at ten thousand different moments."""
    count, ceiling_s = 10_000, min(60.0, 0.5 * 2.0 ** min(repeat - 1, 64))
    waits = sorted(exponential().wait_s(repeat, random.Random(seed).random) for seed in range(count))

    distance = max(abs((index + 1) / count - wait_s / ceiling_s) for index, wait_s in enumerate(waits))
    busiest = max(Counter(int(wait_s / 0.05) for wait_s in waits).values())
    # Kolmogorov and Smirnov: an even spread stays below this in 99 of 100 cases.
    assert distance < 1.63 / count**0.5
    assert busiest / count < 1.5 * 0.05 / ceiling_s + 0.01


@pytest.mark.plan("S-05")
def test_a_back_off_stays_in_its_bounds_for_ever() -> None:
    """Five thousand repeats neither overflow nor fall to nothing."""
    chance = random.Random(5)

    waits = [exponential().wait_s(repeat, chance.random) for repeat in range(1, 5_001)]

    assert all(0.0 < wait_s <= 60.0 for wait_s in waits)
    assert exponential().wait_s(5_000, lambda: 0.0) == 60.0

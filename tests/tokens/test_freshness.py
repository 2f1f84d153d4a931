"""A token is good by the vendor's clock, whatever time it is here; it is renewed late, and not in a storm."""

from __future__ import annotations

import random
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.access.connections import Channel, Connection, Freshness
from connector_runtime.stores.token_state import EARLY_S, ServerTime, Token
from connector_runtime.testing.cases import Script, StillClock
from engine.shop import SENT, Shop, action, model_of
from engine.test_tokens import DEAD, OAUTH

MODEL = model_of(action("read"), connection=OAUTH)
NOW = 1_750_000_000.0


class WrongClock:
    """A clock of this machine that is off by some seconds from the vendor's `time`, and drifts."""

    def __init__(self, off_s: float) -> None:
        self.time, self.off_s, self.up_s = NOW, off_s, 5_000.0

    def now(self) -> float:
        return self.time + self.off_s

    def monotonic(self) -> float:
        return self.up_s

    def pass_time(self, seconds: float) -> None:
        self.time += seconds
        self.up_s += seconds

    def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)


class Vendor:
    """Takes a token for its life, to the second; counts what it refuses and issues."""

    def __init__(self, clock: WrongClock, life_s: float) -> None:
        self.clock, self.life_s = clock, life_s
        self.dies_at = clock.time + life_s
        self.issued, self.refused, self.taken = 0, 0, 0

    def next(self, outgoing: Any) -> Any:
        date = {"Date": formatdate(self.clock.time, usegmt=True)}
        if outgoing.url.endswith("/token"):
            self.issued += 1
            self.dies_at = self.clock.time + self.life_s
            said = {"access_token": f"token-{self.issued}", "expires_in": self.life_s}
            return Script([{"status": 200, "json": said, "headers": date}]).next(outgoing)
        sent = dict(outgoing.headers)["Authorization"].reveal().removeprefix("Bearer token-")
        if self.clock.time >= self.dies_at or int(sent) != self.issued:
            self.refused += 1
            return Script([{**DEAD, "headers": date}]).next(outgoing)
        self.taken += 1
        return Script([{**SENT, "headers": date}]).next(outgoing)


@pytest.mark.plan("S-70")
@pytest.mark.parametrize("life_s", [60.0, 300.0, 3600.0])
@pytest.mark.parametrize("off_s", [-900.0, -60.0, 0.0, 60.0, 900.0])
def test_a_wrong_clock_costs_one_refusal_at_most(off_s: float, life_s: float) -> None:
    """A thousand calls over many lives: no token known to be dead is sent, and there is one renewal a life."""
    clock = WrongClock(off_s)
    vendor = Vendor(clock, life_s)
    shop = Shop(MODEL, given=given_now(life_s), clock=clock, random=random.Random(1))
    shop.session._sender.script = vendor
    step_s, calls = life_s / 50, 1000

    for _ in range(calls):
        shop.run()
        clock.pass_time(step_s)

    lives = calls * step_s / life_s
    assert vendor.taken == calls
    assert vendor.refused <= 1
    assert vendor.issued <= lives * 1.2 + 2


def given_now(life_s: float) -> dict[str, Any]:
    token = {"access_token": "token-0", "refresh_token": "grant", "issued_at": NOW, "expires_in": life_s}
    return {"key": "oauth", "fields": {"clientId": "c", "clientSecret": "s"}, "token": token}


@pytest.mark.plan("S-70")
@pytest.mark.parametrize("jump_s", [-86_000.0, -3600.0, 3600.0, 86_000.0])
def test_a_clock_that_jumps_causes_no_storm(jump_s: float) -> None:
    """Set back, the time that has passed counts; set forward, one renewal tells the right time again."""
    clock = WrongClock(0.0)
    vendor = Vendor(clock, 3600.0)
    vendor.dies_at = clock.time
    shop = Shop(MODEL, given=given_now(1.0), clock=clock)
    shop.session._sender.script = vendor
    for _ in range(10):
        clock.pass_time(60.0)
        shop.run()
    clock.off_s = jump_s
    for _ in range(100):
        clock.pass_time(60.0)
        shop.run()

    assert vendor.issued <= 4
    assert vendor.refused <= 1


def test_a_machine_that_slept_does_not_send_an_old_token() -> None:
    """Its own count of seconds stood still, its clock did not."""
    time, clock = ServerTime(), WrongClock(0.0)
    time.learn(formatdate(clock.time, usegmt=True), clock)
    clock.time += 7200.0

    assert time.now(clock) == clock.time


@pytest.mark.parametrize(
    "date",
    [None, "", "soon", "Mon, 01 Jan 1990 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "x" * 1000, "٣"],
)
def test_a_date_that_cannot_be_is_not_believed(date: str | None) -> None:
    """The time here goes on to count."""
    time, clock = ServerTime(), StillClock()

    assert time.learn(date, clock) is None
    assert time.now(clock) == clock.now()


@settings(max_examples=300, deadline=None)
@given(st.floats(1.0, 1e7), st.floats(-1e6, 1e7))
def test_every_token_is_first_fresh_then_stale_then_invalid(life_s: float, age_s: float) -> None:
    """Whatever its life, it is renewed in its last minute, of a short life in the last tenth."""
    token = {"access_token": "t", "refresh_token": "r", "issued_at": NOW, "expires_in": life_s}
    channel = Channel(MODEL, Connection.from_dict({**given_now(1.0), "token": token}))
    clock = StillClock(NOW + age_s)
    early_s = min(EARLY_S, life_s / 10)

    state = channel.freshness(clock)

    if age_s < life_s - early_s - 1e-3:
        assert state is Freshness.FRESH
    elif life_s - early_s + 1e-3 < age_s < life_s - 1e-3:
        assert state is Freshness.STALE
    elif age_s > life_s + 1e-3:
        assert state is Freshness.INVALID


def test_a_token_comes_back_as_it_was_kept() -> None:
    """What a platform keeps gives the same token again, and the same grant after an exchange of grants."""
    first = Token.from_dict(
        {"access_token": "a", "refresh_token": "one", "expires_in": 60, "issued_at": NOW, "scope": "x"}
    )
    renewed = Token(
        first.access, Token.from_dict({"refresh_token": "two"}).refresh, 5.0, 4.0, first.grant, first.extra
    )

    for token in (first, renewed):
        assert Token.from_dict(token.to_dict()) == token
    assert "connector_grant" not in first.to_dict()
    assert renewed.to_dict()["connector_grant"] == first.grant

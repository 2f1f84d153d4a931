"""When a repeat is allowed, and how long to wait before it."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.base.values import ABSENT, Certainty
from connector_runtime.definition.program.request import RetryProgram
from connector_runtime.definition.retry import RetryPolicy, may_double, may_repeat
from connector_runtime.language.durations import retry_after_s, seconds_of

EFFECTS = ("read", "create", "update", "upsert", "delete", "raw")
NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC).timestamp()


def policy(**changes: object) -> RetryPolicy:
    plain = {
        "retries": 3, "exponential": True, "delay_s": 0.5, "cap_s": 60.0,
        "kinds": frozenset({"server", "network"}), "on_any": False,
    }  # fmt: skip
    return RetryPolicy(**{**plain, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("certainty", [Certainty.NOT_SENT, Certainty.REJECTED, Certainty.ANSWERED])
def test_what_has_not_happened_may_be_repeated_whatever_it_does(effect: str, certainty: Certainty) -> None:
    """An attempt that was not sent, was refused or was answered no may always be made again."""
    assert may_repeat(certainty, effect, identified=False)


@pytest.mark.parametrize(
    ("effect", "identified", "allowed"),
    [
        ("read", False, True),
        ("update", False, True),
        ("delete", False, True),
        ("upsert", True, True),
        ("upsert", False, False),
        ("create", True, False),
        ("create", False, False),
        ("raw", False, True),
    ],
)
def test_after_an_unknown_outcome_effect_and_identity_decide(
    effect: str, identified: bool, allowed: bool
) -> None:
    """A create, or an upsert without identity, is never repeated once it may have happened."""
    assert may_repeat(Certainty.UNKNOWN, effect, identified=identified) is allowed


def test_only_an_adding_raw_request_may_double() -> None:
    """A raw request repeated after an unknown outcome is marked, a PUT too: it may add to a list; a DELETE is not."""
    assert may_double(Certainty.UNKNOWN, "raw", "POST")
    assert may_double(Certainty.UNKNOWN, "raw", "PUT")
    assert not may_double(Certainty.UNKNOWN, "raw", "DELETE")
    assert not may_double(Certainty.NOT_SENT, "raw", "POST")
    assert not may_double(Certainty.UNKNOWN, "create", "POST")


def test_a_time_out_counts_as_a_network_error() -> None:
    """A policy that repeats network errors repeats timed-out attempts too."""
    assert policy().covers("timeout")
    assert not policy(kinds=frozenset({"server"})).covers("timeout")


def test_on_any_repeats_kinds_nobody_listed() -> None:
    """The user's "retry on all errors" covers every kind."""
    assert not policy().covers("validation")
    assert policy(on_any=True).covers("validation")


@pytest.mark.plan("S-05")
@given(st.integers(1, 5_000), st.floats(0, 1, exclude_max=True))
def test_exponential_backoff_stays_in_bounds_and_never_waits_nothing(repeat: int, draw: float) -> None:
    """Full jitter lies above zero and below the doubled delay and the cap, at any repeat."""
    wait_s = policy().wait_s(repeat, lambda: draw)

    assert 0.0 < wait_s <= min(60.0, 0.5 * 2.0 ** min(repeat - 1, 64))


@pytest.mark.plan("S-05")
@pytest.mark.parametrize("delay", [ABSENT, None, "", 0, "0ms", "soon"])
def test_exponential_backoff_without_a_delay_waits_nevertheless(delay: object) -> None:
    """Whoever gives no delay, or none that can be read, neither crashes a retry nor repeats without a pause."""
    program = RetryProgram(
        retries=lambda _: 3, backoff=lambda _: "exponential", delay=lambda _: delay, cap=lambda _: "60s",
        kinds=frozenset({"server"}), on_any=lambda _: False,
    )  # fmt: skip

    found = RetryPolicy.of(program, {})

    assert [found.wait_s(repeat, lambda: 0.0) for repeat in (1, 2, 3)] == [0.5, 1.0, 2.0]


@pytest.mark.plan("S-05")
def test_two_clients_do_not_share_a_schedule() -> None:
    """The waits of two sessions with their own randomness differ."""
    one, other = random.Random(1), random.Random(2)

    waits = [[policy().wait_s(n, source.random) for n in range(1, 9)] for source in (one, other)]

    assert not set(waits[0]) & set(waits[1])


def test_a_constant_delay_has_no_jitter() -> None:
    """Jitter belongs to exponential backoff only."""
    waits = {policy(exponential=False, delay_s=0.2).wait_s(n, lambda: 0.7) for n in range(1, 6)}

    assert waits == {0.2}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("60s", 60.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        (2, 2.0),
        (0, None),
        (None, None),
        ("soon", None),
    ],
)
def test_durations_are_read_in_their_units(text: object, seconds: float | None) -> None:
    """A duration is a number of seconds or a text with its unit; nothing and nonsense are none."""
    assert seconds_of(text) == seconds


@pytest.mark.plan("S-03")
@pytest.mark.parametrize("value", ["0", "2", " 7 ", "120", "31622400"])
def test_retry_after_in_digits_is_a_wait_in_seconds(value: str) -> None:
    """ASCII digits are seconds."""
    assert retry_after_s(value, server_date=None, now=NOW) == float(value)


@pytest.mark.plan("S-03")
@pytest.mark.parametrize(
    "value",
    ["", "-5", "1e9", "nan", "inf", "٣", "Zun", "2.5.1", "9" * 400, "99999999999", "1, 2", "Fri, 99 Foo 2026", "\x00", "x" * 65_536],
)  # fmt: skip
def test_a_retry_after_that_makes_no_sense_counts_as_absent(value: str) -> None:
    """Garbage, negative, infinite or foreign digits never become a wait."""
    assert retry_after_s(value, server_date=None, now=NOW) is None


@pytest.mark.plan("S-04")
@pytest.mark.parametrize("skew_s", [-30 * 86_400, -3_600, 0, 3_600, 30 * 86_400])
def test_a_retry_after_date_is_compared_with_the_servers_own_clock(skew_s: int) -> None:
    """Whatever our clock says, the wait is the difference of the reply's two dates."""
    server_now = datetime.fromtimestamp(NOW + skew_s, UTC)
    asked = datetime.fromtimestamp(NOW + skew_s + 30, UTC)

    wait_s = retry_after_s(
        format_datetime(asked, usegmt=True), server_date=format_datetime(server_now, usegmt=True), now=NOW
    )

    assert wait_s == 30.0


def test_a_date_in_the_past_means_now() -> None:
    """A server that asks to come back before now is asked again at once."""
    past = format_datetime(datetime.fromtimestamp(NOW - 60, UTC), usegmt=True)

    assert retry_after_s(past, server_date=None, now=NOW) == 0.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (10**400, 3_162_240_000.0),
        (-(10**400), -3_162_240_000.0),
        (float("inf"), 3_162_240_000.0),
        (Decimal("1e999"), 3_162_240_000.0),
        ("999999999999d", 3_162_240_000.0),
        ([5], None),
        ({"s": 5}, None),
    ],
)
def test_a_duration_stays_within_the_calendar(value: object, seconds: float | None) -> None:
    """A hundred years are the most, whatever a file, an input or a reply gives; what is no number is none."""
    assert seconds_of(value) == seconds


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("nan")])
def test_a_wait_that_nobody_can_wait_counts_as_absent(value: float) -> None:
    """Whatever a vendor writes into its reply."""
    assert retry_after_s(value, server_date=None, now=NOW) is None

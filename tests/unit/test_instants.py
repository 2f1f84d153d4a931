"""Points in time, however they are written: read in one place, compared as what they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.base.instants import instant_s, instant_text, is_half_an_instant
from connector_runtime.language.expressions.expression import EvaluationError, compile_expression

MOMENTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1))  # noqa: DTZ001  offsets follow
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def compared(left, symbol, right):
    expression = compile_expression(f"inputs.left {symbol} inputs.right", ("inputs",))
    return expression.evaluate({"inputs": {"left": left, "right": right}})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01t00:00:01z", 1),
        ("1970-01-01 00:00:00 +00:00", 0),
        ("1970-01-01T01:00:00+01", 0),
        ("1970-01-01T01:30:00+0130", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("1970-01-01T00:00:00.000Z", 0),
        ("1970-01-01T00:00:00,5Z", Decimal("0.5")),
        ("1970-01-01T00:00:00.123456789Z", Decimal("0.123456789")),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140),
        ("9999-12-31T23:59:59-23:59", 253_402_387_139),
    ],
)
def test_an_instant_is_read_exactly(text, seconds):
    """Offsets, fractions and leap seconds count; no digit is lost."""
    assert instant_s(text) == seconds
    assert not is_half_an_instant(text)


@pytest.mark.parametrize(
    "value",
    [
        "", "2026", "2026-01-01x00:00Z", "2026-13-01T00:00Z", "2026-02-30T00:00Z", "2026-01-01T24:00Z",
        "2026-01-01T00:60Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00+24:00", "2026-01-01T00:00+00:60",
        "2026-01-01T00:00:00Zx", "20260101T000000Z", "\uff12026-01-01T00:00Z", "2026-01-01T00:00Z\n", "x" * 100,
        None, 5, True, ["2026-01-01T00:00Z"],
    ],
)  # fmt: skip
def test_what_is_no_instant_is_not_guessed_at(value):
    """Other texts, days that no calendar has and other types are no instants."""
    assert instant_s(value) is None


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01T00:00", "2026-01-01T00:00:00.5", "2026-01-01 10:00:00"])
def test_a_day_and_a_time_without_offset_are_half_an_instant(text):
    """Which instant they are depends on where one lives."""
    assert instant_s(text) is None
    assert is_half_an_instant(text)


@given(MOMENTS, OFFSETS)
def test_reading_agrees_with_the_calendar(moment, offset):
    """Every moment of every clock is read as the instant that Python's own calendar says."""
    aware = moment.replace(tzinfo=offset)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    micro = (aware - epoch) // timedelta(microseconds=1)

    assert instant_s(aware.isoformat()) == Decimal(micro) / 1_000_000
    assert instant_s(instant_text(instant_s(aware.isoformat()))) == instant_s(aware.isoformat())


@given(MOMENTS, OFFSETS, MOMENTS, OFFSETS)
def test_times_compare_as_instants(one, here, other, there):
    """`<` over two instants says which comes first, whatever the clocks of their writers show."""
    left, right = one.replace(tzinfo=here), other.replace(tzinfo=there)

    assert compared(left.isoformat(), "<", right.isoformat()) is (left < right)
    assert compared(left.isoformat(), ">=", right.isoformat()) is (left >= right)


def test_the_later_text_can_be_the_earlier_instant():
    """The example of the plan, in both directions, and the same instant written twice."""
    new_year, half_an_hour_later = "2026-01-01T00:00:00+01:00", "2025-12-31T23:30:00+00:00"

    assert compared(new_year, "<", half_an_hour_later) is True
    assert compared(new_year, ">", half_an_hour_later) is False
    assert compared("2026-01-01T00:00:00+01:00", "<=", "2025-12-31T23:00:00.000Z") is True
    assert compared("2026-01-01T00:00:00+01:00", ">=", "2025-12-31T23:00Z") is True


def test_equality_stays_that_of_texts():
    """`==` asks whether two texts are the same; the same instant is asked for with `instant`."""
    scope = {"inputs": {"left": "2026-01-01T00:00:00+01:00", "right": "2025-12-31T23:00:00Z"}}

    same_text = compile_expression("inputs.left == inputs.right", ("inputs",))
    same_instant = compile_expression("(inputs.left | instant) == (inputs.right | instant)", ("inputs",))

    assert same_text.evaluate(scope) is False
    assert same_instant.evaluate(scope) is True


def test_days_compare_as_the_calendar_has_them():
    """Two days, and two times without offset, are in the order of their digits, however they are written."""
    assert compared("2025-12-31", "<", "2026-01-01") is True
    assert compared("2026-01-01T00:00:00", "<", "2026-01-01T00:00:01") is True
    assert compared("2026-01-01T09:00", "<", "2026-01-01 10:00") is True
    assert compared("2026-01-01T09:00", ">=", "2026-01-01 09:00:00.0") is True
    assert compared("2026-01-01T09:00:00,5", "<", "2026-01-01t09:00:00.51") is True
    assert compared("2026-01-01", "<", "2026-01-01 00:00") is True
    assert compared("2026-01-01T00:00:00Z", "<", "tomorrow") is True


@pytest.mark.parametrize("half", ["2026-01-01", "2026-01-01T00:00:00"])
def test_an_instant_does_not_compare_with_half_of_one(half):
    """Which comes first depends on where one lives, so the expression fails and says what to add."""
    for left, right in ((half, "2026-01-01T00:00:00Z"), ("2026-01-01T00:00:00Z", half)):
        with pytest.raises(EvaluationError, match="no offset from UTC") as caught:
            compared(left, "<", right)
        assert "~ 'T00:00:00+00:00'" in caught.value.hint


@pytest.mark.parametrize(("value", "words"), [("soon", "no point in time"), (5, "a number"), (["x"], "a list")])
def test_the_filter_says_what_it_needs(value, words):
    """`instant` refuses what is none, and says how a number becomes one."""
    with pytest.raises(EvaluationError, match=words) as caught:
        compile_expression("inputs.x | instant", ("inputs",)).evaluate({"inputs": {"x": value}})

    assert caught.value.hint

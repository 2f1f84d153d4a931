"""Dates and times: ISO in, ISO out, nothing guessed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.inputs.refusals import Refusal
from connector_runtime.inputs.times import read_date, read_moment


def refusal(read, value):
    with pytest.raises(Refusal) as caught:
        read(value)
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-31",
        " 2024-05-31\n",
        date(2024, 5, 31),
        "2024-05-31T00:00:00.000Z",
        datetime(2024, 5, 31, tzinfo=UTC),
    ],
)
def test_a_day_is_sent_as_year_month_day(value):
    """ISO text, a date of Python and midnight of a day are that day."""
    assert read_date(value) == "2024-05-31"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("01/02/2024", "can mean 1 February (2024-02-01) or 2 January (2024-01-02)"),
        ("1.2.2024", "can mean 1 February (2024-02-01) or 2 January (2024-01-02)"),
        ("31/12/2024", "Enter 2024-12-31."),
        ("12/31/2024", "Enter 2024-12-31."),
        ("2024/05/31", "Enter 2024-05-31."),
        ("20240531", "Enter 2024-05-31."),
        ("2024-5-31", "Enter 2024-05-31."),
        ("01/01/2024", "Enter 2024-01-01."),
        ("2024-02-30", "is no day of the calendar"),
        ("99/99/2024", "is not a date"),
        ("31/12/24", "is not a date"),
        ("tomorrow", "is not a date. Enter year-month-day, such as 2024-05-31."),
        ("1717113600", "is a number, not a date"),
        (1717113600, "is a number, not a date"),
        (
            "2024-05-31T22:00:00Z",
            "which day that is depends on where one lives. Enter the day alone: 2024-05-31.",
        ),
        (datetime(2024, 5, 31, 22, tzinfo=UTC), "Enter the day alone: 2024-05-31."),
        ("\u0662\u0660\u0662\u0664-\u0660\u0665-\u0663\u0661", "is not a date"),
        (True, "true is yes or no, not a date"),
    ],
)
def test_what_is_no_clear_day_is_refused_with_what_to_enter(value, words):
    """A date that can be read in two ways is not guessed; the message has both."""
    assert words in refusal(read_date, value)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("2024-05-31T14:30:00+02:00", "2024-05-31T14:30:00+02:00"),
        ("2024-05-31 14:30+0200", "2024-05-31T14:30:00+02:00"),
        ("2024-05-31T14:30:05.999Z", "2024-05-31T14:30:05+00:00"),
        ("2024-05-31t14:30:00z", "2024-05-31T14:30:00+00:00"),
        ("2024-05-31T14:30:00-09", "2024-05-31T14:30:00-09:00"),
        (datetime(2024, 5, 31, 14, 30, tzinfo=timezone(timedelta(hours=2))), "2024-05-31T14:30:00+02:00"),
    ],
)
def test_a_moment_is_sent_with_whole_seconds_and_an_offset(value, sent):
    """Every ISO spelling of a point in time becomes the same one."""
    assert read_moment(value) == sent


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2024-05-31T14:30:00", "Add the offset: 2024-05-31T14:30:00+00:00 for UTC"),
        (datetime(2024, 5, 31, 14, 30), "does not say how far from UTC its clock is"),  # noqa: DTZ001
        ("2024-05-31", "Add the time and the offset from UTC: 2024-05-31T00:00:00+00:00."),
        (date(2024, 5, 31), "is a day without a time"),
        ("2024-05-31T25:00:00Z", "has a time that no clock shows"),
        ("2024-05-31T14:30:00+99:00", "has a time that no clock shows"),
        ("01/02/2024", "can mean 1 February"),
        ("soon", "is not a date with a time. Enter date, time and the offset"),
        (1717113600, "is a number, not a date with a time"),
    ],
)
def test_what_is_no_clear_moment_is_refused_with_what_to_enter(value, words):
    """A time without an offset is not one point in time."""
    assert words in refusal(read_moment, value)


@given(st.dates())
def test_every_day_survives(day):
    """What Python calls a date comes back as it went in."""
    assert read_date(day.isoformat()) == read_date(day) == day.isoformat()


@given(st.datetimes(timezones=st.timezones()))
def test_every_moment_stays_the_same_point_in_time(moment):
    """Apart from fractions of a second, nothing is lost."""
    offset = moment.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        return  # ISO offsets have no seconds

    found = datetime.fromisoformat(read_moment(moment.isoformat()))

    # Python calls hours that a change of clocks skips or repeats unequal across zones.
    assert found.replace(tzinfo=None) == moment.replace(tzinfo=None, microsecond=0)
    assert found.utcoffset() == offset


@given(st.text())
def test_any_text_is_a_day_or_refused(text):
    """No text ends in anything but a day or a refusal."""
    for read in (read_date, read_moment):
        with suppress(Refusal):
            assert read(text)[:4].isdigit()

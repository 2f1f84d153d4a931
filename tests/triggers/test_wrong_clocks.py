"""Clocks that are wrong, now and then or always, and times at the ends of the calendar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.base.instants import date_s
from connector_runtime.triggers.moments import Moment, moment_of, text_of, written
from triggers.odd_rows import FRAME, HOUR, NOON, Rows, ids, rows_in

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


ALWAYS = range(20)
ALL = [f"r{number:02}" for number in range(19)]


def told_in(rows: Rows, start: Any, wrong: Collection[int], *, ours: int = 0, ahead: int = HOUR) -> list[str]:
    """Poll every five minutes, with a vendor's clock that is wrong in some of the polls; return what was told."""
    state, told = start, []
    for number in ALWAYS:
        rows.date = lambda at=rows.now, is_wrong=number in wrong: at + ahead * is_wrong
        rows.ahead = ours if number in wrong else 0
        poll = rows.poll("walk", state)
        told, state = told + ids(poll), json.loads(json.dumps(poll.state))
        rows.now += 300
        rows.add(f"r{number:02}", rows.now - 100 - NOON)
    return told


@pytest.mark.parametrize("start", ["from now", "from the beginning", "2026-06-10T12:00:00Z"])
@pytest.mark.parametrize("wrong", [{0, 1, 2}, range(5, 8), range(5, 11), {5, 7, 9}, ALWAYS])
def test_a_clock_that_runs_ahead_passes_over_nothing(rows: Rows, start: str, wrong: Collection[int]) -> None:
    """However many replies are dated an hour ahead, each change is told, and told once: ours stands beside."""
    assert told_in(rows, start, wrong) == ALL


@pytest.mark.parametrize("wrong", [range(5, 11), {5, 7, 9}])
def test_both_clocks_ahead_for_a_while_pass_over_nothing(rows: Rows, wrong: Collection[int]) -> None:
    """Once the vendor's clock goes back, rows alone say from where to read again."""
    assert sorted(set(told_in(rows, "from the beginning", wrong, ours=HOUR))) == ALL


@pytest.mark.parametrize("ours", [-HOUR, HOUR])
def test_our_own_clock_may_be_wrong(rows: Rows, ours: int) -> None:
    """Nothing that was there before is told, nothing is lost, and nothing is told twice."""
    rows.add("old", -HOUR / 2)
    rows.add("older", -400)

    assert told_in(rows, "from now", ALWAYS, ours=ours, ahead=0) == ALL


def test_what_was_there_before_now_is_never_told(rows: Rows) -> None:
    """A row just before what the first poll looks back to is not told by the second one either."""
    rows.add("before", -400)
    state = rows.poll("walk", "from now").state
    rows.now += 60

    assert ids(rows.poll("walk", state)) == []


@pytest.mark.parametrize(
    "start", ["2026-06-10T13:00:00Z", "2062-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]
)
@pytest.mark.parametrize("vendor_tells", [True, False])
def test_a_start_that_lies_ahead_is_now(rows: Rows, start: str, vendor_tells: bool) -> None:
    """A moment that has not come yet passes over nothing of what comes before it."""
    if not vendor_tells:
        rows.date = lambda: None
    state = rows.poll("walk", start).state
    rows.now += 300
    rows.add("r", 100)

    assert ids(rows.poll("walk", state)) == ["r"]


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_one_date_that_is_wrong_makes_no_gap(rows: Rows, date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes of ours have gone by: the vendor has not forgotten anything in that time."""
    state, gaps = rows.poll("month", "from now").state, []
    for number in range(4):
        rows.now += 600
        with monkeypatch.context() as patch:
            if number == 1:
                patch.setattr("triggers.odd_rows.formatdate", lambda *_at, **_how: date)
            poll = rows.poll("month", state)
        gaps, state = gaps + list(poll.gaps), poll.state

    assert gaps == []


def test_a_start_that_lies_ahead_is_now_by_the_earlier_clock(rows: Rows) -> None:
    """The first reply is dated ahead, too."""
    assert told_in(rows, "2026-06-10T12:30:00Z", {0}) == ALL


def test_a_gap_is_said_also_while_the_date_is_wrong(rows: Rows) -> None:
    """Forty days without a poll: what the vendor has forgotten ends by our own clock, not in its year 2062."""
    state = rows.poll("month", "from now").state
    rows.now += 40 * 24 * HOUR
    rows.date = lambda: rows.now + 36 * 365 * 24 * HOUR
    poll = rows.poll("month", state)

    assert [(gap.start, gap.end) for gap in poll.gaps] == [
        ("2026-06-10T12:00:00+00:00", "2026-06-20T12:00:00+00:00")
    ]


EDGES = [
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+12:00",
]


@pytest.mark.parametrize("at", EDGES)
@pytest.mark.parametrize("key", ["walk", "unsaid", "said", "days", "month"])
@pytest.mark.parametrize("vendor_tells", [True, False])
def test_one_row_at_the_end_of_the_calendar_keeps_no_other_back(
    rows: Rows, key: str, at: str, vendor_tells: bool
) -> None:
    """It is told once, and so is what comes after it; some write so what has no time."""
    rows.rows.append({"id": "far", "at": at})
    if not vendor_tells:
        rows.date = lambda: None
    told, state = [], "from the beginning"
    for number in range(4):
        poll = rows.poll(key, state)
        told, state = told + ids(poll), json.loads(json.dumps(poll.state))
        rows.now += 600
        rows.add(f"n{number}", rows.now - NOON - 50)

    assert told == ["far", "n0", "n1", "n2"]


def test_a_date_that_no_calendar_has_counts_as_none() -> None:
    """Our own clock stands for it."""
    assert date_s("Fri, 31 Dec 9999 23:59:59 -1200") is None


@pytest.mark.parametrize("days", [1, 2, 999_999])
def test_an_overlap_longer_than_the_calendar_asks_for_all(tmp_path: Path, days: int) -> None:
    """It costs, and it works."""
    rows = rows_in(tmp_path, FRAME.replace("overlap: 5m", f"overlap: {days}d"))
    state = rows.poll("walk", "from now").state
    rows.add("r", 100)
    rows.now += 300

    assert ids(rows.poll("walk", state)) == ["r"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.999999+00:00"),
        ("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00+00:00"),
        (-99_999_999_999, "0001-01-01T00:00:00+00:00"),
        (-99_999_999_999_999, "0001-01-01T00:00:00+00:00"),
        ("9999-12-31", "9999-12-31"),
        ("0001-01-01", "0001-01-01"),
    ],
)
def test_every_moment_that_is_read_can_be_written(given: Any, text: str) -> None:
    """What lies beyond the calendar is its first or its last moment."""
    moment = moment_of(given)

    assert isinstance(moment, Moment)
    assert moment.text() == text
    assert text_of(moment.latest)
    assert [written(moment.micro, form) for form in ("date", "seconds", "milliseconds", "instant")]

"""Vendors that tell little: no clock, no further page, days only, a short memory, a page that fails."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectorError
from connector_runtime.base.instants import instant_text
from connector_runtime.triggers.state import Owner, PollState, SourceState, digest, read_state
from connector_runtime.triggers.told_changes import POTS
from triggers.odd_rows import FRAME, HOUR, NOON, Rows, ids, rows_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OWNER = Owner("t", "b", "c")


@pytest.mark.parametrize("ahead", [-HOUR, 0, HOUR])
@pytest.mark.parametrize("start", ["from the beginning", "2026-06-10T12:00:00Z"])
def test_without_the_vendors_clock_only_rows_say_what_was_told(rows: Rows, ahead: int, start: str) -> None:
    """Our own clock may be an hour ahead: no change is passed over because of it."""
    rows.ahead, rows.date, state, told = ahead, lambda: None, start, []
    for number in range(20):
        poll = rows.poll("walk", state)
        told, state = told + ids(poll), poll.state
        rows.now += 300
        rows.add(f"r{number:02}", rows.now - 100 - NOON)

    assert told == [f"r{number:02}" for number in range(19)]


def test_a_clock_that_was_wrong_once_loses_nothing(rows: Rows) -> None:
    """A vendor's reply is dated an hour ahead once; what happens in that hour is told all the same."""
    state, told = rows.poll("walk", "from now").state, []
    for number in range(20):
        rows.now += 300
        rows.add(f"r{number:02}", rows.now - 100 - NOON)
        rows.date = lambda at=rows.now, wrong=number == 5: at + HOUR * wrong
        poll = rows.poll("walk", state)
        told, state = told + ids(poll), poll.state

    assert sorted(set(told)) == [f"r{number:02}" for number in range(20)]


def test_a_page_full_of_one_time_is_said(rows: Rows) -> None:
    """Where nothing says that there is more, the first later change shows that something was left out."""
    rows.size = 3
    for number in range(5):
        rows.add(f"r{number}", -60)
    assert ids(rows.poll("unsaid", "from the beginning")) == ["r0", "r1", "r2"]
    rows.add("later", -30)
    poll = rows.poll("unsaid", "from the beginning")

    assert "does not go on" in str(poll.error)


def test_a_page_of_one_time_may_be_the_last(rows: Rows) -> None:
    """Rows of one moment that fit on a page are told, and so is what comes later."""
    rows.add("a", -60)
    rows.add("b", -60)
    first = rows.poll("unsaid", "from the beginning")
    rows.add("c", -30)
    second = rows.poll("unsaid", first.state)

    assert (ids(first), first.error, ids(second), second.error) == (["a", "b"], None, ["c"], None)


@pytest.mark.parametrize("start", ["from now", "2026-06-10T12:00:00Z", "from the beginning"])
def test_days_are_told_once(rows: Rows, start: str) -> None:
    """A row that tells its day only is asked for as long as the day may last, and told once."""
    rows.rows = [{"id": f"d{day:02}", "at": f"2026-06-{day:02}"} for day in range(1, 11)]
    state, told = start, []
    for number in range(300):
        poll = rows.poll("days", state)
        told, state = told + ids(poll), poll.state
        rows.now += 600
        if number % 30 == 0:
            rows.rows.append({"id": f"x{number}", "at": instant_text(rows.now)[:10]})

    assert len(told) == len(set(told))
    assert {f"x{number}" for number in range(0, 299, 30)} <= set(told)


def test_days_need_to_be_asked_for_by_days(rows: Rows) -> None:
    """A source that asks from a moment on would never be told of today."""
    rows.rows = [{"id": "d", "at": "2026-06-10"}]

    with pytest.raises(ConnectorError, match="as: date"):
        rows.poll("daysByMoment", "from the beginning")


@pytest.mark.parametrize("ahead", [-2 * HOUR, 0, 2 * HOUR])
def test_what_is_forgotten_is_reckoned_by_the_vendors_clock(rows: Rows, ahead: int) -> None:
    """Neither is more left out than a gap says, nor is a gap said where nothing was forgotten."""
    rows.ahead = ahead
    state = rows.poll("month", "from now").state
    rows.add("a", HOUR / 2)
    rows.now += 720 * HOUR
    poll = rows.poll("month", state)

    assert (ids(poll), poll.gaps) == (["a"], ())


def test_nobody_is_asked_for_what_is_forgotten(rows: Rows) -> None:
    """A vendor with a short memory is asked from its beginning on, however old the state."""
    rows.poll("month", "2026-01-01T00:00:00Z")

    assert rows.since == "2026-05-11T12:00:00+00:00"


def test_a_gap_is_said_at_once_and_in_full(rows: Rows) -> None:
    """A window broke off before anything was read; all since the last whole one is said to be lost."""
    rows.size = 2
    state = rows.poll("month", "from now").state
    for second in range(60, 360, 60):
        rows.add(f"a{second}", second)
    rows.now += 600
    rows.fails = lambda query, _number: query.get("page") == "2"
    state = rows.poll("month", state).state
    rows.fails, rows.rows = lambda _query, _number: False, []
    rows.now = NOON + 40 * 24 * HOUR
    poll = rows.poll("month", state)

    assert [gap._asdict() for gap in poll.gaps] == [
        {"source": "rows", "start": "2026-06-10T12:00:00+00:00", "end": "2026-06-20T12:00:00+00:00"}
    ]
    assert rows.poll("month", poll.state).gaps == ()


@pytest.mark.parametrize("failing", [15, 17, 18, 19, 20, 22])
def test_a_page_that_fails_in_a_crowd_tells_nothing_twice(rows: Rows, failing: int) -> None:
    """Two thousand changes in the overlap, compared in zones: going on behind a failure compares each zone once."""
    for number in range(2_000):
        rows.add(f"r{number:05}", -200 + number // 20)
    rows.size, state, told = 200, "from the beginning", []
    rows.fails = lambda _query, number: number == failing
    for _ in range(5):
        poll = rows.poll("walk", state, enough=100_000)
        told, state = told + ids(poll), json.loads(json.dumps(poll.state))
        rows.now += 0 if poll.more else 20

    assert len(told) == len(set(told)) == 2_000


@pytest.mark.parametrize("size", [700, 701])
@pytest.mark.parametrize("failing", [(2,), (2, 3, 5), ()])
def test_a_moment_that_is_told_anew_by_every_page_is_told_once(
    rows: Rows, size: int, failing: tuple[int, ...]
) -> None:
    """A source without `since.id` tells a whole moment again after an error: also where that has 700 changes."""
    rows.size, rows.fails = size, lambda _query, number: number in failing
    for number in range(700):
        rows.add(f"r{number:04}", -60)
    rows.add("later", -30)
    told, problems, state = [], set(), "from the beginning"
    for _ in range(8):
        try:
            poll = rows.poll("said", state)
        except ConnectorError as problem:
            problems.add(problem.kind)
            continue
        told, state = told + ids(poll), json.loads(json.dumps(poll.state))

    assert len(told) == len(set(told))
    assert ("later" in told, "contract" in problems) == ((True, False) if size == 701 else (False, True))


def test_what_comes_into_a_moment_that_broke_off_is_told_with_few_others(rows: Rows) -> None:
    """Of what was told before an error, only what shares a pot with the new is told again, and only once."""
    rows.size, rows.fails = 899, lambda _query, number: number == 2
    for number in range(899):
        rows.add(f"r{number:04}", -60)
    rows.add("later", -30)
    told, state = [], "from the beginning"
    for number in range(6):
        if number == 1:
            rows.rows.remove(rows.rows[0])
            rows.add("new", -60)
        if number == 4:
            rows.size = 1000
        try:
            poll = rows.poll("said", state)
        except ConnectorError:
            continue
        told, state = told + ids(poll), json.loads(json.dumps(poll.state))

    again = [name for name in set(told) if told.count(name) > 1]
    assert {"new", "later"} < set(told)
    assert 0 < len(again) < 2 * 899 // POTS * 2
    assert max(told.count(name) for name in told) == 2


@pytest.mark.parametrize("start", ["from now", "from the beginning"])
def test_a_source_that_is_stuck_at_its_limit_keeps_no_other_waiting(rows: Rows, start: str) -> None:
    """It says so at every poll, and what the others know is told all the same, once."""
    rows.size = 2
    for number in range(3):
        rows.add(f"r{number}", -600)
    told, state, errors = [], start, []
    for number in range(4):
        rows.add(f"new{number}", 60 * number)
        poll = rows.poll("crowded", state)
        while poll.more:
            told, poll = told + ids(poll), rows.poll("crowded", poll.state)
        told, state = told + ids(poll), poll.state
        errors.append(poll.error and poll.error.kind)
        rows.now += 60

    assert errors == ["limit"] * 4
    assert len(told) == len(set(told))
    assert {"new1", "new2", "new3"} <= set(told)
    assert ("r0" in told) is (start == "from the beginning")


def test_a_new_source_begins_where_the_others_stand() -> None:
    """Also where another one was never asked; and at the earliest of them."""
    sources = {"x": SourceState(mark=5, clock=9), "y": SourceState(mark=3), "off": SourceState(is_quiet=True)}
    kept = PollState(OWNER, sources).to_json()
    new = read_state(kept, OWNER, ("x", "y", "off", "new")).sources["new"]

    assert (new.mark, new.is_quiet) == (3, False)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("trigger"),
        lambda state: state.pop("inputs"),
        lambda state: state["sources"].update(x=5),
        lambda state: state["sources"]["x"].update(zones=[[float("inf"), 1, "AA=="]]),
        lambda state: state["sources"]["x"].update(window={}),
        lambda state: state["sources"]["x"].update(window={"clock": 5, "same": [1, 1, "AA=="]}),
        lambda state: state["sources"]["x"].update(window={"clock": 5, "same": None}),
    ],
)
def test_a_state_that_somebody_made_up_is_refused(change: Callable[[dict[str, Any]], Any]) -> None:
    """Also with a right digest, and always in the same words."""
    state = PollState(OWNER, {"x": SourceState(mark=5)}).to_json()
    change(state)
    state["digest"] = digest({key: value for key, value in state.items() if key != "digest"})

    with pytest.raises(ConnectorError, match="Start again with"):
        read_state(state, OWNER, ("x",))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"])
def test_a_moment_at_the_edge_of_the_calendar_is_refused(rows: Rows, moment: str) -> None:
    """A first state that no vendor could be asked for is said to be one."""
    with pytest.raises(ConnectorError, match="too long ago"):
        rows.poll("walk", moment)


def deep(levels: int) -> dict[str, Any]:
    """Return a map within a map, and so on."""
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"a": made}
    return made


def circle() -> dict[str, Any]:
    """Return a map that holds itself."""
    made: dict[str, Any] = {}
    made["a"] = made
    return made


@pytest.mark.parametrize(
    "more", [{1: 2}, {"x": deep(100_000)}, {"x": circle()}, {"connection": deep(100_000)}, {"digest": []}]
)
def test_a_state_that_is_no_json_is_refused(more: dict[Any, Any]) -> None:
    """Other keys, a circle, more levels than anybody reads: whatever a caller hands over."""
    state = PollState(OWNER, {"x": SourceState(mark=5)}).to_json() | more

    with pytest.raises(ConnectorError, match="The state") as caught:
        read_state(state, OWNER, ("x",))
    assert (caught.value.kind, caught.value.input) == ("input", "state")


@pytest.mark.parametrize("span", [[-(10**30), 10**30], [0, 2**63], ["0", "1"], [0.5, 1]])
def test_a_span_that_no_poll_has_kept_is_refused(span: list[Any]) -> None:
    """Also under a right digest."""
    state = PollState(OWNER, {"x": SourceState(mark=5)}).to_json()
    state["sources"]["x"]["zones"] = [[*span, base64.b64encode(bytes(8 * POTS)).decode()]]
    own = {key: value for key, value in state.items() if key not in ("digest", "connection")}

    with pytest.raises(ConnectorError, match="not one that a poll has given"):
        read_state(state | {"digest": digest(own)}, OWNER, ("x",))


@pytest.mark.parametrize("identity", ["x" * 256, 10**255])
def test_an_identity_that_no_state_can_hold_is_said(rows: Rows, identity: Any) -> None:
    """A state has a bound, whatever a vendor takes for an identity."""
    rows.rows.append({"id": identity, "at": instant_text(NOON - 60)})

    with pytest.raises(ConnectorError, match="more than 255 characters"):
        rows.poll("unsaid", "from the beginning")


@pytest.mark.parametrize("identity", ["x" * 255, "\N{SLICE OF PIZZA}" * 255])
def test_a_state_has_a_bound_whatever_the_identity(rows: Rows, identity: str) -> None:
    """More changes than are kept one by one, and the longest identity where the window goes on."""
    for number in range(3_000):
        rows.rows.append({"id": f"{number:04}{identity[4:]}", "at": instant_text(NOON - 3_000 + number)})
    state, sizes = "from the beginning", []
    for _ in range(12):
        poll = rows.poll("walk", state, enough=300)
        state = json.loads(json.dumps(poll.state))
        sizes.append(len(json.dumps(poll.state)))

    assert max(sizes) < 64 * 1024


@pytest.mark.parametrize("part", ["change", "output"])
def test_a_row_that_an_expression_was_not_made_for_is_said_and_never_lost(tmp_path: Path, part: str) -> None:
    """A vendor sends a text where a number was: what lies before it is told, and it itself once it is mended."""
    change = 'updated\n      output: {{ n: "${{ item.n - 1 }}" }}'
    if part == "change":
        change = "\"${{ 'created' if item.n > 1 else 'updated' }}\""
    rows = rows_in(tmp_path, FRAME.replace("change: updated", f"change: {change}"))
    rows.size = 2
    for number in range(5):
        rows.add(f"r{number}", number - 60)
        rows.rows[-1]["n"] = "many" if number == 3 else 1
    told, state, problems = [], "from the beginning", []
    for _ in range(4):
        try:
            poll = rows.poll("walk", state)
        except ConnectorError as problem:
            problems.append(problem)
            rows.rows[3]["n"] = 2
            continue
        told, state = told + ids(poll), json.loads(json.dumps(poll.state))
        problems += [poll.error] if poll.error else []

    assert told == [f"r{number}" for number in range(5)]
    assert {problem.kind for problem in problems} == {"contract"}
    assert "The source `rows` cannot be read" in str(problems[0])

"""A poll: where it begins, how it goes on, what it tells."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import Component, ConnectorError
from connector_runtime.access.connections import Connection
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.testing.cases import StillClock
from triggers.conftest import CONNECTION, Counter, session_with

if TYPE_CHECKING:
    from components.petshop_changes import ChangeBook
    from connector_runtime import Poll
    from connector_runtime.session.session import Session

INPUTS = {"branch": "17"}


def whole(session: Session, state: Any) -> tuple[list[dict[str, Any]], Any]:
    """Poll until there is nothing more."""
    events: list[dict[str, Any]] = []
    for _ in range(200):
        poll = session.poll("petChanged", INPUTS, state)
        events, state = events + poll.events, poll.state
        if not poll.more:
            return events, state
    raise AssertionError("polling does not come to an end")


def names(events: list[dict[str, Any]]) -> list[str]:
    return [f"{event['change']} {event['id']}" for event in events]


def test_from_now_tells_nothing_that_was_there(book: ChangeBook, session: Session) -> None:
    """The first poll tells nothing of the past, and the next one what has happened since."""
    book.put("p-1")
    book.now += 100

    first, state = whole(session, None)
    book.now += 1
    book.put("p-2")
    book.put("p-1")
    second, _ = whole(session, state)

    assert (names(first), names(second)) == ([], ["updated p-1", "created p-2"])


def test_from_the_beginning_tells_everything(book: ChangeBook, session: Session) -> None:
    """Every record that is there is told once, however many pages there are."""
    for number in range(7):
        book.put(f"p-{number}")

    events, _ = whole(session, "from the beginning")

    assert names(events) == [f"created p-{number}" for number in range(7)]


def test_a_moment_begins_there(petshop: Component, book: ChangeBook, counter: Counter) -> None:
    """Given a moment, a poll tells what was changed later, and a little before: nobody has said what is known."""
    book.put("p-1")
    book.now += 3600
    book.put("p-2")

    events, _ = whole(session_with(petshop, counter), "2025-06-15T15:30:00Z")

    assert names(events) == ["created p-2"]


@pytest.mark.plan("S-251")
def test_what_changes_while_pages_are_read_is_told(
    book: ChangeBook, counter: Counter, session: Session
) -> None:
    """A record that is changed after its page was read moves to the end, and hides no other."""
    for number in range(6):
        book.put(f"p-{number}")
    _, state = whole(session, "2025-06-15T00:00:00Z")
    book.now += 1
    for number in range(6):
        book.put(f"p-{number}")
    changed = iter(["p-0", "p-1"])

    def before() -> None:
        number = next(changed, None)
        if number and len(counter.asked) > 1:
            book.now += 1
            book.put(number)

    counter.before = before
    events, _ = whole(session, state)

    versions = {event["id"]: event["data"]["name"] for event in events}
    assert versions == {number: pet["name"] for number, pet in book.pets.items()}


@pytest.mark.plan("S-252")
def test_a_row_that_slips_to_a_page_before_is_told(
    book: ChangeBook, counter: Counter, session: Session
) -> None:
    """Pages by number are read again until nothing has moved: a row that slips over a page's edge is found."""
    for number in range(6):
        book.put(f"p-{number}")
    _, state = whole(session, None)
    book.now += 1
    for number in range(6):
        book.remove(f"p-{number}")
        book.now += 1
    # The latest come first. Struck out are one of them before page 3, and two before page 2 of the second
    # reading: p-1 slips to page 2 the one time, to page 1 the other, each time behind the reader's back.
    slips = {3: 1, 5: 2}
    asked: list[str] = []

    def before() -> None:
        if "/gone" in counter.asked[-1]:
            asked.append(counter.asked[-1])
            for _ in range(slips.get(len(asked), 0)):
                book.departures.pop()

    counter.before = before
    events, _ = whole(session, state)

    assert "deleted p-1" in names(events)


@pytest.mark.plan("S-253")
def test_a_page_that_fails_loses_nothing(book: ChangeBook, counter: Counter, session: Session) -> None:
    """What was read before is given, with the error; the state goes on behind it."""
    for number in range(5):
        book.put(f"p-{number}")
    fails = iter([False, False, True])
    counter.before = lambda: "fail" if next(fails, True) else None

    broken = session.poll("petChanged", {**INPUTS, "tries": 0}, "from the beginning")
    counter.before = lambda: None
    events, _ = whole(session, broken.state)

    assert (names(broken.events), broken.more) == ([f"created p-{at}" for at in range(4)], True)
    assert broken.error is not None
    assert broken.error.kind == "network"
    assert names(events) == ["created p-4"]


def test_a_poll_that_reads_nothing_raises(book: ChangeBook, counter: Counter, session: Session) -> None:
    """Where the first page fails there is nothing to give, and the state that was given holds on."""
    book.put("p-1")
    counter.before = lambda: "fail"

    with pytest.raises(ConnectorError, match="could not be reached"):
        session.poll("petChanged", {**INPUTS, "tries": 0}, "from the beginning")


@pytest.mark.parametrize("trouble", [400, 404, 500, "fail"])
def test_a_source_that_fails_hides_no_other(
    book: ChangeBook, counter: Counter, session: Session, trouble: int | str
) -> None:
    """What one source is told no, the others may be told: they are asked all the same."""
    book.put("p-1")
    book.remove("p-1")
    counter.before = lambda: trouble if "/changes" in counter.asked[-1] else None

    poll = session.poll("petChanged", {**INPUTS, "tries": 0}, "from the beginning")

    assert names(poll.events) == ["deleted p-1"]
    assert poll.error is not None


@pytest.mark.parametrize("trouble", [401, 429])
def test_what_concerns_the_whole_connection_ends_the_poll(
    counter: Counter, session: Session, trouble: int
) -> None:
    """A vendor that wants us to wait, or to log in anew, is not asked for the next source."""
    counter.before = lambda: trouble

    with pytest.raises(ConnectorError):
        session.poll("petChanged", {**INPUTS, "tries": 0}, "from the beginning")

    assert {address.partition("?")[0][-8:] for address in counter.asked} == {"/changes"}


def test_a_source_that_uses_up_the_time_is_asked_last(
    book: ChangeBook, counter: Counter, session: Session
) -> None:
    """Otherwise the others would never be asked; it goes first again when another one has broken off."""
    book.put("p-1")
    book.remove("p-1")
    counter.before = lambda: "late" if "/changes" in counter.asked[-1] else None
    how: dict[str, Any] = {"inputs": {**INPUTS, "tries": 0}}

    first = session.poll("petChanged", state="from the beginning", **how)
    asked = len(counter.asked)
    second = session.poll("petChanged", state=first.state, **how)

    assert (first.events, first.more, names(second.events)) == ([], True, ["deleted p-1"])
    assert first.error is not None
    assert first.error.kind == "timeout"
    assert "/gone" in counter.asked[asked]


def test_enough_events_end_a_poll_early(book: ChangeBook, session: Session) -> None:
    """A backlog is told in portions, and `more` says that there is another one."""
    for number in range(6):
        book.put(f"p-{number}")

    first = session.poll("petChanged", INPUTS, "from the beginning", enough=4)
    second = session.poll("petChanged", INPUTS, first.state, enough=4)

    assert (len(first.events), first.more) == (4, True)
    assert (names(second.events), second.more) == (["created p-4", "created p-5"], False)


@pytest.mark.plan("S-254")
def test_what_the_index_shows_late_is_told(book: ChangeBook, session: Session) -> None:
    """A change that becomes visible after later ones were told lies within the overlap."""
    _, state = whole(session, None)
    book.now += 10
    book.put("p-1", lag_s=250)
    book.now += 1
    book.put("p-2")
    early, state = whole(session, state)
    book.now += 260
    late, _ = whole(session, state)

    assert (names(early), names(late)) == (["created p-2"], ["created p-1"])


def test_a_quiet_shop_is_asked_for_the_overlap_only(
    petshop: Component, book: ChangeBook, counter: Counter, session: Session
) -> None:
    """Polls without news look back no further than twice the overlap."""
    book.put("p-1")
    _, state = whole(session, "from the beginning")
    book.now += 86_400
    session = session_with(petshop, counter)
    _, state = whole(session, state)
    counter.asked.clear()
    whole(session, state)

    assert "from=2025-06-16T14%3A56%3A40" in counter.asked[0]


@pytest.mark.plan("S-255")
@pytest.mark.parametrize("skew_s", [-7200, 7200])
def test_now_is_by_the_vendors_clock(
    petshop: Component, book: ChangeBook, counter: Counter, skew_s: float
) -> None:
    """Our own clock may be hours off: what was there before is not told, what comes after is."""
    session = session_with(petshop, counter, now=book.now + skew_s)
    book.put("p-1")
    book.now += 60
    first, state = whole(session, "from now")
    book.put("p-2")
    book.now += 60
    second, _ = whole(session, state)

    assert (names(first), names(second)) == ([], ["created p-2"])


def test_a_pet_that_leaves_and_returns_is_told_twice(book: ChangeBook, session: Session) -> None:
    """A record that is deleted and made again under its old identity is two changes."""
    book.put("p-1")
    book.now += 10
    _, state = whole(session, "from the beginning")
    book.remove("p-1")
    book.now += 1
    book.put("p-1")
    events, _ = whole(session, state)

    assert names(events) == ["deleted p-1", "created p-1"]


def test_two_changes_within_a_second_are_two(book: ChangeBook, session: Session) -> None:
    """A record that is changed again within the second of the last poll is told again: it is told otherwise."""
    book.put("p-1")
    first, state = whole(session, "from the beginning")
    book.put("p-1")
    second, state = whole(session, state)
    third, _ = whole(session, state)

    assert [event["data"]["name"] for event in first + second] == ["p-1-1", "p-1-2"]
    assert third == []


def test_a_window_begins_at_a_whole_second(petshop: Component, book: ChangeBook, counter: Counter) -> None:
    """Vendors that know no fractions of a second are asked for none, whatever our clock says."""
    session = session_with(petshop, counter, now=book.now + 0.25)
    whole(session, None)

    assert "from=2025-06-15T15%3A01%3A40%2B00%3A00" in counter.asked[0]


@pytest.mark.plan("S-256")
def test_a_gap_is_said(petshop: Component, book: ChangeBook, counter: Counter) -> None:
    """What the vendor has forgotten meanwhile is not passed over in silence."""
    _, state = whole(session_with(petshop, counter), None)
    book.now += 40 * 86_400
    session = session_with(petshop, counter)

    poll = session.poll("petChanged", INPUTS, state)

    assert [gap._asdict() for gap in poll.gaps] == [
        {"source": "gone", "start": "2025-06-15T15:06:40+00:00", "end": "2025-06-25T15:06:40+00:00"}
    ]
    assert session.poll("petChanged", INPUTS, poll.state).gaps == ()


def test_an_event_loop_polls_alike(petshop: Component, book: ChangeBook, session: Session) -> None:
    """A session for event loops gives the same events and the same state."""
    for number in range(5):
        book.put(f"p-{number}")
    blocking = session.poll("petChanged", INPUTS, "from the beginning")

    class Awaiting(Counter):
        async def send(self, *words: Any, **how: Any) -> Any:  # type: ignore[override]
            return Counter.send(self, *words, **how)

        async def aclose(self) -> None:
            """Nothing is open."""

    async def poll() -> Poll:
        options = Options(clock=StillClock(book.now))
        connection = Connection.from_dict(CONNECTION)
        ours = AsyncSession(petshop.model, connection, options, sender=Awaiting(book))  # type: ignore[arg-type]
        return await ours.poll("petChanged", INPUTS, "from the beginning")

    assert asyncio.run(poll()).to_dict() == blocking.to_dict()


def test_a_poll_is_json(book: ChangeBook, session: Session) -> None:
    """Events and state can be written down, read again and used."""
    book.put("p-1")
    poll = session.poll("petChanged", INPUTS, "from the beginning")
    kept = json.loads(json.dumps(poll.to_dict()))

    assert session.poll("petChanged", INPUTS, kept["state"]).events == []


def test_an_unknown_trigger_is_said_with_the_one_that_may_be_meant(session: Session) -> None:
    """A misspelt key is refused with a suggestion, before anything is sent."""
    with pytest.raises(ConnectorError, match="petChanged"):
        session.poll("petChange", INPUTS)


@pytest.mark.plan("S-263")
@pytest.mark.parametrize(
    ("allow", "is_allowed"),
    [
        ({"effects": ["read"]}, True),
        ({"effects": ["create"]}, False),
        ({"actions": ["petChanged"]}, True),
        ({"actions": ["listPets"]}, False),
        ({"inputs": {"branch": ["17"]}}, True),
        ({"inputs": {"branch": ["18"]}}, False),
    ],
)
def test_a_poll_keeps_to_the_platforms_policy(
    petshop: Component, counter: Counter, allow: dict[str, Any], is_allowed: bool
) -> None:
    """What a platform allows holds for triggers as for actions, before anything is sent."""
    session = session_with(petshop, counter, allow=allow)
    if is_allowed:
        session.poll("petChanged", INPUTS)
        return
    with pytest.raises(ConnectorError) as caught:
        session.poll("petChanged", INPUTS)

    assert (caught.value.kind, counter.asked) == ("permission", [])

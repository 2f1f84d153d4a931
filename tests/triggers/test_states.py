"""The state between two polls: bound, bounded, and refused when it is not one of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import Component, InputError
from connector_runtime.access.connections import Connection
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import StillClock
from connector_runtime.triggers.told_changes import EXACT_MAX, POTS, ToldChanges
from triggers.conftest import CONNECTION
from triggers.test_polls import INPUTS, names, whole

if TYPE_CHECKING:
    from components.petshop_changes import ChangeBook
    from triggers.conftest import Counter

MOST_BYTES = 64 * 1024


def without(state: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in keys}


@pytest.mark.plan("S-257")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: {**state, "sources": {}}, "changed or cut off"),
        (lambda state: {**state, "trigger": "other"}, "changed or cut off"),
        (lambda state: without(state, "digest"), "changed or cut off"),
        (lambda state: {**state, "version": 0}, "another version"),
        (lambda state: without(state, "version"), "another version"),
        (json.dumps, "not one that a poll has given"),
        (lambda state: [state], "not one that a poll has given"),
        (lambda _state: {}, "not one that a poll has given"),
        (lambda _state: "yesterday", '"yesterday" says no moment at which a poll can begin'),
        (lambda _state: "2026-06-01", '"2026-06-01" is a day, and a poll begins at a moment'),
    ],
)
def test_a_state_that_is_none_is_refused(
    book: ChangeBook, counter: Counter, session: Session, change: Any, said: str
) -> None:
    """A state that was changed, cut, or made by another version is refused before anything is sent."""
    book.put("p-1")
    _, state = whole(session, "from the beginning")
    counter.asked.clear()

    with pytest.raises(InputError, match=said) as caught:
        session.poll("petChanged", INPUTS, change(state))

    assert (caught.value.input, counter.asked) == ("state", [])
    assert "from now" in str(caught.value)


@pytest.mark.plan("S-257")
def test_a_state_of_other_inputs_is_refused(session: Session) -> None:
    """Whoever asks for something else starts again; how often to repeat may change."""
    _, state = whole(session, None)

    session.poll("petChanged", {**INPUTS, "tries": 0}, state)
    session.poll("petChanged", {**INPUTS, "departures": True}, state)
    with pytest.raises(InputError, match="other inputs"):
        session.poll("petChanged", {"branch": "18"}, state)
    with pytest.raises(InputError, match="other inputs"):
        session.poll("petChanged", {**INPUTS, "departures": False}, state)


def session_of(component: Component, counter: Counter, name: str | None = None, **fields: str) -> Session:
    """Return a session whose connection has other values, or a name."""
    given = {"key": "apiKey", "name": name, "fields": CONNECTION["fields"] | fields}
    clock = StillClock(counter.book.now)
    return Session(component.model, Connection.from_dict(given), Options(clock=clock), sender=counter)  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [{"apiKey": "another"}, {"branch": "18"}, {"site": "south"}, {"name": "theirs"}])
def test_a_state_of_another_connection_is_refused(
    petshop: Component, book: ChangeBook, counter: Counter, session: Session, other: dict[str, str]
) -> None:
    """Changes of one account must not count as told to another one's; the error says how to go on."""
    book.put("p-1")
    _, state = whole(session, "from the beginning")
    counter.asked.clear()

    with pytest.raises(InputError, match="another connection") as caught:
        session_of(petshop, counter, **other).poll("petChanged", INPUTS, state)

    assert (caught.value.input, counter.asked) == ("state", [])
    assert "take `connection` out of the state" in str(caught.value)
    assert "with `from now`" in str(caught.value)


def test_a_state_of_the_same_connection_goes_on_elsewhere(
    petshop: Component, book: ChangeBook, counter: Counter, session: Session
) -> None:
    """Another session, as in another process, takes it up; what a connection proves means nothing elsewhere."""
    book.put("p-1")
    _, state = whole(session, "from the beginning")

    assert whole(session_of(petshop, counter), state)[0] == []


@pytest.mark.parametrize("name", ["ours", None])
def test_a_new_login_keeps_the_states_of_a_connection_with_a_name(
    petshop: Component, book: ChangeBook, counter: Counter, name: str | None
) -> None:
    """One without is known by its login, and says that a name would help."""
    book.put("p-1")
    app = {"site": "north", "branch": "17", "clientId": "whisker-app", "clientSecret": "an-example-not-a-secret"}

    def logged_in(grant: str) -> Session:
        token = {"access_token": f"access-{grant}", "refresh_token": f"refresh-{grant}"}
        given = {"key": "login", "name": name, "fields": app, "token": token}
        clock = StillClock(counter.book.now)
        return Session(petshop.model, Connection.from_dict(given), Options(clock=clock), sender=counter)  # type: ignore[arg-type]

    _, state = whole(logged_in("one"), "from the beginning")
    assert whole(logged_in("one"), state)[0] == []
    if name is not None:
        assert whole(logged_in("two"), state)[0] == []
    else:
        with pytest.raises(InputError, match="One that has a `name`"):
            logged_in("two").poll("petChanged", INPUTS, state)


def test_a_state_without_a_connection_goes_on(
    petshop: Component, book: ChangeBook, counter: Counter, session: Session
) -> None:
    """One that an earlier build has kept names none, nor does one of which a person took it out."""
    book.put("p-1")
    _, state = whole(session, "from the beginning")
    kept = without(state, "connection")
    events, after = whole(session_of(petshop, counter, apiKey="renewed"), kept)

    assert (events, "connection" in after) == ([], True)


@pytest.mark.parametrize("connection", [None, 7, "\ud800", ["x"]])
def test_a_spoiled_connection_is_refused(book: ChangeBook, session: Session, connection: Any) -> None:
    """What is there must be right, whatever it is."""
    _, state = whole(session, None)

    with pytest.raises(InputError, match="another connection"):
        session.poll("petChanged", INPUTS, {**state, "connection": connection})


def test_a_state_holds_no_secret(book: ChangeBook, session: Session) -> None:
    """Neither the key of the connection nor what records say stands in it."""
    book.put("p-1")
    _, state = whole(session, "from the beginning")

    assert "example" not in json.dumps(state)
    assert "p-1-1" not in json.dumps(state)


@pytest.mark.plan("S-258")
def test_thirty_thousand_changes_within_a_second_are_told_once(
    book: ChangeBook, counter: Counter, session: Session
) -> None:
    """Positions, not only numbers: the state stays small, nothing is lost, and nothing is told twice."""
    counter.size = 2_000
    _, state = whole(session, None)
    book.now += 1
    for number in range(30_000):
        book.put(f"p-{number:05}")
    events: list[dict[str, Any]] = []
    sizes = []
    more = True
    while more:
        poll = session.poll("petChanged", INPUTS, state, enough=5_000)
        events, state, more = events + poll.events, poll.state, poll.more
        sizes.append(max(len(json.dumps(source)) for source in state["sources"].values()))
    book.now += 60
    again, state = whole(session, state)

    assert len(events) == len({event["id"] for event in events}) == 30_000
    assert again == []
    assert max(sizes) <= MOST_BYTES


@pytest.mark.plan("S-258")
def test_among_thousands_a_late_change_is_told_with_few_others(
    book: ChangeBook, counter: Counter, session: Session
) -> None:
    """What comes late into a crowd is told; of those told before, only its own pot is told again."""
    counter.size = 2_000
    _, state = whole(session, None)
    book.now += 1
    for number in range(8_000):
        book.put(f"p-{number:05}")
    book.put("p-late", lag_s=200)
    _, state = whole(session, state)
    book.now += 220
    events, state = whole(session, state)
    again, _ = whole(session, state)

    assert "created p-late" in names(events)
    assert len(events) <= 8_000 // POTS * 3
    assert again == []


def test_what_was_told_survives_being_kept() -> None:
    """Numbers and zones come back from JSON as they were."""
    told = ToldChanges()
    for number in range(5 * EXACT_MAX):
        told.add(number * 7919, number * 1000)
    told.shrink(None)
    kept = told.to_json()

    assert ToldChanges.from_json(**json.loads(json.dumps(kept))).to_json() == kept


@pytest.mark.parametrize("told", ["!", "AA==", 7, None])
def test_spoiled_numbers_are_refused(told: Any) -> None:
    """What is no list of numbers is an error, and no empty memory."""
    with pytest.raises(ValueError, match=r".*"):
        ToldChanges.from_json(told, [])


def test_zones_that_touch_are_put_together() -> None:
    """Changes before and behind a zone make one with it: no moment lies in two, and all is known afterwards."""
    told, moments = ToldChanges(), [*range(1000, 1000 + EXACT_MAX + 1), *range(100), *range(2000, 2400)]
    for at in moments:
        told.add(at * 7919, at * 10)
        if at == 1000 + EXACT_MAX:
            told.shrink(None)
    told.shrink(None)
    zones = {id(zone): zone for at in moments if (zone := told.zone_at(at * 10)) is not None}.values()

    assert len(told.to_json()["zones"]) == len(zones)
    for zone in zones:
        assert not told.new_in(zone, [at * 7919 for at in moments if zone.start <= at * 10 <= zone.end])

"""Whatever happens while a poll reads: every change is told, and in the overlap none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.petshop_changes import ChangeBook, shown
from connector_runtime import ConnectorError
from triggers.conftest import Counter, session_with

if TYPE_CHECKING:
    from connector_runtime import Component

_NUMBERS = st.sampled_from([f"p-{number}" for number in range(6)])
# What happens between two requests, or between two polls.
_HAPPENING = st.one_of(
    st.tuples(st.just("put"), st.tuples(_NUMBERS, st.sampled_from([0, 0, 1, 250]))),
    st.tuples(st.just("remove"), _NUMBERS),
    st.tuples(st.just("return"), _NUMBERS),
    st.tuples(st.just("tick"), st.sampled_from([1, 7, 200, 4000])),
    st.tuples(st.just("fail"), st.just(0)),
    st.tuples(st.just("poll"), st.just(0)),
    st.tuples(st.just("nothing"), st.just(0)),
)

Happening = tuple[str, Any]


class History:
    """A shop that goes on living, and who polls it."""

    def __init__(self, component: Component, size: int, start: str) -> None:
        self.book = ChangeBook()
        self.counter = Counter(self.book)
        self.counter.size = size
        self.counter.before = self._before
        self.session = session_with(component, self.counter)
        self.waiting: list[Happening] = []
        self.state: Any = start
        self.events: list[dict[str, Any]] = []

    def _before(self) -> str | None:
        return self.happen(self.waiting.pop(0)) if self.waiting else None

    def happen(self, what: tuple[str, Any]) -> str | None:
        """Let something happen; failures are for whoever asks."""
        name, value = what
        if name == "put":
            self.book.put(*value)
        elif name == "remove":
            self.book.remove(value)
        elif name == "tick":
            self.book.now += value
        elif name == "return":
            self.book.take_back(value)
        return name

    def poll(self) -> bool:
        """Poll once; returns whether there is nothing more for now."""
        try:
            result = self.session.poll("petChanged", {"branch": "17"}, self.state, enough=3)
        except ConnectorError:
            return False
        self.events += result.events
        self.state = result.state
        return not result.more and result.error is None

    def go(self, happenings: list[Happening], *, between: bool) -> None:
        """Live through a history; `between`: things happen between requests, else between polls."""
        for number, what in enumerate(happenings):
            if what[0] == "poll":
                self.waiting = [one for one in happenings[number + 1 :] if between and one[0] != "poll"][:4]
                self.poll()
                self.waiting = []
            else:
                self.happen(what)

    def begin(self, meanwhile: list[Happening]) -> float:
        """Poll until there is a state, while things happen; returns when that poll began."""
        self.waiting, start = list(meanwhile), self.state
        while True:
            begun = self.book.now
            self.poll()
            if self.state is not start:
                self.waiting = []
                return begun

    def settle(self) -> None:
        """Let the index catch up, and poll until there is nothing more."""
        self.book.now += 290
        for _ in range(60):
            if self.poll():
                return
        raise AssertionError("polling does not come to an end")

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [
            (event["id"], event["at"], "" if event["change"] == "deleted" else event["data"]["name"])
            for event in self.events
        ]


@pytest.mark.plan("S-250")
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    # Before the first poll, during it, and after it.
    times=st.tuples(*(st.lists(_HAPPENING, max_size=most) for most in (5, 4, 25))),
    size=st.integers(1, 4),
    between=st.booleans(),
    start=st.sampled_from(["from now", "from the beginning"]),
)
def test_every_change_is_told_and_none_twice(
    petshop: Component,
    times: tuple[list[Happening], ...],
    size: int,
    between: bool,
    start: str,
) -> None:
    """Over any history, any size of pages, any failures and moments of polls: nothing is lost or told twice."""
    before, meanwhile, happenings = times
    history = History(petshop, size, start)
    for what in before:
        history.happen(what)
    history.book.now += 1
    begun = history.begin(meanwhile)
    history.go(happenings, between=between)
    history.settle()

    told, since = history.told, 0 if start == "from the beginning" else begun
    assert len(told) == len(set(told))
    for number, pet in history.book.pets.items():
        if pet["changed"] >= since:
            assert (number, shown(pet["changed"]).replace("Z", "+00:00"), pet["name"]) in told
    for row in history.book.departures:
        if row["left"] >= since:
            assert (row["id"], shown(row["left"]).replace("Z", "+00:00"), "") in told

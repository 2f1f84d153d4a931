"""Polls of the second component over loopback, while its pets go on changing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import PETSHOP, Mishap, PetShop, open_shop
from connector_runtime import Component
from connector_runtime.testing.cases import StillClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime import Session

INPUTS = {"branch": "17", "tries": 0}


@pytest.fixture
def shop() -> Iterator[PetShop]:
    """A fresh shop on loopback; its book follows its clock."""
    with open_shop() as shop:
        yield shop


@pytest.fixture
def session(shop: PetShop) -> Iterator[Session]:
    """A session with the shop."""
    with Component.load(PETSHOP).session(shop.by_key(), clock=StillClock(shop.now)) as session:
        yield session


def go_on(shop: PetShop, seconds: float) -> None:
    shop.now += seconds
    shop.book.now = shop.now


def told(session: Any, state: Any) -> tuple[list[str], Any]:
    """Poll until there is nothing more; returns what happened to whom."""
    found: list[str] = []
    for _ in range(50):
        poll = session.poll("petChanged", INPUTS, state)
        assert poll.error is None
        found, state = found + [f"{event['change']} {event['id']}" for event in poll.events], poll.state
        if not poll.more:
            return found, state
    raise AssertionError("polling does not come to an end")


@pytest.mark.plan("S-262")
def test_a_source_that_knows_days_only_tells_each_departure_once(shop: PetShop, session: Session) -> None:
    """The book of departures is asked for days, read page by page, and every row told once over two midnights."""
    for number in range(9):
        shop.book.put(f"p-{number}")
    _, state = told(session, "from the beginning")
    seen = []
    for number in range(9):
        go_on(shop, 6 * 3600)
        shop.book.remove(f"p-{number}")
        if number % 2:
            found, state = told(session, state)
            seen += found
    found, state = told(session, state)
    days = {
        asked.query["from"][0] for asked in shop.asked if asked.path == "/v2/gone" and "from" in asked.query
    }

    assert sorted(seen + found) == [f"deleted p-{number}" for number in range(9)]
    assert {"2025-06-14", "2025-06-15", "2025-06-16", "2025-06-17"} >= days
    assert all(len(day) == len("2025-06-15") for day in days)


@pytest.mark.plan("S-251")
def test_pets_that_change_between_two_pages_are_told(shop: PetShop, session: Session) -> None:
    """Whatever moves while a poll reads is told in this poll or in the next, with its last name."""
    for number in range(7):
        shop.book.put(f"p-{number}")
    shop.meanwhile += [
        lambda: shop.book.put("p-0"),
        lambda: shop.book.put("p-6"),
        lambda: shop.book.remove("p-3"),
    ]
    first = session.poll("petChanged", INPUTS, "from the beginning")
    go_on(shop, 1)
    second = session.poll("petChanged", INPUTS, first.state)

    names = {
        event["id"]: event["data"]["name"]
        for event in first.events + second.events
        if "name" in event["data"]
    }
    gone = {event["id"] for event in first.events + second.events if event["change"] == "deleted"}
    assert {number: names[number] for number in shop.book.pets} == {
        number: pet["name"] for number, pet in shop.book.pets.items()
    }
    assert gone == {"p-3"}


@pytest.mark.plan("S-253")
@pytest.mark.parametrize(
    "trouble", [Mishap(), Mishap(status=500), Mishap(status=200, text="{"), Mishap(work=True)]
)
@pytest.mark.parametrize("at", range(1, 4))
def test_trouble_on_the_wire_loses_nothing(shop: PetShop, session: Session, trouble: Mishap, at: int) -> None:
    """A page that breaks off, is refused or cannot be read is asked for again by the next poll."""
    for number in range(5):
        shop.book.put(f"p-{number}")
    shop.meanwhile += [lambda: None] * (at - 1) + [lambda: shop.mishaps.append(trouble)]
    broken = session.poll("petChanged", INPUTS, "from the beginning")
    rest, _ = told(session, broken.state)

    events = [f"{event['change']} {event['id']}" for event in broken.events]
    assert events + rest == [f"created p-{number}" for number in range(5)]

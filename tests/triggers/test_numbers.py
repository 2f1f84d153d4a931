"""What a poll or a push tells in numbers, for sessions that want floats and for those that want decimals."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.triggers.webhooks.seen import Seen
from triggers.conftest import session_with
from webhooks.pushed import EVENTS, SIGNED, hex_of, push

if TYPE_CHECKING:
    from components.petshop_changes import ChangeBook
    from connector_runtime import Component
    from triggers.conftest import Counter

INPUTS = {"branch": "17", "departures": False}


def test_a_poll_tells_numbers_as_its_session_wants_them(
    petshop: Component, counter: Counter, book: ChangeBook
) -> None:
    """With `exact` the record of an event has decimals; its JSON shape has none."""
    book.put("p-1")
    book.pets["p-1"]["name"] = 8.25

    (usual,) = session_with(petshop, counter).poll("petChanged", INPUTS, "from the beginning").events
    poll = session_with(petshop, counter, numbers="exact").poll("petChanged", INPUTS, "from the beginning")

    assert (usual["data"], type(usual["data"]["name"])) == ({"name": 8.25}, float)
    assert (poll.events[0]["data"], type(poll.events[0]["data"]["name"])) == (
        {"name": Decimal("8.25")},
        Decimal,
    )
    assert json.loads(json.dumps(poll.to_dict()))["events"][0]["data"] == {"name": 8.25}


def test_what_was_told_as_a_float_is_known_as_a_decimal(
    petshop: Component, counter: Counter, book: ChangeBook
) -> None:
    """Whoever changes over to `exact`, or back, is told nothing a second time."""
    book.put("p-1")
    book.pets["p-1"]["name"] = 8.25
    state: Any = "from the beginning"
    told = []
    for numbers in ("float", "exact", "float"):
        poll = session_with(petshop, counter, numbers=numbers).poll("petChanged", INPUTS, state)
        told += poll.events
        state = json.loads(json.dumps(poll.state))

    assert len(told) == 1


PRICES = b'{"changes": [{"id": "7", "at": "2026-06-01T12:00:00+02:00", "net": 35.00, "rate": 0.1000000000000000055}]}'


def pushed(**how: Any) -> Any:
    """Return what comes of a push with prices."""
    events = {**EVENTS, "output": {"net": "${ item.net }", "more": "${ item.rate + 0.5 }"}}
    return push(PRICES, {"X-Sign": hex_of(PRICES)}, events=events, **how)


def test_a_push_tells_numbers_as_they_are_asked_for() -> None:
    """The same word as for sessions; the JSON text of both keeps every digit."""
    usual, exact = pushed(), pushed(numbers="exact")

    assert [type(one.events[0]["data"]["net"]) for one in (usual, exact)] == [float, Decimal]
    assert str(exact.events[0]["data"]["net"]) == "35.00"
    assert json.loads(json.dumps(usual.to_dict()))["events"][0]["data"]["more"] == "0.6000000000000000055"
    assert '"net":35.00,"more":0.6000000000000000055' in exact.to_json()


def test_what_is_signed_is_made_of_the_digits_that_came() -> None:
    """A service that signs over an amount signs what it wrote."""
    verify = {**SIGNED, "of": ["${ '' ~ body.json.changes[0].net }"]}

    received = push(PRICES, {"X-Sign": hex_of(b"35.00")}, verify=verify)

    assert received.problem is None


@pytest.mark.parametrize("first", ["float", "exact"])
def test_what_a_push_has_told_is_known_however_its_numbers_are_held(first: str) -> None:
    """A platform that changes over drops what was handed on before."""
    seen = Seen()
    kinds = (first, "exact" if first == "float" else "float")

    assert [len(seen.new(pushed(numbers=numbers).events)) for numbers in kinds] == [1, 0]

"""A create that may have happened is looked up once; only a record that is provably ours counts."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.conversation.replies.results import JUDGED_MAX
from connector_runtime.definition.sent_records import agrees
from connector_runtime.errors import ConnectorError
from connector_runtime.testing.cases import Script
from engine.shop import INPUTS, Shop, action, model_of

# What the still clock of the tests says, as a vendor writes it.
NOW = "Sun, 15 Jun 2025 15:06:40 GMT"
LOOKUP = {
    "action": "find",
    "inputs": {"name": "${ inputs.name }"},
    "made": "${ item.made }",
    "sent": {"name": "${ inputs.name }", "colour": "${ inputs.colour }", "size": "${ inputs.size }"},
    "found": {"order": "${ item }"},
}
FIND = action(
    "read",
    action="find",
    request={"service": "api", "path": "/search", "query": {"n": "${ inputs.name }", "after": "${ page.after }"}},
    paginate={
        "start": {"after": "${ inputs.name if inputs.name == 'never' }"},
        "next": {"after": "${ reply.json.next }"},
        "while": "${ reply.json.next }",
        "items": "${ reply.json.orders }",
        "max": {"pages": 1, "items": 100},
    },
)
MORE_INPUTS = {
    **INPUTS,
    "name": {"type": "string", "label": "Name", "default": "n"},
    "colour": {"type": "string", "label": "Colour"},
    "size": {"type": "string", "label": "Size"},
}
CREATING = model_of(
    action(
        "create",
        inputs=MORE_INPUTS,
        lookup=LOOKUP,
        identity="name=${ inputs.name }",
        request={
            "service": "api",
            "method": "POST",
            "path": "/orders",
            "body": {
                "json": {"name": "${ inputs.name }", "colour": "${ inputs.colour }", "size": "${ inputs.size }"}
            },
        },
    ),
    FIND,
)


def rows(*orders: dict[str, Any], date: str | None = NOW) -> dict[str, Any]:
    """Return a reply with orders, at a time of the vendor's."""
    return {"status": 200, "headers": {"Date": date} if date else {}, "json": {"orders": list(orders)}}


@pytest.mark.plan("S-152")
@pytest.mark.parametrize(
    "made", [1_750_000_000, "2025-06-15T15:06:40Z", "2025-06-15T17:06:40+0200", "2025-06-15T15:06:41.5+00:00"]
)
def test_a_create_that_may_have_happened_is_looked_up_once(made: Any) -> None:
    """A record made since, which agrees with what was sent, is the result, and says that it was found."""
    order = {"id": "7", "name": "Anna", "size": 12, "made": made, "state": "new"}
    shop = Shop(CREATING, {"error": "disconnect"}, rows(order))

    result = shop.run(name="Anna", size="12.0")

    assert (result.outcome, result.data) == ("found", {"order": order})
    assert shop.urls[1] == "https://api.example.com/v1/search?n=Anna"
    assert [attempt.why for attempt in result.attempts] == ["first", "lookup"]


@pytest.mark.plan("S-152")
@pytest.mark.parametrize(
    "orders",
    [
        [{"name": "Anna", "made": 1_749_999_999}],
        [{"name": "Anna", "made": "2025-06-15T15:06:39Z"}],
        [{"name": "Anna", "made": "2025-06-15T15:06:40"}],
        [{"name": "Anna", "made": "lately"}],
        [{"name": "Anna"}],
        [{"name": "Annabel", "made": 1_750_000_000}],
        [{"name": "Anna", "colour": "red", "made": 1_750_000_000}],
        [{"name": "Anna", "size": 13, "made": 1_750_000_000}],
        [{"name": "Anna", "id": "7", "made": 1_750_000_000}, {"name": "Anna", "id": "8", "made": 1_750_000_000}],
        ["Anna"],
    ],
    ids=[
        "a second earlier", "a second earlier as text", "a time without its offset", "no time", "without a time",
        "another name", "another colour", "another size", "two of them", "no record",
    ],
)  # fmt: skip
def test_a_record_that_may_be_anothers_is_not_found(orders: list[Any]) -> None:
    """Only what was made since the request was sent, and has the values that were sent, is ours."""
    shop = Shop(CREATING, {"error": "disconnect"}, rows(*orders))

    with pytest.raises(ConnectorError) as caught:
        shop.run(name="Anna", colour="blue", size="12", retries=3)

    assert (caught.value.kind, caught.value.identity) == ("outcome_unknown", "name=Anna")
    assert shop.sent == 2


@pytest.mark.plan("S-225")
def test_a_page_longer_than_any_proves_nothing() -> None:
    """It is not looked through, whatever is in it."""
    order = {"id": "7", "name": "Anna", "made": 1_750_000_000}
    shop = Shop(CREATING, {"error": "disconnect"}, rows(order, *([{}] * JUDGED_MAX)))

    with pytest.raises(ConnectorError) as caught:
        shop.run(name="Anna")

    assert caught.value.kind == "outcome_unknown"


def test_a_vendor_without_a_clock_proves_nothing() -> None:
    """Without the vendor's own time nobody can tell what was there before."""
    shop = Shop(CREATING, {"error": "disconnect"}, rows({"name": "n", "made": 1_750_000_000}, date=None))

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert caught.value.kind == "outcome_unknown"


@pytest.mark.plan("S-43")
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "json": {}},
        {"status": 200, "json": {"orders": None}},
        rows(),
        {"status": 503, "text": ""},
        {"error": "timeout"},
    ],
)
def test_a_look_up_that_finds_nothing_proves_nothing(answer: dict[str, Any]) -> None:
    """An index may lag: the outcome stays unknown, and nothing is sent again."""
    shop = Shop(CREATING, {"error": "disconnect"}, answer)

    with pytest.raises(ConnectorError) as caught:
        shop.run(name="Anna", retries=3)

    assert (caught.value.kind, caught.value.identity) == ("outcome_unknown", "name=Anna")
    assert [attempt.why for attempt in caught.value.attempts] == ["first", "lookup"]
    assert shop.sent == 2


@pytest.mark.plan("S-152")
@pytest.mark.parametrize(
    ("sent", "found", "is_same"),
    [
        ({"name": "Anna", "size": 12}, {"name": " Anna ", "size": "12.0"}, True),
        ({"name": "Anna"}, {"name": "Anna", "colour": "red"}, True),
        ({"name": "Anna", "colour": ""}, {"name": "Anna", "colour": None}, True),
        ({"name": "Anna", "rows": [{"a": 1}]}, {"name": "Anna", "rows": [{"a": 1, "id": "7"}]}, True),
        ({"name": "Anna"}, {}, False),
        ({"name": "Anna"}, {"label": "Anna"}, False),
        ({"name": "007"}, {"name": "7"}, False),
        ({"name": "1E3"}, {"name": "1000"}, False),
        ({"name": "Anna"}, {"name": ["Anna"]}, False),
        ({"name": "Anna", "place": {"city": "Rom"}}, {"name": "Anna", "place": {"city": "Ulm"}}, False),
        ({"name": "Anna"}, "Anna", False),
    ],
)
def test_a_record_agrees_in_what_was_sent(sent: Any, found: Any, is_same: bool) -> None:
    """It has some of it, and nothing else in its place."""
    assert agrees(sent, found) is is_same


@pytest.mark.plan("S-152")
def test_a_slow_look_up_makes_no_older_record_ours() -> None:
    """How long the reply took says nothing about when the write was sent."""

    class Slow(Script):
        def next(self, outgoing: Any) -> Any:
            answer = super().next(outgoing)
            if len(self.sent) == 2:
                shop.clock.sleep(10)
            return answer

    shop = Shop(CREATING, {"error": "disconnect"}, rows({"name": "n", "made": 1_749_999_992}))
    shop.session._sender.script = Slow(shop.script.replies)  # type: ignore[union-attr]

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert caught.value.kind == "outcome_unknown"

"""Listings are read to their real end, or stop loudly."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.errors import ConnectorError
from engine.shop import Shop, action, model_of

PAGING = {
    "start": {"number": "${ inputs.page }", "token": "${ inputs.token }"},
    "next": {"number": "${ page.number + 1 if not reply.json.next }", "token": "${ reply.json.next }"},
    "while": "${ reply.json.more }",
    "all": "${ inputs.all }",
    "items": "${ reply.json.orders }",
    "max": {"pages": 3, "items": 100},
}


def listing(**paging: Any) -> Any:
    inputs = action("read")["inputs"] | {
        "page": {"type": "integer", "label": "Page", "default": 1},
        "token": {"type": "string", "label": "Token"},
        "all": {"type": "boolean", "label": "All", "default": False},
    }
    request = {
        "service": "api",
        "path": "/orders",
        "query": {
            "page": "${ page.number if not page.token }",
            "token": "${ page.token }",
            "n": "${ inputs.name }",
        },
    }
    return model_of(
        action(
            "read",
            inputs=inputs,
            request=request,
            paginate=PAGING | paging,
            reply={
                "error": "${ reply.json.orders | find('status', 'error') }",
                "output": {"...": "${ reply.json }", "orders": "${ items }"},
            },
            examples={"one": {"label": "One", "inputs": {}, "reply": page(1)}},
        )
    )


def page(*orders: int, more: bool = False, token: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"orders": list(orders), "more": more}
    return {"status": 200, "json": body | ({"next": token} if token else {})}


def test_one_page_is_read_unless_all_are_wanted() -> None:
    """Without Fetch All the given page is read, and only it."""
    shop = Shop(listing(), page(1, 2, more=True))

    result = shop.run(page=4)

    assert result.data["orders"] == [1, 2]
    assert shop.urls == ["https://api.example.com/v1/orders?page=4&n=n"]


def test_fetch_all_starts_at_the_given_page_and_follows_to_the_end() -> None:
    """Page numbers go on from the user's own start; the records arrive in order."""
    shop = Shop(listing(), page(1, more=True), page(2, more=True), page(3))

    result = shop.run(all=True, page=2)

    assert result.data["orders"] == [1, 2, 3]
    assert [url.partition("page=")[2][0] for url in shop.urls] == ["2", "3", "4"]


def test_fetch_all_follows_a_token_once_there_is_one() -> None:
    """A token replaces the page number in every further request."""
    shop = Shop(listing(), page(1, more=True, token="t-1"), page(2))

    result = shop.run(all=True)

    assert result.data["orders"] == [1, 2]
    assert shop.urls[1] == "https://api.example.com/v1/orders?token=t-1&n=n"


def test_an_empty_page_in_the_middle_is_not_the_end() -> None:
    """Only the vendor's own word ends a listing."""
    shop = Shop(listing(), page(1, more=True), page(more=True), page(3))

    assert shop.run(all=True).data["orders"] == [1, 3]


def test_the_cap_raises_limit_with_the_cursor() -> None:
    """Records beyond the cap are never silently missing: the error says where to go on."""
    shop = Shop(listing(), *[page(n, more=True) for n in range(1, 5)])

    with pytest.raises(ConnectorError) as caught:
        shop.run(all=True)

    assert caught.value.kind == "limit"
    assert caught.value.cursor == {"number": 4}
    assert shop.sent == 3


@pytest.mark.plan("S-54")
def test_a_listing_that_goes_in_circles_is_a_broken_contract() -> None:
    """A vendor that hands out the same token again is found out at once."""
    shop = Shop(
        listing(max={"pages": 50, "items": 1000}),
        page(1, more=True, token="t"),
        page(2, more=True, token="t"),
    )

    with pytest.raises(ConnectorError) as caught:
        shop.run(all=True)

    assert caught.value.kind == "contract"
    assert shop.sent == 2


@pytest.mark.parametrize("body", [None, {"json": {"wanted": "${ inputs.name }"}}], ids=["query", "body"])
def test_a_request_that_was_sent_for_a_page_before_is_a_circle(body: Any) -> None:
    """Where the request does not say which page it wants, the same one is not asked for a third time."""
    model = listing(max={"pages": 50, "items": 1000})
    definition = model.actions["order"].definition
    definition["request"]["query"] = {"n": "${ inputs.name }"}
    if body is not None:
        definition["request"] |= {"method": "POST", "body": body}
    shop = Shop(model, page(1, more=True, token="b"), page(2, more=True, token="c"))

    with pytest.raises(ConnectorError) as caught:
        shop.run(all=True, name="x")

    assert (caught.value.kind, shop.sent) == ("contract", 1)
    assert (caught.value.cursor, list(caught.value.items)) == (None, [1])


def test_a_repeat_of_a_page_is_no_circle() -> None:
    """The same request after a failure is a repeat, and reads the page once."""
    shop = Shop(listing(), page(1, more=True, token="b"), {"status": 503}, page(2))

    result = shop.run(all=True, retries=1)

    assert [result.data["orders"], shop.sent] == [[1, 2], 3]


@pytest.mark.plan("S-53")
@pytest.mark.parametrize("body", [{}, {"orders": None}, {"orders": {}}, {"orders": "none"}, [], "text"])
def test_a_good_reply_without_a_list_of_records_is_never_an_empty_list(body: Any) -> None:
    """Absent records mean that something is wrong, not that there are none."""
    shop = Shop(listing(), {"status": 200, "json": body})

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert caught.value.kind == "contract"


def test_pages_are_handed_out_one_by_one_without_a_cap() -> None:
    """A stream ends where the vendor ends it, and each page says where the next one starts."""
    shop = Shop(listing(), *[page(n, more=n < 6) for n in range(1, 7)])

    pages = list(shop.session.pages("order", {}))

    assert [record for one in pages for record in one] == [1, 2, 3, 4, 5, 6]
    assert [one.next for one in pages[-2:]] == [{"number": 6}, None]


@pytest.mark.parametrize("effect", ["create", "read"])
def test_what_is_no_listing_has_no_pages_and_is_not_sent(effect: str) -> None:
    """Read as pages it would be done, and what came of it lost."""
    shop = Shop(model_of(action(effect)))

    with pytest.raises(ConnectorError, match="is no listing") as caught:
        shop.session.pages("order", {})

    assert (caught.value.kind, caught.value.hint, shop.sent) == ("input", "Do it with `run`.", 0)


def test_a_stream_that_is_left_early_asks_for_no_more() -> None:
    """Who stops reading stops the requests."""
    shop = Shop(listing(), page(1, more=True), page(2, more=True))

    for _page in shop.session.pages("order", {}):
        break

    assert shop.sent == 1


def test_each_page_of_a_stream_has_its_own_deadline() -> None:
    """A reader that takes its time between pages does not run out of it."""
    shop = Shop(listing(), *[page(n, more=n < 4) for n in range(1, 5)], deadline_s=10)

    seen = []
    for one in shop.session.pages("order", {}):
        seen += one.items
        shop.clock.sleep(9.0)

    assert seen == [1, 2, 3, 4]


def test_retries_happen_within_a_page() -> None:
    """A page that fails is asked again; the ones before it are not."""
    shop = Shop(listing(), page(1, more=True), {"status": 503, "text": ""}, page(2))

    result = shop.run(all=True, retries=1)

    assert result.data["orders"] == [1, 2]
    assert [attempt.why for attempt in result.attempts] == ["first", "page", "retry"]


@pytest.mark.plan("S-54")
def test_pages_without_records_end_too() -> None:
    """A vendor that promises more for ever, and sends nothing, is stopped at the component's number of pages."""
    shop = Shop(listing(), page(more=True))

    with pytest.raises(ConnectorError) as caught:
        shop.run(all=True)

    assert caught.value.kind == "limit"
    assert shop.sent == 3

"""A listing that breaks off gives what it has read, and says where to go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.testing.cases import AsyncScriptedSender
from engine.shop import Shop
from engine.test_paging import listing, page

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS = {"inputs": {"page": "${ page.number }", "token": "${ page.token }"}}
BUDGET = {"api": {"url": "${ connection.site.api }/v1", "budget": {"requests": 1, "per": "60s"}}}
# What comes instead of the second page, and the kind of the error.
BREAKS: dict[str, tuple[dict[str, Any], str]] = {
    "an error of the server": ({"status": 500}, "server"),
    "too many requests": ({"status": 429}, "rate_limited"),
    "a refusal": ({"status": 403, "json": {"code": "no"}}, "permission"),
    "no connection": ({"error": "connect"}, "network"),
    "no reply": ({"error": "timeout"}, "timeout"),
    "null": ({"json": {"orders": None, "more": True}}, "contract"),
    "nothing": ({"json": {"more": True}}, "contract"),
    "a map": ({"json": {"orders": {"1": 1}, "more": True}}, "contract"),
    "a web page": ({"text": "<html>"}, "contract"),
    "an error as a record": ({"json": {"orders": [{"status": "error", "code": "full"}], "more": False}}, "server"),
    "a link of another shape": ({"json": {"orders": [3], "more": True, "link": "x"}}, "contract"),
}  # fmt: skip


def model(**parts: Any) -> Any:
    """Return a listing whose page may hold errors, and whose `link` must be a list."""
    return listing(
        **{"while": "${ reply.json.more and reply.json.link | first | default(true) }"} | PATHS | parts
    )


def refused(read: Callable[[], Any]) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        read()
    return caught.value


@pytest.mark.plan("S-162")
@pytest.mark.parametrize("driver", ["blocking", "awaiting"])
@pytest.mark.parametrize("fault", BREAKS)
def test_a_page_that_fails_costs_no_record_of_the_pages_before_it(fault: str, driver: str) -> None:
    """Whatever comes instead of page two: the error has page one, and where page two is."""
    instead, kind = BREAKS[fault]
    shop = Shop(model(), page(1, 2, more=True), instead)

    def awaited() -> Any:
        connection = Connection.from_dict({"key": "key", "fields": {"key": "shop-key-123456"}})
        sender: Any = AsyncScriptedSender(shop.script)
        session = AsyncSession(shop.session._model, connection, Options(clock=shop.clock), sender=sender)
        return asyncio.run(session.run("order", {"all": True}))

    problem = refused(awaited if driver == "awaiting" else lambda: shop.run(all=True))

    assert problem.kind == kind
    assert (list(problem.items), problem.cursor) == ([1, 2], {"number": 2})
    assert problem.to_dict()["items"] == [1, 2]
    assert "page=2" in str(problem.hint)
    assert "2 records on 1 page" in str(problem.hint)
    assert not any(word in str(problem) for word in ("NoneType", "dict", "ABSENT"))


@pytest.mark.plan("S-162")
def test_a_budget_that_is_used_up_costs_no_record() -> None:
    """The runtime's own refusal to send page two keeps page one as the vendor's does."""
    budgeted = listing(**PATHS)
    budgeted.services["api"] = budgeted.services["api"]._replace(budgets=_budgets())
    shop = Shop(budgeted, page(1, more=True), page(2), deadline_s=10)

    problem = refused(lambda: shop.run(all=True))

    assert (problem.kind, shop.sent) == ("rate_limited", 1)
    assert (list(problem.items), problem.cursor) == ([1], {"number": 2})


def _budgets() -> Any:
    from engine.shop import action, model_of

    return model_of(action("read"), services=BUDGET).services["api"].budgets


@pytest.mark.plan("S-162")
def test_a_deadline_between_two_pages_costs_no_record() -> None:
    """Time that runs out after page one is told with page one."""
    shop = Shop(listing(**PATHS), page(1, more=True), page(2), deadline_s=10)
    shop.session._listener.on_event = lambda event: (event.kind == "attempt" and shop.clock.sleep(11)) or None

    problem = refused(lambda: shop.run(all=True))

    assert (problem.kind, shop.sent) == ("timeout", 1)
    assert (list(problem.items), problem.cursor) == ([1], {"number": 2})


@pytest.mark.plan("S-162")
@pytest.mark.parametrize(
    ("pages", "kind", "items", "cursor"),
    [
        ([page(1, more=True)], "limit", [1, 1, 1], {"number": 4}),
        ([page(1, more=True, token="t")], "contract", [1, 1], None),
    ],
    ids=["more for ever", "the same token again"],
)
def test_a_listing_without_an_end_stops_with_its_records(
    pages: list[Any], kind: str, items: list[int], cursor: dict[str, Any] | None
) -> None:
    """What a vendor promises for ever is read to the cap or the circle, and kept."""
    shop = Shop(listing(**PATHS), *pages)

    problem = refused(lambda: shop.run(all=True))

    assert problem.kind == kind
    assert (list(problem.items), problem.cursor) == (items, cursor)


@pytest.mark.plan("S-220")
@pytest.mark.parametrize("streamed", [False, True])
def test_a_circle_has_no_page_to_go_on_from(streamed: bool) -> None:
    """Whoever followed a page that was read already would read the same records for ever."""
    circle = (page(1, more=True, token="b"), page(2, more=True, token="c"), page(3, more=True, token="b"))
    shop, seen = Shop(listing(**PATHS), *circle), list[Any]()

    read = (lambda: seen.extend(shop.session.pages("order", {}))) if streamed else (lambda: shop.run(all=True))
    problem = refused(read)

    assert (problem.kind, problem.cursor, shop.sent) == ("contract", None, 3)
    assert "no page to go on from" in str(problem.hint)
    assert "run the action again" not in str(problem.hint)
    assert [one.next for one in seen] == ([{"token": "b"}, {"token": "c"}, None] if streamed else [])


@pytest.mark.plan("S-220")
def test_a_cursor_too_long_for_a_sentence_is_shown_where_it_stands() -> None:
    """The hint names the input and the member of the error's `cursor` that goes there."""
    token = "t" * 300
    shop = Shop(listing(inputs={"after": "${ page.token }"}), page(1, more=True, token=token), {"status": 500})

    problem = refused(lambda: shop.run(all=True))

    assert problem.cursor == {"token": token}
    assert "run the action again with after from the error's `cursor.token`." in str(problem.hint)
    assert "1 record on 1 page was read and is the error's `items`." in str(problem.hint)


@pytest.mark.plan("S-221")
@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{"id": 1}, None], "null where record 2 of its list"),
        ([None], "null where record 1 of its list"),
        ([{"id": 1}, "a"], "a text where record 2 of its list"),
        ([3, {"id": 1}], "a number where record 1 of its list"),
        ([{"id": 1}, [{"id": 2}]], "a list where record 2 of its list"),
    ],
)
def test_what_is_no_record_is_not_listed_as_one(entries: list[Any], said: str) -> None:
    """Nothing in the place of a record, or something else beside maps, is no list of records."""
    problem = refused(Shop(model(), page(*entries)).run)

    assert problem.kind == "contract"
    assert said in problem.message


@pytest.mark.plan("S-162")
def test_pages_that_were_handed_out_are_not_kept() -> None:
    """Who reads page by page has the records, and is told where to go on."""
    shop = Shop(listing(**PATHS), page(1, more=True), page(2, more=True), {"status": 500})
    seen: list[int] = []

    problem = refused(lambda: [seen.extend(one.items) for one in shop.session.pages("order", {})])

    assert seen == [1, 2]
    assert (list(problem.items), problem.cursor) == ([], {"number": 3})
    assert "2 records on 2 pages were handed out. To go on, run the action again with page=3." in str(problem)


@pytest.mark.plan("S-162")
def test_the_first_page_has_nothing_before_it() -> None:
    """A listing that fails at once says no more than any other call."""
    problem = refused(lambda: Shop(listing(**PATHS), {"status": 500}).run(all=True))

    assert (problem.items, problem.cursor, problem.hint) == ((), None, None)


@pytest.mark.plan("S-162")
def test_records_of_the_last_page_outlive_an_output_that_cannot_be_made() -> None:
    """All pages were read: where nothing can be made of the last reply, the error has the records."""
    shop = Shop(listing(**PATHS), page(1, more=True), {"json": [1]})
    shop.script.replies[1] = {"json": {"orders": [2], "more": False}}
    program = shop.session._model.action("order").program
    unit = program.unit

    def fails(_scope: Any) -> Any:
        return unit.paging.items({"reply": None})[0]

    action = shop.session._model.action("order")
    action.__dict__["program"] = program._replace(unit=unit._replace(reply=unit.reply._replace(output=fails)))
    problem = refused(lambda: shop.run(all=True))

    assert (list(problem.items), problem.cursor) == ([1, 2], None)


@pytest.mark.plan("S-163")
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("absent", "nothing"),
        (None, "null"),
        ({}, "a map"),
        ("x", "a text"),
        (7, "a number"),
        (True, "true or false"),
    ],
)
def test_what_is_no_list_is_named_in_plain_words(value: Any, words: str) -> None:
    """No message has the name of a type of Python's."""
    body = {"more": False} if value == "absent" else {"orders": value, "more": False}

    problem = refused(lambda: Shop(listing(), {"json": body}).run())

    assert problem.message == f"The reply has {words} where the list of records should be."

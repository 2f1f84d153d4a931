"""Listings read to their real end, or stopped loudly: nothing is missing in silence."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime import ConnectorError

LEADS = 45
WANTED = {"recordType": "Leads", "fields": ["Last_Name"], "per_page": 5, "fetchAll": True}


@pytest.fixture
def leads(sandbox, session) -> set[str]:
    """Plant leads, of which page numbers reach fewer than half; return their ids."""
    for leftover in sandbox.state.ids("crm/Leads"):
        sandbox.state.delete("crm/Leads", leftover)
    sandbox.settings["crm.page_limit"] = 20
    records = [{"Last_Name": f"Lead {number}"} for number in range(LEADS)]
    done = session.run("crmRawRequest", {"method": "POST", "url": "/Leads", "data": {"data": records}})
    return {entry["details"]["id"] for entry in done.data["data"]}


def pages_asked(sandbox: Any) -> int:
    """Count the pages of leads that were asked for."""
    return sum(entry["method"] == "GET" and entry["path"] == "/crm/v8/Leads" for entry in sandbox.ledger())


@pytest.mark.plan("S-53")
def test_reading_goes_on_by_token_where_page_numbers_end(sandbox, session, leads):
    """Every record comes, once, on both sides of the vendor's limit."""
    found = session.run("crmGetRecords", WANTED).data["data"]

    assert [record["id"] for record in found] == sorted(leads, reverse=True)
    assert pages_asked(sandbox) == LEADS / 5


@pytest.mark.plan("S-53")
def test_page_numbers_beyond_their_limit_are_an_error(session, leads):
    """Asked for a page that cannot be had, the answer is no empty list."""
    with pytest.raises(ConnectorError) as caught:
        session.run("crmGetRecords", {**WANTED, "fetchAll": False, "page": 5})

    assert (caught.value.kind, caught.value.code) == ("limit", "DISCRETE_PAGINATION_LIMIT_EXCEEDED")


@pytest.mark.plan("S-53")
def test_a_token_that_expires_while_reading_stops_loudly(sandbox, session, leads):
    """Whoever reads page by page over a day learns that the listing broke off."""
    pages = session.pages("crmGetRecords", WANTED)
    seen = [record["id"] for _ in range(6) for record in next(pages)]

    sandbox.clock.advance(25 * 3600)
    with pytest.raises(ConnectorError) as caught:
        next(pages)

    assert caught.value.kind == "cursor_expired"
    assert "Start again" in str(caught.value.hint)
    assert len(set(seen)) == len(seen) == 30


@pytest.mark.plan("S-53")
@pytest.mark.parametrize("token", ["a", "187d2xxxxxxc50119e", "x" * 500])
def test_a_foreign_token_is_expired(session, leads, token):
    """A token of another list, or an invented one, is told apart from a mistake in the values."""
    with pytest.raises(ConnectorError) as caught:
        session.run("crmGetRecords", {**WANTED, "page_token": token})

    assert caught.value.kind == "cursor_expired"


def page(records: Any, **info: Any) -> dict[str, Any]:
    """Plant one page of leads that the vendor never made."""
    body = {"data": records, "info": {"more_records": True, "page": 1, **info}}
    return {"fault": "body", "status": 200, "path": "/crm/v8/Leads", "method": "GET", "body": body}


LIARS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "the same token again": ([page([{"id": "1"}], next_page_token="t"), page([{"id": "2"}], next_page_token="t")], "contract"),
    "the same token for ever": ([page([{"id": "1"}], next_page_token="t") | {"count": None}], "contract"),
    "two tokens in turn": ([page([{"id": "1"}], next_page_token=one) for one in "abababab"], "contract"),
    "the same page for ever": ([page([{"id": "1"}]) | {"count": None}], "limit"),
    "empty pages for ever": ([page([]) | {"count": None}], "limit"),
    "more, and no list": ([page([{"id": "1"}]), page(None)], "contract"),
    "more, and a map": ([page([{"id": "1"}]), page({"id": "2"})], "contract"),
    "more, and no body": ([page([{"id": "1"}]), page([]) | {"body": ""}], "contract"),
    "more, and a web page": ([page([{"id": "1"}]), page([]) | {"fault": "html", "status": 200}], "contract"),
    "more, and a text for a page": ([page([{"id": "1"}]), page("many")], "contract"),
}  # fmt: skip


@pytest.mark.plan("S-53")
@pytest.mark.plan("S-54")
@pytest.mark.parametrize("liar", LIARS)
def test_a_listing_that_lies_is_bounded_and_never_a_success(sandbox, session, leads, liar):
    """Going in circles, never ending, promising what is not there: each ends in an error that says so."""
    planted, kind = LIARS[liar]
    sandbox.faults(*planted)

    with pytest.raises(ConnectorError) as caught:
        session.run("crmGetRecords", WANTED)

    assert caught.value.kind == kind
    assert pages_asked(sandbox) <= 500


@pytest.mark.plan("S-53")
def test_a_listing_that_denies_having_more_is_believed(sandbox, session, leads):
    """Only the vendor can know whether there is more; what it says is handed on beside the records."""
    sandbox.faults(page([{"id": "1"}], more_records=False))

    result = session.run("crmGetRecords", WANTED)

    assert result.data["info"]["more_records"] is False
    assert result.data["info"]["count"] == 1

"""An error is never data: not as a record, not as a page without records, not as a raw reply."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectorError
from connector_runtime.conversation.replies.results import Result
from connector_runtime.session.pickers import OFFERED_MAX, options_of
from journeys.test_misleading import session_of

if TYPE_CHECKING:
    from connector_runtime import Component

REPLIES = Path(__file__).resolve().parents[2] / "docs" / "reference" / "replies.md"
ITEM = {"code": "INVALID_DATA", "details": {"id": "7"}, "message": "invalid data", "status": "error"}
CRM_READS: dict[str, dict[str, Any]] = {
    "crmGetRecords": {"recordType": "Leads", "fields": ["Last_Name"]},
    "crmGetRecord": {"recordType": "Leads", "recordId": "5"},
    "crmRunQuery": {"query": "select Last_Name from Leads where id is not null"},
}
BOOKS_READS: dict[str, dict[str, Any]] = {
    "booksGetRecords": {"recordType": "contacts"},
    "booksGetRecord": {"recordType": "contacts", "recordId": "5"},
}
KINDS = {300: "contract", 304: "contract", 400: "validation", 403: "permission", 404: "not_found", 500: "server", 503: "server"}  # fmt: skip


def refusal(zoho: Component, action: str, inputs: dict[str, Any], *replies: dict[str, Any]) -> ConnectorError:
    session, _ = session_of(zoho, *replies)
    with pytest.raises(ConnectorError) as caught:
        session.run(action, inputs)
    return caught.value


def given(zoho: Component, action: str, inputs: dict[str, Any], *replies: dict[str, Any]) -> Result:
    return session_of(zoho, *replies)[0].run(action, inputs)


@pytest.mark.plan("S-161")
@pytest.mark.parametrize("status", KINDS)
@pytest.mark.parametrize("action", [*CRM_READS, *BOOKS_READS])
def test_a_list_with_a_bad_status_is_no_listing(zoho: Component, action: str, status: int) -> None:
    """From 300 on the status is the vendor's no, whatever list stands beside it."""
    body = {"data": []} if action in CRM_READS else {"code": 0, "contacts": [], "contact": {}}

    problem = refusal(zoho, action, {**CRM_READS, **BOOKS_READS}[action], {"status": status, "json": body})

    assert (problem.kind, problem.status) == (KINDS[status], status)


@pytest.mark.plan("S-161")
@pytest.mark.parametrize("status", [200, 202, 207, 400, 403])
@pytest.mark.parametrize("action", CRM_READS)
def test_an_item_that_says_error_is_the_error(zoho: Component, action: str, status: int) -> None:
    """It never comes out as a record, not even beside good ones; its own code names the failure."""
    body = {"data": [{"id": "1", "Last_Name": "Boyle"}, ITEM]}

    problem = refusal(zoho, action, CRM_READS[action], {"status": status, "json": body})

    assert (problem.kind, problem.code, problem.details) == ("validation", "INVALID_DATA", {"id": "7"})


@pytest.mark.plan("S-161")
@pytest.mark.parametrize("action", CRM_READS)
def test_a_record_may_have_a_field_that_is_called_status(zoho: Component, action: str) -> None:
    """A module's own field is no word of the vendor's."""
    body = {"data": [{"id": "1", "status": "error", "code": "E7"}]}

    assert given(zoho, action, CRM_READS[action], {"json": body}).data["data"] == body["data"]


@pytest.mark.plan("S-161")
@pytest.mark.parametrize(
    "contacts",
    [
        [{"contact_id": "1"}, {"status": "error", "code": 57, "message": "no"}],
        [{"code": 57}, {"contact_id": "1"}],
        [{"contact_id": "1", "code": "own"}, {"code": 57}],
        {"code": 57, "message": "no"},
    ],
)
def test_an_error_among_records_of_the_other_product_is_the_error(zoho: Component, contacts: Any) -> None:
    """A map with a code and without the id of its type is no record, wherever it stands."""
    problem = refusal(
        zoho, "booksGetRecords", BOOKS_READS["booksGetRecords"], {"json": {"code": 0, "contacts": contacts}}
    )

    assert (problem.kind, problem.code) == ("permission", 57)


@pytest.mark.plan("S-161")
def test_an_error_in_the_place_of_one_record_is_the_error(zoho: Component) -> None:
    """What stands where the record should be is judged as what stands in a list is."""
    reply = {"json": {"code": 0, "contact": {"code": 57, "message": "no"}}}

    assert refusal(zoho, "booksGetRecord", BOOKS_READS["booksGetRecord"], reply).kind == "permission"


@pytest.mark.plan("S-161")
@pytest.mark.parametrize("record", [{}, {"contact_id": "1"}])
def test_one_record_is_no_list_of_records(zoho: Component, record: Any) -> None:
    """Only where there is one record in all may it stand without a list."""
    reply = {"json": {"code": 0, "contacts": record}}

    assert refusal(zoho, "booksGetRecords", BOOKS_READS["booksGetRecords"], reply).kind == "contract"


@pytest.mark.plan("S-161")
@pytest.mark.parametrize("action", CRM_READS)
def test_a_record_whose_status_is_error_hides_no_error(zoho: Component, action: str) -> None:
    """The first item that says error may be a record; those after it are looked at, too."""
    body = {"data": [{"id": "1", "status": "error"}, ITEM]}

    assert refusal(zoho, action, CRM_READS[action], {"json": body}).kind == "validation"


@pytest.mark.plan("S-161")
@pytest.mark.parametrize("action", CRM_READS)
@pytest.mark.parametrize("data", [["a"], [None], [{"id": "1"}, None], {"id": "1"}])
def test_a_list_of_other_things_is_no_list_of_records(zoho: Component, action: str, data: Any) -> None:
    """Records are maps, all of them."""
    assert refusal(zoho, action, CRM_READS[action], {"json": {"data": data}}).kind == "contract"


@pytest.mark.plan("S-161")
def test_a_row_of_sums_is_a_record(zoho: Component) -> None:
    """A query that counts by status gives rows without id; an error has a code as well."""
    body = {"data": [{"status": "error", "COUNT(id)": 3}, {"status": "open", "COUNT(id)": 4}]}
    query = CRM_READS["crmRunQuery"]

    assert given(zoho, "crmRunQuery", query, {"json": body}).data["data"] == body["data"]
    errors = {"data": [*body["data"], {"code": "NO_PERMISSION", "message": "no", "details": {}}]}
    assert refusal(zoho, "crmRunQuery", query, {"json": errors}).kind == "permission"


@pytest.mark.plan("S-161")
def test_a_picker_offers_no_error(zoho: Component) -> None:
    """What cannot be chosen is not offered, and a list that is missing is not an empty one."""
    for reply in ({"json": {"data": [ITEM]}}, {"json": {"data": [{"id": "1"}, None]}}, {"status": 500, "json": {"data": []}}):
        session, _ = session_of(zoho, reply)
        with pytest.raises(ConnectorError):
            session.choices("crmGetRecord", "recordId", {"recordType": "Leads"})
    source = zoho.model.datasources["selectBooksOrganization"]
    session, _ = session_of(zoho, {"json": {"code": 0, "organizations": [{"code": 57}]}})
    with pytest.raises(ConnectorError, match="may not"):
        session.run_action(source.action, {})
    session, _ = session_of(zoho, {"json": {"code": 0}})
    with pytest.raises(ConnectorError) as caught:
        options_of(source, session.run_action(source.action, {}))
    assert caught.value.message == "The reply has nothing where the choices should be."


@pytest.mark.plan("S-225")
def test_a_picker_offers_no_more_than_anybody_looks_at(zoho: Component) -> None:
    """Making a choice of each record takes its time, and millions fit into a small reply."""
    source = zoho.model.datasources["selectBooksOrganization"]
    records = [{"organization_id": "1", "name": "n"}] * (OFFERED_MAX + 1)

    assert len(options_of(source, Result(records[1:]))) == OFFERED_MAX
    with pytest.raises(ConnectorError) as caught:
        options_of(source, Result(records))
    assert caught.value.kind == "limit"


FAILED = {"code": "INVALID_DATA", "details": {}, "message": "invalid data", "status": "error"}
DONE = {"code": "SUCCESS", "details": {"id": "1"}, "message": "record added", "status": "success"}
ENVELOPE = {"code": "INVALID_DATA", "details": {}, "message": "invalid data", "status": "error"}
# What says that it is JSON and is none: a name twice, broken off, a page.
NO_JSON = {
    "a name twice": '{"code" : 57, "message": "no", "code": 0}',
    "a reply that breaks off": '{"code": 57, "me',
    "a page that calls itself JSON": "<html>",
}
AS_JSON = {"Content-Type": "application/json"}
POST = {"method": "POST", "url": "/Leads", "data": {"data": []}}
GET = {"method": "GET", "url": "/Leads"}
RAW: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "some of the records failed": ("crm", POST, {"status": 207, "json": {"data": [DONE, FAILED]}}, "partial"),
    "the same, accepted": ("crm", POST, {"status": 202, "json": {"data": [DONE, FAILED]}}, "partial"),
    "some of the users failed": ("crm", POST, {"status": 207, "json": {"users": [DONE, FAILED]}}, "partial"),
    "all of the records failed": ("crm", POST, {"status": 202, "json": {"data": [FAILED, FAILED]}}, "validation"),
    "all, with a bad status": ("crm", POST, {"status": 400, "json": {"data": [FAILED]}}, "validation"),
    "a no in a good reply": ("crm", POST, {"status": 200, "json": ENVELOPE}, "validation"),
    "a no, as text": ("crm", {**POST, "responseType": "text"}, {"json": ENVELOPE}, "validation"),
    "behind another key": ("crm", POST, {"status": 202, "json": {"info": {}, "data": [FAILED]}}, "validation"),
    "some, behind another key": ("crm", POST, {"json": {"info": {}, "data": [DONE, FAILED]}}, "partial"),
    "one, as a map": ("crm", POST, {"json": {"data": FAILED}}, "validation"),
    "a bare list": ("crm", POST, {"json": [FAILED]}, "validation"),
    "a bare list without a code": ("crm", POST, {"json": [{"status": "error"}]}, "validation"),
    "with the id of the record": ("crm", POST, {"json": {"data": [{**FAILED, "id": "5"}]}}, "validation"),
    "records": ("crm", GET, {"json": {"data": [{"id": "1", "status": "error"}]}}, "done"),
    "a list of texts": ("crm", GET, {"json": {"names": ["a", "error"]}}, "done"),
    "a map": ("crm", GET, {"json": {"org": {"status": "error"}}}, "done"),
    "no JSON": ("crm", {**GET, "responseType": "text"}, {"text": "a,b"}, "done"),
    "a file that is JSON": (
        "crm", {**GET, "responseType": "binary"},
        {"json": ENVELOPE, "headers": {"Content-Disposition": "attachment"}}, "done",
    ),
    "records, with a bad status": ("crm", GET, {"status": 500, "json": {"data": [{"id": "1"}]}}, "server"),
    "a code in a good reply": ("books", POST, {"json": {"code": 57, "message": "no"}}, "permission"),
    "a code, as text": ("books", {**POST, "responseType": "text"}, {"json": {"code": 57, "message": "no"}}, "permission"),
    "a code twice": ("books", POST, {"text": '{"code" : 57, "message": "no", "code":0}'}, "contract"),
    **{
        f"{what}, as {form}, of {product}": (
            product, {**POST, "responseType": form}, {"text": text, "headers": AS_JSON}, "contract"
        )
        for what, text in NO_JSON.items() for form in ("text", "binary") for product in ("books", "crm")
    },
    "read text that is no JSON": (
        "books", {**GET, "responseType": "text"}, {"text": "a", "headers": AS_JSON}, "done",
    ),
    "code 0": ("books", POST, {"json": {"code": 0, "item": {}}}, "done"),
    "no code": ("books", GET, {"json": {"name": "x"}}, "done"),
    "not modified": ("crm", {**GET, "headers": {"If-Modified-Since": "x"}}, {"status": 304}, "not_modified"),
    "not modified, in the other": ("books", GET, {"status": 304}, "not_modified"),
    "a write that is not modified": ("crm", POST, {"status": 304}, "contract"),
}  # fmt: skip


@pytest.mark.plan("S-164")
@pytest.mark.parametrize("what", RAW)
def test_a_raw_request_is_done_only_where_the_vendor_says_so(zoho: Component, what: str) -> None:
    """Of many records each is judged; a code of an error is one with any status; 304 is neither."""
    product, inputs, reply, comes_to = RAW[what]
    try:
        result = given(zoho, f"{product}RawRequest", inputs, reply)
        told = result.outcome
        assert [entry["code"] for entry in result.failed] == (["INVALID_DATA"] if told == "partial" else [])
        assert told != "not_modified" or (result.data, result.status) == (None, 304)
    except ConnectorError as problem:
        told = problem.kind

    assert told == comes_to


@pytest.mark.plan("S-164")
@pytest.mark.parametrize(
    "reply", [{"error": "timeout"}, {"error": "disconnect"}, {"status": 502}, {"text": "<html>"}]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"])
def test_only_a_raw_request_that_writes_may_have_changed_something(
    zoho: Component, method: str, reply: dict[str, Any]
) -> None:
    """A GET that fails never says that a change may have been made; a POST always does."""
    allowed = next(entry for entry in zoho.actions["crmRawRequest"].inputs if entry.key == "method").choices
    if method not in {choice.value for choice in allowed}:
        pytest.skip("not offered")

    problem = refusal(zoho, "crmRawRequest", {"method": method, "url": "/Leads"}, reply)

    assert ("may have been made" in str(problem)) is (method not in {"GET", "HEAD", "OPTIONS"})


BOOKS_PAGE = {"json": {"code": 0, "contacts": [{"contact_id": "1"}], "page_context": {"has_more_page": True}}}
CRM_PAGE = {"json": {"data": [{"id": "1"}], "info": {"more_records": True}}}
CRM_TOKEN = {"json": {"data": [{"id": "1"}], "info": {"more_records": True, "next_page_token": "t-7"}}}
ON: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "by number": ("booksGetRecords", BOOKS_PAGE, {"page": 2}, "page=2"),
    "by number, in the other": ("crmGetRecords", CRM_PAGE, {"page": 2}, "page=2"),
    "by token": ("crmGetRecords", CRM_TOKEN, {"page_token": "t-7"}, "page_token=t-7"),
}


@pytest.mark.plan("S-162")
@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 429}, {"json": {"code": 44}}, {"json": {"code": 45}}, {"error": "connect"},
     {"json": {"code": 0, "contacts": None, "data": None}}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("how", ON)
def test_a_listing_goes_on_with_inputs_of_its_action(
    zoho: Component, how: str, fault: dict[str, Any]
) -> None:
    """The error names the inputs that go on, and with them the request for the missing page goes out."""
    action, first, more, words = ON[how]
    inputs = {**CRM_READS, **BOOKS_READS}[action]
    session, script = session_of(zoho, first, fault)
    with pytest.raises(ConnectorError) as caught:
        session.run(action, {**inputs, "fetchAll": True})

    assert len(caught.value.items) == 1
    assert words in str(caught.value.hint)
    session, again = session_of(zoho, first)
    session.run(action, {**inputs, **more})
    assert again.sent[0].url == script.sent[1].url


@pytest.mark.plan("S-220")
def test_a_program_goes_on_as_the_page_says(zoho: Component) -> None:
    """The lines of the page lose no record and double none, by page number and by token."""
    lines = re.search(r"```python\n(.*?)```", REPLIES.read_text("utf-8"), re.DOTALL)
    pages = [
        {"json": {"data": [{"id": "1"}], "info": {"more_records": True}}}, {"status": 500},
        {"json": {"data": [{"id": "2"}], "info": {"more_records": True, "next_page_token": "t" * 300}}}, {"status": 503},
        {"json": {"data": [{"id": "3"}], "info": {"more_records": False}}},
    ]  # fmt: skip
    session, script = session_of(zoho, *pages)
    names: dict[str, Any] = {"session": session, "ConnectorError": ConnectorError}

    assert lines is not None
    exec(lines[1], names)

    assert [record["id"] for record in names["records"]] == ["1", "2", "3"]
    assert len(script.sent) == 5


def test_a_number_of_a_reply_computes_and_keeps_its_value(zoho: Component) -> None:
    """A fraction is a float where one has its value; the JSON shape takes it, and the text loses no digit."""
    text = '{"data": [{"id": "1", "a": 35.00, "b": 8.25, "c": 0.1000000000000000055, "d": 7}], "info": {"more_records": false}}'
    result = given(zoho, "crmGetRecord", CRM_READS["crmGetRecord"], {"text": text})

    record = result.data["data"][0]
    assert [type(record[key]).__name__ for key in "abcd"] == ["float", "float", "Decimal", "int"]
    assert record["a"] + record["b"] == 43.25
    assert json.loads(json.dumps(result.to_dict()))["data"]["data"][0]["c"] == "0.1000000000000000055"
    assert '"c":0.1000000000000000055' in result.to_json()


def test_every_listing_with_a_cap_can_be_gone_on_with(zoho: Component) -> None:
    """Where an action can read all pages, what it says to go on with leads back to the same page."""
    for action in zoho.actions.values():
        paging = action.program.unit.paging
        if paging is None:
            continue
        for cursor in ({"number": 7}, {"token": "t"}):
            given = paging.inputs({"page": cursor})
            inputs = {"page": 1, **given}
            if given:
                assert paging.start({"inputs": inputs}) == cursor

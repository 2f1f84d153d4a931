"""Records written while the line keeps breaking: none lost, none there twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from connector_runtime import ConnectorError, OutcomeUnknown
from connector_runtime.base.values import SystemClock

# Nearly a third of the requests break: half of those after the work was done, half before it.
BROKEN_SHARE = 0.18
REPEATS = {"maxRetries": 20, "retryDelayMS": 1}
WAYS = {
    "crm": ("crmUpsertRecord", "/crm/v8/Leads/upsert", "POST"),
    "books": ("booksUpsertRecord", "/books/v3/contacts", "PUT"),
}


def crm_inputs(number: int) -> dict[str, Any]:
    """Return a lead that is known by its address."""
    fields = {"Last_Name": f"Lead {number}", "Email": f"lead{number}@example.com"}
    return {"recordType": "Leads", "fieldValues": fields, **REPEATS}


def books_inputs(number: int) -> dict[str, Any]:
    """Return a customer that is known by another system's id."""
    unique = {"uniqueFieldKey": "cf_external_id", "uniqueFieldValue": f"EXT-{number}"}
    fields = {"contact_name": f"Customer {number}"}
    return {"recordType": "contacts", **unique, "fieldValues": fields, **REPEATS}


def break_lines(sandbox: Any, path: str, method: str) -> None:
    """Let requests break before or after the work, now and then."""
    common = {"fault": "drop", "path": path, "method": method, "count": None, "probability": BROKEN_SHARE}
    sandbox.faults({**common, "commit": True}, {**common, "commit": False, "reset": True})


def created(sandbox: Any, path: str) -> Counter[str]:
    """Count the records that requests to an address have made, by id."""
    return Counter(
        effect["id"]
        for entry in sandbox.ledger()
        if entry["path"] == path
        for effect in entry["effects"]
        if effect["effect"] in ("create", "upsert-insert", "upsert-create")
    )


@pytest.mark.plan("S-41")
@pytest.mark.parametrize("product", WAYS)
@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_record_with_identity_is_there_exactly_once(sandbox, session, score, product, count):
    """However often the line breaks before or after the commit, an upsert ends with one record."""
    action, path, method = WAYS[product]
    inputs = crm_inputs if product == "crm" else books_inputs
    break_lines(sandbox, path, method)

    results = [session.run(action, inputs(number)) for number in range(count)]

    requests = [entry for entry in sandbox.ledger() if entry["path"] == path]
    broken = [entry for entry in requests if entry["fault"] == "drop"]
    made = created(sandbox, path)
    assert len(broken) > 0.3 * count
    assert len(requests) == sum(len(result.attempts) for result in results)
    assert set(made.values()) == {1}
    assert len(made) == count
    assert {str(result.data["id"]) for result in results} == set(made)
    score("creates", count)
    score("creates_lost", count - len(made))
    score("creates_doubled", made.total() - len(made))


@pytest.mark.plan("S-42")
@pytest.mark.parametrize(
    ("fault", "commits"),
    [
        ("drop", True), ("drop", False), ("status", True), ("status", False), ("html", True), ("html", False),
        ("wrong_json", True), ("wrong_json", False), ("truncate", True),
    ],
)  # fmt: skip
def test_a_create_that_may_have_happened_is_not_sent_again(sandbox, session, score, fault, commits):
    """Twenty repeats were allowed, and yet an unknown outcome ends the call with what to look up."""
    how = {"status": 502} if fault in ("status", "html") else {}
    sandbox.faults(fault=fault, path="/books/v3/items", method="POST", commit=commits, count=None, **how)

    for number in range(20):
        fields = {"name": f"Item {number}", "rate": 1}
        with pytest.raises(OutcomeUnknown) as caught:
            session.run("booksCreateRecord", {"recordType": "items", "fieldValues": fields, **REPEATS})
        assert str(caught.value.hint).startswith(f"Look for name=Item {number}, made at about ")
        assert len(caught.value.attempts) == 1

    sent = [entry for entry in sandbox.ledger() if entry["path"] == "/books/v3/items"]
    assert len(sent) == 20
    assert created(sandbox, "/books/v3/items").total() == (20 if commits else 0)
    score("unsafe_repeats", len(sent) - 20)


@pytest.mark.plan("S-43")
@pytest.mark.parametrize("commits", [True, False], ids=["after the commit", "before the commit"])
def test_a_create_that_can_be_looked_up_is_looked_up_and_not_repeated(sandbox, open_session, commits):
    """Found means done; not found proves nothing, because an index may lag behind."""
    session = open_session(clock=SystemClock())
    sandbox.clock.freeze()
    sandbox.faults(fault="drop", path="/books/v3/contacts", method="POST", commit=commits, count=None)
    inputs = {"recordType": "contacts", "fieldValues": {"contact_name": "Fern and Moss"}, **REPEATS}

    if commits:
        result = session.run("booksCreateRecord", inputs)
        assert (result.outcome, result.data["contact"]["contact_name"]) == ("found", "Fern and Moss")
    else:
        with pytest.raises(OutcomeUnknown) as caught:
            session.run("booksCreateRecord", inputs)
        assert caught.value.identity == "contact_name=Fern and Moss"

    methods = [entry["method"] for entry in sandbox.ledger() if entry["product"] == "books"]
    assert methods == (["POST", "GET", "GET"] if commits else ["POST", "GET"])


@pytest.mark.plan("S-152")
@pytest.mark.parametrize("commits", [True, False], ids=["after the commit", "before the commit"])
def test_an_old_record_of_the_same_name_is_never_taken_for_ours(sandbox, open_session, commits):
    """A vendor Acme whose create was lost is not the customer Acme of last year."""
    session = open_session(clock=SystemClock())
    customer = {"contact_name": "Acme", "contact_type": "customer"}
    session.run("booksCreateRecord", {"recordType": "contacts", "fieldValues": customer})
    sandbox.clock.advance(2)
    sandbox.faults(fault="drop", path="/books/v3/contacts", method="POST", commit=commits, count=None)
    fields = {"contact_name": "Acme", "contact_type": "vendor"}

    with pytest.raises(OutcomeUnknown) as caught:
        session.run("booksCreateRecord", {"recordType": "contacts", "fieldValues": fields})

    assert caught.value.identity == "contact_name=Acme"


@pytest.mark.plan("S-150")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/crm/v8/Leads", {"code": "INTERNAL_ERROR", "message": "Internal Server Error", "status": "error"}),
        ("/crm/v8/Leads", {"code": "REQUEST_TIMEOUT", "message": "timed out", "status": "error"}),
        ("/crm/v8/Leads", {"code": "DEPENDENT_SERVICE_ERROR", "message": "try later", "status": "error"}),
        ("/books/v3/items", {"code": 1000, "message": "Internal error"}),
    ],
    ids=lambda value: str(value.get("code")) if isinstance(value, dict) else "",
)
def test_an_error_of_zohos_own_never_makes_a_second_record(sandbox, session, path, body):
    """Four leads were made by one create that was answered with 400 after its commit; now it is one."""
    sandbox.faults(fault="body", path=path, method="POST", commit=True, count=None, status=400, body=body)
    lead = {"recordType": "Leads", "fieldValues": {"Last_Name": "Boyle"}, "maxRetries": 3, "retryAllErrors": True}
    item = {"recordType": "items", "fieldValues": {"name": "Lamp", "rate": 1}, "maxRetries": 3}

    with pytest.raises(OutcomeUnknown):
        session.run(*(("crmCreateRecord", lead) if "crm" in path else ("booksCreateRecord", item)))

    assert created(sandbox, path).total() == 1


@pytest.mark.plan("S-153")
@pytest.mark.parametrize("action", ["crmUpdateRecord", "crmUpsertRecord", "crmUpsertRecords"])
def test_new_rows_of_a_subform_are_added_once(sandbox, session, action):
    """A quote whose changed line was written, and the answer lost, has that line once, not twice."""
    product = session.run("crmCreateRecord", {"recordType": "Products", "fieldValues": {"Product_Name": "Lamp"}})
    line = {"Product_Name": {"id": product.data["data"][0]["details"]["id"]}, "Quantity": 1, "List_Price": 5}
    fields = {"Subject": "Lamps", "Quoted_Items": [line]}
    made = session.run("crmCreateRecord", {"recordType": "Quotes", "fieldValues": fields})
    number = made.data["data"][0]["details"]["id"]
    sandbox.faults(fault="drop", path="/crm/v8/Quotes*", commit=True)
    wanted = {
        "crmUpdateRecord": {"recordId": number, "fieldValues": {"Quoted_Items": [line]}},
        "crmUpsertRecord": {"fieldValues": fields},
        "crmUpsertRecords": {"records": [fields]},
    }[action]

    with pytest.raises(OutcomeUnknown) as caught:
        session.run(action, {"recordType": "Quotes", **wanted, **REPEATS})

    quote = session.run("crmGetRecord", {"recordType": "Quotes", "recordId": number})
    assert len(quote.data["data"][0]["Quoted_Items"]) == 2
    assert "added again" in str(caught.value.hint)


@pytest.mark.plan("S-43")
@pytest.mark.parametrize(
    "trouble",
    [
        {"fault": "drop"},
        {"fault": "html", "status": 200},
        {"fault": "status", "status": 503},
        {"fault": "throttle"},
        {"fault": "body", "body": {"code": 0, "message": "success"}},
        {"fault": "body", "body": {"code": 0, "contacts": []}},
        {"fault": "expire_token"},
    ],
    ids=lambda trouble: f"{trouble['fault']} {trouble.get('status', trouble.get('body', ''))}",
)
def test_a_look_up_that_fails_leaves_the_outcome_unknown(sandbox, session, trouble):
    """The trouble of the look-up is not the caller's question: did the create happen?"""
    sandbox.faults(
        {"fault": "drop", "path": "/books/v3/contacts", "method": "POST", "commit": True, "count": None},
        {"path": "/books/v3/contacts", "method": "GET", "count": None, **trouble},
    )
    inputs = {"recordType": "contacts", "fieldValues": {"contact_name": "Fern and Moss"}, **REPEATS}

    with pytest.raises(ConnectorError) as caught:
        session.run("booksCreateRecord", inputs)

    assert caught.value.kind == "outcome_unknown"
    assert sum(entry["method"] == "POST" for entry in sandbox.ledger() if entry["product"] == "books") == 1

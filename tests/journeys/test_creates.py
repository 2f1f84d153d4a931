"""Records written while the line keeps breaking: none lost, none there twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from connector_runtime import ConnectorError, OutcomeUnknown

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
        assert "Look the record up" in str(caught.value.hint)
        assert len(caught.value.attempts) == 1

    sent = [entry for entry in sandbox.ledger() if entry["path"] == "/books/v3/items"]
    assert len(sent) == 20
    assert created(sandbox, "/books/v3/items").total() == (20 if commits else 0)
    score("unsafe_repeats", len(sent) - 20)


@pytest.mark.plan("S-43")
@pytest.mark.parametrize("commits", [True, False], ids=["after the commit", "before the commit"])
def test_a_create_that_can_be_looked_up_is_looked_up_and_not_repeated(sandbox, session, commits):
    """Found means done; not found proves nothing, because an index may lag behind."""
    sandbox.faults(fault="drop", path="/books/v3/contacts", method="POST", commit=commits, count=None)
    inputs = {"recordType": "contacts", "fieldValues": {"contact_name": "Fern and Moss"}, **REPEATS}

    if commits:
        result = session.run("booksCreateRecord", inputs)
        assert (result.outcome, result.data["contact_name"]) == ("found", "Fern and Moss")
    else:
        with pytest.raises(OutcomeUnknown) as caught:
            session.run("booksCreateRecord", inputs)
        assert caught.value.identity == "contact_name=Fern and Moss"

    methods = [entry["method"] for entry in sandbox.ledger() if entry["product"] == "books"]
    assert methods == ["POST", "GET"]


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

"""Several requests in one action, on the sandbox: bulk reads, long lists, line items."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import OutcomeUnknown
from connector_runtime.base.messages import Failure
from connector_runtime.base.values import Certainty
from connector_runtime.conversation.io_steps import Send
from connector_runtime.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime import Session
    from zoho_sandbox import Sandbox


def rows(content: bytes) -> list[list[str]]:
    """Return the rows of the one file in a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return list(csv.reader(io.StringIO(archive.read(archive.namelist()[0]).decode())))


def leads(count: int) -> list[dict[str, str]]:
    """Return new leads, each with an address of its own."""
    return [
        {"Last_Name": f"Lead {n}", "Company": "Many", "Email": f"lead{n}@example.com"} for n in range(count)
    ]


def test_a_bulk_read_is_one_call(session: Session) -> None:
    """A job is started, looked at until it is done, and its file fetched."""
    result = session.run("crmBulkRead", {"recordType": "Contacts", "fields": ["Last_Name"]})

    found = rows(result.data)
    assert found[0] == ["Id", "Last_Name"]
    assert len(found) > 1
    assert [attempt.step for attempt in result.attempts] == ["start", *["state"] * 2, "fetch"]


@pytest.mark.parametrize("at", [2, 3, 4])
def test_a_bulk_read_that_breaks_off_is_taken_up(
    open_session: Callable[..., Session], sandbox: Sandbox, at: int
) -> None:
    """Whichever request is lost, a later session goes on with the same job."""
    inputs = {"recordType": "Contacts", "fields": ["Last_Name"]}
    with pytest.raises(ConnectorError) as caught:
        cut(open_session(), at).run("crmBulkRead", inputs)

    assert caught.value.done[:1] == ("start",)
    result = open_session().run("crmBulkRead", inputs, resume=caught.value.resume)

    assert rows(result.data)[0] == ["Id", "Last_Name"]
    assert len([one for one in made(sandbox) if one == "Bulk"]) == 1


def cut(session: Session, at: int) -> Session:
    """Return a session whose request of this number is lost."""
    ways, sent = session._driver._ways, [0]
    plain = ways[Send]

    def counted(step: Any, held: Any) -> Any:
        sent[0] += 1
        if sent[0] == at:
            return Failure(Certainty.UNKNOWN, "network", "the connection broke before the reply")
        return plain(step, held)

    ways[Send] = counted
    return session


def made(sandbox: Sandbox) -> list[str]:
    """Return the kinds of what was made, in order."""
    return [
        effect["kind"]
        for entry in sandbox.ledger()
        for effect in entry["effects"]
        if effect["effect"] == "create"
    ]


def test_five_thousand_leads_are_upserted_in_one_call(session: Session) -> None:
    """Fifty requests, a result for each record in the order given, and what fails at its place."""
    records = leads(5_000)
    records[4_321]["Number_1"] = "many"

    result = session.run("crmUpsertRecords", {"recordType": "Leads", "records": records})

    assert len(result.data) == 5_000
    assert (result.outcome, [entry["index"] for entry in result.failed]) == ("partial", [4_321])
    assert {one["outcome"] for one in result.data if "error" not in one} == {"created"}
    assert len(result.attempts) == 50


def test_a_long_upsert_that_breaks_off_is_taken_up(open_session: Callable[..., Session]) -> None:
    """What was done is handed out with the error, and the rest is done by the next call."""
    records = leads(350)
    inputs = {"recordType": "Leads", "records": records}
    with pytest.raises(ConnectorError) as caught:
        cut(open_session(), 3).run("crmUpsertRecords", inputs)

    rest = open_session().run("crmUpsertRecords", inputs, resume=caught.value.resume)

    assert (len(caught.value.items), len(rest.data)) == (200, 150)
    assert {entry["kind"] for entry in caught.value.failed[100:]} == {"not_sent"}


def invoice(session: Session) -> dict[str, Any]:
    """Return a new invoice with two lines."""
    contact = session.run(
        "booksCreateRecord", {"recordType": "contacts", "fieldValues": {"contact_name": "Bowman"}}
    )
    lines = [{"name": "Desk", "rate": 120, "quantity": 1}, {"name": "Lamp", "rate": 10, "quantity": 3}]
    values = {"customer_id": contact.data["contact"]["contact_id"], "line_items": lines}
    found: dict[str, Any] = session.run(
        "booksCreateRecord", {"recordType": "invoices", "fieldValues": values}
    ).data
    return found["invoice"]


def test_line_items_are_changed_one_by_one(session: Session) -> None:
    """The line that is named changes, a new one comes last, the other stays with its id."""
    old = invoice(session)
    changes = [
        {"line_item_id": old["line_items"][1]["line_item_id"], "quantity": 4},
        {"name": "Chair", "rate": 50, "quantity": 2},
    ]

    new = session.run(
        "booksChangeLineItems",
        {"recordType": "invoices", "recordId": old["invoice_id"], "lineItems": changes},
    ).data["invoice"]

    assert [(line["name"], line["quantity"]) for line in new["line_items"]] == [
        ("Desk", 1),
        ("Lamp", 4),
        ("Chair", 2),
    ]
    assert [line["line_item_id"] for line in new["line_items"][:2]] == [
        line["line_item_id"] for line in old["line_items"]
    ]


def test_a_new_line_whose_answer_is_lost_is_not_written_twice(open_session: Callable[..., Session]) -> None:
    """Such a change counts as a create: taken up, it stays unknown until somebody has looked."""
    session = open_session()
    old = invoice(session)
    inputs = {
        "recordType": "invoices",
        "recordId": old["invoice_id"],
        "lineItems": [{"name": "Chair", "rate": 50, "quantity": 2}],
    }
    with pytest.raises(OutcomeUnknown) as caught:
        cut(open_session(), 2).run("booksChangeLineItems", inputs)

    with pytest.raises(OutcomeUnknown) as again:
        open_session().run("booksChangeLineItems", inputs, resume=caught.value.resume)

    assert again.value.identity == f"invoice_id={old['invoice_id']}"

"""An unknown outcome says what to look up, whatever was to be created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.errors import ConnectorError
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock, connection_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime import Component

LOST = {"error": "disconnect"}
CREATES: list[tuple[str, dict[str, Any], str]] = [
    ("crmCreateRecord", {"recordType": "Leads", "fieldValues": {"Last_Name": "B", "Email": "b@example.com"}}, "Email=b@example.com"),
    ("crmCreateRecord", {"recordType": "Leads", "dynamicValues": {"Last_Name": "Boyle"}}, "Last_Name=Boyle"),
    ("crmCreateRecord", {"recordType": "Deals", "fieldValues": {"Deal_Name": "Roof"}}, "Deal_Name=Roof"),
    ("crmCreateRecord", {"recordType": "Tasks", "fieldValues": {"Subject": "Call"}}, "Subject=Call"),
    ("crmCreateRecord", {"recordType": "Machines", "fieldValues": {"Name": "Press"}}, "Name=Press"),
    ("crmAddAttachment", {"recordId": "1", "file": "x", "fileName": "a.txt"}, "file=a.txt"),
    ("crmAddAttachment", {"recordId": "1", "attachmentUrl": "https://www.example.com"}, "link=https://www.example.com"),
    ("booksCreateRecord", {"recordType": "contacts", "fieldValues": {"contact_name": "Acme"}}, "contact_name=Acme"),
    ("booksCreateRecord", {"recordType": "invoices", "fieldValues": {"reference_number": "R1"}}, "reference_number=R1"),
    ("booksCreateRecord", {"recordType": "invoices", "fieldValues": {"invoice_number": "I1"}}, "invoice_number=I1"),
    ("booksCreateRecord", {"recordType": "items", "fieldValues": {"name": "Lamp", "rate": 1}}, "name=Lamp"),
    ("booksCreateRecord", {"recordType": "settings/taxes", "fieldValues": {"tax_name": "VAT"}}, "tax_name=VAT"),
    (
        "booksCreateRecord",
        {"recordType": "contactpersons", "parentRecordType": "contacts", "parentRecordId": "4",
         "fieldValues": {"first_name": "Jo", "email": "jo@example.com"}},
        "email=jo@example.com",
    ),
    ("booksCreateRecord", {"recordType": "settings/currencies", "fieldValues": {"currency_code": "EUR"}}, "currency_code=EUR"),
    ("booksCreateRecord", {"recordType": "banktransactions", "fieldValues": {"amount": 5}}, "amount=5"),
    ("crmCreateRecord", {"recordType": "Contacts", "fieldValues": {"Mobile": "1"}}, "Mobile=1"),
    ("booksCreateRecord", {"recordType": "cm_debtor", "fieldValues": {"name": "N"}}, "name=N"),
]  # fmt: skip


def failed(zoho: Component, action: str, inputs: Mapping[str, Any], *replies: Mapping[str, Any]) -> ConnectorError:
    """Return the error of a call whose wire is a script."""
    model = zoho.model
    connection = connection_of(model, model.actions[action], {"connection": "zohoTemplatedConnection"})
    session = Session(model, connection, Options(clock=StillClock()), sender=ScriptedSender(Script(list(replies))))  # type: ignore[arg-type]
    with pytest.raises(ConnectorError) as caught:
        session.run(action, inputs)
    return caught.value


@pytest.mark.plan("S-157")
@pytest.mark.parametrize(("action", "inputs", "identity"), CREATES)
def test_an_unknown_create_names_what_to_look_up(
    zoho: Component, action: str, inputs: dict[str, Any], identity: str
) -> None:
    """The error, and its hint, name the field by which a person finds the record, and when it was sent."""
    problem = failed(zoho, action, inputs, LOST)

    assert (problem.kind, problem.identity) == ("outcome_unknown", identity)
    assert str(problem.hint).startswith(f"Look for {identity}, made at about 2025-06-15 15:06:40 UTC")


@pytest.mark.plan("S-157")
def test_every_record_of_a_call_has_its_own_identity(zoho: Component) -> None:
    """Twelve records have twelve entries, none of them cut, and one that has none says so."""
    records = [{"Last_Name": f"L{number}", "Email": f"l{number}@example.com"} for number in range(12)]
    del records[5]["Email"]

    problem = failed(zoho, "crmUpsertRecords", {"recordType": "Leads", "records": records}, LOST)

    expected = [None if number == 5 else f"Email=l{number}@example.com" for number in range(12)]
    assert (problem.kind, problem.identity) == ("outcome_unknown", expected)
    assert problem.to_dict()["identity"] == expected
    assert "Email=l2@example.com … and 1 without a key)" in str(problem.hint)

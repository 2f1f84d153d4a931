"""What people entrust to records stays in records: logs and telemetry have sizes and ids."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime import Session

PERSON = {
    "Last_Name": "Quillfeather",
    "Email": "perpetua@example.com",
    "Phone": "+15550104477",
    "City": "Nether Wallop",
}
CONTACT = {"contact_name": "Ignatius Thistlewood", "notes": "Allergic to marzipan"}
PLANTED = [*PERSON.values(), *CONTACT.values(), "Quillfeather", "perpetua", "Thistlewood", "marzipan"]


def everyday(sandbox: Any, session: Session, **more: Any) -> None:
    """Do what is done all day: write, read, search, repeat, fail, look up."""
    sandbox.faults(
        {"fault": "drop", "path": "/crm/v8/Leads/upsert", "commit": True},
        {"fault": "drop", "path": "/books/v3/contacts", "method": "POST", "commit": True},
    )
    lead = {"recordType": "Leads", "fieldValues": PERSON, **more}
    made = session.run("crmCreateRecord", lead).data["data"][0]["details"]["id"]
    session.run("crmUpsertRecord", {**lead, "maxRetries": 2, "retryDelayMS": 1})
    session.run("crmGetRecord", {"recordType": "Leads", "recordId": made, **more})
    session.run(
        "crmGetRecords", {"recordType": "Leads", "fields": ["Last_Name", "Email"], "fetchAll": True, **more}
    )
    contact = {"recordType": "contacts", "fieldValues": CONTACT, **more}
    session.run("booksCreateRecord", contact)
    session.run(
        "booksGetRecords",
        {"recordType": "contacts", "searchFields": {"contact_name": CONTACT["contact_name"]}, **more},
    )
    for wrong in (
        contact,
        {**lead, "fieldValues": {**PERSON, "Email": "perpetua"}},
        {**lead, "recordType": "Quillfeather"},
    ):
        with pytest.raises(ConnectorError):
            session.run("crmCreateRecord" if wrong is not contact else "booksCreateRecord", wrong)


def told(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], events: list[Any]) -> str:
    """Return everything that was logged, counted or printed."""
    records = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    return " ".join([records, *map(repr, events), *capfd.readouterr()])


@pytest.mark.plan("S-114")
def test_nothing_of_a_record_is_logged_or_counted(
    sandbox: Any,
    open_session: Callable[..., Session],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """With every logger at its chattiest: successes, repeats, look-ups and failures name no name."""
    caplog.set_level(logging.DEBUG)
    events: list[Any] = []

    everyday(sandbox, open_session(on_event=events.append))

    written = told(caplog, capfd, events)
    assert len(events) > 12
    assert [one for one in PLANTED if one in written] == []


@pytest.mark.plan("S-114")
def test_whoever_debugs_sees_bodies_and_only_then(
    sandbox: Any,
    open_session: Callable[..., Session],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Debug Request shows what was sent and what came back, at the user's word."""
    caplog.set_level(logging.DEBUG)

    everyday(sandbox, open_session(), debugRequest=True)

    written = told(caplog, capfd, [])
    assert [one for one in PLANTED if one not in written] == []
    assert sandbox.connection()["token"]["access_token"] not in written

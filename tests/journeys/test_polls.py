"""Polls of a served Zoho: more changes than page numbers reach, deletions, days, and a life that goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connector_runtime.testing.cases import StillClock
from zoho_sandbox.products.books.seeding import seed_books
from zoho_sandbox.products.crm import planting
from zoho_sandbox.products.crm.model import times

LEADS = {"recordType": "Leads", "fields": ["Last_Name"]}


class SameTime(StillClock):
    """Our clock, where it goes with the vendor's."""

    def __init__(self, sandbox: Any) -> None:
        super().__init__()
        self._sandbox = sandbox

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return float(self._sandbox.clock.now())


def plant(sandbox: Any, numbers: range, name: str) -> None:
    """Make or change leads behind everybody's back, all within a second."""
    now = times.show(datetime.fromtimestamp(int(sandbox.clock.now()), UTC))
    records = [
        {
            "id": str(900_000 + number),
            "Last_Name": f"{name} {number}",
            "Created_Time": "2024-01-01T00:00:00+05:30",
            "Modified_Time": now,
        }
        for number in numbers
    ]
    planting.seed(sandbox, {"records": {"Leads": records}})


def poll_all(session: Any, trigger: str, inputs: Any, state: Any) -> tuple[list[dict[str, Any]], Any]:
    """Poll until there is nothing more."""
    events: list[dict[str, Any]] = []
    for _ in range(50):
        poll = session.poll(trigger, inputs, state)
        assert poll.error is None
        events, state = events + poll.events, poll.state
        if not poll.more:
            return events, state
    raise AssertionError("polling does not come to an end")


@pytest.mark.plan("S-260")
def test_more_changes_than_page_numbers_reach_are_told_with_deletions(sandbox, open_session) -> None:
    """2,600 changes of one second, deletions, and records that change while the poll goes on: none is missing."""
    session = open_session()
    _, state = poll_all(session, "crmRecordChanged", LEADS, None)
    sandbox.clock.advance(60)
    plant(sandbox, range(2_600), "Lead")
    for number in range(3):
        session.run("crmRemoveRecord", {"recordType": "Leads", "recordId": str(900_000 + number)})
    asked: list[Any] = []

    def meanwhile(event: Any) -> None:
        asked.extend([event] if event.kind == "attempt" else [])
        if event.kind == "attempt" and len(asked) == 1:
            sandbox.clock.advance(1)
            plant(sandbox, range(10, 20), "Changed")

    busy = open_session(on_event=meanwhile)
    events, state = poll_all(busy, "crmRecordChanged", LEADS, state)
    again, state = poll_all(session, "crmRecordChanged", LEADS, state)

    told = {(event["id"], event["change"]): event["data"] for event in events}
    assert len(told) == len(events) - 10
    assert {key for key, what in told if what == "deleted"} == {"900000", "900001", "900002"}
    names = {key: data["Last_Name"] for (key, what), data in told.items() if what != "deleted"}
    assert names == {
        str(900_000 + number): f"{'Changed' if number in range(10, 20) else 'Lead'} {number}"
        for number in range(3, 2_600)
    }
    # In a crowd like this, a few that stood beside the changed ones may be told again, and only once.
    assert all(event in events for event in again)
    assert len(again) < 300
    assert poll_all(session, "crmRecordChanged", LEADS, state)[0] == []


@pytest.mark.plan("S-260")
def test_books_that_know_page_numbers_only_are_polled(sandbox, open_session) -> None:
    """Two pages of contacts are told once; later only those that were made or changed, by the vendor's clock."""
    session = open_session()
    contacts = [{"contact_name": f"Contact {number}"} for number in range(230)]
    organization = sandbox.connection()["fields"]["organizationId"]
    seed_books(sandbox, {organization: {"records": {"contacts": contacts}}})
    wanted = {"recordType": "contacts", "organizationId": organization}
    events, state = poll_all(session, "booksRecordChanged", wanted, "from the beginning")
    sandbox.clock.advance(7200)
    values = {"fieldValues": {"contact_name": "Fern and Moss"}}
    made = session.run("booksCreateRecord", {**wanted, **values}).data["contact"]["contact_id"]
    later, state = poll_all(session, "booksRecordChanged", wanted, state)
    last, _ = poll_all(session, "booksRecordChanged", wanted, state)

    assert sum(event["data"]["contact_name"].startswith("Contact ") for event in events) == 230
    assert len({event["id"] for event in events}) == len(events)
    assert [(event["id"], event["change"]) for event in later] == [(made, "created")]
    assert last == []


def test_more_notes_than_page_numbers_reach_are_told(sandbox, open_session) -> None:
    """2,100 notes are told once, the last of them by page tokens; later only one that was changed."""
    session = open_session(clock=SameTime(sandbox))
    plant(sandbox, range(2), "Lead")
    parents = [{"module": {"api_name": "Leads"}, "id": str(900_000 + number)} for number in range(2)]
    notes = [{"Note_Title": f"Note {number}", "Parent_Id": parents[number % 2]} for number in range(2_100)]
    for start in range(0, len(notes), 100):
        write(session, "POST", "/Notes", notes[start : start + 100])
    sandbox.clock.advance(7200)
    events, state = poll_all(session, "crmNoteChanged", {}, "from the beginning")
    sandbox.clock.advance(60)
    write(session, "PUT", f"/Notes/{events[7]['id']}", [{"Note_Content": "Likes lamps."}])
    later, state = poll_all(session, "crmNoteChanged", {}, state)

    assert {event["data"]["Note_Title"] for event in events} == {note["Note_Title"] for note in notes}
    assert len({event["id"] for event in events}) == len(events)
    assert [(event["id"], event["change"]) for event in later] == [(events[7]["id"], "updated")]
    assert later[0]["data"]["Note_Content"] == "Likes lamps."
    assert poll_all(session, "crmNoteChanged", {}, state)[0] == []


def write(session: Any, method: str, path: str, records: list[dict[str, Any]]) -> None:
    """Write records by a raw request."""
    session.run("crmRawRequest", {"url": path, "method": method, "data": {"data": records}})

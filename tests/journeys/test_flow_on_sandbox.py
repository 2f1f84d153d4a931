"""A synchronisation as an integration runs it: fill, read on, break off, go on, and lose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import UnreadableReply
from connector_runtime.testing.cases import StillClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector_runtime import Session
    from zoho_sandbox import Sandbox

LEADS, CUSTOMERS, AT_ONCE = 2_300, 2_100, 100
# A minute's block ends after a minute; a little more keeps clear of its edge.
PATIENCE = {"maxRetries": 6, "retryDelayMS": 61_000}
READ_LEADS = {"recordType": "Leads", "fields": ["Last_Name", "Email"], "fetchAll": True, **PATIENCE}


class SharedClock(StillClock):
    """Waits cost no time; whoever waits finds the vendor's clock as far on as the own one."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._vendor = sandbox.clock

    def sleep(self, seconds: float) -> None:
        """Let time pass on both sides."""
        super().sleep(seconds)
        self._vendor.advance(seconds)


@pytest.fixture
def engineer(sandbox: Sandbox, open_session: Callable[..., Session]) -> Session:
    """A session whose waits move the sandbox's clock along."""
    return open_session(clock=SharedClock(sandbox))


def lead(number: int) -> dict[str, Any]:
    """Return a lead that its address tells from all others."""
    return {"Last_Name": f"Lead {number}", "Email": f"lead{number}@example.com"}


def fill(session: Session, numbers: Iterable[int]) -> list[str]:
    """Upsert leads by their address, a hundred a call; return how each call ended."""
    numbers = list(numbers)
    calls = [numbers[start : start + AT_ONCE] for start in range(0, len(numbers), AT_ONCE)]
    inputs = {"recordType": "Leads", "duplicateCheckFields": ["Email"], **PATIENCE}
    return [
        session.run("crmUpsertRecords", {**inputs, "records": [lead(n) for n in call]}).outcome
        for call in calls
    ]


def emails(records: Iterable[dict[str, Any]]) -> list[str]:
    """Return the addresses of records that the flow made."""
    found = [str(record["Email"]) for record in records]
    return [email for email in found if email.startswith("lead")]


def faulty(sandbox: Sandbox) -> set[str]:
    """Return the faults that were met."""
    return {entry["fault"] for entry in sandbox.ledger() if entry["fault"]}


def test_a_synchronisation_survives_a_bad_day(sandbox, engineer):
    """2,300 leads, made and read over both sides of the token limit, each there once in spite of everything."""
    made = {"path": "/crm/v8/Leads/upsert"}
    sandbox.faults(
        {**made, "fault": "drop", "commit": True, "skip": 2},
        {**made, "fault": "throttle", "skip": 3, "count": 2},
        {**made, "fault": "expire_token", "skip": 4},
        {**made, "fault": "html", "status": 502, "skip": 6},
    )
    assert set(fill(engineer, range(LEADS))) == {"done"}
    read = {"path": "/crm/v8/Leads", "method": "GET"}
    sandbox.faults(
        {**read, "fault": "drop", "skip": 1},
        {**read, "fault": "throttle", "skip": 3},
        {**read, "fault": "truncate", "keep_bytes": 100, "skip": 9},
    )

    found: list[str] = []
    for number, page in enumerate(engineer.pages("crmGetRecords", READ_LEADS), 1):
        found += emails(page)
        if number in (4, 11):  # by number and by token
            sandbox.clock.advance(2 * 3600)

    expected = {lead(number)["Email"] for number in range(LEADS)}
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert faulty(sandbox) == {"drop", "throttle", "expire_token", "html", "truncate"}
    assert sum(entry["path"] == "/oauth/v2/token" for entry in sandbox.ledger()) >= 3


def test_a_listing_that_broke_off_is_resumed_by_its_token(sandbox, engineer, open_session):
    """What a failed run has read, and what the next run reads from the last token on, make up the whole."""
    fill(engineer, range(LEADS))
    sandbox.faults(fault="wrong_json", path="/crm/v8/Leads", method="GET", skip=10)
    pages = engineer.pages("crmGetRecords", READ_LEADS)
    read = [next(pages) for _ in range(10)]
    with pytest.raises(UnreadableReply):
        next(pages)

    sandbox.clock.advance(3 * 3600)
    fill(engineer, range(LEADS, LEADS + 50))
    resumed = {**READ_LEADS, "page_token": read[-1].next["token"]}
    rest = open_session().run("crmGetRecords", resumed).data["data"]

    first = [email for page in read for email in emails(page)]
    assert len(first) == 2_000
    assert sorted(first + emails(rest)) == sorted(lead(number)["Email"] for number in range(LEADS))


def test_a_minute_s_limit_slows_a_listing_and_ends_nothing(sandbox, engineer):
    """Books blocks after its hundred calls; the listing waits, goes on, and has every customer once."""
    names = [f"Customer {number:04}" for number in range(CUSTOMERS)]
    records = {"contacts": [{"contact_name": name} for name in names]}
    sandbox.plant({"books": {"10234695": {"records": records}}})
    sandbox.settings["limits.books"] = "free"
    sandbox.settings["limits.books_per_minute"] = 5
    inputs = {"recordType": "contacts", "fetchAll": True, **PATIENCE}

    found = [record["contact_name"] for page in engineer.pages("booksGetRecords", inputs) for record in page]

    statuses = [entry["status"] for entry in sandbox.ledger() if entry["path"] == "/books/v3/contacts"]
    assert sorted(name for name in found if name in set(names)) == names
    assert 429 in statuses
    assert statuses.count(200) == -(-len(found) // 200)

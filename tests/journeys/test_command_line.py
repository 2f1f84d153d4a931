"""Every action through the command line, as somebody works with it in a folder of their own.

The sandbox is the embedded one: what one command does the next one finds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cli.conftest import Ended, run_here
from connector_runtime import Component
from meta.repository import ROOT
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """One command.

    Attributes:
        action: What is run.
        inputs: `key=value` words; `{name}` stands for what an earlier step kept.
        more: Further words.
        stdin: What standard input holds.
        ends: Exit code, and the kind of the error where there is one.
        shows: What must stand in the data, by the path to it.
        keeps: What later steps may use: a name, and the path to it.
    """

    action: str
    inputs: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    stdin: str = ""
    ends: tuple[int, str | None] = (0, None)
    shows: Mapping[str, Any] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)


CRM = (
    Step(
        "crmCreateRecord",
        ("recordType=Contacts", "fieldValues=Last_Name=Zelig", "fieldValues=Email=zelig@example.com"),
        shows={"data.0.code": "SUCCESS"},
        keeps={"contact": "data.0.details.id"},
    ),
    Step(
        "crmGetRecord",
        ("recordType=Contacts", "recordId={contact}"),
        shows={"data.0.Last_Name": "Zelig", "data.0.Email": "zelig@example.com"},
    ),
    Step(
        "crmGetRecords",
        ("recordType=Contacts", "fields=Last_Name", "fields=Email", "per_page=1", "sort_by=Created_Time"),
        shows={"data.0.Last_Name": "Zelig", "info.more_records": True},
    ),
    Step(
        "crmUpdateRecord",
        more=("--inputs", "-"),
        stdin='recordType: Contacts\nrecordId: "{contact}"\nfieldValues: {{ Phone: "+44 20 7946 0000" }}\n',
        shows={"data.0.message": "record updated"},
    ),
    Step(
        "crmUpsertRecord",
        ("recordType=Contacts", "fieldValues=Email=zelig@example.com", "fieldValues=Last_Name=Zelig-Li",
         "duplicateCheckFields=Email"),
        shows={"data.0.action": "update", "data.0.duplicate_field": "Email"},
    ),
    Step(
        "crmUpsertRecords",
        more=("--inputs", "leads.json"),
        ends=(1, None),
        shows={"0.outcome": "created", "1.error.code": "INVALID_DATA"},
    ),
    Step(
        "crmRunQuery",
        ("query=select Last_Name, Phone from Contacts where Email = 'zelig@example.com'",),
        shows={"data.0.Last_Name": "Zelig-Li", "data.0.Phone": "+44 20 7946 0000"},
    ),
    Step(
        "crmSearchRecords",
        ('conditions=[{{"field": "Email", "operator": "equals", "value": "zelig@example.com"}}]', "recordType=Contacts"),
        shows={"data.0.Last_Name": "Zelig-Li", "info.count": 1},
    ),
    Step(
        "crmAddAttachment",
        ("recordType=Contacts", "recordId={contact}", "file=@minutes.txt", "fileName=minutes.txt"),
        shows={"data.0.code": "SUCCESS"},
        keeps={"attachment": "data.0.details.id"},
    ),
    Step(
        "crmRawRequest",
        ("url=/Contacts/{contact}/Attachments/{attachment}", "method=GET", "responseType=arraybuffer"),
        more=("--save-to", "copy.txt"),
        shows={"path": "copy.txt"},
    ),
    Step(
        "crmBulkRead",
        ("recordType=Contacts", "fields=Last_Name"),
        more=("--save-to", "contacts.zip"),
        shows={"path": "contacts.zip"},
    ),
    Step("crmRemoveRecord", ("recordType=Contacts", "recordId={contact}"), shows={"data.0.message": "record deleted"}),
    Step("crmGetRecord", ("recordType=Contacts", "recordId={contact}"), ends=(1, "not_found")),
)  # fmt: skip
BOOKS = (
    Step(
        "booksCreateRecord",
        more=("--inputs", "item.yaml"),
        shows={"message": "The item has been added.", "item.rate": 120},
        keeps={"item": "item.item_id"},
    ),
    Step("booksGetRecord", ("recordType=items", "recordId={item}"), shows={"item.name": "Hard Drive"}),
    Step(
        "booksGetRecords",
        ("recordType=items", "searchFields=name=Hard Drive"),
        shows={"items.0.item_id": "{item}", "items.1": None},
    ),
    Step(
        "booksUpdateRecord",
        ("recordType=items", "recordId={item}", 'dynamicValues={{"rate": 135, "custom_fields": [{{"api_name": "cf_external_id", "value": "HD-500"}}]}}',
         "fieldValues=description=500 GB"),
        shows={"item.rate": 135, "item.description": "500 GB"},
    ),
    Step(
        "booksUpdateCustomFields",
        ("recordType=items", "recordId={item}", 'customFields=[{{"customfield_id": "46000000012845", "value": "Best"}}]'),
        shows={"code": 0},
    ),
    Step(
        "booksUpsertRecord",
        ("recordType=items", "uniqueFieldKey=cf_external_id", "uniqueFieldValue=HD-500", "fieldValues=rate=140"),
        shows={"outcome": "updated", "id": "{item}", "item.rate": 140},
    ),
    Step("booksMarkRecordInactive", ("recordType=items", "recordId={item}"), shows={"code": 0}),
    Step("booksGetRecord", ("recordType=items", "recordId={item}"), shows={"item.status": "inactive"}),
    Step("booksMarkRecordActive", ("recordType=items", "recordId={item}"), shows={"code": 0}),
    Step(
        "booksRawRequest",
        ("url=/organizations", "method=GET"),
        shows={"organizations.0.name": "Bowman Furniture"},
    ),
    Step(
        "booksCreateRecord",
        more=("--inputs", "-"),
        stdin="recordType: contacts\nfieldValues: {{ contact_name: Li }}\n",
        keeps={"contact": "contact.contact_id"},
    ),
    Step(
        "booksCreateRecord",
        more=("--inputs", "-"),
        stdin='recordType: invoices\nfieldValues: {{ customer_id: "{contact}", line_items: [{{ name: Desk, rate: 120 }}] }}\n',
        keeps={"invoice": "invoice.invoice_id"},
    ),
    Step(
        "booksChangeLineItems",
        more=("--inputs", "-"),
        stdin='recordType: invoices\nrecordId: "{invoice}"\nlineItems: [{{ name: Lamp, rate: 10 }}]\n',
        shows={"invoice.line_items.0.name": "Desk", "invoice.line_items.1.name": "Lamp"},
    ),
    Step("booksRemoveRecord", ("recordType=items", "recordId={item}"), shows={"message": "The item has been deleted."}),
    Step("booksGetRecord", ("recordType=items", "recordId={item}"), ends=(1, "not_found")),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the steps use."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minutes.txt").write_text("Minutes of the first meeting.\n")
    (tmp_path / "item.yaml").write_text("recordType: items\nfieldValues: { name: Hard Drive, rate: 120 }\n")
    leads = [{"Last_Name": "Li", "Company": "Li Ltd"}, {"Last_Name": "Wu", "Number_1": "many"}]
    (tmp_path / "leads.json").write_text(json.dumps({"recordType": "Leads", "records": leads}))
    return tmp_path


def play(steps: tuple[Step, ...]) -> list[Ended]:
    """Run steps one after the other; each must end and show what it says."""
    kept: dict[str, str] = {}
    ended = []
    for step in steps:
        words = [word for pair in step.inputs for word in ("-i", pair.format(**kept))]
        run = ("run", step.action, *words, *step.more, "--json")
        done = run_here("zoho-component", str(ROOT), run, step.stdin.format(**kept))
        told = done.json
        assert (done.code, told.get("error", {}).get("kind")) == step.ends, (step, told)
        data = told.get("data")
        for path, value in step.shows.items():
            wanted = value.format(**kept) if isinstance(value, str) else value
            assert at(data, path) == wanted, (step, path, data)
        kept |= {name: str(at(data, path)) for name, path in step.keeps.items()}
        ended.append(done)
    return ended


def at(data: Any, path: str) -> Any:
    """Return what a path such as `data.0.id` leads to, None past the end of a list."""
    for part in path.split("."):
        key = int(part) if isinstance(data, list) else part
        if isinstance(key, int) and key >= len(data):
            return None
        data = data[key]
    return data


def effects(folder: Path) -> list[tuple[str, str]]:
    """Return what the commands did to the sandbox's records, in order."""
    sandbox = Sandbox(folder / ".zoho-sandbox.sqlite")
    found = [
        (effect["effect"], effect["kind"])
        for entry in sandbox.ledger()
        for effect in entry["effects"]
        if not effect["kind"].startswith("oauth/")
    ]
    sandbox.close()
    return found


def test_every_crm_action_works_in_a_shell(folder: Path) -> None:
    """A contact is made, read, listed, changed, upserted, queried, given a file, read in bulk, and removed."""
    ended = play(CRM)

    assert (folder / "copy.txt").read_text() == "Minutes of the first meeting.\n"
    assert [one["index"] for one in ended[5].json["failed"]] == [1]
    assert [kind for kind, _ in effects(folder)] == [
        "create", "update", "upsert-update", "upsert-insert", "create", "create", "delete",
    ]  # fmt: skip


def test_every_books_action_works_in_a_shell(folder: Path) -> None:
    """An item is made, read, found, changed, upserted, switched off and on, and removed; an invoice gets a line."""
    play(BOOKS)

    assert [kind for kind, _ in effects(folder)] == [
        "create", "update", "update", "upsert-update", "update", "update", "create", "create", "update", "delete",
    ]  # fmt: skip


def test_the_stories_leave_no_action_out() -> None:
    """Every action stands in one of the two stories."""
    assert {step.action for step in (*CRM, *BOOKS)} == set(Component.load(ROOT).actions)

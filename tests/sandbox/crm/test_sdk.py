"""Zoho's own Python SDK as a client of the sandbox.

Needs an interpreter with ``zohocrmsdk8-0``: this one, or the one that the environment
variable ``ZOHO_CRM_SDK_PYTHON`` names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, create
from .conftest import DANIEL

if TYPE_CHECKING:
    import httpx

CLIENT = Path(__file__).parent / "sdk_client.py"
NAMED = os.environ.get("ZOHO_CRM_SDK_PYTHON")
HERE = sys.executable if importlib.util.find_spec("zohocrmsdk") else None
MODULES = ["Leads", "Accounts", "Contacts", "Deals", "Products", "Campaigns", "Tasks", "Quotes", "Events"]

pytestmark = [
    pytest.mark.sdk,
    pytest.mark.skipif(
        not (NAMED or HERE),
        reason="zohocrmsdk8-0 is not installed; ZOHO_CRM_SDK_PYTHON may name a python that has it",
    ),
]


@pytest.fixture
def seen(sandbox: Any, url: str, crm: httpx.Client, tmp_path: Path) -> Json:
    """What the SDK saw in one session."""
    product = {"id": "111111000000150401"}
    create(crm, "Quotes", {"Subject": "Q", "Quoted_Items": [{"Product_Name": product, "Quantity": 2}]})
    day = {"Start_DateTime": "2026-05-10T10:00:00Z", "End_DateTime": "2026-05-10T11:00:00Z"}
    create(crm, "Events", {"Event_Title": "E", **day})
    connection = sandbox.connection()
    asked = {
        "url": url,
        "clientId": connection["fields"]["clientId"],
        "clientSecret": connection["fields"]["clientSecret"],
        "refreshToken": connection["token"]["refresh_token"],
        "folder": str(tmp_path),
        "modules": MODULES,
        "ids": prepared(sandbox, crm),
    }
    done = subprocess.run(
        [NAMED or sys.executable, str(CLIENT)],
        input=json.dumps(asked),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer: Json = json.loads(done.stdout)
    return answer


def prepared(sandbox: Any, crm: httpx.Client) -> Json:
    """Let there be a lead with all that can be around one; return the ids that are asked for."""
    step = {"name": "Call", "from": "Not Contacted", "to": "Contacted", "fields": ["Phone"]}
    process = {"name": "N", "field": "Lead_Status", "transitions": [step]}
    sandbox.plant({"crm": {"blueprints": {"Leads": process}}})
    lead, gone = create(crm, "Leads", {"Last_Name": "L", "Lead_Status": "Not Contacted"}, {"Last_Name": "G"})
    crm.put(f"/Leads/{lead}", json={"data": [{"City": "Rome"}]})
    crm.delete(f"/Leads/{gone}")
    crm.post(f"/Leads/{lead}/photo", files={"file": ("a.png", b"\x89PNG" + bytes(9))})
    shared = {"type": "private", "permission": "read_only", "shared_with": {"type": "users", "id": DANIEL}}
    crm.post(f"/Leads/{lead}/actions/share", json={"share": [shared]})
    mail = {
        "from": {"email": "patricia.boyle@example.com"},
        "to": [{"email": "a@example.com"}],
        "subject": "x",
    }
    crm.post(f"/Leads/{lead}/actions/send_mail", json={"data": [mail]})
    fields = crm.get("/settings/fields?module=Leads").json()["fields"]
    return {
        "lead": lead,
        "layout": crm.get("/settings/layouts?module=Deals").json()["layouts"][0]["id"],
        "field": next(f["id"] for f in fields if f["api_name"] == "Lead_Source"),
    }


def test_the_sdk_works_against_the_sandbox(sandbox: Any, seen: Json) -> None:
    """It logs in, writes, reads, queries, attaches, and understands refusals."""
    created = seen["create"]["items"][0]
    upserted = seen["upsert"]
    paths = [entry["path"] for entry in sandbox.ledger()]

    assert paths.index("/oauth/v2/token") < paths.index("/crm/v8/org")
    assert (seen["create"]["status"], created["code"]) == (201, "SUCCESS")
    assert upserted["status"] == 207
    assert [item["action"] for item in upserted["items"]] == ["update", "insert", None]
    assert upserted["items"][2]["type"] == "APIException"
    assert upserted["items"][0]["id"] == created["id"]
    assert [row["Last_Name"] for row in seen["list"]["rows"]] == ["New", "Lee Two"]
    assert seen["nothing"] == {"status": 204, "rows": []}
    assert seen["query"]["rows"] == [{"Last_Name": "Lee Two", "id": created["id"]}]
    assert seen["attach"]["status"] == 200
    assert seen["attachments"][0][1:] == ["paper.txt", "18"]
    assert seen["download"] == {"name": "paper.txt", "content": "hello from the SDK"}
    assert (seen["bad_query"]["status"], seen["bad_query"]["items"][0]["code"]) == (400, "SYNTAX_ERROR")
    assert seen["no_fields"]["items"][0]["code"] == "REQUIRED_PARAM_MISSING"


def test_the_sdk_reads_records_of_every_kind(sandbox: Any, seen: Json) -> None:
    """Line items, lookups, dates and amounts are what its converters expect."""
    assert seen["modules"] == dict.fromkeys(MODULES, "ResponseWrapper")
    refused = [e for e in sandbox.ledger() if e["path"].startswith("/crm/v8/settings") and e["status"] != 200]
    assert refused == []


def test_the_sdk_reads_settings_and_what_is_around_a_record(seen: Json) -> None:
    """Every kind of reply is one that its converters understand, and none is a refusal."""
    refused = {
        name: got
        for name, got in seen["settings"].items()
        if got[0] != 200 or got[1] in ("APIException", "NoneType")
    }

    assert len(seen["settings"]) == 20
    assert refused == {}

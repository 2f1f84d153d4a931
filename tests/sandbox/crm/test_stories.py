"""The timeline of a record, the mails to it, and the blueprint it is in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, create, error_of, get, ok
from .conftest import DANIEL, PATRICIA

if TYPE_CHECKING:
    import httpx

SENDER = {"user_name": "Patricia Boyle", "email": "patricia.boyle@example.com"}
TO = [{"user_name": "Kay", "email": "kay@example.com"}]
BLUEPRINT = {
    "name": "Nurturing",
    "field": "Lead_Status",
    "transitions": [
        {"name": "Call", "from": "Not Contacted", "to": "Contacted", "fields": ["Phone"]},
        {"name": "Lose", "from": "Contacted", "to": "Lost Lead"},
    ],
}


@pytest.fixture
def lead(crm: httpx.Client) -> str:
    """A lead."""
    (made,) = create(crm, "Leads", {"Last_Name": "Kay", "Lead_Status": "Not Contacted"})
    return made


@pytest.fixture
def guided(sandbox: Any, lead: str) -> str:
    """A lead in a blueprint."""
    sandbox.plant({"crm": {"blueprints": {"Leads": BLUEPRINT}}})
    return lead


def test_a_timeline_tells_every_change(crm: httpx.Client, lead: str) -> None:
    """The latest first, with both values of each field, by whom and when."""
    crm.put(f"/Leads/{lead}", json={"data": [{"Phone": "1"}]})
    crm.put(f"/Leads/{lead}", json={"data": [{"Phone": "2", "City": "Rome"}]})
    crm.post(f"/Leads/{lead}/actions/change_owner", json={"owner": {"id": DANIEL}})

    reply = crm.get(f"/Leads/{lead}/__timeline").json()

    rows = reply["__timeline"]
    assert [row["action"] for row in rows] == ["owner_assigned", "updated", "updated", "added"]
    assert reply["info"]["count"] == 4
    history = {one["api_name"]: one for one in rows[1]["field_history"]}
    assert set(history) == {"Phone", "City"}
    assert history["Phone"]["_value"] == {"new": "2", "old": "1"}
    assert rows[1]["done_by"]["id"] == PATRICIA
    assert rows[3]["field_history"] is None
    assert rows[0]["record"]["id"] == lead


def test_a_timeline_is_read_in_pages_and_filtered(crm: httpx.Client, lead: str) -> None:
    """By token; per_page stands beside the first page only."""
    for city in "abc":
        crm.put(f"/Leads/{lead}", json={"data": [{"City": city}]})
    address = f"/Leads/{lead}/__timeline"
    condition = {"field": {"api_name": "done_by.id"}, "comparator": "equal", "value": DANIEL}

    first = crm.get(address, params={"per_page": 3}).json()
    second = crm.get(address, params={"page_token": first["info"]["next_page_token"]}).json()
    both = crm.get(address, params={"page_token": first["info"]["next_page_token"], "per_page": 3})

    assert [row["action"] for row in second["__timeline"]] == ["added"]
    assert both.json()["code"] == "AMBIGUITY_DURING_PROCESSING"
    assert crm.get(address, params={"filters": json.dumps(condition)}).status_code == 204


def test_a_mail_is_sent_listed_and_read(crm: httpx.Client, lead: str) -> None:
    """Its content only alone."""
    mail = {"from": SENDER, "to": TO, "subject": "Hello", "content": "<b>Hi</b>"}

    done = ok(crm.post(f"/Leads/{lead}/actions/send_mail", json={"data": [mail]}))[0]

    message_id = done["details"]["message_id"]
    assert done["message"] == "Your mail has been sent successfully."
    reply = crm.get(f"/Leads/{lead}/Emails").json()
    (row,) = reply["Emails"]
    assert (row["message_id"], row["subject"], row["to"]) == (message_id, "Hello", TO)
    assert "content" not in row
    assert reply["info"] == {
        "per_page": 10,
        "count": 1,
        "next_index": None,
        "prev_index": None,
        "more_records": False,
    }
    assert crm.get(f"/Leads/{lead}/Emails/{message_id}").json()["Emails"][0]["content"] == "<b>Hi</b>"


def test_mails_come_ten_a_page(crm: httpx.Client, lead: str) -> None:
    """The index of the next page is told; scheduled ones are listed apart."""
    mail = {"from": SENDER, "to": TO, "subject": "x"}
    for _ in range(11):
        crm.post(f"/Leads/{lead}/actions/send_mail", json={"data": [mail]})
    later = {**mail, "scheduled_time": "2030-01-01T10:00:00+00:00"}
    done = ok(crm.post(f"/Leads/{lead}/actions/send_mail", json={"data": [later]}))[0]

    info = crm.get(f"/Leads/{lead}/Emails").json()["info"]
    rest = crm.get(f"/Leads/{lead}/Emails", params={"index": info["next_index"]}).json()["Emails"]

    assert (info["count"], info["more_records"], len(rest)) == (10, True, 1)
    assert done["message"] == "Your mail has been scheduled successfully."
    assert len(crm.get(f"/Leads/{lead}/Emails?type=scheduled_in_crm").json()["Emails"]) == 1


@pytest.mark.parametrize(
    ("changes", "code", "key"),
    [
        ({"from": None}, "MANDATORY_NOT_FOUND", "from"),
        ({"to": []}, "MANDATORY_NOT_FOUND", "to"),
        ({"from": {"email": "nobody@example.com"}}, "INVALID_DATA", "from"),
        ({"to": [{"user_name": "x"}]}, "INVALID_DATA", "to"),
        ({"cc": TO * 51}, "LIMIT_EXCEEDED", "cc"),
        ({"subject": "x" * 1001}, "INVALID_DATA", "subject"),
        ({"attachments": [{"id": "none"}]}, "INVALID_DATA", "attachments"),
    ],
)
def test_a_mail_has_its_rules(crm: httpx.Client, lead: str, changes: Json, code: str, key: str) -> None:
    """Each refusal names the key."""
    mail = {"from": SENDER, "to": TO, "subject": "x", **changes}

    refused = error_of(crm.post(f"/Leads/{lead}/actions/send_mail", json={"data": [mail]}))

    assert (refused["code"], refused["details"]["api_name"]) == (code, key)
    assert crm.get(f"/Leads/{lead}/Emails").status_code == 204


def test_mail_is_sent_from_the_users_addresses(crm: httpx.Client) -> None:
    """The caller's own is the default."""
    found = crm.get("/settings/emails/actions/from_addresses").json()["from_addresses"]

    assert set(found[0]) == {"email", "user_name", "type", "id", "default"}
    assert [one["default"] for one in found] == [True, False]
    assert found[0]["email"] == SENDER["email"]


def test_a_record_in_no_process_has_no_blueprint(crm: httpx.Client, lead: str) -> None:
    """400 RECORD_NOT_IN_PROCESS, for reading and for moving."""
    address = f"/Leads/{lead}/actions/blueprint"

    for reply in (crm.get(address), crm.put(address, json={"blueprint": [{"transition_id": "1"}]})):
        assert (reply.status_code, reply.json()["code"]) == (400, "RECORD_NOT_IN_PROCESS")


def test_a_blueprint_moves_a_record(crm: httpx.Client, guided: str) -> None:
    """Too few fields save it where it is; then it goes on, and the next transitions are others."""
    address = f"/Leads/{guided}/actions/blueprint"
    told = crm.get(address).json()["blueprint"]
    (one,) = told["transitions"]

    assert told["process_info"]["field_value"] == "Not Contacted"
    assert (one["name"], one["next_field_value"], one["fields"][0]["api_name"]) == (
        "Call",
        "Contacted",
        "Phone",
    )
    assert one["next_transitions"][0]["name"] == "Lose"
    partly = crm.put(address, json={"blueprint": [{"transition_id": one["id"], "data": {"City": "Rome"}}]})
    assert partly.json()["message"] == "transition saved partially"
    assert get(crm, "Leads", guided)["Lead_Status"] == "Not Contacted"
    done = crm.put(address, json={"blueprint": [{"transition_id": one["id"], "data": {"Phone": "1"}}]})
    assert done.json() == {
        "code": "SUCCESS",
        "details": {},
        "message": "transition updated successfully",
        "status": "success",
    }
    lead = get(crm, "Leads", guided)
    assert (lead["Lead_Status"], lead["Phone"], lead["City"]) == ("Contacted", "1", "Rome")
    again = crm.put(address, json={"blueprint": [{"transition_id": one["id"], "data": {}}]})
    assert (again.json()["code"], again.json()["message"]) == ("INVALID_DATA", "invalid transition")


def test_the_field_of_a_blueprint_is_not_written_past_it(crm: httpx.Client, guided: str) -> None:
    """RECORD_IN_BLUEPRINT; other fields are free."""
    past = crm.put(f"/Leads/{guided}", json={"data": [{"Lead_Status": "Lost Lead"}]})
    beside = crm.put(f"/Leads/{guided}", json={"data": [{"City": "Bern"}]})

    assert error_of(past)["code"] == "RECORD_IN_BLUEPRINT"
    assert beside.status_code == 200


def test_a_blueprint_that_makes_no_sense_is_refused_with_the_seed(sandbox: Any) -> None:
    """A field that is none, no transitions, a module that is none."""
    for blueprints in (
        {"Leads": {"field": "Nothing", "transitions": [{}]}},
        {"Leads": {"field": "City"}},
        {"X": {}},
    ):
        with pytest.raises(ValueError, match="blueprint"):
            sandbox.plant({"crm": {"blueprints": blueprints}})

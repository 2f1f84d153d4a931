"""Converting leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, create, get, ok

if TYPE_CHECKING:
    import httpx

LEAD = "111111000000150201"
DEAL = {"Deal_Name": "Enterprise Deal", "Stage": "Qualification", "Closing_Date": "2027-12-31"}


def convert(crm: httpx.Client, lead: str = LEAD, **item: Any) -> Json:
    """Convert a lead; return the details of the result."""
    (done,) = ok(crm.post(f"/Leads/{lead}/actions/convert", json={"data": [item]}))
    details: Json = done["details"]
    return details


def test_a_lead_becomes_contact_account_and_deal(crm: httpx.Client) -> None:
    """The new records carry the lead's fields and point at each other."""
    details = convert(crm, Deals=DEAL)

    contact = get(crm, "Contacts", details["Contacts"]["id"])
    deal = get(crm, "Deals", details["Deals"]["id"])
    lead = get(crm, "Leads", LEAD)
    assert details["Contacts"]["name"] == "John Doe"
    assert contact["Email"] == "john.doe@example.com"
    assert contact["Account_Name"] == details["Accounts"] == deal["Account_Name"]
    assert deal["Contact_Name"]["id"] == contact["id"]
    assert lead["Converted__s"] is True
    assert lead["Converted_Contact"]["id"] == contact["id"]


def test_what_was_not_asked_for_is_null(crm: httpx.Client) -> None:
    """No deal without Deals, no account without a company."""
    (lead,) = create(crm, "Leads", {"Last_Name": "Alone"})

    details = convert(crm, lead)

    assert (details["Accounts"], details["Deals"]) == (None, None)


def test_a_lead_is_converted_once(crm: httpx.Client) -> None:
    """The second time is refused flat."""
    convert(crm)

    reply = crm.post(f"/Leads/{LEAD}/actions/convert", json={"data": [{}]})

    assert (reply.status_code, reply.json()) == (
        400,
        {
            "code": "ID_ALREADY_CONVERTED",
            "details": {"resource_path_index": 1},
            "message": "id already converted",
            "status": "error",
        },
    )


def test_existing_records_are_used_and_overwritten_on_request(crm: httpx.Client) -> None:
    """Overwrite lays the lead's fields over the contact that is named."""
    anna = "111111000000150101"

    details = convert(crm, Contacts={"id": anna}, Accounts={"id": "111111000000150002"}, overwrite=True)

    assert details["Contacts"] == {"name": "John Doe", "id": anna}
    assert details["Accounts"]["name"] == "Zylker Corp"


def test_a_refused_conversion_leaves_nothing_behind(crm: httpx.Client) -> None:
    """The deal is refused, so neither contact nor account is made."""
    before = crm.get("/Contacts/actions/count").json()

    reply = crm.post(f"/Leads/{LEAD}/actions/convert", json={"data": [{"Deals": {"Deal_Name": "D"}}]})

    assert reply.status_code == 400
    assert reply.json()["data"][0]["code"] == "MANDATORY_NOT_FOUND"
    assert crm.get("/Contacts/actions/count").json() == before
    assert get(crm, "Leads", LEAD)["Converted__s"] is False


@pytest.mark.parametrize(
    ("item", "code", "name"),
    [
        (
            {"Deals": {**DEAL, "Pipeline": "Standard (Standard)", "Stage": "Elsewhere"}},
            "MAPPING_MISMATCH",
            "Stage",
        ),
        ({"assign_to": {"id": "1"}}, "INVALID_DATA", "Owner"),
        ({"Contacts": {"id": "1"}}, "INVALID_DATA", "id"),
    ],
)
def test_a_conversion_without_sense_is_refused(crm: httpx.Client, item: Json, code: str, name: str) -> None:
    """The item names the field."""
    (refused,) = crm.post(f"/Leads/{LEAD}/actions/convert", json={"data": [item]}).json()["data"]

    assert (refused["code"], refused["details"]["api_name"]) == (code, name)


def test_notes_attachments_and_tags_move_along(crm: httpx.Client) -> None:
    """Attachments go where they are sent, notes to the contact, tags as carried over."""
    crm.post(f"/Leads/{LEAD}/Attachments", files={"file": ("a.txt", b"x")})
    crm.post(f"/Leads/{LEAD}/Notes", json={"data": [{"Note_Title": "N"}]})

    details = convert(
        crm,
        Deals=DEAL,
        move_attachments_to={"api_name": "Deals"},
        carry_over_tags={"Contacts": [{"name": "hot"}]},
        assign_to={"id": "111111000000044800"},
    )

    contact, deal = details["Contacts"]["id"], details["Deals"]["id"]
    shown = get(crm, "Contacts", contact)
    assert ok(crm.get(f"/Deals/{deal}/Attachments", params={"fields": "File_Name"}))
    assert ok(crm.get(f"/Contacts/{contact}/Notes", params={"fields": "Note_Title"}))
    assert [tag["name"] for tag in shown["Tag"]] == ["hot"]
    assert shown["Owner"]["id"] == "111111000000044800"


@pytest.mark.parametrize(("version", "kind"), [("v5", str), ("v6", dict)])
def test_older_versions_name_ids_only(client: Any, version: str, kind: type) -> None:
    """Up to v5 the result is bare ids, without code and message."""
    crm = client(f"/crm/{version}")
    (lead,) = create(crm, "Leads", {"Last_Name": "L", "Company": "C"})

    (result,) = ok(crm.post(f"/Leads/{lead}/actions/convert", json={"data": [{"overwrite": True}]}))

    assert isinstance(result.get("details", result)["Contacts"], kind)
    assert ("code" in result) is (kind is dict)

"""External ids: the header X-EXTERNAL on records, lookups and related lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import create, get, ok

if TYPE_CHECKING:
    import httpx

OWN = {"X-EXTERNAL": "Contacts.External_Contact_ID"}


@pytest.fixture
def contact(crm: httpx.Client) -> str:
    """A contact known elsewhere as c/1."""
    (made,) = create(crm, "Contacts", {"Last_Name": "L", "External_Contact_ID": "c/1"})
    return made


def test_a_record_is_reached_by_its_external_value(crm: httpx.Client, contact: str) -> None:
    """GET, PUT and DELETE take the value in the path when the header names the field."""
    path = "/Contacts/c%2F1"

    (shown,) = ok(crm.get(path, headers=OWN))
    (updated,) = ok(crm.put(path, json={"data": [{"Phone": "1"}]}, headers=OWN))
    changed = get(crm, "Contacts", contact)
    (deleted,) = ok(crm.delete(path, headers=OWN))

    assert shown["id"] == updated["details"]["id"] == deleted["details"]["id"] == contact
    assert changed["Phone"] == "1"


def test_without_the_header_only_the_id_counts(crm: httpx.Client, contact: str) -> None:
    """The same path is then no id."""
    assert crm.get("/Contacts/c1").json()["message"] == "the id given seems to be invalid"


def test_an_unknown_external_value_is_refused(crm: httpx.Client, contact: str) -> None:
    """INVALID_DATA names the field."""
    reply = crm.get("/Contacts/other", headers=OWN)

    assert (reply.status_code, reply.json()["details"]["api_name"]) == (400, "External_Contact_ID")


def test_many_updates_may_name_records_by_external_value(crm: httpx.Client, contact: str) -> None:
    """The value wins over an id given beside it."""
    item = {"External_Contact_ID": "c/1", "id": "111111000000150101", "Phone": "1"}

    (done,) = ok(crm.put("/Contacts", json={"data": [item]}, headers=OWN))

    assert done["details"]["id"] == contact


@pytest.mark.parametrize(
    ("module", "header", "record", "reached"),
    [
        (
            "Contacts",
            "Contacts.Account_Name.External_Account_ID",
            {"Last_Name": "ext", "Account_Name": {"External_Account_ID": "externalaccount1"}},
            lambda shown: shown["Account_Name"]["name"] == "Zylker",
        ),
        (
            "Quotes",
            (
                "Quotes.Product_Details.Product_Name.External_Product_ID,"
                "Quotes.Product_Details.book.External_Price_book_ID"
            ),
            {
                "Subject": "Quote 1",
                "External_Quote_ID": "quote1",
                "Quoted_Items": [
                    {
                        "Product_Name": {"External_Product_ID": "12345678900"},
                        "book": {"External_Price_book_ID": "pricebook1"},
                        "quantity": 100,
                    }
                ],
            },
            lambda shown: (
                shown["Quoted_Items"][0]["Product_Name"]["name"] == "Oak Table"
                and shown["Quoted_Items"][0]["Price_Book_Name"]["name"] == "Retail"
                and shown["Quoted_Items"][0]["Quantity"] == 100
            ),
        ),
        (
            "Contacts",
            "Contacts.Subform_External.Deal_Lookup.External_Deal_ID",
            {"Last_Name": "sub", "Subform_External": [{"Deal_Lookup": {"External_Deal_ID": "userdeal1"}}]},
            lambda shown: shown["Subform_External"][0]["Deal_Lookup"]["name"] == "Annual License Renewal",
        ),
        (
            "Events",
            "Events.What_Id->Accounts.External_Account_ID",
            {
                "se_module": "Accounts",
                "What_Id": {"External_Account_ID": "externalaccount1"},
                "Event_Title": "Event Kaizen",
                "Start_DateTime": "2020-05-10T10:10:10+05:30",
                "End_DateTime": "2020-05-10T11:10:10+05:30",
            },
            lambda shown: shown["What_Id"]["name"] == "Zylker" and shown["$se_module"] == "Accounts",
        ),
    ],
)
def test_lookups_are_given_by_external_value(
    crm: httpx.Client, module: str, header: str, record: dict[str, Any], reached: Any
) -> None:
    """In the record, in line items, in subforms, and through the arrow."""
    reply = crm.post(f"/{module}", json={"data": [record]}, headers={"X-EXTERNAL": header})

    (done,) = ok(reply, 201)
    assert reached(get(crm, module, done["details"]["id"]))


def test_a_lookup_by_unknown_external_value_is_refused(crm: httpx.Client) -> None:
    """The item names the external field and its place."""
    header = {"X-EXTERNAL": "Contacts.Account_Name.External_Account_ID"}
    record = {"Last_Name": "ext", "Account_Name": {"External_Account_ID": "nobody"}}

    (item,) = crm.post("/Contacts", json={"data": [record]}, headers=header).json()["data"]

    assert item["code"] == "INVALID_DATA"
    assert item["details"]["json_path"] == "$.data[0].Account_Name.External_Account_ID"


def test_without_the_header_a_lookup_by_external_value_is_refused(crm: httpx.Client) -> None:
    """Only ids count then."""
    record = {"Last_Name": "ext", "Account_Name": {"External_Account_ID": "externalaccount1"}}

    (item,) = crm.post("/Contacts", json={"data": [record]}).json()["data"]

    assert item["code"] == "INVALID_DATA"


def test_a_field_that_is_not_external_is_refused(crm: httpx.Client) -> None:
    """The header may name external fields only."""
    reply = crm.get("/Contacts/x", headers={"X-EXTERNAL": "Contacts.Email"})

    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_DATA")


def test_related_records_take_external_values(crm: httpx.Client, contact: str) -> None:
    """Parent and child are named by their own fields."""
    both = {"X-EXTERNAL": "Accounts.External_Account_ID,Contacts.External_Contact_ID"}

    crm.put("/Accounts/externalaccount1/Contacts/c%2F1", json={"data": [{}]}, headers=both)

    assert get(crm, "Contacts", contact)["Account_Name"]["name"] == "Zylker"


def test_a_user_based_value_is_out_of_reach_for_others(daniel: httpx.Client, contact: str) -> None:
    """The second user does not find the first one's record by its value."""
    assert daniel.get("/Contacts/c%2F1", headers=OWN).status_code == 400

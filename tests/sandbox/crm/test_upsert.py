"""Upsert: the five situations of Zoho's page about external ids, and the duplicate check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import create, get, upsert
from .conftest import DANIEL, PATRICIA

if TYPE_CHECKING:
    import httpx


@pytest.fixture
def patricia(client: Any, version: str) -> httpx.Client:
    """The first user, on v7 and on v8."""
    made: httpx.Client = client(f"/crm/{version}", user_id=PATRICIA)
    return made


@pytest.fixture
def other(client: Any, version: str) -> httpx.Client:
    """The second user, on the same version."""
    made: httpx.Client = client(f"/crm/{version}", user_id=DANIEL)
    return made


def test_situation_1_a_new_external_value_inserts_a_record(patricia: httpx.Client) -> None:
    """A record with a new external value is created, with HTTP 200 and no duplicate field."""
    reply = patricia.post(
        "/Contacts/upsert", json={"data": [{"Last_Name": "Boyle", "External_Contact_ID": "Boyle1"}]}
    )

    item = reply.json()["data"][0]
    assert reply.status_code == 200
    assert (item["code"], item["action"], item["duplicate_field"]) == ("SUCCESS", "insert", None)
    assert item["message"] == "record added"


def test_situation_2_a_known_external_value_updates_its_record(patricia: httpx.Client) -> None:
    """The record that holds the external value takes over the other details."""
    (first,) = create(patricia, "Contacts", {"Last_Name": "Boyle", "External_Contact_ID": "Boyle1"})

    (item,) = upsert(
        patricia,
        "Contacts",
        {"Last_Name": "Boyle P", "External_Contact_ID": "Boyle1", "Email": "p.boyle@abc.com"},
    )

    assert (item["action"], item["duplicate_field"]) == ("update", "External_Contact_ID")
    assert item["details"]["id"] == first
    assert get(patricia, "Contacts", first, "Email")["Email"] == "p.boyle@abc.com"


def test_situation_3_a_new_external_value_is_given_to_the_record_with_the_email(
    patricia: httpx.Client,
) -> None:
    """A new external value falls through to Email, and the record found gains the value."""
    (first,) = create(
        patricia,
        "Contacts",
        {"Last_Name": "Boyle", "External_Contact_ID": "Boyle1", "Email": "p.boyle@abc.com"},
    )

    (item,) = upsert(
        patricia,
        "Contacts",
        {"Last_Name": "Boyle P", "External_Contact_ID": "Boyle123", "Email": "p.boyle@abc.com"},
    )

    assert (item["action"], item["duplicate_field"]) == ("update", "Email")
    assert item["details"]["id"] == first
    assert get(patricia, "Contacts", first)["External_Contact_ID"] == "Boyle123"


@pytest.mark.parametrize("path", ["/Contacts", "/Contacts/upsert"])
def test_situation_4_an_organisation_wide_value_of_another_user_is_a_duplicate(
    patricia: httpx.Client, other: httpx.Client, path: str
) -> None:
    """The second user cannot create a record with an organisation-wide value of the first."""
    (first,) = create(patricia, "Contacts", {"Last_Name": "One", "External_Campaign_ID": "Camp_MailChimp_1"})

    reply = other.post(
        path, json={"data": [{"Last_Name": "Two", "External_Campaign_ID": "Camp_MailChimp_1"}]}
    )

    (item,) = reply.json()["data"]
    assert (reply.status_code, item["code"]) == (400, "DUPLICATE_DATA")
    assert item["details"]["api_name"] == "External_Campaign_ID"
    assert item["details"]["duplicate_record"]["id"] == first


def test_situation_5_a_user_based_value_matches_only_the_users_own_records(
    patricia: httpx.Client, other: httpx.Client
) -> None:
    """Two users may use the same user-based value, each for a record of his own."""
    (first,) = create(patricia, "Contacts", {"Last_Name": "One", "External_Contact_ID": "Contact1"})

    (theirs,) = upsert(other, "Contacts", {"Last_Name": "Two", "External_Contact_ID": "Contact1"})
    (again,) = upsert(other, "Contacts", {"Last_Name": "Three", "External_Contact_ID": "Contact1"})
    (ours,) = upsert(patricia, "Contacts", {"Last_Name": "Four", "External_Contact_ID": "Contact1"})

    assert theirs["action"] == "insert"
    assert (again["action"], again["details"]["id"]) == ("update", theirs["details"]["id"])
    assert (ours["action"], ours["details"]["id"]) == ("update", first)


def test_two_users_exist(crm: httpx.Client) -> None:
    """The organisation has the two users that the situations speak of."""
    users = crm.get("/users", params={"type": "ActiveUsers"}).json()["users"]

    assert [user["id"] for user in users] == [PATRICIA, DANIEL]


def test_organisation_wide_values_may_be_set_to_update_across_users(
    sandbox: Any, crm: httpx.Client, daniel: httpx.Client
) -> None:
    """With the setting, an organisation-wide value finds the record whoever made it."""
    sandbox.settings["crm.org_external_by_other"] = "updated"
    (first,) = create(crm, "Contacts", {"Last_Name": "One", "External_Campaign_ID": "Camp1"})

    (item,) = upsert(daniel, "Contacts", {"Last_Name": "Two", "External_Campaign_ID": "Camp1"})

    assert (item["action"], item["details"]["id"]) == ("update", first)


@pytest.fixture
def leads(sandbox: Any, crm: httpx.Client) -> httpx.Client:
    """A client of an organisation whose leads have two unique fields, u1 and u2."""
    unique = {"type": "text", "unique": True}
    sandbox.plant({"crm": {"fields": {"Leads": {"u1": unique, "u2": unique}}}})
    create(crm, "Leads", {"Last_Name": "mail", "Email": "a@example.com"})
    create(crm, "Leads", {"Last_Name": "one", "u1": "1"})
    create(crm, "Leads", {"Last_Name": "two", "u2": "2"})
    return crm


@pytest.mark.parametrize(
    ("named", "item", "decides"),
    [
        (None, {"Email": "a@example.com", "u1": "new"}, "Email"),
        (["u1"], {"u1": "1"}, "u1"),
        (["u1"], {"u1": "new", "u2": "2"}, "u2"),
        (["u2"], {"u1": "1", "u2": "new"}, "u1"),
        (["u1"], {"Email": "a@example.com"}, None),
        ([], {"Email": "a@example.com"}, None),
        (["Email"], {"Email": "a@example.com", "u1": "new"}, "Email"),
        (["u1", "Email"], {"Email": "A@Example.com", "u1": "other"}, "Email"),
    ],
)
def test_the_first_matching_field_of_the_check_decides(
    leads: httpx.Client, named: list[str] | None, item: dict[str, str], decides: str | None
) -> None:
    """Named fields come first, then all unique ones; the system field only if named or nothing is."""
    beside = {} if named is None else {"duplicate_check_fields": named}

    (done,) = upsert(leads, "Leads", {"Last_Name": "x", **item}, **beside)

    assert done["duplicate_field"] == decides
    assert done["action"] == ("update" if decides else "insert")


def test_a_value_of_yet_another_record_stands_against_the_update(leads: httpx.Client) -> None:
    """After a record is chosen, a unique value of a different record is a duplicate."""
    (done,) = upsert(leads, "Leads", {"Last_Name": "x", "Email": "a@example.com", "u1": "1"})

    assert done["code"] == "DUPLICATE_DATA"
    assert done["details"]["api_name"] == "u1"


def test_only_system_and_unique_fields_may_be_checked(leads: httpx.Client) -> None:
    """Naming any other field refuses the whole request."""
    reply = leads.post(
        "/Leads/upsert", json={"data": [{"Last_Name": "x"}], "duplicate_check_fields": ["Phone"]}
    )

    assert reply.status_code == 400
    assert reply.json()["code"] == "INVALID_DATA"


def test_results_come_in_the_order_of_the_records(crm: httpx.Client) -> None:
    """A mixture of update, refusal and insert keeps its order and is answered 207."""
    create(crm, "Contacts", {"Last_Name": "One", "Email": "one@example.com"})
    records = [
        {"Last_Name": "Uno", "Email": "one@example.com"},
        {"Last_Name": 7},
        {"Last_Name": "Two", "Email": "two@example.com"},
    ]

    reply = crm.post("/Contacts/upsert", json={"data": records})

    assert reply.status_code == 207
    actions = [(item["status"], item.get("action")) for item in reply.json()["data"]]
    assert actions == [("success", "update"), ("error", None), ("success", "insert")]


def test_values_are_appended_only_where_asked(crm: httpx.Client) -> None:
    """$append_values adds to a multi-select field; without it the field is replaced."""
    (lead,) = create(
        crm, "Leads", {"Last_Name": "L", "Email": "l@example.com", "Foreign_Languages": ["Korean"]}
    )

    for append, languages in ((True, ["Korean", "Spanish"]), (False, ["Spanish"])):
        upsert(
            crm,
            "Leads",
            {
                "Last_Name": "L",
                "Email": "l@example.com",
                "Foreign_Languages": ["Spanish"],
                "$append_values": {"Foreign_Languages": append},
            },
        )
        assert get(crm, "Leads", lead)["Foreign_Languages"] == languages


MODULES = {
    "Leads": "Last_Name",
    "Accounts": "Account_Name",
    "Contacts": "Last_Name",
    "Deals": "Deal_Name",
    "Campaigns": "Campaign_Name",
    "Cases": "Subject",
    "Solutions": "Solution_Title",
    "Products": "Product_Name",
    "Vendors": "Vendor_Name",
    "Price_Books": "Price_Book_Name",
    "Quotes": "Subject",
    "Sales_Orders": "Subject",
    "Purchase_Orders": "Subject",
    "Invoices": "Subject",
    "Appointments__s": "Appointment_Name",
    "Services__s": "Service_Name",
    "CM1": "Name",
}


@pytest.mark.parametrize("module", MODULES)
def test_every_supported_module_can_be_upserted(sandbox: Any, crm: httpx.Client, module: str) -> None:
    """All modules of the page take an external value: first an insert, then an update."""
    sandbox.plant({"crm": {"fields": {module: {"Ext": {"type": "text", "external": "user"}}}}})
    record = {MODULES[module]: "x", "Ext": "e1"}
    record |= {"Stage": "Qualification"} if module == "Deals" else {}

    actions = [upsert(crm, module, record)[0].get("action") for _ in range(2)]

    assert actions == ["insert", "update"]


def test_an_insert_may_name_the_checked_field(sandbox: Any, crm: httpx.Client) -> None:
    """Some published replies show the first checked field on inserts; a setting does so too."""
    sandbox.settings["crm.insert_duplicate_field"] = "checked"

    (item,) = upsert(crm, "Contacts", {"Last_Name": "New", "Email": "new@example.com"})

    assert (item["action"], item["duplicate_field"]) == ("insert", "Email")

"""What the API tells of itself: modules, fields, layouts, lists, users, organisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import DANIEL, PATRICIA

if TYPE_CHECKING:
    import httpx

STANDARD = [
    "Leads",
    "Accounts",
    "Contacts",
    "Deals",
    "Campaigns",
    "Tasks",
    "Events",
    "Calls",
    "Cases",
    "Solutions",
    "Products",
    "Vendors",
    "Price_Books",
    "Quotes",
    "Sales_Orders",
    "Purchase_Orders",
    "Invoices",
]


def test_all_modules_are_listed(crm: httpx.Client) -> None:
    """The 17 standard modules, notes, attachments, appointments, services, a custom one, and one unsupported."""
    modules = {m["api_name"]: m for m in crm.get("/settings/modules").json()["modules"]}

    assert {*STANDARD, "Notes", "Attachments", "Appointments__s", "Services__s", "CM1"} <= set(modules)
    assert modules["CM1"]["generated_type"] == "custom"
    assert modules["Feeds"]["api_supported"] is False
    assert modules["Notes"]["status"] == "system_hidden"
    assert len({m["id"] for m in modules.values()}) == len(modules)


def test_modules_are_chosen_by_status_name_and_id(crm: httpx.Client) -> None:
    """By status several, by API name or id one."""
    hidden = crm.get("/settings/modules", params={"status": "user_hidden"}).json()["modules"]
    by_name = crm.get("/settings/modules/Leads").json()["modules"][0]
    by_id = crm.get(f"/settings/modules/{by_name['id']}").json()["modules"][0]

    assert [m["api_name"] for m in hidden] == ["Feeds"]
    assert by_name == by_id
    assert crm.get("/settings/modules/Nothing").json()["code"] == "INVALID_MODULE"
    assert crm.get("/settings/modules", params={"status": "odd"}).json()["code"] == "PATTERN_NOT_MATCHED"


@pytest.mark.parametrize(
    ("version", "key", "old_key"),
    [("v4", "visible", True), ("v5", "status", True), ("v6", "status", False)],
)
def test_modules_changed_their_keys_over_time(client: Any, version: str, key: str, old_key: bool) -> None:
    """Status came with v5; seven keys left with v6."""
    (module,) = client(f"/crm/{version}").get("/settings/modules/Leads").json()["modules"]

    assert ("visible" in module, "status" in module) == (key == "visible", key == "status")
    assert ("scoring_supported" in module) is old_key


def test_fields_tell_their_type_length_and_rules(crm: httpx.Client) -> None:
    """The metadata that clients build their forms and checks on."""
    fields = {
        f["api_name"]: f for f in crm.get("/settings/fields", params={"module": "Contacts"}).json()["fields"]
    }

    last, lookup = fields["Last_Name"], fields["Account_Name"]
    assert (last["data_type"], last["json_type"], last["length"]) == ("text", "string", 80)
    assert last["system_mandatory"] is True
    assert lookup["lookup"]["module"]["api_name"] == "Accounts"
    assert fields["External_Contact_ID"]["external"] == {"show": True, "type": "user"}
    assert fields["External_Contact_ID"]["custom_field"] is True
    assert fields["Created_Time"]["operation_type"]["api_create"] is False
    assert [v["display_value"] for v in fields["Salutation"]["pick_list_values"]][:2] == ["Mr.", "Mrs."]
    assert len({f["id"] for f in fields.values()}) == len(fields)


def test_one_field_is_found_by_id(crm: httpx.Client) -> None:
    """An unknown id is no content."""
    fields = crm.get("/settings/fields", params={"module": "Leads"}).json()["fields"]
    one = crm.get(f"/settings/fields/{fields[3]['id']}", params={"module": "Leads"}).json()["fields"]

    assert one == [fields[3]]
    assert crm.get("/settings/fields/1", params={"module": "Leads"}).status_code == 204


@pytest.mark.parametrize(
    "module", [*STANDARD, "Notes", "Attachments", "Appointments__s", "Services__s", "CM1"]
)
def test_every_module_has_fields_a_layout_and_lists(crm: httpx.Client, module: str) -> None:
    """All settings of a module are answered."""
    for what in ("fields", "layouts", "related_lists", "custom_views"):
        reply = crm.get(f"/settings/{what}", params={"module": module})
        assert reply.status_code == 200, (what, reply.text)
        assert reply.json()[what]


def test_layouts_and_views_are_found_by_id(crm: httpx.Client) -> None:
    """The layout marks what it makes compulsory."""
    (layout,) = crm.get("/settings/layouts", params={"module": "Leads"}).json()["layouts"]
    (view,) = crm.get("/settings/custom_views", params={"module": "Leads"}).json()["custom_views"]

    fields = {f["api_name"]: f for f in layout["sections"][0]["fields"]}
    assert fields["Company"]["required"] is True
    for what, one in (("layouts", layout), ("custom_views", view)):
        found = crm.get(f"/settings/{what}/{one['id']}", params={"module": "Leads"})
        assert found.json()[what][0] == one
        assert crm.get(f"/settings/{what}/1", params={"module": "Leads"}).status_code == 204


@pytest.mark.parametrize("what", ["fields", "layouts", "related_lists", "custom_views", "tags"])
def test_the_module_is_compulsory(crm: httpx.Client, what: str) -> None:
    """Without the parameter the request is refused."""
    reply = crm.get(f"/settings/{what}")

    assert (reply.status_code, reply.json()["details"]) == (400, {"param_name": "module"})
    assert crm.get(f"/settings/{what}", params={"module": "x"}).json()["code"] == "INVALID_MODULE"


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({}, [PATRICIA, DANIEL]),
        ({"type": "AllUsers"}, [PATRICIA, DANIEL]),
        ({"type": "CurrentUser"}, [PATRICIA]),
        ({"type": "AdminUsers"}, [PATRICIA]),
        ({"type": "ActiveConfirmedAdmins"}, [PATRICIA]),
        ({"ids": DANIEL}, [DANIEL]),
        ({"per_page": 1, "page": 2}, [DANIEL]),
    ],
)
def test_users_are_listed_by_type(crm: httpx.Client, params: dict[str, Any], ids: list[str]) -> None:
    """Pages and types as published; nobody is no content."""
    users = crm.get("/users", params=params).json()["users"]

    assert [user["id"] for user in users] == ids
    assert crm.get("/users", params={"type": "DeletedUsers"}).status_code == 204


def test_one_user_is_found_by_id(crm: httpx.Client) -> None:
    """With role, profile and time zone; an unknown id is refused."""
    (user,) = crm.get(f"/users/{DANIEL}").json()["users"]

    assert (user["full_name"], user["profile"]["name"]) == ("Daniel Okafor", "Standard")
    assert crm.get("/users/1").json()["code"] == "INVALID_DATA"


def test_the_organisation_is_told(crm: httpx.Client) -> None:
    """Its zgid is what bulk uploads name."""
    (org,) = crm.get("/org").json()["org"]

    assert (org["company_name"], org["zgid"], org["max_per_page"]) == ("Bowman Furniture", "10234695", 200)


@pytest.mark.parametrize(
    ("subform", "column"), [("Subform_External", "Deal_Lookup"), ("Quoted_Items", "Product_Name")]
)
def test_a_subform_counts_as_a_module_of_fields(crm: httpx.Client, subform: str, column: str) -> None:
    """Clients ask for the columns of subforms and line items as if these were modules."""
    fields = crm.get("/settings/fields", params={"module": subform}).json()["fields"]

    assert column in {field["api_name"] for field in fields}

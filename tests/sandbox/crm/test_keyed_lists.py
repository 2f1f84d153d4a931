"""Roles, profiles, territories, currencies, variables, contact roles: read and written alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import DANIEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

Json = dict[str, Any]
CEO = {"id": "111111000000000861"}
NORTH = {"id": "111111000000054020"}
GENERAL = {"id": "111111000000088076"}
# address and a new row of each list that takes one
WRITABLE: Mapping[str, tuple[str, Json]] = {
    "roles": ("/settings/roles", {"name": "Night Shift", "reporting_to": CEO}),
    "territories": (
        "/settings/territories",
        {"name": "South", "reporting_to": NORTH, "permission_type": "read_only"},
    ),
    "currencies": ("/org/currencies", {"iso_code": "SEK", "symbol": "kr", "exchange_rate": "11.0"}),
    "variables": (
        "/settings/variables",
        {"name": "Limit", "api_name": "Limit", "type": "integer", "value": 3, "variable_group": GENERAL},
    ),
    "contact_roles": ("/Contacts/roles", {"name": "Adviser"}),
}
# The keys of a row and the JSON types of their values. source: Zoho's pages and OpenAPI files
SHAPES: Mapping[str, tuple[str, Mapping[str, tuple[type, ...]]]] = {
    "roles": (
        "/settings/roles",
        {
            **dict.fromkeys(("id", "name", "display_label", "api_name"), (str,)),
            **dict.fromkeys(("description", "created_time__s", "modified_time__s"), (str, type(None))),
            **dict.fromkeys(
                ("reporting_to", "forecast_manager", "created_by__s", "modified_by__s"), (dict, type(None))
            ),
            "share_with_peers": (bool,),
        },
    ),
    "profiles": (
        "/settings/profiles",
        {
            **dict.fromkeys(("id", "name", "display_label", "api_name", "type"), (str,)),
            **dict.fromkeys(("description", "created_time", "modified_time"), (str, type(None))),
            **dict.fromkeys(("created_by", "modified_by"), (dict, type(None))),
            "custom": (bool,),
        },
    ),
    "territories": (
        "/settings/territories",
        {
            **dict.fromkeys(("id", "name", "api_name", "permission_type"), (str,)),
            **dict.fromkeys(("description", "created_time", "modified_time"), (str, type(None))),
            **dict.fromkeys(("manager", "reporting_to", "created_by", "modified_by"), (dict, type(None))),
        },
    ),
    "currencies": (
        "/org/currencies",
        {
            **dict.fromkeys(("id", "iso_code", "symbol", "name", "exchange_rate"), (str,)),
            **dict.fromkeys(
                ("created_time", "modified_time", "exchange_rate_updated_time"), (str, type(None))
            ),
            **dict.fromkeys(("created_by", "modified_by"), (dict, type(None))),
            **dict.fromkeys(("prefix_symbol", "is_active", "is_base", "exchange_rate_auto_update"), (bool,)),
            "format": (dict,),
        },
    ),
    "variables": (
        "/settings/variables",
        {
            **dict.fromkeys(("id", "api_name", "name", "type", "source"), (str,)),
            "value": (str, int),
            "description": (str, type(None)),
            "read_only": (bool,),
            "variable_group": (dict,),
        },
    ),
    "contact_roles": ("/Contacts/roles", {"id": (str,), "name": (str,), "sequence_number": (int,)}),
}


def rows(crm: httpx.Client, name: str) -> dict[str, Json]:
    """Return the rows of a list by id."""
    return {row["id"]: row for row in crm.get(SHAPES[name][0]).json()[name]}


def add(crm: httpx.Client, name: str) -> str:
    """Add a row; return its id."""
    address, row = WRITABLE[name]
    reply = crm.post(address, json={name: [row]})
    assert reply.status_code in (200, 201), reply.text
    return str(reply.json()[name][0]["details"]["id"])


@pytest.mark.parametrize("name", SHAPES)
def test_rows_have_the_published_keys_and_types(crm: httpx.Client, name: str) -> None:
    """Every row all of them, and no others; also those that were made."""
    if name in WRITABLE:
        add(crm, name)

    for row in rows(crm, name).values():
        assert set(row) == set(SHAPES[name][1])
        for key, types in SHAPES[name][1].items():
            assert isinstance(row[key], types), (key, row[key])


@pytest.mark.parametrize("name", WRITABLE)
def test_a_row_is_made_changed_and_found_again(crm: httpx.Client, name: str) -> None:
    """What was written is read, in the list and alone."""
    address, _ = WRITABLE[name]
    made = add(crm, name)
    field, value = ("name", "Other") if name != "currencies" else ("exchange_rate", "12.5")

    done = crm.put(address, json={name: [{"id": made, field: value}]}).json()[name][0]

    assert done["code"] == "SUCCESS"
    assert done["details"] == {"id": made}
    row = rows(crm, name)[made]
    assert row[field] == value
    assert crm.get(f"{address}/{made}", params={"group": "General"}).json()[name][0][field] == value


@pytest.mark.parametrize("name", WRITABLE)
def test_each_item_is_refused_by_itself(crm: httpx.Client, name: str) -> None:
    """A second one of the same unique value, one without its compulsory keys, one that is no object."""
    address, row = WRITABLE[name]
    unique = {"currencies": "iso_code", "variables": "api_name"}.get(name, "name")

    reply = crm.post(address, json={name: [row, row, {}, 1]})

    first, second, third, fourth = reply.json()[name]
    assert reply.status_code == 207
    assert first["code"] == "SUCCESS"
    assert (second["code"], second["details"]["api_name"]) == ("DUPLICATE_DATA", unique)
    assert second["details"]["json_path"] == f"$.{name}[1].{unique}"
    assert third["code"] == "MANDATORY_NOT_FOUND"
    assert fourth["details"]["expected_data_type"] == "jsonobject"


def test_a_value_of_the_wrong_type_or_length_is_refused(crm: httpx.Client) -> None:
    """With what would be right."""
    sent = [
        {"name": 1, "reporting_to": CEO},
        {"name": "x" * 201, "reporting_to": CEO},
        {"name": "Y", "reporting_to": {"id": "1"}},
    ]

    items = crm.post("/settings/roles", json={"roles": sent}).json()["roles"]

    assert items[0]["details"]["expected_data_type"] == "string"
    assert items[1]["details"]["maximum_length"] == 200
    assert items[2]["details"] == {"api_name": "id", "json_path": "$.roles[2].reporting_to.id"}


def test_a_deleted_role_hands_its_users_over(crm: httpx.Client) -> None:
    """To the one named; a role that is not there takes nobody."""
    manager = "111111000000000864"
    daniel = f"/users/{DANIEL}"

    assert crm.delete(f"/settings/roles/{manager}").json()["code"] == "REQUIRED_PARAM_MISSING"
    assert crm.delete(f"/settings/roles/{manager}?transfer_to_id=1").json()["code"] == "INVALID_DATA"
    done = crm.delete(f"/settings/roles/{manager}?transfer_to_id={CEO['id']}").json()["roles"][0]

    assert done["message"] == "Role Deleted"
    assert crm.get(daniel).json()["users"][0]["role"] == {"name": "CEO", **CEO}


def test_a_profile_is_cloned_switched_and_deleted(crm: httpx.Client) -> None:
    """Alone it tells every permission; profiles of the system stay."""
    standard = "/settings/profiles/111111000000000499"
    body = {"profiles": [{"name": "Copy"}]}
    made = crm.post(f"{standard}/actions/clone", json=body).json()["profiles"][0]["details"]["id"]
    one = f"/settings/profiles/{made}"
    first = crm.get(one).json()["profiles"][0]["permissions_details"][0]

    off = {"profiles": [{"permissions_details": [{"id": first["id"], "enabled": False}]}]}
    assert crm.put(one, json=off).json()["profiles"][0]["message"] == "profile updated successfully"
    assert crm.get(one).json()["profiles"][0]["permissions_details"][0] == {**first, "enabled": False}
    assert crm.delete(one).json() == {
        "code": "SUCCESS",
        "details": {"id": made},
        "message": "Profile deleted",
        "status": "success",
    }
    assert crm.get(one).json()["details"] == {"resource_path_index": 2}
    kept = crm.delete(f"{standard}?transfer_to=111111000000000497")
    assert kept.json()["code"] == "CANNOT_DELETE"


def test_writing_settings_is_for_administrators(daniel: httpx.Client) -> None:
    """403 NO_PERMISSION names the permission; reading is free."""
    reply = daniel.post("/settings/roles", json={"roles": [{"name": "X"}]})

    assert (reply.status_code, reply.json()["code"]) == (403, "NO_PERMISSION")
    assert daniel.get("/settings/roles").status_code == 200


def test_features_that_are_off_refuse_their_settings(sandbox: Any, crm: httpx.Client) -> None:
    """Territories and currencies; these can be enabled, once."""
    sandbox.settings["crm.territories"] = False
    sandbox.settings["crm.multi_currency"] = False
    body = {"base_currency": {"iso_code": "SEK", "symbol": "kr", "exchange_rate": "1.0"}}

    territories, currencies = crm.get("/settings/territories"), crm.get("/org/currencies")
    enabled = crm.post("/org/currencies/actions/enable", json=body)
    again = crm.post("/org/currencies/actions/enable", json=body)

    assert (territories.status_code, territories.json()["code"]) == (403, "FEATURE_NOT_ENABLED")
    assert (currencies.status_code, currencies.json()["code"]) == (403, "CURRENCIES_NOT_ENABLED")
    assert enabled.json()["base_currency"]["code"] == "SUCCESS"
    assert [(c["iso_code"], c["is_base"]) for c in rows(crm, "currencies").values()] == [("SEK", True)]
    assert again.json()["base_currency"]["code"] == "ALREADY_ENABLED"


def test_variables_are_deleted_by_ids_and_read_by_name(crm: httpx.Client) -> None:
    """Alone only with their group; an unknown id is refused beside the others."""
    made = add(crm, "variables")

    assert crm.get("/settings/variables/Limit").json()["details"] == {"param_name": "group"}
    assert crm.get("/settings/variables/Limit?group=General").json()["variables"][0]["id"] == made
    assert crm.get("/settings/variable_groups/General").json()["variable_groups"][0]["id"] == GENERAL["id"]
    gone, unknown = crm.delete(f"/settings/variables?ids={made},1").json()["variables"]
    assert (gone["message"], unknown["message"]) == ("variable deleted", "variable not deleted")


def test_the_last_contact_role_stays(crm: httpx.Client) -> None:
    """LOWER_LIMIT_REACHED for it alone."""
    every = ",".join(rows(crm, "contact_roles"))

    *deleted, last = crm.delete(f"/Contacts/roles?ids={every}").json()["contact_roles"]

    assert {item["message"] for item in deleted} == {"contact role deleted"}
    assert last["code"] == "LOWER_LIMIT_REACHED"


def test_territories_know_what_lies_below_them(crm: httpx.Client) -> None:
    """By their parent; a rule is told when it is asked for."""
    below = crm.get(f"/settings/territories/{NORTH['id']}/__child_territories").json()["territories"]
    ruled = crm.get("/settings/territories?include=account_rule_criteria").json()["territories"][0]

    assert [row["name"] for row in below] == ["North"]
    assert ruled["account_rule_criteria"] is None

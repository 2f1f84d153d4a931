"""Rows as each version shows them: every key and its JSON type, the keys with `$` among them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .asking import create, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

RECORDED: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (Path(__file__).parent / "v2_rows.yaml").read_text("utf-8")
)
TEXTS = {
    "id": r"\d{16,20}",
    "date": r"\d{4}-\d\d-\d\d",
    "datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d",
    "string": r"(?s).*",
}
NUMBERS = {"integer": int, "number": (int, float), "boolean": bool}
START = {"Start_DateTime": "2026-05-10T10:00:00+05:30", "End_DateTime": "2026-05-10T11:00:00+05:30"}
NEW: dict[str, dict[str, Any]] = {
    "Leads": {"Last_Name": "L", "Company": "C", "City": "Hill"},
    "Contacts": {"Last_Name": "L"},
    "Accounts": {"Account_Name": "A"},
    "Deals": {"Deal_Name": "D", "Stage": "Qualification", "Closing_Date": "2026-12-31", "Amount": 10},
    "Products": {"Product_Name": "P"},
    "Tasks": {"Subject": "S"},
    "Calls": {
        "Subject": "S", "Call_Type": "Outbound", "Call_Start_Time": "2026-05-10T10:00:00+05:30", "Call_Duration": "01:00",
    },
    "Events": {"Event_Title": "E", **START},
}  # fmt: skip


def is_of(kind: str, value: Any) -> bool:
    """Return whether a value has a type as the file says it."""
    if kind == "null":
        return value is None
    if kind in TEXTS:
        return isinstance(value, str) and re.fullmatch(TEXTS[kind], value) is not None
    if kind in NUMBERS:
        return isinstance(value, NUMBERS[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if kind == "[]":
        return isinstance(value, list)
    return isinstance(value, dict) and set(value) == set(filter(None, kind.strip("{}").split(",")))


def expected(module: str) -> dict[str, list[str]]:
    """Return the types that each key may have; what was only seen null may hold a value here."""
    return {key: kinds.split("|") for kinds, keys in RECORDED[module].items() for key in keys}


@pytest.mark.parametrize("module", sorted(RECORDED))
def test_a_row_of_v2_has_the_recorded_keys_and_types(
    client: Callable[..., httpx.Client], module: str
) -> None:
    """In the list and alone, no key more and none less."""
    crm = client("/crm/v2")
    (made,) = create(crm, module, NEW[module])
    (single,) = ok(crm.get(f"/{module}/{made}"))
    listed = next(row for row in ok(crm.get(f"/{module}")) if row["id"] == made)

    wanted = expected(module)
    fields = crm.get("/settings/fields", params={"module": module}).json()["fields"]
    custom = {field["api_name"] for field in fields if field["custom_field"]}
    for row in (single, listed):
        assert set(row) - custom == set(wanted)
        wrong = {
            key: (kinds, row[key])
            for key, kinds in wanted.items()
            if row[key] is not None and kinds != ["null"] and not any(is_of(kind, row[key]) for kind in kinds)
        }
        assert wrong == {}


def test_a_list_of_v2_says_its_order(client: Callable[..., httpx.Client]) -> None:
    """The newest id first, unless it is asked otherwise."""
    crm = client("/crm/v2")
    create(crm, "Leads", NEW["Leads"])

    info = crm.get("/Leads").json()["info"]

    assert set(info) == {"count", "more_records", "page", "per_page", "sort_by", "sort_order"}
    assert (info["sort_by"], info["sort_order"]) == ("id", "desc")


def test_a_key_with_a_dollar_comes_when_it_is_asked_for(crm: httpx.Client) -> None:
    """In a list, by name; others do not."""
    create(crm, "Leads", NEW["Leads"])

    row = ok(crm.get("/Leads", params={"fields": "Last_Name,$currency_symbol,$state,$editable,$approval"}))[0]

    assert set(row) == {"id", "Last_Name", "$currency_symbol", "$state", "$editable", "$approval"}
    assert (row["$currency_symbol"], row["$state"], row["$editable"]) == ("$", "save", True)


@pytest.mark.parametrize(
    ("module", "more"),
    [
        ("Deals", set()),
        ("Accounts", {"$is_duplicate"}),
        ("Contacts", {"$is_duplicate"}),
        ("Leads", {"$converted_detail"}),
    ],
)
def test_one_record_of_a_later_version_carries_its_keys(
    crm: httpx.Client, module: str, more: set[str]
) -> None:
    """As recorded: what v2 told besides is gone, what came since is there."""
    (made,) = create(crm, module, NEW[module])
    (row,) = ok(crm.get(f"/{module}/{made}"))

    assert {key for key in row if key.startswith("$")} - {"$has_more"} == more | {
        "$approval", "$approval_state", "$currency_symbol", "$editable", "$field_states", "$in_merge", "$layout_id",
        "$locked_for_me", "$orchestration", "$pathfinder", "$process_flow", "$review", "$review_process",
        "$sharing_permission", "$state", "$wizard_connection_path", "$zia_owner_assignment", "$zia_visions",
    }  # fmt: skip


def test_a_search_carries_them_too(crm: httpx.Client) -> None:
    """Without `fields` a search shows whole rows."""
    create(crm, "Leads", NEW["Leads"])

    row = ok(crm.get("/Leads/search", params={"word": "Hill"}))[0]

    assert {"$approval", "$editable", "$converted_detail", "$zia_visions"} <= set(row)


@pytest.mark.parametrize(("version", "is_there"), [("v2", False), ("v4", True), ("v8", True)])
def test_the_id_and_the_layout_count_as_fields(
    client: Callable[..., httpx.Client], version: str, is_there: bool
) -> None:
    """From v4 on, in every module; whoever reads modules by their fields skips those without an id."""
    crm = client(f"/crm/{version}")
    names = {
        field["api_name"]
        for field in crm.get("/settings/fields", params={"module": "Leads"}).json()["fields"]
    }

    assert ({"id", "Layout"} <= names) is is_there


def test_a_field_of_the_id_can_be_read_alone(crm: httpx.Client) -> None:
    """By the id that the list gives it; no two fields of any module share one."""
    ids = []
    for module in ("Leads", "Contacts", "Deals", "Products"):
        fields = crm.get("/settings/fields", params={"module": module}).json()["fields"]
        ids += [field["id"] for field in fields]
        record_id = next(field for field in fields if field["api_name"] == "id")
        (alone,) = crm.get(f"/settings/fields/{record_id['id']}", params={"module": module}).json()["fields"]
        assert alone == record_id

    assert len(ids) == len(set(ids))


def test_v2_converts_with_bare_ids(client: Callable[..., httpx.Client]) -> None:
    """No code and no status, as recorded."""
    crm = client("/crm/v2")
    (lead,) = create(crm, "Leads", NEW["Leads"])

    reply = crm.post(f"/Leads/{lead}/actions/convert", json={"data": [{"overwrite": True}]})

    (made,) = ok(reply)
    assert set(made) == {"Contacts", "Deals", "Accounts"}
    assert ok(crm.get(f"/Contacts/{made['Contacts']}"))[0]["Last_Name"] == "L"
    assert made["Deals"] is None


@pytest.mark.parametrize(("version", "is_there"), [("v2", False), ("v5", False), ("v6", True), ("v8", True)])
def test_a_write_tells_the_approval_state(
    client: Callable[..., httpx.Client], version: str, is_there: bool
) -> None:
    """From v6 on."""
    (made,) = ok(client(f"/crm/{version}").post("/Leads", json={"data": [NEW["Leads"]]}), 201)

    assert ("$approval_state" in made["details"]) is is_there


@pytest.mark.parametrize(("setting", "found"), [("after", 0), ("from", 1)])
def test_if_modified_since_may_mean_its_own_second(
    sandbox: Any, crm: httpx.Client, setting: str, found: int
) -> None:
    """Nobody says which: a setting chooses, for a list and for one record alike."""
    sandbox.settings["crm.modified_since"] = setting
    (made,) = create(crm, "Leads", {**NEW["Leads"], "Last_Name": "Newest"})
    (row,) = ok(crm.get(f"/Leads/{made}"))
    since = {"If-Modified-Since": row["Modified_Time"]}

    listed = crm.get("/Leads", params={"fields": "id", "ids": made}, headers=since)
    single = crm.get(f"/Leads/{made}", headers=since)

    assert (len(ok(listed)) if listed.status_code == 200 else 0) == found
    assert single.status_code == (200 if found else 304)

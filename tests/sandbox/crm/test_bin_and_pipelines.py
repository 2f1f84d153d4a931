"""The recycle bin, pipelines, pick-list values, and the count of users."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .asking import create, listed, ok

if TYPE_CHECKING:
    import httpx

BIN = "/settings/recycle_bin"


def deleted(crm: httpx.Client, *names: str) -> list[str]:
    """Make and delete records of the custom module; return their ids."""
    ids = create(crm, "CM1", *({"Name": name} for name in names))
    crm.delete("/CM1", params={"ids": ",".join(ids)})
    return ids


def test_a_deleted_record_lies_in_the_bin(crm: httpx.Client) -> None:
    """With its name, its module, its owner and who deleted it."""
    (gone,) = deleted(crm, "Old")

    (row,) = crm.get(BIN).json()["recycle_bin"]

    assert set(row) == {"display_name", "deleted_time", "owner", "module", "deleted_by", "id"}
    assert (row["id"], row["display_name"], row["module"]["api_name"]) == (gone, "Old", "CM1")
    assert crm.get(f"{BIN}/{gone}").json()["recycle_bin"] == [row]
    assert crm.get(f"{BIN}/actions/count").json() == {"count": 1}


def test_a_restored_record_is_back_with_its_values(crm: httpx.Client) -> None:
    """An id that lies in no bin is refused by itself."""
    (gone,) = deleted(crm, "Back")

    reply = crm.post(f"{BIN}/actions/restore", json={"ids": [gone, "1"]})

    good, bad = reply.json()["recycle_bin"]
    assert (reply.status_code, good["message"], bad["code"]) == (207, "record restored", "INVALID_DATA")
    assert ok(crm.get(f"/CM1/{gone}"))[0]["Name"] == "Back"
    assert crm.get(BIN).status_code == 204


@pytest.mark.parametrize(
    "condition",
    [
        {"field": {"api_name": "display_name"}, "comparator": "contains", "value": "keep"},
        {
            "group_operator": "AND",
            "group": [
                {"field": {"api_name": "module"}, "comparator": "equal", "value": "CM1"},
                {"field": {"api_name": "display_name"}, "comparator": "not_equal", "value": "Other"},
            ],
        },
    ],
)
def test_filters_choose_what_is_deleted_for_good(crm: httpx.Client, condition: dict[str, Any]) -> None:
    """It is then told as deleted for good, and cannot come back."""
    keep, other = deleted(crm, "Keep", "Other")

    done = crm.delete(BIN, params={"filters": json.dumps(condition)}).json()["recycle_bin"]

    assert [item["details"]["id"] for item in done] == [keep]
    assert [row["id"] for row in crm.get(BIN).json()["recycle_bin"]] == [other]
    types = {row["id"]: row["type"] for row in ok(crm.get("/CM1/deleted?type=all"))}
    assert types == {keep: "permanent", other: "recycle"}


def test_the_bin_is_restored_or_emptied_as_a_whole(crm: httpx.Client) -> None:
    """Both at once here, as there is little in it."""
    ids = deleted(crm, "A", "B")
    assert crm.post(f"{BIN}/actions/restore", json={"restore_all_records": True}).status_code == 200
    assert sorted(listed(crm, "CM1")) == sorted(ids)

    crm.delete("/CM1", params={"ids": ",".join(ids)})
    assert crm.post(f"{BIN}/actions/empty").json()["message"] == "recyclebin is cleared"
    assert crm.get(BIN).status_code == 204


def test_the_bin_refuses_what_names_nothing(client: Any, crm: httpx.Client) -> None:
    """No ids and no filters, an unknown comparator, an older version."""
    wrong = json.dumps({"field": {"api_name": "display_name"}, "comparator": "like", "value": "x"})

    assert crm.delete(BIN).json()["code"] == "EXPECTED_FIELD_MISSING"
    deleted(crm, "A")
    refused = crm.get(BIN, params={"filters": wrong}).json()
    assert refused["message"] == "Please provide a valid comparator"
    assert client("/crm/v7").get(BIN).json()["code"] == "API_NOT_SUPPORTED"


def test_the_pipeline_of_deals_tells_its_stages(crm: httpx.Client) -> None:
    """With the forecast of each; the layout is compulsory."""
    (layout,) = crm.get("/settings/layouts?module=Deals").json()["layouts"]
    reply = crm.get("/settings/pipeline", params={"layout_id": layout["id"]})

    (standard,) = reply.json()["pipeline"]
    assert set(standard) == {"id", "display_value", "actual_value", "default", "maps"}
    lost = standard["maps"][-1]
    assert (lost["forecast_type"], lost["forecast_category"]["name"]) == ("Closed Lost", "Omitted")
    assert standard["maps"][3]["actual_value"] == "Id. Decision Makers"
    assert crm.get("/settings/pipeline").json()["code"] == "REQUIRED_PARAM_MISSING"
    assert crm.get("/settings/pipeline?layout_id=1").json()["message"] == "Invalid layoutid"


def test_a_pipeline_is_made_of_stages_that_are_there(crm: httpx.Client) -> None:
    """Named by id or by what is displayed."""
    (layout,) = crm.get("/settings/layouts?module=Deals").json()["layouts"]
    params = {"layout_id": layout["id"]}
    short = {
        "display_value": "Short",
        "maps": [{"display_value": "Qualification"}, {"display_value": "Closed Won"}],
    }

    made = crm.post("/settings/pipeline", params=params, json={"pipeline": [short]})
    wrong = {"pipeline": [{"display_value": "No", "maps": [{"display_value": "Nowhere"}]}]}

    one = made.json()["pipeline"][0]["details"]["id"]
    shown = crm.get(f"/settings/pipeline/{one}", params=params).json()["pipeline"][0]
    assert [stage["display_value"] for stage in shown["maps"]] == ["Qualification", "Closed Won"]
    refused = crm.post("/settings/pipeline", params=params, json=wrong).json()["pipeline"][0]
    assert refused["details"]["json_path"] == "$.pipeline[0].maps[0]"


def test_the_values_of_a_pick_list_are_listed(crm: httpx.Client) -> None:
    """With the layouts that use them; another field has none."""
    fields = {f["api_name"]: f["id"] for f in crm.get("/settings/fields?module=Leads").json()["fields"]}
    address = "/settings/fields/{}/pick_list_values?module=Leads"

    values = crm.get(address.format(fields["Lead_Source"])).json()["pick_list_values"]

    keys = {"id", "display_value", "reference_value", "actual_value", "sequence_number"}
    assert keys | {"colour_code", "type", "layout_associations"} <= set(values[0])
    assert crm.get(address.format(fields["Last_Name"])).status_code == 204


def test_users_are_counted_by_type(crm: httpx.Client) -> None:
    """As the list would tell them."""
    assert crm.get("/users/actions/count").json() == {"count": 2}
    assert crm.get("/users/actions/count?type=AdminUsers").json() == {"count": 1}
    assert crm.get("/users/actions/count?type=Odd").json()["code"] == "PATTERN_NOT_MATCHED"

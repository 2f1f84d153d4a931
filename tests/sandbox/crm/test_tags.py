"""Tags: the list of a module and the tags on records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, create, get

if TYPE_CHECKING:
    import httpx

MODULE = {"module": "Leads"}


def new_tag(crm: httpx.Client, name: str) -> str:
    """Create a tag for leads; return its id."""
    reply = crm.post("/settings/tags", params=MODULE, json={"tags": [{"name": name}]})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["tags"][0]["details"]["id"])


def names(crm: httpx.Client, lead: str) -> list[str]:
    """Return the names of a lead's tags."""
    return [tag["name"] for tag in get(crm, "Leads", lead)["Tag"]]


def test_tags_are_created_renamed_and_deleted(crm: httpx.Client) -> None:
    """A renamed tag is renamed on its records, a deleted one leaves them."""
    tag = new_tag(crm, "hot")
    (lead,) = create(crm, "Leads", {"Last_Name": "L", "Tag": [{"name": "hot"}]})

    crm.put(f"/settings/tags/{tag}", params=MODULE, json={"tags": [{"name": "warm"}]})
    renamed = names(crm, lead)
    crm.delete(f"/settings/tags/{tag}")

    assert renamed == ["warm"]
    assert names(crm, lead) == []
    assert crm.get("/settings/tags", params=MODULE).json()["tags"] == []


def test_an_unknown_tag_on_a_record_is_made(crm: httpx.Client) -> None:
    """Naming it is enough."""
    create(crm, "Leads", {"Last_Name": "L", "Tag": [{"name": "new"}]})

    reply = crm.get("/settings/tags", params=MODULE).json()

    assert [tag["name"] for tag in reply["tags"]] == ["new"]
    assert reply["info"]["count"] == 1


def test_tags_are_put_on_many_records_and_taken_off(crm: httpx.Client) -> None:
    """over_write replaces the old tags; the reply counts successes."""
    leads = create(crm, "Leads", {"Last_Name": "L", "Tag": [{"name": "old"}]}, {"Last_Name": "M"})

    added = crm.post("/Leads/actions/add_tags", json={"ids": leads, "tags": [{"name": "a"}, {"name": "b"}]})
    both = [names(crm, lead) for lead in leads]
    crm.post("/Leads/actions/remove_tags", json={"ids": leads, "tags": [{"name": "a"}]})
    crm.post(f"/Leads/{leads[0]}/actions/add_tags", json={"tags": [{"name": "only"}], "over_write": True})

    assert added.json()["success_count"] == "2"
    assert both == [["old", "a", "b"], ["a", "b"]]
    assert [names(crm, lead) for lead in leads] == [["only"], ["b"]]


def test_the_older_parameters_of_tags_work(client: Any, crm: httpx.Client) -> None:
    """v2 names tags and records in the query."""
    (lead,) = create(crm, "Leads", {"Last_Name": "L"})

    client("/crm/v2").post("/Leads/actions/add_tags", params={"tag_names": "a,b", "ids": lead})

    assert names(crm, lead) == ["a", "b"]


def test_tags_are_merged_and_counted(crm: httpx.Client) -> None:
    """Records with either tag have the kept one afterwards."""
    keep, gone = new_tag(crm, "keep"), new_tag(crm, "gone")
    leads = create(
        crm,
        "Leads",
        {"Last_Name": "L", "Tag": [{"id": keep}, {"id": gone}]},
        {"Last_Name": "M", "Tag": [{"id": gone}]},
    )

    crm.post(f"/settings/tags/{keep}/actions/merge", json={"tags": [{"conflict_id": gone}]})

    assert [names(crm, lead) for lead in leads] == [["keep"], ["keep"]]
    counted = crm.get(f"/settings/tags/{keep}/actions/records_count", params=MODULE)
    assert counted.json() == {"count": "2"}


def test_many_tags_are_deleted_in_a_job(crm: httpx.Client) -> None:
    """The job is answered 202 and can be looked up."""
    tags = [{"id": new_tag(crm, name)} for name in ("a", "b")]
    module = {"api_name": "Leads", "id": "111111000000002175"}

    reply = crm.post(
        "/settings/tags/actions/mass_delete", json={"mass_delete": [{"module": module, "tags": tags}]}
    )

    job = reply.json()["details"]["job_id"]
    (shown,) = crm.get("/settings/tags/actions/mass_delete", params={"job_id": job}).json()["mass_delete"]
    assert (reply.status_code, shown["status"]) == (202, "completed")
    assert crm.get("/settings/tags", params=MODULE).json()["tags"] == []


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ({}, "MANDATORY_NOT_FOUND"),
        ({"name": 5}, "INVALID_DATA"),
        ({"name": "x" * 26}, "INVALID_DATA"),
        ({"name": "taken"}, "DUPLICATE_DATA"),
    ],
)
def test_a_tag_without_sense_is_refused(crm: httpx.Client, tag: Json, code: str) -> None:
    """The item names the place of the name."""
    new_tag(crm, "taken")

    (item,) = crm.post("/settings/tags", params=MODULE, json={"tags": [tag]}).json()["tags"]

    assert (item["code"], item["details"]["json_path"]) == (code, "$.tags[0].name")

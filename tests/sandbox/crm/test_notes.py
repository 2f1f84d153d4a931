"""Notes: of one record and of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .asking import ok

if TYPE_CHECKING:
    import httpx

LEAD = "111111000000150201"
OF_LEAD = f"/Leads/{LEAD}/Notes"


def note(crm: httpx.Client, title: str = "Called") -> str:
    """Write a note on the lead; return its id."""
    reply = crm.post(OF_LEAD, json={"data": [{"Note_Title": title}]})
    return str(ok(reply, 201)[0]["details"]["id"])


def test_a_note_belongs_to_the_record_it_names(crm: httpx.Client) -> None:
    """Written under /Notes with its parent, it is found under the parent."""
    parent = {"module": {"api_name": "Leads"}, "id": LEAD}
    body = {"data": [{"Note_Title": "T", "Note_Content": "C", "Parent_Id": parent}]}
    ok(crm.post("/Notes", json=body), 201)

    (shown,) = ok(crm.get(OF_LEAD, params={"fields": "Note_Title,Note_Content,Parent_Id"}))

    assert (shown["Note_Title"], shown["Note_Content"]) == ("T", "C")
    assert shown["Parent_Id"] == {
        "name": "John Doe",
        "id": LEAD,
        "module": {"api_name": "Leads", "id": "111111000000002175"},
    }
    assert shown["$attachments"] == []


def test_the_old_way_to_name_a_parent_works(crm: httpx.Client) -> None:
    """Parent_Id as a bare id beside se_module, as in v2."""
    body = {"data": [{"Note_Title": "T", "Parent_Id": LEAD, "se_module": "Leads"}]}

    assert crm.post("/Notes", json=body).status_code == 201


def test_a_note_says_something(crm: httpx.Client) -> None:
    """Neither title nor content is refused; others of the request are written: 207."""
    reply = crm.post(OF_LEAD, json={"data": [{"Note_Title": "T"}, {}]})

    assert reply.status_code == 207
    refused = reply.json()["data"][1]
    assert refused["code"] == "EXPECTED_FIELD_MISSING"
    assert [field["json_path"] for field in refused["details"]["expected_fields"]] == [
        "$.data[1].Note_Content",
        "$.data[1].Note_Title",
    ]


def test_a_note_needs_a_parent(crm: httpx.Client) -> None:
    """Under /Notes the parent is compulsory."""
    (item,) = crm.post("/Notes", json={"data": [{"Note_Title": "T"}]}).json()["data"]

    assert (item["code"], item["details"]["api_name"]) == ("MANDATORY_NOT_FOUND", "Parent_Id")


@pytest.mark.parametrize("prefix", ["/Notes", OF_LEAD])
def test_notes_are_changed_and_deleted_by_both_paths(crm: httpx.Client, prefix: str) -> None:
    """One by one and many at a time."""
    first, second = note(crm), note(crm)

    ok(crm.put(f"{prefix}/{first}", json={"data": [{"Note_Content": "more"}]}))
    ok(crm.put(prefix, json={"data": [{"id": second, "Note_Title": "x"}]}))
    (shown,) = ok(crm.get(f"{prefix}/{first}"))
    ok(crm.delete(f"{prefix}/{first}"))
    ok(crm.delete(prefix, params={"ids": second}))

    assert (shown["Note_Title"], shown["Note_Content"]) == ("Called", "more")
    assert crm.get(OF_LEAD, params={"fields": "id"}).status_code == 204
    assert crm.delete(prefix, params={"ids": second}).json()["data"][0]["message"] == "record not deleted"


def test_only_administrators_list_all_notes(crm: httpx.Client, daniel: httpx.Client) -> None:
    """Others get 403, but may read those of a record."""
    note(crm)

    assert len(ok(crm.get("/Notes", params={"fields": "Note_Title"}))) == 1
    refused = daniel.get("/Notes", params={"fields": "Note_Title"})
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_SUPPORTED")
    assert len(ok(daniel.get(OF_LEAD, params={"fields": "Note_Title"}))) == 1


def test_a_note_can_have_attachments(crm: httpx.Client) -> None:
    """They are listed in the note's $attachments."""
    made = note(crm)
    crm.post(f"/Notes/{made}/Attachments", files={"file": ("a.txt", b"hello")})

    (shown,) = ok(crm.get(f"/Notes/{made}"))

    assert [(file["File_Name"], file["Size"]) for file in shown["$attachments"]] == [("a.txt", "5")]

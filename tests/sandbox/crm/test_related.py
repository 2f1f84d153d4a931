"""Related records: by lookup, by link, of deleted parents; their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .asking import create, get, ok

if TYPE_CHECKING:
    import httpx

ZYLKER, KING = "111111000000150001", "111111000000150002"
ANNA, CAMPAIGN = "111111000000150101", "111111000000150601"


def related(crm: httpx.Client, path: str) -> list[str]:
    """Return the ids of a related list."""
    reply = crm.get(path, params={"fields": "id"})
    return [] if reply.status_code == 204 else [row["id"] for row in ok(reply)]


def test_children_are_those_whose_lookup_points_back(crm: httpx.Client) -> None:
    """The contacts of an account are the contacts with this account."""
    (contact,) = create(crm, "Contacts", {"Last_Name": "L", "Account_Name": {"id": ZYLKER}})

    reply = crm.get(f"/Accounts/{ZYLKER}/Contacts", params={"fields": "Last_Name"})

    assert ok(reply) == [{"Last_Name": "L", "id": contact}]
    assert reply.json()["info"]["count"] == 1
    assert ok(crm.get(f"/Accounts/{ZYLKER}/Contacts/{contact}", params={"fields": "id"}))


def test_relating_a_child_sets_its_lookup(crm: httpx.Client) -> None:
    """PUT moves the child to the parent, DELETE empties its lookup; the child stays."""
    (item,) = ok(crm.put(f"/Accounts/{ZYLKER}/Contacts/{ANNA}", json={"data": [{"Title": "CEO"}]}))
    moved = get(crm, "Contacts", ANNA)
    ok(crm.delete(f"/Accounts/{ZYLKER}/Contacts/{ANNA}"))

    assert item["message"] == "relation added"
    assert (moved["Account_Name"]["id"], moved["Title"]) == (ZYLKER, "CEO")
    assert get(crm, "Contacts", ANNA)["Account_Name"] is None


def test_links_are_seen_from_both_sides(crm: httpx.Client) -> None:
    """A contact in a campaign is a campaign of the contact, until the link is taken away."""
    ok(crm.put(f"/Campaigns/{CAMPAIGN}/Contacts", json={"data": [{"id": ANNA}]}))
    both = related(crm, f"/Campaigns/{CAMPAIGN}/Contacts"), related(crm, f"/Contacts/{ANNA}/Campaigns")
    ok(crm.delete(f"/Contacts/{ANNA}/Campaigns", params={"ids": CAMPAIGN}))

    assert both == ([ANNA], [CAMPAIGN])
    assert related(crm, f"/Campaigns/{CAMPAIGN}/Contacts") == []


def test_a_mixture_of_relations_is_answered_207(crm: httpx.Client) -> None:
    """An unknown child is a fault of its item."""
    items = [{"id": ANNA}, {"id": "111111000000999999"}]

    reply = crm.put(f"/Campaigns/{CAMPAIGN}/Contacts", json={"data": items})

    assert reply.status_code == 207
    assert [item["code"] for item in reply.json()["data"]] == ["SUCCESS", "INVALID_DATA"]


def test_the_children_of_a_deleted_parent_can_be_listed(crm: httpx.Client) -> None:
    """Under /deleted, by the deleted record's id."""
    crm.delete(f"/Accounts/{KING}")

    assert related(crm, f"/Accounts/deleted/{KING}/Contacts") == [ANNA]


def test_an_unknown_list_is_refused(crm: httpx.Client) -> None:
    """The refusal points at the place in the path."""
    reply = crm.get(f"/Accounts/{KING}/Nothing", params={"fields": "id"})

    assert reply.json()["details"] == {"resource_path_index": 2}


def test_related_records_are_counted(crm: httpx.Client) -> None:
    """v8 counts several lists at once."""
    asked = [{"related_list": {"api_name": name, "id": "1"}} for name in ("Contacts", "Notes")]

    reply = crm.post(
        f"/Accounts/{KING}/actions/get_related_records_count", json={"get_related_records_count": asked}
    )

    counted = reply.json()["get_related_records_count"]
    assert [(one["related_list"]["api_name"], one["count"]) for one in counted] == [
        ("Contacts", 1),
        ("Notes", 0),
    ]


def test_a_custom_lookup_makes_a_related_list(sandbox: object, crm: httpx.Client) -> None:
    """The custom module that points at accounts is a related list of accounts."""
    (made,) = create(crm, "CM1", {"Name": "N", "Related_Account": {"id": ZYLKER}})

    assert related(crm, f"/Accounts/{ZYLKER}/CM1") == [made]

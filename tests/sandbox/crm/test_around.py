"""What is done around records: roles in deals, owners, many at once, merging, photos, sharing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, create, error_of, get, listed, ok
from .conftest import DANIEL, PATRICIA

if TYPE_CHECKING:
    import httpx

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
DECIDER, BUYER = "111111000000007164", "111111000000007168"


@pytest.fixture
def deal(crm: httpx.Client) -> str:
    """A deal."""
    (made,) = create(crm, "Deals", {"Deal_Name": "D", "Stage": "Qualification"})
    return made


@pytest.fixture
def contact(crm: httpx.Client) -> str:
    """A contact."""
    (made,) = create(crm, "Contacts", {"Last_Name": "Kay"})
    return made


def view_of(crm: httpx.Client, module: str) -> str:
    """Return the id of a module's one view."""
    return str(crm.get(f"/settings/custom_views?module={module}").json()["custom_views"][0]["id"])


def test_a_contact_plays_a_role_in_a_deal(crm: httpx.Client, deal: str, contact: str) -> None:
    """First added, then changed; the list and the contact alone tell the role."""
    address = f"/Deals/{deal}/Contact_Roles"

    first = crm.put(f"{address}/{contact}", json={"data": [{"Contact_Role": {"id": DECIDER}}]})
    again = crm.put(address, json={"data": [{"id": contact, "Contact_Role": {"name": "Purchasing"}}]})

    assert ok(first)[0]["message"] == "relation added"
    assert ok(again)[0]["message"] == "relation updated"
    reply = crm.get(address, params={"fields": "Last_Name"}).json()
    role = {"name": "Purchasing", "id": BUYER}
    assert reply["data"] == [{"Last_Name": "Kay", "id": contact, "Contact_Role": role}]
    assert reply["info"]["count"] == 1
    assert ok(crm.get(f"{address}/{contact}?fields=Last_Name"))[0]["Contact_Role"] == role


def test_a_contact_leaves_a_deal(crm: httpx.Client, deal: str, contact: str) -> None:
    """Once; then there is nothing to delete."""
    address = f"/Deals/{deal}/Contact_Roles/{contact}"
    crm.put(address, json={"data": [{"Contact_Role": {"id": DECIDER}}]})

    assert ok(crm.delete(address))[0]["message"] == "relation removed"
    assert crm.get(f"/Deals/{deal}/Contact_Roles?fields=id").status_code == 204
    assert error_of(crm.delete(address))["message"] == "contact role not deleted"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({}, "MANDATORY_NOT_FOUND"),
        ({"Contact_Role": {"id": "1"}}, "INVALID_DATA"),
        ({"Contact_Role": {"name": "Nobody"}}, "INVALID_DATA"),
    ],
)
def test_a_role_must_be_one(crm: httpx.Client, deal: str, contact: str, item: Json, code: str) -> None:
    """Missing or unknown, it is refused and nothing is related."""
    address = f"/Deals/{deal}/Contact_Roles"

    refused = error_of(crm.put(f"{address}/{contact}", json={"data": [item]}))

    assert (refused["code"], refused["details"]["json_path"]) == (code, "$.data[0].Contact_Role")
    assert crm.get(f"{address}?fields=id").status_code == 204


def test_the_role_of_a_conversion_is_kept(crm: httpx.Client) -> None:
    """An id as text in Deals.Contact_Role; an unknown one undoes the conversion."""
    (lead,) = create(crm, "Leads", {"Last_Name": "L", "Company": "C"})
    asked = {"Deal_Name": "D", "Stage": "Qualification", "Closing_Date": "2027-01-01"}

    wrong = crm.post(
        f"/Leads/{lead}/actions/convert", json={"data": [{"Deals": {**asked, "Contact_Role": "1"}}]}
    )
    done = crm.post(
        f"/Leads/{lead}/actions/convert", json={"data": [{"Deals": {**asked, "Contact_Role": DECIDER}}]}
    )

    made = ok(done)[0]["details"]
    assert wrong.status_code == 400
    (row,) = ok(crm.get(f"/Deals/{made['Deals']['id']}/Contact_Roles?fields=id"))
    assert (row["id"], row["Contact_Role"]["id"]) == (made["Contacts"]["id"], DECIDER)


def test_an_owner_is_changed_with_related_records(crm: httpx.Client) -> None:
    """One record, and those of the related modules that are named."""
    (account,) = create(crm, "Accounts", {"Account_Name": "A"})
    (contact,) = create(crm, "Contacts", {"Last_Name": "B", "Account_Name": {"id": account}})
    body = {"owner": {"id": DANIEL}, "notify": True, "related_modules": [{"api_name": "Contacts", "id": "1"}]}

    done = ok(crm.post(f"/Accounts/{account}/actions/change_owner", json=body))

    assert done == [
        {
            "code": "SUCCESS",
            "details": {"id": account},
            "message": "owner is successfully updated",
            "status": "success",
        }
    ]
    assert get(crm, "Accounts", account)["Owner"]["id"] == DANIEL
    assert get(crm, "Contacts", contact)["Owner"]["id"] == DANIEL


def test_the_owner_of_many_is_changed_one_by_one(crm: httpx.Client) -> None:
    """An unknown record is refused by itself; a new owner must be there."""
    ids = create(crm, "CM1", {"Name": "a"}, {"Name": "b"})
    address = "/CM1/actions/change_owner"

    reply = crm.post(address, json={"ids": [*ids, "1"], "owner": {"id": DANIEL}})
    nobody = crm.post(address, json={"ids": ids, "owner": {"id": "1"}}).json()

    assert (reply.status_code, reply.json()["data"][2]["code"]) == (207, "INVALID_DATA")
    assert {get(crm, "CM1", one)["Owner"]["id"] for one in ids} == {DANIEL}
    assert nobody["details"]["json_path"] == "$.owner.id"
    assert crm.post(address, json={"ids": ids}).json()["code"] == "MANDATORY_NOT_FOUND"
    assert crm.post(address, json={"owner": {"id": DANIEL}}).json()["details"]["api_name"] == "ids"


def test_the_owner_of_a_view_is_changed_by_a_job(crm: httpx.Client) -> None:
    """The job tells how many; only its own module and action know it."""
    ids = create(crm, "CM1", {"Name": "a"}, {"Name": "b"})
    body = {"cvid": view_of(crm, "CM1"), "owner": {"id": DANIEL}}

    job = ok(crm.post("/CM1/actions/mass_change_owner", json=body))[0]["details"]["job_id"]

    told = ok(crm.get("/CM1/actions/mass_change_owner", params={"job_id": job}))[0]
    assert told == {
        "Status": "COMPLETED",
        "Failed_Count": 0,
        "Not_Updated_Count": 0,
        "Updated_Count": 2,
        "Total_Count": 2,
    }
    assert get(crm, "CM1", ids[0])["Owner"]["id"] == DANIEL
    assert crm.get(f"/Leads/actions/mass_change_owner?job_id={job}").status_code == 404
    assert crm.get("/CM1/actions/mass_change_owner").json()["code"] == "REQUIRED_PARAM_MISSING"


def test_one_field_of_many_records_is_updated(crm: httpx.Client) -> None:
    """As an ordinary update tells it; the job of a view counts."""
    ids = create(crm, "Leads", {"Last_Name": "a"}, {"Last_Name": "b"})
    address = "/Leads/actions/mass_update"

    reply = crm.post(address, json={"data": [{"City": "Rome"}], "ids": [*ids, "1"]})
    job = crm.post(address, json={"data": [{"City": "Bern"}], "cvid": view_of(crm, "Leads")})

    first, _, unknown = reply.json()["data"]
    assert (reply.status_code, first["message"], unknown["details"]) == (207, "record updated", {"id": "1"})
    assert set(first["details"]) >= {"Modified_Time", "Modified_By", "Created_Time", "id", "Created_By"}
    assert ok(job)[0]["code"] == "SCHEDULED"
    told = ok(crm.get(address, params={"job_id": ok(job)[0]["details"]["job_id"]}))[0]
    assert (told["Status"], told["Updated_Count"]) == ("COMPLETED", len(listed(crm, "Leads")))
    assert get(crm, "Leads", ids[0])["City"] == "Bern"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"data": [{"City": "x", "State": "y"}], "ids": ["1"]}, "INVALID_DATA"),
        ({"data": [{}], "ids": ["1"]}, "INVALID_DATA"),
        ({"data": [{"Email": "a@example.com"}], "ids": ["1"]}, "INVALID_DATA"),
        ({"data": [{"Nothing": 1}], "ids": ["1"]}, "INVALID_DATA"),
        ({"data": [{"City": "x"}]}, "MANDATORY_NOT_FOUND"),
        ({"data": [{"City": "x"}], "ids": ["1"] * 501}, "LIMIT_EXCEEDED"),
        ({"data": [{"City": "x"}], "cvid": "1"}, "INVALID_DATA"),
    ],
)
def test_a_mass_update_has_its_rules(crm: httpx.Client, body: Json, code: str) -> None:
    """One field that may be set so, ids or a view, at most 500."""
    assert crm.post("/Leads/actions/mass_update", json=body).json()["code"] == code


def test_many_records_are_deleted(crm: httpx.Client) -> None:
    """By ids one by one, by a view as a job."""
    ids = create(crm, "CM1", {"Name": "a"}, {"Name": "b"}, {"Name": "c"})
    address = "/CM1/actions/mass_delete"

    done = crm.post(address, json={"ids": ids[:1]})
    job = ok(crm.post(address, json={"cvid": view_of(crm, "CM1")}))[0]["details"]["job_id"]

    assert ok(done)[0]["message"] == "record is deleted"
    told = ok(crm.get(address, params={"job_id": job}))[0]
    assert told == {"Status": "COMPLETED", "Deleted_Count": 2, "Failed_Count": 0, "Total_Count": 2}
    assert listed(crm, "CM1") == []


def test_a_merge_takes_what_is_wanted_and_all_that_belongs(crm: httpx.Client) -> None:
    """The child is gone; its notes and its deals are the master's."""
    master, child = create(
        crm, "Contacts", {"Last_Name": "M", "Phone": "1"}, {"Last_Name": "C", "Phone": "2", "Department": "D"}
    )
    (deal,) = create(
        crm, "Deals", {"Deal_Name": "D", "Stage": "Qualification", "Contact_Name": {"id": child}}
    )
    crm.post(f"/Contacts/{child}/Notes", json={"data": [{"Note_Content": "n"}]})
    body = {"merge": [{"data": [{"id": child, "_fields": [{"api_name": "Phone"}]}]}]}

    done = crm.post(f"/Contacts/{master}/actions/merge", json=body).json()["merge"][0]

    assert (done["code"], done["details"]) == ("SUCCESS", {"id": master})
    merged = get(crm, "Contacts", master)
    assert (merged["Last_Name"], merged["Phone"], merged["Department"]) == ("M", "2", None)
    assert get(crm, "Deals", deal)["Contact_Name"]["id"] == master
    assert len(ok(crm.get(f"/Contacts/{master}/Notes?fields=Note_Content"))) == 1
    assert crm.get(f"/Contacts/{child}").status_code == 204


def test_a_merge_has_its_rules(crm: httpx.Client, contact: str) -> None:
    """One object with one or two other records of the module."""
    address = f"/Contacts/{contact}/actions/merge"

    for data in ([], [{"id": "1"}], [{"id": contact}], [{"id": "1"}] * 3):
        reply = crm.post(address, json={"merge": [{"data": data}]})
        assert reply.status_code == 400, reply.text
    assert crm.post(address, json={}).json()["code"] == "MANDATORY_NOT_FOUND"
    assert crm.get(f"{address}?job_id=1").json()["code"] == "INVALID_DATA"


def test_a_photo_comes_and_goes(crm: httpx.Client, contact: str) -> None:
    """Byte by byte; none is no content."""
    address = f"/Contacts/{contact}/photo"
    assert crm.get(address).status_code == 204

    done = crm.post(address, files={"file": ("me.png", PNG)})

    assert done.json() == {
        "message": "photo uploaded successfully",
        "details": {},
        "status": "success",
        "code": "SUCCESS",
    }
    assert crm.get(address).content == PNG
    assert crm.delete(address).json()["message"] == "Photo deleted"
    assert crm.get(address).status_code == 204


def test_a_photo_is_a_picture_of_a_record_that_can_have_one(
    crm: httpx.Client, deal: str, contact: str
) -> None:
    """Nothing else is taken."""
    files = {"file": ("a.txt", b"text")}

    assert crm.post(f"/Contacts/{contact}/photo", files=files).json()["code"] == "INVALID_DATA"
    assert crm.post(f"/Contacts/{contact}/photo").json()["code"] == "REQUIRED_PARAM_MISSING"
    assert crm.get(f"/Deals/{deal}/photo").json()["code"] == "INVALID_MODULE"


def test_a_record_is_shared_seen_and_revoked(crm: httpx.Client, contact: str) -> None:
    """With a user; PUT replaces whom POST adds."""
    address = f"/Contacts/{contact}/actions/share"
    to = {"type": "private", "permission": "read_only", "share_related_records": False}
    users, roles = {"type": "users", "id": DANIEL}, {"type": "roles", "id": "111111000000000861"}

    made = crm.post(address, json={"share": [{**to, "shared_with": users}]})
    more = crm.post(address, json={"share": [{**to, "shared_with": roles}]})

    assert (made.status_code, made.json()["share"][0]["message"]) == (
        201,
        "record will be shared successfully",
    )
    assert more.status_code == 201
    user, role = crm.get(address).json()["share"]
    assert set(user) == {
        "shared_with",
        "share_related_records",
        "shared_through",
        "shared_time",
        "permission",
        "shared_by",
        "type",
    }
    assert user["shared_with"]["name"] == "Daniel Okafor" or user["shared_with"]["id"] == DANIEL
    assert (role["shared_with"]["name"], role["shared_by"]["id"]) == ("CEO", PATRICIA)
    crm.put(address, json={"share": [{**to, "shared_with": roles}]})
    assert len(crm.get(address).json()["share"]) == 1
    assert crm.delete(address).json()["share"]["message"] == "Sharing Revoked"
    assert crm.get(address).status_code == 204
    assert crm.delete(address).json()["code"] == "CANNOT_PROCESS"


def test_sharing_has_its_rules(crm: httpx.Client, contact: str) -> None:
    """What is compulsory, who may be named, and which record."""
    address = f"/Contacts/{contact}/actions/share"
    one = {"type": "private", "permission": "read_only", "shared_with": {"type": "users", "id": DANIEL}}

    items = [
        {**one, "permission": None},
        {**one, "permission": "odd"},
        {**one, "shared_with": {"type": "users"}},
    ]
    refused = crm.post(address, json={"share": items}).json()["share"]

    assert [item["code"] for item in refused] == ["MANDATORY_NOT_FOUND", "INVALID_DATA", "INVALID_DATA"]
    assert crm.get(f"{address}?view=odd").json()["code"] == "PATTERN_NOT_MATCHED"
    assert crm.get("/Contacts/1/actions/share").json()["message"] == "ENTITY_ID_INVALID"


def test_long_texts_are_told_as_a_whole(crm: httpx.Client, contact: str) -> None:
    """Of one record and of many; eight fields at most."""
    crm.put(f"/Contacts/{contact}", json={"data": [{"Description": "x" * 900}]})
    one = f"/Contacts/{contact}/actions/fetch_full_data"

    assert ok(crm.get(f"{one}?fields=Description")) == [{"Description": "x" * 900, "id": contact}]
    many = crm.get("/Contacts/actions/fetch_full_data", params={"ids": contact, "fields": "Description"})
    assert len(ok(many)) == 1
    assert crm.get(one).json()["code"] == "REQUIRED_PARAM_MISSING"
    assert crm.get(f"{one}?fields={','.join('abcdefghi')}").json()["code"] == "LIMIT_EXCEEDED"


def test_actions_have_scopes_of_their_own(client: Any) -> None:
    """Sharing and owners are granted apart from the records."""
    crm = client("/crm/v8", scopes=["ZohoCRM.share.contacts.READ"])

    assert crm.get("/Contacts/111111000000150101/actions/share").status_code == 204
    assert crm.post("/Contacts/actions/change_owner", json={}).status_code == 401

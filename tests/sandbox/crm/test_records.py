"""Records: created, read, updated and deleted one by one and many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import create, error_of, get, listed, ok

if TYPE_CHECKING:
    import httpx

UNKNOWN = "111111000000999999"


def test_a_created_record_is_read_back_with_names_beside_ids(crm: httpx.Client) -> None:
    """Lookups and people are shown with their names, fields without a value as null."""
    (account,) = create(crm, "Accounts", {"Account_Name": "Acme"})
    (contact,) = create(
        crm, "Contacts", {"First_Name": "Ann", "Last_Name": "Lee", "Account_Name": {"id": account}}
    )

    shown = get(crm, "Contacts", contact)

    assert shown["Full_Name"] == "Ann Lee"
    assert shown["Account_Name"] == {"name": "Acme", "id": account}
    assert shown["Owner"]["email"] == "patricia.boyle@example.com"
    assert shown["Phone"] is None
    assert shown["Email_Opt_Out"] is False


def test_a_lookup_may_be_a_bare_id_and_follows_its_target(crm: httpx.Client) -> None:
    """A renamed target is renamed everywhere; a deleted one leaves the lookup empty."""
    (account,) = create(crm, "Accounts", {"Account_Name": "Old"})
    (contact,) = create(crm, "Contacts", {"Last_Name": "Lee", "Account_Name": account})

    crm.put(f"/Accounts/{account}", json={"data": [{"Account_Name": "New"}]})
    renamed = get(crm, "Contacts", contact)["Account_Name"]
    crm.delete(f"/Accounts/{account}")

    assert renamed == {"name": "New", "id": account}
    assert get(crm, "Contacts", contact)["Account_Name"] is None


def test_a_mixture_is_answered_207_in_order(crm: httpx.Client) -> None:
    """Good records are created although others are refused; each has its own result."""
    records = [{"Last_Name": "A"}, {"First_Name": "B"}, "C", {"Last_Name": "D"}]

    reply = crm.post("/Contacts", json={"data": records})

    assert reply.status_code == 207
    codes = [item["code"] for item in reply.json()["data"]]
    assert codes == ["SUCCESS", "MANDATORY_NOT_FOUND", "INVALID_DATA", "SUCCESS"]


@pytest.mark.parametrize("status", [200, 202, 207])
def test_the_status_of_a_mixture_can_be_set(sandbox: Any, crm: httpx.Client, status: int) -> None:
    """Some organisations answer a mixture with 200, old notes with 202."""
    sandbox.settings["crm.mixed_status"] = status

    reply = crm.post("/Contacts", json={"data": [{"Last_Name": "A"}, {}]})

    assert reply.status_code == status


def test_many_updates_each_name_their_record(crm: httpx.Client) -> None:
    """A missing and an unknown id are faults of their items alone."""
    (contact,) = create(crm, "Contacts", {"Last_Name": "L"})
    records = [{"id": contact, "Phone": "1"}, {"Phone": "2"}, {"id": UNKNOWN, "Phone": "3"}]

    reply = crm.put("/Contacts", json={"data": records})

    assert reply.status_code == 207
    codes = [item["code"] for item in reply.json()["data"]]
    assert codes == ["SUCCESS", "MANDATORY_NOT_FOUND", "INVALID_DATA"]
    assert get(crm, "Contacts", contact)["Phone"] == "1"


def test_a_unique_value_stands_once(crm: httpx.Client) -> None:
    """A second record with the value is refused, whatever the case; the holder may keep it."""
    (holder,) = create(crm, "Leads", {"Last_Name": "L", "Unique_1": "Alpha"})

    item = error_of(crm.post("/Leads", json={"data": [{"Last_Name": "M", "Unique_1": "ALPHA"}]}))
    ok(crm.put(f"/Leads/{holder}", json={"data": [{"Unique_1": "alpha"}]}))

    assert item["code"] == "DUPLICATE_DATA"
    assert item["details"]["duplicate_record"]["id"] == holder
    assert item["details"]["more_records"] is False


def test_two_records_of_one_request_may_not_share_a_unique_value(crm: httpx.Client) -> None:
    """The first of them is created, the second a duplicate of it."""
    records = [{"Last_Name": "L", "Unique_1": "A"}, {"Last_Name": "M", "Unique_1": "A"}]

    reply = crm.post("/Leads", json={"data": records})

    assert [item["code"] for item in reply.json()["data"]] == ["SUCCESS", "DUPLICATE_DATA"]


def test_a_unique_value_is_free_again_after_deletion(crm: httpx.Client) -> None:
    """Neither a deleted nor a changed record holds its old value."""
    first, second = create(
        crm, "Leads", {"Last_Name": "L", "Unique_1": "A"}, {"Last_Name": "M", "Unique_1": "B"}
    )

    crm.delete(f"/Leads/{first}")
    crm.put(f"/Leads/{second}", json={"data": [{"Unique_1": None}]})

    create(crm, "Leads", {"Last_Name": "N", "Unique_1": "A"}, {"Last_Name": "O", "Unique_1": "B"})


def test_more_than_a_hundred_records_are_refused_whole(crm: httpx.Client) -> None:
    """101 records give a flat LIMIT_EXCEEDED, and none is created."""
    reply = crm.post("/CM1", json={"data": [{"Name": str(n)} for n in range(101)]})

    assert reply.status_code == 400
    assert reply.json()["details"] == {"maximum_length": 100, "api_name": "data"}
    assert listed(crm, "CM1") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": {}}', b'{"data": []}', b"{}"])
def test_a_body_without_records_is_refused_flat(crm: httpx.Client, body: bytes) -> None:
    """Whatever stands in place of records, the answer is one flat error."""
    reply = crm.post("/Contacts", content=body)

    assert reply.status_code == 400
    assert reply.json()["status"] == "error"


def test_a_body_needs_no_content_type(crm: httpx.Client) -> None:
    """Zoho's own SDK sends JSON without saying so."""
    reply = crm.post("/Contacts", content=b'{"data":[{"Last_Name":"L"}]}')

    assert "content-type" not in reply.request.headers
    assert reply.status_code == 201


def test_a_record_changed_meanwhile_is_not_overwritten(sandbox: Any, crm: httpx.Client) -> None:
    """If-Unmodified-Since before the last change gives 412 with the record's audit."""
    (contact,) = create(crm, "Contacts", {"Last_Name": "L"})
    seen = get(crm, "Contacts", contact)["Modified_Time"]
    sandbox.clock.advance(60)
    crm.put(f"/Contacts/{contact}", json={"data": [{"Phone": "1"}]})

    late = {"If-Unmodified-Since": seen}
    reply = crm.put(f"/Contacts/{contact}", json={"data": [{"Phone": "2"}]}, headers=late)
    now = get(crm, "Contacts", contact)

    assert reply.status_code == 412
    assert error_of(reply)["code"] == "ALREADY_MODIFIED"
    assert error_of(reply)["details"]["Modified_Time"] == now["Modified_Time"]
    assert now["Phone"] == "1"


def test_a_record_is_sent_again_only_when_it_is_newer(sandbox: Any, crm: httpx.Client) -> None:
    """If-Modified-Since gives 304 for what has not changed, in lists and for one."""
    (contact,) = create(crm, "Contacts", {"Last_Name": "L"})
    seen = {"If-Modified-Since": get(crm, "Contacts", contact)["Modified_Time"]}
    sandbox.clock.advance(60)

    quiet = [
        crm.get(path, params={"fields": "id"}, headers=seen) for path in ("/Contacts", f"/Contacts/{contact}")
    ]
    crm.put(f"/Contacts/{contact}", json={"data": [{"Phone": "1"}]})
    changed = crm.get("/Contacts", params={"fields": "id"}, headers=seen)

    assert [(reply.status_code, reply.content) for reply in quiet] == [(304, b""), (304, b"")]
    assert [row["id"] for row in ok(changed)] == [contact]


def test_a_locked_record_stays_as_it_is(sandbox: Any, crm: httpx.Client) -> None:
    """Neither update nor deletion of a locked record is possible."""
    sandbox.plant(
        {"crm": {"records": {"CM1": [{"id": "111111000000170001", "Name": "N", "Locked__s": True}]}}}
    )

    update = error_of(crm.put("/CM1", json={"data": [{"id": "111111000000170001", "Name": "M"}]}))
    delete = error_of(crm.delete("/CM1", params={"ids": "111111000000170001"}))

    assert update["code"] == delete["code"] == "RECORD_LOCKED"
    assert update["details"]["json_path"] == "$.data[0].id"
    assert delete["details"] == {"action": "record_locking", "id": "111111000000170001"}


def test_a_record_waiting_for_approval_cannot_be_updated(sandbox: Any, crm: httpx.Client) -> None:
    """A seeded approval state leads to NOT_APPROVED."""
    record = {"id": "111111000000170001", "Name": "N", "$approval_state": "approval_process_pending"}
    sandbox.plant({"crm": {"records": {"CM1": [record]}}})

    item = error_of(crm.put("/CM1/111111000000170001", json={"data": [{"Name": "M"}]}))

    assert item["code"] == "NOT_APPROVED"


def test_deleted_records_vanish_one_by_one(crm: httpx.Client) -> None:
    """Unknown ids and second deletions are faults of their items."""
    first, second = create(crm, "CM1", {"Name": "1"}, {"Name": "2"})

    reply = crm.delete("/CM1", params={"ids": f"{first},{UNKNOWN},{second}"})
    again = crm.delete(f"/CM1/{first}")

    assert reply.status_code == 207
    assert [item["message"] for item in reply.json()["data"]] == [
        "record deleted",
        "record not deleted",
        "record deleted",
    ]
    assert again.status_code == 400
    assert listed(crm, "CM1") == []


def test_deleted_records_are_listed_and_forgotten_in_time(later: Any, crm: httpx.Client) -> None:
    """After the days of the recycle bin only the id of a deleted record is known."""
    (record,) = create(crm, "CM1", {"Name": "Gone"})
    crm.delete(f"/CM1/{record}")

    (fresh,) = ok(crm.get("/CM1/deleted", params={"type": "recycle"}))
    later(61 * 24 * 3600)
    (old,) = ok(crm.get("/CM1/deleted", params={"type": "permanent"}))

    assert (fresh["id"], fresh["display_name"], fresh["type"]) == (record, "Gone", "recycle")
    assert (old["id"], old["display_name"], old["deleted_by"]) == (record, None, None)
    assert crm.get("/CM1/deleted", params={"type": "recycle"}).status_code == 204


def test_an_unknown_record_is_no_content_or_refused(sandbox: Any, crm: httpx.Client) -> None:
    """A well-formed unknown id is 204 unless the setting says 400; a malformed one always is 400."""
    silent = crm.get(f"/Contacts/{UNKNOWN}")
    sandbox.settings["crm.unknown_record"] = "refused"
    loud = crm.get(f"/Contacts/{UNKNOWN}")
    malformed = crm.get("/Contacts/none")

    assert (silent.status_code, silent.content) == (204, b"")
    assert loud.status_code == malformed.status_code == 400
    assert malformed.json()["message"] == "the id given seems to be invalid"


def test_a_clone_copies_all_but_unique_values(crm: httpx.Client) -> None:
    """The copy has a new id; unique values stay with the original."""
    (lead,) = create(crm, "Leads", {"Last_Name": "L", "Unique_1": "A", "Phone": "1", "Tag": [{"name": "t"}]})

    reply = crm.post(f"/Leads/{lead}/actions/clone", json={"data": [{"Last_Name": "Copy"}]})

    (copy,) = ok(reply, 201)
    shown = get(crm, "Leads", copy["details"]["id"])
    assert (shown["Last_Name"], shown["Phone"], shown["Unique_1"]) == ("Copy", "1", None)
    assert [tag["name"] for tag in shown["Tag"]] == ["t"]


def test_the_ledger_tells_effects_and_triggers(sandbox: Any, crm: httpx.Client) -> None:
    """Each change is noted with the record's id and the automations that were asked for."""
    crm.post("/CM1", json={"data": [{"Name": "1"}], "trigger": ["workflow"]})
    crm.post("/CM1", json={"data": [{"Name": "2"}], "trigger": []})
    crm.post("/CM1/upsert", json={"data": [{"Name": "2"}]})

    told = [effect for entry in sandbox.ledger() for effect in entry["effects"]]
    assert [(e["effect"], e["kind"], e["trigger"]) for e in told] == [
        ("create", "CM1", ["workflow"]),
        ("create", "CM1", []),
        ("upsert-update", "CM1", "all"),
    ]


def test_a_refused_request_leaves_no_effect(sandbox: Any, crm: httpx.Client) -> None:
    """A flat refusal changes nothing and says so in the ledger."""
    crm.post("/CM1", json={"data": [{"Name": "1"}], "apply_feature_execution": [{"name": "magic"}]})

    assert sandbox.ledger()[-1]["effects"] == []
    assert listed(crm, "CM1") == []

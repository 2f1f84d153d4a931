"""Records: created, read, updated and deleted one by one and many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, create, get, listed, ok

if TYPE_CHECKING:
    import httpx

UNKNOWN = "111111000000999999"


def error_of(reply: httpx.Response) -> Json:
    """Return the one item of a reply, which must be an error."""
    (item,) = reply.json()["data"]
    assert item["status"] == "error", item
    return dict(item)


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


def test_numbers_keep_their_digits(crm: httpx.Client) -> None:
    """An amount comes back digit by digit as it was sent."""
    body = b'{"data":[{"Deal_Name":"D","Stage":"Qualification","Amount":1234567.10}]}'
    deal = crm.post("/Deals", content=body).json()["data"][0]["details"]["id"]

    assert '"Amount":1234567.10' in crm.get(f"/Deals/{deal}", params={"fields": "Amount"}).text


def test_instants_are_shown_in_the_offset_of_the_organisation(crm: httpx.Client) -> None:
    """A time given in one offset is the same instant in another."""
    record = {
        "Event_Title": "E",
        "Start_DateTime": "2026-05-10T10:10:10Z",
        "End_DateTime": "2026-05-10T07:10:10-04:00",
    }
    (event,) = create(crm, "Events", record)

    shown = get(crm, "Events", event)

    assert shown["Start_DateTime"] == "2026-05-10T15:40:10+05:30"
    assert shown["End_DateTime"] == "2026-05-10T16:40:10+05:30"


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


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("Last_Name", 7, "text"),
        ("Email", "no-address", "email"),
        ("Email_Opt_Out", "true", "boolean"),
        ("No_of_Employees", "12", "integer"),
        ("No_of_Employees", 1.5, "integer"),
        ("No_of_Employees", True, "integer"),
        ("Annual_Revenue", "12", "double"),
        ("Foreign_Languages", "Korean", "jsonarray"),
        ("Owner", ["x"], "jsonobject"),
        ("Tag", ["x"], "jsonarray"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(
    crm: httpx.Client, field: str, value: Any, expected: str
) -> None:
    """The error names the field, its place in the body and the type it wants."""
    record = {"Last_Name": "L", field: value}

    item = error_of(crm.post("/Leads", json={"data": [record]}))

    assert item["code"] == "INVALID_DATA"
    assert item["details"] == {
        "expected_data_type": expected,
        "api_name": field,
        "json_path": f"$.data[0].{field}",
    }


@pytest.mark.parametrize("value", ["2026-13-01", "01/02/2026", "2026-02-30", 20260101])
def test_a_date_is_a_day_in_iso_form(crm: httpx.Client, value: Any) -> None:
    """No other writing of a date is taken, nor a day that does not exist."""
    item = error_of(crm.post("/Contacts", json={"data": [{"Last_Name": "L", "Date_of_Birth": value}]}))

    assert item["details"]["expected_data_type"] == "date"


def test_a_text_may_be_as_long_as_its_field(crm: httpx.Client) -> None:
    """One character more than the field's length is refused with the length."""
    create(crm, "Contacts", {"Last_Name": "x" * 80})

    item = error_of(crm.post("/Contacts", json={"data": [{"Last_Name": "x" * 81}]}))

    assert item["details"]["maximum_length"] == 80


def test_several_faults_of_one_record_are_told_together(sandbox: Any, crm: httpx.Client) -> None:
    """Two faults give MULTIPLE_OR_MULTI_ERRORS; a setting reduces them to the first."""
    bad = {"data": [{"Email": "x", "Phone": 1}]}

    together = error_of(crm.post("/Contacts", json=bad))
    sandbox.settings["crm.multiple_errors"] = "first"
    first = error_of(crm.post("/Contacts", json=bad))

    names = [problem["details"]["api_name"] for problem in together["details"]["errors"]]
    assert together["code"] == "MULTIPLE_OR_MULTI_ERRORS"
    assert names == ["Email", "Phone", "Last_Name"]
    assert first["details"]["api_name"] == "Email"


def test_an_unknown_field_is_passed_over_or_refused(sandbox: Any, crm: httpx.Client) -> None:
    """By default a key that is no field is ignored; a setting refuses it by name."""
    record = {"Last_Name": "L", "No_Such_Field": 1}
    create(crm, "Contacts", record)

    sandbox.settings["crm.unknown_fields"] = "refused"
    item = error_of(crm.post("/Contacts", json={"data": [record]}))

    assert item["details"]["json_path"] == "$.data[0].No_Such_Field"


def test_picklists_may_be_closed(sandbox: Any, crm: httpx.Client) -> None:
    """With closed picklists an unlisted value is refused with the listed ones."""
    create(crm, "Leads", {"Last_Name": "L", "Lead_Source": "Elsewhere"})

    sandbox.settings["crm.picklists"] = "closed"
    item = error_of(crm.post("/Leads", json={"data": [{"Last_Name": "L", "Lead_Source": "Elsewhere"}]}))

    assert "Web Download" in item["details"]["supported_values"]


def test_a_layout_makes_further_fields_compulsory(crm: httpx.Client) -> None:
    """Company is compulsory only for a lead that names its layout."""
    layouts = crm.get("/settings/layouts", params={"module": "Leads"}).json()["layouts"]
    create(crm, "Leads", {"Last_Name": "L"})

    lead = {"Last_Name": "L", "Layout": {"id": layouts[0]["id"]}}
    missing = error_of(crm.post("/Leads", json={"data": [lead]}))
    wrong = error_of(crm.post("/Leads", json={"data": [{**lead, "Layout": {"id": "1"}}]}))

    assert (missing["code"], missing["details"]["api_name"]) == ("MANDATORY_NOT_FOUND", "Company")
    assert (wrong["code"], wrong["details"]["api_name"]) == ("INVALID_DATA", "Layout")


def test_null_and_empty_text_clear_a_field_and_absence_leaves_it(crm: httpx.Client) -> None:
    """Absent, null and empty are told apart where CRM tells them apart."""
    (contact,) = create(crm, "Contacts", {"Last_Name": "L", "Phone": "1", "Fax": "2", "Title": "T"})

    ok(crm.put(f"/Contacts/{contact}", json={"data": [{"Phone": None, "Fax": ""}]}))

    shown = get(crm, "Contacts", contact)
    assert (shown["Phone"], shown["Fax"], shown["Title"]) == (None, None, "T")


def test_a_compulsory_field_cannot_be_cleared(crm: httpx.Client) -> None:
    """The refusal of an update names the record too."""
    (contact,) = create(crm, "Contacts", {"Last_Name": "L"})

    item = error_of(crm.put("/Contacts", json={"data": [{"id": contact, "Last_Name": None}]}))

    assert item["code"] == "MANDATORY_NOT_FOUND"
    assert item["details"] == {
        "api_name": "Last_Name",
        "json_path": "$.data[0].Last_Name",
        "id": contact,
    }


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


def test_rows_of_a_subform_live_one_by_one(crm: httpx.Client) -> None:
    """Rows are added without id, changed with it, removed with _delete, and stay otherwise."""
    rows = [{"Remark": "a"}, {"Remark": "b"}, {"Remark": "c"}]
    (contact,) = create(crm, "Contacts", {"Last_Name": "L", "Subform_External": rows})
    a, b, _ = get(crm, "Contacts", contact)["Subform_External"]

    changes = [{"id": a["id"], "Remark": "A"}, {"id": b["id"], "_delete": None}, {"Remark": "d"}]
    ok(crm.put(f"/Contacts/{contact}", json={"data": [{"Subform_External": changes}]}))

    after = get(crm, "Contacts", contact)["Subform_External"]
    assert [row["Remark"] for row in after] == ["A", "c", "d"]
    assert "Subform_External" not in ok(crm.get("/Contacts", params={"fields": "Subform_External"}))[0]


def test_line_items_point_at_products(crm: httpx.Client) -> None:
    """A quote keeps its line items with the product's name; a row without product is refused."""
    product = "111111000000150401"
    quote = {"Subject": "Q", "Quoted_Items": [{"Product_Name": {"id": product}, "Quantity": 2}]}
    (made,) = create(crm, "Quotes", quote)

    item = error_of(crm.post("/Quotes", json={"data": [{"Subject": "Q", "Quoted_Items": [{}]}]}))

    (row,) = get(crm, "Quotes", made)["Quoted_Items"]
    assert (row["Product_Name"], row["Quantity"]) == ({"name": "Oak Table", "id": product}, 2)
    assert item["details"]["json_path"] == "$.data[0].Quoted_Items[0].Product_Name"


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

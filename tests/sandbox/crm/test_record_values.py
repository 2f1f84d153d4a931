"""Values of records: which are taken, in which form they are kept, and which are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import create, error_of, get, ok

if TYPE_CHECKING:
    import httpx


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

"""Custom fields: five ways to name one, and how replies show them."""

from __future__ import annotations

import pytest

from zoho_sandbox.products.books.seeding import plant_field

from .conftest import CUSTOMER, INVOICE, SHELF, TABLE, VENDOR, refused

QUALITY = "46000000012845"


@pytest.fixture
def fields(sandbox):
    """Contacts with a field of every type."""
    from zoho_sandbox.products.books.records.organizations import open_books

    books = open_books(sandbox, "10234695")
    kinds = ("number", "decimal", "check_box", "date", "dropdown", "multiselect", "email")
    for kind in kinds:
        values = ["red", "green"] if kind in ("dropdown", "multiselect") else None
        plant_field(books, "contacts", {"api_name": f"cf_{kind}", "data_type": kind, "values": values})


@pytest.mark.parametrize(
    "name",
    [
        {"customfield_id": QUALITY},
        {"customfield_id": int(QUALITY)},
        {"custom_field_id": QUALITY},
        {"api_name": "cf_quality"},
        {"label": "Quality"},
        {"index": 5},
    ],
)
def test_a_field_may_be_named_five_ways(api, name):
    """By id under two keys, by API name, by label, by index."""
    item = api.put(f"/items/{TABLE}", json={"custom_fields": [{**name, "value": "Normal"}]}).json()["item"]

    assert item["cf_quality"] == "Normal"


def test_a_reply_shows_a_field_three_times(api):
    """As an entry, in the hash, and flattened on the record."""
    body = {"custom_fields": [{"api_name": "cf_quality", "value": "Normal"}]}

    item = api.put(f"/items/{TABLE}", json=body).json()["item"]

    (entry,) = item["custom_fields"]
    assert entry["customfield_id"] == entry["field_id"] == QUALITY
    assert (entry["label"], entry["value"], entry["value_formatted"]) == ("Quality", "Normal", "Normal")
    assert (entry["index"], entry["search_entity"], entry["data_type"]) == (5, "item", "string")
    assert item["custom_field_hash"] == {"cf_quality": "Normal", "cf_quality_unformatted": "Normal"}
    assert item["cf_quality_unformatted"] == "Normal"
    (row,) = [one for one in api.get("/items").json()["items"] if one["item_id"] == TABLE]
    assert row["cf_quality"] == "Normal"


def test_fields_not_sent_stay_and_emptied_ones_go(api):
    """An unset field is left out of the reply."""
    both = [{"api_name": "cf_quality", "value": "Normal"}, {"api_name": "cf_colour", "value": "brown"}]
    api.put(f"/items/{TABLE}", json={"custom_fields": both})

    kept = api.put(f"/items/{TABLE}", json={"custom_fields": [{"label": "Colour", "value": "white"}]})
    gone = api.put(f"/items/{TABLE}", json={"custom_fields": [{"label": "Colour", "value": ""}]})

    assert kept.json()["item"]["custom_field_hash"]["cf_quality"] == "Normal"
    assert kept.json()["item"]["cf_colour"] == "white"
    assert "cf_colour" not in gone.json()["item"]
    assert [one["label"] for one in gone.json()["item"]["custom_fields"]] == ["Quality"]


@pytest.mark.parametrize(
    "entries",
    ["cf_quality=x", [{"api_name": "cf_nothing", "value": 1}], [{"value": 1}], ["x"], [{"index": 99}]],
)
def test_an_unknown_field_is_refused(api, entries):
    """And so is everything that is no list of entries."""
    assert refused(api.put(f"/items/{TABLE}", json={"custom_fields": entries})) == (400, 2)


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [
        ("number", "12", 12),
        ("decimal", "5026.80", 5026.8),
        ("check_box", "true", True),
        ("date", "2026-06-09", "2026-06-09"),
        ("dropdown", "red", "red"),
        ("multiselect", ["red", "green"], ["red", "green"]),
        ("multiselect", "red,green", ["red", "green"]),
        ("email", "a@example.com", "a@example.com"),
    ],
)
@pytest.mark.usefixtures("fields")
def test_a_value_has_its_fields_type(api, kind, sent, kept):
    """Text becomes a number or a boolean where the field is one."""
    body = {"custom_fields": [{"api_name": f"cf_{kind}", "value": sent}]}

    contact = api.put(f"/contacts/{CUSTOMER}", json=body).json()["contact"]

    assert contact[f"cf_{kind}_unformatted"] == kept


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", "1.5"), ("decimal", "much"), ("check_box", "maybe"), ("dropdown", "blue"), ("email", {})],
)
@pytest.mark.usefixtures("fields")
def test_a_value_that_does_not_fit_is_refused(api, kind, value):
    """Code 2 names the field."""
    body = {"custom_fields": [{"api_name": f"cf_{kind}", "value": value}]}

    assert refused(api.put(f"/contacts/{CUSTOMER}", json=body)) == (400, 2)


def test_a_text_field_holds_255_characters(api):
    """Not one more."""
    fits = {"custom_fields": [{"api_name": "cf_colour", "value": "x" * 255}]}
    spills = {"custom_fields": [{"api_name": "cf_colour", "value": "x" * 256}]}

    assert api.put(f"/items/{TABLE}", json=fits).status_code == 200
    assert refused(api.put(f"/items/{TABLE}", json=spills)) == (400, 15)


def test_a_custom_field_update_changes_nothing_else(api):
    """Singular path, list body, no record in the reply."""
    before = api.get(f"/items/{TABLE}").json()["item"]

    reply = api.put(f"/item/{TABLE}/customfields", json=[{"customfield_id": QUALITY, "value": "Normal"}])

    after = api.get(f"/items/{TABLE}").json()["item"]
    assert reply.json() == {"code": 0, "message": "Custom Fields Updated Successfully"}
    assert after["cf_quality"] == "Normal"
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {
        "custom_fields",
        "custom_field_hash",
        "cf_quality",
        "cf_quality_unformatted",
        "last_modified_time",
    }


def test_seven_modules_have_the_custom_field_update(api, invoice):
    """Each under its singular name."""
    lines = {"line_items": [{"name": "Work", "rate": 1}]}
    sale, purchase = {"customer_id": CUSTOMER, **lines}, {"vendor_id": VENDOR, **lines}
    payment = {"customer_id": CUSTOMER, "payment_mode": "cash", "amount": 1, "date": "2026-06-09"}
    made = {
        "item": SHELF,
        "invoice": INVOICE,
        "estimate": api.post("/estimates", json=sale).json()["estimate"]["estimate_id"],
        "salesorder": api.post("/salesorders", json=sale).json()["salesorder"]["salesorder_id"],
        "purchaseorder": api.post("/purchaseorders", json=purchase).json()["purchaseorder"][
            "purchaseorder_id"
        ],
        "bill": api.post("/bills", json={**purchase, "bill_number": "1"}).json()["bill"]["bill_id"],
        "customerpayment": api.post("/customerpayments", json=payment).json()["payment"]["payment_id"],
    }

    for singular, record in made.items():
        reply = api.put(f"/{singular}/{record}/customfields", json=[{"label": "Colour", "value": "red"}])
        assert reply.json()["message"] == "Custom Fields Updated Successfully", singular
        assert api.get(f"/{singular}s/{record}").text.count('"cf_colour":"red"') == 2, singular


def test_a_custom_field_update_wants_a_list_and_a_record(api):
    """An object without entries is refused, an unknown record too."""
    entry = [{"label": "Colour", "value": "red"}]

    assert refused(api.put(f"/item/{TABLE}/customfields", json={"label": "Colour"})) == (400, 2)
    assert refused(api.put("/item/460000000999999/customfields", json=entry)) == (404, 1002)
    assert refused(api.put(f"/teapot/{TABLE}/customfields", json=entry)) == (404, 5)


def test_the_definitions_can_be_read(api):
    """By entity, under both unpublished addresses."""
    fields = api.get("/settings/fields", params={"entity": "item"}).json()["fields"]
    same = api.get("/settings/customfields", params={"entity": "item"}).json()["customfields"]["item"]

    assert fields == same
    assert {one["api_name"] for one in fields} >= {
        "cf_external_id",
        "cf_unique_cf",
        "cf_colour",
        "cf_quality",
    }
    assert {one["api_name"]: one["is_unique"] for one in fields}["cf_unique_cf"] is True

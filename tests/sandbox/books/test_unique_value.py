"""PUT on a collection: update and upsert by the value of a unique custom field."""

from __future__ import annotations

import pytest

from .conftest import CUSTOMER, INACTIVE, OFFICE_ACCOUNT, SALES_ACCOUNT, VENDOR, refused

LINES = {"line_items": [{"name": "Work", "rate": 100}]}
RECURS = {"recurrence_name": "Monthly", "recurrence_frequency": "months", "repeat_every": 1}
MODULES = {
    "contacts": {"contact_name": "Kalki"},
    "items": {"name": "Hard Drive", "rate": 120},
    "estimates": {"customer_id": CUSTOMER, **LINES},
    "salesorders": {"customer_id": CUSTOMER, **LINES},
    "invoices": {"customer_id": CUSTOMER, **LINES},
    "recurringinvoices": {"customer_id": CUSTOMER, **LINES, **RECURS},
    "creditnotes": {"customer_id": CUSTOMER, **LINES},
    "customerpayments": {"customer_id": CUSTOMER, "payment_mode": "cash", "amount": 5, "date": "2026-06-09"},
    "expenses": {
        "account_id": OFFICE_ACCOUNT,
        "paid_through_account_id": SALES_ACCOUNT,
        "date": "2026-06-09",
        "amount": 7,
    },
    "recurringexpenses": {"account_id": OFFICE_ACCOUNT, "amount": 7, "start_date": "2026-06-09", **RECURS},
    "purchaseorders": {"vendor_id": VENDOR, **LINES},
    "bills": {"vendor_id": VENDOR, "bill_number": "B-1", **LINES},
    "recurringbills": {"vendor_id": VENDOR, "start_date": "2026-06-09", **RECURS, **LINES},
    "vendorpayments": {"vendor_id": VENDOR, "amount": 5},
    "projects": {
        "project_name": "Fair",
        "customer_id": CUSTOMER,
        "billing_type": "based_on_task_hours",
        "user_id": "1",
    },
}


def headers(value="EXT-9988", *, upsert="true", key="cf_external_id"):
    """Return the three headers; an absent one is None."""
    wanted = {"X-Unique-Identifier-Key": key, "X-Unique-Identifier-Value": value, "X-Upsert": upsert}
    return {name: text for name, text in wanted.items() if text is not None}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_unique_value_module_is_inserted_then_updated(api, module, sandbox):
    """The same call twice: 201 with Location, then 200 on the same record."""
    url, body = f"/{module}", MODULES[module]

    first = api.put(url, json=body, headers=headers())
    second = api.put(url, json=body, headers=headers())

    (made,), (changed,) = (entry["effects"][:1] for entry in sandbox.ledger()[-2:])
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["Location"].startswith(f"/api/v3{url}/{made['id']}")
    assert "Location" not in second.headers
    assert (made["effect"], changed["effect"]) == ("upsert-insert", "upsert-update")
    assert made["id"] == changed["id"]
    (record,) = [value for value in second.json().values() if isinstance(value, dict)]
    assert record["cf_external_id"] == "EXT-9988"


def test_there_are_fifteen_of_them():
    """As documented; collections of other modules take the headers as nothing."""
    assert len(MODULES) == 15


@pytest.mark.parametrize("upsert", [None, "false", "yes", "1"])
def test_without_upsert_an_unknown_value_is_refused(api, sandbox, upsert):
    """Only the word true inserts; status and code can be set."""
    body = MODULES["contacts"]
    assert refused(api.put("/contacts", json=body, headers=headers(upsert=upsert))) == (404, 1001)

    sandbox.settings.change({"books.no_match_status": 400, "books.no_match_code": 1002})
    assert refused(api.put("/contacts", json=body, headers=headers(upsert=upsert))) == (400, 1002)


def test_without_upsert_a_known_value_is_updated(api):
    """The update keeps what the body does not name."""
    api.put("/items", json={"name": "Hard Drive", "rate": 120, "sku": "s1"}, headers=headers())

    reply = api.put("/items", json={"rate": 121}, headers=headers(upsert=None))

    item = reply.json()["item"]
    assert reply.json()["message"] == "Item details have been saved."
    assert (item["rate"], item["sku"]) == (121, "s1")


@pytest.mark.parametrize("key", ["cf_colour", "cf_nothing", "contact_name"])
def test_a_field_that_is_not_unique_is_refused(api, key):
    """Code 6024, for unknown fields as well."""
    reply = api.put("/contacts", json=MODULES["contacts"], headers=headers(key=key))

    assert refused(reply) == (400, 6024)


@pytest.mark.parametrize("missing", ["X-Unique-Identifier-Key", "X-Unique-Identifier-Value"])
def test_one_header_alone_is_none(api, missing):
    """The same URL is the bulk update then, and wants a list."""
    some = {name: text for name, text in headers().items() if name != missing}

    reply = api.put("/contacts", json=MODULES["contacts"], headers=some)

    assert reply.json() == {"code": 4, "message": "Invalid value passed for bulk_update"}
    assert reply.status_code == 400


def test_the_bulk_update_changes_each_record_of_a_list(api):
    """As form field or JSON; all or none."""
    listed = [{"contact_id": CUSTOMER, "notes": "one"}, {"contact_id": VENDOR, "notes": "two"}]

    assert api.put("/contacts", json=listed).status_code == 200
    notes = [api.get(f"/contacts/{one}").json()["contact"]["notes"] for one in (CUSTOMER, VENDOR)]
    assert notes == ["one", "two"]

    half = [{"contact_id": CUSTOMER, "notes": "three"}, {"contact_id": "460000000999999"}]
    assert refused(api.put("/contacts", json=half)) == (404, 1002)
    assert api.get(f"/contacts/{CUSTOMER}").json()["contact"]["notes"] == "one"


def test_an_insert_needs_what_a_create_needs(api):
    """Without the name it is refused, and nothing is made."""
    reply = api.put("/items", json={"rate": 1}, headers=headers())

    assert reply.json() == {"code": 4, "message": "Invalid value passed for Name"}
    assert refused(api.put("/items", json={"rate": 1}, headers=headers(upsert="false"))) == (404, 1001)


def test_a_taken_name_is_refused_on_insert_and_update(api):
    """3062, or the other code where that is set."""
    taken = {"contact_name": "Bowman and Co"}
    assert refused(api.put("/contacts", json=taken, headers=headers())) == (400, 3062)

    api.put("/contacts", json=MODULES["contacts"], headers=headers())
    assert refused(api.put("/contacts", json=taken, headers=headers())) == (400, 3062)


def test_an_insert_stores_the_headers_value(api):
    """So the next call finds the record."""
    made = api.put("/contacts", json=MODULES["contacts"], headers=headers()).json()["contact"]

    assert made["custom_field_hash"]["cf_external_id"] == "EXT-9988"


def test_an_insert_may_store_nothing(api, sandbox):
    """The other behaviour: the field stays empty, and the next call inserts again."""
    sandbox.settings["books.insert_stores_header_value"] = False

    first = api.put("/items", json={"name": "A", "rate": 1}, headers=headers())
    second = api.put("/items", json={"name": "B", "rate": 1}, headers=headers())

    assert "cf_external_id" not in first.json()["item"]
    assert (first.status_code, second.status_code) == (201, 201)


def test_an_insert_may_be_answered_as_an_update(api, sandbox):
    """Where the status is set to 200 the message is the update's and no place is named."""
    sandbox.settings["books.insert_status"] = 200

    reply = api.put("/items", json=MODULES["items"], headers=headers())

    assert reply.status_code == 200
    assert reply.json()["message"] == "Item details have been saved."
    assert "Location" not in reply.headers


def test_the_body_may_repeat_the_value_but_not_contradict_it(api):
    """Another value on insert is refused; on update it is a change."""
    same = {"custom_fields": [{"api_name": "cf_external_id", "value": "EXT-9988"}]}
    other = {"custom_fields": [{"label": "External ID", "value": "EXT-2"}]}
    body = MODULES["contacts"]

    assert refused(api.put("/contacts", json={**body, **other}, headers=headers())) == (400, 4)
    assert api.put("/contacts", json={**body, **same}, headers=headers()).status_code == 201
    assert api.put("/contacts", json={**body, **other}, headers=headers()).status_code == 200
    assert refused(api.put("/contacts", json=body, headers=headers(upsert="false"))) == (404, 1001)
    assert api.put("/contacts", json=body, headers=headers("EXT-2", upsert="false")).status_code == 200


def test_a_unique_value_belongs_to_one_record(api):
    """A create or an update cannot take another record's value."""
    entry = {"custom_fields": [{"api_name": "cf_external_id", "value": "EXT-9988"}]}
    api.put("/contacts", json=MODULES["contacts"], headers=headers())

    create = api.post("/contacts", json={"contact_name": "Second", **entry})
    update = api.put(f"/contacts/{CUSTOMER}", json=entry)

    assert refused(create) == refused(update) == (400, 120124)


def test_two_fields_find_the_same_record(api):
    """Each unique field is a way of its own."""
    both = [{"api_name": "cf_external_id", "value": "E"}, {"api_name": "cf_unique_cf", "value": "U"}]
    made = api.post("/items", json={"name": "Twin", "rate": 1, "custom_fields": both}).json()["item"]

    for key, value in (("cf_external_id", "E"), ("cf_unique_cf", "U")):
        found = api.put("/items", json={"rate": 2}, headers=headers(value, key=key, upsert=None))
        assert found.json()["item"]["item_id"] == made["item_id"]


def test_values_are_compared_exactly(api):
    """Case matters."""
    api.put("/items", json={"name": "A", "rate": 1}, headers=headers("ab"))

    assert refused(api.put("/items", json={"rate": 2}, headers=headers("AB", upsert=None))) == (404, 1001)
    assert api.put("/items", json={"rate": 2}, headers=headers("ab", upsert=None)).status_code == 200


def test_inactive_records_are_found_too(api):
    """Whatever their status."""
    value = [{"api_name": "cf_external_id", "value": "OLD"}]
    api.put(f"/contacts/{INACTIVE}", json={"custom_fields": value})

    reply = api.put("/contacts", json={"notes": "x"}, headers=headers("OLD", upsert=None))

    assert reply.json()["contact"]["contact_id"] == INACTIVE
    assert reply.json()["contact"]["status"] == "inactive"


def test_other_modules_do_not_know_the_headers(api):
    """A collection that is not documented for them does its own thing, or nothing."""
    assert refused(api.put("/vendorcredits", json={}, headers=headers())) == (405, 37)
    assert refused(api.put("/tasks", json={}, headers=headers())) == (400, 4)


def test_a_deleted_records_value_is_free(api):
    """The next upsert inserts."""
    made = api.put("/items", json={"name": "A", "rate": 1}, headers=headers()).json()["item"]
    api.delete(f"/items/{made['item_id']}")

    assert api.put("/items", json={"name": "A", "rate": 1}, headers=headers()).status_code == 201

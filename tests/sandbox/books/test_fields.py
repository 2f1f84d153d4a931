"""Documented fields: required ones, lengths, allowed values, types."""

from __future__ import annotations

import pytest

from .conftest import CITY_TAX, CUSTOMER, OFFICE_ACCOUNT, TABLE, refused

ITEM = {"name": "Lamp", "rate": 10}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/items", {"rate": 1}, "Name"),
        ("/items", {"name": " ", "rate": 1}, "Name"),
        ("/items", {"name": "Lamp"}, "Rate"),
        ("/contacts", {}, "Contact Name"),
        ("/invoices", {"customer_id": CUSTOMER}, "Line Items"),
        ("/invoices", {"line_items": [{"rate": 1}]}, "Customer Id"),
        ("/expenses", {"date": "2026-06-09", "amount": 1, "account_id": "1"}, "Paid Through Account Id"),
    ],
)
def test_a_missing_required_field_is_named(api, path, body, field):
    """400 code 4, the field written as people read it."""
    reply = api.post(path, json=body)

    assert reply.status_code == 400
    assert reply.json() == {"code": 4, "message": f"Invalid value passed for {field}"}


@pytest.mark.parametrize(
    ("body", "field", "most"),
    [
        ({"contact_name": "x" * 201}, "contact_name", 200),
        ({"contact_name": "A", "company_name": "x" * 201}, "company_name", 200),
        ({"contact_name": "A", "billing_address": {"zip": "x" * 51}}, "zip", 50),
        ({"contact_name": "A", "contact_persons": [{"first_name": "x" * 101}]}, "first_name", 100),
    ],
)
def test_a_text_too_long_names_its_limit(api, body, field, most):
    """400 code 15, in nested fields too."""
    reply = api.post("/contacts", json=body)

    message = f'Please ensure that the "{field}" has less than {most} characters.'
    assert reply.json() == {"code": 15, "message": message}
    assert reply.status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/contacts", {"contact_name": "A", "contact_type": "friend"}, "contact_type"),
        ("/contacts", {"contact_name": "A", "payment_terms": "soon"}, "Payment Terms"),
        ("/contacts", {"contact_name": "A", "credit_limit": "much"}, "Credit Limit"),
        ("/contacts", {"contact_name": "A", "billing_address": "Main Street"}, "Billing Address"),
        ("/contacts", {"contact_name": "A", "contact_persons": {"first_name": "W"}}, "Contact Persons"),
        ("/items", {**ITEM, "item_type": "thing"}, "item_type"),
        ("/items", {"name": {"first": "x"}, "rate": 1}, "Name"),
        ("/items", {**ITEM, "is_taxable": "maybe"}, "Is Taxable"),
        ("/items", {"name": "Lamp", "rate": "1e999999999"}, "Rate"),
        ("/invoices", {"customer_id": CUSTOMER, "date": "9 June", "line_items": [{"rate": 1}]}, "Date"),
    ],
)
def test_a_wrong_value_is_named(api, path, body, said):
    """400 code 2."""
    reply = api.post(path, json=body)

    assert reply.json() == {"code": 2, "message": f"Invalid value passed for {said}"}
    assert reply.status_code == 400


def test_numbers_and_booleans_may_come_as_text(api):
    """And ids and codes as numbers."""
    body = {"name": "Lamp", "rate": "10.5", "sku": 4711, "is_taxable": "true", "item_type": " "}

    item = api.post("/items", json=body).json()["item"]

    assert (item["rate"], item["sku"], item["is_taxable"], item["item_type"]) == (10.5, "4711", True, "sales")


def test_unknown_fields_are_ignored(api):
    """They are not stored either."""
    item = api.post("/items", json={**ITEM, "colour_of_moon": "green"}).json()["item"]

    assert "colour_of_moon" not in item


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"is_taxable": False}, "Tax Exemption Id"),
        ({"item_type": "purchases"}, "Purchase Account Id"),
        ({"item_type": "sales_and_purchases"}, "Purchase Account Id"),
        ({"item_type": "inventory"}, "Purchase Account Id"),
        ({"item_type": "inventory", "purchase_account_id": OFFICE_ACCOUNT}, "Inventory Account Id"),
    ],
)
def test_a_type_of_item_needs_its_accounts(api, more, field):
    """Code 4 names what is missing."""
    reply = api.post("/items", json={**ITEM, **more})

    assert reply.json() == {"code": 4, "message": f"Invalid value passed for {field}"}


def test_an_item_shows_what_its_type_and_tax_mean(api):
    """Accounts by name, tax by percentage, sold and bought."""
    body = {**ITEM, "item_type": "sales_and_purchases", "purchase_account_id": OFFICE_ACCOUNT}

    item = api.post("/items", json={**body, "tax_id": CITY_TAX, "unit": "pcs"}).json()["item"]

    assert item["account_name"] == "Sales"
    assert item["purchase_account_name"] == "Office Supplies"
    assert (item["tax_name"], item["tax_percentage"]) == ("City Tax", 8.25)
    assert (item["can_be_sold"], item["can_be_purchased"], item["track_inventory"]) == (True, True, False)
    assert item["unit_id"]


@pytest.mark.parametrize("name", ["Oak Table", "oak table"])
def test_an_item_name_is_taken_only_once(api, sandbox, name):
    """Unless the sandbox is told to allow it."""
    assert refused(api.post("/items", json={"name": name, "rate": 1})) == (400, 1001)

    sandbox.settings["books.allow_duplicate_item_names"] = True
    assert api.post("/items", json={"name": name, "rate": 1}).status_code == 201


def test_a_sku_is_taken_only_once(api):
    """Whatever the item is called."""
    assert refused(api.post("/items", json={**ITEM, "sku": "OAK-6"})) == (400, 1001)


def test_a_contact_name_is_taken_only_once(api, sandbox):
    """400 code 3062 on create and on update, with the name in the text."""
    other = api.post("/contacts", json={"contact_name": "Other"}).json()["contact"]["contact_id"]
    taken = {"contact_name": "BOWMAN AND CO"}

    for reply in (api.post("/contacts", json=taken), api.put(f"/contacts/{other}", json=taken)):
        assert refused(reply) == (400, 3062)
        assert reply.json()["message"] == (
            'The customer "BOWMAN AND CO" already exists. Please specify a different name.'
        )
    sandbox.settings["books.duplicate_contact_code"] = 3000
    assert refused(api.post("/contacts", json=taken)) == (400, 3000)


def test_references_must_exist(api, sandbox):
    """Unless the sandbox is told not to look."""
    body = {"customer_id": "460000000999999", "line_items": [{"name": "Work", "rate": 1}]}
    assert refused(api.post("/invoices", json=body)) == (400, 1002)

    sandbox.settings["books.check_references"] = False
    assert api.post("/invoices", json=body).status_code == 201


def test_an_item_in_a_transaction_cannot_be_deleted(api, invoice):
    """It can be marked inactive instead, and deleted once the transaction is gone."""
    lamp = api.post("/items", json=ITEM).json()["item"]["item_id"]
    made = invoice(line_items=[{"item_id": lamp}])

    assert refused(api.delete(f"/items/{lamp}")) == (400, 1028)
    assert api.post(f"/items/{lamp}/inactive").json()["message"] == "The item has been marked as inactive."
    assert api.get(f"/items/{lamp}").json()["item"]["status"] == "inactive"

    api.delete(f"/invoices/{made['invoice_id']}")
    assert api.delete(f"/items/{lamp}").status_code == 200


def test_a_contact_in_a_transaction_cannot_be_deleted(api, invoice):
    """The same holds for contacts."""
    invoice()

    assert refused(api.delete(f"/contacts/{CUSTOMER}")) == (400, 3001)


def test_active_and_inactive_come_back(api):
    """Both messages, both states."""
    for state in ("inactive", "active"):
        reply = api.post(f"/items/{TABLE}/{state}")
        assert reply.json() == {"code": 0, "message": f"The item has been marked as {state}."}
        assert api.get(f"/items/{TABLE}").json()["item"]["status"] == state

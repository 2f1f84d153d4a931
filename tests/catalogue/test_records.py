"""What the record schemas say beyond yes and no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectorError

if TYPE_CHECKING:
    from connector_runtime import Component

CONNECTION = {
    "key": "zohoTemplatedConnection",
    "fields": {"zohoRegion": "https://accounts.zoho.com", "clientId": "x", "clientSecret": "y"},
    "token": {"access_token": "t"},
}
UNIQUE = {"recordType": "items", "uniqueFieldKey": "cf_external_id", "uniqueFieldValue": "EXT-1"}


def test_an_upsert_that_may_create_warns_about_what_a_new_record_would_need(zoho: Component) -> None:
    """The record may be there already, so a missing name is no reason to refuse."""
    inputs = {**UNIQUE, "fieldValues": {"item_type": "inventory"}}

    plan = zoho.request("booksUpsertRecord", inputs, CONNECTION)

    missing = ("name", "rate", "purchase_account_id", "inventory_account_id")
    assert all(any(name in text for text in plan.warnings) for name in missing)


def test_an_update_warns_about_nothing(zoho: Component) -> None:
    """An update changes what it names, and needs nothing else."""
    inputs = {"recordType": "items", "recordId": "1", "fieldValues": {"item_type": "inventory"}}

    assert zoho.request("booksUpdateRecord", inputs, CONNECTION).warnings == ()


@pytest.mark.parametrize("name", ["items", "contacts"])
def test_every_field_has_a_label_and_a_type(zoho: Component, name: str) -> None:
    """A form can be drawn from the record schema."""
    schema = zoho.model.schemas.find(f"records/books/{name}")

    assert schema is not None
    for key, field in schema.schema["properties"].items():
        assert {"title", "type"} <= field.keys(), key


@pytest.mark.parametrize(
    ("record_type", "values", "field"),
    [
        ("items", {"name": "a" * 101, "rate": 1}, "name"),
        ("items", {"name": "x", "rate": 1, "description": "a" * 2001}, "description"),
        ("items", {"name": "x", "rate": 1, "avatax_tax_code": "a" * 26}, "avatax_tax_code"),
        ("items", {"name": "x", "rate": 1, "product_type": "good"}, "product_type"),
        ("contacts", {"contact_name": "x", "company_name": "a" * 201}, "company_name"),
        ("contacts", {"contact_name": "x", "billing_address": {"zip": "a" * 51}}, "zip"),
        ("contacts", {"contact_name": "x", "contact_persons": [{"salutation": "a" * 26}]}, "salutation"),
        ("contacts", {"contact_name": "x", "language_code": "xx"}, "language_code"),
        ("contacts", {"contact_name": "x", "payment_terms": "Net 30"}, "payment_terms"),
        ("contacts", {"contact_name": "x", "gst_treatment": "none"}, "gst_treatment"),
    ],
)
def test_lengths_types_and_allowed_values_are_known(
    zoho: Component, record_type: str, values: dict[str, Any], field: str
) -> None:
    """What Zoho would refuse is refused before anything is sent, and the field is named."""
    inputs = {"recordType": record_type, "fieldValues": values}

    with pytest.raises(ConnectorError, match=field) as caught:
        zoho.request("booksCreateRecord", inputs, CONNECTION)

    assert caught.value.kind in {"validation", "input"}


def test_custom_fields_are_let_through(zoho: Component) -> None:
    """A field that no schema knows may be one of the organisation's own."""
    values = {"name": "Lamp", "rate": 1, "cf_colour": "red", "custom_fields": [{"index": 1, "value": "x"}]}

    plan = zoho.request("booksCreateRecord", {"recordType": "items", "fieldValues": values}, CONNECTION)

    assert plan.body == values

"""What can be chosen: the types that saved configurations know, and nothing lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from connector_runtime import Component

UNIQUE_VALUE_TYPES = {
    "contacts",
    "items",
    "estimates",
    "salesorders",
    "invoices",
    "recurringinvoices",
    "creditnotes",
    "customerpayments",
    "expenses",
    "recurringexpenses",
    "purchaseorders",
    "bills",
    "recurringbills",
    "vendorpayments",
    "projects",
}
CUSTOM_FIELD_TYPES = {
    "items",
    "invoices",
    "estimates",
    "salesorders",
    "purchaseorders",
    "bills",
    "customerpayments",
}
CRM_MODULES = [
    "Accounts",
    "Calls",
    "Campaigns",
    "Cases",
    "Contacts",
    "Deals",
    "Events",
    "Invoices",
    "Leads",
    "Price_Books",
    "Products",
    "Purchase_Orders",
    "Quotes",
    "Sales_Orders",
    "Solutions",
    "Tasks",
    "Vendors",
]
UPSERT_MODULES = set(CRM_MODULES) - {"Calls", "Events", "Tasks"} | {"Appointments__s", "Services__s"}
# Labels of the inputs in the order of the documentation, by key.
KNOWN_INPUTS: dict[str, dict[str, str]] = {
    "recordType": dict.fromkeys(["books", "crm"], "Record Type"),
    "recordId": dict.fromkeys(["books", "crm"], "Record ID"),
    "dynamicValues": dict.fromkeys(["books", "crm"], "Dynamic Fields"),
    "fieldValues": dict.fromkeys(["books", "crm"], "Values"),
    "parentRecordType": {"books": "Parent Record Type"},
    "parentRecordId": {"books": "Parent Record ID"},
    "searchFields": {"books": "Search Fields"},
    "fields": {"crm": "Fields"},
    "page_token": {"crm": "Page Token"},
    "query": {"crm": "Query"},
    "fileName": {"crm": "File Name"},
}
KNOWN_ACTIONS = {
    "booksCreateRecord": (
        "Books - Create Record",
        "recordType parentRecordType parentRecordId dynamicValues fieldValues",
    ),
    "booksGetRecord": ("Books - Get Record", "recordType recordId parentRecordType parentRecordId"),
    "booksGetRecords": (
        "Books - Get Records",
        "recordType parentRecordType parentRecordId searchFields page per_page fetchAll",
    ),
    "booksUpdateRecord": (
        "Books - Update Record",
        "recordType recordId parentRecordType parentRecordId dynamicValues fieldValues",
    ),
    "booksRemoveRecord": ("Books - Remove Record", "recordType recordId parentRecordType parentRecordId"),
    "booksRawRequest": (
        "Books - Raw Request",
        "url method data formData fileData fileDataFileNames queryParams headers responseType",
    ),
    "crmCreateRecord": ("CRM - Create Record", "recordType dynamicValues fieldValues"),
    "crmGetRecord": ("CRM - Get Record", "recordType recordId fields"),
    "crmGetRecords": (
        "CRM - Get Records",
        "recordType fields page per_page page_token sort_order sort_by fetchAll",
    ),
    "crmUpdateRecord": ("CRM - Update Record", "recordType recordId dynamicValues fieldValues"),
    "crmRemoveRecord": ("CRM - Remove Record", "recordType recordId"),
    "crmRunQuery": ("CRM - COQL Query", "query"),
    "crmAddAttachment": ("CRM - Add Attachment", "recordType recordId file fileName"),
    "crmRawRequest": (
        "CRM - Raw Request",
        "url method data formData fileData fileDataFileNames queryParams headers responseType",
    ),
}
ADVANCED = [
    "timeout",
    "maxRetries",
    "retryDelayMS",
    "useExponentialBackoff",
    "retryAllErrors",
    "debugRequest",
]


def choices_of(zoho: Component, action: str, key: str = "recordType") -> list[Any]:
    """Return what an input offers to choose from."""
    entry = next(entry for entry in zoho.actions[action].inputs if entry.key == key)
    return [choice.value for choice in entry.choices]


@pytest.mark.parametrize("key", KNOWN_ACTIONS)
def test_saved_configurations_find_their_action_and_its_inputs(zoho: Component, key: str) -> None:
    """Keys and labels are those that integrations already store; the rest of the form comes behind."""
    label, inputs = KNOWN_ACTIONS[key]

    action = zoho.actions[key]

    assert action.definition["label"] == label
    given = [entry.key for entry in action.inputs]
    assert [name for name in given if name in inputs.split()] == inputs.split()


@pytest.mark.parametrize("product", ["books", "crm"])
def test_inputs_are_labelled_as_before(zoho: Component, product: str) -> None:
    """A person who knows the form finds the same words on it."""
    labels = {
        (entry.key, entry.label)
        for key, action in zoho.actions.items()
        if key.startswith(product)
        for entry in action.inputs
        if entry.key in KNOWN_INPUTS
    }

    assert labels == {(key, by[product]) for key, by in KNOWN_INPUTS.items() if product in by}


def test_every_action_ends_with_the_same_six_advanced_inputs(zoho: Component) -> None:
    """Timeout, retries and debugging are at hand everywhere, in one group."""
    for action in zoho.actions.values():
        advanced = [entry.key for entry in action.inputs if entry.definition.get("group") == "Advanced"]
        assert sorted(advanced) == sorted(ADVANCED), action.key


def test_books_offers_thirty_one_record_types(zoho: Component) -> None:
    """All types of the documentation can be read, in the order of their labels there."""
    types = choices_of(zoho, "booksGetRecords")

    assert len(types) == 31
    assert types[:3] == ["bankaccounts", "banktransactions", "bankaccounts/rules"]


def test_every_books_type_knows_its_keys(zoho: Component) -> None:
    """Each type has a list key, a record key, an id field, a scope family and what it can do."""
    rows = zoho.model.tables["booksTypes"]

    for key in choices_of(zoho, "booksGetRecords"):
        assert {"label", "list", "one", "id", "scope", "can"} <= rows[key].keys(), key


def test_fifteen_books_types_take_unique_values(zoho: Component) -> None:
    """The upsert is offered for the types that Zoho documents, and no other."""
    assert set(choices_of(zoho, "booksUpsertRecord")) == UNIQUE_VALUE_TYPES


def test_seven_books_types_update_custom_fields(zoho: Component) -> None:
    """The custom field update is offered for the types that have its address."""
    assert set(choices_of(zoho, "booksUpdateCustomFields")) == CUSTOM_FIELD_TYPES


def test_crm_offers_seventeen_modules(zoho: Component) -> None:
    """The modules of the documentation, by API name."""
    assert choices_of(zoho, "crmGetRecords") == CRM_MODULES


@pytest.mark.parametrize("action", ["crmUpsertRecord", "crmUpsertRecords"])
def test_crm_upserts_sixteen_modules_and_custom_ones(zoho: Component, action: str) -> None:
    """Exactly the modules of Zoho's page on upserts; the seventeenth entry, custom modules, is free text."""
    entry = next(entry for entry in zoho.actions[action].inputs if entry.key == "recordType")

    assert set(choices_of(zoho, action)) == UPSERT_MODULES
    assert len(UPSERT_MODULES) == 16
    assert entry.definition["custom"] is True

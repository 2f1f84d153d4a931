"""The permissions that each call needs come from the tables of record types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from connector_runtime import Component

ITEM_CALLS = {
    "booksCreateRecord": "CREATE",
    "booksUpsertRecord": "UPDATE",
    "booksGetRecords": "READ",
    "booksUpdateRecord": "UPDATE",
    "booksGetRecord": "READ",
    "booksRemoveRecord": "DELETE",
    "booksUpdateCustomFields": "UPDATE",
    "booksMarkRecordActive": "CREATE",
    "booksMarkRecordInactive": "CREATE",
}
CRM_CALLS = {
    "crmGetRecord": ["READ"],
    "crmGetRecords": ["READ"],
    "crmCreateRecord": ["CREATE"],
    "crmUpdateRecord": ["UPDATE"],
    "crmRemoveRecord": ["DELETE"],
    "crmUpsertRecord": ["WRITE", "CREATE"],
    "crmUpsertRecords": ["WRITE", "CREATE"],
}


def scopes_of(zoho: Component, action: str, **inputs: str) -> list[str]:
    """Return what a call with these inputs needs."""
    return list(zoho.actions[action].scopes_for(inputs, {}))


@pytest.mark.parametrize(("action", "verb"), ITEM_CALLS.items())
def test_items_belong_to_the_settings(zoho: Component, action: str, verb: str) -> None:
    """Each of the nine calls on items needs the settings scope of its HTTP verb, as Zoho documents it."""
    assert scopes_of(zoho, action, recordType="items") == [f"ZohoBooks.settings.{verb}"]


@pytest.mark.parametrize(
    ("record_type", "family"),
    [
        ("contacts", "contacts"),
        ("vendorcredits", "debitnotes"),
        ("retainerinvoices", "invoices"),
        ("projects/timeentries", "projects"),
        ("settings/taxes", "settings"),
        ("bankaccounts/rules", "banking"),
    ],
)
def test_books_types_have_their_own_families(zoho: Component, record_type: str, family: str) -> None:
    """A Books type's scope is named after its family, which differs from its path for some."""
    assert scopes_of(zoho, "booksGetRecords", recordType=record_type) == [f"ZohoBooks.{family}.READ"]


def test_books_records_below_others_need_the_family_of_the_upper_one(zoho: Component) -> None:
    """The tasks of a project need the scope of projects, not that of tasks."""
    inputs = {"recordType": "tasks", "parentRecordType": "projects", "parentRecordId": "1"}

    assert scopes_of(zoho, "booksGetRecords", **inputs) == ["ZohoBooks.projects.READ"]


@pytest.mark.parametrize("action", ["booksGetRecord", "booksCreateRecord", "booksUpdateRecord"])
def test_custom_books_modules_have_one_scope_for_all(zoho: Component, action: str) -> None:
    """Whatever is done with records of a custom Books module needs the same scope."""
    assert scopes_of(zoho, action, recordType="cm_debtor") == ["ZohoBooks.custommodules.ALL"]


def test_reporting_tags_are_marked_with_the_update_scope(zoho: Component) -> None:
    """Marking needs CREATE for all types but reporting tags."""
    needed = scopes_of(zoho, "booksMarkRecordActive", recordType="reportingtags")

    assert needed == ["ZohoBooks.settings.UPDATE"]


@pytest.mark.parametrize(("action", "verbs"), CRM_CALLS.items())
@pytest.mark.parametrize(
    ("module", "name"),
    [("Price_Books", "pricebooks"), ("Sales_Orders", "salesorders"), ("Machines", "custom")],
)
def test_crm_modules_have_names_of_their_own_in_scopes(
    zoho: Component, action: str, verbs: list[str], module: str, name: str
) -> None:
    """CRM scopes spell modules without underscores, and all custom modules as one."""
    needed = scopes_of(zoho, action, recordType=module)

    assert needed == [f"ZohoCRM.modules.{name}.{verb}" for verb in verbs]


def test_a_query_needs_the_scope_of_queries(zoho: Component) -> None:
    """COQL has a scope of its own, beside that of the modules it reads."""
    assert scopes_of(zoho, "crmRunQuery") == ["ZohoCRM.coql.READ", "ZohoCRM.modules.READ"]

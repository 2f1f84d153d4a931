"""What lists show of a record, and what they sort and filter by."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.rules.money import padded
from zoho_sandbox.products.books.rules.rowvalues import COMPUTED

if TYPE_CHECKING:
    from zoho_sandbox.products.books.rules.catalogue import Module

# A row carries these twins of other fields.
# source: live recording, 2026-06
_TWINS = {
    "customer_name": "contact_name",
    "vendor_name": "contact_name",
    "item_name": "name",
    "balance_due": "balance",
    "updated_time": "last_modified_time",
    # choice: what recurs is due next on its first day, for nothing is made of it here.
    "next_expense_date": "start_date",
}
# An address in a row names its parts another way.
# source: live recording, 2026-06
_PARTS = {"zipcode": "zip"}
# What the filter `date` means, by the first of these that a record has.
# choice: the pages name the parameter only; a task has no other day than the one it is due.
DATE_FIELDS = ("date", "journal_date", "adjustment_date", "log_date", "due_date")
# What filter_by and the daily look at due dates read, besides a module's own filters.
_ALWAYS = (
    "status", "created_time", "last_modified_time", "date", "due_date", "expiry_date",
    "customer_id", "vendor_id", "owner_id", "is_active", "is_location_active", "portal_status",
    "payment_mode", "account_type", "is_base_currency", "billed_status", "is_billable",
    "has_attachment", "invoiced_status", "payment_expected_date", "sales_or_purchase_type",
    "is_linked_with_zohocrm", "credit_limit", "outstanding_receivable_amount", "total", "balance",
)  # fmt: skip


def list_row(module: Module, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list row of a record, its custom fields flattened with it.

    # choice: where no list was ever recorded, everything but nested lists.
    """
    if not module.row:
        return {name: value for name, value in record.items() if not _is_nested(value)}
    template = {**module.row, **_more_of(module, record)}
    row = {name: _row_value(module, record, name, empty) for name, empty in template.items()}
    row.update({name: value for name, value in record.items() if name.startswith("cf_")})
    if "row" not in module.exact:
        row["custom_fields"] = record.get("custom_fields", [])
        row["custom_field_hash"] = record.get("custom_field_hash", {})
    return row


def _more_of(module: Module, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that only some rows have: a draft has no address to pay at.

    source: live recording, 2026-06
    """
    more: dict[str, Any] = {}
    for rule in module.row_when:
        if record.get(rule["field"]) not in rule["not"]:
            more.update(rule["row"])
    return more


def _is_nested(value: Any) -> bool:
    is_list_of_objects = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
    return is_list_of_objects and "customfield_id" not in value[0]


def _row_value(module: Module, record: Mapping[str, Any], name: str, empty: Any) -> Any:
    if name in COMPUTED:
        return COMPUTED[name](record)
    known = name if name in record else _TWINS.get(name, name)
    value = record.get(known)
    if known in record and (value not in (None, "") or not empty):
        return _in_shape(empty, value) if "row" in module.exact else value
    return empty_copy(empty, is_amount=name in module.amounts)


def _in_shape(empty: Any, value: Any) -> Any:
    """Return a value as the recorded row has it: text where the row has text, an object's own keys.

    # choice: a row that was recorded with "" for a list stays so when the list is not empty.
    """
    if isinstance(empty, Mapping) and empty and isinstance(value, Mapping):
        return {name: value.get(_PARTS.get(name, name), one) for name, one in empty.items()}
    return empty if isinstance(empty, str) and not isinstance(value, str) else value


def empty_copy(value: Any, *, is_amount: bool = False) -> Any:
    """Return a fresh copy of an empty value; an amount gets its decimals."""
    if isinstance(value, Mapping):
        return {name: empty_copy(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return list(value)
    return padded(Decimal(value)) if is_amount and value == 0 else value


def index_entry(module: Module, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the small entry that lists sort and filter by."""
    names = {*module.listing.get("sortable", ()), module.listing.get("sort", "")}
    names |= {*module.filters, *module.search, *_ALWAYS}
    entry: dict[str, Any] = {"id": str(record[module.id])}
    for name in sorted(names):
        value = _index_value(module, record, name)
        if value not in (None, "", [], {}):
            entry[name] = value
    entry.update({name: value for name, value in record.items() if name.startswith("cf_")})
    return entry


def _index_value(module: Module, record: Mapping[str, Any], name: str) -> Any:
    """Return a field's value, or all its values inside a nested list or object."""
    places = module.filters.get(name, {}).get("inside")
    if name == "date":
        return next((record[one] for one in DATE_FIELDS if record.get(one)), None)
    if name == "created_date" and name not in record:
        return str(record.get("created_time", ""))[: len("2026-06-09")]
    if not places:
        value = record.get(name, record.get(_TWINS.get(name, "")))
        return None if isinstance(value, dict | list) else value
    found = []
    for place, field in places:
        nested = record.get(place)
        ones = nested if isinstance(nested, list) else [nested]
        found += [one[field] for one in ones if isinstance(one, dict) and one.get(field)]
    return found

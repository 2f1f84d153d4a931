"""Items: what a type of item needs, its accounts, its tax."""

from __future__ import annotations

from zoho_sandbox.products.books.records.compose import Draft, composes, require
from zoho_sandbox.products.books.rules.money import ZERO, amount, padded

_PURCHASED = ("purchases", "sales_and_purchases", "inventory")
_SOLD = ("sales", "sales_and_purchases", "inventory")


@composes("items")
def complete_item(draft: Draft) -> None:
    """Fill in what Books adds to every item, and refuse what its type forbids.

    source: https://www.zoho.com/books/api/v3/items/ and live recording, 2026-06
    """
    record = draft.record
    draft.default("item_type", "sales")
    draft.default("product_type", "goods")
    _check_needs(draft)
    if draft.before is None:
        record["source"] = "api"
        record["group_id"] = draft.books.new_id()
    record["can_be_sold"] = record["item_type"] in _SOLD
    record["can_be_purchased"] = record["item_type"] in _PURCHASED
    record["track_inventory"] = record["item_type"] == "inventory"
    record["purchase_rate"] = padded(amount(record.get("purchase_rate") or ZERO))
    record["sales_rate"] = record["pricebook_rate"] = record["rate"]
    _set_accounts(draft)
    _set_unit(draft)
    _set_tax(draft)


def _check_needs(draft: Draft) -> None:
    record = draft.record
    if draft.before is not None and not {"item_type", "is_taxable"} & draft.values.keys():
        return
    if record.get("is_taxable") is False and "is_taxable" in draft.values:
        require(draft, "tax_exemption_id")
    if record["item_type"] in _PURCHASED:
        require(draft, "purchase_account_id")
    if record["item_type"] == "inventory":
        require(draft, "inventory_account_id")


def _set_accounts(draft: Draft) -> None:
    books, record = draft.books, draft.record
    if record["can_be_sold"] and not record.get("account_id"):
        record["account_id"] = books.owner("chart_of_accounts", "account_name", "Sales") or ""
    for prefix in ("", "purchase_", "inventory_"):
        account = books.get("chart_of_accounts", record.get(f"{prefix}account_id") or "")
        record[f"{prefix}account_name"] = account["account_name"] if account else ""


def _set_unit(draft: Draft) -> None:
    if "unit" in draft.values:
        draft.record["unit_id"] = draft.books.new_id() if draft.values["unit"] else ""


def _set_tax(draft: Draft) -> None:
    books, record = draft.books, draft.record
    tax = books.get("taxes", record.get("tax_id") or "")
    record["tax_name"] = tax["tax_name"] if tax else ""
    record["tax_percentage"] = tax["tax_percentage"] if tax else 0
    record["tax_type"] = tax.get("tax_type", "tax") if tax else ""

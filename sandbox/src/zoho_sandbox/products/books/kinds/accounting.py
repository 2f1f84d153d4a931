"""Expenses, journals and accounts: their totals, and the names behind their ids."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.kinds.transactions import (
    set_number,
    set_party,
    set_record_currency,
    taxes_of,
)
from zoho_sandbox.products.books.records.compose import Draft, composes
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import ZERO, amount, padded, rounded
from zoho_sandbox.products.books.rules.rows import empty_copy
from zoho_sandbox.products.books.rules.totals import Line, Terms, add_up

if TYPE_CHECKING:
    from zoho_sandbox.products.books.records.store import Books, Record

_ACCOUNT_MESSAGES = {
    "account_id": "Please enter valid expense account",
    "paid_through_account_id": "Please enter valid paid through account",
}
# What the one line of an expense repeats.
_OF_EXPENSE = ("account_id", "description", "tax_id", "tax_name", "tax_percentage", "tax_amount")
_ACCOUNTS = ("account", "paid_through_account", "asset_account", "expense_account", "depreciation_account")


def account_name(books: Books, record_id: str) -> str:
    """Return an account's name, empty for an unknown one."""
    account = books.get("chart_of_accounts", record_id) or books.get("bank_accounts", record_id)
    return str(account["account_name"]) if account else ""


def name_accounts(draft: Draft) -> None:
    """Show the name beside every account id of a record."""
    for name in _ACCOUNTS:
        if draft.record.get(f"{name}_id"):
            draft.record[f"{name}_name"] = account_name(draft.books, draft.record[f"{name}_id"])


@composes("expenses", "recurring_expenses")
def complete_expense(draft: Draft) -> None:
    """Compute an expense's tax and total, and whether it can be billed."""
    record, books = draft.record, draft.books
    set_party(draft)
    vendor = books.get("contacts", record.get("vendor_id") or "")
    record["vendor_name"] = vendor["contact_name"] if vendor else ""
    draft.default("date", books.today())
    _check_account(draft)
    name_accounts(draft)
    _set_expense_total(draft)
    _set_expense_line(draft)
    if draft.module.name == "expenses" and (draft.before is None or "is_billable" in draft.values):
        record["status"] = "unbilled" if record.get("is_billable") else "nonbillable"


def _check_account(draft: Draft) -> None:
    """Refuse an expense on an account that is none.

    source: live: code 1002 with this text
    # choice: the same for the account it was paid through.

    Raises:
        RefusedError: code 1002.
    """
    if draft.module.name != "expenses" or not draft.books.setting("check_references"):
        return
    for name, message in _ACCOUNT_MESSAGES.items():
        value = str(draft.values.get(name) or "")
        if value and not account_name(draft.books, value):
            raise refusal("unknown_account", value=message)


def _set_expense_line(draft: Draft) -> None:
    """An expense that names no lines has one, over all of it.

    source: live recording, 2026-06
    """
    record, module = draft.record, draft.module
    if module.name != "expenses":
        return
    if not draft.values.get("line_items") and len(record.get("line_items") or ()) <= 1:
        kept: Record = next(iter(record.get("line_items") or ()), {})
        record["line_items"] = [{**kept, "amount": record["amount"]}]
    lines = []
    for order, line in enumerate(record["line_items"], start=1):
        whole = {name: record.get(name, empty) for name, empty in module.line.items()}
        shown = {**whole, "tags": [], "line_item_taxes": [], "tax_type": "tax", **line, "item_order": order}
        shown["line_item_id"] = line.get("line_item_id") or draft.books.new_id()
        if len(record["line_items"]) == 1:
            shown.update({name: record[name] for name in _OF_EXPENSE})
        shown["account_name"] = account_name(draft.books, str(shown.get("account_id") or ""))
        shown["item_total"] = shown["amount"] = rounded(amount(line.get("amount")))
        lines.append(shown)
    record["line_items"], record["expense_item_id"] = lines, lines[0]["line_item_id"]


def _set_expense_total(draft: Draft) -> None:
    record, books = draft.record, draft.books
    taxes = taxes_of(books, record.get("tax_id") or "")
    given = sum((amount(one.get("amount")) for one in record.get("line_items") or ()), ZERO)
    value = amount(record.get("amount")) or given
    line = Line(rate=value, quantity=Decimal(1), taxes=taxes)
    totals = add_up([line], Terms(is_inclusive_tax=bool(record.get("is_inclusive_tax"))))
    record["amount"] = rounded(value)
    record["sub_total"] = totals.sub_total
    record["tax_amount"] = totals.tax_total
    record["total"] = totals.total
    record["tax_name"] = " + ".join(tax.name for tax in taxes)
    record["tax_percentage"] = sum((tax.percentage for tax in taxes), Decimal(0))
    rate = amount(record["exchange_rate"])
    draft.show("bcy_total", rounded(totals.total * rate))
    draft.show("total_without_tax", totals.sub_total)
    draft.show("bcy_total_without_tax", rounded(totals.sub_total * rate))


@composes("journals", "recurring_journals")
def complete_journal(draft: Draft) -> None:
    """A journal's debits equal its credits, on different accounts.

    source: live: one account on both sides is refused with code 4 "Amount"
    """
    set_number(draft)
    set_record_currency(draft.books, draft.record)
    draft.default("journal_type", "both")
    if "status" in draft.values:
        draft.record["status"] = draft.values["status"] or "published"
    if "line_items" in draft.values:
        draft.record["line_items"] = [
            _journal_line(draft, values, order)
            for order, values in enumerate(draft.values["line_items"], start=1)
        ]
    _set_journal_total(draft)


def _journal_line(draft: Draft, values: dict[str, Any], order: int) -> Record:
    books, module = draft.books, draft.module
    line: Record = {
        name: empty_copy(value, is_amount=name in module.line_amounts) for name, value in module.line.items()
    }
    line.update(values)
    line["line_id"] = values.get("line_id") or books.new_id()
    line["item_order"] = order
    line["account_name"] = account_name(books, str(values.get("account_id", "")))
    line["amount"] = rounded(amount(values.get("amount")))
    if values.get("debit_or_credit") not in ("debit", "credit") or line["amount"] <= 0:
        raise refusal("missing_value", value="Amount")
    line["bcy_amount"] = rounded(line["amount"] * amount(draft.record["exchange_rate"]))
    return line


def _set_journal_total(draft: Draft) -> None:
    sums, sides = {"debit": ZERO, "credit": ZERO}, {"debit": set[str](), "credit": set[str]()}
    for line in draft.record.get("line_items") or ():
        side = line["debit_or_credit"]
        sums[side] += line["amount"]
        sides[side].add(str(line.get("account_id") or ""))
    if sums["debit"] != sums["credit"] or (sides["debit"] & sides["credit"]) - {""}:
        raise refusal("missing_value", value="Amount")
    total = rounded(sums["debit"])
    draft.record["total"] = total
    draft.show("line_item_total", total)
    draft.record["bcy_total"] = rounded(total * amount(draft.record["exchange_rate"]))


@composes("chart_of_accounts")
def complete_account(draft: Draft) -> None:
    """An account that a client makes is its own, and active."""
    record = draft.record
    if draft.before is None:
        record["is_user_created"] = True
    record["status"] = "active" if record.get("is_active") else "inactive"
    record["account_type_formatted"] = str(record.get("account_type", "")).replace("_", " ").title()
    parent = record.get("parent_account_id") or ""
    draft.show("parent_account_name", account_name(draft.books, parent))
    draft.show("depth", 1 if parent else 0)


@composes("bank_accounts")
def complete_bank_account(draft: Draft) -> None:
    """A bank account has a currency and a balance."""
    set_record_currency(draft.books, draft.record)
    for name in ("balance", "bank_balance", "bcy_balance"):
        draft.record[name] = padded(amount(draft.record.get(name)))


@composes("bank_transactions")
def complete_bank_transaction(draft: Draft) -> None:
    """A bank transaction shows what came in or went out."""
    record = draft.record
    draft.default("date", draft.books.today())
    record["amount"] = padded(amount(record.get("amount")))
    incoming = ("deposit", "credit", "refund", "sales_without_invoices", "interest_income", "other_income")
    record["debit_or_credit"] = "debit" if record.get("transaction_type") in incoming else "credit"
    account = str(
        record.get("from_account_id") or record.get("to_account_id") or record.get("account_id") or ""
    )
    record["account_id"] = account
    record["account_name"] = account_name(draft.books, account)


@composes("fixed_assets", "fixed_asset_types")
def complete_asset(draft: Draft) -> None:
    """A fixed asset has a number and a present value."""
    set_number(draft)
    name_accounts(draft)
    if draft.module.name == "fixed_assets":
        draft.default("current_asset_value", draft.record.get("asset_cost", ZERO))
        kind = draft.books.get("fixed_asset_types", draft.record.get("fixed_asset_type_id") or "")
        draft.record["fixed_asset_type_name"] = kind["fixed_asset_type_name"] if kind else ""


@composes("base_currency_adjustments")
def complete_adjustment(draft: Draft) -> None:
    """An adjustment names its currency."""
    set_record_currency(draft.books, draft.record)
    draft.default("gain_or_loss", ZERO)

"""One account of the chart: what was booked on it, and what that comes to.

source: live recording, 2026-06, for keys and signs
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.records.records import FOLLOWERS
from zoho_sandbox.products.books.records.store import Books, Record, module_named
from zoho_sandbox.products.books.rules.money import ZERO, amount, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoho_sandbox.products.books.rules.catalogue import Module

# Accounts that grow by what is debited.
_DEBITED = (
    "asset", "cash", "bank", "expense", "stock", "cost_of_goods_sold", "receivable", "credit_card",
)  # fmt: skip
_UNBOOKED = ("draft", "void", "pending_approval", "rejected", "cancelled")


@dataclass(frozen=True, slots=True)
class Side:
    """One account that a transaction names, and with what it books there.

    Args:
        sign: 1 where it debits, -1 where it credits.
    """

    account: str
    sign: int
    value: str = "item_total"
    is_by_line: bool = True


_SIDES = {
    "invoices": (Side("account_id", -1),),
    "credit_notes": (Side("account_id", 1),),
    "bills": (Side("account_id", 1),),
    "vendor_credits": (Side("account_id", -1),),
    "expenses": (Side("account_id", 1), Side("paid_through_account_id", -1, "total", is_by_line=False)),
    "customer_payments": (Side("account_id", 1, "amount", is_by_line=False),),
    "vendor_payments": (Side("paid_through_account_id", -1, "amount", is_by_line=False),),
}
# What each books as.
_WORDS = {
    "invoices": "invoice",
    "credit_notes": "creditnote",
    "bills": "bill",
    "vendor_credits": "vendor_credit",
    "expenses": "expense",
    "customer_payments": "customer_payment",
    "vendor_payments": "vendor_payment",
    "journals": "journal",
}


def account_in_full(books: Books, account: Record) -> Record:
    """Return an account with its transactions and its closing balance.

    # choice: invoices, credit notes, bills, expenses, payments and journals book on the accounts
    they name; receivables, payables, taxes and bank transactions book nothing.
    """
    is_debited = _is_debited(account)
    found = [
        _shown(books, word, record, value)
        for module, word in _WORDS.items()
        for record in books.all(module)
        for account_id, value in _bookings(module, record)
        if account_id == account["account_id"]
    ]
    found.sort(key=lambda one: str(one["transaction_id"]))
    debit = sum((amount(one["debit"]) - amount(one["credit"]) for one in found), ZERO)
    closing = rounded(debit if is_debited else -debit)
    return {
        **account,
        "is_involved_in_transaction": bool(found),
        "isdebit": is_debited,
        "transactions": found,
        "closing_balance": closing,
        "closing_balance_formatted": _printed(books, closing),
    }


def _is_debited(account: Mapping[str, Any]) -> bool:
    return any(word in str(account.get("account_type", "")) for word in _DEBITED)


def _bookings(module: str, record: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    """Yield what a record books: an account, and the amount, negative when it is credited."""
    if record.get("status") in _UNBOOKED:
        return
    if module == "journals":
        for line in record.get("line_items") or ():
            sign = 1 if line["debit_or_credit"] == "debit" else -1
            yield str(line.get("account_id") or ""), sign * amount(line["amount"])
    for side in _SIDES.get(module, ()):
        sums: dict[str, Decimal] = {}
        for one in (record.get("line_items") or ()) if side.is_by_line else (record,):
            account = str(one.get(side.account) or "")
            sums[account] = sums.get(account, ZERO) + amount(one.get(side.value))
        for account, value in sums.items():
            if account and value:
                yield account, side.sign * value


def _follow_bookings(books: Books, module: Module, record: Record | None, before: Record | None) -> None:
    """Money that comes and goes changes the balance of its bank account."""
    if module.name not in _WORDS:
        return
    moved: dict[str, Decimal] = {}
    for one, sign in ((before, -1), (record, 1)):
        for account, value in _bookings(module.name, one) if one is not None else ():
            moved[account] = moved.get(account, ZERO) + sign * value
    for account, value in moved.items():
        kept = books.get("bank_accounts", account) if value else None
        if kept is not None:
            balance = rounded(amount(kept.get("balance")) + (value if _is_debited(kept) else -value))
            rate = amount(kept.get("exchange_rate")) or Decimal(1)
            changed = {**kept, "balance": balance, "bcy_balance": rounded(balance * rate)}
            books.save(module_named("bank_accounts"), changed, kept)


FOLLOWERS.append(_follow_bookings)


def _shown(books: Books, word: str, record: Record, value: Decimal) -> Record:
    day = str(record.get("date") or record.get("journal_date") or "")
    shown: dict[str, Any] = {
        "date": day,
        "date_formatted": date.fromisoformat(day).strftime("%d %b %Y") if day else "",
        "transaction_id": next(record[name] for name in _IDS if record.get(name)),
        "entity_type": word,
        "entity_type_formatted": _NAMES.get(word, word.replace("_", " ").title()),
        "reference_number": record.get("reference_number", ""),
        "customer_name": record.get("customer_name") or record.get("vendor_name", ""),
        "customer_id": record.get("customer_id") or record.get("vendor_id", ""),
    }
    for side, is_this in (("debit", value > 0), ("credit", value < 0)):
        printed = _printed(books, abs(value)) if is_this else ""
        shown[side] = shown[f"fcy_{side}"] = rounded(abs(value)) if is_this else ""
        shown[f"{side}_formatted"] = shown[f"fcy_{side}_formatted"] = printed
    return shown


_NAMES = {"creditnote": "Credit Note"}
_IDS = (
    "journal_id",
    "payment_id",
    "creditnote_id",
    "vendor_credit_id",
    "expense_id",
    "bill_id",
    "invoice_id",
)


def _printed(books: Books, value: Decimal) -> str:
    return f"{books.organization.get('currency_symbol', '')}{value:,.2f}"

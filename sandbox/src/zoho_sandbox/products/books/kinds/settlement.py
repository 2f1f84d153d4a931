"""Money that settles something: payments and credits applied to invoices and bills.

An application is kept on its own, under the invoice or bill it settles; payments and
credit notes show theirs as a list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.kinds.transactions import set_balance
from zoho_sandbox.products.books.records.records import save
from zoho_sandbox.products.books.records.store import Books, Record, module_named
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import ZERO, amount, rounded
from zoho_sandbox.products.books.rules.totals import due_status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

KIND = "applications"
_OPEN = {"invoices": "sent", "bills": "open", "retainer_invoices": "sent"}
_UNTOUCHED = ("draft", "void", "pending_approval", "rejected", "cancelled")


@dataclass(frozen=True, slots=True)
class Source:
    """What settles: how replies name it, and what it lessens.

    Args:
        shown: The key of its list of applications.
        id: The key of one application's own id.
        target: The module whose records it settles.
        lessens: The field of the target that grows.
        entry: The keys of one application and their values when nothing else is known.
    """

    module: str
    shown: str
    id: str
    target: str
    lessens: str = "payment_made"
    entry: Mapping[str, Any] = field(default_factory=dict)


# source of both: live recording, 2026-06; a bill's day of application was empty there
_ON_INVOICE = {
    "invoice_customer_id": "",
    "invoice_customer_name": "",
    "allow_partial_payments": "",
    "is_early_payment_discount_applicable": False,
    "invoice_installments": [],
    "installments": [],
}
_ON_BILL = {
    "is_opening_balance": False,
    "unprocessed_payment_amount": ZERO,
    "apply_date": "",
    "discount_amount": None,
}

SOURCES = {
    "customer_payments": Source(
        "customer_payments", "invoices", "invoice_payment_id", "invoices", entry=_ON_INVOICE
    ),
    "vendor_payments": Source("vendor_payments", "bills", "bill_payment_id", "bills", entry=_ON_BILL),
    "credit_notes": Source(
        "credit_notes", "invoices_credited", "creditnote_invoice_id", "invoices", "credits_applied"
    ),
    "vendor_credits": Source(
        "vendor_credits", "bills_credited", "vendor_credit_bill_id", "bills", "credits_applied"
    ),
    "retainer_invoices": Source("retainer_invoices", "invoices_applied", "invoice_payment_id", "invoices"),
}


def apply_money(books: Books, source: Source, record: Record, target_id: str, value: Decimal) -> None:
    """Settle a part of an invoice or bill and show that on the source; the caller keeps it.

    Raises:
        RefusedError: no such invoice or bill, or more than its balance.
    """
    module = module_named(source.target)
    target = books.get(source.target, target_id)
    if target is None:
        raise refusal("not_found", value=module.noun, code=books.setting("not_found_code"), status=400)
    if value <= 0 or value > amount(target["balance"]):
        raise refusal("amount_exceeds")
    entry = {
        "id": books.new_id(),
        "source": source.module,
        "source_id": record[module_named(source.module).id],
        "target": source.target,
        "target_id": target_id,
        "amount": rounded(value),
        "date": record.get("date") or books.today(),
    }
    books.state.put(books.kind(KIND), entry["id"], entry, parent=target_id)
    _settle(books, source, target, value)
    shown = list(record.get(source.shown) or [])
    record[source.shown] = [
        *shown,
        _shown_application(source, entry, books.get(source.target, target_id) or target),
    ]


def _shown_application(source: Source, entry: Mapping[str, Any], target: Mapping[str, Any]) -> Record:
    module = module_named(source.target)
    number = str(module.number.get("field", "bill_number"))
    shown = {
        source.id: entry["id"],
        module.id: entry["target_id"],
        number: target.get(number, ""),
        "amount_applied": entry["amount"],
        "tax_amount_withheld": ZERO,
        "discount_amount": ZERO,
        "total": target["total"],
        "balance": target["balance"],
        "date": target.get("date", ""),
        "due_date": target.get("due_date", ""),
        "apply_date": entry["date"],
        "price_precision": target.get("price_precision", 2),
        **source.entry,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _settle(books: Books, source: Source, target: Record, value: Decimal) -> None:
    module = module_named(source.target)
    after = dict(target)
    after[source.lessens] = rounded(amount(after.get(source.lessens)) + value)
    set_balance(after, module.name)
    set_due_status(books, module.name, after)
    save(books, module, after, target)


def set_due_status(books: Books, module: str, record: Record) -> None:
    """Let the balance decide the status: open, overdue, partly paid or paid."""
    settled = amount(record.get("balance")) < amount(record.get("total"))
    if module not in _OPEN or (record.get("status") in _UNTOUCHED and not settled):
        return
    record["status"] = due_status(record, unpaid=_OPEN[module])
    is_late = "" < str(record.get("due_date") or "") < books.today()
    if is_late and record["status"] != "paid":
        record["status"] = "overdue"


def release(books: Books, entry: Mapping[str, Any]) -> None:
    """Take an application back: the invoice or bill owes the money again."""
    source = SOURCES[entry["source"]]
    books.state.delete(books.kind(KIND), entry["id"])
    target = books.get(entry["target"], entry["target_id"])
    if target is not None:
        _settle(books, source, target, -amount(entry["amount"]))


def release_all(books: Books, source: Source, record: Record) -> None:
    """Take back every application of a payment or credit note; the caller keeps the record."""
    for shown in record.get(source.shown) or ():
        entry = books.state.get(books.kind(KIND), shown[source.id])
        if entry is not None:
            release(books, entry)
    record[source.shown] = []


def forget(books: Books, entry: Mapping[str, Any]) -> None:
    """Take an application back and drop it from its payment or credit note."""
    release(books, entry)
    source = SOURCES[entry["source"]]
    before = books.get(source.module, entry["source_id"])
    if before is None:
        return
    record = dict(before)
    record[source.shown] = [one for one in record.get(source.shown) or () if one[source.id] != entry["id"]]
    show_rest(source, record)
    save(books, module_named(source.module), record, before)


def rest(source: Source, record: Mapping[str, Any]) -> Decimal:
    """Return what a payment or credit note still has to give."""
    used = sum((amount(one["amount_applied"]) for one in record.get(source.shown) or ()), ZERO)
    total = amount(record.get("amount", record.get("total")))
    return total - used - amount(record.get("refunded"))


def show_rest(source: Source, record: Record) -> None:
    """Show the rest where the module shows it.

    Raises:
        RefusedError: more was given than there is.
    """
    left = rounded(rest(source, record))
    if left < 0:
        raise refusal("amount_exceeds")
    if source.module == "customer_payments":
        record["unused_amount"] = left
    elif source.module != "retainer_invoices":
        record["balance"] = left
    if source.module in ("credit_notes", "vendor_credits"):
        record["total_credits_used"] = rounded(amount(record["total"]) - left)
        if record.get("status") in ("open", "closed"):
            record["status"] = "closed" if left == 0 < amount(record["total"]) else "open"


def applications(books: Books, target_id: str, *, is_credit: bool | None = None) -> list[Record]:
    """Return what settles an invoice or bill, oldest first.

    Args:
        is_credit: Only credits, only payments, or (None) both.
    """
    found = books.state.find(books.kind(KIND), parent=target_id)
    if is_credit is None:
        return found
    wanted = {name for name, one in SOURCES.items() if (one.lessens == "credits_applied") is is_credit}
    return [entry for entry in found if entry["source"] in wanted]

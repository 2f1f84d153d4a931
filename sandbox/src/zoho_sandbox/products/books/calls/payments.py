"""Payments received and made, credits, write-offs: the calls that move money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.kinds.settlement import (
    KIND,
    SOURCES,
    Source,
    applications,
    apply_money,
    forget,
    release_all,
    set_due_status,
    show_rest,
)
from zoho_sandbox.products.books.kinds.transactions import (
    set_balance,
    set_number,
    set_party,
    show_addresses,
)
from zoho_sandbox.products.books.records.compose import Draft, compose, composes
from zoho_sandbox.products.books.records.records import FOLLOWERS, save, shown
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.records.store import Books, Record, module_named
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import ZERO, amount, rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request
    from zoho_sandbox.products.books.rules.catalogue import Module

_LISTS = ("invoices", "bills", "invoice_payments")
_CREDIT_SOURCES = {
    "invoice_payments": ("customer_payments", "payment_id"),
    "apply_creditnotes": ("credit_notes", "creditnote_id"),
    "bill_payments": ("vendor_payments", "payment_id"),
    "apply_vendor_credits": ("vendor_credits", "vendor_credit_id"),
}


@composes("customer_payments", "vendor_payments")
def complete_payment(draft: Draft) -> None:
    """Fill in party, number and account, and settle what the payment names."""
    set_party(draft)
    set_number(draft)
    draft.default("date", draft.books.today())
    _set_address(draft)
    _set_account(draft)
    source, record = SOURCES[draft.module.name], draft.record
    lines = _wanted(draft.values)
    record[source.shown] = list((draft.before or {}).get(source.shown) or [])
    if lines is not None:
        release_all(draft.books, source, record)
        for line in lines:
            _apply_line(draft.books, source, record, line)
    show_rest(source, record)


def _set_address(draft: Draft) -> None:
    contact = draft.books.get("contacts", draft.record.get(f"{draft.module.party}_id") or "")
    if contact is not None:
        show_addresses(draft, contact)


def _wanted(values: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the invoices or bills a body names, None when it names none at all."""
    found = next((values[name] for name in _LISTS if name in values), None)
    return None if found is None else list(found)


def _apply_line(books: Books, source: Source, record: Record, line: Mapping[str, Any]) -> None:
    target = str(line.get(module_named(source.target).id) or "")
    value = amount(line.get("amount_applied"))
    if target and value:
        apply_money(books, source, record, target, value)


def _set_account(draft: Draft) -> None:
    record, books = draft.record, draft.books
    is_made = draft.module.name == "vendor_payments"
    prefix = "paid_through_account" if is_made else "account"
    if not record.get(f"{prefix}_id"):
        default = "Petty Cash" if is_made else "Undeposited Funds"
        record[f"{prefix}_id"] = books.owner("chart_of_accounts", "account_name", default) or ""
    account = books.get("chart_of_accounts", record[f"{prefix}_id"]) or {}
    record[f"{prefix}_name"] = account.get("account_name", "")
    record[f"{prefix}_type"] = account.get("account_type", "")
    if is_made:
        # source: live recording, 2026-06
        name = "Accounts Payable" if _wanted(draft.values) else "Prepaid Expenses"
        record["offset_account_id"] = books.owner("chart_of_accounts", "account_name", name) or ""
        record["offset_account_name"] = name


@composes("credit_notes", "vendor_credits")
def keep_credit_balance(draft: Draft) -> None:
    """What of a credit was applied or refunded before an update stays so."""
    if draft.values.get("is_draft"):
        draft.record["status"] = "draft"
    show_rest(SOURCES[draft.module.name], draft.record)


@composes("invoices", "bills", "retainer_invoices")
def keep_due_status(draft: Draft) -> None:
    """A changed total or due date may change the status."""
    if amount(draft.record["balance"]) < 0:
        raise refusal("amount_exceeds")
    set_due_status(draft.books, draft.module.name, draft.record)


def _follow_deletion(books: Books, module: Module, record: Record | None, before: Record | None) -> None:
    """When a payment goes, its invoices owe again; when an invoice goes, its payments are free."""
    if record is not None or before is None:
        return
    if module.name in SOURCES:
        release_all(books, SOURCES[module.name], dict(before))
    if module.name in ("invoices", "bills"):
        for entry in applications(books, before[module.id]):
            forget(books, entry)


FOLLOWERS.append(_follow_deletion)


# -- calls on payments and credits -------------------------------------------------------


@handles("applied_add")
def apply_to_targets(request: Request) -> Answer:
    """Apply a credit note, vendor credit or retainer to invoices or bills."""
    before = request.record()
    source, record = SOURCES[request.module.name], dict(before)
    lines = _wanted(request.checked_body())
    if not lines:
        raise refusal("missing_value", value=source.target)
    for line in lines:
        _apply_line(request.books, source, record, line)
    show_rest(source, record)
    save(request.books, request.module, record, before)
    request.note("update", request.id)
    return request.answer(**shown(request, record) if request.option("key") else {})


@handles("applied_list")
def list_applied(request: Request) -> Answer:
    """Answer what a credit note or vendor credit was applied to."""
    source = SOURCES[request.module.name]
    return request.answer(**{source.shown: request.record().get(source.shown) or []})


@handles("applied_remove")
def remove_applied(request: Request) -> Answer:
    """Take one application back, named by its own id or by the invoice's."""
    source, record = SOURCES[request.module.name], request.record()
    wanted, target = request.ids[1], module_named(source.target).id
    for one in record.get(source.shown) or ():
        if wanted in (one[source.id], one[target]):
            return _removed(request, one[source.id])
    raise request.unknown("Application", wanted)


def _removed(request: Request, record_id: str) -> Answer:
    entry = request.books.state.get(request.books.kind(KIND), record_id)
    if entry is None or request.id not in (entry["target_id"], entry["source_id"]):
        raise request.unknown("Application", record_id)
    forget(request.books, entry)
    request.note("delete", record_id, kind="applications")
    return request.answer()


# -- calls on invoices and bills ---------------------------------------------------------


@handles("payments_of")
def list_payments(request: Request) -> Answer:
    """Answer the payments that settled an invoice or bill."""
    request.record()
    found = applications(request.books, request.id, is_credit=False)
    return request.answer(payments=[_shown_payment(request, entry) for entry in found])


def _shown_payment(request: Request, entry: Mapping[str, Any]) -> dict[str, Any]:
    source = SOURCES[entry["source"]]
    payment = request.books.get(entry["source"], entry["source_id"]) or {}
    return {
        source.id: entry["id"],
        "payment_id": entry["source_id"],
        "payment_number": payment.get("payment_number", ""),
        request.module.id: request.id,
        "payment_mode": payment.get("payment_mode", ""),
        "description": payment.get("description", ""),
        "date": payment.get("date", ""),
        "reference_number": payment.get("reference_number", ""),
        "exchange_rate": payment.get("exchange_rate", ZERO),
        "amount": entry["amount"],
        "is_single_bill_payment": len(payment.get(source.shown) or ()) == 1,
    }


@handles("credits_of")
def list_credits(request: Request) -> Answer:
    """Answer the credit notes applied to an invoice."""
    request.record()
    found = applications(request.books, request.id, is_credit=True)
    return request.answer(
        credits=[
            {
                "creditnote_id": entry["source_id"],
                "creditnotes_number": (request.books.get(entry["source"], entry["source_id"]) or {}).get(
                    "creditnote_number", ""
                ),
                "creditnotes_invoice_id": entry["id"],
                "credited_date": entry["date"],
                "amount_applied": entry["amount"],
            }
            for entry in found
        ]
    )


@handles("payment_remove")
@handles("credit_remove")
def remove_settlement(request: Request) -> Answer:
    """Take a payment or credit off an invoice or bill."""
    request.record()
    return _removed(request, request.ids[1])


@handles("credits_apply")
def apply_credits(request: Request) -> Answer:
    """Settle an invoice or bill from unused payments and credits."""
    request.record()
    body, used = request.checked_body(), False
    for key, (module, id_key) in _CREDIT_SOURCES.items():
        for line in body.get(key) or ():
            source = SOURCES[module]
            before = request.record(str(line.get(id_key, "")), module_named(module))
            record = dict(before)
            apply_money(request.books, source, record, request.id, amount(line.get("amount_applied")))
            show_rest(source, record)
            save(request.books, module_named(module), record, before)
            used = True
    if not used:
        raise refusal("missing_value", value="amount_applied")
    request.note("update", request.id)
    return request.answer()


@handles("bill_pay")
def pay_bill(request: Request) -> Answer:
    """Record a payment made for one bill.

    source: zoho-books-cli, live notes; the call is not on the vendor's pages
    """
    bill, body = request.record(), request.body()
    value = body.get("amount", bill["balance"])
    payment = {
        **body,
        "amount": value,
        "vendor_id": bill["vendor_id"],
        "bills": [{"bill_id": request.id, "amount_applied": value}],
    }
    module = module_named("vendor_payments")
    record = compose(request.books, module, payment)
    save(request.books, module, record)
    request.note("create", record[module.id], kind=module.name)
    return request.answer(**{module.key: record})


@handles("writeoff")
def write_off(request: Request) -> Answer:
    """Write off what an invoice still owes."""
    before = request.record()
    return _written_off(request, before, amount(before["balance"]))


@handles("writeoff_cancel")
def cancel_write_off(request: Request) -> Answer:
    """Let an invoice owe again what was written off."""
    before = request.record()
    return _written_off(request, before, -amount(before.get("write_off_amount")))


def _written_off(request: Request, before: Record, value: Any) -> Answer:
    record = dict(before)
    record["write_off_amount"] = rounded(amount(before.get("write_off_amount")) + value)
    set_balance(record, request.module.name)
    set_due_status(request.books, request.module.name, record)
    save(request.books, request.module, record, before)
    request.note("update", request.id)
    return request.answer()

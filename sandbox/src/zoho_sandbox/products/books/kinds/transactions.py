"""Sales and purchase transactions: parties, numbers, dates, lines and totals."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.records.compose import Draft, check_reference, composes, require
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import ZERO, amount, padded, rounded
from zoho_sandbox.products.books.rules.rows import empty_copy
from zoho_sandbox.products.books.rules.totals import Line, Tax, Totals, add_up, read_terms, shown_discount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.products.books.records.store import Books, Record

_SALES = (
    "estimates", "sales_orders", "invoices", "credit_notes", "retainer_invoices",
    "delivery_challans", "sales_receipts", "recurring_invoices",
)  # fmt: skip
_PURCHASES = ("purchase_orders", "bills", "vendor_credits", "recurring_bills")
_ON_PURCHASES = frozenset(_PURCHASES)
_DUE = ("invoices", "bills", "retainer_invoices")
_BALANCED = ("invoices", "bills", "retainer_invoices", "credit_notes", "vendor_credits")
# What lessens an invoice's or bill's balance.
_SETTLED = ("payment_made", "credits_applied", "write_off_amount")
_MAX_NUMBER_TRIES = 1000
# An address of a transaction, and the contact's that it is copied from.
_ADDRESSES = {
    "billing_address": "billing_address",
    "shipping_address": "shipping_address",
    "customer_default_billing_address": "billing_address",
}
_PARTS = {"street": "address"}


@composes(*_SALES, *_PURCHASES)
def complete_transaction(draft: Draft) -> None:
    """Fill in parties, number, dates, lines and totals."""
    if draft.record.get("type") == "debit_note":
        require(draft, "reference_invoice_id")
    set_party(draft)
    if draft.module.name == "purchase_orders" and draft.before is None:
        # source: live recording, 2026-06: goods come to where the organisation is
        place = draft.record["delivery_address"]
        place["country"] = place["country"] or draft.books.organization.get("country_name", "")
    set_number(draft)
    _set_dates(draft)
    _set_lines(draft)
    set_totals(draft)


# -- who, when, which number ---------------------------------------------------------


def set_party(draft: Draft) -> None:
    """Take name, currency and addresses from the customer or vendor."""
    record, books, party = draft.record, draft.books, draft.module.party
    contact = books.get("contacts", record.get(f"{party}_id") or "")
    record[f"{party}_name"] = contact["contact_name"] if contact else ""
    if contact and "currency_id" not in draft.values and not record.get("currency_id"):
        record["currency_id"] = contact["currency_id"]
    set_record_currency(books, record)
    if contact and f"{party}_id" in draft.values:
        draft.show("email", contact.get("email", ""))
        show_addresses(draft, contact)


def set_record_currency(books: Books, record: Record) -> None:
    """Give a record its currency and the rate to the base currency."""
    base = books.organization
    if not record.get("currency_id"):
        record["currency_id"] = base.get("currency_id", "")
    currency = books.get("currencies", record["currency_id"]) or base
    record["currency_code"] = currency.get("currency_code", "")
    record["currency_symbol"] = currency.get("currency_symbol", "")
    record["price_precision"] = currency.get("price_precision", 2)
    record["currency_name_formatted"] = currency.get("currency_name_formatted", record["currency_code"])
    if not amount(record.get("exchange_rate")):
        record["exchange_rate"] = padded(amount(currency.get("exchange_rate") or Decimal(1)) or Decimal(1))


def show_addresses(draft: Draft, contact: Mapping[str, Any]) -> None:
    """Copy the party's addresses onto a transaction, with the party's own state of money.

    source: live recording, 2026-06: an address says its street under two names
    """
    record = draft.record
    for name, source in _ADDRESSES.items():
        place, kept = record.get(name), contact.get(source, {})
        if isinstance(place, dict):
            record[name] = {key: kept.get(_PARTS.get(key, key), value) for key, value in place.items()}
    for name in ("billing_address", "shipping_address"):
        draft.show(f"{name}_id", contact.get(name, {}).get("address_id", ""))
    if isinstance(record.get("contact"), dict):
        record["contact"] = {
            **record["contact"],
            "customer_balance": contact.get("outstanding_receivable_amount", ZERO),
            "unused_customer_credits": contact.get("unused_credits_receivable_amount", ZERO),
        }


def set_number(draft: Draft) -> None:
    """Give a new record the next free number of its series, unless the body has one."""
    series = draft.module.number
    if not series or draft.record.get(series["field"]):
        return
    kind = draft.books.kind(f"{draft.module.name}:number")
    for _ in range(_MAX_NUMBER_TRIES):
        n = draft.books.state.number(kind)
        value = f"{series['prefix']}{n:0{series['digits']}d}"
        if draft.books.owner(draft.module.name, series["field"], value) is None:
            draft.record[series["field"]] = value
            return


def _set_dates(draft: Draft) -> None:
    draft.default("date", draft.books.today())
    if draft.module.name not in _DUE:
        return
    record = draft.record
    if draft.before is None and "payment_terms" not in draft.values:
        contact = draft.books.get("contacts", record.get(f"{draft.module.party}_id") or "") or {}
        record["payment_terms"] = contact.get("payment_terms", 0)
    terms = record.get("payment_terms") or 0
    if "payment_terms_label" not in draft.values:
        record["payment_terms_label"] = f"Net {terms}" if terms else "Due on Receipt"
    if "due_date" not in draft.values and (
        draft.before is None or {"date", "payment_terms"} & draft.values.keys()
    ):
        record["due_date"] = _later(record["date"], terms)


def _later(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day


# -- lines ---------------------------------------------------------------------------


def _set_lines(draft: Draft) -> None:
    """Take over the sent lines: known ones change, new ones join, absent ones go.

    # choice: the pages only say that a line is known by its line_item_id.

    Raises:
        RefusedError: a line_item_id that the record does not have.
    """
    if "line_items" not in draft.values:
        if draft.before is None:
            # The page of vendor credits shows a map here; a record without lines has an empty list.
            draft.record["line_items"] = []
        return
    old = {line["line_item_id"]: line for line in (draft.before or {}).get("line_items", ())}
    lines = []
    for order, values in enumerate(draft.values["line_items"], start=1):
        record_id = values.get("line_item_id", "")
        if record_id and record_id not in old:
            raise refusal("invalid_value", value="line_item_id")
        lines.append(_line(draft, values, old.get(record_id), order))
    draft.record["line_items"] = lines


def _line(draft: Draft, values: dict[str, Any], before: Record | None, order: int) -> Record:
    line = dict(before) if before else _new_line(draft, values)
    line.update({name: value for name, value in values.items() if value not in ("", None)})
    line["line_item_id"] = before["line_item_id"] if before else draft.books.new_id()
    line["item_order"] = values.get("item_order") or order
    return line


def _new_line(draft: Draft, values: Mapping[str, Any]) -> Record:
    module, books = draft.module, draft.books
    line: Record = {
        name: empty_copy(value, is_amount=name in module.line_amounts) for name, value in module.line.items()
    }
    item = check_reference(books, "item_id", values["item_id"]) if values.get("item_id") else None
    if item is not None:
        is_bought = module.name in _ON_PURCHASES
        prefix = "purchase_" if is_bought else ""
        line.update(
            item_id=item["item_id"],
            name=item["name"],
            description=item.get(f"{prefix}description", ""),
            rate=item[f"{prefix}rate"],
            unit=item.get("unit", ""),
            tax_id=item.get("tax_id", ""),
            account_id=item.get(f"{prefix}account_id", ""),
            account_name=item.get(f"{prefix}account_name", ""),
            item_type=item.get("item_type", ""),
        )
        _show_item_prices(line, item)
    line["rate"] = line.get("rate") or ZERO
    line["quantity"] = padded(Decimal(1))
    return line


def _show_item_prices(line: Record, item: Mapping[str, Any]) -> None:
    """Show what the item is sold and bought for, where lines show that; text when it is not.

    source: live recording, 2026-06
    """
    for name in ("sales_rate", "purchase_rate"):
        if name in line:
            line[name] = item.get(name) or ""


# -- totals --------------------------------------------------------------------------


def set_totals(draft: Draft) -> None:
    """Compute lines and totals, and what is still to be paid."""
    record = draft.record
    if draft.before is None:
        # choice: discounts come before tax unless the body says otherwise.
        # source: live recording, 2026-06: sales are discounted by line, purchases as a whole.
        record["is_discount_before_tax"] = draft.values.get("is_discount_before_tax", True)
        draft.default("discount_type", draft.module.discount_type)
    if draft.values.get("discount") and "discount_type" not in draft.values:
        # choice: a discount on the whole makes the transaction one that is discounted as a whole.
        record["discount_type"] = "entity_level"
    lines = record.get("line_items") or []
    priced = [_priced(draft.books, line) for line in lines]
    totals = add_up(priced, read_terms(record))
    for line, money in zip(lines, priced, strict=True):
        _show_line(line, money, amount(record["exchange_rate"]))
    _show_totals(draft, totals)
    set_balance(record, draft.module.name)


def _priced(books: Books, line: Mapping[str, Any]) -> Line:
    return Line(
        rate=amount(line.get("rate")),
        quantity=amount(line.get("quantity")),
        discount=str(line.get("discount") or ""),
        taxes=taxes_of(books, line.get("tax_id") or ""),
    )


def taxes_of(books: Books, tax_id: str) -> list[Tax]:
    """Return a tax, or the taxes of a group, by id; none for an empty id."""
    if not tax_id:
        return []
    group = books.get("tax_groups", tax_id)
    ids = [one["tax_id"] for one in group["taxes"]] if group else [tax_id]
    found = [check_reference(books, "tax_id", record_id) for record_id in ids]
    return [Tax(tax["tax_id"], tax["tax_name"], amount(tax["tax_percentage"])) for tax in found if tax]


def _show_line(line: Record, money: Line, exchange_rate: Decimal) -> None:
    line["item_total"] = money.total
    line["discount"] = shown_discount(money.discount)
    line["discount_amount"] = money.discount_amount
    line["bcy_rate"] = money.rate if exchange_rate == 1 else rounded(money.rate * exchange_rate)
    line["tax_name"] = " + ".join(tax.name for tax in money.taxes)
    line["tax_percentage"] = sum((tax.percentage for tax in money.taxes), Decimal(0))
    line["tax_type"] = "tax_group" if len(money.taxes) > 1 else "tax"
    line["line_item_taxes"] = [
        {
            "tax_id": tax.id,
            "tax_name": f"{tax.name} ({tax.percentage:f}%)",
            "tax_amount": rounded(value),
        }
        for tax, value in zip(money.taxes, money.tax_amounts, strict=True)
    ]


def _show_totals(draft: Draft, totals: Totals) -> None:
    record = draft.record
    record["sub_total"] = totals.sub_total
    record["discount_total"] = record["discount_amount"] = totals.discount_total
    record["discount"] = shown_discount(record.get("discount"))
    record["tax_total"] = totals.tax_total
    record["total"] = totals.total
    record["taxes"] = [
        {"tax_id": tax.id, "tax_name": f"{tax.name} ({tax.percentage:f}%)", "tax_amount": value}
        for tax, value in totals.taxes
    ]
    rate = amount(record["exchange_rate"])
    for name in ("sub_total", "discount_total", "tax_total", "total"):
        draft.show(f"bcy_{name}", rounded(record[name] * rate))


def set_balance(record: Record, module: str) -> None:
    """Set what is open: of an invoice the unpaid rest, of a credit note the unused rest."""
    if module not in _BALANCED:
        return
    settled = sum((amount(record.get(name)) for name in (*_SETTLED, "refunded")), ZERO)
    record["balance"] = rounded(amount(record["total"]) - settled)

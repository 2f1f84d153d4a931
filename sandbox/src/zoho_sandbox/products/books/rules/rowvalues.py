"""What a list row shows that its record does not keep: sums of it, names in it, times in words.

source of all: live recording, 2026-06
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from zoho_sandbox.products.books.rules.money import amount, rounded

Record = Mapping[str, Any]


def _in_base_currency(field: str) -> Callable[[Record], Decimal]:
    def value(record: Record) -> Decimal:
        rate = amount(record.get("exchange_rate")) or Decimal(1)
        return rounded(amount(record.get(field)) * rate)

    return value


def _joined(place: str, field: str) -> Callable[[Record], str]:
    def value(record: Record) -> str:
        return ", ".join(str(one.get(field, "")) for one in record.get(place) or ())

    return value


def _in_words(field: str) -> Callable[[Record], str]:
    def value(record: Record) -> str:
        return str(record.get(field) or "").replace("_", " ").capitalize()

    return value


def _moment(field: str) -> Callable[[Record], str]:
    def value(record: Record) -> str:
        try:
            moment = datetime.fromisoformat(str(record.get(field)))
        except ValueError:
            return ""
        return moment.strftime("%d %b %Y %I:%M %p")

    return value


def _of_billing_address(field: str) -> Callable[[Record], str]:
    def value(record: Record) -> str:
        return str(record.get(field) or (record.get("billing_address") or {}).get(field, ""))

    return value


def _payment_type(record: Record) -> str:
    """Say what a payment is for.

    # choice: one that settles nothing is an advance; only the other word was recorded.
    """
    return "Invoice Payment" if record.get("invoices") else "Customer Advance"


COMPUTED: Mapping[str, Callable[[Record], Any]] = {
    "bcy_amount": _in_base_currency("amount"),
    "bcy_balance": _in_base_currency("balance"),
    "bcy_refunded_amount": _in_base_currency("refunded"),
    "bcy_unused_amount": _in_base_currency("unused_amount"),
    "bill_numbers": _joined("bills", "bill_number"),
    "contact_type_formatted": _in_words("contact_type"),
    "country": _of_billing_address("country"),
    "created_time_formatted": _moment("created_time"),
    "has_attachment": lambda record: bool(record.get("documents")),
    "invoice_numbers": _joined("invoices", "invoice_number"),
    "is_opening_balance": lambda record: str(record.get("bill_id", "")),
    "last_modified_by": lambda record: str(record.get("last_modified_by_name") or ""),
    "last_modified_time_formatted": _moment("last_modified_time"),
    "payment_mode_formatted": lambda record: str(record.get("payment_mode") or ""),
    "payment_type": _payment_type,
    "portal_status_formatted": _in_words("portal_status"),
}

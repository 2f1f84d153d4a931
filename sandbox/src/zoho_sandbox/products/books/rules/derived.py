"""What a kept record says twice or counts: sub-statuses, days that are left, numbers of things.

source of all: live recording, 2026-06
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.rules.money import ZERO, amount

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoho_sandbox.products.books.rules.catalogue import Module

    Derive = Callable[[dict[str, Any], str], None]

_CLOSED = ("draft", "paid", "void", "cancelled")


def derive(module: Module, record: dict[str, Any], today: str) -> None:
    """Bring up to date what follows from other fields of a record."""
    for rule in _RULES.get(module.name, ()):
        rule(record, today)
    for name, source in module.mirrors.items():
        if name == "current_sub_status" and record.get("current_sub_status_id"):
            continue
        record[name] = record.get(source, "")


def _name_due_days(record: dict[str, Any], today: str) -> None:
    """Say when it is due, in words.

    # choice: the words are of the day of the last change; only "Due in N days" was recorded.
    """
    record["due_days"] = ""
    if record.get("status") in _CLOSED or not record.get("due_date"):
        return
    try:
        left = (date.fromisoformat(record["due_date"]) - date.fromisoformat(today)).days
    except ValueError:
        return
    days = f"{abs(left)} day{'' if abs(left) == 1 else 's'}"
    record["due_days"] = f"Due in {days}" if left > 0 else f"Overdue by {days}" if left else "Due Today"


def _date_issue(record: dict[str, Any], today: str) -> None:
    del today
    record["issued_date"] = "" if record.get("status") == "draft" else record.get("date", "")
    record["created_date"] = str(record.get("created_time", ""))[: len("2026-06-09")]


def _count_lines(record: dict[str, Any], today: str) -> None:
    """Count what is ordered, and what no item of the catalogue stands behind."""
    del today
    lines = record.get("line_items") or ()
    known = [line for line in lines if line.get("item_id")]
    record["non_catalog_items_count"] = len(lines) - len(known)
    record["total_quantity"] = sum((amount(line.get("quantity")) for line in lines), ZERO)
    record["quantity_yet_to_receive"] = sum((amount(line.get("quantity")) for line in known), ZERO)


def _show_what_is_left(record: dict[str, Any], today: str) -> None:
    del today
    record["uninvoiced_amount"] = amount(record.get("total")) - amount(record.get("invoiced_amount"))
    record["sub_total_exclusive_of_discount"] = amount(record.get("sub_total"))
    record["created_date"] = str(record.get("created_time", ""))[: len("2026-06-09")]


def _date_payment(record: dict[str, Any], today: str) -> None:
    del today
    record["updated_time"] = record.get("last_modified_time", "")


def _name_fiscal_year(record: dict[str, Any], today: str) -> None:
    day = str(record.get("journal_date") or today)
    record["fiscal_year"] = int(day[:4]) if day[:4].isdigit() else 0


def _price_item(record: dict[str, Any], today: str) -> None:
    del today
    record["created_at"] = str(record.get("created_time", ""))[: len("2026-06-09")]
    record["default_price_brackets"] = [
        {"start_quantity": 1, "end_quantity": 1, "pricebook_rate": record.get("rate", ZERO)}
    ]


_RULES: dict[str, tuple[Derive, ...]] = {
    "invoices": (_name_due_days, _date_issue),
    "estimates": (_show_what_is_left,),
    "bills": (_name_due_days, _count_lines),
    "purchase_orders": (_count_lines,),
    "sales_orders": (_count_lines,),
    "customer_payments": (_date_payment,),
    "journals": (_name_fiscal_year,),
    "items": (_price_item,),
}

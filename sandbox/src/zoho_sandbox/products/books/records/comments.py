"""What the system itself notes on a record when it is made or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.books.rules.money import amount

if TYPE_CHECKING:
    from zoho_sandbox.products.books.records.store import Books, Record
    from zoho_sandbox.products.books.rules.catalogue import Module


def comment(books: Books, module: Module, record: Record, *, is_new: bool) -> None:
    """Put a note on top of a record's own notes; a change without words leaves none.

    source: live recording, 2026-06: journals and payments made carry such notes
    """
    spec = module.comment
    words = spec.get("added" if is_new else "changed")
    bills = ", ".join(one["bill_number"] for one in record.get("bills") or ())
    if bills and is_new:
        words = spec.get("applied", words)
    if words is None:
        return
    shown = f"{record.get('currency_symbol', '')}{amount(record.get('total', record.get('amount'))):,.2f}"
    entry = {
        "comment_id": books.new_id(),
        "commented_by_id": books.actor.id,
        "commented_by": books.actor.name,
        "description": words.format(money=shown, bills=bills),
        "date": books.today(),
        "operation_type": "Added" if is_new else "Updated",
        **spec["entry"],
    }
    if "time" in entry:
        entry["time"] = books.moment().strftime("%I:%M %p").lstrip("0")
    record["comments"] = [entry, *(record.get("comments") or ())]

"""What the calendar changes: unpaid invoices and bills become overdue, quotes expire."""

from __future__ import annotations

from zoho_sandbox.products.books.records.store import Books, module_named

# Module: the date that passes, the statuses it ends, the status that follows.
_PASSING = {
    "invoices": ("due_date", ("sent", "viewed", "unpaid", "partially_paid"), "overdue"),
    "retainer_invoices": ("due_date", ("sent", "viewed", "unpaid", "partially_paid"), "overdue"),
    "bills": ("due_date", ("open", "partially_paid"), "overdue"),
    "estimates": ("expiry_date", ("sent",), "expired"),
}


def follow_calendar(books: Books) -> None:
    """Bring statuses up to date; looks at the records once a day only."""
    today, kind = books.today(), books.kind("calendar")
    seen = books.state.text(kind, "day")
    if seen == f'{{"day":"{today}"}}':
        return
    for name, (field, ends, status) in _PASSING.items():
        for entry in books.state.find(f"{books.kind(name)}:index"):
            if entry.get("status") in ends and "" < str(entry.get(field, "")) < today:
                _set_status(books, name, entry["id"], status)
    books.state.put(kind, "day", {"day": today})


def _set_status(books: Books, name: str, record_id: str, status: str) -> None:
    record = books.get(name, record_id)
    if record is not None:
        books.save(module_named(name), {**record, "status": status}, record)

"""Mails: their proposed content, and what sending one does to a record. Nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.calls.statuses import change
from zoho_sandbox.products.books.records.records import name_field
from zoho_sandbox.products.books.records.registry import handles

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request

# source: live recording, 2026-06: a mailed draft is sent; the reply says if it was the first
_SENT_BY_MAIL = ("invoices", "estimates", "retainer_invoices", "sales_receipts")


@handles("email_content")
def get_email_content(request: Request) -> Answer:
    """Answer what a mail about the record would say, and to whom."""
    record = request.record()
    name = str(record.get(name_field(request.module), ""))
    subject = f"{request.module.noun} - {name} from {request.books.organization['name']}"
    content: dict[str, Any] = {
        "subject": subject,
        "body": f"<p>{subject}</p>",
        "error_list": [],
        "emailtemplates": [],
        "to_contacts": _receivers(request, record),
        "file_name": f"{name}.pdf",
        "from_emails": [{"user_name": request.call.grant.user_name, "email": request.call.grant.user_email}],
        "customer_id": record.get("customer_id", ""),
    }
    if request.option("bare"):
        return request.answer(**content)
    return request.answer(data=content)


def _receivers(request: Request, record: dict[str, Any]) -> list[dict[str, Any]]:
    record_id = str(record.get(f"{request.module.party}_id") or record.get("contact_id") or "")
    contact = request.books.get("contacts", record_id) or {}
    return [
        {name: person.get(name, "") for name in ("contact_person_id", "first_name", "last_name", "email")}
        for person in contact.get("contact_persons", ())
    ]


@handles("email_send")
def send_email(request: Request) -> Answer:
    """Note that a mail about the record went out; a draft counts as sent from now on."""
    request.checked_body()
    before = request.record()
    values: dict[str, Any] = {"is_emailed": True}
    if before.get("status") == "draft" and request.module.name in _SENT_BY_MAIL:
        values["status"] = "sent"
    change(request, before, values)
    if request.module.name != "invoices":
        return request.answer()
    return request.answer(is_first_email=not before.get("is_emailed"))


@handles("remind")
def remind(request: Request) -> Answer:
    """Note that a payment reminder went out."""
    before = request.record()
    values = {
        "reminders_sent": int(before.get("reminders_sent") or 0) + 1,
        "last_reminder_sent_date": request.books.today(),
    }
    change(request, before, values)
    return request.answer()

"""Calls that change what a record stands at: statuses, mails, orders, statements."""

from __future__ import annotations

import pytest

from .conftest import CUSTOMER, DELIVERY, INVOICE, VENDOR, refused


@pytest.mark.parametrize(
    ("step", "status", "said"),
    [
        ("status/sent", "sent", "Invoice status has been changed to Sent."),
        ("status/void", "void", "Invoice status has been changed to Void."),
        ("submit", "pending_approval", "The invoice has been submitted for approval successfully."),
        ("approve", "approved", "You have approved the invoice."),
    ],
)
def test_a_status_call_changes_the_status(api, step, status, said):
    """With the recorded or documented message; no record comes back."""
    reply = api.post(f"/invoices/{INVOICE}/{step}")

    assert reply.json() == {"code": 0, "message": said}
    assert api.get(f"/invoices/{INVOICE}").json()["invoice"]["status"] == status
    assert api.get("/invoices", params={"status": status}).json()["invoices"]


def test_a_mailed_draft_counts_as_sent(api):
    """The first mail says that it was the first."""
    body = {"to_mail_ids": ["will.smith@example.com"]}

    first, second = (api.post(f"/invoices/{INVOICE}/email", json=body).json() for _ in range(2))

    assert first == {"code": 0, "message": "Your invoice has been sent.", "is_first_email": True}
    assert second["is_first_email"] is False
    shown = api.get(f"/invoices/{INVOICE}").json()["invoice"]
    assert (shown["status"], shown["is_emailed"]) == ("sent", True)
    assert refused(api.post(f"/invoices/{INVOICE}/email", json={})) == (400, 4)


def test_many_invoices_are_marked_at_once(api, invoice):
    """By ids in the query."""
    ids = [INVOICE, invoice()["invoice_id"]]

    api.post("/invoices/status/sent", params={"invoice_ids": ",".join(ids)})

    assert {one["status"] for one in api.get("/invoices").json()["invoices"]} == {"sent"}


def test_an_order_becomes_an_invoice(api):
    """And counts as invoiced."""
    body = {"customer_id": CUSTOMER, "line_items": [{"item_id": DELIVERY, "quantity": 2}]}
    order = api.post("/salesorders", json=body).json()["salesorder"]["salesorder_id"]

    reply = api.post("/invoices/fromsalesorder", params={"salesorder_id": order})

    assert (reply.status_code, reply.json()["invoice"]["total"]) == (201, 70)
    assert api.get(f"/salesorders/{order}").json()["salesorder"]["status"] == "invoiced"
    assert refused(api.post("/invoices/fromsalesorder")) == (400, 4)


def test_a_recurring_bill_is_reached_by_both_spellings(api):
    """With and without the underscore."""
    body = {"vendor_id": VENDOR, "recurrence_name": "Rent", "start_date": "2026-06-09"}
    rhythm = {
        "repeat_every": 1,
        "recurrence_frequency": "months",
        "line_items": [{"name": "Rent", "rate": 9}],
    }
    made = api.post("/recurringbills", json={**body, **rhythm}).json()["recurring_bill"]["recurring_bill_id"]

    assert api.get(f"/recurring_bills/{made}").json() == api.get(f"/recurringbills/{made}").json()
    api.post(f"/recurringbills/{made}/status/stop")
    assert api.get(f"/recurringbills/{made}").json()["recurring_bill"]["status"] == "stopped"
    assert api.delete(f"/recurring_bills/{made}").status_code == 200


def test_a_bank_statement_becomes_transactions(api):
    """Uncategorised until somebody says what they are."""
    account = api.post("/bankaccounts", json={"account_name": "Chase", "account_type": "bank"}).json()
    account_id = account["bankaccount"]["account_id"]
    lines = [{"date": "2026-06-09", "debit_or_credit": "credit", "amount": 7.5, "payee": "Bowman"}]

    reply = api.post("/bankstatements", json={"account_id": account_id, "transactions": lines})

    (statement,) = api.get(f"/bankaccounts/{account_id}/statement/lastimported").json()["statement"]
    (line,) = statement["transactions"]
    assert reply.status_code == 201
    assert (line["status"], line["amount"]) == ("uncategorized", 7.5)
    api.post(f"/banktransactions/uncategorized/{line['transaction_id']}/exclude")
    found = api.get("/banktransactions", params={"filter_by": "Status.Excluded"}).json()["banktransactions"]
    assert [one["transaction_id"] for one in found] == [line["transaction_id"]]
    api.delete(f"/bankaccounts/{account_id}/statement/{statement['statement_id']}")
    assert api.get("/banktransactions").json()["banktransactions"] == []
    assert "Chase" in {one["account_name"] for one in api.get("/chartofaccounts").json()["chartofaccounts"]}

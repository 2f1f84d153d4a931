"""Money that settles: payments, credits, refunds, write-offs, and what they leave."""

from __future__ import annotations

import pytest

from .conftest import CUSTOMER, VENDOR, refused


@pytest.fixture
def state(api):
    """Return status, balance of an invoice."""

    def look(invoice_id):
        made = api.get(f"/invoices/{invoice_id}").json()["invoice"]
        return made["status"], made["balance"]

    return look


@pytest.fixture
def pay(api):
    """Record a payment for invoices."""

    def make(amount, *applied):
        body = {"customer_id": CUSTOMER, "payment_mode": "cash", "amount": amount, "date": "2026-06-09"}
        lines = [{"invoice_id": invoice, "amount_applied": part} for invoice, part in applied]
        return api.post("/customerpayments", json={**body, "invoices": lines})

    return make


def test_payments_settle_an_invoice_step_by_step(api, invoice, pay, state):
    """Partly paid, then paid; the payment shows what it settled."""
    made = invoice()["invoice_id"]
    api.post(f"/invoices/{made}/status/sent")

    part = pay(40, (made, 40))
    assert part.json()["message"] == "The payment from the customer has been recorded"
    assert part.json()["payment"]["invoices"][0]["balance"] == 60
    assert state(made) == ("partially_paid", 60)

    pay(100, (made, 60))
    assert state(made) == ("paid", 0)
    payments = api.get(f"/invoices/{made}/payments").json()["payments"]
    assert [one["amount"] for one in payments] == [40, 60]


def test_what_a_payment_does_not_settle_is_unused(api, invoice, pay):
    """It can settle another invoice later."""
    first, second = invoice()["invoice_id"], invoice()["invoice_id"]
    payment = pay(150, (first, 100)).json()["payment"]
    assert payment["unused_amount"] == 50

    body = {"invoice_payments": [{"payment_id": payment["payment_id"], "amount_applied": 50}]}
    reply = api.post(f"/invoices/{second}/credits", json=body)

    after = api.get(f"/customerpayments/{payment['payment_id']}").json()["payment"]
    assert reply.json()["message"] == "Credits have been applied to the invoice(s)."
    assert (after["unused_amount"], len(after["invoices"])) == (0, 2)


@pytest.mark.parametrize(("amount", "part"), [(200, 101), (50, 60), (100, -1)])
def test_more_than_is_owed_or_there_is_refused(invoice, pay, amount, part, state):
    """And the invoice stays as it was."""
    made = invoice()["invoice_id"]

    assert pay(amount, (made, part)).status_code == 400
    assert state(made) == ("draft", 100)


def test_a_changed_payment_settles_anew(api, invoice, pay, state):
    """What it settled before is owed again."""
    first, second = invoice()["invoice_id"], invoice()["invoice_id"]
    payment = pay(100, (first, 100)).json()["payment"]["payment_id"]

    moved = {"invoices": [{"invoice_id": second, "amount_applied": 70}]}
    reply = api.put(f"/customerpayments/{payment}", json=moved)

    assert reply.json()["payment"]["unused_amount"] == 30
    assert state(first)[1] == 100
    assert state(second) == ("partially_paid", 30)


def test_a_deleted_payment_leaves_the_debt(api, invoice, pay, state):
    """So does a payment taken off one invoice."""
    made = invoice()["invoice_id"]
    payment = pay(100, (made, 100)).json()["payment"]
    api.delete(f"/customerpayments/{payment['payment_id']}")
    assert state(made)[1] == 100

    again = pay(100, (made, 100)).json()["payment"]
    part = again["invoices"][0]["invoice_payment_id"]
    api.delete(f"/invoices/{made}/payments/{part}")
    after = api.get(f"/customerpayments/{again['payment_id']}").json()["payment"]
    assert (state(made)[1], after["unused_amount"], after["invoices"]) == (100, 100, [])


def test_a_deleted_invoice_frees_its_payments(api, invoice, pay):
    """The money is unused again."""
    made = invoice()["invoice_id"]
    payment = pay(100, (made, 100)).json()["payment"]["payment_id"]

    api.delete(f"/invoices/{made}")

    assert api.get(f"/customerpayments/{payment}").json()["payment"]["unused_amount"] == 100


def test_a_contact_shows_what_it_owes(api, invoice, pay):
    """Sent invoices count, drafts and void ones do not, payments lessen it."""

    def owed():
        return api.get(f"/contacts/{CUSTOMER}").json()["contact"]["outstanding_receivable_amount"]

    made = invoice()["invoice_id"]
    assert owed() == 0
    api.post(f"/invoices/{made}/status/sent")
    assert owed() == 100
    pay(30, (made, 30))
    assert owed() == 70
    api.post(f"/invoices/{made}/status/void")
    assert owed() == 0


def test_credit_notes_settle_invoices(api, invoice, state):
    """Until nothing is left of them; what was applied can be taken back."""
    made = invoice()["invoice_id"]
    body = {"customer_id": CUSTOMER, "line_items": [{"name": "Return", "rate": 100}]}
    note = api.post("/creditnotes", json=body).json()["creditnote"]["creditnote_id"]

    lines = {"invoices": [{"invoice_id": made, "amount_applied": 100}]}
    assert api.post(f"/creditnotes/{note}/invoices", json=lines).status_code == 200
    after = api.get(f"/creditnotes/{note}").json()["creditnote"]
    assert (after["status"], after["balance"]) == ("closed", 0)
    assert state(made) == ("paid", 0)
    (credit,) = api.get(f"/invoices/{made}/creditsapplied").json()["credits"]

    api.delete(f"/invoices/{made}/creditsapplied/{credit['creditnotes_invoice_id']}")
    assert api.get(f"/creditnotes/{note}").json()["creditnote"]["balance"] == 100
    assert state(made)[1] == 100


def test_refunds_lessen_what_is_left(api):
    """Not below nothing; a deleted refund gives it back."""
    body = {"customer_id": CUSTOMER, "line_items": [{"name": "Return", "rate": 100}]}
    note = api.post("/creditnotes", json=body).json()["creditnote"]["creditnote_id"]
    refund = {"date": "2026-06-09", "amount": 60, "from_account_id": "460000000000361"}

    made = api.post(f"/creditnotes/{note}/refunds", json=refund).json()["creditnote_refund"]
    assert api.get(f"/creditnotes/{note}").json()["creditnote"]["balance"] == 40
    assert refused(api.post(f"/creditnotes/{note}/refunds", json=refund)) == (400, 24016)
    listed = api.get("/creditnotes/refunds").json()["creditnote_refunds"]
    assert [one["creditnote_refund_id"] for one in listed] == [made["creditnote_refund_id"]]

    api.delete(f"/creditnotes/{note}/refunds/{made['creditnote_refund_id']}")
    assert api.get(f"/creditnotes/{note}").json()["creditnote"]["balance"] == 100


def test_bills_are_paid_and_credited(api):
    """By a payment made, by the unpublished call on the bill, and by a vendor credit."""
    lines = {"line_items": [{"name": "Oak", "rate": 100}]}
    bill = api.post("/bills", json={"vendor_id": VENDOR, "bill_number": "1", **lines}).json()["bill"][
        "bill_id"
    ]
    paid = {"vendor_id": VENDOR, "amount": 20, "bills": [{"bill_id": bill, "amount_applied": 20}]}

    assert api.post("/vendorpayments", json=paid).status_code == 201
    assert api.post(f"/bills/{bill}/payments", json={"amount": 30}).status_code == 201
    credit = api.post("/vendorcredits", json={"vendor_id": VENDOR, **lines}).json()["vendor_credit"]
    applied = {"bills": [{"bill_id": bill, "amount_applied": 50}]}
    api.post(f"/vendorcredits/{credit['vendor_credit_id']}/bills", json=applied)

    after = api.get(f"/bills/{bill}").json()["bill"]
    assert (after["status"], after["balance"]) == ("paid", 0)
    assert [one["amount"] for one in api.get(f"/bills/{bill}/payments").json()["payments"]] == [20, 30]
    assert api.get(f"/vendorcredits/{credit['vendor_credit_id']}").json()["vendor_credit"]["balance"] == 50


def test_an_invoice_is_written_off_and_back(api, invoice, state):
    """It counts as paid meanwhile."""
    made = invoice()["invoice_id"]
    api.post(f"/invoices/{made}/status/sent")

    api.post(f"/invoices/{made}/writeoff")
    assert state(made) == ("paid", 0)
    api.post(f"/invoices/{made}/writeoff/cancel")
    assert state(made) == ("sent", 100)


def test_unpaid_invoices_become_overdue_with_time(api, sandbox, invoice, state):
    """The day after the due date, drafts excepted; a quote expires."""
    sent, draft = invoice(payment_terms=2)["invoice_id"], invoice(payment_terms=2)["invoice_id"]
    api.post(f"/invoices/{sent}/status/sent")
    quote = {"customer_id": CUSTOMER, "line_items": [{"name": "x", "rate": 1}]}
    day = api.post("/estimates", json=quote).json()["estimate"]
    expiring = {"expiry_date": day["date"]}
    api.put(f"/estimates/{day['estimate_id']}", json=expiring)
    api.post(f"/estimates/{day['estimate_id']}/status/sent")
    assert state(sent)[0] == "sent"

    sandbox.settings["oauth.access_life_s"] = 10**6
    sandbox.clock.advance(3 * 86400)
    api.headers["Authorization"] = "Zoho-oauthtoken " + sandbox.connection()["token"]["access_token"]

    assert state(sent)[0] == "overdue"
    assert state(draft)[0] == "draft"
    assert api.get(f"/estimates/{day['estimate_id']}").json()["estimate"]["status"] == "expired"
    late = api.get("/contacts", params={"filter_by": "Invoice.OverDue"}).json()["contacts"]
    assert [one["contact_id"] for one in late] == [CUSTOMER]


def test_an_expense_adds_its_tax(api):
    """On top, or within where the amount includes it."""
    from .conftest import CITY_TAX, OFFICE_ACCOUNT

    body = {
        "account_id": OFFICE_ACCOUNT,
        "paid_through_account_id": "460000000000361",
        "date": "2026-06-09",
        "amount": 108.25,
        "tax_id": CITY_TAX,
    }

    on_top = api.post("/expenses", json=body).json()["expense"]
    within = api.post("/expenses", json={**body, "is_inclusive_tax": True, "is_billable": True}).json()[
        "expense"
    ]

    assert (on_top["total"], on_top["status"], on_top["account_name"]) == (
        117.18,
        "nonbillable",
        "Office Supplies",
    )
    assert (within["sub_total"], within["tax_amount"], within["total"]) == (100, 8.25, 108.25)
    assert within["status"] == "unbilled"


@pytest.mark.parametrize(
    "lines",
    [
        [("460000000000388", "debit", 5), ("460000000000409", "credit", 6)],
        [("460000000000388", "debit", 5), ("460000000000388", "credit", 5)],
        [("460000000000388", "debit", 0), ("460000000000409", "credit", 0)],
    ],
)
def test_a_journal_must_balance(api, lines):
    """Equal sides on different accounts; code 4 names the amount."""
    rows = [{"account_id": a, "debit_or_credit": side, "amount": n} for a, side, n in lines]

    reply = api.post("/journals", json={"journal_date": "2026-06-09", "line_items": rows})

    assert reply.json() == {"code": 4, "message": "Invalid value passed for Amount"}


def test_a_journal_is_published_and_can_be_reversed(api):
    """The reversal swaps the sides."""
    rows = [
        {"account_id": "460000000000388", "debit_or_credit": "debit", "amount": 5},
        {"account_id": "460000000000409", "debit_or_credit": "credit", "amount": 5},
    ]
    made = api.post("/journals", json={"journal_date": "2026-06-09", "line_items": rows}).json()["journal"]

    back = api.post(f"/journals/{made['journal_id']}/reverse").json()["journal"]

    assert (made["status"], made["total"], made["entry_number"]) == ("published", 5, "1")
    assert [line["debit_or_credit"] for line in back["line_items"]] == ["credit", "debit"]

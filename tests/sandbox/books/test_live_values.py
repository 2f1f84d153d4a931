"""What replies hold beside what was sent: as the live recordings have it."""

from __future__ import annotations

import pytest

from .conftest import CUSTOMER, INVOICE, OFFICE_ACCOUNT, SALES_ACCOUNT, SHELF, TABLE, VENDOR, refused

TILL = "460000000000358"
SOLD = {"customer_id": CUSTOMER, "line_items": [{"item_id": TABLE, "rate": 100, "quantity": 2}]}
SPENT = {"account_id": OFFICE_ACCOUNT, "paid_through_account_id": TILL, "date": "2026-06-09"}
BOUGHT = {"vendor_id": VENDOR, "line_items": [{"item_id": TABLE, "rate": 50, "quantity": 2}]}


@pytest.fixture
def row(api):
    """Return the newest row of a list."""

    def find(path, key, record_id):
        rows = api.get(path).json()
        listed = next(value for value in rows.values() if isinstance(value, list))
        return next(one for one in listed if one[key] == record_id)

    return find


def test_a_sales_order_lists_what_is_ordered_for_whom(api, row):
    """Its quantity, its own statuses, and the addresses of its customer."""
    order = api.post("/salesorders", json=SOLD).json()["salesorder"]
    listed = row("/salesorders", "salesorder_id", order["salesorder_id"])

    assert order["billing_address"]["city"] == "Pleasanton"
    assert (listed["quantity"], listed["total"], listed["balance"], listed["bcy_total"]) == (2, 200, 200, 200)
    assert (listed["order_status"], listed["invoiced_status"], listed["paid_status"]) == (
        "draft",
        "not_invoiced",
        "unpaid",
    )
    assert listed["email"] == "will.smith@example.com"


def test_an_invoiced_order_says_so(api, row):
    """And the invoice names the order."""
    order = api.post("/salesorders", json=SOLD).json()["salesorder"]["salesorder_id"]

    made = api.post("/invoices/fromsalesorder", params={"salesorder_id": order}).json()["invoice"]

    listed = row("/salesorders", "salesorder_id", order)
    assert (listed["invoiced_status"], listed["total_invoiced_amount"]) == ("invoiced", 200)
    assert made["salesorder_id"] == order


def test_a_payment_lists_what_it_settled(api, row):
    """The amount in both currencies, the numbers, and what kind of payment it is."""
    number = api.get(f"/invoices/{INVOICE}").json()["invoice"]["invoice_number"]
    body = {"customer_id": CUSTOMER, "payment_mode": "cash", "amount": 40, "date": "2026-06-09"}
    applied = {"invoices": [{"invoice_id": INVOICE, "amount_applied": 30}]}
    payment = api.post("/customerpayments", json={**body, **applied}).json()["payment"]["payment_id"]

    listed = row("/customerpayments", "payment_id", payment)

    shown = ("amount", "bcy_amount", "unused_amount", "bcy_unused_amount", "invoice_numbers", "payment_type")
    assert [listed[name] for name in shown] == [40, 40, 10, 10, number, "Invoice Payment"]
    assert (listed["payment_mode_formatted"], listed["documents"]) == ("cash", "")


def test_a_purchase_order_counts_and_has_its_statuses(api, row):
    """A quantity may come as text; rows say what is still to be billed and received."""
    lines = [{"item_id": TABLE, "rate": 50, "quantity": "2"}]
    order = api.post("/purchaseorders", json={**BOUGHT, "line_items": lines}).json()["purchaseorder"]
    listed = row("/purchaseorders", "purchaseorder_id", order["purchaseorder_id"])

    assert (order["line_items"][0]["quantity"], order["total_quantity"]) == (2, 2)
    assert (listed["billed_status"], listed["received_status"]) == ("to_be_billed", "to_be_received")
    assert (listed["quantity_yet_to_receive"], listed["price_precision"]) == (2, "")


def test_the_sub_status_follows_the_status(api):
    """Until a sub-status of one's own is set."""
    made = api.post("/invoices", json=SOLD).json()["invoice"]
    api.post(f"/invoices/{made['invoice_id']}/status/sent")

    after = api.get(f"/invoices/{made['invoice_id']}").json()["invoice"]

    assert (made["current_sub_status"], after["current_sub_status"]) == ("draft", "sent")
    assert (made["issued_date"], after["issued_date"]) == ("", after["date"])


def test_rows_say_in_how_many_days_money_is_due(api, row):
    """In words; a draft says nothing."""
    made = api.post("/invoices", json={**SOLD, "payment_terms": 30}).json()["invoice"]["invoice_id"]
    draft = row("/invoices", "invoice_id", made)
    api.post(f"/invoices/{made}/status/sent")

    sent = row("/invoices", "invoice_id", made)

    assert (draft["due_days"], sent["due_days"]) == ("", "Due in 30 days")
    assert ("invoice_url" in draft, "invoice_url" in sent) == (False, True)
    assert sent["billing_address"]["zipcode"] == "94588"


def test_sales_are_discounted_by_line_and_purchases_as_a_whole(api):
    """Unless a discount on the whole was sent."""
    sale = api.post("/invoices", json=SOLD).json()["invoice"]
    order = api.post("/purchaseorders", json=BOUGHT).json()["purchaseorder"]
    whole = api.post("/invoices", json={**SOLD, "discount": "10%"}).json()["invoice"]

    assert (sale["discount_type"], order["discount_type"]) == ("item_level", "entity_level")
    assert (whole["discount_type"], whole["total"]) == ("entity_level", 180)


def test_an_item_bought_and_sold_shows_both_prices_on_a_line(api):
    """One that is only sold shows text."""
    line = api.post("/invoices", json=SOLD).json()["invoice"]["line_items"][0]

    assert (line["sales_rate"], line["purchase_rate"], line["tax_type"]) == (249.9, "", "tax")


def test_a_journal_has_a_year_and_a_note_of_each_change(api):
    """Newest first; without custom fields it has empty text for them."""
    lines = [
        {"account_id": SALES_ACCOUNT, "debit_or_credit": "debit", "amount": 1100},
        {"account_id": OFFICE_ACCOUNT, "debit_or_credit": "credit", "amount": 1100},
    ]
    made = api.post("/journals", json={"journal_date": "2025-03-31", "line_items": lines}).json()["journal"]
    after = api.put(f"/journals/{made['journal_id']}", json={"notes": "n"}).json()["journal"]

    assert (made["fiscal_year"], made["custom_fields"]) == (2025, "")
    assert [one["description"] for one in after["comments"]] == [
        "Journal updated.",
        "Journal created for $1,100.00",
    ]


def test_an_expense_has_one_line_over_all_of_it(api):
    """A change of the amount changes the line, which stays the same."""
    body = {**SPENT, "amount": 75, "description": "Paper"}
    made = api.post("/expenses", json=body).json()["expense"]
    after = api.put(f"/expenses/{made['expense_id']}", json={"amount": 80}).json()["expense"]

    before, line = made["line_items"][0], after["line_items"][0]
    assert (before["amount"], before["description"], before["account_name"]) == (
        75,
        "Paper",
        "Office Supplies",
    )
    assert (line["amount"], line["line_item_id"]) == (80, after["expense_item_id"])
    assert made["expense_item_id"] == after["expense_item_id"]


@pytest.mark.parametrize("field", ["account_id", "paid_through_account_id"])
def test_an_expense_on_an_unknown_account_is_refused(api, field):
    """Code 1002, as for the account it is paid through."""
    body = {**SPENT, "amount": 75, field: "460000000999999"}

    assert refused(api.post("/expenses", json=body)) == (400, 1002)


def test_an_account_shows_what_was_booked_on_it(api):
    """Each transaction on its side, and what it comes to; drafts book nothing."""
    draft = api.post("/invoices", json=SOLD).json()["invoice"]["invoice_id"]
    credit = api.post("/creditnotes", json={**SOLD, "line_items": [{"item_id": SHELF, "rate": 30}]})
    before = api.get(f"/chartofaccounts/{SALES_ACCOUNT}").json()["chart_of_account"]
    api.post(f"/invoices/{draft}/status/sent")

    after = api.get(f"/chartofaccounts/{SALES_ACCOUNT}").json()["chart_of_account"]

    assert credit.status_code == 201
    assert (before["closing_balance"], after["closing_balance"]) == (-30, 170)
    assert after["closing_balance_formatted"] == "$170.00"
    assert {one["entity_type"] for one in after["transactions"]} == {"creditnote", "invoice"}


def test_tills_are_bank_accounts_and_count_what_comes_and_goes(api, row):
    """A payment fills one, an expense empties it, a deleted payment does so too."""
    body = {"customer_id": CUSTOMER, "payment_mode": "cash", "amount": 40, "date": "2026-06-09"}
    payment = api.post("/customerpayments", json=body).json()["payment"]["payment_id"]
    api.post("/expenses", json={**SPENT, "amount": 15})

    full = row("/bankaccounts", "account_id", TILL)
    api.delete(f"/customerpayments/{payment}")
    after = row("/bankaccounts", "account_id", TILL)

    assert (full["account_name"], full["account_type"], full["balance"]) == ("Undeposited Funds", "cash", 25)
    assert (after["balance"], "account_number" in after) == (-15, False)


def test_what_is_owed_in_another_currency_counts_in_the_own_as_well(api):
    """At the rate of the transaction."""
    euro = "460000000000099"
    body = {"contact_name": "Lampen GmbH", "currency_id": euro}
    customer = api.post("/contacts", json=body).json()["contact"]["contact_id"]
    sale = {**SOLD, "customer_id": customer, "exchange_rate": 1.1}
    made = api.post("/invoices", json=sale).json()["invoice"]
    api.post(f"/invoices/{made['invoice_id']}/status/sent")

    owing = api.get(f"/contacts/{customer}").json()["contact"]

    assert (made["currency_code"], made["total"], made["bcy_total"]) == ("EUR", 200, 220)
    assert owing["outstanding_receivable_amount"] == 200
    assert owing["outstanding_receivable_amount_bcy"] == 220
    assert owing["is_bcy_only_contact"] is False


def test_taxes_tell_the_day_they_are_of(api):
    """Their list has a context of its own."""
    context = api.get("/settings/taxes").json()["page_context"]

    assert context["as_of_date"] == context["to_date"]
    assert "custom_fields" not in context


def test_an_address_the_sandbox_lacks_says_so(api):
    """Refused as Zoho refuses a wrong one, with a header of the sandbox's own."""
    reply = api.get("/teleports")

    assert refused(reply) == (404, 5)
    assert "X-Sandbox-Refused" in reply.headers
    assert "X-Sandbox-Refused" not in api.get("/contacts/460000000999999").headers


@pytest.mark.parametrize(
    "body", [{**SOLD, "colour_of_moon": 1}, {**SOLD, "line_items": [{"item_id": TABLE, "colour": 1}]}]
)
def test_unknown_fields_can_be_refused(api, sandbox, body):
    """Also inside a line; what is documented, and custom fields, still pass."""
    sandbox.settings["books.unknown_fields"] = "refused"

    assert refused(api.post("/invoices", json=body)) == (400, 2)
    assert api.post("/invoices", json={**SOLD, "custom_fields": []}).status_code == 201


def test_a_contact_says_from_its_first_transaction_on_that_it_has_one(api):
    """And shows empty text for an opening balance that it has not."""
    made = api.post("/contacts", json={"contact_name": "Acme Lamps"}).json()["contact"]
    api.post("/invoices", json={**SOLD, "customer_id": made["contact_id"]})

    after = api.get(f"/contacts/{made['contact_id']}").json()["contact"]

    assert (made["has_transaction"], after["has_transaction"]) == (False, True)
    assert (after["opening_balance_amount_bcy"], after["language_code"]) == ("", "")


def test_a_payment_made_notes_the_bills_it_was_applied_for(api):
    """And comes out of what is owed; without bills it is prepaid."""
    bill = api.post("/bills", json={**BOUGHT, "bill_number": "B-7", "date": "2026-06-09"}).json()["bill"]
    body = {"vendor_id": VENDOR, "amount": 100, "paid_through_account_id": TILL, "date": "2026-06-09"}
    applied = {"bills": [{"bill_id": bill["bill_id"], "amount_applied": 100}]}

    made = api.post("/vendorpayments", json={**body, **applied}).json()["vendorpayment"]
    ahead = api.post("/vendorpayments", json=body).json()["vendorpayment"]

    note = "Payment of amount $100.00 made and applied for B-7"
    assert [one["description"] for one in made["comments"]] == [note]
    assert [one["description"] for one in ahead["comments"]] == ["Payment of $100.00 made"]
    assert (made["offset_account_name"], ahead["offset_account_name"]) == (
        "Accounts Payable",
        "Prepaid Expenses",
    )

"""Line items and totals: exact, merged on update, taxed and discounted."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoho_sandbox.products.books.rules.totals import Line, Tax, Terms, add_up, discount_of

from .conftest import CITY_TAX, CUSTOMER, DELIVERY, SHELF, TABLE, VENDOR, refused

CENTS = st.decimals(min_value=0, max_value=10**6, places=2)
CITY = Tax("1", "City Tax", Decimal("8.25"))


def test_lines_take_what_the_item_knows(api, invoice):
    """Name, rate, tax and account come from the item; the body wins where it speaks."""
    made = invoice(line_items=[{"item_id": SHELF, "quantity": 3}, {"item_id": TABLE, "rate": 200}])

    shelf, table = made["line_items"]
    assert (shelf["name"], shelf["rate"], shelf["quantity"]) == ("Pine Shelf", 59, 3)
    assert (shelf["tax_name"], shelf["tax_percentage"], shelf["item_total"]) == ("City Tax", 8.25, 177)
    assert (table["rate"], table["item_total"], table["account_name"]) == (200, 200, "Sales")
    assert (made["sub_total"], made["tax_total"], made["total"]) == (377, 14.60, 391.60)
    assert made["taxes"] == [{"tax_id": CITY_TAX, "tax_name": "City Tax (8.25%)", "tax_amount": 14.60}]
    assert made["balance"] == made["total"]


def test_amounts_are_printed_with_their_cents(api, invoice):
    """0.1 plus 0.2 is 0.30."""
    made = invoice(line_items=[{"name": "a", "rate": 0.1}, {"name": "b", "rate": 0.2}])

    text = api.get(f"/invoices/{made['invoice_id']}").text
    assert '"sub_total":0.30' in text
    assert '"total":0.30' in text


@pytest.mark.parametrize(
    ("terms", "total"),
    [
        ({"discount": "10%"}, "194.85"),
        ({"discount": 20}, "194.85"),
        ({"discount": "10%", "is_discount_before_tax": False}, "194.85"),
        ({"discount": 20, "is_discount_before_tax": False}, "196.50"),
        ({"shipping_charge": 12.5}, "229.00"),
        ({"adjustment": -0.5}, "216.00"),
        ({"is_inclusive_tax": True}, "200.00"),
    ],
)
def test_terms_change_the_total(api, invoice, terms, total):
    """200.00 with 8.25 percent of tax on it."""
    made = invoice(line_items=[{"name": "Work", "rate": 200, "tax_id": CITY_TAX}], **terms)

    assert f'"total":{total}' in api.get(f"/invoices/{made['invoice_id']}").text


def test_lines_may_have_discounts_of_their_own(invoice):
    """Where the transaction is discounted line by line."""
    lines = [{"name": "a", "rate": 100, "discount": "12.5%"}, {"name": "b", "rate": 100, "discount": 10}]

    made = invoice(discount_type="item_level", line_items=lines)

    assert [line["item_total"] for line in made["line_items"]] == [87.5, 90]
    assert (made["sub_total"], made["discount_total"], made["total"]) == (177.5, 22.5, 177.5)


def test_a_tax_group_is_all_its_taxes(api, invoice):
    """Its percentage is their sum; each is shown by itself."""
    other = api.post("/settings/taxes", json={"tax_name": "State Tax", "tax_percentage": 5}).json()["tax"]
    body = {"tax_group_name": "Both", "taxes": f"{CITY_TAX},{other['tax_id']}"}
    group = api.post("/settings/taxgroups", json=body).json()["tax_group"]

    made = invoice(line_items=[{"name": "Work", "rate": 100, "tax_id": group["tax_group_id"]}])

    assert group["tax_group_percentage"] == 13.25
    assert [tax["tax_amount"] for tax in made["taxes"]] == [8.25, 5]
    assert made["total"] == 113.25


def test_an_update_keeps_changes_adds_and_drops_lines(api, invoice):
    """A known id changes its line, none adds one, a line not named goes."""
    made = invoice(line_items=[{"item_id": TABLE}, {"item_id": DELIVERY}])
    table, delivery = made["line_items"]

    lines = [{"line_item_id": table["line_item_id"], "quantity": 2}, {"name": "Oil", "rate": 5}]
    after = api.put(f"/invoices/{made['invoice_id']}", json={"line_items": lines}).json()["invoice"]

    assert [line["name"] for line in after["line_items"]] == ["Oak Table", "Oil"]
    assert after["line_items"][0]["line_item_id"] == table["line_item_id"]
    assert after["line_items"][0]["rate"] == 249.90
    assert delivery["line_item_id"] not in str(after)
    assert after["total"] == 504.80


def test_an_update_without_lines_leaves_them(api, invoice):
    """And a discount counts on them."""
    made = invoice()

    after = api.put(f"/invoices/{made['invoice_id']}", json={"discount": "50%"}).json()["invoice"]

    assert [line["line_item_id"] for line in after["line_items"]] == [
        line["line_item_id"] for line in made["line_items"]
    ]
    assert after["total"] == 50


def test_an_unknown_line_is_refused(api, invoice):
    """Another transaction's line as well."""
    made, other = invoice(), invoice()
    line = {"line_item_id": other["line_items"][0]["line_item_id"], "rate": 1}

    assert refused(api.put(f"/invoices/{made['invoice_id']}", json={"line_items": [line]})) == (400, 2)


def test_one_line_can_be_deleted(api, invoice):
    """The total follows."""
    made = invoice(line_items=[{"item_id": TABLE}, {"item_id": DELIVERY}])
    line = made["line_items"][0]["line_item_id"]

    api.delete(f"/invoices/{made['invoice_id']}/lineitems/{line}")

    after = api.get(f"/invoices/{made['invoice_id']}").json()["invoice"]
    assert ([one["name"] for one in after["line_items"]], after["total"]) == (["Delivery"], 35)


def test_purchases_take_the_purchase_side_of_an_item(api):
    """Rate, account and description for buying."""
    body = {
        "name": "Board",
        "rate": 20,
        "item_type": "sales_and_purchases",
        "purchase_rate": 11,
        "purchase_account_id": "460000000000406",
        "purchase_description": "Raw",
    }
    board = api.post("/items", json=body).json()["item"]["item_id"]

    lines = {"line_items": [{"item_id": board, "quantity": 10}]}
    bill = api.post("/bills", json={"vendor_id": VENDOR, "bill_number": "B1", **lines}).json()["bill"]

    (line,) = bill["line_items"]
    assert (line["rate"], line["description"], line["account_name"]) == (11, "Raw", "Cost of Goods Sold")
    assert (bill["total"], bill["status"], bill["vendor_name"]) == (110, "open", "Harbour Timber")


def test_numbers_follow_their_series(api, invoice):
    """INV-000001 and on; a number of the client's own is skipped."""
    first = invoice()
    own = invoice(invoice_number="INV-000004")
    third = invoice()
    fourth = invoice()

    shown = [one["invoice_number"] for one in (first, own, third, fourth)]
    assert shown == ["INV-000002", "INV-000004", "INV-000003", "INV-000005"]
    taken = {"customer_id": CUSTOMER, "invoice_number": "INV-000004", "line_items": [{"rate": 1}]}
    assert refused(api.post("/invoices", json=taken)) == (400, 1001)


def test_numbering_can_be_switched_off(api):
    """Then the body must bring the number."""
    body = {"customer_id": CUSTOMER, "line_items": [{"rate": 1}]}
    off = {"ignore_auto_number_generation": "true"}

    assert refused(api.post("/invoices", json=body, params=off)) == (400, 4)
    assert api.post("/invoices", json={**body, "invoice_number": "X"}, params=off).status_code == 201


def test_due_dates_follow_the_terms(api, invoice):
    """The contact's terms where the invoice states none."""
    api.put(f"/contacts/{CUSTOMER}", json={"payment_terms": 15})

    assert invoice(date="2026-06-20")["due_date"] == "2026-07-05"
    assert invoice(date="2026-06-20", payment_terms=30)["due_date"] == "2026-07-20"
    assert invoice(date="2026-06-20", due_date="2026-06-21")["due_date"] == "2026-06-21"


def test_a_debit_note_is_an_invoice_of_another_type(api, invoice):
    """It needs the invoice it belongs to, and has its own messages and list key."""
    body = {"customer_id": CUSTOMER, "type": "debit_note", "line_items": [{"name": "Fee", "rate": 5}]}
    assert refused(api.post("/invoices", json=body)) == (400, 4)

    reply = api.post("/invoices", json={**body, "reference_invoice_id": invoice()["invoice_id"]})

    assert reply.json()["message"] == "The debit note has been created."
    listed = api.get("/invoices", params={"type": "debit_note"}).json()
    assert [one["total"] for one in listed["debit_notes"]] == [5]


def test_foreign_currency_is_shown_in_both(api):
    """The base currency amount is the other times the rate."""
    euro = "460000000000099"
    body = {"customer_id": CUSTOMER, "currency_id": euro, "exchange_rate": 1.1}

    made = api.post("/invoices", json={**body, "line_items": [{"name": "x", "rate": 10}]}).json()["invoice"]

    assert (made["currency_code"], made["total"], made["bcy_total"]) == ("EUR", 10, 11)


@given(st.lists(st.tuples(CENTS, st.integers(0, 50), st.booleans()), min_size=1, max_size=8), CENTS)
def test_a_total_is_the_sum_of_its_parts(rows, shipping):
    """Whatever the lines: nothing is lost to rounding but in the tax itself."""
    lines = [Line(rate, Decimal(n), taxes=(CITY,) if taxed else ()) for rate, n, taxed in rows]

    totals = add_up(lines, Terms(shipping=shipping))

    assert totals.sub_total == sum(rate * n for rate, n, _ in rows)
    taxed = sum(rate * n for rate, n, is_taxed in rows if is_taxed)
    assert abs(totals.tax_total - taxed * CITY.percentage / 100) <= Decimal("0.005")
    assert totals.total == totals.sub_total + totals.tax_total + shipping


@given(CENTS, st.integers(0, 100))
def test_a_full_discount_leaves_nothing(base, share):
    """A share is of the sum, an amount is itself."""
    assert discount_of(f"{share}%", base) == base * share / 100
    assert discount_of(str(base), Decimal(0)) == base

"""Lists: pages, order, filters."""

from __future__ import annotations

import pytest

from zoho_sandbox.products.books.rules.catalogue import catalogue
from zoho_sandbox.products.books.rules.filters import filter_tests
from zoho_sandbox.products.books.rules.rows import index_entry

from .conftest import CUSTOMER, INACTIVE, OFFICE_ACCOUNT, SALES_ACCOUNT, SHELF, TABLE, VENDOR, refused

# Every module with a filter by date, and a record of that day in the words of the module.
DATED = [
    (name, {field: "2026-06-09" for field in module.fields if field.endswith("date")})
    for name, module in catalogue().modules.items()
    if any(filtered.endswith("date") for filtered in module.filters)
]
# Only what the service makes of a record later has them.
NEVER_SET = ("last_created_date", "expiry_date")


def names(reply, key="items", field="name"):
    """Return one field of every row."""
    assert reply.status_code == 200, reply.text
    return [row[field] for row in reply.json()[key]]


@pytest.fixture
def many(api):
    """Seven more items, Item 1 to Item 7, of growing rate."""
    for n in range(1, 8):
        api.post("/items", json={"name": f"Item {n}", "rate": n, "description": f"No {n % 2}"})


def test_a_list_says_where_the_reader_stands(api):
    """The live defaults of items."""
    context = api.get("/items").json()["page_context"]

    assert context == {
        "page": 1,
        "per_page": 200,
        "has_more_page": False,
        "report_name": "Items",
        "applied_filter": "Status.All",
        "custom_fields": [],
        "sort_column": "name",
        "sort_order": "A",
    }


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/contacts", ["Contacts", "Status.All", "contact_name", "A", 200]),
        ("/estimates", ["Quotes", "Status.All", "created_time", "D", 200]),
        ("/customerpayments", ["Payments Received", "PaymentMode.All", "date", "D", 200]),
        ("/chartofaccounts", ["List Chart Of Accounts", "AccountType.Active", "account_type", "A", 5000]),
        ("/journals", ["Manual Journals", "JournalDate.All", "journal_date", "D", 200]),
        ("/settings/taxes", ["Taxes", "Taxes.Active", "tax_name", "A", 200]),
    ],
)
def test_each_module_has_its_own_defaults(api, path, said):
    """Name, filter, order and page size as recorded."""
    context = api.get(path).json()["page_context"]

    names = ("report_name", "applied_filter", "sort_column", "sort_order", "per_page")
    assert [context[name] for name in names] == said


def test_currencies_say_less(api):
    """Their page_context names page and report only."""
    context = api.get("/settings/currencies").json()["page_context"]

    assert set(context) == {"page", "per_page", "has_more_page", "report_name"}


def test_purchase_orders_always_say_they_are_newest_first(api):
    """Seen live, whatever order was asked."""
    context = api.get("/purchaseorders", params={"sort_order": "A"}).json()["page_context"]

    assert context["sort_order"] == "D"


@pytest.mark.usefixtures("many")
def test_pages_follow_one_another(api):
    """Every record once, has_more_page until the last."""
    seen, page, more = [], 1, True
    while more:
        body = api.get("/items", params={"page": page, "per_page": 4}).json()
        more, page = body["page_context"]["has_more_page"], page + 1
        seen += [row["name"] for row in body["items"]]

    assert page == 4
    assert seen == sorted(["Oak Table", "Delivery", "Pine Shelf", *(f"Item {n}" for n in range(1, 8))])
    beyond = api.get("/items", params={"page": 9, "per_page": 4}).json()
    assert (beyond["items"], beyond["page_context"]["has_more_page"]) == ([], False)


def test_a_page_that_exactly_fits_is_the_last(api):
    """No empty page follows."""
    assert api.get("/items", params={"per_page": 3}).json()["page_context"]["has_more_page"] is False


def test_a_page_has_at_most_200_records(api):
    """A larger per_page is cut."""
    assert api.get("/items", params={"per_page": 1000}).json()["page_context"]["per_page"] == 200


@pytest.mark.parametrize("query", [{"page": "0"}, {"page": "x"}, {"per_page": "-1"}, {"per_page": "²"}])
def test_a_page_that_is_none_is_refused(api, query):
    """Code 2 names the parameter."""
    assert refused(api.get("/items", params=query)) == (400, 2)


@pytest.mark.usefixtures("many")
def test_lists_are_sorted_both_ways(api):
    """By number as numbers, by text without regard to case; the column is echoed."""
    api.post("/items", json={"name": "axe", "rate": 10})

    by_rate = api.get("/items", params={"sort_column": "rate", "sort_order": "D"})
    by_name = api.get("/items", params={"sort_column": "name"})

    assert names(by_rate)[:4] == ["Oak Table", "Pine Shelf", "Delivery", "axe"]
    assert by_rate.json()["page_context"]["sort_column"] == "rate"
    assert names(by_name)[0] == "axe"
    assert refused(api.get("/items", params={"sort_column": "weight"})) == (400, 2)


def test_newest_first_also_within_a_second(api, sandbox):
    """Order D of created_time reverses the order of making."""
    sandbox.clock.freeze()
    for name in "abc":
        api.post("/items", json={"name": name, "rate": 1})

    newest = api.get("/items", params={"sort_column": "created_time", "sort_order": "D"})

    assert names(newest)[:3] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "item 3"}, {"Item 3"}),
        ({"name_startswith": "item"}, {f"Item {n}" for n in range(1, 8)}),
        ({"name_contains": "TEM 3"}, {"Item 3"}),
        ({"description": "no 0"}, {"Item 2", "Item 4", "Item 6"}),
        ({"rate": "3.00"}, {"Item 3"}),
        ({"rate_less_than": "3"}, {"Item 1", "Item 2"}),
        ({"rate_less_equals": "3"}, {"Item 1", "Item 2", "Item 3"}),
        ({"rate_greater_than": "50"}, {"Oak Table", "Pine Shelf"}),
        ({"rate_greater_equals": "59"}, {"Oak Table", "Pine Shelf"}),
        ({"rate_greater_equals": "3", "rate_less_than": "5"}, {"Item 3", "Item 4"}),
        ({"search_text": "six SEATS"}, {"Oak Table"}),
        ({"tax_name": "City Tax"}, {"Pine Shelf"}),
        ({"name": " "}, None),
        ({"nmae": "Item 3"}, None),
        ({"name_less_than": "Item 3"}, None),
    ],
)
@pytest.mark.usefixtures("many")
def test_items_are_filtered(api, query, found):
    """By text, number and search; blank and unknown parameters are ignored."""
    everything = {"Oak Table", "Delivery", "Pine Shelf", *(f"Item {n}" for n in range(1, 8))}

    assert set(names(api.get("/items", params=query))) == (found or everything)


@pytest.mark.usefixtures("many")
def test_filtered_lists_are_paged_too(api):
    """The second page of what matches."""
    query = {"name_startswith": "Item", "per_page": 4, "page": 2}

    reply = api.get("/items", params=query)

    assert names(reply) == ["Item 5", "Item 6", "Item 7"]
    assert reply.json()["page_context"]["has_more_page"] is False


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({"rate_less_than": "cheap"}, (400, 2)),
        ({"name": "x" * 101}, (400, 15)),
        ({"search_text": "x" * 101}, (400, 15)),
        ({"filter_by": "Status.Purple"}, (400, 2)),
    ],
)
def test_a_filter_that_is_none_is_refused(api, query, refusal):
    """Numbers must be numbers, texts have a length, named filters a name."""
    assert refused(api.get("/items", params=query)) == refusal


def test_named_filters_choose_by_status(api):
    """Status.All is the default."""

    def shown(value):
        return names(api.get("/contacts", params={"filter_by": value}), "contacts", "contact_name")

    assert shown("Status.Active") == ["Bowman and Co", "Harbour Timber"]
    assert shown("Status.Inactive") == ["Old Mill Cafe"]
    assert len(shown("Status.All")) == 3


def test_contacts_are_filtered_by_person_and_address(api):
    """The primary person's mail, any line of an address, the type."""

    def found(**query):
        return names(api.get("/contacts", params=query), "contacts", "contact_name")

    assert found(email="will.smith@example.com") == ["Bowman and Co"]
    assert found(first_name_startswith="wi") == ["Bowman and Co"]
    assert found(address_contains="hopyard") == ["Bowman and Co"]
    assert found(contact_type="vendor") == ["Harbour Timber"]


def test_customers_and_vendors_are_lists_of_contacts(api):
    """Under the key contacts."""
    assert names(api.get("/vendors"), "contacts", "contact_name") == ["Harbour Timber"]
    assert "Harbour Timber" not in names(api.get("/customers"), "contacts", "contact_name")


def test_invoices_are_filtered_by_line_date_and_amount(api, invoice):
    """Also by what their lines hold, and by custom fields of any name."""
    custom = {"custom_fields": [{"label": "Colour", "value": "Deep Red"}]}
    early = invoice(date="2026-01-31", line_items=[{"item_id": SHELF, "quantity": 3}], **custom)
    late = invoice(date="2026-03-01")

    def found(**query):
        return set(names(api.get("/invoices", params=query), "invoices", "invoice_id"))

    assert found(item_id=SHELF) == found(item_name_contains="shelf") == {early["invoice_id"]}
    assert found(date="2026-03-01") == {late["invoice_id"]}
    assert found(date_before="2026-03-01", date_after="2026-01-30") == {early["invoice_id"]}
    assert found(date_start="2026-01-31", date_end="2026-03-01") == {early["invoice_id"], late["invoice_id"]}
    assert found(total_greater_than="190", total_less_than="192") == {early["invoice_id"]}
    assert found(custom_field_contains="red") == found(custom_field="deep red") == {early["invoice_id"]}
    assert found(customer_name_startswith="bow") >= {early["invoice_id"], late["invoice_id"]}


def test_what_changed_since_a_moment(api, sandbox, invoice):
    """last_modified_time keeps what was changed then or later; it needs its zone."""
    old = invoice()
    sandbox.clock.advance(60)
    new = invoice()

    found = api.get("/invoices", params={"last_modified_time": new["created_time"]})

    assert names(found, "invoices", "invoice_id") == [new["invoice_id"]]
    assert old["created_time"] < new["created_time"]
    assert refused(api.get("/invoices", params={"last_modified_time": "2026-06-09"})) == (400, 2)


def test_accounts_show_the_active_ones_first(api):
    """AccountType.Active unless something else is asked."""
    api.post("/chartofaccounts/460000000000388/inactive")

    def found(**query):
        return set(names(api.get("/chartofaccounts", params=query), "chartofaccounts", "account_name"))

    assert "Sales" not in found()
    assert found(filter_by="AccountType.Inactive") == {"Sales"}
    assert "Sales" in found(filter_by="AccountType.All")
    assert found(filter_by="AccountType.Equity") >= {"Owner's Equity", "Retained Earnings"}


def test_payments_are_filtered_by_mode(api):
    """However the mode is spelt."""
    for mode in ("Bank Transfer", "cash"):
        body = {"customer_id": CUSTOMER, "payment_mode": mode, "amount": 1, "date": "2026-06-09"}
        api.post("/customerpayments", json=body)

    reply = api.get("/customerpayments", params={"filter_by": "PaymentMode.BankTransfer"})

    assert names(reply, "customerpayments", "payment_mode") == ["Bank Transfer"]


def test_dates_have_named_ranges(api, sandbox):
    """The month, the last quarter and so on, of the organisation's own calendar."""
    sandbox.clock.set(1_780_000_000)  # 28 May 2026
    lines = [
        {"account_id": "460000000000388", "debit_or_credit": side, "amount": 5} for side in ("debit",)
    ] + [{"account_id": "460000000000409", "debit_or_credit": "credit", "amount": 5}]
    for day in ("2026-05-28", "2026-05-02", "2026-04-30", "2025-12-31"):
        api.post("/journals", json={"journal_date": day, "line_items": lines})

    def found(name):
        query = {"filter_by": f"JournalDate.{name}"}
        return names(api.get("/journals", params=query), "journals", "journal_date")

    assert found("Today") == ["2026-05-28"]
    assert found("ThisMonth") == ["2026-05-28", "2026-05-02"]
    assert found("ThisQuarter") == ["2026-05-28", "2026-05-02", "2026-04-30"]
    assert found("ThisYear") == ["2026-05-28", "2026-05-02", "2026-04-30"]
    assert len(found("All")) == 4


def test_journals_are_filtered_by_their_own_date(api):
    """`date` is the journal's day under every suffix, though the row calls it journal_date."""
    lines = [
        {"account_id": account, "debit_or_credit": side, "amount": 5}
        for account, side in ((SALES_ACCOUNT, "debit"), (OFFICE_ACCOUNT, "credit"))
    ]
    for day in ("2026-12-01", "2026-11-01"):
        api.post("/journals", json={"journal_date": day, "line_items": lines})

    def found(**query):
        return names(api.get("/journals", params=query), "journals", "journal_date")

    assert found(date_after="2020-01-01") == found(date_start="2026-11-01") == ["2026-12-01", "2026-11-01"]
    assert found(date="2026-12-01") == found(date_after="2026-11-01") == ["2026-12-01"]
    assert found(date_end="2026-11-30") == ["2026-11-01"]


@pytest.mark.parametrize("name", [name for name, _ in DATED])
def test_every_date_filter_finds_what_it_means(api, name):
    """No module hides all of its records from a filter by date that it offers."""
    module = catalogue().modules[name]
    record = {module.id: "1", "created_time": "2026-06-09T10:00:00-0400", **dict(DATED)[name]}
    entry = index_entry(module, record)

    for parameter in module.filters:
        if parameter.endswith("date") and parameter not in NEVER_SET:
            (test,) = filter_tests(module, [(parameter, "2026-06-09")])
            assert test(entry), parameter


def test_counts_and_sums_on_request(api, invoice):
    """response_option adds them to page_context."""
    invoice()

    def context(option):
        return api.get("/invoices", params={"response_option": option}).json()["page_context"]

    assert "total" not in context(0)
    assert context(1)["total"] == 2
    assert context(3)["sum"] == pytest.approx(599.80)
    assert (context(4)["total"], context(4)["sum"]) == (2, pytest.approx(599.80))


def test_whole_items_by_a_list_of_ids(api):
    """GET /itemdetails, in the order asked."""
    found = api.get("/itemdetails", params={"item_ids": f"{SHELF},{TABLE},460000000999999"}).json()["items"]

    assert [one["item_id"] for one in found] == [SHELF, TABLE]
    assert "default_price_brackets" in found[0]
    assert refused(api.get("/itemdetails")) == (400, 4)


def test_many_records_are_deleted_at_once(api):
    """By ids in the query; one unknown id refuses them all."""
    ids = [api.post("/items", json={"name": n, "rate": 1}).json()["item"]["item_id"] for n in "ab"]

    assert refused(api.delete("/items", params={"item_ids": f"{ids[0]},460000000999999"})) == (404, 1002)
    assert api.delete("/items", params={"item_ids": ",".join(ids)}).status_code == 200
    assert not {"a", "b"} & set(names(api.get("/items")))
    assert refused(api.delete("/items")) == (400, 4)


def test_a_row_shows_the_contact_under_three_names(api):
    """And its status in words for people."""
    (row,) = [one for one in api.get("/contacts").json()["contacts"] if one["contact_id"] == INACTIVE]

    assert row["contact_name"] == row["customer_name"] == row["vendor_name"] == "Old Mill Cafe"
    assert (row["contact_type_formatted"], row["status"]) == ("Customer", "inactive")


@pytest.mark.parametrize(
    ("path", "value", "count"),
    [
        ("/salesorders", "Status.ToBeInvoiced", 1),
        ("/salesorders", "WithAttachment", 0),
        ("/salesorders", "WithoutAttachment", 1),
        ("/salesorders", "Status.BackOrdered", 0),
        ("/purchaseorders", "Status.Issued", 1),
        ("/purchaseorders", "Status.Pending", 0),
    ],
)
def test_every_published_filter_of_orders_is_taken(api, path, value, count):
    """Those of features that are not here find nothing."""
    line = {"line_items": [{"name": "Work", "rate": 1}]}
    api.post("/salesorders", json={"customer_id": CUSTOMER, **line})
    order = api.post("/purchaseorders", json={"vendor_id": VENDOR, **line}).json()["purchaseorder"]
    api.post(f"/purchaseorders/{order['purchaseorder_id']}/status/open")

    rows = api.get(path, params={"filter_by": value}).json()[path.strip("/")]

    assert len(rows) == count


def test_quotes_are_found_by_their_last_day(api):
    """With the variants of a date."""
    line = {"customer_id": CUSTOMER, "line_items": [{"name": "Work", "rate": 1}]}
    for day in ("2026-06-01", "2026-07-01"):
        api.post("/estimates", json={**line, "expiry_date": day})

    found = api.get("/estimates", params={"expiry_date_after": "2026-06-15"}).json()["estimates"]

    assert [one["expiry_date"] for one in found] == ["2026-07-01"]

"""What the system works out of a record's values: chance and revenue, names, durations, sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import coql, create, get, ok

if TYPE_CHECKING:
    import httpx


def deal(crm: httpx.Client, **values: Any) -> tuple[Any, Any]:
    """Create a deal; returns its chance and its expected revenue."""
    (made,) = create(crm, "Deals", {"Deal_Name": "D", "Closing_Date": "2026-12-31", **values})
    shown = get(crm, "Deals", made, "Probability", "Expected_Revenue")
    return shown["Probability"], shown["Expected_Revenue"]


@pytest.mark.parametrize(
    ("stage", "amount", "chance", "revenue"),
    [
        ("Qualification", 10000, 10, 1000),
        ("Id. Decision Makers", 100, 60, 60),
        ("Identify Decision Makers", 100, 60, 60),
        ("Closed Won", 5000, 100, 5000),
        ("Closed Lost", 5000, 0, 0),
        ("Closed-Lost to Competition", 5000, 0, 0),
        ("Negotiation/Review", 12.35, 90, 11.12),
        ("A stage of nobody's", 50000, 10, 5000),
        ("Qualification", None, 10, None),
    ],
)
def test_a_stage_says_chance_and_revenue(
    crm: httpx.Client, stage: str, amount: Any, chance: int, revenue: Any
) -> None:
    """By the table of stages; without an amount nothing is expected."""
    assert deal(crm, Stage=stage, Amount=amount) == (chance, revenue)


def test_a_chance_that_is_sent_counts_until_the_stage_moves(crm: httpx.Client) -> None:
    """Then the stage's own takes its place, and the revenue follows."""
    record = {"Deal_Name": "D", "Closing_Date": "2026-12-31", "Stage": "Qualification", "Amount": 100}
    (made,) = create(crm, "Deals", {**record, "Probability": 35})
    assert get(crm, "Deals", made)["Expected_Revenue"] == 35

    ok(crm.put(f"/Deals/{made}", json={"data": [{"Amount": 200}]}))
    assert get(crm, "Deals", made)["Expected_Revenue"] == 70

    ok(crm.put(f"/Deals/{made}", json={"data": [{"Stage": "Closed Won"}]}))
    assert coql(crm, f"select Probability, Expected_Revenue from Deals where id = {made}") == [
        {"Probability": 100, "Expected_Revenue": 200, "id": made}
    ]


def test_the_values_of_a_stage_tell_their_chance(crm: httpx.Client) -> None:
    """As metadata and as pick-list values; other pick lists say nothing of the kind."""
    fields = crm.get("/settings/fields", params={"module": "Deals"}).json()["fields"]
    lists = {field["api_name"]: field["pick_list_values"] for field in fields}

    told = [(one["actual_value"], one["probability"], one["forecast_category"]) for one in lists["Stage"]]
    assert told[:4] == [
        ("Qualification", 10, "Pipeline"),
        ("Needs Analysis", 20, "Pipeline"),
        ("Value Proposition", 40, "Pipeline"),
        ("Id. Decision Makers", 60, "Pipeline"),
    ]
    assert told[-2:] == [("Closed Lost", 0, "Omitted"), ("Closed Lost to Competition", 0, "Omitted")]
    assert not any("probability" in one for one in lists["Type"])


@pytest.mark.parametrize("module", ["Leads", "Contacts"])
def test_a_full_name_begins_with_the_salutation(crm: httpx.Client, module: str) -> None:
    """One blank between what is there."""
    names = {"Salutation": "Mr.", "First_Name": "A", "Last_Name": "B", "Company": "C"}
    whole, last = create(crm, module, names, {"Last_Name": "B", "Company": "C"})

    assert get(crm, module, whole, "Full_Name")["Full_Name"] == "Mr. A B"
    assert get(crm, module, last, "Full_Name")["Full_Name"] == "B"


@pytest.mark.parametrize(("text", "seconds"), [("01:00", 60), ("10:00", 600), ("02:05", 125)])
def test_a_call_lasts_so_many_seconds(crm: httpx.Client, text: str, seconds: int) -> None:
    """Minutes and seconds."""
    call = {"Subject": "S", "Call_Type": "Outbound", "Call_Start_Time": "2026-05-10T10:00:00+05:30"}
    (made,) = create(crm, "Calls", {**call, "Call_Duration": text})

    assert get(crm, "Calls", made)["Call_Duration_in_seconds"] == seconds


@pytest.mark.parametrize(
    ("kind", "start", "duration", "status"),
    [
        ("Outbound", "2020-05-10T10:00:00+05:30", "01:00", "Attended Dialled"),
        ("Outbound", "2020-05-10T10:00:00+05:30", None, "Unattended Dialled"),
        ("Inbound", "2020-05-10T10:00:00+05:30", "01:00", "Received"),
        ("Missed", "2020-05-10T10:00:00+05:30", None, "Missed"),
        ("Outbound", "2090-05-10T10:00:00+05:30", None, "Scheduled"),
    ],
)
def test_a_call_has_a_status(crm: httpx.Client, kind: str, start: str, duration: Any, status: str) -> None:
    """By its type, its time, and whether anybody spoke."""
    call = {"Subject": "S", "Call_Type": kind, "Call_Start_Time": start, "Call_Duration": duration}
    (made,) = create(crm, "Calls", call)

    assert get(crm, "Calls", made)["Call_Status"] == status


def product(crm: httpx.Client, price: Any) -> str:
    (made,) = create(crm, "Products", {"Product_Name": f"P{price}", "Unit_Price": price})
    return made


def test_rows_and_documents_are_summed(crm: httpx.Client) -> None:
    """Discount before tax in a row; discount, tax and adjustment of the document at the end."""
    rows = [
        {"Product_Name": product(crm, 10), "Quantity": 3, "Discount": 5,
         "Line_Tax": [{"name": "Vat", "percentage": 10}]},
        {"Product_Name": product(crm, 7.5), "Quantity": 2, "List_Price": 8},
    ]  # fmt: skip
    record = {"Subject": "S", "Discount": 3.5, "Tax": 1, "Adjustment": 0.25, "Quoted_Items": rows}
    (quote,) = create(crm, "Quotes", record)

    shown = get(crm, "Quotes", quote)

    sums = ("List_Price", "Total", "Total_After_Discount", "Tax", "Net_Total", "Sequence_Number")
    assert [[row[name] for name in sums] for row in shown["Quoted_Items"]] == [
        [10, 30, 25, 2.5, 27.5, 1],
        [8, 16, 16, None, 16, 2],
    ]
    assert (shown["Sub_Total"], shown["Grand_Total"]) == (43.5, 41.25)


def test_a_changed_row_is_summed_anew(crm: httpx.Client) -> None:
    """The other row stays, and a renamed document keeps its sums."""
    rows = [
        {"Product_Name": product(crm, 10), "Quantity": 1},
        {"Product_Name": product(crm, 4), "Quantity": 2},
    ]
    (order,) = create(crm, "Sales_Orders", {"Subject": "S", "Ordered_Items": rows})
    first, _ = get(crm, "Sales_Orders", order)["Ordered_Items"]

    ok(
        crm.put(
            f"/Sales_Orders/{order}", json={"data": [{"Ordered_Items": [{"id": first["id"], "Quantity": 5}]}]}
        )
    )
    ok(crm.put(f"/Sales_Orders/{order}", json={"data": [{"Subject": "T"}]}))

    shown = get(crm, "Sales_Orders", order)
    assert [row["Net_Total"] for row in shown["Ordered_Items"]] == [50, 8]
    assert shown["Grand_Total"] == 58


def test_a_price_book_takes_its_share_off(crm: httpx.Client) -> None:
    """By the range that the quantity is in; outside of them the product's price stands."""
    details = [
        {"from_range": 1, "to_range": 10, "discount": 5},
        {"from_range": 11, "to_range": 100, "discount": 20},
    ]
    (book,) = create(crm, "Price_Books", {"Price_Book_Name": "B", "Pricing_Details": details})
    bought = [
        {"Product_Name": product(crm, 50), "Price_Book_Name": book, "Quantity": n} for n in (10, 11, 500)
    ]
    (quote,) = create(crm, "Quotes", {"Subject": "S", "Quoted_Items": bought})

    assert [row["List_Price"] for row in get(crm, "Quotes", quote)["Quoted_Items"]] == [47.5, 40, 50]

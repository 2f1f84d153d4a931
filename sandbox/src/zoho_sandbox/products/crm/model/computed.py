"""What the system itself works out of a record's other values, with every write.

Sources:
    Replies of v2 that were recorded (probability, revenue, full name, duration);
    https://www.zoho.com/crm/developer/docs/api/v8/sample-response-inventory.html (sums of line items).
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.products.crm.model.schema import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module

# A stage that no pipeline knows was taken, and told this (recorded).
_UNKNOWN_STAGE = 10
_PRODUCTS = "crm/Products"
_PRICE_BOOKS = "crm/Price_Books"


def compute(state: State, module: Module, record: Json, old: Json | None) -> None:
    """Put computed values into a record that is about to be stored."""
    for rule in _RULES.get(module.api_name, ()):
        rule(record, old or {})
    if module.line_items:
        # New rows: those of the record that was before stay as they are.
        rows = [dict(row) for row in record.get(module.line_items) or []]
        record[module.line_items] = rows
        _total(state, record, rows)


@cache
def stages() -> Mapping[str, Mapping[str, Any]]:
    """Return the stages of deals by what is displayed, in their order."""
    table: Mapping[str, Mapping[str, Any]] = package_yaml(PACKAGE, "data", "stages.yaml")
    return table


def stage_of(value: Any) -> Mapping[str, Any] | None:
    """Return the stage that a record's value means, displayed or actual; None for an unknown one."""
    for displayed, stage in stages().items():
        if value in (displayed, stage.get("actual")):
            return stage
    return None


def _full_name(record: Json, _old: Json) -> None:
    parts = (record.get("Salutation"), record.get("First_Name"), record.get("Last_Name"))
    record["Full_Name"] = " ".join(part for part in parts if part)


def _revenue(record: Json, old: Json) -> None:
    is_moved = record.get("Stage") != old.get("Stage")
    is_sent = record.get("Probability") not in (None, old.get("Probability"))
    # choice: a probability that is sent counts; one that was there goes when the stage does.
    if not is_sent and (is_moved or record.get("Probability") is None):
        stage = stage_of(record.get("Stage"))
        record["Probability"] = stage["probability"] if stage else _UNKNOWN_STAGE
    amount = record.get("Amount")
    record["Expected_Revenue"] = (
        None if amount is None else plain(Decimal(amount) * Decimal(record["Probability"]) / 100)
    )


def _call(record: Json, old: Json) -> None:
    """Tell status and seconds: recorded replies show `mm:ss`, though the pages say `HH:mm`."""
    text = record.get("Call_Duration")
    found = re.fullmatch(r"(\d{1,6}):(\d{1,2})", text) if isinstance(text, str) else None
    if found:
        record["Call_Duration_in_seconds"] = int(found[1]) * 60 + int(found[2])
    elif text != old.get("Call_Duration"):
        record["Call_Duration_in_seconds"] = None
    start, now = record.get("Call_Start_Time"), record.get("Modified_Time")
    is_ahead = isinstance(start, str) and isinstance(now, str) and start > now
    if is_ahead:
        record["Call_Status"] = "Scheduled"
    else:
        # choice: an outgoing call without a duration was not attended.
        is_dialled = "Attended Dialled" if record.get("Call_Duration_in_seconds") else "Unattended Dialled"
        known = {"Outbound": is_dialled, "Inbound": "Received", "Missed": "Missed"}
        record["Call_Status"] = known.get(str(record.get("Call_Type")))


def _total(state: State, record: Json, rows: list[Json]) -> None:
    for n, row in enumerate(rows, 1):
        row["Sequence_Number"] = n
        _total_row(state, row)
    sub_total = sum((_number(row.get("Net_Total")) for row in rows), Decimal())
    record["Sub_Total"] = plain(sub_total)
    more = _number(record.get("Tax")) + _number(record.get("Adjustment")) - _number(record.get("Discount"))
    record["Grand_Total"] = plain(sub_total + more)


def _total_row(state: State, row: Json) -> None:
    if row.get("List_Price") is None:
        row["List_Price"] = _price(state, row)
    total = _number(row.get("Quantity")) * _number(row["List_Price"])
    after = total - _number(row.get("Discount"))
    taxes = row.get("Line_Tax") or []
    if taxes:
        row["Tax"] = plain(sum((after * _number(tax.get("percentage")) / 100 for tax in taxes), Decimal()))
    row["Total"], row["Total_After_Discount"] = plain(total), plain(after)
    row["Net_Total"] = plain(after + _number(row.get("Tax")))


def _price(state: State, row: Json) -> Any:
    """Return the product's price; a price book takes a share off by the quantity that is bought."""
    product = state.get(_PRODUCTS, (row.get("Product_Name") or {}).get("id", "")) or {}
    price = product.get("Unit_Price")
    book = state.get(_PRICE_BOOKS, (row.get("Price_Book_Name") or {}).get("id", ""))
    if price is None or book is None:
        return price
    quantity = _number(row.get("Quantity"))
    for step in book.get("Pricing_Details") or []:
        if _number(step.get("from_range")) <= quantity <= _number(step.get("to_range")):
            return plain(_number(price) * (100 - _number(step.get("discount"))) / 100)
    return price


def plain(amount: Decimal) -> int | Decimal:
    """Return an amount with two decimals at most, a whole one as a whole number."""
    rounded = round(amount, 2).normalize()
    return int(rounded) if rounded == rounded.to_integral_value() else rounded


def _number(value: Any) -> Decimal:
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else Decimal()


_RULES: dict[str, tuple[Callable[[Json, Json], None], ...]] = {
    "Leads": (_full_name,),
    "Contacts": (_full_name,),
    "Deals": (_revenue,),
    "Calls": (_call,),
}

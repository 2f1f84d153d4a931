"""Records made of other records: invoices of orders, clones, reversals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.records.compose import compose
from zoho_sandbox.products.books.records.records import created, location, save, shown
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.records.store import module_named
from zoho_sandbox.products.books.rules.errors import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request

_COPIED = (
    "customer_id",
    "line_items",
    "reference_number",
    "notes",
    "terms",
    "discount",
    "is_discount_before_tax",
)


# What an invoice keeps of the order or quote it was made of, and what these say then.
_ORIGINS = ("salesorder_id", "salesorder_number", "estimate_id")
_INVOICED = {"status": "invoiced", "invoiced_status": "invoiced"}
_LINE_COPIED = (
    "item_id",
    "name",
    "description",
    "rate",
    "quantity",
    "unit",
    "discount",
    "tax_id",
    "account_id",
)


def _copied(record: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: record[name] for name in _COPIED if record.get(name) not in (None, "")}
    body["line_items"] = [
        {name: line[name] for name in _LINE_COPIED if line.get(name) not in (None, "")}
        for line in record.get("line_items", ())
    ]
    return body


@handles("from_order")
def invoice_from_order(request: Request) -> Answer:
    """Make an invoice of a sales order, or one of each estimate."""
    query = request.call.query
    names = {"salesorder_id": "sales_orders", "estimate_ids": "estimates", "estimate_id": "estimates"}
    made = []
    for name, origin in names.items():
        for record_id in [part.strip() for part in (query.get(name) or "").split(",") if part.strip()]:
            before = request.record(record_id, module_named(origin))
            invoice = compose(request.books, request.module, _copied(before))
            invoice.update({name: before[name] for name in _ORIGINS if before.get(name)})
            save(request.books, request.module, invoice)
            invoiced = {**before, **_INVOICED, "total_invoiced_amount": before["total"]}
            invoiced["invoiced_amount"] = before["total"]
            save(request.books, module_named(origin), invoiced, before)
            request.note("create", invoice["invoice_id"])
            made.append(invoice)
    if not made:
        is_order = request.operation.template.endswith("order")
        raise refusal("missing_value", value="salesorder_id" if is_order else "estimate_ids")
    answer = request.answer(**shown(request, made[0]))
    answer.headers = (location(request.module, made[0]["invoice_id"]),)
    return answer


@handles("clone")
def clone(request: Request) -> Answer:
    """Copy a project under a new name."""
    original = request.record()
    body = {name: original[name] for name in request.module.fields if name in original}
    body.pop("custom_fields", None)
    return created(request, {**body, **request.body()})


@handles("reverse")
def reverse(request: Request) -> Answer:
    """Make the journal that undoes another one: debit and credit change places."""
    original = request.record()
    swapped = {"debit": "credit", "credit": "debit"}
    lines = [
        {
            "account_id": line["account_id"],
            "amount": line["amount"],
            "debit_or_credit": swapped[line["debit_or_credit"]],
            "description": line.get("description", ""),
        }
        for line in original["line_items"]
    ]
    day = request.call.query.get("reversal_date") or request.books.today()
    return created(request, {"journal_date": day, "line_items": lines, "notes": original.get("notes", "")})

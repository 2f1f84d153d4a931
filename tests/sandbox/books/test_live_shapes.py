"""Every type that was recorded live answers with the recorded keys, and the same JSON types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from .conftest import CUSTOMER, OFFICE_ACCOUNT, ORGANIZATION, SALES_ACCOUNT, SHELF, VENDOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoho_sandbox import Sandbox

RECORDED = yaml.safe_load(Path(__file__).with_name("live_shapes.yaml").read_text("utf-8"))
SHAPES = {name: one for one in RECORDED for name in one["replies"]}
USUAL_CONTEXT = {
    "text": "applied_filter report_name sort_column sort_order",
    "number": "page per_page",
    "flag": "has_more_page",
    "list": "custom_fields",
}
TILL, INTEREST, DAY = "460000000000358", "460000000000394", "2026-06-09"
SOLD = {"customer_id": CUSTOMER, "line_items": [{"item_id": SHELF, "quantity": 2}]}
BOUGHT = {"vendor_id": VENDOR, "date": DAY, "line_items": [{"item_id": SHELF, "rate": 50, "quantity": 2}]}
JOURNAL = {
    "journal_date": DAY,
    "line_items": [
        {"account_id": SALES_ACCOUNT, "debit_or_credit": "debit", "amount": 100},
        {"account_id": INTEREST, "debit_or_credit": "credit", "amount": 100},
    ],
}
# What is made of each type, and how the recordings changed it; ids of the others are filled in.
MADE = {
    "/contacts": ({"contact_name": "Acme Lamps"}, {"contact_name": "Acme Lights"}),
    "/items": ({"name": "Lamp", "rate": 199.99, "unit": "pcs"}, {"name": "Lamp", "rate": 150}),
    "/estimates": (SOLD, {"notes": "n"}),
    "/invoices": (SOLD, {"notes": "n"}),
    "/creditnotes": (SOLD, {"notes": "n"}),
    "/purchaseorders": (BOUGHT, {"notes": "n"}),
    "/bills": (
        {**BOUGHT, "bill_number": "B-1", "line_items": [{"account_id": OFFICE_ACCOUNT, "rate": 100}]},
        {"notes": "n"},
    ),
    "/customerpayments": (
        {"customer_id": CUSTOMER, "payment_mode": "cash", "amount": 50, "date": DAY, "invoices": "/invoices"},
        {"description": "d"},
    ),
    "/vendorpayments": (
        {"vendor_id": VENDOR, "amount": 50, "paid_through_account_id": TILL, "date": DAY, "bills": "/bills"},
        {"reference_number": "r"},
    ),
    "/expenses": (
        {"account_id": OFFICE_ACCOUNT, "paid_through_account_id": TILL, "amount": 75, "date": DAY},
        {"description": "d"},
    ),
    "/journals": (JOURNAL, {**JOURNAL, "notes": "n"}),
    "/chartofaccounts": (
        {"account_name": "Tools", "account_type": "expense"},
        {"account_name": "Tool", "account_type": "expense"},
    ),
    "/bankaccounts": (
        {"account_name": "Zest Bank", "account_type": "bank"},
        {"account_name": "Zest", "account_type": "bank"},
    ),
}
LISTED = (*MADE, "/settings/currencies", "/settings/taxes", "/organizations")


@pytest.fixture(scope="module")
def replies(planted: Sandbox) -> Iterator[dict[str, httpx.Response]]:
    """Every recorded call, made once, by its name in the recordings."""
    sandbox = planted.copy()
    token = sandbox.connection(scopes=("ZohoBooks.fullaccess.all",))["token"]["access_token"]
    with (
        sandbox.running() as url,
        httpx.Client(
            base_url=f"{url}/books/v3",
            headers={"Authorization": f"Zoho-oauthtoken {token}"},
            params={"organization_id": ORGANIZATION},
            trust_env=False,
        ) as api,
    ):
        yield dict(_calls(api, sandbox))
    sandbox.close()


def _calls(api: httpx.Client, sandbox: Sandbox) -> Iterator[tuple[str, httpx.Response]]:
    ids: dict[str, str] = {}
    for path, (body, _) in MADE.items():
        reply = api.post(path, json=_filled(body, ids))
        yield f"POST {path}", reply
        assert reply.status_code == 201, reply.text
        ids[path] = reply.headers["location"].rpartition("/")[2]
        if path == "/invoices":
            for step, sent in (("status/sent", None), ("email", {"to_mail_ids": ["a@example.com"]})):
                yield f"POST /invoices/{{id}}/{step}", api.post(f"/invoices/{ids[path]}/{step}", json=sent)
    for path, record_id in ids.items():
        # One account that was booked on, as it was in the recording.
        read = SALES_ACCOUNT if path == "/chartofaccounts" else record_id
        yield f"GET {path}/{{id}}", api.get(f"{path}/{read}")
    for path in LISTED:
        yield f"GET {path}", api.get(path)
    for path, (_, changes) in MADE.items():
        yield f"PUT {path}/{{id}}", api.put(f"{path}/{ids[path]}", json=changes)
    extra = api.post("/invoices", json=SOLD).headers["location"].rpartition("/")[2]
    yield "POST /invoices/{id}/status/void", api.post(f"/invoices/{extra}/status/void")


def _filled(body: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """Return a body that applies its amount to the invoice or bill made before."""
    filled = dict(body)
    for name, key in (("invoices", "invoice_id"), ("bills", "bill_id")):
        if isinstance(body.get(name), str):
            filled[name] = [{key: ids[body[name]], "amount_applied": body["amount"]}]
    return filled


def differences(shape: Mapping[str, Any], value: Any, where: str = "") -> Iterator[str]:
    """Yield each key that is missing, foreign or of another JSON type."""
    kinds = {"text": str, "flag": bool, "list": list, "object": dict}
    known = set()
    for kind, type_ in kinds.items():
        for name in shape.get(kind, "").split():
            known.add(name)
            if not isinstance(value.get(name), type_):
                yield f"{where}.{name} is no {kind}: {value.get(name)!r}"
    for name in shape.get("number", "").split():
        known.add(name)
        if isinstance(value.get(name), bool) or not isinstance(value.get(name), int | float):
            yield f"{where}.{name} is no number: {value.get(name)!r}"
    for name, inner in shape.get("objects", {}).items():
        known.add(name)
        yield from differences(inner, value.get(name) or {}, f"{where}.{name}")
    for name, inner in shape.get("rows", {}).items():
        known.add(name)
        if not isinstance(value.get(name), list):
            yield f"{where}.{name} is no list"
        for row in value.get(name) or ():
            yield from differences(inner, row, f"{where}.{name}[]")
    yield from (f"{where}.{name} is foreign" for name in value.keys() - known)


@pytest.mark.parametrize("name", SHAPES)
def test_a_reply_has_the_recorded_keys_and_types(replies, name):
    """No key less, no key more; an address, a line and a comment likewise."""
    recorded = SHAPES[name]
    shape: dict[str, Any] = recorded.get("shape", {})
    body = replies[name].json()
    if recorded.get("page_context"):
        shape = {**shape, "objects": {**shape.get("objects", {}), "page_context": USUAL_CONTEXT}}
    if name.startswith("GET"):
        for record in body.values():
            for line in record.get("line_items", ()) if isinstance(record, dict) else ():
                for added in recorded.get("read_lines_add", ()):
                    assert line.pop(added) == ""
    if name == "GET /bankaccounts":
        # Only tills were recorded first in the list; a bank's row says more.
        body["bankaccounts"] = [one for one in body["bankaccounts"] if one["account_type"] == "cash"]
    if name == "GET /chartofaccounts/{id}":
        # An account of income: what was debited has its numbers on the other side.
        account = body["chart_of_account"]
        account["transactions"] = [one for one in account["transactions"] if one["debit"] == ""]
        assert account["transactions"]
    if name == "GET /invoices":
        # The address to pay at was in the rows of invoices that were sent.
        for one in body["invoices"]:
            assert ("invoice_url" in one) is (one["status"] != "draft")
            one.setdefault("invoice_url", "")

    assert body.pop("code") == 0
    assert body.pop("message")
    assert list(differences(shape, body)) == []


def test_every_recorded_reply_is_tried(replies):
    """And no list that a recording filled is empty everywhere."""
    assert set(replies) >= set(SHAPES)
    for path in MADE:
        assert next(value for value in replies[f"GET {path}"].json().values() if isinstance(value, list))

"""No body, query or path makes a defect: every call is answered or refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoho_sandbox import Sandbox
from zoho_sandbox.core.wire import Answer, Call, Grant, Query
from zoho_sandbox.products.books import handle
from zoho_sandbox.products.books.rules.catalogue import Operation, catalogue

from .conftest import CITY_TAX, CUSTOMER, INVOICE, OFFICE_ACCOUNT, ORGANIZATION, TABLE, VENDOR, books_seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GRANT = Grant(
    "1", "Ann", "ann@example.com", frozenset({"ZohoBooks.fullaccess.all"}), "c", (ORGANIZATION,), "t"
)
LINES = [{"item_id": TABLE}]
JOURNAL = [
    {"account_id": "460000000000388", "debit_or_credit": "debit", "amount": 5},
    {"account_id": "460000000000409", "debit_or_credit": "credit", "amount": 5},
]
KNOWN = {
    "customer_id": CUSTOMER,
    "vendor_id": VENDOR,
    "contact_id": CUSTOMER,
    "invoice_id": INVOICE,
    "reference_invoice_id": INVOICE,
    "currency_id": "460000000000099",
    "taxes": CITY_TAX,
    "line_items": LINES,
    "account_id": OFFICE_ACCOUNT,
    "paid_through_account_id": OFFICE_ACCOUNT,
}
IDS = st.sampled_from([CUSTOMER, VENDOR, INVOICE, TABLE, CITY_TAX, "460000000000388", "1", "x", "é/"])
WORDS = st.sampled_from(["", " ", "2026-06-09", "draft", "debit", "12.5%", "-3", "1e50", "true", "x" * 300])
SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | IDS | WORDS
FILTERS = st.sampled_from(["page", "per_page", "sort_column", "filter_by", "search_text", "rate_less_than"])
OPERATIONS = [one for one in catalogue().operations if one.module.name != "organizations"]


def plausible(specs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body that has what is required, so that the odd rest is looked at."""
    return {name: plain(name, spec) for name, spec in specs.items() if spec.get("required")}


def plain(name: str, spec: Mapping[str, Any]) -> Any:
    """Return one value that fits its field."""
    if name in KNOWN or "in" in spec:
        return KNOWN.get(name) or spec["in"][0]
    if name.endswith("date"):
        return "2026-06-09"
    inner = spec.get("of", {})
    kinds = {"array": [plausible(inner)], "object": {one: plain(one, about) for one, about in inner.items()}}
    return {**kinds, "integer": 1, "number": 5, "boolean": True}.get(spec.get("type"), f"{name} 1")


def names_of(specs: Mapping[str, Any]) -> list[str]:
    """Return every field name, nested ones included."""
    return [name for key, spec in specs.items() for name in (key, *names_of(spec.get("of", {})))]


def odd_values(names: list[str]) -> st.SearchStrategy[Any]:
    """Return JSON of any shape whose keys are mostly known names."""
    keys = st.sampled_from([*names, "line_items", "custom_fields", "value", "index", "api_name"])
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6),
        max_leaves=12,
    )


class Undo(Exception):
    """Take back what one call did."""


class Books:
    """A sandbox with one record of every module."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(seed=books_seed())
        for operation in OPERATIONS:
            if operation.do != "create" or operation.module.name in ("contacts", "items", "taxes"):
                continue
            body = {**plausible(operation.module.fields), "contact_id": CUSTOMER}
            if "line_items" in operation.module.fields:
                body["line_items"] = JOURNAL if "journal" in operation.module.name else LINES
            path = operation.template.replace("{module_name}", "cm_debtor")
            project = self.first("projects")
            self.call("POST", path, {**body, **({"project_id": project} if project else {})})

    def first(self, module: str) -> str:
        name = "cm_debtor" if module == "custom_modules" else module
        ids = self.sandbox.state.ids(f"books/{ORGANIZATION}/{name}")
        return ids[-1] if ids else ""

    def call(self, method: str, path: str, body: Any, *, query: str = "", unique: str = "") -> Answer:
        headers = {"content-type": "application/json", "x-upsert": "true"}
        headers |= {"x-unique-identifier-key": "cf_unique_cf", "x-unique-identifier-value": unique}
        segments = tuple(part for part in path.split("/") if part)
        text = json.dumps(body).encode()
        call = Call(method, path, segments, Query(query), headers, text, "v3", GRANT, self.sandbox)
        with self.sandbox.state.transaction():
            return handle(call)

    def call_in_vain(self, *call: Any, **more: str) -> Answer:
        """Return the answer of a call and take the call back."""
        found = []
        with suppress(Undo), self.sandbox.state.savepoint():
            found.append(self.call(*call, **more))
            raise Undo
        return found[0]


@pytest.fixture(scope="module")
def everything() -> Iterator[Books]:
    """One sandbox for all calls."""
    made = Books()
    yield made
    made.sandbox.close()


def test_every_module_has_a_record_to_begin_with(everything):
    """Otherwise the next test would look at refusals only."""
    made = {one.module.name for one in OPERATIONS if one.do == "create"}

    assert {name for name in made if not everything.first(name)} == set()


def test_a_vendor_credit_without_lines_has_none(everything):
    """Nothing but the vendor is sent: no total is made of what a page shows as an example."""
    answer = everything.call_in_vain("POST", "/vendorcredits", {"vendor_id": "460000000020003"})

    assert answer.status < 500


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_call_is_answered_or_refused(everything, data):
    """Whatever is sent to whichever record."""
    operation: Operation = data.draw(st.sampled_from(OPERATIONS))
    specs = operation.options.get("body") or operation.module.fields
    names = names_of(specs)
    odd = data.draw(st.dictionaries(st.sampled_from(names or ["x"]), odd_values(names), max_size=4))
    body = data.draw(st.just({**plausible(specs), **odd}) | odd_values(names))
    owner = everything.first(operation.module.name)
    ids = iter(["cm_debtor", owner] if operation.module.name == "custom_modules" else [owner])
    parts = operation.template.split("/")
    path = "/".join(next(ids, None) or data.draw(IDS) if part.startswith("{") else part for part in parts)
    listed = {f"{operation.module.id}s": owner} if data.draw(st.booleans()) else {}
    query = {**listed, **data.draw(st.dictionaries(FILTERS, st.text(max_size=5) | IDS, max_size=2))}

    more = {"query": urlencode(query), "unique": data.draw(WORDS)}
    answer = everything.call_in_vain(operation.method, path, body, **more)

    assert 200 <= answer.status < 500
    assert answer.payload()

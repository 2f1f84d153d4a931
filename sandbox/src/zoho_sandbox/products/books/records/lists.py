"""Lists: filter, sort, cut a page, and say where the reader stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer, Query, dump_json
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.filterby import filter_by_test
from zoho_sandbox.products.books.rules.filters import Entry, Test, filter_tests, search_test
from zoho_sandbox.products.books.rules.money import ZERO, amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zoho_sandbox.products.books.records.store import Books
    from zoho_sandbox.products.books.rules.catalogue import Module

_ORDERS = {"a": False, "ascending": False, "d": True, "descending": True}
_ALWAYS_SORTABLE = ("created_time", "last_modified_time")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, as the query asks for it."""

    number: int
    size: int
    sort: str
    is_descending: bool
    filter_by: str

    @property
    def offset(self) -> int:
        """How many records lie before the page."""
        return (self.number - 1) * self.size


def read_page(module: Module, query: Query, max_size: int) -> Page:
    """Return the page a query asks for, the module's own defaults filled in.

    Raises:
        RefusedError: code 2 for a page, order or column that is none.
    """
    listing = module.listing
    sort = query.get("sort_column") or listing.get("sort") or "created_time"
    sortable = {*listing.get("sortable", ()), listing.get("sort"), *_ALWAYS_SORTABLE}
    if sort not in sortable and not sort.startswith("cf_"):
        raise refusal("invalid_value", value="sort_column")
    order = (query.get("sort_order") or listing.get("order") or "A").lower()
    if order not in _ORDERS:
        raise refusal("invalid_value", value="sort_order")
    size = _count(query, "per_page", listing.get("per_page", 200))
    return Page(
        number=_count(query, "page", 1),
        size=min(size, max(max_size, listing.get("per_page", 200))),
        sort=sort,
        is_descending=_ORDERS[order],
        filter_by=query.get("filter_by") or listing.get("applied_filter", ""),
    )


def _count(query: Query, name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**9:
        raise refusal("invalid_value", value=name)
    return int(text)


def list_answer(books: Books, module: Module, query: Query, only: Mapping[str, Any] | None = None) -> Answer:
    """Return a page of a module's records.

    Args:
        only: Values every record must have, whatever the query says.
    """
    page = read_page(module, query, books.setting("max_per_page"))
    tests = _tests(books, module, query, page, only or {})
    entries = [entry for entry in _ordered(books, module, page) if all(test(entry) for test in tests)]
    shown = entries[page.offset : page.offset + page.size]
    rows = books.state.texts(f"{books.kind(module.name)}:rows", [entry["id"] for entry in shown])
    context = _context(books, module, page, has_more=len(entries) > page.offset + page.size)
    parts = [f'"{module.list_key}":[{",".join(rows)}]']
    if module.listing.get("paged", True):
        context.update(_sums(query, entries))
        parts.append(f'"page_context":{dump_json(context)}')
    return Answer(200, f'{{"code":0,"message":"success",{",".join(parts)}}}'.encode())


def _ordered(books: Books, module: Module, page: Page) -> Sequence[Entry]:
    """Return a module's index entries in the order that a page asks for."""
    kind = f"{books.kind(module.name)}:index"

    def sort() -> list[Entry]:
        return sorted(books.state.look(kind), key=_sort_key(page.sort), reverse=page.is_descending)

    return books.state.conclude(kind, (page.sort, page.is_descending), sort)


def _sort_key(name: str) -> Callable[[Entry], tuple[int, Any, str]]:
    """Return the key of an order: nothing, then numbers, then texts in any case; ties by id."""

    def key(entry: Entry) -> tuple[int, Any, str]:
        value = entry.get(name)
        if value is None:
            return 0, 0, entry["id"]
        if isinstance(value, str):
            return 2, value.casefold(), entry["id"]
        return (2, str(value), entry["id"]) if isinstance(value, list) else (1, value, entry["id"])

    return key


def _tests(books: Books, module: Module, query: Query, page: Page, only: Mapping[str, Any]) -> list[Test]:
    tests = filter_tests(module, query)
    tests += filter_tests(module, [(name, str(value)) for name, value in only.items()])
    if page.filter_by == "Invoice.OverDue":
        tests.append(_owes_late(books))
    elif page.filter_by:
        named = filter_by_test(module, page.filter_by, date.fromisoformat(books.today()))
        tests += [named] if named else []
    text = (query.get("search_text") or "").strip()
    return [*tests, search_test(module, text)] if text else tests


def _owes_late(books: Books) -> Test:
    """Return the test of contacts that have an overdue invoice."""
    late = {"status": "overdue"}
    invoices = books.state.find(f"{books.kind('invoices')}:index", equals=late)
    owing = {invoice.get("customer_id") for invoice in invoices}
    return lambda entry: entry["id"] in owing


def _context(books: Books, module: Module, page: Page, *, has_more: bool) -> dict[str, Any]:
    listing = module.listing
    context: dict[str, Any] = {
        "page": page.number,
        "per_page": page.size,
        "has_more_page": has_more,
        "report_name": listing.get("report_name", module.noun),
    }
    if listing.get("silent"):
        return context
    order = listing.get("echo_order") or ("D" if page.is_descending else "A")
    own = listing.get("context", {"custom_fields": []})
    return {
        **context,
        "applied_filter": page.filter_by,
        **{name: books.today() if value == "today" else value for name, value in own.items()},
        "sort_column": page.sort,
        "sort_order": order,
    }


def _sums(query: Query, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the counts and sums that ``response_option`` asks for.

    # choice: 1 and 2 add the number of records, 3 the sum of totals, 4 both.
    """
    option = query.get("response_option") or "0"
    found: dict[str, Any] = {}
    if option in ("1", "2", "4"):
        found["total"] = len(entries)
    if option in ("3", "4"):
        found["sum"] = sum((amount(entry.get("total")) for entry in entries), Decimal(ZERO))
    return found

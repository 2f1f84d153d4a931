"""The named filters of ``filter_by``: ``Status.Active``, ``PaymentMode.Cash``, ``Date.Today``…"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import amount

if TYPE_CHECKING:
    from zoho_sandbox.products.books.rules.catalogue import Module

Entry = Mapping[str, Any]
Test = Callable[[Entry], bool]

_ACCOUNT_TYPES: Mapping[str, tuple[str, ...]] = {
    "Asset": (
        "other_asset", "other_current_asset", "cash", "bank", "fixed_asset",
        "accounts_receivable", "stock", "intangible_asset", "right_to_use_asset",
        "financial_asset", "contingent_asset", "payment_clearing",
    ),
    "Liability": (
        "other_current_liability", "credit_card", "long_term_liability", "other_liability",
        "accounts_payable", "overseas_tax_payable", "contingent_liability",
        "financial_liability",
    ),
    "Equity": ("equity",),
    "Income": ("income", "other_income"),
    "Expense": ("expense", "cost_of_goods_sold", "other_expense", "manufacturing_expense"),
}  # fmt: skip
_UNPAID = ("sent", "overdue", "unpaid", "partially_paid", "viewed", "open")


def _exceeds_credit(entry: Entry) -> bool:
    limit = amount(entry.get("credit_limit"))
    return 0 < limit < amount(entry.get("outstanding_receivable_amount"))


_SPECIAL: Mapping[str, Test] = {
    "Status.PortalEnabled": lambda entry: entry.get("portal_status") == "enabled",
    "Status.PortalDisabled": lambda entry: entry.get("portal_status", "disabled") == "disabled",
    "Status.Crm": lambda entry: bool(entry.get("is_linked_with_zohocrm")),
    "Status.Duplicate": lambda _: False,
    "Status.CreditLimitExceed": _exceeds_credit,
    "Invoice.Unpaid": lambda entry: amount(entry.get("outstanding_receivable_amount")) > 0,
    "Status.Unpaid": lambda entry: entry.get("status") in _UNPAID,
    "Status.Billable": lambda entry: bool(entry.get("is_billable")),
    "Status.Uncategorized": lambda entry: entry.get("status") == "uncategorized",
    "Status.ToBeInvoiced": lambda entry: entry.get("invoiced_status") == "not_invoiced",
    "WithAttachment": lambda entry: bool(entry.get("has_attachment")),
    "WithoutAttachment": lambda entry: not entry.get("has_attachment"),
    "Date.PaymentExpectedDate": lambda entry: bool(entry.get("payment_expected_date")),
    "SalesOrPurchaseType.Sales": lambda entry: entry.get("sales_or_purchase_type") == "sales",
    "SalesOrPurchaseType.Purchases": lambda entry: entry.get("sales_or_purchase_type") == "purchases",
    "Currencies.ExcludeBaseCurrency": lambda entry: not entry.get("is_base_currency"),
    "TaskStatus.Unassigned": lambda entry: not entry.get("owner_id"),
    "TaskStatus.InProgress": lambda entry: entry.get("status") in ("ongoing", "in_progress"),
    "TaskStatus.YetToStarted": lambda entry: entry.get("status") in ("open", "yet_to_started"),
}
# A status that filters call by another word.
# choice: the pages list these words without their meaning; those of switched-off features find nothing.
_WORDS = {"pending": "pendingapproval", "issued": "open"}
_ACTIVE_FIELDS = ("is_active", "is_location_active")


def filter_by_test(module: Module, value: str, today: date) -> Test | None:
    """Return the test a ``filter_by`` value stands for, None for everything.

    Raises:
        RefusedError: code 2, the module has no such filter.
    """
    allowed = module.listing.get("filter_by")
    known = {*(allowed or ()), module.listing.get("applied_filter", "")}
    if allowed and value not in known:
        raise refusal("invalid_value", value="filter_by")
    if value in _SPECIAL:
        return _SPECIAL[value]
    group, _, name = value.rpartition(".")
    if name == "All":
        return None
    if group == "PaymentMode":
        wanted = name.casefold()
        return lambda entry: re.sub(r"\W", "", str(entry.get("payment_mode", ""))).casefold() == wanted
    if group in ("Date", "JournalDate", "") and name in _RANGES:
        return _date_test(name, today)
    if group == "AccountType" and name in _ACCOUNT_TYPES:
        types = _ACCOUNT_TYPES[name]
        return lambda entry: entry.get("account_type") in types
    return _status_test(name)


def _status_test(name: str) -> Test:
    """Compare with the stored status, however the filter's name is written."""
    wanted = _WORDS.get(name.casefold(), name.casefold())

    def test(entry: Entry) -> bool:
        if wanted in ("active", "inactive"):
            for field in _ACTIVE_FIELDS:
                if field in entry:
                    return bool(entry[field]) is (wanted == "active")
            return str(entry.get("status", "active")) == wanted
        return str(entry.get("status", entry.get("billed_status", ""))).replace("_", "").casefold() == wanted

    return test


def _week(today: date, shift: int) -> tuple[date, date]:
    # choice: a week starts on Sunday, as in the US edition.
    start = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=shift)
    return start, start + timedelta(days=6)


def _months(today: date, length: int, shift: int) -> tuple[date, date]:
    """Return the period of ``length`` months around today, ``shift`` periods away."""
    first = (today.year * 12 + today.month - 1) // length * length + shift * length
    start = date(first // 12, first % 12 + 1, 1)
    after = first + length
    return start, date(after // 12, after % 12 + 1, 1) - timedelta(days=1)


_RANGES: Mapping[str, Callable[[date], tuple[date, date]]] = {
    "Today": lambda today: (today, today),
    "PreviousDay": lambda today: (today - timedelta(days=1), today - timedelta(days=1)),
    "ThisWeek": lambda today: _week(today, 0),
    "PreviousWeek": lambda today: _week(today, -1),
    "ThisMonth": lambda today: _months(today, 1, 0),
    "PreviousMonth": lambda today: _months(today, 1, -1),
    "ThisQuarter": lambda today: _months(today, 3, 0),
    "PreviousQuarter": lambda today: _months(today, 3, -1),
    "ThisYear": lambda today: _months(today, 12, 0),
    "PreviousYear": lambda today: _months(today, 12, -1),
}


def _date_test(name: str, today: date) -> Test:
    start, end = (one.isoformat() for one in _RANGES[name](today))
    return lambda entry: start <= str(entry.get("date", "")) <= end

"""Line items, discounts, taxes and totals of a transaction: exact, without state.

source: https://www.zoho.com/books/api/v3/invoices/ for the fields and their meaning
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.rules.money import ZERO, amount, number, padded, rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax as it applies to a line."""

    id: str
    name: str
    percentage: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """How a transaction as a whole is discounted, taxed and adjusted."""

    discount: str = ""
    is_item_level: bool = False
    is_discount_before_tax: bool = True
    is_inclusive_tax: bool = False
    shipping: Decimal = ZERO
    adjustment: Decimal = ZERO
    digits: int = 2


@dataclass(slots=True)
class Line:
    """One line item's money: what it costs, its own discount, its tax."""

    rate: Decimal
    quantity: Decimal
    discount: str = ""
    taxes: Sequence[Tax] = ()
    total: Decimal = ZERO
    discount_amount: Decimal = ZERO
    tax_amounts: list[Decimal] = field(default_factory=list)


@dataclass(slots=True)
class Totals:
    """What a transaction comes to."""

    sub_total: Decimal
    discount_total: Decimal
    tax_total: Decimal
    total: Decimal
    taxes: list[tuple[Tax, Decimal]]


def discount_of(text: str, base: Decimal) -> Decimal:
    """Return a discount in money: ``"12.5%"`` is a share of ``base``, ``"190"`` an amount."""
    shown = text.strip()
    value = number(shown.removesuffix("%")) or ZERO
    return base * value / _HUNDRED if shown.endswith("%") else value


def add_up(lines: Sequence[Line], terms: Terms) -> Totals:
    """Compute every line's money in place and return the totals.

    # choice: a tax is rounded once per transaction, not per line; a line's total is
    # shown without tax, also when rates include it.
    """
    for line in lines:
        _price(line, terms)
    sub_total = sum((line.total for line in lines), ZERO)
    discount = ZERO if terms.is_item_level else discount_of(terms.discount, sub_total)
    before_tax = discount if terms.is_discount_before_tax else ZERO
    taxes = _taxes(lines, sub_total, before_tax, terms)
    tax_total = sum((value for _, value in taxes), ZERO)
    if not terms.is_item_level and not terms.is_discount_before_tax:
        discount = discount_of(terms.discount, sub_total + tax_total)
    discount = rounded(discount, terms.digits)
    total = sub_total - discount + tax_total + terms.shipping + terms.adjustment
    own = sum((line.discount_amount for line in lines), ZERO)
    return Totals(
        sub_total=rounded(sub_total, terms.digits),
        discount_total=rounded(discount + own, terms.digits),
        tax_total=rounded(tax_total, terms.digits),
        total=rounded(total, terms.digits),
        taxes=taxes,
    )


def _price(line: Line, terms: Terms) -> None:
    gross = line.rate * line.quantity
    line.discount_amount = ZERO
    if terms.is_item_level and line.discount:
        line.discount_amount = rounded(discount_of(line.discount, gross), terms.digits)
    net = gross - line.discount_amount
    if terms.is_inclusive_tax:
        share = sum((tax.percentage for tax in line.taxes), Decimal(0))
        net = net * _HUNDRED / (_HUNDRED + share)
    line.total = rounded(net, terms.digits)


def _taxes(
    lines: Sequence[Line], sub_total: Decimal, discount: Decimal, terms: Terms
) -> list[tuple[Tax, Decimal]]:
    """Return each tax with its amount; a discount before tax lessens every line alike."""
    sums: dict[str, Decimal] = {}
    known: dict[str, Tax] = {}
    for line in lines:
        base = line.total
        if discount and sub_total:
            base -= discount * line.total / sub_total
        line.tax_amounts = [base * tax.percentage / _HUNDRED for tax in line.taxes]
        for tax, value in zip(line.taxes, line.tax_amounts, strict=True):
            known[tax.id] = tax
            sums[tax.id] = sums.get(tax.id, ZERO) + value
    return [(known[record_id], rounded(value, terms.digits)) for record_id, value in sums.items()]


def read_terms(record: Mapping[str, Any]) -> Terms:
    """Return the terms a record states."""
    return Terms(
        discount=str(record.get("discount") or ""),
        is_item_level=record.get("discount_type") == "item_level",
        is_discount_before_tax=bool(record.get("is_discount_before_tax", True)),
        is_inclusive_tax=bool(record.get("is_inclusive_tax", False)),
        shipping=amount(record.get("shipping_charge")),
        adjustment=amount(record.get("adjustment")),
        digits=int(record.get("price_precision", 2)),
    )


def shown_discount(text: Any) -> Any:
    """Return a discount as replies print it: a share as text, an amount as number."""
    value = str(text or "0")
    return value if value.endswith("%") else padded(amount(value))


def due_status(record: Mapping[str, Any], *, unpaid: str) -> str:
    """Return the status that payments give a transaction.

    Args:
        unpaid: The status of one that nothing was paid of.
    """
    total, balance = amount(record.get("total")), amount(record.get("balance"))
    if balance <= 0 < total:
        return "paid"
    return "partially_paid" if balance < total else unpaid

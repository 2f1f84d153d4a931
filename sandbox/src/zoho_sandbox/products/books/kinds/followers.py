"""What follows from a saved or deleted record: balances, names, uses, children."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.kinds.contacts import show_balance
from zoho_sandbox.products.books.records.records import FOLLOWERS, GUARDS
from zoho_sandbox.products.books.records.store import Books, Record, module_named
from zoho_sandbox.products.books.rules.catalogue import Module, catalogue
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import ZERO, amount, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_USES = "uses"
# Where a transaction's balance shows on its contact, and by which id it names it.
_BALANCES = {
    "invoices": ("customer_id", "outstanding_receivable_amount"),
    "bills": ("vendor_id", "outstanding_payable_amount"),
    "credit_notes": ("customer_id", "unused_credits_receivable_amount"),
    "vendor_credits": ("vendor_id", "unused_credits_payable_amount"),
}
_NOT_OWED = ("draft", "void", "pending_approval", "rejected", "cancelled")


def _follow_balance(books: Books, module: Module, record: Record | None, before: Record | None) -> None:
    if module.name not in _BALANCES:
        return
    party, field = _BALANCES[module.name]
    for one, sign in ((before, -1), (record, 1)):
        if one is not None and _owed(one):
            rate = amount(one.get("exchange_rate")) or Decimal(1)
            _add(books, str(one.get(party, "")), field, sign * _owed(one), rate)


def _owed(record: Mapping[str, Any]) -> Decimal:
    return ZERO if record.get("status") in _NOT_OWED else amount(record.get("balance"))


def _add(books: Books, contact_id: str, field: str, value: Decimal, rate: Decimal) -> None:
    """Add to what a contact owes or is owed, and to the same in base currency."""
    before = books.get("contacts", contact_id)
    if before is None:
        return
    contact = {**before, field: rounded(amount(before.get(field)) + value)}
    contact[f"{field}_bcy"] = rounded(amount(before.get(f"{field}_bcy")) + rounded(value * rate))
    show_balance(contact)
    books.save(module_named("contacts"), contact, before)


def _follow_name(books: Books, module: Module, record: Record | None, before: Record | None) -> None:
    """A renamed contact is renamed on its transactions too."""
    if module.name != "contacts" or record is None or before is None:
        return
    if record["contact_name"] == before["contact_name"]:
        return
    for other in catalogue().modules.values():
        if not other.party:
            continue
        party = {f"{other.party}_id": record["contact_id"]}
        for one in books.state.find(books.kind(other.name), equals=party):
            renamed = {**one, f"{other.party}_name": record["contact_name"]}
            books.save(other, renamed, one)


# -- what is used cannot be deleted ----------------------------------------------------


def _follow_uses(books: Books, module: Module, record: Record | None, before: Record | None) -> None:
    if not module.party:
        return
    had, has = set(_used(module, before)), set(_used(module, record))
    record_id = str((record or before or {})[module.id])
    kind = books.kind(_USES)
    for used in had - has:
        books.state.delete(kind, f"{used}/{module.name}/{record_id}")
    for used in has - had:
        _note_use(books, used)
        name = f"{used}/{module.name}/{record_id}"
        books.state.put(kind, name, {"module": module.name, "id": record_id}, parent=used)


def _note_use(books: Books, record_id: str) -> None:
    """A contact says from its first transaction on that it has one.

    source: live recording, 2026-06
    """
    before = books.get("contacts", record_id)
    if before is not None and not before.get("has_transaction"):
        books.save(module_named("contacts"), {**before, "has_transaction": True}, before)


def _used(module: Module, record: Mapping[str, Any] | None) -> Iterator[str]:
    if record is None:
        return
    if record.get(f"{module.party}_id"):
        yield str(record[f"{module.party}_id"])
    for line in record.get("line_items") or ():
        if line.get("item_id"):
            yield str(line["item_id"])


def is_used(books: Books, record_id: str) -> bool:
    """Say whether a transaction names a contact or item."""
    return books.state.count(books.kind(_USES), parent=record_id) > 0


def _guard_item(books: Books, record: Record) -> None:
    if is_used(books, record["item_id"]):
        raise refusal("item_in_use", code=books.setting("item_in_use_code"))


def _guard_contact(books: Books, record: Record) -> None:
    if is_used(books, record["contact_id"]):
        raise refusal("contact_in_use")


GUARDS["items"] = _guard_item
GUARDS["contacts"] = _guard_contact


# -- children go with their record -------------------------------------------------------


@cache
def _child_kinds(module: str) -> frozenset[str]:
    return frozenset(
        operation.options["kind"]
        for operation in catalogue().operations
        if operation.module.name == module and operation.do.startswith("child_")
    )


def forget_documents(books: Books, module: str, record_id: str) -> None:
    """Delete the files of a record with their contents."""
    kind, parent = books.kind("documents"), f"{module}/{record_id}"
    for document_id in books.state.ids(kind, parent=parent):
        books.state.delete_blob(f"{kind}/{document_id}")
    books.state.delete_all(kind, parent=parent)


def _follow_children(books: Books, module: Module, record: Record | None, before: Record | None) -> None:
    if record is not None or before is None:
        return
    for name in _child_kinds(module.name):
        books.state.delete_all(books.kind(f"{module.name}/{name}"), parent=str(before[module.id]))
    forget_documents(books, module.name, str(before[module.id]))
    if module.name == "contacts":
        persons = module_named("contact_persons")
        contact = {"contact_id": before["contact_id"]}
        for person in books.state.find(books.kind(persons.name), equals=contact):
            books.remove(persons, person)


FOLLOWERS.extend((_follow_balance, _follow_name, _follow_uses, _follow_children))

"""Calls on what belongs to a contact: its persons and its addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.calls.children import page_of
from zoho_sandbox.products.books.calls.statuses import change
from zoho_sandbox.products.books.kinds.contacts import persons_of, show_persons
from zoho_sandbox.products.books.records.compose import Draft, composes, require
from zoho_sandbox.products.books.records.records import FOLLOWERS
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.records.store import Books, Record, module_named
from zoho_sandbox.products.books.rules.errors import refusal

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request
    from zoho_sandbox.products.books.rules.catalogue import Module

_KIND = "contacts/addresses"
_OWN = ("billing_address", "shipping_address")
_PERSON_TEXTS = (
    "salutation", "first_name", "last_name", "email", "phone", "mobile", "designation",
    "department", "skype",
)  # fmt: skip


@composes("contact_persons")
def complete_person(draft: Draft) -> None:
    """A person belongs to a contact that exists; a contact's first person is its primary one."""
    require(draft, "contact_id")
    books, record = draft.books, draft.record
    contact = books.get("contacts", record["contact_id"])
    if contact is None:
        code = books.setting("not_found_code")
        raise refusal("not_found", value="Contact", code=code, status=400)
    for name in _PERSON_TEXTS:
        record.setdefault(name, "")
    record.setdefault("is_added_in_portal", False)
    if draft.before is None:
        is_first = not persons_of(books, record["contact_id"])
        record["is_primary_contact"] = bool(record.get("is_primary_contact")) or is_first
    record["contact_name"] = contact["contact_name"]


def _follow_person(books: Books, module: Module, record: Record | None, before: Record | None) -> None:
    """Show a changed person on its contact."""
    person = record or before
    if module.name != "contact_persons" or person is None:
        return
    contact_before = books.get("contacts", str(person.get("contact_id", "")))
    if contact_before is not None:
        contact = dict(contact_before)
        show_persons(contact, persons_of(books, contact["contact_id"]))
        books.save(module_named("contacts"), contact, contact_before)


FOLLOWERS.append(_follow_person)


@handles("persons_of")
def list_persons(request: Request) -> Answer:
    """Answer the persons of one contact."""
    request.record(module=request.other("contacts"))
    persons, context = page_of(persons_of(request.books, request.id), request.call.query)
    return request.answer(contact_persons=persons, page_context=context)


@handles("person_of")
def get_person(request: Request) -> Answer:
    """Answer one person of a contact."""
    person = request.record(request.ids[1])
    if person["contact_id"] != request.id:
        raise request.unknown(request.module.noun, request.ids[1])
    return request.answer(contact_person=person)


# -- addresses -------------------------------------------------------------------------


@handles("address_list")
def list_addresses(request: Request) -> Answer:
    """Answer the billing, the shipping and the additional addresses of a contact."""
    contact = request.record()
    more = request.books.state.find(request.books.kind(_KIND), parent=request.id)
    return request.answer(addresses=[*(contact[name] for name in _OWN), *map(_shown, more)])


def _shown(address: Record) -> dict[str, Any]:
    return {name: value for name, value in address.items() if name != "parent_id"}


@handles("address_update")
def update_address(request: Request) -> Answer:
    """Change one address of a contact, whichever it is."""
    contact, record_id = request.record(), request.ids[1]
    body = {**request.body_fields(), "address_id": record_id}
    for name in _OWN:
        if contact[name].get("address_id") == record_id:
            changed = change(request, contact, {name: {**contact[name], **body}})
            return request.answer(address_info=changed[name])
    kind = request.books.kind(_KIND)
    before = request.books.state.get(kind, record_id)
    if before is None or before.get("parent_id") != request.id:
        raise request.unknown("Address", record_id)
    address = {**before, **body}
    request.books.state.put(kind, record_id, address, parent=request.id)
    request.note("update", record_id, kind="addresses")
    return request.answer(address_info=_shown(address))


@handles("address_mark")
def mark_address(request: Request) -> Answer:
    """Make an additional address the billing or shipping one."""
    contact, kind = request.record(), request.books.kind(_KIND)
    address = request.books.state.get(kind, request.ids[1])
    if address is None or address.get("parent_id") != request.id:
        raise request.unknown("Address", request.ids[1])
    which = request.option("which")
    change(request, contact, {which: {**contact[which], **_shown(address)}})
    return request.answer()

"""From a request body to the record that is kept: fields, custom fields, names, times.

What only one module knows (totals, addresses, item accounts) is added by its composer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.records.comments import comment
from zoho_sandbox.products.books.rules.customfields import (
    read_custom_fields,
    shown_custom_fields,
    stored_values,
)
from zoho_sandbox.products.books.rules.errors import label, refusal
from zoho_sandbox.products.books.rules.fields import read_fields, refuse_unknown, require_fields
from zoho_sandbox.products.books.rules.rows import empty_copy

if TYPE_CHECKING:
    from zoho_sandbox.products.books.records.store import Books, Record
    from zoho_sandbox.products.books.rules.catalogue import Module


@dataclass(slots=True)
class Draft:
    """A record in the making.

    ``values`` is what the body says, in its types; ``record`` what will be kept;
    ``before`` the kept record of an update, None on a create.
    """

    books: Books
    module: Module
    values: dict[str, Any]
    record: Record
    before: Record | None

    def default(self, name: str, value: Any) -> None:
        """Set a field that is still empty."""
        if self.record.get(name) in (None, "", []):
            self.record[name] = value

    def show(self, name: str, value: Any) -> None:
        """Set a computed field where the module's replies have it."""
        if name in self.module.record or name in self.module.row:
            self.record[name] = value


Composer = Callable[[Draft], None]
COMPOSERS: dict[str, list[Composer]] = {}

# A field that holds another record's id: the module it lives in and the noun of refusals.
_REFERENCES = {
    "customer_id": ("contacts", "Customer"),
    "vendor_id": ("contacts", "Vendor"),
    "contact_id": ("contacts", "Contact"),
    "item_id": ("items", "Item"),
    "invoice_id": ("invoices", "Invoice"),
    "reference_invoice_id": ("invoices", "Invoice"),
    "bill_id": ("bills", "Bill"),
    "project_id": ("projects", "Project"),
    "creditnote_id": ("credit_notes", "Credit note"),
    "tax_id": ("taxes", "Tax"),
    "currency_id": ("currencies", "Currency"),
}


def composes(*modules: str) -> Callable[[Composer], Composer]:
    """Register a function that completes drafts of these modules."""

    def register(composer: Composer) -> Composer:
        for module in modules:
            COMPOSERS.setdefault(module, []).append(composer)
        return composer

    return register


def compose(
    books: Books,
    module: Module,
    body: Mapping[str, Any],
    before: Record | None = None,
    *,
    record_id: str | None = None,
) -> Record:
    """Return the record that a body makes, or makes of ``before``; nothing is kept yet.

    An update keeps what the body does not name.

    Args:
        record_id: The id of a new record, instead of the next one.

    Raises:
        RefusedError: a required field missing on create, a wrong value, an unknown reference.
    """
    typed = {name: value for name, value in body.items() if name not in ("custom_fields", module.id)}
    if module.fields and books.setting("unknown_fields") == "refused":
        refuse_unknown(module.fields, typed)
    values = read_fields(module.fields, typed)
    if before is None:
        require_fields(module.fields, values)
    draft = Draft(books, module, values, _start(books, module, before, record_id), before)
    _check_references(draft)
    _merge(draft.record, values)
    _set_custom_fields(draft, body)
    for composer in COMPOSERS.get(module.name, ()):
        composer(draft)
    _sign(draft)
    comment(books, module, draft.record, is_new=before is None)
    return draft.record


def _start(books: Books, module: Module, before: Record | None, record_id: str | None) -> Record:
    if before is not None:
        return dict(before)
    record: Record = {module.id: ""}
    for name, empty in module.record.items():
        record[name] = empty_copy(empty, is_amount=name in module.amounts)
    record.update({name: empty_copy(value) for name, value in module.initial.items()})
    record[module.id] = record_id or books.new_id()
    record["created_time"] = books.now()
    _set_born(books, module, record)
    return record


def _set_born(books: Books, module: Module, record: Record) -> None:
    """Name the template and the account that every organisation has for this module.

    source: live recording, 2026-06: the ends of these ids
    """
    if module.template:
        record["template_id"] = books.born_id(module.template)
    if module.account:
        name, n = module.account
        account = books.get("chart_of_accounts", books.born_id(n)) or {}
        record[f"{name}_id"], record[f"{name}_name"] = books.born_id(n), account.get("account_name", "")


def _merge(record: Record, values: Mapping[str, Any]) -> None:
    """Put values into a record; an object keeps the keys that were not sent."""
    for name, value in values.items():
        kept = record.get(name)
        if isinstance(value, dict) and isinstance(kept, dict):
            record[name] = {**kept, **value}
        else:
            record[name] = value


def _check_references(draft: Draft) -> None:
    if not draft.books.setting("check_references"):
        return
    for name, value in draft.values.items():
        if name in _REFERENCES and value:
            check_reference(draft.books, name, value)


def check_reference(books: Books, name: str, record_id: str) -> Record | None:
    """Return the record an id field names.

    # choice: an unknown one is refused with HTTP 400 and the unknown-record code.

    Raises:
        RefusedError: there is no such record.
    """
    module, noun = _REFERENCES[name]
    found = books.get(module, record_id)
    if found is None and module == "taxes":
        found = books.get("tax_groups", record_id)
    if found is None and books.setting("check_references"):
        code = books.setting("not_found_code")
        raise refusal("not_found", value=noun, code=code, status=400)
    return found


def _set_custom_fields(draft: Draft, body: Mapping[str, Any]) -> None:
    """Merge the sent custom fields into the kept ones; fields not sent stay.

    # choice: the pages do not say what becomes of fields that an update leaves out.
    """
    if body.get("custom_fields") is None:
        return
    apply_custom_fields(draft.books, draft.module, draft.record, body["custom_fields"])


def apply_custom_fields(books: Books, module: Module, record: Record, entries: Any) -> None:
    """Set custom fields on a record from a list of entries.

    Raises:
        RefusedError: an unknown field or a value that does not fit it.
    """
    definitions = books.definitions(module.name)
    values = {**stored_values(record), **read_custom_fields(definitions, entries)}
    for name in [name for name in record if name.startswith("cf_")]:
        del record[name]
    record.update(shown_custom_fields(definitions, values))


def _sign(draft: Draft) -> None:
    actor, now = draft.books.actor, draft.books.now()
    draft.record["last_modified_time"] = now
    if draft.before is None:
        draft.show("created_by_id", actor.id)
        draft.show("created_by_name", actor.name)
        draft.show("created_by", actor.name)
    draft.show("last_modified_by_id", actor.id)
    draft.show("last_modified_id", actor.id)
    draft.record["last_modified_by_name"] = actor.name


def require(draft: Draft, name: str) -> None:
    """Refuse the draft when a field is empty that this very record needs.

    Raises:
        RefusedError: code 4.
    """
    if draft.record.get(name) in (None, "", []):
        raise refusal("missing_value", value=label(name))

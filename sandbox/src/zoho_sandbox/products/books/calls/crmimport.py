"""Contacts and items made of records of the sandbox's own CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.books.records.compose import compose
from zoho_sandbox.products.books.records.records import save
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.records.store import module_named

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request

_CRM = {
    "account": ("crm/Accounts", "Account_Name", {"contact_type": "customer"}),
    "contact": ("crm/Contacts", "Full_Name", {"contact_type": "customer", "customer_sub_type": "individual"}),
    "vendor": ("crm/Vendors", "Vendor_Name", {"contact_type": "vendor"}),
    "item": ("crm/Products", "Product_Name", {}),
}


@handles("crm_import")
def import_from_crm(request: Request) -> Answer:
    """Make a contact or item of a record of the sandbox's own CRM."""
    kind, name, more = _CRM[request.option("as")]
    found = request.call.sandbox.state.get(kind, request.id)
    if found is None:
        raise request.unknown("Record", request.id)
    module, books = module_named(request.option("module")), request.books
    title = found.get(name) or f"{found.get('First_Name') or ''} {found.get('Last_Name') or ''}".strip()
    body = (
        {"contact_name": title, **more}
        if module.name == "contacts"
        else {"name": title, "rate": found.get("Unit_Price") or 0}
    )
    record = compose(books, module, body)
    record["source"], record["is_linked_with_zohocrm"] = "zoho_crm", True
    save(books, module, record)
    request.note("create", record[module.id], kind=module.name)
    return request.answer(data={module.id: record[module.id], name_of(module.name): title})


def name_of(module: str) -> str:
    """Return the name field of contacts or items."""
    return "contact_name" if module == "contacts" else "name"

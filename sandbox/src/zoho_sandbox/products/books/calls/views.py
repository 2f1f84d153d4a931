"""Views: lists of what is kept elsewhere, and empty ones of what is not computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.calls.children import page_of
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.records.store import module_named

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request


@handles("view")
def view(request: Request) -> Answer:
    """Answer an empty view of something the sandbox does not compute.

    # choice: such views exist so that clients find the route, its scope and its keys.
    """
    _check_exists(request)
    key = request.option("key")
    payload: dict[str, Any] = {key: [] if request.option("array") else {}} if key else {}
    if request.option("array"):
        payload["page_context"] = page_of([], request.call.query)[1]
    return request.answer(**payload)


@handles("acknowledge")
def acknowledge(request: Request) -> Answer:
    """Say yes to a call whose effect the sandbox does not model; the record must exist."""
    if request.call.method in ("POST", "PUT"):
        request.checked_body()
    _check_exists(request)
    return request.answer()


def _check_exists(request: Request) -> None:
    elsewhere = request.option("exists")
    if elsewhere:
        request.record(module=module_named(elsewhere))
    elif request.ids and request.operation.template.startswith(f"{request.module.path}/{{"):
        request.record()


@handles("related")
def list_related(request: Request) -> Answer:
    """Answer another module's records that name this one."""
    request.record()
    module = request.other(request.option("module"))
    kind = request.books.kind(module.name)
    found = request.books.state.find(kind, equals={request.option("by"): request.id})
    cut, context = page_of(found, request.call.query)
    return request.answer(**{request.option("key"): cut, "page_context": context})


@handles("templates")
def list_templates(request: Request) -> Answer:
    """Answer the one template every transaction type has."""
    template = {
        "template_id": f"{request.books.organization['id_prefix']}{17001:012d}",
        "template_name": "Spreadsheet Template",
        "template_type": "classic",
    }
    return request.answer(templates=[template])


@handles("me")
def get_me(request: Request) -> Answer:
    """Answer the user behind the token."""
    grant = request.call.grant
    for user in request.books.all("users"):
        if user.get("email") == grant.user_email:
            return request.answer(user=user)
    return request.answer(user={"user_id": grant.user_id, "name": grant.user_name, "email": grant.user_email})


@handles("payment_link")
def get_payment_link(request: Request) -> Answer:
    """Answer a link to pay a transaction."""
    transaction = request.call.query.get("transaction_id") or ""
    invoice = request.record(transaction, module_named("invoices"))
    link = f"{request.call.sandbox.base_url}/portal/secure?CInvoiceID={invoice['invoice_id']}"
    return request.answer(data={"share_link": link})


@handles("report")
def get_report(request: Request) -> Answer:
    """Answer an empty report.

    source: live crawl report, 2026-09: these reports answer 200
    """
    name = request.option("report")
    return request.answer(**{name: [], "page_context": {"report_name": name}})


@handles("field_definitions")
def list_field_definitions(request: Request) -> Answer:
    """Answer the custom fields of the entity in the query."""
    entity = request.call.query.get("entity") or ""
    fields = request.books.state.find(request.books.kind("custom_fields"), equals={"entity": entity})
    shown = [
        {**field, "field_id": field["customfield_id"], "field_name": field["api_name"]} for field in fields
    ]
    if request.option("key") == "fields":
        return request.answer(fields=shown)
    return request.answer(customfields={entity: shown})

"""The calls that stand alone: copies, timers, statements, imports, settings of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.books.children import page_of
from zoho_sandbox.books.compose import compose
from zoho_sandbox.books.errors import refusal
from zoho_sandbox.books.records import created, location, save
from zoho_sandbox.books.registry import handles
from zoho_sandbox.books.statuses import change
from zoho_sandbox.books.store import Record, module_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.books.request import Request
    from zoho_sandbox.wire import Answer

_COPIED = (
    "customer_id",
    "line_items",
    "reference_number",
    "notes",
    "terms",
    "discount",
    "is_discount_before_tax",
)
_LINE_COPIED = (
    "item_id",
    "name",
    "description",
    "rate",
    "quantity",
    "unit",
    "discount",
    "tax_id",
    "account_id",
)


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


# -- copies ----------------------------------------------------------------------------------


def _copied(record: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: record[name] for name in _COPIED if record.get(name) not in (None, "")}
    body["line_items"] = [
        {name: line[name] for name in _LINE_COPIED if line.get(name) not in (None, "")}
        for line in record.get("line_items", ())
    ]
    return body


@handles("from_order")
def invoice_from_order(request: Request) -> Answer:
    """Make an invoice of a sales order, or one of each estimate."""
    query = request.call.query
    names = {"salesorder_id": "sales_orders", "estimate_ids": "estimates", "estimate_id": "estimates"}
    made = []
    for name, origin in names.items():
        for record_id in [part.strip() for part in (query.get(name) or "").split(",") if part.strip()]:
            before = request.record(record_id, module_named(origin))
            invoice = compose(request.books, request.module, _copied(before))
            save(request.books, request.module, invoice)
            invoiced = {**before, "status": "invoiced"}
            save(request.books, module_named(origin), invoiced, before)
            request.note("create", invoice["invoice_id"])
            made.append(invoice)
    if not made:
        is_order = request.operation.template.endswith("order")
        raise refusal("missing_value", value="salesorder_id" if is_order else "estimate_ids")
    answer = request.answer(invoice=made[0])
    answer.headers = (location(request.module, made[0]["invoice_id"]),)
    return answer


@handles("clone")
def clone(request: Request) -> Answer:
    """Copy a project under a new name."""
    original = request.record()
    body = {name: original[name] for name in request.module.fields if name in original}
    body.pop("custom_fields", None)
    return created(request, {**body, **request.body()})


@handles("reverse")
def reverse(request: Request) -> Answer:
    """Make the journal that undoes another one: debit and credit change places."""
    original = request.record()
    swapped = {"debit": "credit", "credit": "debit"}
    lines = [
        {
            "account_id": line["account_id"],
            "amount": line["amount"],
            "debit_or_credit": swapped[line["debit_or_credit"]],
            "description": line.get("description", ""),
        }
        for line in original["line_items"]
    ]
    day = request.call.query.get("reversal_date") or request.books.today()
    return created(request, {"journal_date": day, "line_items": lines, "notes": original.get("notes", "")})


# -- timers ------------------------------------------------------------------------------------


@handles("timer_start")
def start_timer(request: Request) -> Answer:
    """Let a time entry's timer run."""
    values = {"timer_started_at": request.books.now(), "is_timer_running": True}
    record = change(request, request.record(), values)
    return request.answer(time_entry=record)


def _running(request: Request) -> Record:
    found = request.books.state.find(request.books.kind("time_entries"), equals={"is_timer_running": True})
    if not found:
        raise refusal("unknown_resource")
    return found[-1]


@handles("timer_stop")
def stop_timer(request: Request) -> Answer:
    """Stop the timer that runs."""
    record = change(request, _running(request), {"is_timer_running": False, "timer_started_at": ""})
    return request.answer(time_entry=record)


@handles("timer_running")
def get_running_timer(request: Request) -> Answer:
    """Answer the time entry whose timer runs."""
    return request.answer(time_entry=_running(request))


# -- one thing per organisation: opening balance, transaction lock -------------------------------


@handles("singleton")
def get_singleton(request: Request) -> Answer:
    """Answer the organisation's only record of this module."""
    found = request.books.state.find(request.books.kind(request.module.name), limit=1)
    return request.answer(**{request.module.key: found[0] if found else {}})


@handles("singleton_save")
def save_singleton(request: Request) -> Answer:
    """Make or change the organisation's only record of this module."""
    found = request.books.state.find(request.books.kind(request.module.name), limit=1)
    before = found[0] if found else None
    record = compose(request.books, request.module, request.body(), before)
    save(request.books, request.module, record, before)
    request.note("update" if before else "create", str(record[request.module.id]))
    return request.answer(**{request.module.key: record})


@handles("singleton_delete")
def delete_singleton(request: Request) -> Answer:
    """Delete the organisation's only record of this module."""
    found = request.books.state.find(request.books.kind(request.module.name), limit=1)
    if not found:
        raise refusal("unknown_resource")
    request.books.remove(request.module, found[0])
    request.note("delete", str(found[0][request.module.id]))
    return request.answer()


# -- from outside ----------------------------------------------------------------------------------


@handles("statement_import")
def import_statement(request: Request) -> Answer:
    """Make an uncategorised bank transaction of each line of a bank statement."""
    body, books = request.checked_body(), request.books
    account = request.record(str(body["account_id"]), module_named("bank_accounts"))
    module, made = module_named("bank_transactions"), []
    for line in body["transactions"]:
        record = compose(
            books,
            module,
            {"transaction_type": line.get("debit_or_credit") or "", **line},
            {
                module.id: books.new_id(),
                "created_time": books.now(),
                "status": "uncategorized",
            },
        )
        record["account_id"] = account["account_id"]
        save(books, module, record)
        made.append(record)
        request.note("create", record[module.id], kind=module.name)
    statement = {
        "statement_id": books.new_id(),
        "from_date": body.get("start_date", ""),
        "to_date": body.get("end_date", ""),
        "source": "csv",
        "transactions": [record[module.id] for record in made],
    }
    books.state.put(
        books.kind("statements"), statement["statement_id"], statement, parent=account["account_id"]
    )
    return request.answer()


@handles("statement_last")
def get_last_statement(request: Request) -> Answer:
    """Answer the last imported statement of a bank account, with its lines."""
    request.record()
    found = request.books.state.find(request.books.kind("statements"), parent=request.id)
    shown = []
    for statement in found[-1:]:
        lines = [request.books.get("bank_transactions", record_id) for record_id in statement["transactions"]]
        shown.append({**statement, "transactions": [line for line in lines if line]})
    return request.answer(statement=shown)


@handles("statement_delete")
def delete_statement(request: Request) -> Answer:
    """Delete an imported statement and its lines."""
    books = request.books
    statement = books.state.get(books.kind("statements"), request.ids[1])
    if statement is None:
        raise request.unknown("Statement", request.ids[1])
    module = module_named("bank_transactions")
    for record_id in statement["transactions"]:
        line = books.get(module.name, record_id)
        if line is not None:
            books.remove(module, line)
    books.state.delete(books.kind("statements"), request.ids[1])
    request.note("delete", request.ids[1], kind="statements")
    return request.answer()


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

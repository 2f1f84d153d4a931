"""Bank statements: imported, shown, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.books.records.compose import compose
from zoho_sandbox.products.books.records.records import save
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.records.store import module_named

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request


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

"""What an organisation has only one of: opening balance, transaction lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.books.records.compose import compose
from zoho_sandbox.products.books.records.records import save
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.rules.errors import refusal

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request


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

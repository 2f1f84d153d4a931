"""One account of the chart, with what was booked on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.books.kinds.movements import account_in_full
from zoho_sandbox.products.books.records.records import shown
from zoho_sandbox.products.books.records.registry import handles

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request


@handles("account")
def get_account(request: Request) -> Answer:
    """Answer an account, its transactions and its closing balance."""
    return request.answer(**shown(request, account_in_full(request.books, request.record())))

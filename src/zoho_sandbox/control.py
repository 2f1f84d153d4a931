"""The sandbox's own addresses under ``/_sandbox/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.exchange import Reply, Request
from zoho_sandbox.ledger import Entry
from zoho_sandbox.wire import Answer

if TYPE_CHECKING:
    from zoho_sandbox.sandbox import Sandbox


def answer(sandbox: Sandbox, request: Request, entry: Entry) -> Reply:
    """Answer a request that is meant for the sandbox itself."""
    if request.path == "/_sandbox/ledger":
        return Reply.of(Answer(200, {"ledger": sandbox.ledger()}))
    if request.path == "/_sandbox/reset" and request.method == "POST":
        sandbox.reset()
        return Reply.of(Answer(200, {"ok": True}))
    return Reply.of(Answer(404, {"error": "no such address"}))

"""The CRM product, v2 to v8: records and everything around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.crm.model.answers import RefusedError, refusal
from zoho_sandbox.products.crm.model.visit import Visit
from zoho_sandbox.products.crm.notices.notifying import notifications
from zoho_sandbox.products.crm.planting import seed
from zoho_sandbox.products.crm.routes import dispatch

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer, Call

__all__ = ["auth_error", "handle", "seed"]


def handle(call: Call) -> Answer:
    """Answer one authenticated call; a refused one leaves nothing behind."""
    try:
        visit = Visit.of(call, handle)
        if call.method == "GET":
            return dispatch(visit)
        with visit.state.savepoint():
            answer = dispatch(visit)
    except RefusedError as refused:
        call.effects.clear()
        return refused.answer
    answer.after = answer.after or notifications(visit)
    return answer


def auth_error(reason: str) -> Answer:
    """Refuse a token: missing, invalid, expired, revoked or real.

    source: live recording, 2026-08
    """
    if reason == "missing":
        return refusal("AUTHENTICATION_FAILURE", "Authentication failed", status=401)
    return refusal("INVALID_TOKEN", "invalid oauth token", status=401)

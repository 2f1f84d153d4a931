"""Scopes: what a token may do. ``+`` joins what is all needed, ``|`` alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import allows
from zoho_sandbox.products.crm.model.answers import RefusedError, refuse

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.visit import Visit


def require(visit: Visit, scopes: str) -> None:
    """Refuse a token without the scopes; ``{module}`` is the module of the path.

    Raises:
        RefusedError: 401 OAUTH_SCOPE_MISMATCH, or INVALID_MODULE for an unknown module.
    """
    granted = visit.call.grant.scopes
    if "{module}" in scopes:
        scopes = scopes.replace("{module}", visit.module(visit.call.segments[0]).scope)
    for part in scopes.split("+"):
        wanted = [s if s.startswith("Zoho") else f"ZohoCRM.{s}" for s in part.split("|")]
        if not any(allows(granted, scope) for scope in wanted):
            raise _mismatch(wanted[-1])


def _mismatch(scope: str) -> RefusedError:
    """Return the refusal; records and search have their own words, notes the general ones.

    source: https://www.zoho.com/crm/developer/docs/api/v8/get-records.html
    """
    is_record = "securesearch" in scope or (".modules." in scope and ".notes." not in scope)
    message = "Unauthorized" if is_record else "invalid oauth scope to access this URL"
    return refuse("OAUTH_SCOPE_MISMATCH", message, status=401)

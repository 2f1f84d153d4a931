"""The authorize address: a page where a person accepts or rejects, and the way back.

source: https://www.zoho.com/crm/developer/docs/api/v8/auth-request.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from zoho_sandbox.core.exchange import BANNER, Reply, Request
from zoho_sandbox.core.forms import parse_form
from zoho_sandbox.core.tokens import ThrottledError
from zoho_sandbox.pages.html import html_reply

if TYPE_CHECKING:
    from zoho_sandbox.core.ledger import Entry
    from zoho_sandbox.world import World

# choice: any well-formed scope is granted; which ones exist is left to the products.
_SCOPE = re.compile(r"[A-Za-z]+(\.[A-Za-z_]+){1,4}")
_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|::1)", re.IGNORECASE)
_CONSENTS = "sandbox/consents"


class UnusableError(Exception):
    """The request cannot be sent back to the client; the person reads the reason."""


def answer(sandbox: World, request: Request, entry: Entry) -> Reply:
    """Show the consent page (GET), or take the person's decision (POST)."""
    fields = dict(request.query)
    if request.method == "POST" and request.is_from_elsewhere:
        reason = "another site's page may not give consent"
        return html_reply("refused.html", {"reason": reason}, status=403)
    if request.method == "POST":
        fields.update(parse_form(request.headers.get("content-type", ""), request.body).fields)
    try:
        client = _checked_client(sandbox, fields)
        entry.tenant = fields["client_id"]
        if request.method == "POST":
            return _decide(sandbox, fields, entry)
        return _show(sandbox, client, fields)
    except UnusableError as problem:
        return html_reply("refused.html", {"reason": str(problem)}, status=400)


def _checked_client(sandbox: World, fields: dict[str, str]) -> dict[str, Any]:
    client = sandbox.state.get("sandbox/clients", fields.get("client_id", ""))
    if client is None:
        raise UnusableError("invalid_client")
    if not _is_registered(fields.get("redirect_uri", ""), client):
        raise UnusableError("invalid_redirect_uri")
    # choice: the words for these refusals; Zoho shows a page, no source prints its text.
    if fields.get("response_type") != "code":
        raise UnusableError("invalid_response_type")
    if fields.get("code_challenge_method", "S256") not in ("S256", "plain"):
        raise UnusableError("invalid_code_challenge_method")
    scopes = _scopes(fields)
    if not scopes or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise UnusableError("invalid_scope")
    return client


def _is_registered(redirect_uri: str, client: dict[str, Any]) -> bool:
    if redirect_uri in client.get("redirect_uris", ()):
        return True
    parts = urlsplit(redirect_uri)
    is_plain = not parts.fragment and "@" not in parts.netloc
    return parts.scheme == "http" and is_plain and bool(_LOOPBACK.fullmatch(parts.hostname or ""))


def _scopes(fields: dict[str, str]) -> list[str]:
    return [scope for scope in re.split(r"[,\s]+", fields.get("scope", "")) if scope]


def _show(sandbox: World, client: dict[str, Any], fields: dict[str, str]) -> Reply:
    place = urlsplit(fields["redirect_uri"])
    seen = {
        "client": client,
        "users": list(sandbox.state.scan("sandbox/users")),
        "scopes": _scopes(fields),
        "fields": fields,
    }
    # Chromium holds the redirect after a form against form-action too.
    return html_reply("consent.html", seen, form_targets=f"{place.scheme}://{place.netloc}")


def _decide(sandbox: World, fields: dict[str, str], entry: Entry) -> Reply:
    if fields.get("decision") != "accept":
        return _back(fields, {"error": "access_denied"})
    user = _user(sandbox, fields.get("user", ""))
    entry.user_id = user["id"]
    try:
        code = sandbox.tokens.new_code(_grant_of(sandbox, fields, user))
    except ThrottledError:
        return _back(fields, {"error": "access_denied"})
    place = sandbox.settings["oauth.accounts_server"] or sandbox.base_url
    location = user.get("location", "us")
    return _back(fields, {"code": code, "location": location, "accounts-server": place})


def _user(sandbox: World, user_id: str) -> dict[str, Any]:
    user = sandbox.state.get("sandbox/users", user_id)
    user = user or next(sandbox.state.scan("sandbox/users"), None)
    if user is None:
        raise UnusableError("nobody can log in: the sandbox has no users")
    return user


def _grant_of(sandbox: World, fields: dict[str, str], user: dict[str, Any]) -> dict[str, Any]:
    name = f"{fields['client_id']}/{user['id']}"
    is_first = sandbox.state.get(_CONSENTS, name) is None
    sandbox.state.put(_CONSENTS, name, {"scopes": _scopes(fields)})
    is_asked_again = is_first or fields.get("prompt") == "consent"
    return {
        "client_id": fields["client_id"],
        "user_id": user["id"],
        "scopes": _scopes(fields),
        "redirect_uri": fields["redirect_uri"],
        # A refresh token comes with the first consent, later only with prompt=consent.
        "is_offline": fields.get("access_type") == "offline" and is_asked_again,
        "code_challenge": fields.get("code_challenge", ""),
        # RFC 7636, 4.3: plain is meant when no method is named.
        "code_challenge_method": fields.get("code_challenge_method", "plain"),
    }


def _back(fields: dict[str, str], answer: dict[str, str]) -> Reply:
    if "state" in fields:
        answer["state"] = fields["state"]
    target = fields["redirect_uri"]
    joint = "&" if urlsplit(target).query else "?"
    location = f"{target}{joint}{urlencode(answer)}"
    return Reply(302, [BANNER, ("Location", location), ("Cache-Control", "no-store")])

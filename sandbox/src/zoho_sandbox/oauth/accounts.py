"""The accounts server: token, revoke and serverinfo addresses.

Ordinary refusals come with HTTP status 200, as Zoho sends them: a client has to look
for ``access_token``, not at the status.

source: https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.exchange import Reply, Request
from zoho_sandbox.core.forms import parse_form
from zoho_sandbox.core.tokens import ThrottledError, looks_real
from zoho_sandbox.core.wire import Answer
from zoho_sandbox.oauth import consent

if TYPE_CHECKING:
    from zoho_sandbox.core.ledger import Entry
    from zoho_sandbox.world import World

LOCATIONS = ("us", "eu", "in", "au", "jp", "ca", "cn", "sa", "uk", "ae")
_THROTTLED = {
    "error_description": "You have made too many requests continuously. Please try again after some time.",
    "error": "Access Denied",
    "status": "failure",
}
_HINT_REAL = ("X-Sandbox-Refused", "this looks like a real credential; the sandbox wants none")


class RefusedError(Exception):
    """The token address says no; the text is the vendor's error word."""


def answer(sandbox: World, request: Request, entry: Entry) -> Reply:
    """Answer anything under ``/oauth``."""
    path = request.path.rstrip("/")
    if path == "/oauth/v2/auth":
        return consent.answer(sandbox, request, entry)
    if path == "/oauth/serverinfo":
        return Reply.of(_server_info(sandbox))
    actions = {"/oauth/v2/token": _token, "/oauth/v2/token/revoke": _revoke}
    if path not in actions:
        return Reply.of(Answer(404, {"error": "invalid_url"}))
    if request.method != "POST":
        # choice: no source shows what a GET of these addresses gets.
        return Reply.of(Answer(405, {"error": "invalid_request"}, (("Allow", "POST"),)))
    return Reply.of(_guarded(sandbox, request, entry, actions[path]))


def throttled(sandbox: World) -> Answer:
    """Return the refusal for too many tokens; its status is a setting."""
    return Answer(sandbox.settings["oauth.throttle_status"], dict(_THROTTLED))


def _guarded(sandbox: World, request: Request, entry: Entry, action: Any) -> Answer:
    fields = dict(request.query)
    fields.update(parse_form(request.headers.get("content-type", ""), request.body).fields)
    # choice: a credential that looks real is answered as an unknown one, with a hint.
    if any(looks_real(value) for value in fields.values()):
        return Answer(200, {"error": "invalid_code"}, (_HINT_REAL,))
    entry.tenant = fields.get("client_id", "")
    try:
        return Answer(200, action(sandbox, fields, entry))
    except RefusedError as refusal:
        return Answer(200, {"error": str(refusal)})
    except ThrottledError:
        return throttled(sandbox)


def _server_info(sandbox: World) -> Answer:
    # Every data centre is the sandbox itself: no client may be led to a real host.
    locations = dict.fromkeys(LOCATIONS, sandbox.base_url)
    return Answer(200, {"result": "success", "locations": locations})


def _token(sandbox: World, fields: dict[str, str], entry: Entry) -> dict[str, Any]:
    client = _client(sandbox, fields)
    grant_type = fields.get("grant_type")
    if grant_type == "authorization_code":
        return _exchange(sandbox, client, fields, entry)
    if grant_type == "refresh_token":
        return _refresh(sandbox, client, fields, entry)
    # choice: an unknown grant_type is the unspecified error.
    raise RefusedError("general_error")


def _client(sandbox: World, fields: dict[str, str]) -> dict[str, Any]:
    client = sandbox.state.get("sandbox/clients", fields.get("client_id", ""))
    if client is None:
        raise RefusedError("invalid_client")
    secret = fields.get("client_secret", "").encode()
    if not hmac.compare_digest(secret, client["client_secret"].encode()):
        raise RefusedError("invalid_client_secret")
    return client


def _exchange(
    sandbox: World, client: dict[str, Any], fields: dict[str, str], entry: Entry
) -> dict[str, Any]:
    code = sandbox.tokens.take_code(fields.get("code", ""))
    if code is None or code["client_id"] != client["client_id"]:
        raise RefusedError("invalid_code")
    if code["redirect_uri"] and fields.get("redirect_uri") != code["redirect_uri"]:
        raise RefusedError("invalid_redirect_uri")
    if not _proves(fields.get("code_verifier", ""), code):
        # choice: a wrong PKCE verifier makes the code unusable.
        raise RefusedError("invalid_code")
    if not code["is_offline"]:
        return _token_reply(sandbox, sandbox.tokens.new_access(code), entry)
    refresh = sandbox.tokens.new_refresh(code["client_id"], code["user_id"], code["scopes"])
    reply = _token_reply(sandbox, sandbox.tokens.new_access(refresh), entry)
    return {**reply, "refresh_token": refresh["token"]}


def _refresh(
    sandbox: World, client: dict[str, Any], fields: dict[str, str], entry: Entry
) -> dict[str, Any]:
    found = sandbox.tokens.refresh_record(fields.get("refresh_token", ""))
    if found is None or found["client_id"] != client["client_id"]:
        raise RefusedError("invalid_code")
    return _token_reply(sandbox, sandbox.tokens.new_access(found), entry)


def _token_reply(sandbox: World, access: dict[str, Any], entry: Entry) -> dict[str, Any]:
    entry.token_id, entry.user_id = access["id"], access["user_id"]
    entry.effects.append({"effect": "create", "kind": "oauth/access_token", "id": access["id"]})
    return {
        "access_token": access["token"],
        "scope": " ".join(access["scopes"]),
        "api_domain": sandbox.base_url,
        "token_type": "Bearer",
        "expires_in": int(sandbox.settings["oauth.access_life_s"]),
    }


def _revoke(sandbox: World, fields: dict[str, str], entry: Entry) -> dict[str, Any]:
    if not sandbox.tokens.revoke(fields.get("token", "")):
        # choice: no source shows the refusal of an unknown token.
        raise RefusedError("invalid_token")
    entry.effects.append({"effect": "delete", "kind": "oauth/token", "id": ""})
    return {"status": "success"}


def _proves(verifier: str, code: dict[str, Any]) -> bool:
    challenge = code["code_challenge"]
    if not challenge:
        return True
    if code["code_challenge_method"] == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(verifier.encode(), challenge.encode())

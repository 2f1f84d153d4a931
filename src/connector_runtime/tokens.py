"""The token's part of a conversation: is it good, and how to get a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.bodies import FormBody
from connector_runtime.connections import Token
from connector_runtime.documents import JsonError, parse_json
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.messages import Failure, Outgoing
from connector_runtime.reply import classify, kind_of_status
from connector_runtime.steps import AcquireToken, ReleaseToken, Send
from connector_runtime.values import ABSENT, Secret

if TYPE_CHECKING:
    from connector_runtime.call import Call
    from connector_runtime.connections import Channel
    from connector_runtime.messages import Reply
    from connector_runtime.model import OAuth2
    from connector_runtime.steps import Conversation

# Renewed this long before its end, so that no token dies on the way.
EARLY_S = 60.0
_RECONNECT = "Connect the account again."


def ensure(call: Call) -> Conversation[None]:
    """Make sure that the connection has a token that is not known to be dead.

    Raises:
        ConnectionProblem: There is none and none can be had.
    """
    channel = call.channel
    if channel.definition.oauth2 is None:
        return
    token, now = channel.token, call.clock.now()
    if token.access and (token.expires_at is None or now < token.expires_at - EARLY_S):
        return
    if can_refresh(channel):
        yield from refresh(call, channel.version)
        return
    if token.access and token.expires_at is not None and now < token.expires_at:
        return
    if token.access:
        raise error_of("auth_expired", "The access token has expired and cannot be renewed.", hint=_RECONNECT)
    raise error_of("config", "The connection has no access token.", hint=_RECONNECT)


def can_refresh(channel: Channel) -> bool:
    """Return whether a newer token can be had without a person."""
    oauth2 = channel.definition.oauth2
    return bool(oauth2 and "refresh_token" in oauth2.grants and channel.token.refresh)


def refresh(call: Call, version: int) -> Conversation[None]:
    """Renew the token once, however many callers saw `version` refused.

    Raises:
        ReconnectNeeded: The grant is gone.
        Throttled: The vendor gives no token for now.
        ConnectorError: No answer, or one that makes no sense.
    """
    channel = call.channel
    yield AcquireToken()
    if channel.version == version:
        oauth2 = channel.definition.oauth2
        assert oauth2 is not None  # noqa: S101  `can_refresh` has said so
        got = yield Send(_request(channel, oauth2), call.attempt_timeout_s())
        channel.replace_token(_token(call, oauth2, got))
    yield ReleaseToken()


def _request(channel: Channel, oauth2: OAuth2) -> Outgoing:
    scope = channel.scope()
    refresh_token = channel.token.refresh
    assert refresh_token is not None  # noqa: S101  `can_refresh` has said so
    form: list[tuple[str, str | Secret]] = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)]
    client_id, client_secret = oauth2.client_id(scope), oauth2.client_secret(scope)
    if client_id is not ABSENT:
        form.append(("client_id", str(client_id)))
    if client_secret is not ABSENT:
        form.append(("client_secret", Secret(str(client_secret))))
    body = FormBody(form)
    headers = (("Accept", "application/json"), ("Content-Type", str(body.content_type)))
    return Outgoing("POST", str(oauth2.token_url(scope)), headers, body)


def _token(call: Call, oauth2: OAuth2, got: Reply | Failure) -> Token:
    if isinstance(got, Failure):
        raise error_of(got.kind, f"The token could not be renewed: {got.message}")
    problem = _refusal(call, oauth2, got)
    if problem is not None:
        raise problem
    fresh = Token.from_dict(parse_json(got.body), now=call.clock.now())
    old = call.channel.token
    return Token(
        access=fresh.access,
        refresh=fresh.refresh or old.refresh,
        expires_at=fresh.expires_at,
        extra={**old.extra, **fresh.extra},
    )


def _refusal(call: Call, oauth2: OAuth2, got: Reply) -> ConnectorError | None:
    """Return the error a token reply stands for, or None when it brings a token.

    The status decides nothing: some vendors refuse with 200.
    """
    try:
        said: Any = parse_json(got.body)
    except JsonError:
        said = ABSENT
    scope = call.channel.scope(
        reply={"status": got.status, "headers": dict(got.headers), "json": said}, fault=said
    )
    has_token = isinstance(said, dict) and bool(said.get("access_token"))
    if has_token and (oauth2.ok is None or oauth2.ok(scope)):
        return None
    named = classify(oauth2.errors, scope, call.redactor)
    kind = named.kind or (kind_of_status(got.status) if got.status >= 400 else "contract")  # noqa: PLR2004
    message = named.message or "The reply to the renewal of the token cannot be used."
    if kind in ("validation", "not_found", "permission"):
        kind = "config"
    facts = dict(named.facts)
    return error_of(
        kind,
        message,
        hint=facts.get("hint") or _RECONNECT,
        status=got.status,
        code=facts.get("code"),
        retry_at=call.instant_after(named.retry_after),
    )

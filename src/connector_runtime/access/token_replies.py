"""What a token endpoint says: a token that can be used, or why there is none.

One reader for logins and renewals. Only words that the component's table or the standard
knows, in a reply that is a refusal, end a connection; a rule that would hold for any word
ends none. Whatever else comes instead of a token is a stumble that passes.

Source:
    RFC 6749 (section 5.2: refusals; appendices A.12 and A.17: what a token may look like).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector_runtime.base.messages import Failure
from connector_runtime.base.values import ABSENT
from connector_runtime.definition.error_names import UNNAMED, classify
from connector_runtime.definition.evaluation import safely
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.language.documents.document import JsonError, parse_json
from connector_runtime.language.durations import retry_after_s, seconds_of
from connector_runtime.stores.token_state import OURS, RECONNECT, is_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.access.connections import Channel
    from connector_runtime.base.messages import Reply
    from connector_runtime.base.redaction import Redactor
    from connector_runtime.definition.error_names import Named
    from connector_runtime.definition.program.errors import ErrorRule

REPLY_MAX_BYTES = 256 * 1024
# A vendor that says it gives no tokens for now, and not for how long.
THROTTLE_S = 600.0
# However long a wait a vendor asks for: after this it is asked once more.
WAIT_MAX_S = 3_600.0
WORD_MAX_CHARS = 100
COMPARE = "Compare the connection's fields with what the vendor knows of the client."
LATER = "Try again later; the connection itself is kept."
# Refusals of the standard that somebody must act on.
_STANDARD = {
    "invalid_grant": ("auth_revoked", "The permission is gone: used up, too old, or taken back."),
    "invalid_client": ("config", "The vendor does not know the client, or its secret is another."),
    "unauthorized_client": ("config", "The client may not get tokens this way."),
    "unsupported_grant_type": ("config", "The vendor gives no tokens this way."),
    "invalid_scope": ("config", "The vendor does not know one of the scopes."),
    "invalid_request": ("config", "The vendor does not understand the request for a token."),
}
# What a rule may call a reply that is no refusal.
_PASSING = ("server", "auth_throttled", "rate_limited")
# Kinds of the API's that mean something else where a token was asked for.
_KINDS = {
    "rate_limited": "auth_throttled",
    **dict.fromkeys(("auth_expired", "input", "not_found", "permission", "validation"), "config"),
}
_UNKNOWN_WORD = "-unknown-"
# Statuses below 500 that say "not now", whatever stands in the reply.
_NOT_NOW = (408, 425, 429)


def read_token(
    channel: Channel, got: Reply | Failure, *, redactor: Redactor, now: float, later: str = LATER
) -> dict[str, Any] | ConnectorError:
    """Return the token that a reply brings, or the error that it stands for.

    Args:
        channel: The connection that asked.
        got: What came.
        redactor: Takes secrets out of what errors quote.
        now: Seconds since the epoch.
        later: Hint for failures that pass.

    Returns:
        Everything the vendor said but dates and marks that are ours to give. `access_token`
        is text that a header can hold, `refresh_token` too where there is one.
    """
    if isinstance(got, Failure):
        return error_of(got.kind, f"No token could be had: {got.message}", hint=later)
    said = said_by(got)
    if not isinstance(said, dict) or not said.get("access_token") or not _is_ok(channel, got, said):
        return refusal_of(channel, got, redactor=redactor, now=now, later=later)
    flaw = _flaw_of(said)
    if flaw is not None:
        return error_of("contract", flaw, hint=later, status=got.status)
    return {name: value for name, value in said.items() if name not in OURS}


def said_by(got: Reply) -> Any:
    """Return the JSON of a reply, or ABSENT: no token is that long."""
    if len(got.body) > REPLY_MAX_BYTES:
        return ABSENT
    try:
        return parse_json(got.body)
    except JsonError:
        return ABSENT


def word_of(got: Reply) -> Any:
    """Return the vendor's word for why it refuses; None where it gives none, or does not refuse."""
    said = said_by(got)
    return said.get("error") if isinstance(said, dict) and is_refusal(got.status) else None


def is_refusal(status: int) -> bool:
    """Return whether a reply can be the vendor's last word; some refuse with 200.

    A server that breaks, or wants to be asked later, has decided nothing.
    """
    return 200 <= status < 300 or (400 <= status < 500 and status not in _NOT_NOW)


def refusal_of(
    channel: Channel, got: Reply, *, redactor: Redactor, now: float, later: str = LATER
) -> ConnectorError:
    """Return the error that a reply without a token stands for; arguments as in `read_token`.

    Of kind `auth_revoked` or `config` only by a word that is known, in a reply that is a
    refusal. Unknown words, statuses of 500 and more, and those that say "not now" pass:
    kind `server` or `auth_throttled`. Replies that say nothing are of kind `contract`.
    """
    said = said_by(got)
    word = said.get("error", ABSENT) if isinstance(said, dict) else ABSENT
    named = _named(channel, got, said, word, redactor)
    kind = _kind_of(got.status, word) if named.kind is None else _KINDS.get(named.kind, named.kind)
    shown = _shown(word, redactor)
    retry_at = None
    if kind in _PASSING:
        asked = got.header("retry-after") if named.retry_after is None else named.retry_after
        wait_s = _wait_s(asked, server_date=got.header("date"), now=now)
        if wait_s is None and kind == "auth_throttled" and named.kind is not None:
            wait_s = THROTTLE_S
        retry_at = None if wait_s is None else datetime.fromtimestamp(now + min(wait_s, WAIT_MAX_S), UTC)
    return error_of(
        kind,
        named.message or _sentence(kind, got, shown),
        hint=named.facts.get("hint") or {"auth_revoked": RECONNECT, "config": COMPARE}.get(kind, later),
        status=got.status,
        code=named.facts.get("code") or shown,
        retry_at=retry_at,
    )


def _is_ok(channel: Channel, got: Reply, said: Any) -> bool:
    oauth2 = channel.definition.oauth2
    if oauth2 is None or oauth2.ok is None:
        return True
    return bool(safely(oauth2.ok, _seen(channel, got, said)))


def _flaw_of(said: Mapping[str, Any]) -> str | None:
    """Return what makes the tokens of a reply useless, or None."""
    for name in ("access_token", "refresh_token"):
        if said.get(name) not in (None, "") and not is_token(said[name]):
            return f"The vendor's {name} is none: it is no text, too long, or holds what no header can."
    return None


def _named(channel: Channel, got: Reply, said: Any, word: Any, redactor: Redactor) -> Named:
    """Return what the component or the standard says of a reply, if it may be said of this one."""
    named = classify(_rules(channel, got, said), _seen(channel, got, said), redactor)
    if named.kind is None and isinstance(word, str) and word in _STANDARD:
        kind, sentence = _STANDARD[word]
        named = named._replace(kind=kind, message=named.message or sentence)
    passes = named.kind == "server" or (got.status == 429 and named.kind in _PASSING)
    return named if passes or is_refusal(got.status) else UNNAMED


def _rules(channel: Channel, got: Reply, said: Any) -> list[ErrorRule]:
    """Return the component's rules without those that would end a connection whatever the vendor says."""
    oauth2 = channel.definition.oauth2
    unsaid = _seen(channel, got, _wordless(said))
    return [
        rule
        for rule in (oauth2.errors if oauth2 else ())
        if rule.kind != "auth_revoked" or (rule.when is not None and not safely(rule.when, unsaid))
    ]


def _wordless(said: Any) -> Any:
    """Return a reply of the same shape in which every value is a word that nobody knows."""
    if isinstance(said, dict):
        return {name: _wordless(value) for name, value in said.items()}
    return [_wordless(value) for value in said] if isinstance(said, list) else _UNKNOWN_WORD


def _kind_of(status: int, word: Any) -> str:
    """Return the kind of a reply that nobody has a name for."""
    if status == 429:
        return "auth_throttled"
    is_stumble = status >= 500 or status in _NOT_NOW or word is not ABSENT
    return "server" if is_stumble else "contract"


def _sentence(kind: str, got: Reply, shown: str | None) -> str:
    with_word = f", {shown}" if shown else ""
    if kind == "auth_throttled":
        return f"The vendor gives no tokens at the moment (HTTP {got.status}{with_word})."
    if kind == "server":
        return f"The vendor's token service does not work at the moment (HTTP {got.status}{with_word})."
    if len(got.body) > REPLY_MAX_BYTES:
        return "The reply to the request for a token is too long to be one."
    return f"The reply (HTTP {got.status}{with_word}) has no token in it."


def _shown(word: Any, redactor: Redactor) -> str | None:
    """Return the vendor's word as errors may quote it."""
    if not isinstance(word, str):
        return None
    kept = "".join(char for char in redactor.text(word[: 4 * WORD_MAX_CHARS]) if char.isprintable())
    return kept[:WORD_MAX_CHARS] or None


def _wait_s(wish: Any, *, server_date: str | None, now: float) -> float | None:
    """Return the wait that a rule or a header asks for, in seconds, or None."""
    seconds = seconds_of(wish) if isinstance(wish, str) else None
    return retry_after_s(wish if seconds is None else seconds, server_date=server_date, now=now)


def _seen(channel: Channel, got: Reply, said: Any) -> dict[str, Any]:
    reply = {"status": got.status, "headers": dict(got.headers), "json": said}
    return channel.scope(reply=reply, fault=said)

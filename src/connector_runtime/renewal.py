"""One renewal of a token, for every caller of every process that waits for it.

With a store, whoever renews first puts a lease into the document; the others wait, look
again, and take over when the lease has ended: its holder was killed or is frozen. A holder
that comes back late finds another version in the store, and takes the newer token.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from connector_runtime.connections import Freshness
from connector_runtime.documents import JsonError, parse_json
from connector_runtime.errors import ConnectorError, StoreError, error_of
from connector_runtime.expressions import EvaluationError
from connector_runtime.grants import REMOVED, Token, Trouble
from connector_runtime.messages import Failure
from connector_runtime.oauth import Form, client_form, post, refusal_of
from connector_runtime.steps import Landing, ReadToken, Send, Sleep, WriteToken
from connector_runtime.urls import UrlError, is_header_value
from connector_runtime.values import ABSENT, Certainty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.connections import Channel
    from connector_runtime.messages import Outgoing, Reply
    from connector_runtime.model import OAuth2
    from connector_runtime.ports import Entry
    from connector_runtime.steps import Conversation
    from connector_runtime.values import Clock, Random

# One request for a token; with one repeat it ends well before the lease does.
REQUEST_TIMEOUT_S = 12.0
LEASE_S = 30.0
ASK_AGAIN_S = 0.05
REPEAT_AFTER_S = 0.5
# A vendor that gives no tokens for now and does not say for how long.
THROTTLE_S = 600.0
REPLY_MAX_BYTES = 256 * 1024
_WRITES = 5
_RECONNECT = "Connect the account again."


class Renewal:
    """A conversation that ends with a newer token in the channel, or says why there is none."""

    def __init__(self, channel: Channel, clock: Clock, random: Random) -> None:
        self._channel = channel
        self._clock = clock
        self._random = random

    def fly(self, limit_s: float) -> Conversation[ConnectorError | Landing | None]:
        """Look into the store, and renew if nobody else has; returns the failure instead of raising it."""
        key = self._channel.store_key
        end = self._clock.monotonic() + limit_s
        try:
            if key is not None:
                return (yield from self._shared(key, end))
            # Whoever flew before may have landed after this one saw the token end.
            found: ConnectorError | None = self._looked(None)
            return found if found is not _GO_ON else self._landed((yield from self._asked(end)))
        except (EvaluationError, UrlError) as refusal:
            return error_of("config", f"The request for a token cannot be made: {refusal}")

    # -- with a store --------------------------------------------------------------

    def _shared(self, key: str, end: float) -> Conversation[ConnectorError | Landing | None]:
        watched = _Watched()
        while True:
            entry = yield ReadToken(key)
            found: ConnectorError | None = self._looked(entry)
            if found is not _GO_ON:
                return found
            version, document = (entry.version, entry.document) if entry else (0, {})
            now = self._clock.now() if entry is None or entry.now is None else entry.now
            if watched.is_leased(version, document, now, self._clock.monotonic()):
                if self._channel.freshness(self._clock) is not Freshness.INVALID:
                    return None
            else:
                rest = {member: document[member] for member in document if member != "lease"}
                lease = {"holder": os.urandom(16).hex(), "until": now + LEASE_S}
                taken = yield WriteToken(key, {**rest, "lease": lease}, version, undo=rest)
                if isinstance(taken, StoreError):
                    return taken
                if taken:
                    outcome = yield from self._asked(end)
                    return (yield from self._kept(key, outcome, rest, version + 1))
            if self._clock.monotonic() >= end:
                return Landing.LATE
            yield Sleep(ASK_AGAIN_S * (1.0 + self._random.random()))

    def _looked(self, entry: Entry | StoreError | None) -> Any:
        """Take what the store has; `_GO_ON` when a newer token is still wanted."""
        channel = self._channel
        if isinstance(entry, StoreError):
            return entry
        channel.has_looked = True
        if entry is not None:
            self._take(entry.document)
            if REMOVED in entry.document:
                return channel.trouble.error() if channel.trouble else None
        if channel.freshness(self._clock) is Freshness.FRESH:
            return None
        trouble = channel.trouble
        if trouble and (trouble.until is None or self._now() < trouble.until):
            return trouble.error()
        return _GO_ON

    def _take(self, document: Mapping[str, Any]) -> None:
        channel = self._channel
        if REMOVED in document:
            channel.refused = channel.token.access
            channel.trouble = Trouble("auth_revoked", "The connection was removed.", _RECONNECT)
            return
        stored = Token.from_dict(document.get("token") or {})
        mine = channel.token
        if stored.access and stored.access != mine.access:
            is_mine_dead = channel.freshness(self._clock) is Freshness.INVALID
            is_alive = stored.expires_at is None or self._now() < stored.expires_at
            if stored.is_newer_than(mine) or (is_mine_dead and is_alive):
                channel.adopt(stored)
        if "trouble" in document:
            channel.trouble = Trouble.from_dict(document["trouble"])

    def _kept(
        self, key: str, outcome: Any, rest: Mapping[str, Any], version: int
    ) -> Conversation[ConnectorError | Landing | None]:
        """Store what came of the renewal, unless something newer is there by now."""
        channel = self._channel
        if not isinstance(outcome, Token):
            trouble = self._trouble_of(outcome)
            document = {**rest, "trouble": trouble.to_dict()} if trouble else rest
            if not (yield WriteToken(key, document, version)):
                found = self._looked((yield ReadToken(key)))
                if found is None:
                    return None
            return self._landed(outcome)
        for _ in range(_WRITES):
            stored = yield WriteToken(key, {"token": outcome.to_dict()}, version)
            if stored is True or isinstance(stored, StoreError):
                break
            entry = yield ReadToken(key)
            if isinstance(entry, StoreError):
                break
            if entry is None or entry.version == 0 or REMOVED in entry.document:
                self._take({REMOVED: True})
                return channel.trouble.error() if channel.trouble else None
            other = Token.from_dict(entry.document.get("token") or {})
            if other.access and other.is_newer_than(outcome):
                outcome = other
                break
            version = entry.version
        return self._landed(outcome)

    # -- asking the vendor -----------------------------------------------------------

    def _asked(self, end: float) -> Conversation[Token | ConnectorError | Landing]:
        """Ask for a token, once more where that can do no harm."""
        outgoing = request_of(self._channel)
        for is_last in (False, True):
            left_s = end - self._clock.monotonic()
            if left_s <= 0.0:
                return Landing.LATE
            sent_at = self._now()
            got = yield Send(outgoing, min(left_s, REQUEST_TIMEOUT_S))
            outcome = self._read(got, sent_at)
            if is_last or not _may_help(got, outcome):
                break
            yield Sleep(REPEAT_AFTER_S * (1.0 + self._random.random()))
        is_ours = isinstance(outcome, ConnectorError) and outcome.kind == "timeout"
        return Landing.LATE if is_ours and left_s < REQUEST_TIMEOUT_S else outcome

    def _read(self, got: Reply | Failure, sent_at: float) -> Token | ConnectorError:
        """Return the token that a reply brings, or why it brings none."""
        if isinstance(got, Failure):
            return error_of(got.kind, f"The token could not be renewed: {got.message}")
        channel = self._channel
        # A reply that was long under way must not look younger than one that overtook it.
        issued_at = channel.time.learn(got.header("date"), self._clock) or sent_at
        if len(got.body) > REPLY_MAX_BYTES:
            return error_of("contract", "The reply to the request for a token is too long to be one.")
        said = _said(got)
        if not _is_good(channel, got, said):
            now = self._clock.now()
            return refusal_of(channel, got, redactor=channel.redactor, now=now, hint=_RECONNECT)
        fresh, old = Token.from_dict({**said, "issued_at": issued_at, "expires_at": None}), channel.token
        return fresh._replace(
            refresh=fresh.refresh or old.refresh,
            grant=old.grant,
            extra={**old.extra, **fresh.extra},
        )

    def _landed(self, outcome: Any) -> ConnectorError | Landing | None:
        channel = self._channel
        channel.has_looked = True
        if isinstance(outcome, Token):
            if outcome.access != channel.token.access:
                channel.adopt(outcome)
            return None
        channel.trouble = self._trouble_of(outcome) or channel.trouble
        found: ConnectorError | Landing | None = outcome
        return found

    def _trouble_of(self, outcome: Any) -> Trouble | None:
        """Return what every caller should know of a failure: some ends last."""
        if not isinstance(outcome, ConnectorError):
            return None
        facts = (outcome.kind, outcome.message, outcome.hint, outcome.code)
        if outcome.kind == "auth_revoked":
            return Trouble(*facts)
        if outcome.kind != "auth_throttled":
            return None
        if outcome.retry_at is None:
            return Trouble(*facts, until=self._now() + THROTTLE_S)
        return Trouble(*facts, until=outcome.retry_at.timestamp())

    def _now(self) -> float:
        return self._channel.time.now(self._clock)


class _Watched:
    """A lease as one waiter sees it: nobody waits longer than it lasts, whatever the clocks say."""

    def __init__(self) -> None:
        self._version = -1
        self._since = 0.0

    def is_leased(self, version: int, document: Mapping[str, Any], now: float, monotonic: float) -> bool:
        lease = document.get("lease")
        if lease is None or now >= lease["until"]:
            return False
        if version != self._version:
            self._version, self._since = version, monotonic
        return monotonic < self._since + LEASE_S


_GO_ON = object()


def request_of(channel: Channel) -> Outgoing:
    """Return the request for a newer token: by the grant, or by the client itself."""
    oauth2 = channel.definition.oauth2
    assert oauth2 is not None  # noqa: S101  `can_renew` has said so
    scope = channel.scope()
    form: Form
    if channel.token.refresh is not None:
        form = [("grant_type", "refresh_token"), ("refresh_token", channel.token.refresh)]
    else:
        form = [("grant_type", "client_credentials")]
        wanted = oauth2.scope(scope)
        if wanted is not ABSENT and wanted:
            form.append(("scope", str(wanted)))
    return post(str(oauth2.token_url(scope)), [*form, *client_form(channel)])


def _said(got: Reply) -> Any:
    try:
        return parse_json(got.body)
    except JsonError:
        return ABSENT


def _is_good(channel: Channel, got: Reply, said: Any) -> bool:
    """Return whether a reply brings a token that can be sent; its status decides nothing."""
    oauth2: OAuth2 | None = channel.definition.oauth2
    access = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(access, str) or not access or not is_header_value(access):
        return False
    if oauth2 is None or oauth2.ok is None:
        return True
    reply = {"status": got.status, "headers": dict(got.headers), "json": said}
    return bool(oauth2.ok(channel.scope(reply=reply, fault=said)))


def _may_help(got: Reply | Failure, outcome: Any) -> bool:
    """Return whether asking once more can help: nothing was issued, or the line broke."""
    if isinstance(got, Failure):
        return got.certainty is Certainty.NOT_SENT or got.kind == "network"
    return isinstance(outcome, ConnectorError) and outcome.kind == "server"

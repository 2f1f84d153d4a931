"""One renewal of a token, for every caller of every process that waits for it.

With a store, whoever renews first puts a lease into the document; the others wait, look
again, and take over when the lease has ended: its holder was killed or is frozen. A holder
that comes back late finds another version in the store, and takes the newer token.

What passes (a vendor that stumbles, a broken line) is asked again while a flight may last,
and is never kept: a stored token and its document stay as they were.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from connector_runtime.access.connections import Freshness
from connector_runtime.access.token_replies import read_token
from connector_runtime.base.messages import Failure
from connector_runtime.base.urls import UrlError
from connector_runtime.base.values import ABSENT, Certainty
from connector_runtime.conversation.io_steps import (
    FlightEnd,
    HandToken,
    ReadToken,
    Send,
    Sleep,
    WriteToken,
)
from connector_runtime.conversation.tokens.oauth import Form, client_form, post
from connector_runtime.errors import ConnectorError, StoreError, error_of
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.stores.token_state import (
    BELIEVED_S,
    RECONNECT,
    RenewalFailure,
    Token,
    TokenEntry,
    sealed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.access.connections import Channel
    from connector_runtime.base.messages import Outgoing, Reply
    from connector_runtime.base.values import Clock, Random
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.stores.ports import Entry

REQUEST_TIMEOUT_S = 12.0
# All requests of one flight end before its lease does.
FLIGHT_S = 25.0
LEASE_S = 30.0
ASK_AGAIN_S = 0.05
# Waits before repeats: doubled each time, half of each by chance. Together they outlast a flight.
REPEAT_AFTER_S = 1.0
REPEAT_AFTER_MAX_S = 8.0
REPEATS = 8
_WRITES = 5
_REPEATED = ("server", "auth_throttled")


class Renewal:
    """A conversation that ends with a newer token in the channel, or says why there is none."""

    def __init__(
        self,
        channel: Channel,
        clock: Clock,
        random: Random,
        *,
        look_s: float = float("inf"),
        begin_s: float = float("inf"),
        told: Callable[[float, ConnectorError | None], None] | None = None,
    ) -> None:
        self._channel = channel
        self._clock = clock
        self._random = random
        # How long the store may take while the token at hand is good.
        self._look_s = look_s
        # Until when the store may take before anything is asked: then whoever began has no more time.
        # Is told of each time the vendor was asked: the seconds, and what was wrong.
        self._told = told
        self._begin_until = clock.monotonic() + begin_s

    def run(self, limit_s: float) -> Conversation[ConnectorError | FlightEnd | None]:
        """Look into the store, and renew if nobody else has; returns the failure instead of raising it.

        A token that was issued is handed to the platform before anybody goes on with it: if the
        process dies then, a grant that changes with each renewal is not lost.
        """
        outcome = yield from self._renewed(limit_s)
        if self._channel.is_unhanded:
            refusal = yield from self._handed()
            return outcome or refusal
        return outcome

    def _handed(self) -> Conversation[StoreError | None]:
        document = sealed({"token": self._channel.token.to_dict()})
        # As long as a store may take: a write that is given up half-way has to be done again.
        fault = yield HandToken(document)
        if fault is None:
            self._channel.is_unhanded = False
            return None
        return StoreError(
            f"The new token could not be handed over: on_token raised {type(fault).__name__}.",
            hint="It is handed over again with the next call and when the session is closed.",
        )

    def _renewed(self, limit_s: float) -> Conversation[ConnectorError | FlightEnd | None]:
        key = self._channel.store_key
        end = self._clock.monotonic() + limit_s
        try:
            if key is not None:
                return (yield from self._shared(key, end))
            # Whoever flew before may have landed after this one saw the token end.
            found: ConnectorError | None = self._looked(None)
            return found if found is not _GO_ON else self._ended((yield from self._issued(end)))
        except (EvaluationError, UrlError) as refusal:
            return error_of("config", f"The request for a token cannot be made: {refusal}")
        except ConnectorError as refusal:
            return refusal

    # -- with a store --------------------------------------------------------------

    def _shared(self, key: str, end: float) -> Conversation[ConnectorError | FlightEnd | None]:
        watched, channel = _Watched(), self._channel
        if channel.unstored is not None:
            token, known = channel.unstored
            return (yield from self._stored(key, token, known, end))
        while True:
            entry = yield ReadToken(key, self._patience_s(end))
            found: ConnectorError | None = self._looked(entry)
            if found is not _GO_ON:
                return found
            kept = TokenEntry.of(entry) or TokenEntry()
            now = self._clock.now() if kept.now is None else kept.now
            if watched.is_leased(kept.version, kept.leased_until, now, self._clock.monotonic()):
                if self._channel.freshness(self._clock) is not Freshness.INVALID:
                    return None
            else:
                # A lease and not a lock: it ends by itself where the process that holds it has died.
                lease = {"holder": os.urandom(16).hex(), "until": now + LEASE_S}
                taken = yield WriteToken(
                    key,
                    {**kept.rest, "lease": lease},
                    kept.version,
                    undo=kept.rest,
                    limit_s=self._patience_s(end),
                )
                if taken is True:
                    outcome = yield from self._issued(end)
                    return (yield from self._kept(key, outcome, kept.rest, kept.version + 1, end))
                if taken is not False:
                    found = taken  # the store itself fails
                    return found
            if self._clock.monotonic() >= end:
                return FlightEnd.LATE
            # Spread at random, or all processes that wait would ask the store in the same instant.
            yield Sleep(ASK_AGAIN_S * (1.0 + self._random.random()))

    def _looked(self, entry: Entry | StoreError | None) -> Any:
        """Take what the store has; `_GO_ON` when a newer token is still wanted."""
        channel = self._channel
        if isinstance(entry, StoreError):
            return entry
        channel.has_looked = True
        kept = TokenEntry.of(entry)
        if kept is not None:
            self._take(kept)
            if kept.is_removed:
                return _removed().error()
        if channel.freshness(self._clock) is Freshness.FRESH:
            return None
        if kept is None:
            return _strange(str(channel.store_key))
        trouble = channel.renewal_failure
        if trouble and trouble.holds(self._now()):
            return trouble.error()
        return _GO_ON

    def _take(self, kept: TokenEntry) -> None:
        channel = self._channel
        if kept.is_removed:
            channel.refused = channel.token.access
            channel.renewal_failure = _removed()
            return
        stored, mine = kept.token, channel.token
        if stored.access and stored.access != mine.access:
            # One that lives is better than mine that is dead, whichever of them was issued later.
            is_mine_dead = channel.freshness(self._clock) is Freshness.INVALID
            is_alive = stored.expires_at is None or self._now() < stored.expires_at
            if stored.is_newer_than(mine) or (is_mine_dead and is_alive):
                channel.adopt(stored)
        if kept.renewal_failure and kept.renewal_failure.holds(self._now()):
            channel.renewal_failure = kept.renewal_failure

    def _kept(
        self, key: str, outcome: Any, rest: Mapping[str, Any], version: int, end: float
    ) -> Conversation[ConnectorError | FlightEnd | None]:
        """Store what came of the renewal, unless something newer is there by now."""
        if isinstance(outcome, Token):
            return (yield from self._stored(key, outcome, version, end))
        trouble = self._trouble_of(outcome)
        # An ailing vendor may be well for the next process: only what holds for all is kept.
        is_told = trouble and trouble.kind != "server"
        document = {**rest, "trouble": trouble.to_dict()} if trouble and is_told else rest
        if not (yield WriteToken(key, document, version, limit_s=self._left_s(end))):
            found = self._looked((yield ReadToken(key, self._left_s(end))))
            if found is None:
                return None
        return self._ended(outcome)

    def _stored(
        self, key: str, outcome: Token, version: int, end: float
    ) -> Conversation[ConnectorError | FlightEnd | None]:
        """Store a token that was issued; the channel keeps it until that is done."""
        channel = self._channel
        # Here before anything else: what was issued is not lost, whatever becomes of the store.
        self._ended(outcome)
        for _ in range(_WRITES):
            channel.unstored, channel.has_looked = (outcome, version), False
            document, limit_s = sealed({"token": outcome.to_dict()}), self._patience_s(end)
            stored = yield WriteToken(key, document, version, is_needed=True, limit_s=limit_s)
            if isinstance(stored, StoreError):
                return stored
            if stored is True:
                break
            entry = yield ReadToken(key, self._patience_s(end))
            if isinstance(entry, StoreError):
                return entry
            kept = TokenEntry.of(entry)
            if kept is None:
                break
            if kept.version == 0 or kept.is_removed:
                channel.unstored, channel.has_looked = None, True
                self._take(kept._replace(is_removed=True))
                return _removed().error()
            if kept.token.access == outcome.access:
                break
            if kept.token.access and kept.token.is_newer_than(outcome):
                outcome = kept.token
                break
            version = kept.version
        channel.unstored = None
        return self._ended(outcome)

    # -- asking the vendor -----------------------------------------------------------

    def _issued(self, end: float) -> Conversation[Token | ConnectorError | FlightEnd]:
        """Ask the vendor, tell who listens, and note what the platform is to be handed."""
        begun = self._clock.monotonic()
        outcome = yield from self._asked(end)
        if isinstance(outcome, Token):
            self._channel.is_unhanded = self._channel.hands_tokens
        if self._told is not None and not isinstance(outcome, FlightEnd):
            problem = None if isinstance(outcome, Token) else outcome
            self._told(self._clock.monotonic() - begun, problem)
        return outcome

    def _asked(self, end: float) -> Conversation[Token | ConnectorError | FlightEnd]:
        """Ask for a token, and again while it may help and the flight lasts."""
        outgoing = request_of(self._channel)
        last = min(end, self._clock.monotonic() + FLIGHT_S)
        outcome: Token | ConnectorError | None = None
        for repeat in range(REPEATS + 1):
            now = self._clock.monotonic()
            if now >= last:
                return outcome or FlightEnd.LATE
            sent_at = self._now()
            got = yield Send(outgoing, min(last - now, REQUEST_TIMEOUT_S))
            outcome = self._read(got, sent_at)
            if isinstance(outcome, Token):
                return outcome
            if outcome.kind == "timeout" and end - now < REQUEST_TIMEOUT_S:
                return FlightEnd.LATE
            wait_s = self._wait_s(got, outcome, repeat)
            if wait_s is None or self._clock.monotonic() + wait_s >= last:
                break
            yield Sleep(wait_s)
        return outcome or FlightEnd.LATE

    def _wait_s(self, got: Reply | Failure, outcome: ConnectorError, repeat: int) -> float | None:
        """Return how long to wait before asking once more; None where that may not help, or is not needed."""
        if isinstance(got, Failure):
            is_unsent = got.certainty is Certainty.NOT_SENT
            may_help = got.kind == "network" or (got.kind == "timeout" and is_unsent)
        else:
            may_help = outcome.kind in _REPEATED
        # Nobody waits for a newer token while the old one still lives.
        if not may_help or self._channel.freshness(self._clock) is not Freshness.INVALID:
            return None
        pause_s = min(REPEAT_AFTER_MAX_S, REPEAT_AFTER_S * 2.0**repeat) * (0.5 + 0.5 * self._random.random())
        asked_s = 0.0 if outcome.retry_at is None else outcome.retry_at.timestamp() - self._clock.now()
        return max(pause_s, asked_s)

    def _read(self, got: Reply | Failure, sent_at: float) -> Token | ConnectorError:
        """Return the token that a reply brings, or why it brings none."""
        channel = self._channel
        # A reply that was long under way must not look younger than one that overtook it.
        seen_at = None if isinstance(got, Failure) else channel.time.learn(got.header("date"), self._clock)
        said = read_token(channel, got, redactor=channel.redactor, now=self._clock.now())
        if isinstance(said, ConnectorError):
            return said
        fresh, old = Token.from_dict({**said, "issued_at": seen_at or sent_at}), channel.token
        return fresh._replace(
            refresh=fresh.refresh or old.refresh,
            grant=old.grant,
            extra={**old.extra, **fresh.extra},
        )

    def _ended(self, outcome: Any) -> ConnectorError | FlightEnd | None:
        channel = self._channel
        channel.has_looked = True
        if isinstance(outcome, Token):
            if outcome.access != channel.token.access:
                channel.adopt(outcome)
            return None
        channel.renewal_failure = self._trouble_of(outcome) or channel.renewal_failure
        found: ConnectorError | FlightEnd | None = outcome
        return found

    def _trouble_of(self, outcome: Any) -> RenewalFailure | None:
        """Return what every caller should know of a failure: some ends last."""
        if not isinstance(outcome, ConnectorError):
            return None
        if outcome.kind == "auth_revoked":
            until = self._now() + BELIEVED_S["auth_revoked"]
        elif outcome.kind in _REPEATED and outcome.retry_at is not None:
            until = outcome.retry_at.timestamp()
        else:
            return None
        return RenewalFailure(outcome.kind, outcome.message, outcome.hint, outcome.code, until)

    def _left_s(self, end: float) -> float:
        return max(0.0, end - self._clock.monotonic())

    def _patience_s(self, end: float) -> float:
        """Return how long the store may take: with a good token the call goes on without it."""
        left_s = self._left_s(end)
        if self._channel.freshness(self._clock) is Freshness.INVALID:
            return min(left_s, self._left_s(self._begin_until))
        return min(left_s, self._look_s)

    def _now(self) -> float:
        return self._channel.time.now(self._clock)


class _Watched:
    """A lease as one waiter sees it: nobody waits longer than it lasts, whatever the clocks say."""

    def __init__(self) -> None:
        self._version = -1
        self._since = 0.0

    def is_leased(self, version: int, until: float | None, now: float, monotonic: float) -> bool:
        if until is None or now >= until:
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
    if channel.token.refresh is not None and "refresh_token" in oauth2.grants:
        form = [("grant_type", "refresh_token"), ("refresh_token", channel.token.refresh)]
    else:
        form = [("grant_type", "client_credentials")]
        wanted = oauth2.scope(scope)
        if wanted is not ABSENT and wanted:
            form.append(("scope", str(wanted)))
    return post(str(oauth2.token_url(scope)), [*form, *client_form(channel)])


def _removed() -> RenewalFailure:
    return RenewalFailure("auth_revoked", "The connection was removed.", RECONNECT)


def _strange(key: str) -> StoreError:
    return StoreError(
        f"What the token store keeps under `{key}` has no version, so that nothing can be kept there.",
        hint="Take the entry out of the store.",
    )

"""The token's part of a conversation: is it good, and who must act when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.access.connections import Freshness
from connector_runtime.base.side_threads import too_slow
from connector_runtime.conversation.io_steps import FlightEnd, SingleFlight
from connector_runtime.errors import ConnectorError, StoreError, error_of
from connector_runtime.stores.token_state import RECONNECT

if TYPE_CHECKING:
    from connector_runtime.access.connections import Channel
    from connector_runtime.base.values import Clock, Random
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.stores.token_state import Token

# A token that was refused so soon after it was issued, and never taken, is not the problem.
UNPROVEN_S = 60.0
# How much of its time, and how long at most, a call whose token is good waits for the store.
LOOK_SHARE = 0.25
LOOK_MAX_S = 2.0


def ensure(call: Call) -> Conversation[None]:
    """Make sure that the connection has a token that is not known to be dead.

    A token that still lives is used even if no newer one can be had for now, or the store
    does not answer; the result's warnings then say so.

    Raises:
        ReconnectNeeded: The grant is gone.
        Throttled: The vendor gives no token for now.
        ConnectionProblem: There is none and none can be had.
        ConnectorError: No answer, or one that makes no sense.
    """
    channel = call.channel
    if channel.definition.oauth2 is None:
        return
    # Three rounds: a flight may bring a token that another one has replaced, or that has ended already.
    for is_last in (False, False, True):
        state = channel.freshness(call.clock)
        is_settled = channel.has_looked and not channel.is_unhanded
        if state is Freshness.FRESH and (is_settled or channel.is_resting(call.clock)):
            return
        problem = _hindrance(call)
        if problem is None:
            waits = state is Freshness.INVALID or not channel.has_looked
            problem = yield from _renewed_once(call, waits=waits)
        state = channel.freshness(call.clock)
        if state is not Freshness.INVALID:
            if state is Freshness.STALE or not channel.has_looked or channel.is_unhanded:
                channel.rest(call.clock)
            if isinstance(problem, StoreError):
                warning = f"{problem.message} The call went on with the token at hand."
                if warning not in call.warnings:
                    call.warnings.append(warning)
            return
        if problem is not None or is_last:
            raise problem or error_of("contract", "The vendor gives tokens that have expired already.")


def _renewed_once(call: Call, *, waits: bool) -> Conversation[ConnectorError | None]:
    """Have the token renewed, by this call or by another one; returns why it was not."""
    from connector_runtime.conversation.tokens.renewal import (  # noqa: PLC0415  most workers start with a token that lives
        Renewal,
    )

    outcome: ConnectorError | FlightEnd | None = FlightEnd.AGAIN
    while outcome is FlightEnd.AGAIN:
        left_s = call.deadline.left_s()
        look_s = min(LOOK_MAX_S, left_s * LOOK_SHARE)
        how: dict[str, Any] = {"look_s": look_s, "begin_s": left_s, "told": call.renewed}
        renewal = Renewal(call.channel, call.clock, call.random, **how)
        is_good = call.channel.freshness(call.clock) is Freshness.FRESH
        # One who flies for a token that is good only looks into the store.
        outcome = yield SingleFlight(renewal.run, look_s if is_good else left_s, waits)
        if outcome is FlightEnd.LATE and is_good:
            return too_slow()
    return _problem_of(outcome)


def store_late(channel: Channel, clock: Clock, random: Random) -> Conversation[None]:
    """Store or hand over a renewed token that could not be yet; the last chance is when a session closes.

    Raises:
        StoreError: It cannot be now either.
    """
    from connector_runtime.conversation.tokens.renewal import Renewal  # noqa: PLC0415  as above

    outcome = yield from Renewal(channel, clock, random, look_s=LOOK_MAX_S).run(LOOK_MAX_S)
    if isinstance(outcome, StoreError):
        raise outcome


def renew(call: Call, used: Token) -> Conversation[None]:
    """Get another token than the one that the vendor has refused; raises as `ensure`.

    However many callers were refused, and in whatever processes, one renewal serves them all.
    """
    channel = call.channel
    # If not, another caller has put a newer one there meanwhile, which nobody has refused.
    if channel.token is used:
        channel.refused = used.access
    yield from ensure(call)


def may_renew(call: Call, used: Token) -> bool:
    """Return whether another token may help a call whose token was refused."""
    channel = call.channel
    if channel.token is not used:
        return True
    now = channel.time.now(call.clock)
    is_new = used.issued_at is not None and now < used.issued_at + UNPROVEN_S
    if is_new and channel.version and channel.proven is not used.access:
        return False
    return can_renew(channel)


def can_renew(channel: Channel) -> bool:
    """Return whether a newer token can be had without a person."""
    oauth2 = channel.definition.oauth2
    if oauth2 is None:
        return False
    by_refresh = "refresh_token" in oauth2.grants and channel.token.refresh is not None
    return by_refresh or "client_credentials" in oauth2.grants


def _hindrance(call: Call) -> ConnectorError | None:
    """Return why there is no use in asking for a newer token, or None."""
    channel = call.channel
    if not can_renew(channel):
        if channel.token.access:
            return error_of(
                "auth_expired", "The access token has expired and cannot be renewed.", hint=RECONNECT
            )
        return error_of("config", "The connection has no access token.", hint=RECONNECT)
    trouble = channel.renewal_failure
    if trouble is None:
        return None
    if not trouble.holds(channel.time.now(call.clock)):
        channel.renewal_failure = None
        return None
    # The store is asked, not the vendor: another process may have got a token meanwhile.
    return None if channel.store_key is not None else trouble.error()


def _problem_of(outcome: ConnectorError | FlightEnd | None) -> ConnectorError | None:
    """Return the error of a flight, one of one's own: each call notes its own attempts on it."""
    if outcome is FlightEnd.LATE:
        return _too_late()
    if not isinstance(outcome, ConnectorError):
        return None
    facts = {"status": outcome.status, "code": outcome.code, "retry_at": outcome.retry_at}
    return type(outcome)(outcome.message, kind=outcome.kind, hint=outcome.hint, **facts)


def _too_late() -> ConnectorError:
    return error_of(
        "timeout", "The token could not be renewed in the time for this call.", hint="Give it more time."
    )

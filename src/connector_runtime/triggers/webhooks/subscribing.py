"""Making, renewing and ending a subscription: what is asked for, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from connector_runtime.base.instants import date_s, instant_s
from connector_runtime.base.values import Secret
from connector_runtime.errors import error_of
from connector_runtime.language.documents.document import dump_json
from connector_runtime.language.durations import seconds_in_words
from connector_runtime.language.expressions.operators import is_number
from connector_runtime.triggers.webhooks.subscription import (
    MAX_URL_CHARS,
    Subscription,
    iso,
    new_id,
    new_secret,
)

if TYPE_CHECKING:
    from connector_runtime.base.values import Random
    from connector_runtime.conversation.replies.results import Result
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.definition.program.webhook import WebhookProgram
    from connector_runtime.errors import ConnectorError

# Clocks differ, and vendors round: so much is no other answer than was asked for.
ROUNDED_S = 60.0
# A secret that somebody chose must not be guessed.
SECRET_MIN_CHARS = 12
# What a `Date` leaves out.
DATE_S = 1.0
# Where every calendar ends; no subscription ends later.
_LAST_S = 253_402_300_799
_DAY_S = 86_400.0
_NAMELESS = (
    "The reply does not say by which id the service knows the subscription: it cannot be renewed or ended "
    "from here. Its pushes can be proven; end it at the service."
)
_FOUND = (
    "The answer was lost, and the subscription was found by what it is for: one made a moment before it "
    "looks the same and has another secret. If its pushes are refused, end it and subscribe again."
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Begun(NamedTuple):
    """A subscription that is asked for, the program of its trigger, and when it was begun.

    `is_new_secret`: nobody has this secret yet, so no hook that was there before can have it.
    `is_first`: it is made and not renewed, so nobody has told its id yet.
    """

    subscription: Subscription
    program: WebhookProgram
    at: float
    is_new_secret: bool = False
    is_first: bool = False


def begin(  # noqa: PLR0913  each is one fact of a subscription
    trigger: Trigger,
    inputs: Mapping[str, Any],
    url: str,
    *,
    secret: Secret | str | None = None,
    now: float,
    random: Random,
    is_loopback: bool = False,
) -> Begun:
    """Return what is to be asked for.

    Args:
        trigger: Whose changes are to be pushed.
        inputs: Its checked inputs.
        url: Where to.
        secret: One's own; a fresh one where there is none.
        now: Seconds since the epoch.
        random: Where its id comes from.
        is_loopback: Whether the service runs on this machine, and may push without TLS.

    Raises:
        InputError: The address or the secret cannot be used, or the trigger is not pushed.
    """
    program = _program_of(trigger)
    _check_url(url, is_loopback=is_loopback)
    made = Subscription(
        trigger=trigger.key,
        id=new_id(random),
        url=url,
        secret=_checked(secret) if secret is not None else new_secret(),
        inputs=_kept(inputs),
        expires=_end(program, now),
    )
    return Begun(made, program, now, is_new_secret=secret is None, is_first=True)


def begin_again(trigger: Trigger, subscription: Subscription, *, now: float) -> Begun:
    """Return a subscription with the end that would now be asked for.

    Raises:
        InputError: The trigger is not pushed any more.
    """
    program = _program_of(trigger)
    return Begun(replace(subscription, expires=_end(program, now), warnings=()), program, now)


def agreed(begun: Begun, result: Result | None, *, now: float) -> Subscription:
    """Return a subscription as the service has agreed to it.

    Args:
        begun: What was asked for.
        result: What came back; its `data` may have `id`, `expires` and `secret`. None where
            nobody was asked, because a person sets it up.
        now: Seconds since the epoch.

    Raises:
        UnreadableReply: It has ended before it began.
    """
    asked, program = begun.subscription, begun.program
    said: Mapping[str, Any] = {}
    warnings: list[str] = []
    service_now = now
    if result is not None:
        warnings += result.warnings
        if result.outcome == "found" and begun.is_new_secret:
            warnings.append(_FOUND)
        said = result.data if isinstance(result.data, Mapping) else {}
        service_now = date_s(result.headers.get("date")) or now
    own = said.get("secret")
    made = replace(asked, secret=Secret(own) if isinstance(own, str) and own else asked.secret)
    number = _id_of(said.get("id"))
    if number is not None:
        made = replace(made, id=number, is_id_known=True)
    elif "id" in said and begun.is_first:
        made = replace(made, is_id_known=False)
    if not made.is_id_known:
        warnings.append(_NAMELESS)
    if program.catch_up is not None and asked.state is None:
        # By the earlier clock, and before the service began to push: what lies between is told twice.
        started = min(service_now, max(now, begun.at)) - max(0.0, now - begun.at) - DATE_S
        made = replace(made, state=iso(datetime.fromtimestamp(max(0, int(started)), UTC)))
    if result is None:
        return replace(made, expires=None)
    ends = _ends(made, said, service_now, now, warnings)
    renew_at = _renewal(program, ends, now, warnings)
    return replace(made, expires=ends, renew_at=renew_at, warnings=tuple(warnings))


def is_gone(problem: ConnectorError, subscription: Subscription) -> bool:
    """Return whether what was to be ended is not there any more; under an id that is none nobody knows."""
    return problem.kind == "not_found" and subscription.is_id_known


def _id_of(value: Any) -> str | None:
    """Return an id as text, or None for what is none."""
    if isinstance(value, bool) or not (isinstance(value, str) or is_number(value)):
        return None
    return str(value) or None


def _program_of(trigger: Trigger) -> WebhookProgram:
    if trigger.webhook is None:
        raise error_of(
            "input", f"The trigger `{trigger.key}` is not pushed.", hint="Use `session.poll` for it."
        )
    return trigger.webhook


def _end(program: WebhookProgram, now: float) -> datetime | None:
    if program.lasts_s is None:
        return None
    return datetime.fromtimestamp(int(now + program.lasts_s), UTC)


def _ends(
    asked: Subscription,
    said: Mapping[str, Any],
    service_now: float,
    now: float,
    warnings: list[str],
) -> datetime | None:
    """Return when a subscription ends, by this machine's clock, and note what is odd about it."""
    given = said.get("expires")
    seconds: Any = given if is_number(given) else instant_s(given)
    if seconds is None:
        if asked.expires is not None:
            why = "is no instant" if given is not None else "is missing"
            warnings.append(f"When the subscription ends {why} in the reply; it is taken as asked for.")
        return asked.expires
    # Compared as it was written: not every number is a float.
    if not seconds <= _LAST_S:
        warnings.append("When the subscription ends lies beyond any calendar; it is taken as asked for.")
        return asked.expires
    end_s = float(max(seconds, 0))
    if abs(service_now - now) > _DAY_S:
        warnings.append("The service's clock and ours are more than a day apart; one of them is wrong.")
        service_now = now if end_s > now else service_now
    left_s = end_s - service_now
    if left_s <= 0:
        ago = seconds_in_words(max(0.0, -left_s))
        raise error_of(
            "contract",
            f"The subscription ended {ago} before the reply said that it is there.",
            hint="End it and subscribe again.",
            existing_id=asked.id,
        )
    try:
        ends = datetime.fromtimestamp(int(now + left_s), UTC)
    except (OverflowError, ValueError, OSError):
        warnings.append("When the subscription ends lies beyond any calendar; it is taken as asked for.")
        return asked.expires
    if asked.expires is not None:
        ahead_s = (ends - asked.expires).total_seconds()
        if abs(ahead_s) > ROUNDED_S:
            word = "later" if ahead_s > 0 else "sooner"
            wanted = iso(asked.expires)
            warnings.append(f"The subscription ends {iso(ends)}, {word} than was asked for ({wanted}).")
    return ends


def _renewal(
    program: WebhookProgram, ends: datetime | None, now: float, warnings: list[str]
) -> datetime | None:
    if ends is None or program.renew is None:
        return None
    left = ends - datetime.fromtimestamp(now, UTC)
    before = timedelta(seconds=program.before_s)
    if before < left:
        return ends - before
    # A vendor that gave less than `before`: half of what is left is better than nothing.
    warnings.append("The subscription ends sooner than it would be renewed; renew it after half its time.")
    return ends - left / 2


def _check_url(url: Any, *, is_loopback: bool) -> None:
    try:
        place = urlsplit(url if isinstance(url, str) and len(url) <= MAX_URL_CHARS else "")
        host, has_user = place.hostname, "@" in place.netloc
        _ = place.port
    except ValueError:
        host, has_user = None, False
    plain = isinstance(url, str) and url.isascii() and url.isprintable() and " " not in url
    if not host or not plain or has_user or place.fragment:
        message = "The address to push to is no address that a service could call."
    elif place.scheme == "https" or (place.scheme == "http" and is_loopback and host in _LOOPBACK):
        return
    else:
        message = "The address to push to must begin with https://, or everybody on the way could read it."
    # The address itself is not repeated: platforms put tokens of theirs into it.
    hint = f"Give the https address of your server, at most {MAX_URL_CHARS:,} characters, without user and #."
    raise error_of("input", message, input="url", hint=hint)


def _checked(secret: Secret | str) -> Secret:
    found = secret if isinstance(secret, Secret) else Secret(secret)
    if not isinstance(found.reveal(), str) or len(found.reveal()) < SECRET_MIN_CHARS:
        raise error_of(
            "input",
            f"The secret is no text of {SECRET_MIN_CHARS} characters or more, and could be guessed.",
            input="secret",
            hint="Leave it out: a good one is made.",
        )
    return found


def _kept(inputs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(dump_json({key: value for key, value in inputs.items()}))  # noqa: C416
    except (ValueError, TypeError):
        raise error_of("input", "An input of the trigger cannot be kept: a file, or a secret.") from None
    return kept

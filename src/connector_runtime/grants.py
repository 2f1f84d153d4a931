"""What a connection holds of its vendor: a token, its grant, and why there is no newer one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.retry import date_s
from connector_runtime.values import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.values import Clock

# Renewed this long before its end, so that no token dies on the way; of a short life a tenth.
EARLY_S = 60.0
EARLY_SHARE = 0.1
# Member of a stored document that says that nothing may be put in its place any more.
REMOVED = "removed"
# A server's clock that is further off is not believed.
_SKEW_MAX_S = 86_400.0
_GRANT = "connector_grant"
_SECRETS = ("access_token", "refresh_token", "id_token")
_DATES = ("expires_at", "issued_at", "expires_in")


class Token(NamedTuple):
    """An access token, what renews it, and what the vendor said beside it.

    Attributes:
        access, refresh: None where there is none.
        expires_at: Seconds since the epoch by the vendor's clock; None: valid until refused.
        issued_at: The same for its beginning; None when nobody said.
        grant: Mark of the permission it came from; renewed tokens keep it.
        extra: Everything else that was said, secrets left out.
    """

    access: Secret | None = None
    refresh: Secret | None = None
    expires_at: float | None = None
    issued_at: float | None = None
    grant: str | None = None
    extra: Mapping[str, Any] = MappingProxyType({})

    @classmethod
    def from_dict(cls, given: Mapping[str, Any], *, now: float | None = None) -> Token:
        """Read a platform's or a vendor's token; `now` dates a fresh `expires_in`."""
        issued = _instant(given.get("issued_at")) if "issued_at" in given else now
        expires = _instant(given.get("expires_at"))
        life_s = _number(given.get("expires_in"))
        if expires is None and issued is not None and life_s:
            expires = issued + life_s
        access, refresh = (given.get(key) or None for key in _SECRETS[:2])
        return cls(
            access=Secret(str(access)) if access else None,
            refresh=Secret(str(refresh)) if refresh else None,
            expires_at=expires,
            issued_at=issued,
            grant=grant_of(given),
            extra={key: value for key, value in given.items() if key not in (*_SECRETS, *_DATES, _GRANT)},
        )

    @property
    def stale_at(self) -> float | None:
        """Return from when on a newer one is wanted, or None."""
        if self.expires_at is None:
            return None
        early_s = EARLY_S
        if self.issued_at is not None:
            early_s = min(early_s, EARLY_SHARE * max(0.0, self.expires_at - self.issued_at))
        return self.expires_at - early_s

    def to_dict(self) -> dict[str, Any]:
        """Return the token in the platform's shape, secrets in clear: for keeping it."""
        known = {
            "access_token": self.access.reveal() if self.access else None,
            "refresh_token": self.refresh.reveal() if self.refresh else None,
            "expires_at": self.expires_at,
            "issued_at": self.issued_at,
            # A vendor that exchanges refresh tokens would else seem to have given a new permission.
            _GRANT: self.grant if self.refresh and self.grant != _mark(self.refresh.reveal()) else None,
        }
        return {**self.extra, **{key: value for key, value in known.items() if value is not None}}

    def is_newer_than(self, other: Token) -> bool:
        """Return whether this is another token, and not issued before the other."""
        return self.access != other.access and (self.issued_at or 0.0) >= (other.issued_at or 0.0)


def grant_of(given: Mapping[str, Any]) -> str | None:
    """Return the mark of the permission that a token in the platform's shape belongs to, or None."""
    if given.get(_GRANT):
        return str(given[_GRANT])
    refresh = given.get("refresh_token")
    return _mark(str(refresh)) if refresh else None


def grant_key(name: str, token: Mapping[str, Any]) -> str | None:
    """Return the key under which stores keep the token of a named connection, or None.

    The mark of the grant is part of it: two tenants that were given one name by mistake
    never meet, and a connection made anew does not take up what the old one left.
    """
    grant = grant_of(token)
    return f"{name}/{grant}" if grant else None


def _mark(text: str) -> str:
    return hashlib.sha256(f"grant {text}".encode()).hexdigest()[:32]


class Trouble(NamedTuple):
    """Why there is no newer token, for all who share the grant.

    Attributes:
        kind: `auth_revoked` until somebody connects anew, `auth_throttled` until `until`.
        until: Seconds since the epoch by the vendor's clock, or None.
    """

    kind: str
    message: str
    hint: str | None = None
    code: Any = None
    until: float | None = None

    @classmethod
    def from_dict(cls, given: Any) -> Trouble | None:
        """Read what `to_dict` gave; None for anything else."""
        try:
            return cls(**given)
        except TypeError:
            return None

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON map."""
        shape = {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "code": self.code,
            "until": self.until,
        }
        return {key: value for key, value in shape.items() if value is not None}

    def error(self) -> ConnectorError:
        """Return the error that a call ends with because of it."""
        back_at = None if self.until is None else datetime.fromtimestamp(self.until, UTC)
        return error_of(self.kind, self.message, hint=self.hint, code=self.code, retry_at=back_at)


class ServerTime:
    """The vendor's time, as far as its replies tell: a clock that is wrong here does not matter."""

    __slots__ = ("_ahead_s", "_seen", "_seen_at")

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._seen: float | None = None
        self._seen_at = 0.0

    def now(self, clock: Clock) -> float:
        """Return seconds since the epoch by the vendor's clock.

        Goes by this machine's clock, and by the time that has passed since the vendor last
        told its own: the later of both, so that neither a clock that is set back nor a
        machine that was asleep makes an old token young.
        """
        here = clock.now() + self._ahead_s
        if self._seen is None:
            return here
        return max(here, self._seen + clock.monotonic() - self._seen_at)

    def learn(self, date: str | None, clock: Clock) -> float | None:
        """Take a reply's `Date`; returns it in seconds, or None when it is not to be believed."""
        seen = date_s(date)
        if seen is None or abs(seen - clock.now()) > _SKEW_MAX_S:
            return None
        self._ahead_s, self._seen, self._seen_at = seen - clock.now(), seen, clock.monotonic()
        return seen


def _instant(value: Any) -> float | None:
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        try:
            return datetime.fromisoformat(value).timestamp()
        except ValueError:
            return None
    return _number(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e12 else None  # beyond, it is no time

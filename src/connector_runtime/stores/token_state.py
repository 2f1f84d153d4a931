"""What a connection and a store hold of the vendor: a token, its grant, and why there is no newer one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.instants import date_s, instant_s
from connector_runtime.base.urls import is_header_value
from connector_runtime.base.values import Secret
from connector_runtime.errors import ConnectorError, error_of

if TYPE_CHECKING:
    from connector_runtime.base.values import Clock

# Renewed this long before its end, so that no token dies on the way; of a short life a tenth.
EARLY_S = 60.0
EARLY_SHARE = 0.1
RECONNECT = "Connect the account again."
# Member of a stored document that says that nothing may be put in its place any more.
REMOVED = "removed"
# A server's clock that is further off is not believed.
_SKEW_MAX_S = 86_400.0
# What is longer is no date, and not worth keeping.
_DATE_CHARS = 65
_GRANT = "connector_grant"
_SECRETS = ("access_token", "refresh_token", "id_token")
_DATES = ("expires_at", "issued_at", "expires_in")
# Members of a token that are never the vendor's to give.
OURS = ("expires_at", "issued_at", _GRANT)
_MARK = re.compile(r"[0-9a-f]{32}")
# What a store keeps of a failure is believed for twice so long at most, whatever stands there.
# A permission that is gone is asked after once a day: a vendor may have erred.
BELIEVED_S = {"auth_revoked": 86_400.0, "auth_throttled": 3_600.0, "server": 3_600.0}


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
        """Read a platform's or a vendor's token; `now` dates a fresh `expires_in`.

        Whatever could not be sent counts as absent.
        """
        issued = _instant(given.get("issued_at")) if "issued_at" in given else now
        expires = _instant(given.get("expires_at"))
        life_s = _number(given.get("expires_in"))
        if expires is None and issued is not None and life_s:
            expires = issued + life_s
        access, refresh = (given[key] if is_token(given.get(key)) else None for key in _SECRETS[:2])
        return cls(
            access=as_secret(access) if access else None,
            refresh=as_secret(refresh) if refresh else None,
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


def is_token(value: Any) -> bool:
    """Return whether a value, sealed or not, is a token that can be sent: text that a header can hold.

    Source:
        RFC 6749, appendices A.12 and A.17.
    """
    text = value.reveal() if isinstance(value, Secret) else value
    return isinstance(text, str) and text != "" and is_header_value(text)


def grant_of(given: Mapping[str, Any]) -> str | None:
    """Return the mark of the permission that a token in the platform's shape belongs to, or None."""
    mark, refresh = given.get(_GRANT), given.get("refresh_token")
    if isinstance(mark, str) and _MARK.fullmatch(mark):
        return mark
    return _mark(as_secret(refresh).reveal()) if refresh and is_token(refresh) else None


def grant_key(name: str, token: Mapping[str, Any]) -> str | None:
    """Return the key under which stores keep the token of a named connection, or None.

    The mark of the grant is part of it: two tenants that were given one name by mistake
    never meet, and a connection made anew does not take up what the old one left.
    """
    grant = grant_of(token)
    return f"{name}/{grant}" if grant else None


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored document with its secrets sealed: no frame shows them while something is waited for."""
    token = document.get("token")
    if not isinstance(token, Mapping):
        return dict(document)
    shut = {
        key: Secret(value) if key in _SECRETS and isinstance(value, str) else value
        for key, value in token.items()
    }
    return {**document, "token": shut}


def opened(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as a store keeps it; called only within the call that hands it over."""
    token = document.get("token")
    if not isinstance(token, Mapping):
        return dict(document)
    plain = {key: value.reveal() if isinstance(value, Secret) else value for key, value in token.items()}
    return {**document, "token": plain}


def as_secret(value: str | Secret) -> Secret:
    """Return a token sealed."""
    return value if isinstance(value, Secret) else Secret(value)


def _mark(text: str) -> str:
    return hashlib.sha256(f"grant {text}".encode()).hexdigest()[:32]


class RenewalFailure(NamedTuple):
    """Why there is no newer token, for all who share the grant; every trouble ends.

    Attributes:
        kind: `auth_revoked`, `auth_throttled`, or `server`, which stores never keep.
        until: Seconds since the epoch by the vendor's clock. From then on the vendor is asked
            once more. None, as older versions wrote it of permissions that were gone or
            seemed to be: it is not believed.
    """

    kind: str
    message: str
    hint: str | None = None
    code: Any = None
    until: float | None = None

    @classmethod
    def from_dict(cls, given: Any) -> RenewalFailure | None:
        """Read what `to_dict` gave; None for anything else."""
        if not isinstance(given, Mapping) or given.get("kind") not in ("auth_revoked", "auth_throttled"):
            return None
        message, hint, code = (given.get(member) for member in ("message", "hint", "code"))
        if not _is_text(message) or not (hint is None or _is_text(hint)):
            return None
        is_code = _is_text(code) or type(code) is int
        return cls(given["kind"], str(message), hint, code if is_code else None, _number(given.get("until")))

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON map."""
        return {key: value for key, value in self._asdict().items() if value is not None}

    def holds(self, now: float) -> bool:
        """Return whether the vendor need not be asked, at a reading of its clock."""
        return self.until is not None and now < self.until <= now + 2 * BELIEVED_S[self.kind]

    def error(self) -> ConnectorError:
        """Return the error that a call ends with because of it, while it holds."""
        is_over_by_itself = self.kind != "auth_revoked" and self.until is not None
        back_at = datetime.fromtimestamp(self.until or 0.0, UTC) if is_over_by_itself else None
        return error_of(self.kind, self.message, hint=self.hint, code=self.code, retry_at=back_at)


class TokenEntry(NamedTuple):
    """What a store keeps under a key; members that are none of ours count as absent.

    Attributes:
        version: Of the document.
        token: Without an access token where none is kept.
        renewal_failure: Why there is no newer one, or None.
        leased_until: End of the lease by the store's clock, or None.
        is_removed: Whether nothing may be put in its place any more.
        rest: The document without its lease.
        now: The store's clock, or None where it has none.
    """

    version: int = 0
    token: Token = Token()
    renewal_failure: RenewalFailure | None = None
    leased_until: float | None = None
    is_removed: bool = False
    rest: Mapping[str, Any] = MappingProxyType({})
    now: float | None = None

    @classmethod
    def of(cls, entry: Any) -> TokenEntry | None:
        """Read an `Entry`, whatever stands in it; None when nothing could be written after it."""
        if entry is None:
            return cls()
        version = getattr(entry, "version", None)
        if type(version) is not int or version < 0:
            return None
        document = getattr(entry, "document", None)
        if not isinstance(document, Mapping):
            return cls(version, now=_number(getattr(entry, "now", None)))
        lease = document.get("lease")
        return cls(
            version=version,
            token=Token.from_dict(token_in(document)),
            renewal_failure=RenewalFailure.from_dict(document.get("trouble")),
            leased_until=_number(lease.get("until")) if isinstance(lease, Mapping) else None,
            is_removed=document.get(REMOVED) is True,
            rest={member: document[member] for member in document if member != "lease"},
            now=_number(getattr(entry, "now", None)),
        )


def token_in(document: Any) -> Mapping[str, Any]:
    """Return the token of a stored document in the platform's shape, empty where there is none."""
    token = document.get("token") if isinstance(document, Mapping) else None
    return token if isinstance(token, Mapping) and is_token(token.get("access_token")) else {}


class ServerTime:
    """The vendor's time, as far as its replies tell: a clock that is wrong here does not matter."""

    __slots__ = ("_ahead_s", "_heard", "_seen", "_seen_at")

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._seen: float | None = None
        self._seen_at = 0.0
        self._heard: tuple[str, float, float] | None = None

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

    def hear(self, date: str, at: float, now: float) -> None:
        """Note a reply's `Date`, and what this machine's clocks said when it was asked for."""
        self._heard = date[:_DATE_CHARS], at, now

    def told(self, clock: Clock) -> float | None:
        """Return the time by what the vendor told last, rather too late than too early; None if nothing."""
        date, at, now = self._heard or (None, 0.0, 0.0)
        seen = date_s(date)
        if seen is None:
            return None if self._seen is None else self.now(clock)
        return seen + max(clock.monotonic() - at, clock.now() - now)

    def learn(self, date: str | None, clock: Clock) -> float | None:
        """Take a reply's `Date`; returns it in seconds, or None when it is not to be believed."""
        seen = date_s(date)
        if seen is None or abs(seen - clock.now()) > _SKEW_MAX_S:
            return None
        self._ahead_s, self._seen, self._seen_at = seen - clock.now(), seen, clock.monotonic()
        return seen


def _instant(value: Any) -> float | None:
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        return _number(instant_s(value))
    return _number(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e12 else None  # beyond, it is no time


def _is_text(value: Any) -> bool:
    """Return whether a value is text without halves of characters."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)

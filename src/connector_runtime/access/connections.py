"""One tenant's connection: what a platform hands over, and what it means for a component."""

from __future__ import annotations

import enum
import functools
import hashlib
import hmac
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_runtime.access.given_fields import (
    check_field_rules,
    chosen_rows,
    definition_of,
    fields_of,
    origin_of,
    token_of,
)
from connector_runtime.base.redaction import Redactor
from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.inputs.inputs import outdated
from connector_runtime.stores.token_state import RenewalFailure, ServerTime, Token, grant_key, grant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector_runtime.base.values import Clock
    from connector_runtime.definition.model import Evaluate, Model

MASK = "***"
# A failure to renew a token that still lives is not tried again for so long.
REST_S = 5.0


@functools.cache
def _process_key() -> bytes:
    """Return a key of this process; made when it is wanted, for importing asks for no randomness."""
    return os.urandom(16)


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """A connection as platforms store it; `from_dict` takes their shape.

    Attributes:
        name: For events; where none was given, that of the platform's variable, or the key.
        is_named: Whether the name was given to tell this connection from all others.
    """

    key: str
    fields: Mapping[str, Any]
    token: Mapping[str, Any]
    context: Mapping[str, Any]
    name: str
    is_named: bool = False

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Connection:
        """Read `{key, fields, token, context}`; `name` tells tenants apart in events.

        Raises:
            ConnectionProblem: A member is missing or not a map (kind `config`).
        """
        if not hasattr(given, "get"):
            raise error_of("config", "A connection is a map with key, fields, token and context.")
        parts = {member: given.get(member) or {} for member in ("fields", "token", "context")}
        for member, value in parts.items():
            if not hasattr(value, "items"):
                raise error_of("config", f"The connection's {member} must be a map of names and values.")
        if not isinstance(given.get("key"), str):
            raise error_of("config", "The connection does not say which key it is of.", hint="Give its key.")
        own = given.get("name")
        return cls(
            key=given["key"],
            name=_name(own or given.get("configVarKey") or given["key"]),
            is_named=bool(own),
            **parts,
        )

    def __repr__(self) -> str:
        return f"Connection(key={self.key!r}, name={self.name!r}, fields={sorted(self.fields)})"


def _name(given: Any) -> str:
    with suppress(Exception):  # a number of too many digits, a list too deep, a type that does not work
        return str(given)
    raise error_of("config", "The connection's name cannot be written as a text.", hint="Give a short name.")


class Freshness(enum.Enum):
    """How good a token is: use it; use it, but a newer one is wanted; do not use it."""

    FRESH = "fresh"
    STALE = "stale"
    INVALID = "invalid"


# Stands for a secret in what is shown; no text of anybody has it.
_HIDDEN = Secret("\ue000hidden\ue000")


class Channel:
    """A connection opened: its rows chosen, its hosts known, its token at hand.

    Attributes:
        connection: What expressions see as `connection`: plain inputs and chosen rows.
        hosts: Origins that may get the token.
        token: The newest that is known; `version` counts them.
        refused: The access token that the vendor refused last.
        proven: The access token that the vendor took last.
        renewal_failure: Why there is no newer token, or None.
        store_key: Under which stores keep the token; None until a session has a store.
        has_looked: Whether the store was asked, and has what the session has.
        unstored: A token that was renewed and could not be stored yet, with the version that it
            replaces; None where there is none.
        hands_tokens: Whether the platform wants to be handed each token that is issued.
        is_unhanded: Whether one was issued that it has not taken yet.
        identity: Tells this connection from all others, for counts that several share.
        redactor: Takes out every secret that the connection has or had.
        time: The vendor's clock.
    """

    __slots__ = (
        "_grant_key",
        "_headers",
        "_key",
        "_rested_at",
        "_secrets",
        "bases",
        "connection",
        "context",
        "definition",
        "hands_tokens",
        "has_looked",
        "hosts",
        "identity",
        "is_named",
        "is_unhanded",
        "name",
        "proven",
        "redactor",
        "refused",
        "renewal_failure",
        "store_key",
        "tables",
        "time",
        "token",
        "token_host",
        "unstored",
        "version",
        "warnings",
    )  # fmt: skip

    def __init__(self, model: Model, given: Connection) -> None:
        self.definition = definition_of(model, given)
        # Not the connection itself: it holds secrets in clear.
        self._key = given.key
        self._grant_key = grant_key(given.name, given.token)
        self.name, self.is_named = given.name, given.is_named
        self.tables = model.tables
        self.context = given.context
        self.token = token_of(self.definition, given)
        self.version = 0
        self.refused: Secret | None = None
        self.proven: Secret | None = None
        self.renewal_failure: RenewalFailure | None = None
        self.store_key: str | None = None
        self.has_looked = True
        self.unstored: tuple[Token, int] | None = None
        self.hands_tokens = self.is_unhanded = False
        self.time = ServerTime()
        self._rested_at = float("-inf")
        self.bases: dict[str, str] = {}
        self._headers: tuple[Token, list[tuple[str, Secret | str]]] | None = None
        fields = fields_of(self.definition, given, model)
        self.warnings = tuple(outdated(self.definition.inputs, given.fields, fields))
        self._secrets = {key: value for key, value in fields.items() if isinstance(value, Secret)}
        self.redactor = Redactor(self.secrets())
        plain = {key: value for key, value in fields.items() if key not in self._secrets}
        self.identity = given.name if given.is_named else f"{given.key}~{_mark_of(given)}"
        self.connection: dict[str, Any] = plain
        self.connection = plain | chosen_rows(self.definition, self.scope(inputs=plain), self._key)
        scope = self.scope()
        check_field_rules(self.definition, scope)
        self.hosts = frozenset(str(host(scope)) for host in self.definition.hosts)
        oauth2 = self.definition.oauth2
        if oauth2 is None:
            # What is made of secrets is one, too: a name and a password in one text, for example.
            made = [render(scope) for _, render in (*self.definition.headers, *self.definition.query)]
            words = [value.reveal().rpartition(" ")[2] for value in made if isinstance(value, Secret)]
            self.redactor.add(*map(Secret, words))
        self.redactor.hides_echoes = bool(self.definition.query)
        self.token_host = origin_of(str(oauth2.token_url(scope))) if oauth2 else None

    def scope(self, **more: Any) -> dict[str, Any]:
        """Return what the connection's own expressions may see; secrets stay `Secret`."""
        return self._scope_with(self.token, **more)

    def _scope_with(self, token: Token, **more: Any) -> dict[str, Any]:
        kept = {"access_token": token.access, "refresh_token": token.refresh}
        scope = {
            "inputs": self.connection,
            "connection": self.connection,
            "context": self.context,
            "secrets": self._secrets,
            "token": {**token.extra, **{name: secret for name, secret in kept.items() if secret}},
            "tables": self.tables,
            **more,
        }
        return self.definition.lets.seen_by(scope)

    def secrets(self) -> list[Secret]:
        """Return every live secret, for redaction."""
        return [*self._secrets.values(), *filter(None, (self.token.access, self.token.refresh))]

    def headers(self, *, masked: bool = False) -> list[tuple[str, Secret | str]]:
        """Return the headers that say who calls; `masked` ones are for showing."""
        if masked:
            return self._rendered(self.definition.headers, self.token, masked=True)
        # Of all that they are made of only the token ever changes.
        token, kept = self.token, self._headers
        if kept is None or kept[0] is not token:
            kept = self._headers = (token, self._rendered(self.definition.headers, token, masked=False))
        return kept[1]

    def query(self, *, masked: bool = False) -> list[tuple[str, Secret | str]]:
        """Return the query parameters that say who calls; `masked` ones are for showing."""
        return self._rendered(self.definition.query, self.token, masked=masked)

    def _rendered(
        self, parts: Iterable[tuple[str, Evaluate]], token: Token, *, masked: bool
    ) -> list[tuple[str, Secret | str]]:
        scope = self._scope_with(token)
        if masked:
            scope["token"] = dict.fromkeys((*scope["token"], "access_token"), _HIDDEN)
            scope["secrets"] = dict.fromkeys(scope["secrets"], _HIDDEN)
        found: list[tuple[str, Secret | str]] = []
        for name, render in parts:
            value = render(scope)
            if value is not ABSENT and masked:
                found.append((name, _shown(value)))
            elif value is not ABSENT:
                found.append((name, value if isinstance(value, Secret) else Secret(str(value))))
        return found

    # -- the token ---------------------------------------------------------------

    def freshness(self, clock: Clock) -> Freshness:
        """Return how good the token is now, by the vendor's clock."""
        token = self.token
        if token.access is None or token.access is self.refused:
            return Freshness.INVALID
        if token.expires_at is None:
            return Freshness.FRESH
        now = self.time.now(clock)
        if now >= token.expires_at:
            return Freshness.INVALID
        return Freshness.FRESH if self.is_resting(clock) or now < (token.stale_at or 0.0) else Freshness.STALE

    def adopt(self, token: Token) -> None:
        """Put a newer token in place of the one that was.

        Where the connection lives was decided when it was opened: what a token says beside
        itself is dropped when it would lead to another row of the tables, or to none.
        """
        self.redactor.add(*filter(None, (token.access, token.refresh)))
        if token.extra != self.token.extra and not self._stays(token):
            token = Token(
                token.access, token.refresh, token.expires_at, token.issued_at, token.grant, self.token.extra
            )
        self.token, self.renewal_failure = token, None
        self.version += 1

    def rest(self, clock: Clock) -> None:
        """Go on with the token for a moment: a newer one was not to be had."""
        self._rested_at = clock.monotonic()

    def is_resting(self, clock: Clock) -> bool:
        """Return whether it was a moment ago that a newer token, or the store, was not to be had."""
        return clock.monotonic() < self._rested_at + REST_S

    def _stays(self, token: Token) -> bool:
        plain = self._given_inputs()
        scope = {**self._scope_with(token), "inputs": plain, "connection": plain}
        try:
            rows = chosen_rows(self.definition, scope, self._key)
        except ConnectorError:
            return False
        return all(self.connection[name] == row for name, row in rows.items())

    def _given_inputs(self) -> dict[str, Any]:
        return {key: value for key, value in self.connection.items() if key not in self.definition.choose}

    def proof(self, text: str) -> str:
        """Return what proves that a text was made for this connection; the same in every process.

        Without its secrets nobody can make one. Of a connection that has neither a secret among its
        inputs nor, unnamed, a refresh token it is a checksum.
        """
        # Connections of one app have the same inputs: a name tells them apart, or else the grant.
        owner = self._grant_key if self.is_told_by_grant else self.name
        secrets = {key: secret.reveal() for key, secret in sorted(self._secrets.items())}
        key = hashlib.sha256(json.dumps([secrets, owner]).encode()).digest()
        given, hosts = self._given_inputs(), sorted(self.hosts)
        if self.definition.loopback:
            # A server of this machine may come back on another port.
            given, hosts = {name: value for name, value in given.items() if type(value) is not int}, []
        whose = json.dumps([self._key, given, hosts], default=str, sort_keys=True)
        return hmac.digest(key, f"{whose}\0{text}".encode("utf-8", "surrogatepass"), "sha256").hex()

    @property
    def is_told_by_grant(self) -> bool:
        """Return whether only its grant, of which `session.token` keeps a mark, says whose it is."""
        return not self.is_named and self._grant_key is not None

    def use_store(self) -> None:
        """Have tokens read from and written to the session's store, where there is a grant to renew."""
        oauth2 = self.definition.oauth2
        if oauth2 is not None and "refresh_token" in oauth2.grants and self._grant_key is not None:
            self.store_key, self.has_looked = self._grant_key, False


def _shown(value: Any) -> str:
    """Return a header's or parameter's value with a mask where its secrets stand, or all of it masked."""
    if not isinstance(value, Secret):
        return str(value)
    hidden, text = _HIDDEN.reveal(), value.reveal()
    # What was encoded shows no secret any more, and not where it was, either.
    return text.replace(hidden, MASK) if hidden in text else MASK


def _mark_of(given: Connection) -> str:
    """Return a mark of all that was given, which means something in this process only.

    Of a token the grant counts: a connection that is opened with a renewed one is the same.
    """
    grant = grant_of(given.token)
    parts = (given.fields, {"grant": grant} if grant else given.token, given.context)
    everything = repr([sorted(part.items(), key=str) for part in parts])
    return hmac.digest(_process_key(), everything.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]

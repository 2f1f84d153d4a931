"""One tenant's connection: what a platform hands over, and what it means for a component."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.expressions import EvaluationError
from connector_runtime.inputs import take
from connector_runtime.urls import UrlError
from connector_runtime.values import ABSENT, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.model import ConnectionModel, Model

MASK = "***"
_TOKEN_SECRETS = ("access_token", "refresh_token", "id_token")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, what renews it, and what the vendor said beside it.

    `expires_at` is in seconds since the epoch; None means valid until refused.
    """

    access: Secret | None = None
    refresh: Secret | None = None
    expires_at: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any], *, now: float | None = None) -> Token:
        """Read a platform's or a vendor's token; `now` dates a fresh `expires_in`."""
        issued = _instant(given.get("issued_at")) if "issued_at" in given else now
        expires = _instant(given.get("expires_at"))
        life = _number(given.get("expires_in"))
        if expires is None and issued is not None and life is not None:
            expires = issued + life
        secret = {key: given.get(key) for key in _TOKEN_SECRETS}
        return cls(
            access=Secret(str(secret["access_token"])) if secret["access_token"] else None,
            refresh=Secret(str(secret["refresh_token"])) if secret["refresh_token"] else None,
            expires_at=expires,
            extra={key: value for key, value in given.items() if key not in _TOKEN_SECRETS},
        )


    def to_dict(self) -> dict[str, Any]:
        """Return the token in the platform's shape, secrets in clear: for keeping it."""
        known = {
            "access_token": self.access.reveal() if self.access else None,
            "refresh_token": self.refresh.reveal() if self.refresh else None,
            "expires_at": self.expires_at,
        }
        rest = {key: value for key, value in self.extra.items() if key not in ("expires_in", "issued_at")}
        return {**rest, **{key: value for key, value in known.items() if value is not None}}


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """A connection as platforms store it; `from_dict` takes their shape."""

    key: str
    fields: Mapping[str, Any]
    token: Mapping[str, Any]
    context: Mapping[str, Any]
    name: str

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
        name = given.get("name") or given.get("configVarKey") or given["key"]
        return cls(key=given["key"], name=str(name), **parts)

    def __repr__(self) -> str:
        return f"Connection(key={self.key!r}, name={self.name!r}, fields={sorted(self.fields)})"


class Channel:
    """A connection opened: its rows chosen, its hosts known, its token at hand.

    Attributes:
        connection: What expressions see as `connection`: plain inputs and chosen rows.
        hosts: Origins that may get the token.
        version: Counts tokens, so that a caller can say which one was refused.
    """

    __slots__ = (
        "_secrets", "bases", "connection", "context", "definition", "hosts", "name", "tables", "token",
        "token_host", "version",
    )  # fmt: skip

    def __init__(self, model: Model, given: Connection) -> None:
        self.definition = _definition(model, given)
        self.name = given.name
        self.tables = model.tables
        self.context = given.context
        self.token = Token.from_dict(given.token)
        self.version = 0
        self.bases: dict[str, str] = {}
        fields = _fields(self.definition, given, model)
        self._secrets = {key: value for key, value in fields.items() if isinstance(value, Secret)}
        plain = {key: value for key, value in fields.items() if key not in self._secrets}
        self.connection: dict[str, Any] = plain
        self.connection = plain | _chosen(self.definition, self.scope(inputs=plain), given)
        _check(self.definition, self.scope())
        scope = self.scope()
        self.hosts = frozenset(str(host(scope)) for host in self.definition.hosts)
        oauth2 = self.definition.oauth2
        self.token_host = _origin_of(str(oauth2.token_url(scope))) if oauth2 else None

    def scope(self, **more: Any) -> dict[str, Any]:
        """Return what the connection's own expressions may see; secrets are in it."""
        token = self.token
        return {
            "inputs": self.connection,
            "connection": self.connection,
            "context": self.context,
            "secrets": {key: value.reveal() for key, value in self._secrets.items()},
            "token": {
                **token.extra,
                **({"access_token": token.access.reveal()} if token.access else {}),
                **({"refresh_token": token.refresh.reveal()} if token.refresh else {}),
            },
            "tables": self.tables,
            **more,
        }

    def secrets(self) -> list[Secret]:
        """Return every live secret, for redaction."""
        return [*self._secrets.values(), *filter(None, (self.token.access, self.token.refresh))]

    def headers(self, *, masked: bool = False) -> list[tuple[str, Secret | str]]:
        """Return the headers that say who calls; `masked` ones are for showing."""
        scope = self.scope()
        if masked:
            scope["token"] = dict.fromkeys((*scope["token"], "access_token"), MASK)
            scope["secrets"] = dict.fromkeys(scope["secrets"], MASK)
        found: list[tuple[str, Secret | str]] = []
        for name, render in self.definition.headers:
            value = render(scope)
            if value is not ABSENT:
                found.append((name, str(value) if masked else Secret(str(value))))
        return found

    def replace_token(self, token: Token) -> None:
        """Put a newer token in place of the one that was."""
        self.token = token
        self.version += 1


def _definition(model: Model, given: Connection) -> ConnectionModel:
    definition = model.connections.get(given.key)
    if definition is None:
        raise error_of(
            "config",
            f"There is no connection called `{given.key}`.",
            hint=f"Use one of: {', '.join(sorted(model.connections))}.",
        )
    return definition


def _fields(definition: ConnectionModel, given: Connection, model: Model) -> dict[str, Any]:
    try:
        return take(
            definition.inputs,
            given.fields,
            connection={},
            tables=model.tables,
            schemas=None,
            trust_paths=False,
        )
    except ConnectorError as refusal:
        problem = refusal
    raise error_of("config", problem.message, hint=problem.hint, input=problem.input)


def _chosen(definition: ConnectionModel, scope: Mapping[str, Any], given: Connection) -> dict[str, Any]:
    """Pick rows from tables; the first entry that has a value decides, and must be in a row."""
    rows: dict[str, Any] = {}
    for name, choice in definition.choose.items():
        for column, render in choice.first:
            value = _origin_or_error(render, scope, name)
            if value is ABSENT or value is None or value == "":
                continue
            rows[name] = _row(choice.rows, scope, column, value, name)
            break
        else:
            raise error_of(
                "config",
                f"Nothing in the connection says which {name} to use.",
                hint=f"Fill in the connection `{given.key}` again, or connect anew.",
            )
    return rows


def _origin_or_error(render: Any, scope: Mapping[str, Any], name: str) -> Any:
    try:
        return render(scope)
    except (UrlError, EvaluationError) as refusal:
        problem = refusal
    raise error_of("config", f"The connection's {name}: {problem.message}", hint=problem.hint)


def _row(
    rows: Mapping[str, Mapping[str, Any]], scope: Mapping[str, Any], column: str, value: Any, name: str
) -> dict[str, Any]:
    known = []
    for key, row in rows.items():
        cells = {label: cell(scope) if callable(cell) else cell for label, cell in row.items()}
        if cells.get(column) == value or (column == "key" and key == value):
            return {**cells, "key": key}
        known.append(str(cells.get(column, key)))
    raise error_of(
        "config",
        f"The connection's {name} cannot be {str(value)[:100]!r}: it is not in the list.",
        hint=f"Known are: {', '.join(known)}.",
    )


def _check(definition: ConnectionModel, scope: Mapping[str, Any]) -> None:
    for check in definition.checks:
        try:
            broken = check.when(scope)
        except (UrlError, EvaluationError) as refusal:
            problem = error_of("config", refusal.message, hint=refusal.hint, input=check.input)
        else:
            if not broken:
                continue
            problem = error_of("config", str(check.message(scope)), input=check.input)
        raise problem


def _origin_of(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


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
    return number if 0 <= number < 1e12 else None  # noqa: PLR2004  beyond, it is no time

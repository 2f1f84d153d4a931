"""The world that a sandbox imitates: its people, what they may do, and what is planted in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.faults import Faults
from zoho_sandbox.core.limits import Limits
from zoho_sandbox.core.site import Site
from zoho_sandbox.core.tokens import ACCESS, REFRESH, Tokens
from zoho_sandbox.planting import plant, seed_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zoho_sandbox.core.clock import TimeSource
    from zoho_sandbox.core.state import State

_KIND, _ID = "sandbox/control", "born"
# Raised whenever records are kept in another form than before.
_FORMAT = 1
# What a connection may do unless a test asks for less.
_DEFAULT_SCOPES = (
    "ZohoBooks.fullaccess.all",
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.files.ALL",
    "ZohoCRM.notifications.ALL",
    "ZohoCRM.composite_requests.CUSTOM",
    "ZohoSearch.securesearch.READ",
)


class World(Site):
    """A site with people, tokens, limits and faults; nothing is served here.

    Args:
        path: SQLite file that keeps the state, ``":memory:"``, or an open state.
        seed: ``"default"``, ``"empty"``, a path to a YAML file, or a seed document. Only
            planted when the state is new, and again by :meth:`reset`.
        settings: Settings that differ from their defaults.
        clock: An object with ``now()`` in seconds since 1970.
        random_seed: Makes ids, tokens and fault lotteries repeatable.
        fresh: Forget what the file keeps.

    Raises:
        ValueError: the file is something else, or was kept by another version.
    """

    def __init__(
        self,
        path: str | Path | State = ":memory:",
        *,
        seed: str | Path | Mapping[str, Any] = "default",
        settings: Mapping[str, Any] | None = None,
        clock: TimeSource | None = None,
        random_seed: int = 1,
        fresh: bool = False,
    ) -> None:
        super().__init__(path, clock=clock, random_seed=random_seed)
        self.tokens = Tokens(self)
        self.limits = Limits(self)
        self.planted_faults = Faults(self)
        self._seed = seed
        self._first_settings = dict(settings or {})
        if fresh:
            self.reset()
        with self.state.transaction():
            born = self.state.get(_KIND, _ID)
            if born is None:
                self._plant()
            elif born.get("format") != _FORMAT:
                raise ValueError(f"{path} was kept by another version; start afresh")

    def connection(
        self,
        key: str = "sandbox",
        *,
        user_id: str | None = None,
        scopes: Sequence[str] = _DEFAULT_SCOPES,
        organization_id: str | None = None,
    ) -> dict[str, Any]:
        """Return a ready connection: its fields, live tokens and context.

        The same user and scopes keep their tokens as long as these live. Issuing
        counts against no limit.
        """
        user = self._one("user", user_id)
        client = self._one("client", None)
        with self.state.transaction():
            refresh = self._standing_refresh(client["client_id"], user["id"], scopes)
            access = self._standing_access(refresh)
        port = self.base_url.rpartition(":")[2]
        return {
            "key": key,
            "fields": {
                "port": int(port) if port.isdigit() else 80,
                "clientId": client["client_id"],
                "clientSecret": client["client_secret"],
                "organizationId": organization_id or user["organization_ids"][0],
                "scopes": " ".join(scopes),
            },
            "token": {
                "access_token": access["token"],
                "refresh_token": refresh["token"],
                "expires_in": round(access["expires_at"] - access["issued_at"]),
                "issued_at": int(access["issued_at"]),
                "api_domain": self.base_url,
                "token_type": "Bearer",
            },
            "context": {"location": user.get("location", "us"), "accounts-server": self.base_url},
        }

    def self_client_code(
        self,
        scopes: Sequence[str],
        *,
        client_id: str | None = None,
        user_id: str | None = None,
        minutes: int = 3,
    ) -> str:
        """Return a grant code that needs no redirect address when it is exchanged.

        Raises:
            LookupError: an unknown client or user.
            ThrottledError: too many codes in ten minutes.
        """
        client = self._one("client", client_id)
        grant = {
            "client_id": client["client_id"],
            "user_id": self._one("user", user_id)["id"],
            "scopes": list(scopes),
            "redirect_uri": "",
            "is_offline": True,
            "code_challenge": "",
            "code_challenge_method": "plain",
        }
        return self.tokens.new_code(grant, life_s=minutes * 60)

    def plant(self, document: Mapping[str, Any]) -> None:
        """Add a seed document to what is there, all of it or nothing.

        Raises:
            ValueError: an unknown part, or one that its owner refuses.
        """
        plant(self, document)

    def ledger(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Return the requests answered so far, the oldest first."""
        return self.state.entries(after=after)

    def faults(self, *specs: Mapping[str, Any], **spec: Any) -> None:
        """Plant faults, e.g. ``faults(fault="drop", path="/crm/*", commit=True)``."""
        self.planted_faults.plant(*specs, *([spec] if spec else []))

    def reset(self, seed: str | Path | Mapping[str, Any] | None = None) -> None:
        """Forget everything, tokens and counters too, and plant the seed again.

        The first connection keeps its tokens, so a client may go on, unless the seed has not its user.
        """
        if seed is not None:
            self._seed = seed
        with self.state.savepoint():
            first = next(self.state.scan(REFRESH), None)
            self.state.wipe()
            self._plant()
            if first is not None and self._knows(first["client_id"], first["user_id"]):
                # Tokens are numbered: the first ones after a wipe are the first ones again.
                refresh = self._standing_refresh(first["client_id"], first["user_id"], first["scopes"])
                self._standing_access(refresh)

    def close(self) -> None:
        """Close the state."""
        self.state.close()

    def _knows(self, client_id: str, user_id: str) -> bool:
        get = self.state.get
        return get("sandbox/clients", client_id) is not None and get("sandbox/users", user_id) is not None

    def _one(self, what: str, wanted_id: str | None) -> dict[str, Any]:
        """Return the client or user of an id, or the first one."""
        kind = f"sandbox/{what}s"
        found = next(self.state.scan(kind)) if wanted_id is None else self.state.get(kind, wanted_id)
        if found is None:
            raise LookupError(f"no {what} {wanted_id!r} in the sandbox")
        return found

    def _standing_refresh(self, client_id: str, user_id: str, scopes: Sequence[str]) -> dict[str, Any]:
        for record in self.state.find(REFRESH, parent=f"{client_id}/{user_id}"):
            if record["scopes"] == list(scopes):
                return record
        return self.tokens.new_refresh(client_id, user_id, scopes, is_counted=False)

    def _standing_access(self, refresh: dict[str, Any]) -> dict[str, Any]:
        for record in reversed(self.state.find(ACCESS, parent=refresh["id"])):
            if not record["is_revoked"] and float(record["expires_at"]) > self.clock.now():
                return record
        return self.tokens.new_access(refresh, is_counted=False)

    def _plant(self) -> None:
        self.state.put(_KIND, _ID, {"format": _FORMAT, "random_seed": self.random_seed})
        self.random.seed(self.random_seed)
        self.settings.change(self._first_settings)
        plant(self, seed_document(self._seed))

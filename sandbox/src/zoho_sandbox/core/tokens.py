"""Life of grant codes, refresh tokens and access tokens, with Zoho's limits.

source: https://www.zoho.com/crm/developer/docs/api/v8/token-validity.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Grant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zoho_sandbox.core.site import Site

_REAL_TOKEN = re.compile(r"1000\.[0-9a-fA-F]{32}\.[0-9a-fA-F]{32}")
CODES, REFRESH, ACCESS = "sandbox/codes", "sandbox/refresh_tokens", "sandbox/access_tokens"
_WINDOWS = "sandbox/windows"
_WINDOW_S = 600.0
# After this a dead token is answered as unknown, so that the table stays small.
_REMEMBERED_FOR_S = 7200.0


class ThrottledError(Exception):
    """Too many tokens or codes were asked for in ten minutes."""


def looks_real(token: str) -> bool:
    """Say whether a token has the form of one issued by Zoho itself."""
    return _REAL_TOKEN.fullmatch(token.strip()) is not None


class Tokens:
    """Everything the accounts server remembers."""

    def __init__(self, sandbox: Site) -> None:
        self._sandbox = sandbox
        self._state = sandbox.state

    # -- making ----------------------------------------------------------------

    def new_code(self, about: dict[str, Any], *, life_s: float | None = None) -> str:
        """Return a grant code for ``client_id, user_id, scopes`` and what else is in ``about``.

        Raises:
            ThrottledError: ten codes in ten minutes for one client.
        """
        self._count(f"code/{about['client_id']}", "oauth.codes_per_window")
        code = "1000.sandbox-code-" + self._sandbox.secret_text("code")
        life_s = self._sandbox.settings["oauth.code_life_s"] if life_s is None else life_s
        expires_at = self._sandbox.clock.now() + life_s
        self._state.put(CODES, code, {**about, "code": code, "expires_at": expires_at})
        return code

    def take_code(self, code: str) -> dict[str, Any] | None:
        """Return what a live code stands for, and use it up; None for any other."""
        found = self._state.get(CODES, code)
        if found is None:
            return None
        # Used up even when it has expired: a code that was shown once is never good again.
        self._state.delete(CODES, code)
        return found if float(found["expires_at"]) > self._sandbox.clock.now() else None

    def new_refresh(
        self, client_id: str, user_id: str, scopes: Iterable[str], *, is_counted: bool = True
    ) -> dict[str, Any]:
        """Return a new refresh token's record; the oldest beyond the limit is deleted.

        Raises:
            ThrottledError: too many in ten minutes for one user and client.
        """
        owner = f"{client_id}/{user_id}"
        if is_counted:
            self._count(f"refresh/{owner}", "oauth.refresh_tokens_per_window")
        record: dict[str, Any] = {
            "token": "1000.sandbox-refresh-" + self._sandbox.secret_text("refresh"),
            "id": f"r{self._state.number('sandbox/refresh')}",
            "client_id": client_id,
            "user_id": user_id,
            "scopes": list(scopes),
        }
        self._state.put(REFRESH, record["token"], record, parent=owner)
        most = self._sandbox.settings["oauth.refresh_tokens"]
        tokens = self._state.ids(REFRESH, parent=owner)
        for oldest in tokens[: max(len(tokens) - most, 0)]:
            self._forget_refresh(oldest)
        return record

    def new_access(self, refresh: dict[str, Any], *, is_counted: bool = True) -> dict[str, Any]:
        """Return a new access token's record; the oldest live one beyond the limit dies.

        Args:
            refresh: A refresh token's record, or the same without ``id`` and ``token``
                for an access token that cannot be refreshed.

        Raises:
            ThrottledError: ten in ten minutes for one refresh token.
        """
        refresh_id = refresh.get("id", "")
        if refresh_id and is_counted:
            self._count(f"access/{refresh_id}", "oauth.access_tokens_per_window")
        now = self._sandbox.clock.now()
        record = {
            "token": "1000.sandbox-access-" + self._sandbox.secret_text("access"),
            "id": f"a{self._state.number('sandbox/access')}",
            "refresh_id": refresh_id,
            "client_id": refresh["client_id"],
            "user_id": refresh["user_id"],
            "scopes": refresh["scopes"],
            "issued_at": now,
            "expires_at": now + self._sandbox.settings["oauth.access_life_s"],
            "is_revoked": False,
        }
        self._state.put(ACCESS, record["token"], record, parent=refresh_id)
        if refresh_id:
            self._kill_surplus(refresh_id)
        return record

    # -- asking ----------------------------------------------------------------

    def refresh_record(self, token: str) -> dict[str, Any] | None:
        """Return a refresh token's record, or None when it is unknown or revoked."""
        return self._state.get(REFRESH, token)

    def check(self, token: str) -> Grant | str:
        """Return who an access token stands for, or why it is refused."""
        if looks_real(token):
            return "real"
        found = self._state.get(ACCESS, token)
        if found is None:
            return "invalid"
        if found["is_revoked"]:
            return "revoked"
        if float(found["expires_at"]) <= self._sandbox.clock.now():
            return "expired"
        user = self._state.get("sandbox/users", found["user_id"])
        return "invalid" if user is None else _grant(found, user)

    # -- ending ----------------------------------------------------------------

    def revoke(self, token: str) -> bool:
        """Revoke a refresh token with its access tokens, or one access token."""
        return self._forget_refresh(token) or self._revoke_access(token)

    def expire(self, token: str) -> None:
        """Let an access token's life end now."""
        found = self._state.get(ACCESS, token)
        if found is not None:
            found["expires_at"] = self._sandbox.clock.now()
            self._state.put(ACCESS, token, found, parent=found["refresh_id"])

    def expire_all(self) -> int:
        """Let every access token's life end now; return how many there were."""
        tokens = self._state.ids(ACCESS)
        for token in tokens:
            self.expire(token)
        return len(tokens)

    def _forget_refresh(self, token: str) -> bool:
        record = self._state.get(REFRESH, token)
        if record is None:
            return False
        self._state.delete(REFRESH, token)
        # choice: revoking a refresh token ends its access tokens at once.
        for access in self._state.ids(ACCESS, parent=record["id"]):
            self._revoke_access(access)
        return True

    def _revoke_access(self, token: str) -> bool:
        found = self._state.get(ACCESS, token)
        if found is None:
            return False
        self._state.put(ACCESS, token, {**found, "is_revoked": True}, parent=found["refresh_id"])
        return True

    def _kill_surplus(self, refresh_id: str) -> None:
        now = self._sandbox.clock.now()
        alive = []
        for record in self._state.find(ACCESS, parent=refresh_id):
            if float(record["expires_at"]) <= now - _REMEMBERED_FOR_S:
                self._state.delete(ACCESS, record["token"])
            elif not record["is_revoked"] and float(record["expires_at"]) > now:
                alive.append(record["token"])
        most = self._sandbox.settings["oauth.live_access_tokens"]
        for oldest in alive[: max(len(alive) - most, 0)]:
            self._revoke_access(oldest)

    def _count(self, name: str, limit_setting: str) -> None:
        if not self._sandbox.settings["oauth.limits"]:
            return
        now = self._sandbox.clock.now()
        window = self._state.get(_WINDOWS, name) or {"at": []}
        recent = [at for at in window["at"] if float(at) > now - _WINDOW_S]
        if len(recent) >= self._sandbox.settings[limit_setting]:
            raise ThrottledError(name)
        self._state.put(_WINDOWS, name, {"at": [*recent, now]})


def _grant(token: dict[str, Any], user: dict[str, Any]) -> Grant:
    return Grant(
        user_id=user["id"],
        user_name=f"{user['first_name']} {user['last_name']}",
        user_email=user["email"],
        scopes=frozenset(token["scopes"]),
        client_id=token["client_id"],
        organization_ids=tuple(user["organization_ids"]),
        token_id=token["id"],
    )

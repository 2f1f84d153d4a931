"""The ledger: who asked what, how it ended, and which record it changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from zoho_sandbox.core.site import Site

_SECRET_NAMES = {
    "access_token",
    "authtoken",
    "client_secret",
    "code",
    "code_verifier",
    "refresh_token",
    "token",
}
_TRIM_EVERY = 1000


@dataclass(slots=True)
class Entry:
    """One line of the ledger, filled in while the request goes through."""

    method: str
    path: str
    query: str = ""
    product: str = ""
    organization: str = ""
    tenant: str = ""
    user_id: str = ""
    token_id: str = ""
    status: int | None = None
    effects: list[dict[str, Any]] = field(default_factory=list)
    fault: str | None = None

    def as_record(self, now: float) -> dict[str, Any]:
        """Return the entry as it is stored; ``time`` in UTC with milliseconds."""
        moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        return {
            "time": moment.replace("+00:00", "Z"),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "product": self.product,
            "organization": self.organization,
            "tenant": self.tenant,
            "user_id": self.user_id,
            "token_id": self.token_id,
            "status": self.status,
            "effects": self.effects,
            "fault": self.fault,
        }


def record(sandbox: Site, entry: Entry, now: float) -> None:
    """Append an entry; from time to time forget the oldest ones."""
    n = sandbox.state.append_entry(entry.as_record(now))
    if n % _TRIM_EVERY == 0:
        sandbox.state.forget_entries(up_to=n - sandbox.settings["ledger.keep"])


def without_secrets(query_text: str) -> str:
    """Return a query string with the values of OAuth fields replaced."""
    if not query_text:
        return ""
    pairs = parse_qsl(query_text, keep_blank_values=True)
    if not any(name in _SECRET_NAMES for name, _ in pairs):
        return query_text
    return urlencode([(n, "***" if n in _SECRET_NAMES else v) for n, v in pairs], safe="*")

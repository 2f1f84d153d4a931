"""One HTTP request and reply, free of any server's own types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from zoho_sandbox.core.wire import Answer, Query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

BANNER = ("X-Sandbox", "zoho-sandbox")
# Whatever a client has stored here is data when a browser opens it: never sniffed for
# another type, never framed, never run, never kept.
_GUARDS = {
    "x-content-type-options": ("X-Content-Type-Options", "nosniff"),
    "content-security-policy": (
        "Content-Security-Policy",
        "default-src 'none'; frame-ancestors 'none'; sandbox",
    ),
    "cache-control": ("Cache-Control", "no-store"),
}


@dataclass(slots=True)
class Request:
    """A request as it came; ``path`` is still percent-encoded."""

    method: str
    path: str
    query_text: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def query(self) -> Query:
        """The query string, parsed anew on each use."""
        return Query(self.query_text)

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's parts, split first and decoded then; empty ones left out."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether a browser sent this on behalf of another site's page."""
        if self.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return True
        origin = self.headers.get("origin")
        if origin is None:
            return False
        return urlsplit(origin).netloc.lower() != self.headers.get("host", "").lower()


@dataclass(frozen=True, slots=True)
class Wire:
    """How the bytes of a reply misbehave on the socket.

    Args:
        close: Send nothing and hang up.
        reset: Hang up with a TCP reset instead of an orderly end.
        keep_bytes: Announce the whole body but send only so much, then hang up.
        drip_bytes: Send the reply in pieces of so many bytes, ``drip_every_s`` apart.
        raw: Send exactly this instead of an HTTP reply, then hang up.
    """

    close: bool = False
    reset: bool = False
    keep_bytes: int | None = None
    drip_bytes: int = 0
    drip_every_s: float = 0.0
    raw: bytes | None = None


@dataclass(slots=True)
class Reply:
    """A reply ready to be sent."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    after: Callable[[], Awaitable[None]] | None = None
    wire: Wire | None = None

    def guard(self) -> None:
        """Add the headers that keep a browser from making more of the reply than it is."""
        named = {name.lower() for name, _ in self.headers}
        self.headers += [header for name, header in _GUARDS.items() if name not in named]

    @classmethod
    def of(cls, answer: Answer) -> Reply:
        """Return the reply that carries an answer, banner included."""
        body = answer.payload()
        headers = [BANNER, *answer.headers]
        if body or answer.status not in (204, 304):
            headers.append(("Content-Type", answer.content_type))
        return cls(answer.status, headers, body, answer.after)

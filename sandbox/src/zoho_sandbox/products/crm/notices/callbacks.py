"""Posting to addresses that clients name: on this machine only, and never twice."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zoho_sandbox.core.jsontext import dump_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.model.answers import Json

KIND = "crm/callbacks"
# Of a whole post: a receiver that answers byte by byte never falls silent.
_TIMEOUT_S = 5.0
# choice: one attempt; nothing is published about repetitions.


@dataclass(frozen=True, slots=True)
class Post:
    """One callback to deliver; ``about`` says what for, in the record of deliveries."""

    url: str
    body: Json
    about: str


def is_url(url: Any, *, most: int = 255) -> bool:
    """Say whether a text is an address that callbacks may name."""
    if not isinstance(url, str) or len(url) > most:
        return False
    try:
        place = urlsplit(url)
        return place.scheme in ("http", "https") and bool(place.hostname)
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Say whether an address lies on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def delivery(state: State, posts: Sequence[Post]) -> Callable[[], Awaitable[None]] | None:
    """Return what delivers the posts once the reply is sent, None when there are none."""
    if not posts:
        return None

    async def deliver() -> None:
        await asyncio.gather(*(_deliver(state, post) for post in posts))

    return deliver


async def _deliver(state: State, post: Post) -> None:
    outcome = await _send(post) if is_loopback(post.url) else "not sent: not on this machine"
    with state.transaction():
        n = state.number("crm/callback")
        told = {"n": n, "url": post.url, "about": post.about, "outcome": outcome, "body": post.body}
        state.put(KIND, str(n), told)


async def _send(post: Post) -> str:
    import httpx  # noqa: PLC0415 - only a sandbox that calls back pays for the import

    headers = {"Content-Type": "application/json", "X-Sandbox": "zoho-sandbox"}
    # Reading the certificates of the world takes a moment, in which nobody else is answered.
    needs_certificates = urlsplit(post.url).scheme == "https"
    try:
        async with (
            asyncio.timeout(_TIMEOUT_S),
            httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False, verify=needs_certificates) as client,
        ):
            reply = await client.post(post.url, content=dump_json(post.body), headers=headers)
    except (httpx.HTTPError, TimeoutError) as problem:
        return f"failed: {type(problem).__name__}"
    return str(reply.status_code)

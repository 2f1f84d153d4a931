"""Transports that are given: any of httpx's, used as they are. The only module that imports httpx.

Nothing is known of their connections: whether a request has left this machine is read
from the class of the error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import httpx

from connector_runtime.messages import Failure
from connector_runtime.transport import lines
from connector_runtime.transport.intake import ReplyError
from connector_runtime.values import Certainty

if TYPE_CHECKING:
    from connector_runtime.messages import Outgoing
    from connector_runtime.transport.envelope import Address

CAUGHT: tuple[type[Exception], ...] = (
    *lines.CAUGHT,
    httpx.TransportError,
    httpx.StreamError,
    httpx.InvalidURL,
)
_INVALID = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL)
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class _Stream(lines.Upload, httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body as httpx wants it."""


def request_of(
    outgoing: Outgoing, address: Address, headers: list[tuple[str, str]], timeout_s: float
) -> httpx.Request:
    """Return the request as a transport takes it, without a client in between."""
    timeout = {"connect": timeout_s, "read": timeout_s, "write": timeout_s, "pool": timeout_s}
    return httpx.Request(
        outgoing.method,
        _url(address),
        headers=headers,
        stream=_Stream(outgoing.body),
        extensions={"timeout": timeout},
    )


@lru_cache(maxsize=64)
def _url(address: Address) -> httpx.URL:
    """Return httpx's URL; parsing costs more than all our checks, and addresses repeat."""
    url = httpx.URL(
        scheme=address.scheme, host=address.host, port=address.port, raw_path=address.target.encode("ascii")
    )
    if url.raw_path != address.target.encode("ascii") or url.host != address.host:
        raise ReplyError("config", "The address of the request is not valid.")
    return url


def failure_of(error: Exception, host: str) -> Failure:
    """Return what an error of a transport means, in words without addresses or secrets.

    Args:
        error: What was raised; its own text is not used.
        host: Host name for the message.
    """
    # The aiohttp transport calls every lost connection a ConnectTimeout, and repeats some requests itself.
    is_aiohttps = type(error.__cause__).__module__.startswith("aiohttp.")
    is_unsent = isinstance(error, _NOT_SENT) and not is_aiohttps
    certainty = Certainty.NOT_SENT if is_unsent else Certainty.UNKNOWN
    if isinstance(error, httpx.TimeoutException) and not (
        is_aiohttps and isinstance(error, httpx.ConnectTimeout)
    ):
        error = TimeoutError()
    elif isinstance(error, _INVALID):
        return Failure(certainty, "config", f"The request to {host} is not valid HTTP.")
    elif isinstance(error, httpx.RemoteProtocolError) and not lines.is_cut(error):
        return Failure(certainty, "contract", f"What {host} sent is not HTTP.")
    return lines.failure_of(error, certainty, host, None)

"""One connection for an event loop; see `lines`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import httpcore
import httpx

from connector_runtime.transport.async_network import AsyncNetwork
from connector_runtime.transport.lines import OneConnection

if TYPE_CHECKING:
    import ssl


class AsyncLine(httpx.AsyncHTTPTransport):
    """An httpx transport with one connection, for an event loop."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.network = AsyncNetwork()
        self.idle_at = 0.0
        self._one = OneConnection(httpcore.AsyncHTTPConnection, self.network, context)
        self._pool = cast("httpcore.AsyncConnectionPool", self._one)

    def is_reusable(self) -> bool:
        """Return whether the connection is open, idle, and holds nothing unread."""
        return self._one.is_reusable() and not self.network.traffic.broke

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        self.network.close()

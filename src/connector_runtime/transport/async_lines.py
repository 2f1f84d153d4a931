"""One connection for an event loop; see `lines`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore
import httpx

from connector_runtime.transport.async_network import AsyncNetwork
from connector_runtime.transport.lines import Line

if TYPE_CHECKING:
    import ssl


class AsyncLine(Line, httpx.AsyncHTTPTransport):
    """An httpx transport with one connection, for an event loop."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(httpcore.AsyncHTTPConnection, AsyncNetwork(), context)
        self.exchange = self._pool.handle_async_request

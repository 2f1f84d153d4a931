"""One connection for an event loop; see `lines`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore

from connector_runtime.transport.async_network import AsyncNetwork
from connector_runtime.transport.lines import Line

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable


class AsyncLine(Line):
    """One connection, for an event loop."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(AsyncNetwork(), context)

    def exchange(self, request: httpcore.Request) -> Awaitable[httpcore.Response]:
        connection = self._connection_for(request, httpcore.AsyncHTTPConnection)
        answer: Awaitable[httpcore.Response] = connection.handle_async_request(request)
        return answer

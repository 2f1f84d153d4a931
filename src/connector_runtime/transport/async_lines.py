"""One connection for an event loop; see `lines`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11

from connector_runtime.transport.async_network import AsyncNetwork
from connector_runtime.transport.lines import READ_BYTES, Line

if TYPE_CHECKING:
    import ssl

    from connector_runtime.messages import Outgoing
    from connector_runtime.transport.envelope import Address


class AsyncLine(Line):
    """One connection, for an event loop."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(AsyncNetwork(), context)

    async def begin(
        self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str]]
    ) -> h11.Response:
        """Send a request; return the head of its reply; raises as `SyncLine.begin`."""
        stream = self._stream
        if not self._is_open():
            self.network.close()
            stream = self._started(await self.network.connect(address.host, address.tcp_port, self._context))
        for piece in self._pieces(outgoing, address, headers):
            await stream.write(piece)
        while type(event := await self._next()) is not h11.Response:
            pass
        return event

    async def read(self) -> bytes | None:
        """Return some more of the reply's content, None after its end; raises as `begin`."""
        event = await self._next()
        return bytes(event.data) if type(event) is h11.Data else None

    async def _next(self) -> Any:
        messages = self._messages
        while (event := messages.next_event()) is h11.NEED_DATA:
            messages.receive_data(await self._stream.read(READ_BYTES))
        return event

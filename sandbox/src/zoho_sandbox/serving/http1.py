"""HTTP/1.1 on plain asyncio: h11 reads it, and replies are written close enough to the socket to break it.

A general server hides the transport; here a planted fault must really cut, stall or
garble the bytes.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from zoho_sandbox.core.exchange import BANNER, Reply, Request, Wire
from zoho_sandbox.serving.reading import MalformedError, Reading

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from zoho_sandbox.serving.gateway import Exchange, Gateway

# Requests that wait for the one before them; what is more waits in the sender.
_AHEAD_BYTES = 64 * 1024
_GZIP_FROM_BYTES = 1024
# How long a refused client may go on sending.
_REFUSAL_S = 5.0
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """One client connection; requests on it are answered one after the other."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._buffer = bytearray()
        self._reading: Reading | None = None
        self._is_told_to_go_on = False
        self._busy = False
        self._is_unheard = False
        self._keeps_alive = True
        self._is_refusing = False
        self._transport: asyncio.Transport
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport; replies are small and wanted at once."""
        self._transport = cast("asyncio.Transport", transport)
        self._gateway.connections.add(self._transport)
        socket_ = transport.get_extra_info("socket")
        socket_.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget the transport; what is in process goes on, as at a real server."""
        self._gateway.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Collect bytes and answer every complete request."""
        if self._is_refusing:
            return
        self._buffer += data
        self._proceed()

    def pause_writing(self) -> None:
        """Answer no more while the client does not read what it is sent."""
        self._is_unheard = True

    def resume_writing(self) -> None:
        """Go on with what the client has asked meanwhile."""
        self._is_unheard = False
        self._proceed()

    @property
    def _waits(self) -> bool:
        return self._busy or self._is_unheard

    def _proceed(self) -> None:
        try:
            while not self._waits and not self._transport.is_closing():
                request = self._next_request()
                if request is None:
                    break
                self._answer(request)
        except MalformedError as problem:
            self._refuse(problem)
        self._read_on()

    def _read_on(self) -> None:
        """Read from the client, or leave in its hands what it sends ahead of its turn."""
        if self._transport.is_closing():
            return
        is_ahead = self._waits and not self._is_refusing and len(self._buffer) > _AHEAD_BYTES
        if is_ahead and self._transport.is_reading():
            self._transport.pause_reading()
        elif not is_ahead and not self._transport.is_reading():
            self._transport.resume_reading()

    def _refuse(self, problem: MalformedError) -> None:
        body = f'{{"error":"{problem}"}}'.encode()
        reply = Reply(problem.status, [BANNER, ("Content-Type", "application/json")], body)
        reply.guard()
        # Closing on a client that still sends would reset the line and take the reply
        # with it: say no, end our half, and let the rest of its bytes run dry.
        self._keeps_alive, self._is_refusing = False, True
        self._buffer.clear()
        self._transport.write(self._bytes_of(reply))
        self._transport.write_eof()
        asyncio.get_running_loop().call_later(_REFUSAL_S, self._transport.close)

    # -- reading ---------------------------------------------------------------

    def _next_request(self) -> Request | None:
        if not self._buffer:
            return None
        reading = self._reading = self._reading or Reading(self._gateway.max_body_bytes)
        request = reading.take(self._buffer)
        if request is not None:
            self._reading, self._keeps_alive, self._is_told_to_go_on = None, reading.keeps_alive, False
        elif reading.waits_to_go_on and not self._is_told_to_go_on:
            self._is_told_to_go_on = True
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return request

    # -- answering -------------------------------------------------------------

    def _answer(self, request: Request) -> None:
        exchange = self._gateway.arrive(request)
        if not exchange.waits:
            self._send(self._gateway.answer(exchange), exchange)
            return
        self._busy = True
        self._start(self._answer_slowly(exchange))

    async def _answer_slowly(self, exchange: Exchange) -> None:
        await asyncio.sleep(exchange.wait_before_s)
        reply = self._gateway.answer(exchange)
        await asyncio.sleep(exchange.wait_after_s)
        self._busy = False
        self._send(reply, exchange)
        if not self._busy:
            self._proceed()

    def _send(self, reply: Reply, exchange: Exchange | None = None) -> None:
        if exchange is not None:
            self._gateway.leave(exchange)
        is_head = exchange is not None and exchange.request.method == "HEAD"
        if reply.wire is not None:
            self._busy = True
            self._start(self._misbehave(reply, reply.wire, is_head))
        elif not self._transport.is_closing():
            if exchange is not None and self._gateway.compresses:
                _compress(reply, exchange.request)
            self._transport.write(self._bytes_of(reply, is_head))
            if not self._keeps_alive:
                self._transport.close()
        if reply.after is not None:
            self._start(_awaited(reply.after()))

    def _bytes_of(self, reply: Reply, is_head: bool = False) -> bytes:
        status = reply.status
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}", f"Date: {self._gateway.date()}"]
        for name, value in reply.headers:
            lines.append(f"{name}: {value}")
        has_body = status not in (204, 304) and status >= 200
        if has_body:
            lines.append(f"Content-Length: {len(reply.body)}")
        if not self._keeps_alive:
            lines.append("Connection: close")
        head = "\r\n".join([_one_line(line) for line in lines]).encode() + b"\r\n\r\n"
        return head + reply.body if has_body and not is_head else head

    async def _misbehave(self, reply: Reply, wire: Wire, is_head: bool) -> None:
        data = self._bytes_of(reply, is_head)
        if wire.raw is not None:
            data = wire.raw
        elif wire.keep_bytes is not None:
            data = data[: len(data) - max(len(reply.body) - wire.keep_bytes, 0)]
        elif wire.close:
            data = b""
        if wire.drip_bytes:
            await self._drip(data, wire)
        else:
            self._transport.write(data)
        if wire.drip_bytes and not wire.reset and self._keeps_alive:
            self._busy = False
            self._proceed()
        else:
            self._hang_up(wire)

    async def _drip(self, data: bytes, wire: Wire) -> None:
        for start in range(0, len(data), wire.drip_bytes):
            if self._transport.is_closing():
                return
            self._transport.write(data[start : start + wire.drip_bytes])
            await asyncio.sleep(wire.drip_every_s)

    def _hang_up(self, wire: Wire) -> None:
        if wire.reset:
            # Lingering for zero seconds makes the kernel send RST instead of FIN.
            linger = struct.pack("ii", 1, 0)
            socket_ = self._transport.get_extra_info("socket")
            socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        else:
            self._transport.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def _compress(reply: Reply, request: Request) -> None:
    accepts = "gzip" in request.headers.get("accept-encoding", "")
    if accepts and len(reply.body) >= _GZIP_FROM_BYTES:
        reply.body = gzip.compress(reply.body, compresslevel=1, mtime=0)
        reply.headers.append(("Content-Encoding", "gzip"))


async def _awaited(work: Any) -> None:
    await work

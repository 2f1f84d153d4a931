"""The sandbox as an ASGI application, for clients that need no socket.

A planted fault of the line (drop, truncate, raw) raises ConnectionResetError here: there
is no line to cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.exchange import Reply, Request

if TYPE_CHECKING:
    from zoho_sandbox.serving.gateway import Gateway

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AsgiApp:
    """An ASGI 3 application over a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or follow a server's start and stop."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        request = _request(scope, await _body(receive))
        exchange = self._gateway.arrive(request)
        await asyncio.sleep(exchange.wait_before_s)
        reply = self._gateway.answer(exchange)
        await asyncio.sleep(exchange.wait_after_s)
        self._gateway.leave(exchange)
        await self._send(reply, send)
        if reply.after is not None:
            await reply.after()

    async def _send(self, reply: Reply, send: Send) -> None:
        wire = reply.wire
        if wire is not None and not wire.drip_bytes:
            raise ConnectionResetError("the sandbox cut the line, as planted")
        headers = [("date", self._gateway.date()), *reply.headers]
        if reply.status not in (204, 304):
            headers.append(("content-length", str(len(reply.body))))
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        size = wire.drip_bytes if wire else max(len(reply.body), 1)
        for start in range(0, len(reply.body), size):
            piece = reply.body[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(wire.drip_every_s if wire else 0)
        await send({"type": "http.response.body", "body": b""})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        phase = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{phase}.complete"})
        if phase == "shutdown":
            return


async def _body(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


def _request(scope: MutableMapping[str, Any], body: bytes) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    raw_path = scope.get("raw_path") or scope["path"].encode()
    path = raw_path.decode("latin-1").partition("?")[0]
    query_text = scope["query_string"].decode("latin-1")
    return Request(scope["method"].upper(), path, query_text, headers, body)

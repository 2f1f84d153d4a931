"""The transport of the extra `speed`, given to a sender: the same rules hold."""

from __future__ import annotations

import asyncio

import httpx_aiohttp
import pytest

from connector_runtime.base.bodies import BytesBody
from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.transport.async_transport import AsyncSender

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}"
MOVED = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"


async def sent(answer: bytes | None, *, timeout_s: float = 10.0) -> tuple[Reply | Failure, list[bytes]]:
    """Send a create to a server with one answer; None is a server that never answers."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            heads.append(await reader.readexactly(2))
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    outgoing = Outgoing("POST", f"{host}/items?a=%20b", (), BytesBody(b"{}", "application/json"))
    async with server, httpx_aiohttp.AiohttpTransport() as transport:
        sender = AsyncSender({host}, loopback=True, transport=transport)
        return await sender.send(outgoing, timeout_s=timeout_s), heads


def test_a_create_goes_out_as_it_was_written():
    """Target, length and body arrive unchanged."""
    reply, (head, body) = asyncio.run(sent(CREATED))

    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (201, b"{}")
    assert head.startswith(b"POST /items?a=%20b HTTP/1.1\r\n")
    assert b"content-length: 2" in head.lower()
    assert body == b"{}"


def test_a_redirect_is_not_followed():
    """It is a reply like any other."""
    reply, _ = asyncio.run(sent(MOVED))

    assert isinstance(reply, Reply)
    assert reply.status == 307


@pytest.mark.parametrize(
    ("answer", "kind", "timeout_s"),
    [(SHORT, "network", 10.0), (b"", "network", 10.0), (None, "timeout", 0.2)],
)
def test_what_may_have_arrived_is_not_known(answer, kind, timeout_s):
    """A reply that is cut, missing or late leaves it open whether the create happened."""
    failure, _ = asyncio.run(sent(answer, timeout_s=timeout_s))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == (kind, Certainty.UNKNOWN)


def test_a_refused_connection_is_not_trusted_to_have_sent_nothing():
    """The transport has one word for a refused and for a broken connection, so the safe meaning holds."""

    async def refused() -> Reply | Failure:
        async with httpx_aiohttp.AiohttpTransport() as transport:
            sender = AsyncSender({"http://127.0.0.1:1"}, loopback=True, transport=transport)
            return await sender.send(Outgoing("GET", "http://127.0.0.1:1/"), timeout_s=10.0)

    failure = asyncio.run(refused())

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.UNKNOWN)

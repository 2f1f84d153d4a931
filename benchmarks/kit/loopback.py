"""A server in a process of its own that answers every request alike, as fast as Python can."""

from __future__ import annotations

import asyncio
import multiprocessing
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection


class _Answers(asyncio.Protocol):
    """Reads a request by its Content-Length and writes the one answer."""

    def __init__(self, answer: bytes, delay_s: float) -> None:
        self._answer = answer
        self._delay_s = delay_s
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            if self._delay_s:
                asyncio.get_running_loop().call_later(self._delay_s, self._transport.write, self._answer)
            else:
                self._transport.write(self._answer)


def _serve(pipe: Connection, status: int, body: bytes, delay_s: float) -> None:
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Answers(head.encode() + body, delay_s), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def answering(body: bytes, *, status: int = 200, delay_s: float = 0.0) -> Iterator[int]:
    """Serve one answer on loopback; gives the port."""
    with _process(_serve, status, body, delay_s) as port:
        yield port


@contextmanager
def _process(serve: Any, *arguments: Any) -> Iterator[int]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, *arguments), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


class _Stream(asyncio.Protocol):
    """Takes whatever is sent, and answers a GET with so many zeros, a POST with a little JSON."""

    _DONE = b'{"data": [{"code": "SUCCESS", "status": "success", "details": {"id": "1"}}]}'

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._head = b""
        self._left_bytes = 0
        self._can_write = asyncio.Event()
        self._can_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    def pause_writing(self) -> None:
        self._can_write.clear()

    def resume_writing(self) -> None:
        self._can_write.set()

    def data_received(self, data: bytes) -> None:
        if self._left_bytes:
            self._take(len(data))
            return
        self._head += data
        head, separator, rest = self._head.partition(b"\r\n\r\n")
        if not separator:
            return
        self._head = b""
        lines = head.lower().split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        if head.startswith(b"GET"):
            self._task = asyncio.get_running_loop().create_task(self._give())
            return
        self._left_bytes = lengths[0] if lengths else 0
        self._take(len(rest))

    def _take(self, count: int) -> None:
        self._left_bytes -= count
        if self._left_bytes == 0:
            head = f"Content-Type: application/json\r\nContent-Length: {len(self._DONE)}\r\n\r\n"
            self._transport.write(b"HTTP/1.1 200 OK\r\n" + head.encode() + self._DONE)

    async def _give(self) -> None:
        self._transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {self._size_bytes}\r\n\r\n".encode())
        piece = bytes(2**20)
        for _ in range(self._size_bytes // len(piece)):
            await self._can_write.wait()
            self._transport.write(piece)


def _serve_streams(pipe: Connection, size_bytes: int) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Stream(size_bytes), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def streaming(size_bytes: int) -> Iterator[int]:
    """Take any upload, and give `size_bytes` to every GET; gives the port."""
    with _process(_serve_streams, size_bytes) as port:
        yield port

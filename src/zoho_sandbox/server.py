"""Serving a sandbox on a loopback address."""

from __future__ import annotations

import asyncio
import ipaddress
import json as jsonlib
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoho_sandbox.http1 import Connection
from zoho_sandbox.sandbox import Sandbox


def loopback_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket on a loopback address.

    Raises:
        ValueError: any other address: the sandbox is for this machine alone.
    """
    host = "127.0.0.1" if host == "localhost" else host
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(f"the sandbox binds to loopback addresses only, not to {host!r}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address under which a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve_until(sandbox: Sandbox, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answer requests until ``stop`` is set, then cut what is still open."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(sandbox.gateway), sock=listener)
    try:
        await stop.wait()
    finally:
        server.close()
        for transport in list(sandbox.gateway.connections):
            transport.abort()


@contextmanager
def running(sandbox: Sandbox, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve a sandbox from a background thread; yield its URL."""
    listener = loopback_socket(host, port)
    sandbox.base_url = url_of(listener)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve_until(sandbox, listener, stop))

    thread = threading.Thread(target=work, name="zoho-sandbox", daemon=True)
    thread.start()
    try:
        yield sandbox.base_url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def serve(
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    path: str | Path = ":memory:",
    json: bool = False,
    fresh: bool = False,
    **options: Any,
) -> None:
    """Serve a sandbox until interrupted or terminated.

    Args:
        port: 0 takes any free one.
        path: SQLite file that keeps the state.
        json: Print one line of JSON with ``url``, ``accountsUrl`` and ``connection``
            for a program, instead of words for a person.
        fresh: Empty a kept state first.
        options: ``seed``, ``settings``, ``clock``, ``random_seed`` of :class:`Sandbox`.

    Raises:
        ValueError: ``host`` is no loopback address.
        OSError: the port is taken.
    """
    listener = loopback_socket(host, port)
    sandbox = Sandbox(path, **options)
    sandbox.base_url = url_of(listener)
    if fresh:
        sandbox.reset()
    print(_announcement(sandbox, as_json=json), flush=True)
    try:
        asyncio.run(_serve_until_signal(sandbox, listener))
    finally:
        sandbox.close()


def _announcement(sandbox: Sandbox, *, as_json: bool) -> str:
    if as_json:
        places = {"url": sandbox.base_url, "accountsUrl": sandbox.base_url}
        return jsonlib.dumps({**places, "connection": sandbox.connection()})
    return f"Zoho sandbox at {sandbox.base_url}/ (Ctrl-C stops it)"


async def _serve_until_signal(sandbox: Sandbox, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop.set))
    else:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
    await serve_until(sandbox, listener, stop)

"""Serving a sandbox on a loopback address."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zoho_sandbox.serving.http1 import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoho_sandbox.core.site import Site
    from zoho_sandbox.serving.gateway import Gateway


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


async def serve_until(gateway: Gateway, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answer requests until ``stop`` is set, then cut what is still open."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(gateway), sock=listener)
    try:
        await stop.wait()
    finally:
        server.close()
        for transport in list(gateway.connections):
            transport.abort()


@contextmanager
def running(site: Site, gateway: Gateway, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve from a background thread; yield the URL, which is the site's from then on."""
    listener = loopback_socket(host, port)
    site.base_url = url_of(listener)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve_until(gateway, listener, stop))

    thread = threading.Thread(target=work, name="zoho-sandbox", daemon=True)
    thread.start()
    try:
        yield site.base_url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()

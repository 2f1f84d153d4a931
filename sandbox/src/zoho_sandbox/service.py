"""A sandbox as a process of its own: announces itself, serves, stops on a signal."""

from __future__ import annotations

import asyncio
import json as jsonlib
import signal
import sys
from typing import TYPE_CHECKING, Any

from zoho_sandbox.sandbox import Sandbox
from zoho_sandbox.serving.server import loopback_socket, serve_until, url_of

if TYPE_CHECKING:
    import socket
    from pathlib import Path


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
        OSError: the port is taken, or the announcement cannot be printed.
    """
    listener = loopback_socket(host, port)
    try:
        sandbox = Sandbox(path, fresh=fresh, **options)
    except BaseException:
        listener.close()
        raise
    sandbox.base_url = url_of(listener)
    try:
        sys.stdout.write(_announcement(sandbox, as_json=json) + "\n")
        sys.stdout.flush()
        asyncio.run(_serve_until_signal(sandbox, listener))
    finally:
        listener.close()
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
    await serve_until(sandbox.gateway, listener, stop)

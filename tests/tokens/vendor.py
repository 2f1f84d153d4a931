"""A vendor of many tenants on loopback: it echoes who called, and gives out tokens and cookies freely."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


class Vendor:
    """Grants are called `grant-N` after their tenant, tokens `token-N.M`; M counts, and only the newest is good.

    Attributes:
        crossings: Requests that carried anything of another tenant's.
        calls, renewals: What was asked, by tenant.
        life: How many calls a token lasts.
    """

    def __init__(self, life: int = 7) -> None:
        self.port = 0
        self.life = life
        self.crossings: list[str] = []
        self.calls: dict[str, int] = {}
        self.renewals: dict[str, int] = {}
        self._used: dict[str, int] = {}

    def connection(self, tenant: int, name: str | None = None) -> dict[str, Any]:
        """Return a tenant's connection; its token has died already."""
        number = f"{tenant:04d}"
        return {
            "key": "localLogin",
            **({"name": name} if name else {}),
            "fields": {
                "port": self.port,
                "branch": number,
                "clientId": "app",
                "clientSecret": f"secret-{number}",
            },
            "token": {
                "access_token": f"token-{number}.0",
                "refresh_token": f"grant-{number}",
                "member": number,
            },
        }

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Answer a request; returns status and JSON."""
        if method == "POST":
            form = dict(parse_qsl(body.decode()))
            number = form["refresh_token"].removeprefix("grant-")
            if form["client_secret"] != f"secret-{number}" or "cookie" in headers:
                self.crossings.append(target)
            self.renewals[number] = self.renewals.get(number, 0) + 1
            self._used[number] = 0
            return 200, {"access_token": f"token-{number}.{self.renewals[number]}"}
        number, _, count = headers["authorization"].removeprefix("Bearer token-").partition(".")
        branch = parse_qs(urlsplit(target).query)["branch"][0]
        pet = urlsplit(target).path.rpartition("/")[2]
        if {number, branch, headers["x-member"], pet.removeprefix("p-")} != {number} or "cookie" in headers:
            self.crossings.append(f"{target} {sorted(headers)}")
        if int(count) != self.renewals.get(number, 0) or self._used.get(number, self.life) >= self.life:
            return 401, {"ok": False, "error": {"code": "stranger"}}
        self._used[number] += 1
        self.calls[number] = self.calls.get(number, 0) + 1
        return 200, {"ok": True, "pet": {"id": pet, "token": number}}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, said = self.answer(method, target, headers, body)
                content = json.dumps(said).encode()
                cookie = f"session={headers.get('authorization', 'nobody')[-11:]}"
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nSet-Cookie: {cookie}\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@contextmanager
def serving(vendor: Vendor) -> Iterator[Vendor]:
    """Serve on a free port of loopback, in a thread."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    loop.set_debug(False)  # nothing of it is under test

    async def serve() -> None:
        server = await asyncio.start_server(vendor._serve, "127.0.0.1", 0)
        vendor.port = server.sockets[0].getsockname()[1]
        ready.set()
        await done.wait()
        server.close()

    async def main() -> None:
        nonlocal done
        done = asyncio.Event()
        await serve()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    done: Any = None
    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield vendor
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()

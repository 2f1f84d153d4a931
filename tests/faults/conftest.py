"""A fault server, and both senders behind one face, so that each promise is tested twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.base.messages import Outgoing
from connector_runtime.base.saved_files import FileDraft
from connector_runtime.transport import wires
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.sync_transport import SyncSender
from connector_runtime.transport.wires import has_fast, load_fast, load_httpx
from faults.faultserver import FaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector_runtime.base.messages import Failure, Reply

PATIENCE_S = 10.0
# Every wire that is installed, in threads and in an event loop; `dev.py` installs all.
NAMES = tuple(name for name in wires.NAMES if name == "httpx" or has_fast())
WIRES = tuple(f"{kind} {name}" for name in NAMES for kind in ("sync", "async"))
# Loading what opens connections takes longer than the shortest call that a test allows.
load_httpx()
if has_fast():
    load_fast()


class Caller:
    """Sends to one origin, through the sync or the async sender, over one of `WIRES` or what is installed.

    Attributes:
        kind: `sync` or `async`.
        wire: `fast`, `httpx`, or None.
    """

    def __init__(self, kind: str, origin: str, **options: Any) -> None:
        kind, _, wire = kind.partition(" ")
        if wire:
            options.setdefault("transport", wire)
        self.kind = kind
        self.wire = wire or None
        self.origin = origin
        options = {"loopback": True, **options}
        make = SyncSender if kind == "sync" else AsyncSender
        self._sender: Any = make(frozenset({origin}), **options)
        self._runner = asyncio.Runner() if kind == "async" else None

    def send(self, outgoing: Outgoing, timeout_s: float = PATIENCE_S, **how: Any) -> Reply | Failure:
        """Send a request as it is."""
        if self._runner is None:
            return self._sender.send(outgoing, timeout_s=timeout_s, **how)
        return self._runner.run(self._sender.send(outgoing, timeout_s=timeout_s, **how))

    def get(self, path: str = "/things", **how: Any) -> Reply | Failure:
        """Read something."""
        return self.send(Outgoing("GET", self.origin + path), **how)

    def save(self, target: Path, **how: Any) -> Reply | Failure:
        """Read something into the draft of a file, and put it in the file's place when it is whole."""
        draft = FileDraft(target, judged_bytes=0)
        draft.open()
        try:
            got = self.get(sink=draft, **how)
            if draft.is_whole:
                draft.place()
            return got
        finally:
            draft.discard()

    def close(self) -> None:
        """Close the sender and, for the async one, its event loop."""
        if self._runner is None:
            self._sender.close()
        else:
            self._runner.run(self._sender.aclose())
            self._runner.close()


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    """Give a server that plays scripts."""
    server = FaultServer()
    yield server
    server.close()


@pytest.fixture(params=WIRES)
def caller(request: pytest.FixtureRequest, faults: FaultServer) -> Iterator[Caller]:
    """Give a caller of the fault server."""
    caller = Caller(request.param, faults.origin)
    yield caller
    caller.close()

"""A reply in many small pieces, all of which are there at once: time and others get their turn."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import httpx
import pytest

from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.transport import wire_attempt
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.intake import Intake
from connector_runtime.transport.sync_transport import SyncSender
from faults.conftest import NAMES
from faults.faultserver import head, read_request, send

PIECES = 5_000
RAW = head("Transfer-Encoding: chunked") + b"1\r\nx\r\n" * PIECES + b"0\r\n\r\n"
MOST_PER_TURN = 200


@pytest.mark.plan("S-218")
@pytest.mark.parametrize("wire", [*NAMES, "given"])
def test_an_event_loop_is_not_held_by_pieces(faults, monkeypatch, score, wire):
    """Others run after a bounded number of pieces, although nothing has to be waited for."""
    since, most = 0, 0
    feed = Intake.feed

    def counted(self: Intake, content: bytes) -> None:
        nonlocal since, most
        since += 1
        most = max(most, since)
        feed(self, content)

    monkeypatch.setattr(Intake, "feed", counted)
    faults.play([read_request, send(RAW)])

    async def call() -> object:
        nonlocal since
        given = httpx.AsyncHTTPTransport() if wire == "given" else None
        async with AsyncSender({faults.origin}, loopback=True, transport=given or wire) as sender:
            task = asyncio.create_task(
                sender.send(Outgoing("GET", f"{faults.origin}/x", form="text"), timeout_s=30)
            )
            while not task.done():
                since = 0
                await asyncio.sleep(0)
            if given is not None:
                await given.aclose()
            return await task

    got = asyncio.run(call())

    assert isinstance(got, Reply)
    assert got.size_bytes == PIECES
    assert most <= MOST_PER_TURN
    score("pieces_per_turn", most)


@pytest.mark.plan("S-219")
@pytest.mark.parametrize("wire", NAMES)
def test_the_deadline_is_looked_at_between_pieces(faults, monkeypatch, wire):
    """Pieces that were read in time and are taken too late are given up."""
    taken = 0
    feed = Intake.feed

    def counted(self: Intake, content: bytes) -> None:
        nonlocal taken
        taken += 1
        feed(self, content)

    def now() -> float:
        return time.monotonic() + (3_600.0 if taken >= 100 else 0.0)

    monkeypatch.setattr(Intake, "feed", counted)
    monkeypatch.setattr(wire_attempt, "time", SimpleNamespace(monotonic=now, sleep=time.sleep))
    faults.play([read_request, send(RAW)])

    with SyncSender({faults.origin}, loopback=True, transport=wire) as sender:
        got = sender.send(Outgoing("GET", f"{faults.origin}/x", form="text"), timeout_s=60)

    assert isinstance(got, Failure)
    assert (got.kind, taken) == ("timeout", 100)

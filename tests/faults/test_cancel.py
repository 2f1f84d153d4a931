"""Giving up leaves nothing open; slots are bounded; senders survive their event loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from contextlib import nullcontext

import pytest

from connector_runtime.base.bodies import BytesBody
from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.saved_files import FileDraft
from connector_runtime.base.values import Certainty
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.sync_transport import SyncSender
from connector_runtime.transport.wires import load_fast, load_httpx
from faults.conftest import NAMES
from faults.faultserver import hang, head, read_request, reply, send, serving

FLOWS = {
    "silence": [read_request, hang],
    "a slow head": [read_request, send(b"HTTP/1.1 200 OK\r\n"), hang],
    "a slow body": [read_request, send(head("Content-Length: 9") + b"abc"), hang],
    "a slow chunk": [read_request, send(head("Transfer-Encoding: chunked") + b"5\r\nab"), hang],
    "a whole reply": serving(*[reply(b"x" * 200_000)] * 3),
}


@pytest.mark.plan("S-13")
@pytest.mark.parametrize("saved", [False, True], ids=["in memory", "to a file"])
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("wire", NAMES)
def test_cancelling_at_any_moment_leaves_nothing_open(faults, tmp_path, wire, flow, saved):
    """Whenever a call is cancelled, it ends at once, closes its connection and keeps no file."""

    async def call(turns: int, wait_s: float) -> bool:
        """Cancel after so many turns of the loop; return whether the call had ended by itself."""
        faults.play(FLOWS[flow])
        draft = FileDraft(tmp_path / "report", judged_bytes=0) if saved else None
        if draft is not None:
            draft.open()
        async with AsyncSender({faults.origin}, loopback=True, size=1, transport=wire) as sender:
            upload = Outgoing("POST", f"{faults.origin}/x", body=BytesBody(b"y" * 100_000))
            task = asyncio.create_task(sender.send(upload, timeout_s=10, sink=draft))
            for _ in range(turns):
                await asyncio.sleep(0)
            await asyncio.sleep(wait_s)
            had_ended = task.done()
            task.cancel()
            with nullcontext() if had_ended else pytest.raises(asyncio.CancelledError):
                await task
            assert not sender._slots.locked()
        if draft is not None:
            assert draft.is_whole or not had_ended
            draft.discard()
        return had_ended

    for turns, wait_s in [*((turns, 0) for turns in range(30)), (0, 0.01), (0, 0.05)]:
        asyncio.run(call(turns, wait_s))
        assert faults.is_forsaken()
        assert list(tmp_path.iterdir()) == []


@pytest.mark.plan("S-13")
@pytest.mark.parametrize("wire", NAMES)
def test_a_cancelled_connection_is_not_used_again(faults, wire):
    """The reply that nobody waited for must not become the answer to the next request."""
    release = threading.Event()
    late = [read_request, lambda _: release.wait(5) and None, send(reply(b"late"))]
    faults.play(late, serving(reply(b"mine")))

    async def calls() -> object:
        async with AsyncSender({faults.origin}, loopback=True, transport=wire) as sender:
            get = Outgoing("GET", f"{faults.origin}/x")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await sender.send(get, timeout_s=10)
            release.set()
            return await sender.send(get, timeout_s=10)

    got = asyncio.run(calls())

    assert isinstance(got, Reply)
    assert got.body == b"mine"


@pytest.mark.plan("S-15")
def test_waiting_for_a_free_connection_ends_with_the_deadline(faults, caller):
    """With all connections busy a call waits its time, and knows that it was not sent."""
    faults.play([read_request, hang])
    results = []

    if caller.kind == "sync":
        with SyncSender({faults.origin}, loopback=True, size=2, transport=caller.wire) as sender:
            get = Outgoing("GET", f"{faults.origin}/x")
            threads = [
                threading.Thread(target=lambda: results.append(sender.send(get, timeout_s=2.0)))
                for _ in range(2)
            ]
            for thread in threads:
                thread.start()
            assert faults.wait_for_requests(2)
            waiting = [sender.send(get, timeout_s=0.05) for _ in range(3)]
            for thread in threads:
                thread.join()
    else:

        async def calls() -> list[object]:
            async with AsyncSender({faults.origin}, loopback=True, size=2, transport=caller.wire) as sender:
                get = Outgoing("GET", f"{faults.origin}/x")
                busy = [asyncio.create_task(sender.send(get, timeout_s=2.0)) for _ in range(2)]
                await asyncio.sleep(0)
                refused = await asyncio.gather(*[sender.send(get, timeout_s=0.05) for _ in range(200)])
                results.extend(await asyncio.gather(*busy))
                return refused

        waiting = asyncio.run(calls())

    assert {(item.kind, item.certainty) for item in waiting} == {("timeout", Certainty.NOT_SENT)}
    assert {item.certainty for item in results} == {Certainty.UNKNOWN}
    assert faults.accepted == 2


@pytest.mark.plan("S-15")
@pytest.mark.parametrize("wire", NAMES)
def test_no_more_connections_are_opened_than_there_are_slots(faults, wire):
    """Two hundred calls at once share the few connections there are."""
    faults.play(serving(*[reply()] * 200))

    async def calls() -> list[object]:
        async with AsyncSender({faults.origin}, loopback=True, size=4, transport=wire) as sender:
            get = Outgoing("GET", f"{faults.origin}/x")
            return await asyncio.gather(*[sender.send(get, timeout_s=10) for _ in range(200)])

    results = asyncio.run(calls())

    assert all(isinstance(result, Reply) for result in results)
    assert faults.accepted == 4


@pytest.mark.parametrize("wire", NAMES)
def test_threads_share_a_sender(faults, wire):
    """Calls from many threads never mix: each gets the reply to its own request."""

    def echo(peer):
        while True:
            read_request(peer)
            send(reply(peer.request.split(b" ")[1]))(peer)

    faults.play([echo])
    mixed = []

    with SyncSender({faults.origin}, loopback=True, size=4, transport=wire) as sender:

        def work(name: int) -> None:
            for turn in range(25):
                path = f"/{name}/{turn}"
                got = sender.send(Outgoing("GET", faults.origin + path), timeout_s=10)
                if not isinstance(got, Reply) or got.body != path.encode():
                    mixed.append((path, got))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert mixed == []
    assert faults.accepted <= 4


def test_closing_a_sender_closes_its_connections(faults, caller):
    """After closing nothing is open, and a late call is refused in plain words."""
    faults.play(serving(*[reply()] * 3))
    caller.get()

    if caller.kind == "sync":
        caller._sender.close()
    else:
        caller._runner.run(caller._sender.aclose())
    failure = caller.get()

    assert faults.is_forsaken()
    assert failure == Failure(Certainty.NOT_SENT, "config", "The session is closed.")


@pytest.mark.parametrize("wire", NAMES)
def test_a_sender_can_be_used_from_one_event_loop_after_another(faults, wire):
    """A session that outlives an event loop opens new connections in the next one."""
    faults.play(serving(*[reply()] * 3))

    def runs() -> list[object]:
        sender = AsyncSender({faults.origin}, loopback=True, transport=wire)
        get = Outgoing("GET", f"{faults.origin}/x")
        return [asyncio.run(_awaited(sender, get)) for _ in range(2)]

    with warnings.catch_warnings():
        # Who does not close in a loop leaves it to the interpreter, which says so.
        warnings.simplefilter("ignore", ResourceWarning)
        results = runs()
        gc.collect()

    assert all(isinstance(result, Reply) for result in results)


async def _awaited(sender: AsyncSender, outgoing: Outgoing) -> object:
    return await sender.send(outgoing, timeout_s=10)


@pytest.mark.plan("S-197")
@pytest.mark.parametrize("moment", ["_dressed", "take", "reset", "give"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_closing_at_any_moment_of_a_call_leaves_no_line_open(faults, caller, monkeypatch, moment, side):
    """Whoever closes between the steps of a call, at its begin or its end: no line outlives the session."""
    faults.play(serving(*[reply()] * 3))
    sender = caller._sender
    if moment != "reset":
        caller.get()
    owner = {"take": sender._idle, "give": sender._idle}.get(moment, sender)
    if moment == "reset":
        owner = load_fast().FastLine if caller.wire == "fast" else load_httpx().HttpxLine
    step = getattr(owner, moment)

    def closing(*arguments):
        if side == "before":
            sender._close_idle()
        done = step(*arguments)
        sender._close_idle()
        return done

    monkeypatch.setattr(owner, moment, closing)
    caller.get()
    if caller.kind == "async":
        # The loop closes sockets in its next round.
        caller._runner.run(asyncio.sleep(0))

    assert faults.is_forsaken()

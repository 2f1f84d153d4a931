"""A signal may end a call at any instruction; it leaves nothing locked that the next call needs."""

from __future__ import annotations

import gc
import sys
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.base.messages import Outgoing, Reply
from connector_runtime.transport import resolver as resolving
from connector_runtime.transport.network import Traffic, _resolved
from connector_runtime.transport.resolver import Resolver
from connector_runtime.transport.sync_transport import SyncSender
from faults.conftest import NAMES
from faults.faultserver import read_request, reply, send

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 10.0


def interrupted_at(moment: int, work: Callable[[], object]) -> bool:
    """Do something and interrupt it where Python looks for signals; returns whether it got that far.

    That is when a function begins and when one of C has ended.
    """
    left = moment

    def look(_frame: object, event: str, _what: object) -> None:
        nonlocal left
        if event in ("call", "c_return"):
            left -= 1
            if left == 0:
                sys.setprofile(None)
                raise KeyboardInterrupt

    try:
        sys.setprofile(look)
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


def in_time(work: Callable[[], Any]) -> Any:
    """Return what another thread comes to, or None if it hangs."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return found[0] if found else None


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.plan("S-216")
@pytest.mark.parametrize("wire", NAMES)
def test_an_interrupt_at_any_moment_leaves_the_sender_usable(faults, wire, score):
    """With room for one call, the next one still gets in, wherever the last one was cut off."""

    def answer_all(peer) -> None:
        while True:
            read_request(peer)
            send(reply(b"{}"))(peer)

    faults.play([answer_all])
    get = Outgoing("GET", f"{faults.origin}/x")
    with SyncSender({faults.origin}, loopback=True, size=1, transport=wire) as sender:
        sender.send(get, timeout_s=PATIENCE_S)
        moments = 0
        while interrupted_at(moments + 1, lambda: sender.send(get, timeout_s=PATIENCE_S)):
            moments += 1
            after = in_time(lambda: sender.send(get, timeout_s=PATIENCE_S))
            assert isinstance(after, Reply), f"hangs after an interrupt at moment {moments}"

    # What an interrupt left half made goes here, where nobody minds.
    gc.collect()
    assert moments > 20
    score("interrupted_sends", moments)


@pytest.mark.plan("S-217")
def test_an_interrupt_at_any_moment_leaves_the_resolver_usable(monkeypatch):
    """No thread is lost, none is counted that does not run, and who asks next is answered."""
    monkeypatch.setattr(resolving.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("192.0.2.1", 443))])
    monkeypatch.setattr(resolving, "_resolver", Resolver())

    def ask() -> object:
        traffic = Traffic()
        traffic.begin(time.monotonic() + PATIENCE_S)
        return _resolved("one.example", 443, traffic)

    for moment in count(1):
        if not interrupted_at(moment, ask):
            break
        assert in_time(ask) == [(2, ("192.0.2.1", 443))], f"hangs after an interrupt at moment {moment}"
        resolver, end = resolving._resolver, time.monotonic() + PATIENCE_S
        while (resolver._threads or resolver._open) and time.monotonic() < end:
            time.sleep(0.001)
        assert (resolver._threads, resolver._open) == (0, {}), f"a thread is lost at moment {moment}"

    assert moment > 10

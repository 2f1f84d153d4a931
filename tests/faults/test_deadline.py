"""One deadline bounds an attempt, however slowly a server drips."""

from __future__ import annotations

import socket
import threading

import pytest

from connector_runtime.base.bodies import BytesBody
from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.values import Certainty
from faults.faultserver import drip, hang, head, read_request, reply, send, serving, stall

# What a server says first, and what it goes on saying.
DRIPS = {
    "status line": (b"HTTP/1.1 200 O", b"K"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Slow: y\r\n"),
    "body": (head("Content-Length: 100000"), b"x"),
    "chunks": (head("Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
    "interim replies": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
}
EVERY_S = 0.002
MOST_OVERRUN = 0.1


@pytest.mark.plan("S-01")
@pytest.mark.parametrize("timeout_s", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("position", DRIPS)
def test_a_dripping_server_is_cut_off_at_the_deadline(faults, caller, position, timeout_s, score):
    """A server that never stops dripping ends in a timeout, and its connection is closed a tenth later at most.

    The bytes that drip are the clock. A busy machine may still hold up one call, but not five.
    """
    start, word = DRIPS[position]
    faults.play([read_request, send(reply()), read_request, send(start), drip(word, every_s=EVERY_S)])

    assert any(overrun(faults, caller, len(start), timeout_s) <= MOST_OVERRUN for _ in range(5))
    score("overrun_percent", round(100 * MOST_OVERRUN))


def overrun(faults, caller, start_bytes, timeout_s):
    """Return by what share a call outlives its deadline, its connection being open already."""
    assert isinstance(caller.get(), Reply)
    before = faults.sent_bytes + start_bytes

    failure = caller.get(timeout_s=timeout_s)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("timeout", Certainty.UNKNOWN)
    assert faults.is_forsaken()
    dripped_s = (faults.sent_bytes - before) * EVERY_S
    return dripped_s / timeout_s - 1


@pytest.mark.plan("S-01")
def test_a_server_that_takes_no_body_is_cut_off_at_the_deadline(faults, caller):
    """Writing is bounded as reading is: a server that does not read cannot hold a call."""
    faults.play([stall])
    upload = Outgoing("POST", f"{faults.origin}/files", body=BytesBody(b"x" * 20_000_000))

    failure = caller.send(upload, timeout_s=0.2)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("timeout", Certainty.UNKNOWN)


@pytest.mark.plan("S-01")
def test_the_next_call_after_a_timeout_works(faults, caller):
    """A timeout spoils its own connection only."""
    faults.play([read_request, hang], serving(reply()))

    first = caller.get(timeout_s=0.1)
    second = caller.get()

    assert isinstance(first, Failure)
    assert isinstance(second, Reply)


@pytest.mark.plan("S-16")
def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch, caller):
    """A name that cannot be looked up in time is a timeout, and nothing was sent."""
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(5) and [])
    caller._sender._hosts = frozenset({"https://slow.example"})
    caller._sender._loopback = False

    failure = caller.send(Outgoing("POST", "https://slow.example/things"), timeout_s=0.1)
    answered.set()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("timeout", Certainty.NOT_SENT)


@pytest.mark.plan("S-16")
@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_NODATA])
def test_a_name_that_is_not_found_is_reported_as_not_sent(monkeypatch, caller, number):
    """No address, whatever the resolver's reason: the request was not sent."""

    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "no address")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    caller._sender._hosts = frozenset({"https://nowhere.example"})
    caller._sender._loopback = False

    failure = caller.send(Outgoing("POST", "https://nowhere.example/things"))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.NOT_SENT)
    assert failure.message == "No connection to nowhere.example: the host name was not found."


@pytest.mark.plan("S-16")
def test_a_name_without_any_address_is_reported_as_not_sent(monkeypatch, caller):
    """An empty answer of the resolver is no crash."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    caller._sender._hosts = frozenset({"https://empty.example"})
    caller._sender._loopback = False

    failure = caller.send(Outgoing("POST", "https://empty.example/things"))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.NOT_SENT)


@pytest.mark.plan("S-20")
def test_a_refused_connection_is_reported_as_not_sent(faults, caller):
    """Nobody listens: the request was not sent and the message says so."""
    faults.close()

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.NOT_SENT)
    assert failure.message == "No connection to 127.0.0.1: connection refused."

"""A proxy that is wanted carries the calls through httpx, and what it does is not taken for the vendor's doing."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.errors import ConnectionProblem
from connector_runtime.transport import wires
from connector_runtime.transport.sync_transport import SyncSender
from faults.conftest import Caller
from faults.faultserver import FaultServer, close, hang, read_request, reply, send, serving
from faults.test_tls import server_context, trusting_context

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "k7-kestrel-quartz-proxy"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
KINDS = ["sync httpx", "async httpx"]


@pytest.fixture
def vendor() -> Iterator[FaultServer]:
    """Give a server behind TLS."""
    server = FaultServer(server_context("good"))
    yield server
    server.close()


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    """Give each driver."""
    return request.param


def tunnel(peer) -> None:
    """Take a CONNECT, and pass on bytes both ways from then on."""
    read_request(peer)
    port = int(peer.request.split(b" ")[1].rpartition(b":")[2])
    with socket.create_connection(("127.0.0.1", port)) as beyond:
        send(ESTABLISHED)(peer)
        ends = {peer.channel: beyond, beyond: peer.channel}
        while True:
            for end in select.select(list(ends), [], [], 5)[0]:
                data = end.recv(65_536)
                if not data:
                    close(peer)
                    return
                ends[end].sendall(data)


def through(kind: str, proxy: FaultServer, vendor: FaultServer, **options) -> Caller:
    """Return a caller of the vendor behind a proxy that wants a name and a password."""
    address = f"http://someone:{PASSWORD}@127.0.0.1:{proxy.port}"
    return Caller(kind, vendor.origin, proxy=address, ssl_context=trusting_context(), **options)


@pytest.mark.plan("S-300")
@pytest.mark.plan("S-86")
def test_calls_go_through_the_proxy_and_share_its_tunnel(faults, vendor, kind):
    """Name and password are the proxy's alone, the vendor is verified, and one tunnel carries several calls."""
    faults.play([tunnel])
    vendor.play(serving(*[reply(b'{"id":"7"}')] * 3))
    caller = through(kind, faults, vendor)

    results = [caller.get() for _ in range(3)]
    caller.close()

    assert all(isinstance(result, Reply) and result.body == b'{"id":"7"}' for result in results)
    assert faults.requests[0].startswith(f"CONNECT 127.0.0.1:{vendor.port} HTTP/1.1\r\n".encode())
    assert b"proxy-authorization: basic" in faults.requests[0].lower()
    assert (faults.accepted, vendor.accepted, len(vendor.requests)) == (1, 1, 3)
    assert not any(b"proxy-auth" in request.lower() for request in vendor.requests)


REFUSALS = {
    "says no": ("network", [read_request, send(reply(b"", status="407 Proxy Authentication Required"))]),
    "hangs up": ("network", [read_request, close]),
    "says nothing": ("timeout", [read_request, hang]),
    "is no proxy": ("network", [read_request, send(b"220 mail.example ready\r\n\r\n"), close]),
}


@pytest.mark.plan("S-300")
@pytest.mark.plan("S-86")
@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_a_proxy_refuses_was_not_sent(faults, vendor, kind, refusal):
    """The way to the vendor is not the request: however it fails, nothing has arrived, and no password is told."""
    failure_kind, steps = REFUSALS[refusal]
    faults.play(steps)
    vendor.play(serving(reply()))
    caller = through(kind, faults, vendor)

    failure = caller.send(Outgoing("POST", f"{vendor.origin}/things"), timeout_s=0.5)
    caller.close()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == (failure_kind, Certainty.NOT_SENT)
    assert PASSWORD not in f"{failure!r} {failure.message}"
    assert vendor.accepted == 0


@pytest.mark.plan("S-300")
@pytest.mark.plan("S-86")
def test_what_breaks_beyond_the_proxy_may_have_arrived(faults, vendor, kind):
    """A vendor who hangs up upon the request leaves its outcome unknown, through a tunnel as without."""
    faults.play([tunnel])
    vendor.play([read_request, close])
    caller = through(kind, faults, vendor)

    failure = caller.send(Outgoing("POST", f"{vendor.origin}/things"))
    caller.close()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.UNKNOWN)


@pytest.mark.plan("S-300")
@pytest.mark.plan("S-86")
def test_a_proxy_cannot_stand_in_for_the_vendor(faults, kind):
    """Whoever answers within the tunnel needs the vendor's certificate."""
    liar = FaultServer(server_context("self-signed"))
    liar.play(serving(reply()))
    faults.play([tunnel])
    caller = through(kind, faults, liar)

    failure = caller.get()
    caller.close()
    liar.close()

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.NOT_SENT
    assert "certificate is not accepted" in failure.message
    assert liar.requests == []


@pytest.mark.plan("S-301")
@pytest.mark.plan("S-86")
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("transport", [None, "httpx"])
def test_the_proxy_of_the_environment_is_taken(monkeypatch, faults, name, transport):
    """As curl and httpx do, on whatever wire: it is asked for the vendor by name."""
    monkeypatch.setenv(name, f"http://127.0.0.1:{faults.port}")
    faults.play([read_request, send(reply(b"", status="403 Forbidden"))])

    with SyncSender({"https://vendor.example"}, transport=transport) as sender:
        failure = sender.send(Outgoing("GET", "https://vendor.example/things"), timeout_s=5)

    assert isinstance(failure, Failure)
    assert failure.message == "No connection to vendor.example: the proxy refused it."
    assert faults.requests[0].startswith(b"CONNECT vendor.example:443 ")


@pytest.mark.plan("S-301")
@pytest.mark.plan("S-86")
@pytest.mark.parametrize(
    ("variables", "option"),
    [({"NO_PROXY": "vendor.example"}, None), ({"no_proxy": "*"}, None), ({}, "")],
)
def test_who_wants_no_proxy_gets_none(monkeypatch, faults, variables, option):
    """A host that the environment excepts, or a session that wants none, is met directly."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{faults.port}")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    faults.play([read_request, close])

    with SyncSender({"https://vendor.example"}, proxy=option) as sender:
        failure = sender.send(Outgoing("GET", "https://vendor.example/things"), timeout_s=5)

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.NOT_SENT
    assert faults.accepted == 0


@pytest.mark.plan("S-301")
@pytest.mark.plan("S-86")
def test_the_fast_wire_passes_no_proxy_by(monkeypatch, faults):
    """Wanted outright where the environment wants a proxy, it says so, and sends nothing past it."""
    monkeypatch.setattr(wires, "has_fast", lambda: True)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{faults.port}")

    with SyncSender({"https://vendor.example"}, transport="fast") as sender:
        failure = sender.send(Outgoing("GET", "https://vendor.example/things"), timeout_s=5)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("config", Certainty.NOT_SENT)
    assert "asks for a proxy" in failure.message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"transport": "quick"}, "There is no transport `quick`"),
        ({"transport": "fast", "proxy": "http://127.0.0.1:1"}, "speaks to no proxy"),
        ({"proxy": f"someone:{PASSWORD}@127.0.0.1:1"}, "not of the form http://host:port"),
        ({"proxy": f"https://someone:{PASSWORD}@127.0.0.1:1"}, "not of the form http://host:port"),
    ],
)
def test_wires_and_proxies_that_are_none_are_refused(monkeypatch, options, words):
    """What a session is told wrongly it says when it is opened, and shows no password."""
    monkeypatch.setattr(wires, "has_fast", lambda: True)

    with pytest.raises(ConnectionProblem, match=words) as caught:
        SyncSender({"https://vendor.example"}, **options)

    assert PASSWORD not in str(caught.value)


def test_a_fast_wire_that_is_not_installed_says_how_to_get_it(monkeypatch):
    """The message names the command, with the distribution's own name."""
    monkeypatch.setattr(wires, "has_fast", lambda: False)

    with pytest.raises(ConnectionProblem, match="needs httptools") as caught:
        SyncSender({"https://vendor.example"}, transport="fast")

    assert "`pip install 'zoho-component[speed]'`" in str(caught.value)
    assert wires.Wires(None, None, loopback=False)


@pytest.mark.plan("S-302")
@pytest.mark.plan("S-86")
@pytest.mark.parametrize("refusal", [name for name in REFUSALS if name != "says no"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_given_transport_tells_how_far_it_came(faults, vendor, kind, refusal):
    """A read error on the way through a proxy says nothing by its class; httpcore says that nothing was sent."""
    failure_kind, steps = REFUSALS[refusal]
    faults.play(steps)
    make = httpx.HTTPTransport if kind == "sync" else httpx.AsyncHTTPTransport
    given = make(verify=trusting_context(), proxy=f"http://127.0.0.1:{faults.port}")
    caller = Caller(kind, vendor.origin, transport=given)

    failure = caller.send(Outgoing("POST", f"{vendor.origin}/things"), timeout_s=0.5)
    caller.close()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == (failure_kind, Certainty.NOT_SENT)

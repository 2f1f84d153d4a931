"""A request goes to the host it is for, and nowhere else."""

from __future__ import annotations

import pytest

from connector_runtime.base.bodies import BytesBody
from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.values import Certainty, Secret
from faults.conftest import WIRES, Caller
from faults.faultserver import FaultServer, read_request, reply, send, serving

TOKEN = "Bearer k7-kestrel-quartz"


@pytest.fixture
def stranger():
    """Give a second server, which must never be reached."""
    server = FaultServer()
    server.play(serving(reply()))
    yield server
    server.close()


@pytest.mark.plan("S-80")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    ["{stranger}/x", "//{stranger_host}/x", "/elsewhere", "{origin}/things", "\\\\x", "", "http://["],
)
def test_a_redirect_is_returned_and_not_followed(faults, stranger, caller, method, status, location):
    """Neither token nor body ever travels to where a redirect points, on whatever host."""
    target = location.format(
        stranger=stranger.origin, stranger_host=f"127.0.0.1:{stranger.port}", origin=faults.origin
    )
    faults.play([read_request, send(reply(b"", status=f"{status} Moved", headers=[f"Location: {target}"]))])
    body = BytesBody(b'{"iban":"secret"}') if method == "POST" else None

    got = caller.send(Outgoing(method, f"{faults.origin}/things", (("Authorization", Secret(TOKEN)),), body))

    assert isinstance(got, Reply)
    assert (got.status, got.header("location")) == (status, target)
    assert len(faults.requests) == 1
    assert stranger.accepted == 0


@pytest.mark.parametrize("round_trips", [2])
def test_cookies_are_not_kept(faults, caller, round_trips):
    """What a server sets is not sent back: connections of several people may share a host."""
    faults.play(serving(*[reply(headers=["Set-Cookie: session=1; Path=/"])] * round_trips))

    for _ in range(round_trips):
        caller.get()

    assert all(b"cookie" not in request.lower() for request in faults.requests)


@pytest.mark.plan("S-81")
@pytest.mark.plan("S-82")
@pytest.mark.parametrize(
    "url",
    [
        "{stranger}/things",
        "http://127.0.0.1/things",
        "http://localhost:{port}/things",
        "http://LOCALHOST:{port}/things",
        "http://0.0.0.0:{port}/things",
        "http://127.1:{port}/things",
        "http://127.0.0.2:{port}/things",
        "http://2130706433:{port}/things",
        "http://0177.0.0.1:{port}/things",
        "http://0x7f.0.0.1:{port}/things",
        "http://[::1]:{port}/things",
        "http://[::ffff:127.0.0.1]:{port}/things",
        "http://127.0.0.1:{port}@evil.example/things",
        "http://evil.example@127.0.0.1:{port}/things",
        "http://user:pass@127.0.0.1:{port}/things",
        "http://127.0.0.1.evil.example:{port}/things",
        "http://127.0.0.1:{port}.evil.example/things",
        "http://127.0.0.1:0{port}/things",
        "http://127.0.0.1:{port}0/things",
        "http://127.0.0.1:+{port}/things",
        "http://127\u30020\u30020\u30021:{port}/things",
        "http://\u2460\u2461\u2466.0.0.1:{port}/things",
        "https://127.0.0.1:{port}/things",
        "HTTP://127.0.0.1:{port}/things",
        "ftp://127.0.0.1:{port}/things",
        "//127.0.0.1:{port}/things",
        "http:/127.0.0.1:{port}/things",
        "http:127.0.0.1:{port}/things",
        "/things",
        "things",
        "",
        " {origin}/things",
        "{origin}/things ",
        "{origin}/th ings",
        "{origin}/th\tings",
        "{origin}/th\nings",
        "{origin}/th\0ings",
        "{origin}/thïngs",
        "{origin}/things#fragment",
        "{origin}\\things",
        "{origin}/a\\b",
        "{origin}/a/../b",
        "{origin}/..",
        "{origin}/./b",
        "{origin}/a/.",
        "{origin}/%2e%2e/b",
        "{origin}/.%2E?x=1",
        "{origin}/<b>",
        "{origin}things",
    ],
)
def test_an_address_that_is_not_the_connections_is_refused(faults, stranger, caller, url):
    """Whoever built the request: a host, port, scheme or path that was not meant is never contacted."""
    faults.play(serving(reply()))
    wrong = url.format(stranger=stranger.origin, origin=faults.origin, port=faults.port)

    failure = caller.send(Outgoing("GET", wrong, (("Authorization", Secret(TOKEN)),)))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("config", Certainty.NOT_SENT)
    assert faults.accepted == stranger.accepted == 0


@pytest.mark.plan("S-81")
@pytest.mark.plan("S-82")
@pytest.mark.parametrize(
    "origin",
    [
        "http://vendor.example",
        "https://vendor.example:8443",
        "https://127.0.0.1",
        "https://10.0.0.1",
        "https://[::1]",
        "https://2130706433",
        "https://0x7f000001",
        "https://localhost",
        "https://vendor",
        "https://vendor.example.",
        "https://-vendor.example",
        "https://vendor..example",
    ],
)
@pytest.mark.parametrize("kind", WIRES)
def test_an_allowed_origin_must_still_be_a_public_https_host(kind, origin):
    """Even a table cannot send a token to a bare address, a port, or over plain http."""
    caller = Caller(kind, origin, loopback=False)

    failure = caller.get()
    caller.close()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("config", Certainty.NOT_SENT)


@pytest.mark.plan("S-82")
@pytest.mark.parametrize("host", ["localhost", "10.0.0.1", "127.0.0.2", "vendor.example", "[::2]"])
def test_a_connection_for_loopback_reaches_nothing_else(host):
    """Not even by a name that usually means this machine, and not if its table says so."""
    caller = Caller("sync", f"http://{host}:1", loopback=True)

    failure = caller.get()
    caller.close()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("config", Certainty.NOT_SENT)


@pytest.mark.plan("S-82")
def test_a_connection_that_is_not_for_loopback_never_reaches_it(faults):
    """A sender reaches this machine only when the connection says so."""
    faults.play(serving(reply()))
    caller = Caller("sync", faults.origin, loopback=False)

    failure = caller.get()
    caller.close()

    assert isinstance(failure, Failure)
    assert faults.accepted == 0


@pytest.mark.plan("S-83")
@pytest.mark.parametrize(
    "header",
    [
        ("X-A", "b\r\nX-Injected: 1"),
        ("X-A", "b\nX-Injected: 1"),
        ("X-A", "b\rX-Injected: 1"),
        ("X-A", "b\0"),
        ("X-A", " b"),
        ("X-A", "b "),
        ("X-A", "\tb"),
        ("X-A", "ü"),
        ("X-A", "b\x7f"),
        ("X-A", "b" * 65_536),
        ("X-A", Secret("b\r\nX-Injected: 1")),
        ("X A", "b"),
        ("X-A:", "b"),
        ("", "b"),
        ("X-Ä", "b"),
        ("X-A\r\nX-Injected", "b"),
        ("X" * 201, "b"),
        ("Host", "evil.example"),
        ("host", "evil.example"),
        ("Content-Length", "5"),
        ("TRANSFER-ENCODING", "chunked"),
        ("Connection", "close"),
        ("Accept-Encoding", "br"),
        ("Expect", "100-continue"),
        ("Upgrade", "h2c"),
    ],
)
def test_a_header_that_would_change_the_request_is_refused(faults, caller, header):
    """Line breaks, odd names and headers of the engine are stopped before a byte is sent."""
    faults.play(serving(reply()))

    failure = caller.send(Outgoing("GET", f"{faults.origin}/things", (header,)))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("config", Certainty.NOT_SENT)
    assert faults.accepted == 0


@pytest.mark.plan("S-83")
@pytest.mark.parametrize("method", ["get", "GET / HTTP/1.1\r\nX:", "", "CONN ECT", "G" * 21, "GÉT"])
def test_a_method_that_would_change_the_request_is_refused(faults, caller, method):
    """A method is a plain word in capitals."""
    faults.play(serving(reply()))

    failure = caller.send(Outgoing(method, f"{faults.origin}/things"))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("config", Certainty.NOT_SENT)


def test_a_request_is_sent_exactly_as_it_was_built(faults, caller):
    """Path and query arrive byte by byte, headers in order, the length exact."""
    faults.play(serving(reply()))
    url = f"{faults.origin}/a%2Fb/%E2%82%AC/c%2e?q=%26%3D%23%2B&r=a+b&empty="

    caller.send(
        Outgoing(
            "PUT",
            url,
            (("Accept", "application/json"), ("X-Key", "v:1")),
            BytesBody(b"{}", "application/json"),
        )
    )

    assert faults.requests == [
        b"PUT /a%2Fb/%E2%82%AC/c%2e?q=%26%3D%23%2B&r=a+b&empty= HTTP/1.1\r\n"
        b"Host: 127.0.0.1:" + str(faults.port).encode() + b"\r\n"
        b"Accept-Encoding: gzip\r\n"
        b"Accept: application/json\r\n"
        b"X-Key: v:1\r\n"
        b"Content-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    ]


@pytest.mark.plan("S-86")
def test_proxies_and_netrc_of_the_environment_are_ignored(monkeypatch, tmp_path, faults, stranger, caller):
    """Variables that reroute other programs do not touch a call."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, stranger.origin)
    monkeypatch.setenv("NO_PROXY", "")
    faults.play(serving(reply()))

    got = caller.get()

    assert isinstance(got, Reply)
    assert stranger.accepted == 0
    assert b"authorization" not in faults.requests[0].lower()

"""A given httpx transport goes through the same checks and the same reading."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector_runtime.base.bodies import BytesBody, FormBody, MultipartBody
from connector_runtime.base.messages import Failure, Limits, Outgoing, Reply
from connector_runtime.base.values import Certainty, File, Secret
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.sync_transport import SyncSender

HOST = "https://api.vendor.example"
SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Give a function that sends a request through an httpx transport with a handler."""

    def call(handler: Any, outgoing: Outgoing | None = None, **how: Any) -> Reply | Failure:
        outgoing = outgoing or Outgoing("GET", f"{HOST}/things")
        transport = httpx.MockTransport(handler) if callable(handler) else handler
        how.setdefault("timeout_s", 5.0)
        if request.param == "sync":
            return SyncSender({HOST}, transport=transport).send(outgoing, **how)
        return asyncio.run(AsyncSender({HOST}, transport=transport).send(outgoing, **how))

    return call


def test_a_given_transport_gets_the_whole_request(send):
    """It sees method, URL, headers with secrets revealed, and the body."""
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"id": "7"}, headers={"X-Request-Id": "r1"})

    headers = (("Authorization", Secret("Bearer abcd")), ("Accept", "application/json"))
    body = FormBody([("refresh_token", Secret("efgh")), ("a b", "c&d")])
    got = send(handler, Outgoing("POST", f"{HOST}/things?x=%26", headers, body))

    assert isinstance(got, Reply)
    assert (got.status, got.body, got.header("x-request-id")) == (201, b'{"id":"7"}', "r1")
    assert (seen[0].method, str(seen[0].url)) == ("POST", f"{HOST}/things?x=%26")
    assert seen[0].headers["authorization"] == "Bearer abcd"
    assert seen[0].headers["host"] == "api.vendor.example"
    assert seen[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen[0].content == b"refresh_token=efgh&a+b=c%26d"
    assert seen[0].headers["content-length"] == str(len(seen[0].content))


def test_a_given_transport_is_not_asked_for_a_foreign_host(send):
    """The host is checked before any transport is."""
    asked = []

    failure = send(asked.append, Outgoing("GET", "https://evil.example/things"))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("config", Certainty.NOT_SENT)
    assert asked == []


def test_gzip_from_a_given_transport_is_decoded_once(send):
    """The raw bytes are read, so the one layer is undone exactly once."""
    zipped = gzip.compress(b"hello")

    got = send(lambda _: httpx.Response(200, content=zipped, headers={"Content-Encoding": "gzip"}))

    assert isinstance(got, Reply)
    assert got.body == b"hello"


def test_the_limits_hold_for_a_given_transport(send):
    """An answer beyond the cap is refused, from wherever it comes."""
    failure = send(lambda _: httpx.Response(200, content=b"x" * 5001), limits=Limits(decoded_bytes=5000))

    assert isinstance(failure, Failure)
    assert failure.kind == "limit"


def test_a_short_answer_of_a_given_transport_is_noticed(send):
    """Fewer bytes than announced are a failure, though no parser stands in between."""
    failure = send(
        lambda _: httpx.Response(200, headers={"Content-Length": "9"}, stream=httpx.ByteStream(b"half"))
    )

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.UNKNOWN)


@pytest.mark.parametrize(
    ("error", "kind", "certainty"),
    [
        (httpx.ConnectError, "network", Certainty.NOT_SENT),
        (httpx.ConnectTimeout, "timeout", Certainty.NOT_SENT),
        (httpx.PoolTimeout, "timeout", Certainty.NOT_SENT),
        (httpx.ProxyError, "network", Certainty.NOT_SENT),
        (httpx.UnsupportedProtocol, "config", Certainty.NOT_SENT),
        (httpx.LocalProtocolError, "config", Certainty.NOT_SENT),
        (httpx.WriteError, "network", Certainty.UNKNOWN),
        (httpx.WriteTimeout, "timeout", Certainty.UNKNOWN),
        (httpx.ReadError, "network", Certainty.UNKNOWN),
        (httpx.ReadTimeout, "timeout", Certainty.UNKNOWN),
        (httpx.RemoteProtocolError, "contract", Certainty.UNKNOWN),
        (httpx.CloseError, "network", Certainty.UNKNOWN),
        (OSError, "network", Certainty.UNKNOWN),
        (TimeoutError, "timeout", Certainty.UNKNOWN),
    ],
)
def test_every_error_of_a_transport_has_its_certainty(send, error, kind, certainty):
    """What a transport raises becomes a failure that knows whether the request may have arrived."""

    def handler(_: httpx.Request) -> httpx.Response:
        raise error("https://user:hunter2@api.vendor.example/?token=hunter2")

    failure = send(handler)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == (kind, certainty)
    assert "hunter2" not in failure.message


def test_a_mistake_in_a_test_double_is_not_hidden(send):
    """An assertion that fails inside a handler fails the test, not the network."""

    def handler(_: httpx.Request) -> httpx.Response:
        raise AssertionError("seen")

    with pytest.raises(AssertionError, match="seen"):
        send(handler)


@pytest.mark.plan("S-18")
def test_a_body_can_be_sent_again(send, tmp_path):
    """Every attempt sends the same bytes, files included."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"from disk")
    bodies = []
    body = MultipartBody([("note", "é"), ("one", File(b"in memory", name="b.bin")), ("two", File(path))])

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(503)

    for _ in range(3):
        send(handler, Outgoing("POST", f"{HOST}/files", body=body))

    assert len(set(bodies)) == 1
    assert len(bodies[0]) == body.size_bytes
    assert b"from disk" in bodies[0]


def test_a_file_that_is_gone_is_the_callers_to_mend(send, tmp_path):
    """A body that cannot be read is an input problem, not a network one."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"x")
    body = MultipartBody([("file", File(path))])
    path.unlink()

    failure = send(
        lambda request: httpx.Response(200, content=request.content), Outgoing("POST", HOST, body=body)
    )

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("input", Certainty.NOT_SENT)


@pytest.mark.parametrize(("size_bytes", "is_read"), [(0, True), (1_000_000, True), (2_000_000, False)])
def test_a_given_transport_gets_small_bodies_in_one_piece(size_bytes, is_read):
    """A transport that streams what is unread would send even an empty body in chunks."""
    seen = []

    class Given(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(isinstance(request.stream, httpx.ByteStream))
            return httpx.Response(200)

    body = BytesBody(b"x" * size_bytes) if size_bytes else None
    SyncSender({HOST}, transport=Given()).send(Outgoing("POST", f"{HOST}/x", body=body), timeout_s=5)

    assert seen == [is_read]


def test_head_and_bodiless_replies_may_announce_a_length(send):
    """A length without content is right for HEAD, 204 and 304."""
    announced = {"Content-Length": "99"}

    for method, status in (("HEAD", 200), ("GET", 204), ("GET", 304)):
        got = send(
            lambda _, status=status: httpx.Response(status, headers=announced, stream=httpx.ByteStream(b"")),
            Outgoing(method, f"{HOST}/things"),
        )
        assert isinstance(got, Reply)


@pytest.mark.parametrize(
    ("method", "length"), [("POST", "0"), ("PUT", "0"), ("PATCH", "0"), ("GET", None), ("DELETE", None)]
)
def test_a_missing_body_is_said_where_one_is_expected(send, method, length):
    """Methods that usually carry a body say that it is empty; others say nothing."""
    seen = []
    send(lambda request: seen.append(request.headers) or httpx.Response(200), Outgoing(method, f"{HOST}/x"))

    assert seen[0].get("content-length") == length


def test_the_requests_own_content_type_wins(send):
    """A content type among the headers is sent once, in place of the body's."""
    seen = []
    outgoing = Outgoing(
        "POST",
        f"{HOST}/x",
        (("content-type", "application/vnd.api+json"),),
        BytesBody(b"{}", "application/json"),
    )
    send(lambda request: seen.append(request.headers) or httpx.Response(200), outgoing)

    assert seen[0].get_list("content-type") == ["application/vnd.api+json"]


def test_repeated_headers_are_joined_and_kept():
    """A reader sees one value, the reply keeps all lines."""
    got = Reply(200, (("x-a", "1"), ("x-b", "2"), ("x-a", "3")))

    assert (got.header("x-a"), got.header("x-b"), got.header("x-c")) == ("1, 3", "2", None)


def test_a_given_transport_stays_open():
    """Whoever gave a transport closes it."""
    closed = []

    class Given(httpx.MockTransport):
        def close(self) -> None:
            closed.append(self)

    with SyncSender({HOST}, transport=Given(lambda _: httpx.Response(200))):
        pass

    assert closed == []


@pytest.mark.parametrize("module", ["transport", "base.messages", "base.bodies", "base.urls", "base.redaction"])
def test_importing_costs_no_library(module):
    """Httpx and what it needs are loaded when something is sent, not before."""
    program = f"import sys, connector_runtime.{module}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not {"httpx", "httpcore", "httptools", "h11", "anyio", "asyncio", "ssl", "yaml"} & set(ran.stdout.split())


@pytest.mark.parametrize(
    ("wire", "wanted", "unwanted"),
    [
        ("fast", {"httptools"}, {"httpx", "httpcore", "h11", "certifi", "asyncio", "click"}),
        ("httpx", {"httpx", "h11"}, {"httptools", "click", "rich", "pygments"}),
    ],
)
def test_sending_loads_no_more_than_its_wire_needs(wire, wanted, unwanted):
    """A first call loads its own wire, not the other one, and never httpx's command line."""
    program = (
        "import sys\n"
        "from connector_runtime.base.messages import Outgoing\n"
        "from connector_runtime.transport.sync_transport import SyncSender\n"
        "sender = SyncSender({'http://127.0.0.1:1'}, loopback=True, transport=sys.argv[1])\n"
        "sender.send(Outgoing('GET', 'http://127.0.0.1:1/'), timeout_s=1)\n"
        "print(*sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, wire],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(ran.stdout.split())
    assert wanted <= loaded
    assert not unwanted & loaded

"""What people use beside httpx works as they know it: respx, VCR, instruments, HTTP/2, client certificates."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from connector_runtime.base.bodies import BytesBody
from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.sync_transport import SyncSender
from faults.conftest import Caller
from faults.faultserver import FaultServer, reply, serving
from faults.test_tls import server_context, trusting_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

respx = pytest.importorskip("respx")
vcr = pytest.importorskip("vcr")
connection = pytest.importorskip("h2.connection")
events = pytest.importorskip("h2.events")

HOST = "https://vendor.example"
CREATE = Outgoing("POST", f"{HOST}/things", (), BytesBody(b'{"name":"Fern"}', "application/json"))
KINDS = ["sync httpx", "async httpx"]


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    """Give each driver of the wire over httpx."""
    return request.param


@pytest.mark.plan("S-303")
def test_respx_answers_in_the_vendors_place(kind):
    """A route of respx is met with the whole request; nothing is opened."""
    caller = Caller(kind, HOST, loopback=False)

    with respx.mock:
        route = respx.post(f"{HOST}/things").mock(return_value=httpx.Response(201, json={"id": "7"}))
        results = [caller.send(CREATE) for _ in range(2)]
    caller.close()

    assert [(result.status, result.body) for result in results] == [(201, b'{"id":"7"}')] * 2
    assert route.calls[0].request.content == b'{"name":"Fern"}'


@pytest.mark.plan("S-303")
@pytest.mark.parametrize(
    ("error", "certainty"),
    [
        (httpx.ConnectError, Certainty.NOT_SENT),
        (httpx.ConnectTimeout, Certainty.NOT_SENT),
        (httpx.ReadTimeout, Certainty.UNKNOWN),
        (httpx.WriteError, Certainty.UNKNOWN),
    ],
)
def test_an_error_that_respx_raises_means_what_its_class_says(kind, error, certainty):
    """Who plays a lost reply must not see the create sent again, though no byte has left."""
    caller = Caller(kind, HOST, loopback=False)

    with respx.mock:
        respx.post(f"{HOST}/things").mock(side_effect=error)
        failure = caller.send(CREATE)
    caller.close()

    assert isinstance(failure, Failure)
    assert failure.certainty is certainty


@pytest.mark.plan("S-303")
def test_vcr_records_and_plays_back(faults, kind, tmp_path):
    """What was recorded answers when the server is gone."""
    faults.play(serving(reply(b'{"id":"7"}')))
    caller = Caller(kind, faults.origin)
    cassette = str(tmp_path / "cassette.yaml")

    with vcr.use_cassette(cassette):
        recorded = caller.get()
    faults.close()
    with vcr.use_cassette(cassette, record_mode="none"):
        played = caller.get()
    caller.close()

    assert isinstance(recorded, Reply)
    assert isinstance(played, Reply)
    assert recorded.body == played.body == b'{"id":"7"}'


@pytest.mark.plan("S-303")
def test_an_instrument_sees_every_call(faults, monkeypatch):
    """What wraps `httpx.HTTPTransport.handle_request`, as OpenTelemetry does, sees the request and adds to it."""
    seen = []
    original = httpx.HTTPTransport.handle_request

    def instrumented(self: Any, request: httpx.Request) -> httpx.Response:
        request.headers["traceparent"] = "00-1-2-01"
        response = original(self, request)
        seen.append((request.method, request.url.path, response.status_code))
        return response

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", instrumented)
    faults.play(serving(reply(), reply()))

    with SyncSender({faults.origin}, loopback=True, transport="httpx") as sender:
        for _ in range(2):
            sender.send(Outgoing("GET", f"{faults.origin}/things"), timeout_s=10)

    assert seen == [("GET", "/things", 200)] * 2
    assert b"traceparent: 00-1-2-01" in faults.requests[1].lower()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """Give a certificate for clients, signed by itself, with its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now - dt.timedelta(days=1), now + dt.timedelta(days=1)
    ).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("client") / "client.pem"
    path.write_bytes(made.public_bytes(encoding) + key.private_bytes(encoding, *plain))
    return path


@pytest.mark.plan("S-304")
@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_client_certificate_is_shown_by_a_given_transport(way, certificate):
    """A vendor who asks for one gets it."""
    asking = server_context("good")
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.load_verify_locations(certificate)
    server = FaultServer(asking)
    server.play(serving(reply()))
    context = trusting_context()
    context.load_cert_chain(certificate)
    given = (httpx.HTTPTransport if way == "sync" else httpx.AsyncHTTPTransport)(verify=context)
    caller = Caller(way, server.origin, transport=given)

    got = caller.get()
    if caller._runner is None:
        given.close()
    else:
        caller._runner.run(given.aclose())
    caller.close()
    server.close()

    assert isinstance(got, Reply)


class Http2Server:
    """Answers every request of one connection with JSON, over TLS and HTTP/2.

    Attributes:
        streams: How many requests came.
    """

    def __init__(self) -> None:
        self.streams = 0
        self.port = 0
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(10)

    def _run(self) -> None:
        context = server_context("good")
        context.set_alpn_protocols(["h2"])

        async def start() -> asyncio.Server:
            return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)

        server = self._loop.run_until_complete(start())
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = connection.H2Connection(connection.H2Configuration(client_side=False))
        talk.initiate_connection()
        writer.write(talk.data_to_send())
        try:
            while data := await reader.read(65_536):
                for event in talk.receive_data(data):
                    if isinstance(event, events.StreamEnded):
                        self.streams += 1
                        talk.send_headers(
                            event.stream_id, [(":status", "201"), ("content-type", "application/json")]
                        )
                        talk.send_data(event.stream_id, b'{"id":"7"}', end_stream=True)
                writer.write(talk.data_to_send())
        finally:
            writer.close()

    def close(self) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def http2() -> Iterator[Http2Server]:
    """Give a server that speaks HTTP/2 only."""
    server = Http2Server()
    yield server
    server.close()


@pytest.mark.plan("S-304")
def test_http2_carries_calls_at_once_over_one_connection(http2):
    """A given transport with HTTP/2 needs nothing more: twenty creates at once, one connection."""
    origin = f"https://127.0.0.1:{http2.port}"
    create = Outgoing("POST", f"{origin}/things", (), BytesBody(b"{}", "application/json"))

    async def calls() -> list[Any]:
        async with (
            httpx.AsyncHTTPTransport(verify=trusting_context(), http2=True) as given,
            AsyncSender({origin}, loopback=True, transport=given) as sender,
        ):
            return await asyncio.gather(*[sender.send(create, timeout_s=10) for _ in range(20)])

    results = asyncio.run(calls())

    assert {(result.status, result.body) for result in results} == {(201, b'{"id":"7"}')}
    assert http2.streams == 20

"""The wire of a plain installation: a transport of httpx's for each connection, over sockets of ours.

httpx and httpcore do what they do for everybody: HTTP, proxies, hooks of recorders and instruments.
Beneath them our network keeps the deadline, counts bytes and knows what was sent; above them our
queue decides who may send, so that their pool never holds more than one connection.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import h11
import httpcore
import httpx

from connector_runtime.base.messages import Failure
from connector_runtime.base.values import Certainty, Secret
from connector_runtime.transport.httpx import given
from connector_runtime.transport.intake import REFUSED_FROM
from connector_runtime.transport.lines import KEEP_ALIVE_S, Line, failure_in_words, warn_of_surplus
from connector_runtime.transport.network import SyncNetwork
from connector_runtime.transport.outbox import JOIN_BYTES
from connector_runtime.transport.tls import tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from connector_runtime.base.bodies import Piece
    from connector_runtime.base.messages import Outgoing
    from connector_runtime.transport.host_check import Address
    from connector_runtime.transport.lines import Head
    from connector_runtime.transport.network import Traffic

CAUGHT = given.CAUGHT
_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE_S)


class HttpxLine(Line):
    """What the lines of threads and of event loops share.

    Args:
        network: Ours, as a backend of httpcore's.
        context: The TLS context, or None where there is none.
        proxy: The proxy's address, or None.
    """

    # httpx's transport, and what stands in place of httpcore's pool in it.
    _kind: Any
    _single: Any

    def __init__(self, network: Any, context: ssl.SSLContext | None, proxy: Secret | None) -> None:
        super().__init__(network)
        self._context = context
        self._proxy = proxy
        self._transport: Any = None
        self.stream: Any = None
        self._reply: Any = None
        self._pieces: Any = None
        self._early: list[bytes] = []
        self._judge: h11.Connection | None = None
        self._has_answer = False
        self._method = ""

    def reset(self) -> bool:
        """Make ready for another request, as `Line.reset`; httpcore has closed what cannot have one."""
        given.is_sending.set(False)
        self._reply = self._pieces = self._judge = None
        self._has_answer = False
        if self.network.traffic.broke or self._early:
            return False
        connections = self._transport._pool.connections  # noqa: SLF001  httpx has no other way to see them
        if not connections or not connections[0].is_idle():
            return False
        if _left_over(connections[0]):
            warn_of_surplus()
            return False
        return True

    def close(self) -> None:
        """Close the socket, whatever state it is in; whatever httpcore's pool has locked is left behind."""
        given.is_sending.set(False)
        self.network.close()
        self._reply = self._pieces = self._transport = None
        self._early.clear()

    def _request(
        self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]
    ) -> httpx.Request:
        """Return the request, and make ready for it; its timeouts are our network's business."""
        if self._transport is None:
            self._transport = self._new_transport()
        self._method = outgoing.method
        self._early.clear()
        given.is_sending.set(True)
        return given.request_of(outgoing, address, headers, None)

    def _new_transport(self) -> Any:
        """Return a transport of httpx's for one connection over our network."""
        # Without a context httpx would read certifi's whole bundle, needed or not.
        context = self._context or tls_context()
        proxy = None if self._proxy is None else self._proxy.reveal()
        transport: Any = self._kind(verify=context, limits=_ONE, proxy=proxy, trust_env=False)
        # httpx passes none of these on, and drives whatever pool it has.
        if proxy is None:
            transport._pool = self._single(self.network, context)  # noqa: SLF001
        else:
            pool = transport._pool  # noqa: SLF001
            pool._network_backend = self.network  # noqa: SLF001
            # One thread at a time uses a line; a lock, interrupted at the wrong moment, would stay locked.
            pool._optional_thread_lock = contextlib.nullcontext()  # noqa: SLF001
        return transport

    def _phase(self, event: str, info: dict[str, Any]) -> None:
        """Note, behind a proxy, that what comes now is the request and no longer the way to it."""
        if given.begins_request(event, info):
            self.network.traffic.is_ahead = False

    def _heard(self, received: bytes | None) -> bool:
        """Judge what came while the request is sent, before httpcore reads it; returns whether to stop."""
        if received is None:
            return False
        self._early.append(received)
        if self._judge is None:
            self._judge = h11.Connection(h11.CLIENT)
            about = [("Host", "h"), ("Content-Length", "1")]
            self._judge.send(h11.Request(method=self._method, target="/", headers=about))
        judge = self._judge
        try:
            judge.receive_data(received)
            while (event := judge.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Response) and event.status_code < REFUSED_FROM:
                    self._has_answer = True
                    return False
                if not isinstance(event, h11.InformationalResponse):
                    break
            else:
                return False
        except h11.RemoteProtocolError:
            pass
        # A refusal, an end, or no HTTP at all: httpcore reads on and says which.
        self._has_answer = True
        self.stream.outbox.clear()
        self.network.traffic.broke = True
        return True

    def info(self, name: str) -> Any:
        """Return what httpcore asks about a stream."""
        if name == "is_readable":
            # It asks once more when a reply ends; what matters is asked before the next request.
            return self._reply is None and self.stream.is_readable()
        return self.stream.tls if name == "ssl_object" else None


class Single:
    """What pools of one connection share; connections are opened by httpcore as its own pool does it.

    Attributes:
        connections: The one, or none.
    """

    def __init__(self, network: Any, context: ssl.SSLContext) -> None:
        self.connections: list[Any] = []
        self._how = {"ssl_context": context, "keepalive_expiry": KEEP_ALIVE_S, "network_backend": network}

    def _is_usable(self) -> bool:
        """Return whether there is a connection that can take a request."""
        connections = self.connections
        return bool(connections) and not (connections[0].is_closed() or connections[0].has_expired())


class OneConnection(Single):
    """In place of httpcore's pool, which looks through its connections and locks twice a request."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request over the connection, opened anew where it must be."""
        if not self._is_usable():
            self.connections = [httpcore.HTTPConnection(request.url.origin, **self._how)]
        found: httpcore.Response = self.connections[0].handle_request(request)
        return found


class SyncLine(HttpxLine):
    """One connection, for threads."""

    _kind, _single = httpx.HTTPTransport, OneConnection

    def __init__(self, context: ssl.SSLContext | None, proxy: Secret | None = None) -> None:
        super().__init__(Network(self), context, proxy)

    def begin(self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]) -> Head:
        """Send a request, or as much of it as the peer wants; return the head of its reply.

        Raises:
            httpx.TransportError, OSError: As `failure_of` tells apart.
        """
        request = self._request(outgoing, address, headers)
        if self._proxy is not None:
            self.network.traffic.is_ahead = True
            request.extensions["trace"] = self._phase
        self._reply = self._transport.handle_request(request)
        self._pieces = iter(self._reply.stream)
        return given.head_of(self._reply)

    def read(self, take: Callable[[bytes], None]) -> bool:
        """Hand some more of the reply's content on; returns False at its end; raises as `begin`.

        No name holds it while more is waited for: it may be a token.
        """
        for piece in self._pieces:
            take(piece)
            return True
        self._reply.stream.close()
        return False

    def write(self, piece: Piece) -> None:
        """Take what httpcore writes; small pieces wait for one another: head and body share a packet."""
        if self.network.traffic.broke:
            raise httpcore.WriteError
        if not self.stream.outbox.has_room(piece):
            self.send()
        self.stream.outbox.add(piece)

    def send(self) -> None:
        """Send what is in the outbox; `httpcore.WriteError` when no more is wanted: then httpcore reads."""
        while not self.stream.flush(hears=not self._has_answer):
            if self._heard(self.stream.take()):
                break
        if self.network.traffic.broke:
            raise httpcore.WriteError

    def receive(self) -> bytes:
        """Return what comes; first what has come while the request was sent."""
        if self.stream.outbox.size_bytes:
            with contextlib.suppress(httpcore.WriteError):
                self.send()
        if self._early:
            return self._early.pop(0)
        found: bytes = self.stream.read()
        return found


class Network(SyncNetwork, httpcore.NetworkBackend):
    """Our network, as httpcore's pool asks for one."""

    def __init__(self, line: SyncLine) -> None:
        super().__init__()
        self._line = line

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Connect within what is left of the attempt."""
        self.close()
        self._line.stream = self.connect(host, port, None)
        return _Stream(self._line)


class _Stream(httpcore.NetworkStream):
    """The connection of a line, as httpcore uses one."""

    def __init__(self, line: SyncLine) -> None:
        self._line = line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._line.receive()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        if not buffer:
            return
        piece = sealed(buffer)
        del buffer
        self._line.write(piece)

    def close(self) -> None:
        self._line.network.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        self._line.stream.start_tls(ssl_context, server_hostname or "")
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._line.info(info)


def sealed(written: bytes) -> Piece:
    """Return what httpcore writes so that no name of ours shows it; what is long is a file, and stays."""
    return written if len(written) > JOIN_BYTES else Secret(bytes(written).decode("latin-1"))


def failure_of(error: Exception, traffic: Traffic, host: str) -> Failure:
    """Return what an error of such a line means, as `lines.failure_in_words`.

    Where our network was not asked at all, somebody (respx, a recorder) answers in its place: then the
    class of the error says what it means.
    """
    if isinstance(error, given.INVALID):
        certainty = Certainty.UNKNOWN if traffic.has_sent else Certainty.NOT_SENT
        return Failure(certainty, "config", f"The request to {host} is not valid HTTP.")
    is_foreign = isinstance(error, httpx.TransportError | httpx.StreamError)
    if is_foreign and not traffic.is_used:
        return given.failure_of(error, host)
    if isinstance(error, httpx.ProxyError) and traffic.reason is None:
        traffic.reason = "the proxy refused it"
    certainty = Certainty.UNKNOWN if traffic.has_sent else Certainty.NOT_SENT
    is_strange = isinstance(error, httpx.RemoteProtocolError)
    return failure_in_words(error, certainty, traffic, host, is_strange=is_strange)


def _left_over(connection: Any) -> bool:
    """Return whether bytes wait behind a reply: h11 would read them as the next; httpcore does not look."""
    while connection is not None:
        state = getattr(connection, "_h11_state", None)
        if state is not None:
            return bool(state.trailing_data[0])
        connection = getattr(connection, "_connection", None)
    # Whoever changes httpcore makes every call open a connection, which a test notices.
    return True

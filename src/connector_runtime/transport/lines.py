"""One connection each: httpx transports over sockets of our own. The only module that imports httpx.

httpx's own pool searches all connections for every request, which is quadratic in
flight, so a line holds exactly one connection and the sender keeps the lines. A line is
asked in the words of httpcore, below httpx: to wrap each request and reply in httpx's own
classes and unwrap them again costs an eighth of sending it.
"""

from __future__ import annotations

import logging
import ssl
import threading
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import certifi
import httpcore
import httpx

from connector_runtime.bodies import BodyError
from connector_runtime.messages import Failure
from connector_runtime.transport.intake import ReplyError
from connector_runtime.transport.network import SyncNetwork
from connector_runtime.values import Certainty

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from connector_runtime.bodies import Body
    from connector_runtime.messages import Outgoing
    from connector_runtime.transport.envelope import Address

# Servers close idle connections after 5 seconds or more; to be first avoids a lost request.
KEEP_ALIVE_S = 4.0

# Everything an attempt may end in; what is not here is a mistake in a program and is raised.
CAUGHT = (
    ReplyError,
    BodyError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpx.TransportError,
    httpx.StreamError,
    httpx.InvalidURL,
    OSError,
)
_LATE = (httpcore.TimeoutException, httpx.TimeoutException, TimeoutError)
_INVALID = (
    httpcore.LocalProtocolError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_STRANGE = (httpcore.RemoteProtocolError, httpx.RemoteProtocolError)
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)

is_sending: ContextVar[bool] = ContextVar("is_sending", default=False)


class Upload(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body as httpx wants it; starts anew each time it is iterated."""

    def __init__(self, body: Body | None) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter(()) if self._body is None else self._body.chunks()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


def wire_request(outgoing: Outgoing, address: Address, headers: list[tuple[str, str]]) -> httpcore.Request:
    """Return the request as a line takes it."""
    url = httpcore.URL(
        scheme=address.scheme.encode(),
        host=address.host.encode(),
        port=address.port,
        target=address.target.encode(),
    )
    return httpcore.Request(outgoing.method, url, headers=headers, content=Upload(outgoing.body))


def request_of(
    outgoing: Outgoing, address: Address, headers: list[tuple[str, str]], timeout_s: float
) -> httpx.Request:
    """Return the request as a given httpx transport takes it, without a client in between."""
    timeout = {"connect": timeout_s, "read": timeout_s, "write": timeout_s, "pool": timeout_s}
    return httpx.Request(
        outgoing.method,
        _url(address),
        headers=headers,
        stream=Upload(outgoing.body),
        extensions={"timeout": timeout},
    )


@lru_cache(maxsize=64)
def _url(address: Address) -> httpx.URL:
    """Return httpx's URL; parsing costs more than all our checks, and addresses repeat."""
    url = httpx.URL(
        scheme=address.scheme, host=address.host, port=address.port, raw_path=address.target.encode("ascii")
    )
    if url.raw_path != address.target.encode("ascii") or url.host != address.host:
        raise ReplyError("config", "The address of the request is not valid.")
    return url


def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of the process: it always verifies and reads no environment.

    Loading the certificates costs 15 ms and most of a megabyte, so everybody shares it.
    """
    with _context_lock:
        if not _contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_verify_locations(certifi.where())
            _contexts.append(context)
        return _contexts[0]


_context_lock = threading.Lock()
_contexts: list[ssl.SSLContext] = []


class Line:
    """What the lines of threads and of event loops share.

    Attributes:
        network: Opens the connection's socket and counts what passes it.
        idle_at: `time.monotonic()` instant at which it was last put back.
        exchange: Sends a request; gives the head of its reply, the rest to be read from its
            stream. That of an event loop gives what is awaited for it.
    """

    exchange: Callable[[httpcore.Request], Any]

    def __init__(self, make: Any, network: Any, context: ssl.SSLContext | None) -> None:
        self.network = network
        self.idle_at = 0.0
        # httpx's transports ask this attribute, and nothing else, to handle a request.
        self._pool: Any = OneConnection(make, network, context)

    def is_reusable(self) -> bool:
        """Return whether the connection is open, idle, and holds nothing unread."""
        return self._pool.is_reusable() and not self.network.traffic.broke

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        self.network.close()


class SyncLine(Line, httpx.HTTPTransport):
    """An httpx transport with one connection, for threads."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(httpcore.HTTPConnection, SyncNetwork(), context)
        self.exchange = self._pool.handle_request


class OneConnection:
    """Stands where httpx expects a pool."""

    def __init__(self, make: Any, network: Any, context: ssl.SSLContext | None) -> None:
        self._make = make
        self._network = network
        self._context = context
        self._connection: Any = None

    def handle_request(self, request: httpcore.Request) -> Any:
        return self._for(request).handle_request(request)

    def handle_async_request(self, request: httpcore.Request) -> Any:
        return self._for(request).handle_async_request(request)

    def is_reusable(self) -> bool:
        connection = self._connection
        return connection is not None and connection.is_idle() and not _leftover(connection)

    def _for(self, request: httpcore.Request) -> Any:
        """Return the connection; a dead one is replaced before anything is written to it."""
        connection = self._connection
        if connection is None or not connection.is_idle() or connection.has_expired():
            self._network.close()
            connection = self._connection = self._make(
                origin=request.url.origin,
                ssl_context=self._context,
                keepalive_expiry=KEEP_ALIVE_S,
                network_backend=self._network,
            )
        return connection


def _leftover(connection: Any) -> bool:
    """Return whether bytes came after the reply: the next request would take them for its own.

    httpcore does not tell, so its parser is asked. Where that is not found any more,
    connections are not used twice: slower, never wrong.
    """
    parser = getattr(getattr(connection, "_connection", None), "_h11_state", None)
    if parser is None:
        return True
    if parser.trailing_data[0]:
        logging.getLogger(__name__).warning("a server sent more than its reply; connection closed")
        return True
    return False


def failure_of(error: Exception, certainty: Certainty | None, host: str, reason: str | None) -> Failure:
    """Return what an httpx or socket error means, in words without addresses or secrets.

    Args:
        error: What was raised; its own text is not used.
        certainty: What the line knows, or None to go by the class of the error.
        host: Host name for the message.
        reason: Why there is no connection, if the line knows.
    """
    # The aiohttp transport calls every lost connection a ConnectTimeout, and repeats some requests itself.
    is_aiohttps = type(error.__cause__).__module__.startswith("aiohttp.")
    if certainty is None:
        is_known = isinstance(error, _NOT_SENT) and not is_aiohttps
        certainty = Certainty.NOT_SENT if is_known else Certainty.UNKNOWN
    if isinstance(error, _LATE) and not (is_aiohttps and isinstance(error, httpx.ConnectTimeout)):
        return Failure(certainty, "timeout", f"No complete reply from {host} in time.")
    if isinstance(error, _INVALID):
        return Failure(certainty, "config", f"The request to {host} is not valid HTTP.")
    if certainty is Certainty.NOT_SENT:
        return Failure(certainty, "network", f"No connection to {host}: {reason or 'it failed'}.")
    if isinstance(error, _STRANGE) and not _is_cut(error):
        return Failure(certainty, "contract", f"What {host} sent is not HTTP.")
    return Failure(certainty, "network", f"The connection to {host} broke before the reply was complete.")


def _is_cut(error: Exception) -> bool:
    text = str(error)
    return "disconnected" in text or "closed connection" in text


class _Quiet(logging.Filter):
    """httpcore logs the headers of replies, which may repeat a secret: ours stay out."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return not is_sending.get()


for _name in ("httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpx"):
    logging.getLogger(_name).addFilter(_Quiet())

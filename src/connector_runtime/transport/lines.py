"""One connection each: httpcore's connections over sockets of our own.

httpx's pool searches all connections for every request, which is quadratic in flight, so a
line holds exactly one connection and the sender keeps the lines. httpcore, on which httpx's
own transports stand, is asked directly: httpx around it would make each call an eighth
dearer, and a fresh process a tenth. A transport that is given is httpx's; see `given`.
"""

from __future__ import annotations

import logging
import os
import ssl
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import certifi
import httpcore

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
CAUGHT: tuple[type[Exception], ...] = (
    ReplyError,
    BodyError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    OSError,
)

is_sending: ContextVar[bool] = ContextVar("is_sending", default=False)


class Upload:
    """A body as it is sent; starts anew each time it is iterated."""

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


def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of the process: it always verifies and reads no environment.

    It trusts whom the system trusts, where OpenSSL has a directory of certificates and
    looks up the few it meets; to read a whole bundle, as is done elsewhere with certifi's,
    costs 30 ms and two megabytes.
    """
    with _context_lock:
        if not _contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            trust(context, ssl.get_default_verify_paths().openssl_capath)
            _contexts.append(context)
        return _contexts[0]


def trust(context: ssl.SSLContext, directory: str) -> None:
    """Trust the authorities of a directory, or certifi's where it holds none.

    Args:
        context: What is to trust them.
        directory: Where OpenSSL finds a certificate by its name, `<hash of its subject>.0`.
    """
    try:
        with os.scandir(directory) as entries:
            is_filled = any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        is_filled = False
    if is_filled:
        context.load_verify_locations(capath=directory)
    else:
        context.load_verify_locations(certifi.where())


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

    def __init__(self, network: Any, context: ssl.SSLContext | None) -> None:
        self.network = network
        self.idle_at = 0.0
        self._context = context
        self._connection: Any = None

    def is_reusable(self) -> bool:
        """Return whether the connection is open, idle, and holds nothing unread."""
        connection = self._connection
        is_idle = connection is not None and connection.is_idle() and not _leftover(connection)
        return is_idle and not self.network.traffic.broke

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        self.network.close()

    def _connection_for(self, request: httpcore.Request, make: Any) -> Any:
        """Return the connection; a dead one is replaced before anything is written to it."""
        connection = self._connection
        if connection is None or not connection.is_idle() or connection.has_expired():
            self.network.close()
            connection = self._connection = make(
                origin=request.url.origin,
                ssl_context=self._context,
                keepalive_expiry=KEEP_ALIVE_S,
                network_backend=self.network,
            )
        return connection


class SyncLine(Line):
    """One connection, for threads."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(SyncNetwork(), context)

    def exchange(self, request: httpcore.Request) -> httpcore.Response:
        response: httpcore.Response = self._connection_for(request, httpcore.HTTPConnection).handle_request(
            request
        )
        return response


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


def failure_of(error: Exception, certainty: Certainty, host: str, reason: str | None) -> Failure:
    """Return what an error of the line means, in words without addresses or secrets.

    Args:
        error: What was raised; its own text is not used.
        certainty: Whether anything was sent, as the line knows it.
        host: Host name for the message.
        reason: Why there is no connection, or None.
    """
    if isinstance(error, (httpcore.TimeoutException, TimeoutError)):
        return Failure(certainty, "timeout", f"No complete reply from {host} in time.")
    if isinstance(error, httpcore.LocalProtocolError):
        return Failure(certainty, "config", f"The request to {host} is not valid HTTP.")
    if certainty is Certainty.NOT_SENT:
        return Failure(certainty, "network", f"No connection to {host}: {reason or 'it failed'}.")
    if isinstance(error, httpcore.RemoteProtocolError) and not is_cut(error):
        return Failure(certainty, "contract", f"What {host} sent is not HTTP.")
    return Failure(certainty, "network", f"The connection to {host} broke before the reply was complete.")


def is_cut(error: Exception) -> bool:
    """Return whether a broken reply is one that stopped, and not one that is not HTTP."""
    text = str(error)
    return "disconnected" in text or "closed connection" in text


class _Quiet(logging.Filter):
    """httpcore logs the headers of replies, which may repeat a secret: ours stay out."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return not is_sending.get()


for _name in ("httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpx"):
    logging.getLogger(_name).addFilter(_Quiet())

"""One connection each: HTTP/1.1 as h11 reads and writes it, over sockets of our own.

h11 keeps the order of messages and judges every byte of them; it has no sockets, no pool and
no waits, and so none that would have to be undone. httpx stands on it too, two layers higher;
docs/decisions says what is gained here without them. A transport that is given is httpx's; see `given`.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import h11

from connector_runtime.base.bodies import BodyError, size_of
from connector_runtime.base.messages import Failure
from connector_runtime.base.values import Certainty, Secret
from connector_runtime.transport.intake import REFUSED_FROM, ReplyError
from connector_runtime.transport.network import SyncNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector_runtime.base.bodies import Piece
    from connector_runtime.base.messages import Outgoing
    from connector_runtime.transport.envelope import Address
    from connector_runtime.transport.network import Traffic

# Servers close idle connections after 5 seconds or more; to be first avoids a lost request.
KEEP_ALIVE_S = 4.0
# A status line or the head of a reply; known servers need a fraction of it.
_EVENT_MAX_BYTES = 100 * 1024

# All that h11 needs to know of a request: where it ends.
_FRAMING = ("Host", "Content-Length")

# Everything an attempt may end in; what is not here is a mistake in a program and is raised.
CAUGHT: tuple[type[Exception], ...] = (ReplyError, BodyError, h11.ProtocolError, OSError)


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
            context.set_alpn_protocols(["http/1.1"])
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
        import certifi  # noqa: PLC0415  not loaded where it is not needed

        context.load_verify_locations(certifi.where())


_context_lock = threading.Lock()
_contexts: list[ssl.SSLContext] = []


class Line:
    """What the lines of threads and of event loops share.

    Attributes:
        network: Opens the connection's socket and counts what passes it.
        idle_at: `time.monotonic()` instant at which it was last put back.
    """

    def __init__(self, network: Any, context: ssl.SSLContext | None) -> None:
        self.network = network
        self.idle_at = 0.0
        self._context = context
        self._stream: Any = None
        self._messages: Any = None
        self._early: h11.Response | None = None

    def reset(self) -> bool:
        """Make ready for another request; return whether one may follow on the same connection.

        It may when both sides are done and nothing is left unread.
        """
        messages = self._messages
        if self.network.traffic.broke or (messages.our_state, messages.their_state) != (h11.DONE, h11.DONE):
            return False
        if messages.trailing_data[0]:
            # The next request would take it for its own reply.
            import logging  # noqa: PLC0415  not loaded where nothing is logged

            logging.getLogger(__name__).warning("a server sent more than its reply; connection closed")
            return False
        messages.start_next_cycle()
        self._early = None
        return True

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        self.network.close()

    def _is_open(self) -> bool:
        """Return whether the connection can be used; the peer may have closed it while it was idle."""
        is_young = self._stream is not None and time.monotonic() - self.idle_at < KEEP_ALIVE_S
        return is_young and not self._stream.is_readable()

    def _started(self, stream: Any) -> Any:
        self._stream = stream
        self._messages = h11.Connection(h11.CLIENT, max_incomplete_event_size=_EVENT_MAX_BYTES)
        return stream

    def _head(self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]) -> None:
        """Put the head of a request into the outbox, its secrets sealed: h11 counts, and never sees them."""
        framing = [(name, str(value)) for name, value in headers if name in _FRAMING]
        self._messages.send(h11.Request(method=outgoing.method, target=address.target, headers=framing))
        add, text = self._stream.outbox.add, f"{outgoing.method} {address.target}"
        if outgoing.key is not None:
            add(f"{text}{'&' if '?' in address.target else '?'}".encode("ascii"))
            add(outgoing.key)
            text = ""
        text += " HTTP/1.1\r\n"
        for name, value in headers:
            if isinstance(value, Secret):
                add(f"{text}{name}: ".encode("latin-1"))
                add(value)
                text = "\r\n"
            else:
                text += f"{name}: {value}\r\n"
        add(f"{text}\r\n".encode("latin-1"))

    def _content(self, outgoing: Outgoing) -> Iterator[Piece]:
        """Yield the content of a request."""
        send = self._messages.send_with_data_passthrough
        if outgoing.body is not None:
            for piece in outgoing.body.chunks():
                send(h11.Data(data=bytes(size_of(piece)) if isinstance(piece, Secret) else piece))
                yield piece
        send(h11.EndOfMessage())

    def _heard(self, data: bytes | None) -> bool:
        """Take what came while the request is sent; returns whether that is a refusal.

        A reply that is no refusal is kept, and its content left for `read`: a server may answer first
        and go on taking the request.
        """
        messages = self._messages
        if data is None:
            return False
        messages.receive_data(data)
        while (event := messages.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if type(event) is h11.Response:
                self._early = event
                if event.status_code < REFUSED_FROM:
                    break
                self._stream.outbox.clear()
                self.network.traffic.broke = True
                return True
        return False


class SyncLine(Line):
    """One connection, for threads."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(SyncNetwork(), context)

    def begin(
        self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]
    ) -> h11.Response:
        """Send a request, or as much of it as the peer wants; return the head of its reply.

        Raises:
            h11.ProtocolError, OSError: As `failure_of` tells apart.
        """
        stream = self._stream
        if not self._is_open():
            self.network.close()
            stream = self._started(self.network.connect(address.host, address.tcp_port, self._context))
        self._head(outgoing, address, headers)
        for piece in self._content(outgoing):
            if not stream.outbox.has_room(piece) and not self._sent():
                break
            stream.outbox.add(piece)
        self._sent()
        if self._early is not None:
            return self._early
        while type(event := self._next()) is not h11.Response:
            self.network.traffic.left_s()
        return event

    def read(self, take: Callable[[bytes], None]) -> bool:
        """Hand some more of the reply's content on; returns False at its end; raises as `begin`.

        No name holds it while more is waited for: it may be a token.
        """
        event = self._next()
        if type(event) is h11.Data:
            take(bytes(event.data))
        return type(event) is h11.Data

    def _sent(self) -> bool:
        """Send what is in the outbox; returns whether the peer takes more."""
        traffic = self.network.traffic
        while not self._stream.flush(hears=self._early is None):
            if self._heard(self._stream.take()):
                break
        return not traffic.broke

    def _next(self) -> Any:
        messages = self._messages
        while (event := messages.next_event()) is h11.NEED_DATA:
            messages.receive_data(self._stream.read())
        return event


def failure_of(error: Exception, traffic: Traffic, host: str) -> Failure:
    """Return what an error of a line means, in words without addresses or secrets.

    Args:
        error: What was raised; its own text is not used.
        traffic: What the line knows about its connection.
        host: Host name for the message.
    """
    certainty = Certainty.UNKNOWN if traffic.has_sent else Certainty.NOT_SENT
    if isinstance(error, TimeoutError):
        return Failure(certainty, "timeout", f"No complete reply from {host} in time.")
    if isinstance(error, h11.LocalProtocolError):
        return Failure(certainty, "config", f"The request to {host} is not valid HTTP.")
    if certainty is Certainty.NOT_SENT:
        return Failure(certainty, "network", f"No connection to {host}: {traffic.reason or 'it failed'}.")
    if isinstance(error, h11.RemoteProtocolError) and not traffic.has_ended:
        return Failure(certainty, "contract", f"What {host} sent is not HTTP.")
    return Failure(certainty, "network", f"The connection to {host} broke before the reply was complete.")

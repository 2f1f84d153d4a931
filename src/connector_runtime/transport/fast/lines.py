"""The fast wire: sockets of our own under httptools' C parser; what is written needs no parser.

It is there with the extra `speed`. HTTP/1.1, no proxy; what it cannot do is in docs/reference/transports.md.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from httptools import HttpParserError, HttpParserUpgrade

from connector_runtime.base.bodies import BodyError, size_of
from connector_runtime.base.values import Certainty, Secret
from connector_runtime.transport import lines
from connector_runtime.transport.fast.incoming import Incoming
from connector_runtime.transport.intake import REFUSED_FROM
from connector_runtime.transport.lines import KEEP_ALIVE_S, Line, failure_in_words, warn_of_surplus
from connector_runtime.transport.network import SyncNetwork

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from connector_runtime.base.bodies import Piece
    from connector_runtime.base.messages import Failure, Outgoing
    from connector_runtime.transport.host_check import Address
    from connector_runtime.transport.lines import Head
    from connector_runtime.transport.network import Traffic

CAUGHT: tuple[type[Exception], ...] = (*lines.CAUGHT, HttpParserError, HttpParserUpgrade)


class FastLine(Line):
    """What the fast lines of threads and of event loops share."""

    def __init__(self, network: Any, context: ssl.SSLContext | None) -> None:
        super().__init__(network)
        self._context = context
        self._stream: Any = None
        self._incoming = Incoming()
        self._is_sent = False

    def reset(self) -> bool:
        """Make ready for another request, as `Line.reset`."""
        incoming = self._incoming
        if self.network.traffic.broke or not (self._is_sent and incoming.is_whole):
            return False
        # Bytes behind a reply answer a question that nobody has asked: the next one would get them.
        if incoming.has_surplus:
            warn_of_surplus()
        return incoming.is_reusable and not incoming.has_surplus

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        self.network.close()
        self._incoming.forget()

    def _is_open(self) -> bool:
        """Return whether the connection can be used; the peer may have closed it while it was idle."""
        is_young = self._stream is not None and time.monotonic() - self.idle_at < KEEP_ALIVE_S
        return is_young and not self._stream.is_readable()

    def _start(self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]) -> None:
        """Put the head of a request into the outbox, its secrets sealed."""
        self._is_sent = False
        self._incoming.begin(is_head=outgoing.method == "HEAD")
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
        """Yield the content of a request, as long as its head says; `BodyError` where it is not."""
        body = outgoing.body
        left_bytes = 0 if body is None else body.size_bytes
        for piece in () if body is None else body.chunks():
            left_bytes -= size_of(piece)
            if left_bytes < 0:
                break
            yield piece
        if left_bytes:
            # A server would take what is missing from the next request, or keep the rest for it.
            raise BodyError("The body is not as long as it says.")
        self._is_sent = True

    def _heard(self, received: bytes | None) -> bool:
        """Take what came while the request is sent; returns whether that is a refusal.

        A reply that is no refusal is kept, and its content left for `read`: a server may answer first
        and go on taking the request.
        """
        if received is None:
            return False
        incoming = self._incoming
        incoming.feed(received)
        if incoming.head is None or incoming.head.status_code < REFUSED_FROM:
            return False
        self._stream.outbox.clear()
        self.network.traffic.broke = True
        return True


class SyncLine(FastLine):
    """One connection, for threads."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(SyncNetwork(), context)

    def begin(self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]) -> Head:
        """Send a request, or as much of it as the peer wants; return the head of its reply.

        Raises:
            HttpParserError, OSError: As `failure_of` tells apart.
        """
        # Not repeated on a stale connection: it is looked at before, so that no request is sent twice.
        if not self._is_open():
            self.network.close()
            self._stream = self.network.connect(address.host, address.tcp_port, self._context)
        stream, incoming = self._stream, self._incoming
        self._start(outgoing, address, headers)
        for piece in self._content(outgoing):
            if not stream.outbox.has_room(piece) and not self._sent():
                break
            stream.outbox.add(piece)
        self._sent()
        while incoming.head is None:
            incoming.feed(stream.read())
        return incoming.head

    def read(self, take: Callable[[bytes], None]) -> bool:
        """Hand some more of the reply's content on; returns False at its end; raises as `begin`.

        No name holds it while more is waited for: it may be a token.
        """
        incoming = self._incoming
        while not incoming.pieces:
            if incoming.is_whole:
                return False
            incoming.feed(self._stream.read())
        take(incoming.pieces.popleft())
        return True

    def _sent(self) -> bool:
        """Send what is in the outbox; returns whether the peer takes more."""
        while not self._stream.flush(hears=self._incoming.head is None):
            if self._heard(self._stream.take()):
                break
        return not self.network.traffic.broke


def failure_of(error: Exception, traffic: Traffic, host: str) -> Failure:
    """Return what an error of a fast line means, as `lines.failure_in_words`."""
    certainty = Certainty.UNKNOWN if traffic.has_sent else Certainty.NOT_SENT
    is_strange = isinstance(error, HttpParserError | HttpParserUpgrade)
    return failure_in_words(error, certainty, traffic, host, is_strange=is_strange)

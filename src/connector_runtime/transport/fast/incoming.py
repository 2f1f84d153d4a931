"""One reply as httptools' parser takes it apart, the one of Node.js (llhttp): no parser of our own."""

from __future__ import annotations

from collections import deque

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from connector_runtime.transport.lines import Head

_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_SWITCHING = 101


class Incoming:
    """The reply that a connection brings, its interim ones passed over; the methods `on_…` are the parser's.

    Attributes:
        head: The head of the final reply, once it is there.
        pieces: Content that is not taken yet.
        is_whole: Whether the reply has come to its end.
        has_surplus: Whether the server has sent more than that.
        is_reusable: Whether another reply may follow on the same connection.
    """

    __slots__ = (
        "_body_bytes",
        "_fields",
        "_heads",
        "_is_chunked",
        "_is_delimited",
        "_is_head",
        "_parser",
        "_refusal",
        "has_surplus",
        "head",
        "is_reusable",
        "is_whole",
        "pieces",
    )

    def __init__(self) -> None:
        self._parser: HttpResponseParser | None = None
        self.pieces: deque[bytes] = deque()
        self.begin(is_head=False)

    def begin(self, *, is_head: bool) -> None:
        """Wait for another reply, to HEAD or to anything else."""
        self.head: Head | None = None
        self.pieces.clear()
        self.is_whole = self.has_surplus = self.is_reusable = False
        self._is_head = is_head
        self._is_chunked = self._is_delimited = False
        self._refusal: str | None = None
        self._fields: list[tuple[str, str]] = []
        self._heads = self._body_bytes = 0
        if self._parser is None:
            self._parser = HttpResponseParser(self)
            # Old servers fill the line of a chunk's length up; nothing is smuggled by that.
            self._parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)

    def forget(self) -> None:
        """Let go of the parser, which holds this object as this one holds it."""
        self._parser = None
        self.pieces.clear()

    def feed(self, received: bytes) -> None:
        """Take what came; nothing is the end.

        Raises:
            HttpParserError: It is not HTTP/1.
            ConnectionError: The end comes before the reply is whole.
        """
        if not received:
            self._end()
            return
        self._heads = self._body_bytes = 0
        parser = self._parser
        try:
            if parser is not None:
                parser.feed_data(received)
        except (HttpParserError, HttpParserUpgrade):
            if not self.is_whole:
                raise
            self.has_surplus = True
        if self._refusal is not None:
            raise HttpParserError(self._refusal)
        if self.is_whole and not self._ends_with(received):
            self.is_reusable = False

    def on_message_begin(self) -> None:
        """Note what comes after the reply's end."""
        if self.is_whole:
            self.has_surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a line of a head; those behind the last chunk are not asked for."""
        if self.head is None:
            self._fields.append((name.lower().decode("latin-1"), value.strip().decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Take a head: an interim one is passed over, one after the end is surplus."""
        parser = self._parser
        if self.head is not None or parser is None:
            return
        self._heads += 1
        status = parser.get_status_code()
        if status < 100 or status == _SWITCHING:
            self._refusal = "the status is not one of a reply"
        if status < 200:
            self._fields = []
            return
        self.head = Head(status, self._fields, parser.get_http_version())
        codings = [value.lower() for name, value in self._fields if name == "transfer-encoding"]
        self._is_chunked = bool(codings)
        self._is_delimited = self._is_chunked or any(name == "content-length" for name, _ in self._fields)
        if codings and codings != ["chunked"]:
            self._refusal = "the transfer encoding is not one that was asked for"
        if self._is_head:
            # The parser does not know what was asked, and would wait for the content: it is done with.
            self.is_whole = True
            self._parser = None

    def on_body(self, piece: bytes) -> None:
        """Take a piece of content."""
        if self.is_whole:
            self.has_surplus = True
            return
        self._body_bytes += len(piece)
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        """Note the end of the reply, the first time: interim ones have one, too, and so has surplus."""
        if self.head is not None and not self.is_whole and self._parser is not None:
            self.is_whole = True
            self.is_reusable = self._parser.should_keep_alive()

    def _end(self) -> None:
        """Take the end of the connection, which ends a reply that has neither length nor chunks."""
        if self.is_whole:
            return
        if self.head is None or self._is_delimited:
            raise ConnectionError
        self.is_whole = True

    def _ends_with(self, received: bytes) -> bool:
        """Return whether what came last ends where the reply does: the parser passes over blank lines.

        In doubt it does not, which costs a connection.
        """
        if self._is_chunked:
            return received.endswith(_LAST_CHUNK)
        at = 0
        for _ in range(self._heads):
            at = received.find(_END_OF_HEAD, at) + len(_END_OF_HEAD)
        if at + self._body_bytes < len(received):
            self.has_surplus = True
        return at + self._body_bytes == len(received)

"""Read a reply within bounds: bytes from the wire, one gzip layer, into memory or a draft."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

from connector_runtime.base.json_text import count_values
from connector_runtime.base.messages import DEFAULT_LIMITS, FailureKind, Limits, Reply
from connector_runtime.base.saved_files import DraftError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector_runtime.base.saved_files import FileDraft

# A reply needs a few dozen; each line costs time to parse.
HEADERS_MAX = 256
# A member is a whole gzip file; servers send one, concatenating tools a few.
GZIP_MEMBERS_MAX = 16
# What one step of decoding gives at most: between two of them the caps are looked at.
_STEP_BYTES = 65_536
# 15 bits of window, and 16 more by which zlib expects the head of a gzip file.
_GZIP_WINDOW_BITS = 31
# A server that says so does not act upon a request that has not come whole.
REFUSED_FROM = 300
# They say that there is no content: a file that was saved before is better.
_EMPTY = (204, 205)


class ReplyError(Exception):
    """A reply, or what came instead of one, is not taken; becomes a `Failure`."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message


class Intake:
    """One reply in the making: `start`, any number of `feed`, then `finish`.

    All raise `ReplyError` about a reply that is not taken, or cannot be saved.

    Attributes:
        status, headers: As received; header names in lower case.
        cap_bytes: How much may be received for this reply.
        is_on_disk: Whether it goes into the draft, so that `feed` and `finish` may wait for a disk.
    """

    __slots__ = (
        "_announced_bytes",
        "_encoded_bytes",
        "_gunzip",
        "_is_json",
        "_limits",
        "_sink",
        "_size_bytes",
        "_store",
        "_values",
        "cap_bytes",
        "headers",
        "is_on_disk",
        "status",
    )

    def __init__(
        self, limits: Limits = DEFAULT_LIMITS, sink: FileDraft | None = None, *, form: str = "json"
    ) -> None:
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.cap_bytes = limits.wire_bytes
        self.is_on_disk = False
        self._limits = limits
        self._sink = sink
        self._announced_bytes: int | None = None
        self._encoded_bytes = 0
        self._size_bytes = 0
        self._gunzip: _Gunzip | None = None
        self._store: _Memory | _Drafted = _Memory(limits.decoded_bytes)
        self._is_json = form == "json"
        self._values = 0

    def start(self, status: int, headers: Iterable[tuple[str, str]], *, is_head: bool = False) -> None:
        """Take status and headers (lower-case names), and judge what they announce."""
        self.status = status
        self.headers = tuple(headers)
        if len(self.headers) > HEADERS_MAX:
            raise ReplyError("contract", f"The reply has more than {HEADERS_MAX} headers.")
        # An error page must not become the user's file: it is read into memory, to be judged.
        if self._sink is not None and 200 <= status < 300 and status not in _EMPTY and not is_head:
            self.cap_bytes = self._limits.sink_bytes
            self._store = _Drafted(self._sink, self._limits.sink_bytes)
            self.is_on_disk = True
        elif self._sink is not None:
            self._store = _Memory(self._limits.unsaved_bytes)
        if status >= 300:
            # Whatever form was asked for.
            self._is_json = True
        is_chunked = False
        for name, value in self.headers:
            if name == "content-encoding":
                self._decode(value)
            elif name == "transfer-encoding":
                is_chunked = True
            elif name == "content-length" and value.isascii() and value.isdigit():
                self._expect(value)
        if is_chunked and self._announced_bytes is not None:
            # Two answers to the question where the reply ends: a way to smuggle another.
            raise ReplyError("contract", "The reply has a length and chunks at once.")

    def feed(self, content: bytes) -> None:
        """Take a piece of content as it came."""
        self._encoded_bytes += len(content)
        if self._encoded_bytes > self.cap_bytes:
            raise too_large(self.cap_bytes)
        if self._gunzip is None:
            self._keep(content)
            return
        for piece in self._gunzip.pieces(content):
            self._keep(piece)
            self._check_ratio()

    def finish(self, elapsed_s: float) -> Reply:
        """Return the reply; of a saved one that is not small, the content is in the draft alone."""
        if self._gunzip is not None:
            self._gunzip.finish()
        body = self._store.finish()
        saved_to = self._sink.target if self._sink is not None and self.is_on_disk else None
        return Reply(self.status, self.headers, body, self._size_bytes, elapsed_s, saved_to)

    @property
    def is_whole(self) -> bool:
        """Return whether as much content came as was announced, if anything was."""
        return self._announced_bytes is None or self._announced_bytes == self._encoded_bytes

    def _keep(self, piece: bytes) -> None:
        self._size_bytes += len(piece)
        # After decoding, too: a cap on what came over the wire alone would let a bomb of gzip through.
        if self._size_bytes > self._store.cap_bytes:
            raise too_large(self._store.cap_bytes)
        self._store.add(piece)
        if self._size_bytes > self._limits.values_from_bytes and self._is_json:
            self._count(piece)

    def _count(self, piece: bytes) -> None:
        """Refuse more values than memory and time allow, before the content is whole."""
        if not isinstance(self._store, _Memory):
            return  # what was saved is counted when it is read to be judged
        if self._size_bytes - len(piece) <= self._limits.values_from_bytes:
            piece = self._store.content()
        self._values += count_values(piece)
        if self._values > self._limits.values:
            raise ReplyError("limit", f"The reply has more than {self._limits.values:,} values.")

    def _decode(self, header: str) -> None:
        for coding in header.lower().split(","):
            name = coding.strip()
            if name in ("", "identity"):
                continue
            if name not in ("gzip", "x-gzip") or self._gunzip is not None:
                shown = "".join(char if char.isprintable() else "?" for char in header[:60])
                raise ReplyError("contract", f"The reply is encoded as `{shown}`, which was not asked for.")
            self._gunzip = _Gunzip()

    def _expect(self, length: str) -> None:
        # No real length has more than 15 digits, and Python refuses thousands of them.
        if len(length) > 15 or int(length) > self.cap_bytes:
            raise too_large(self.cap_bytes)
        self._announced_bytes = int(length)

    def _check_ratio(self) -> None:
        expanded = self._size_bytes > self._limits.ratio * self._encoded_bytes
        if expanded and self._size_bytes > self._limits.ratio_from_bytes:
            raise ReplyError("limit", "The reply grows suspiciously when it is decompressed.")


def too_large(cap_bytes: int) -> ReplyError:
    """Return the refusal of a reply beyond a cap."""
    cap = f"{cap_bytes / 2**20:.0f} MiB" if cap_bytes >= 2**20 else f"{cap_bytes} bytes"
    return ReplyError("limit", f"The reply is larger than {cap}.")


class _Gunzip:
    """One gzip layer, decoded in small steps so that a bomb is met by the caps."""

    __slots__ = ("_engine", "_members", "_started")

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(_GZIP_WINDOW_BITS)
        self._members = 1
        self._started = False

    def pieces(self, content: bytes) -> Iterator[bytes]:
        """Yield decoded pieces of at most 64 KiB."""
        while content:
            if self._engine.eof:
                self._next_member()
            self._started = True
            try:
                piece = self._engine.decompress(content, _STEP_BYTES)
            except zlib.error:
                raise ReplyError("contract", "The reply's gzip content is broken.") from None
            if piece:
                yield piece
            # Behind the end of a member another may begin, in the same piece.
            content = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail

    def finish(self) -> None:
        """Refuse content that ends in the middle; no content at all is fine."""
        if self._started and not self._engine.eof:
            raise ReplyError("network", "The reply's gzip content ends too early.")

    def _next_member(self) -> None:
        self._members += 1
        if self._members > GZIP_MEMBERS_MAX:
            raise ReplyError("contract", f"The reply has more than {GZIP_MEMBERS_MAX} gzip members.")
        self._engine = zlib.decompressobj(_GZIP_WINDOW_BITS)


class _Memory:
    """Content in memory; what is more than one piece is never there twice."""

    __slots__ = ("_first", "_whole", "cap_bytes")

    def __init__(self, cap_bytes: int) -> None:
        self.cap_bytes = cap_bytes
        self._first = b""
        self._whole: io.BytesIO | None = None

    def add(self, piece: bytes) -> None:
        if self._whole is not None:
            self._whole.write(piece)
        elif self._first:
            # Most replies are one piece, which is then handed on as it came, without a copy.
            self._whole = io.BytesIO(self._first)
            self._whole.seek(len(self._first))
            self._whole.write(piece)
        else:
            self._first = piece

    def content(self) -> bytes:
        """Return what has come so far."""
        return self._first if self._whole is None else self._whole.getvalue()

    def finish(self) -> bytes:
        return self.content()


class _Drafted:
    """Content in the draft of a file."""

    __slots__ = ("_draft", "_turn", "cap_bytes")

    def __init__(self, draft: FileDraft, cap_bytes: int) -> None:
        self.cap_bytes = cap_bytes
        self._draft = draft
        self._turn = draft.restart()

    def add(self, piece: bytes) -> None:
        try:
            self._draft.write(piece, self._turn)
        except DraftError as error:
            raise ReplyError("input", error.message) from None

    def finish(self) -> bytes:
        try:
            return self._draft.finish(self._turn)
        except DraftError as error:
            raise ReplyError("input", error.message) from None

"""Read a reply within bounds: bytes from the wire, one gzip layer, into memory or a file."""

from __future__ import annotations

import os
import secrets
import zlib
from typing import TYPE_CHECKING, Protocol

from connector_runtime.messages import DEFAULT_LIMITS, FailureKind, Limits, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# A reply needs a few dozen; each line costs time to parse.
HEADERS_MAX = 256
# A member is a whole gzip file; servers send one, concatenating tools a few.
GZIP_MEMBERS_MAX = 16
_STEP_BYTES = 65_536
_GZIP_WINDOW_BITS = 31


class ReplyRefused(Exception):
    """A reply, or what came instead of one, is not taken; becomes a `Failure`."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message


class Intake:
    """One reply in the making: `start`, any number of `feed`, then `finish` or `discard`."""

    __slots__ = ("_coding", "_limits", "_size_bytes", "_store", "_wire_bytes", "headers", "sink", "status")

    def __init__(self, limits: Limits = DEFAULT_LIMITS, sink: Path | None = None) -> None:
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.sink = sink
        self._limits = limits
        self._wire_bytes = 0
        self._size_bytes = 0
        self._coding: _Gunzip | None = None
        self._store: _Memory | _TemporaryFile = _Memory(limits.decoded_bytes)

    def start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Take status and headers (lower-case names), and judge what they announce."""
        self.status = status
        self.headers = tuple(headers)
        if len(self.headers) > HEADERS_MAX:
            raise ReplyRefused("contract", f"the reply has more than {HEADERS_MAX} headers")
        if self.sink is not None:
            good = 200 <= status < 300  # noqa: PLR2004
            limits = self._limits
            self._store = (
                _TemporaryFile(self.sink, limits.sink_bytes) if good else _Memory(limits.unsaved_bytes)
            )
        self._coding = self._content_coding()
        self._check_length()

    def count_wire(self, size_bytes: int) -> None:
        """Count received bytes of any kind: headers, framing, content."""
        self._wire_bytes += size_bytes
        cap = self._limits.wire_bytes
        if self._wire_bytes > cap and self._wire_bytes > max(cap, self._store.wire_bytes):
            raise ReplyRefused("limit", f"the reply is larger than {self._cap_text(cap)}")

    def feed(self, content: bytes) -> None:
        """Take a piece of content as it came."""
        if self._coding is None:
            self._keep(content)
            return
        for piece in self._coding.pieces(content):
            self._keep(piece)
            self._check_ratio()

    def finish(self, elapsed_s: float) -> Reply:
        """Return the reply; a file to save is renamed to its target now."""
        if self._coding is not None:
            self._coding.finish()
        body, saved_to = self._store.finish()
        return Reply(self.status, self.headers, body, saved_to, self._size_bytes, elapsed_s)

    def discard(self) -> None:
        """Leave nothing behind; harmless after `finish`."""
        self._store.discard()

    def _keep(self, piece: bytes) -> None:
        self._size_bytes += len(piece)
        if self._size_bytes > self._store.cap_bytes:
            raise ReplyRefused("limit", f"the reply is larger than {self._cap_text(self._store.cap_bytes)}")
        self._store.add(piece)

    def _content_coding(self) -> _Gunzip | None:
        values = [value for name, value in self.headers if name == "content-encoding"]
        codings = [part.strip().lower() for value in values for part in value.split(",")]
        codings = [coding for coding in codings if coding not in ("", "identity")]
        if not codings:
            return None
        if codings in (["gzip"], ["x-gzip"]):
            return _Gunzip()
        shown = ", ".join(codings)[:60]
        raise ReplyRefused("contract", f"the reply is encoded as `{shown}`, which was not asked for")

    def _check_length(self) -> None:
        for name, value in self.headers:
            if name == "content-length" and value.isascii() and value.isdigit():
                cap = max(self._store.wire_bytes, self._limits.wire_bytes)
                if len(value) > 15 or int(value) > cap:  # noqa: PLR2004  no real length has more digits
                    raise ReplyRefused("limit", f"the reply announces more than {self._cap_text(cap)}")

    def _check_ratio(self) -> None:
        if self._size_bytes > self._limits.ratio_from_bytes:
            expanded = self._size_bytes > self._limits.ratio * max(1, self._wire_bytes)
            if expanded:
                raise ReplyRefused("limit", "the reply expands suspiciously when decompressed")

    @staticmethod
    def _cap_text(cap_bytes: int) -> str:
        return f"{cap_bytes / 1_048_576:.0f} MiB" if cap_bytes >= 1_048_576 else f"{cap_bytes} bytes"  # noqa: PLR2004


class _Gunzip:
    """One gzip layer, decoded in small steps so that a bomb is met by the caps."""

    __slots__ = ("_engine", "_members", "_started")

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(_GZIP_WINDOW_BITS)
        self._members = 1
        self._started = False

    def pieces(self, content: bytes) -> Iterable[bytes]:
        """Yield decoded pieces of at most 64 KiB."""
        while content:
            if self._engine.eof:
                self._next_member()
            self._started = True
            try:
                piece = self._engine.decompress(content, _STEP_BYTES)
            except zlib.error:
                raise ReplyRefused("contract", "the reply's gzip content is broken") from None
            if piece:
                yield piece
            content = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail

    def finish(self) -> None:
        """Refuse content that ends in the middle; no content at all is fine."""
        if self._started and not self._engine.eof:
            raise ReplyRefused("network", "the reply's gzip content ends too early")

    def _next_member(self) -> None:
        self._members += 1
        if self._members > GZIP_MEMBERS_MAX:
            raise ReplyRefused("contract", f"the reply has more than {GZIP_MEMBERS_MAX} gzip members")
        self._engine = zlib.decompressobj(_GZIP_WINDOW_BITS)


class _Store(Protocol):
    cap_bytes: int
    wire_bytes: int


class _Memory:
    """Content in memory."""

    __slots__ = ("_pieces", "cap_bytes", "wire_bytes")

    def __init__(self, cap_bytes: int) -> None:
        self.cap_bytes = cap_bytes
        self.wire_bytes = 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def finish(self) -> tuple[bytes, Path | None]:
        pieces = self._pieces
        return (pieces[0] if len(pieces) == 1 else b"".join(pieces)), None

    def discard(self) -> None:
        self._pieces = []


class _TemporaryFile:
    """Content in a file beside its target, which is only replaced by the whole."""

    __slots__ = ("_stream", "_target", "_temporary", "cap_bytes", "wire_bytes")

    def __init__(self, target: Path, cap_bytes: int) -> None:
        self.cap_bytes = cap_bytes
        self.wire_bytes = cap_bytes
        self._target = target
        self._temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.part")
        try:
            self._stream = self._temporary.open("xb", buffering=0)
        except OSError as error:
            raise _unwritable(error) from None

    def add(self, piece: bytes) -> None:
        view = memoryview(piece)
        try:
            while view:
                view = view[self._stream.write(view) :]
        except OSError as error:
            raise _unwritable(error) from None

    def finish(self) -> tuple[bytes, Path | None]:
        try:
            self._stream.close()
            os.replace(self._temporary, self._target)  # noqa: PTH105  one system call, atomic
        except OSError as error:
            raise _unwritable(error) from None
        return b"", self._target

    def discard(self) -> None:
        self._stream.close()
        self._temporary.unlink(missing_ok=True)


def _unwritable(error: OSError) -> ReplyRefused:
    return ReplyRefused("input", f"the reply cannot be saved: {error.strerror}")

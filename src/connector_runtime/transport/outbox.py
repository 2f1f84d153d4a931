"""Bytes on their way out: small ones joined, secret ones sealed until they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_runtime.base.bodies import opened, size_of
from connector_runtime.base.values import Secret

if TYPE_CHECKING:
    from connector_runtime.base.bodies import Piece

# Small writes wait for one another up to this size, so head and body share a packet.
JOIN_BYTES = 64 * 1024


class Outbox:
    """What is to be sent next; whoever records names and attributes of a waiting call sees no secret here.

    Attributes:
        size_bytes: How much is left.
    """

    __slots__ = ("_pieces", "_taken_bytes", "size_bytes")

    def __init__(self) -> None:
        self.clear()

    def has_room(self, piece: Piece) -> bool:
        """Return whether a piece can be joined to what is there."""
        return not self.size_bytes or self.size_bytes + size_of(piece) <= JOIN_BYTES

    def add(self, piece: Piece) -> None:
        """Take a piece; one beyond `JOIN_BYTES` must be the only one."""
        self._pieces.append(piece)
        self.size_bytes += size_of(piece)

    def window(self) -> bytes | memoryview:
        """Return what to write next; to be used at once, as an argument."""
        first, start = self._pieces[0], self._taken_bytes
        if len(self._pieces) > 1:
            return b"".join([opened(piece) for piece in self._pieces])[start:]
        # Opened for this one write and bounded: no copy of a whole secret body lies about.
        if isinstance(first, Secret):
            return opened(first, start, start + JOIN_BYTES)
        return memoryview(first)[start:]

    def drop(self, size_bytes: int) -> None:
        """Forget what was written."""
        self._taken_bytes += size_bytes
        self.size_bytes -= size_bytes
        if not self.size_bytes:
            self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._pieces: list[Piece] = []
        self._taken_bytes = 0
        self.size_bytes = 0

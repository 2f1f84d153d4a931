"""What a hostile server puts into its replies."""

from __future__ import annotations

import functools
import gzip
import zlib

from faults.faultserver import reply

TEXT = b'{"name":"Bowman","note":"' + b"abc " * 500 + b'"}'
ZIPPED = gzip.compress(TEXT, mtime=0)
MEBIBYTE = 1_048_576


def encoded(coding: str, body: bytes) -> bytes:
    """Return a reply that says how it is encoded."""
    return reply(body, headers=[f"Content-Encoding: {coding}"])


@functools.cache
def bomb(size_bytes: int) -> bytes:
    """Return gzip content that grows to zeros of the given size."""
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [engine.compress(bytes(MEBIBYTE)) for _ in range(size_bytes // MEBIBYTE)]
    return b"".join([*pieces, engine.flush()])

"""How far a call of several requests has come: kept whatever ends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(eq=False, repr=False)
class Trail:
    """What of a call is done, and where it would go on.

    Attributes:
        at: Number of the step under way, or of the first record of the chunk.
        done: Names of the steps that were done, in order.
        seen: What expressions see of them.
        again: Steps before `at` that are read again by a resumed call.
        is_open: Whether the step or chunk at which a resumed call begins may have been carried out.
        sent_at: When that one was sent first, in seconds since the epoch, or None.
        sent_date: The same by the vendor's clock, where it was told.
        short: Done steps of whose answers only that was kept which later steps read.
        files: Digests of what the files held that were given by path, by path, when the call began.
        records: The list that is sent chunk by chunk.
        began: Where the chunk begins that was begun last; another than at `at` is done.
        chunk: The part of it under way.
        results: What has come of each record; only what stands before `at` counts.
        failed: The records that failed; only those before `at` count.
    """

    at: int = 0
    done: tuple[str, ...] = ()
    seen: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    again: frozenset[str] = frozenset()
    is_open: bool = False
    sent_at: float | None = None
    sent_date: float | None = None
    short: tuple[str, ...] = ()
    files: Mapping[str, str | None] = field(default_factory=dict)
    records: list[Any] = field(default_factory=list)
    began: int | None = None
    chunk: list[Any] | None = None
    results: list[Any] = field(default_factory=list)
    failed: list[Mapping[str, Any]] = field(default_factory=list)

    def names(self) -> dict[str, Any]:
        """Return what expressions may see of it."""
        return {"steps": self.seen} | ({} if self.chunk is None else {"chunk": self.chunk})

"""Tokens for the sessions of one process; gone when it ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from connector_runtime.base.forks import forget_after_fork
from connector_runtime.stores.ports import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryStore:
    """A token store for threads and event loops of one process; it never makes anybody wait."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self.forget_parent()
        forget_after_fork(self)

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._entries)} entries)"

    def forget_parent(self) -> None:
        """Take a lock of one's own in a forked process; the tokens are still good there."""
        self._lock = threading.Lock()

    def read(self, key: str, *, limit_s: float | None = None) -> Entry | None:  # noqa: ARG002
        """Return what is kept under a key, or None."""
        return self._entries.get(key)

    def write(
        self,
        key: str,
        document: Mapping[str, Any],
        version: int,
        *,
        limit_s: float | None = None,  # noqa: ARG002
    ) -> bool:
        """Replace the document that has `version`; False when another is there."""
        with self._lock:
            known = self._entries.get(key)
            if (known.version if known else 0) != version:
                return False
            self._entries[key] = Entry(version + 1, dict(document))
            return True

"""One SQLite file, shared by the threads of a process and by processes."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import StoreError
from connector_runtime.forks import forget_after_fork
from connector_runtime.stores.files import check_private, make_private

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long one process waits for another one's transaction.
BUSY_TIMEOUT_S = 10.0
# Connections of a parent process: SQLite forbids a child even to close them.
_parents: list[Any] = []


class SqliteFile:
    """A private SQLite file of one kind and version.

    Args:
        path: Made where there is none.
        kind: 32-bit number that says whose file it is.
        version: Of the tables.
        schema: Statements that make them.
        is_lasting: Whether what was written must survive a power cut.

    Raises:
        StoreError: It is not private, something else, or of another version.
    """

    def __init__(self, path: str | Path, *, kind: int, version: int, schema: str, is_lasting: bool) -> None:
        self.path = Path(path)
        self._kind, self._version, self._schema, self._is_lasting = kind, version, schema, is_lasting
        self._sql: sqlite3.Connection | None = None
        self._lock = threading.RLock()
        forget_after_fork(self)
        make_private(self.path)
        with self.transaction():
            pass

    def forget_parent(self) -> None:
        """Open the file anew in a forked process."""
        if self._sql is not None:
            _parents.append(self._sql)
        self._sql = None
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock; commit at the end, roll back on an exception."""
        with self._asked() as sql:
            sql.execute("BEGIN IMMEDIATE")
            try:
                yield sql
            except BaseException:
                if sql.in_transaction:
                    sql.execute("ROLLBACK")
                raise
            sql.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read without a lock of one's own."""
        with self._asked() as sql:
            yield sql

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        with self._lock:
            if self._sql is not None:
                self._sql.close()
            self._sql = None

    @contextmanager
    def _asked(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._sql is None:
                    self._sql = self._opened()
                yield self._sql
            except sqlite3.Error as problem:
                said = str(problem)
            else:
                return
            self.close()
        raise StoreError(f"The file {self.path} cannot be used: {said}.")

    def _opened(self) -> sqlite3.Connection:
        check_private(self.path)
        sql = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            sql.execute(f"PRAGMA synchronous={'FULL' if self._is_lasting else 'OFF'}")
            sql.execute("BEGIN IMMEDIATE")
            self._prepare(sql)
            sql.execute("COMMIT")
        except BaseException:
            sql.close()
            raise
        return sql

    def _prepare(self, sql: sqlite3.Connection) -> None:
        kind = sql.execute("PRAGMA application_id").fetchone()[0]
        version = sql.execute("PRAGMA user_version").fetchone()[0]
        if (kind, version) == (self._kind, self._version):
            return
        if kind or version or sql.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            what = f"of version {version}" if kind == self._kind else "of something else"
            raise StoreError(
                f"The file {self.path} is {what}; version {self._version} was expected.",
                hint="Use another file, or the program that made this one.",
            )
        for statement in self._schema.split(";"):
            sql.execute(statement)
        sql.execute(f"PRAGMA application_id={self._kind}")
        sql.execute(f"PRAGMA user_version={self._version}")

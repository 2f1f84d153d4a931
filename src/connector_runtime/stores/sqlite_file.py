"""One SQLite file, shared by the threads of a process and by processes."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_runtime.base.forks import forget_after_fork
from connector_runtime.errors import StoreError
from connector_runtime.stores.files import check_private, make_private

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long one process waits for another one's transaction where nobody says how long it may.
BUSY_TIMEOUT_S = 10.0
_CODE = 0xFF  # the part of SQLite's codes that names the kind of the trouble
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
_TROUBLES = {
    sqlite3.SQLITE_FULL: ("There is no room left to write the file {path}.", "Make room on its disk."),
    sqlite3.SQLITE_IOERR: (
        "The file {path} cannot be read or written: {said}.",
        "See whether its disk works.",
    ),
    **dict.fromkeys(
        _UNWRITABLE,
        (
            "The file {path} cannot be written: {said}.",
            "This user must be able to write to it and its folder.",
        ),
    ),
}
# Connections of a parent process: SQLite forbids a child even to close them.
_parents: list[Any] = []


class SqliteFile:
    """A private SQLite file of one kind and version.

    Args:
        path: Made where there is none. One that cannot be written is read nevertheless.
        kind: 32-bit number that says whose file it is.
        version: Of the tables.
        schema: Statements that make them, each only where there is none: tables may be added.
        is_lasting: Whether what was written must survive a power cut.
        if_spoiled: What to do with a file that cannot be used any more.

    Raises:
        StoreError: It is not private, something else, or of another version.
    """

    def __init__(
        self, path: str | Path, *, kind: int, version: int, schema: str, is_lasting: bool, if_spoiled: str
    ) -> None:
        self.path = Path(path)
        self._kind, self._version, self._is_lasting = kind, version, is_lasting
        self._schema = [one.strip() for one in schema.split(";")]
        self._if_spoiled = if_spoiled
        self._sql: sqlite3.Connection | None = None
        self._lock = threading.RLock()
        forget_after_fork(self)
        if not os.path.lexists(self.path):
            make_private(self.path)
        with self.reading():
            pass

    def forget_parent(self) -> None:
        """Open the file anew in a forked process."""
        if self._sql is not None:
            _parents.append(self._sql)
        self._sql = None
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, limit_s: float | None = None) -> Iterator[sqlite3.Connection]:
        """Hold the write lock, for which it waits so long; commit at the end, roll back on an exception."""
        with self._asked(limit_s) as sql:
            sql.execute("BEGIN IMMEDIATE")
            try:
                yield sql
            except BaseException:
                if sql.in_transaction:
                    sql.execute("ROLLBACK")
                raise
            sql.execute("COMMIT")

    @contextmanager
    def reading(self, limit_s: float | None = None) -> Iterator[sqlite3.Connection]:
        """Read without a lock of one's own."""
        with self._asked(limit_s) as sql:
            yield sql

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        with self._lock:
            sql, self._sql = self._sql, None
            if sql is not None:
                with suppress(sqlite3.Error):
                    sql.close()

    def spoiled(self, why: str) -> StoreError:
        """Return the error of a file whose content makes no sense."""
        return StoreError(f"The file {self.path} is spoiled: {why}.", hint=self._if_spoiled)

    @contextmanager
    def _asked(self, limit_s: float | None) -> Iterator[sqlite3.Connection]:
        end = time.monotonic() + self._bound_s(limit_s)
        try:
            if not self._lock.acquire(timeout=max(0.0, end - time.monotonic())):
                raise self._busy()
            try:
                bound_ms = max(0, int((end - time.monotonic()) * 1000))
                if self._sql is None:
                    self._sql = self._opened(bound_ms)
                else:
                    self._sql.execute(f"PRAGMA busy_timeout={bound_ms}")
                yield self._sql
            except sqlite3.Error as problem:
                error = self._in_our_words(problem)
            except (ArithmeticError, LookupError, TypeError, ValueError) as problem:
                # Nothing but what stands in the file can bring these about.
                error = self.spoiled(type(problem).__name__)
            else:
                return
            self.close()
        finally:
            # Who was not given the lock has nothing to give back; a signal may come at any moment.
            with suppress(RuntimeError):
                self._lock.release()
        raise error

    def _bound_s(self, limit_s: float | None) -> float:
        return BUSY_TIMEOUT_S if limit_s is None else min(limit_s, BUSY_TIMEOUT_S)

    def _busy(self) -> StoreError:
        return StoreError(
            f"The file {self.path} was in use by others for longer than this call may wait.",
            kind="timeout",
            hint="See which program keeps it locked; nothing in it was changed.",
        )

    def _in_our_words(self, problem: sqlite3.Error) -> StoreError:
        code = getattr(problem, "sqlite_errorcode", 0) & _CODE
        if code in _BUSY:
            return self._busy()
        if code in _TROUBLES:
            message, hint = _TROUBLES[code]
            return StoreError(message.format(path=self.path, said=problem), hint=hint)
        return self.spoiled(str(problem))

    def _opened(self, bound_ms: int) -> sqlite3.Connection:
        check_private(self.path)
        sql = sqlite3.connect(
            self.path, timeout=bound_ms / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            sql.execute(f"PRAGMA synchronous={'FULL' if self._is_lasting else 'OFF'}")
            if not self._is_ready(sql):
                sql.execute("BEGIN IMMEDIATE")
                if not self._is_ready(sql):  # another process may have made it ready meanwhile
                    self._prepare(sql)
                sql.execute("COMMIT")
        except BaseException:
            sql.close()
            raise
        return sql

    def _is_ready(self, sql: sqlite3.Connection) -> bool:
        """Return whether every table is there; a file that cannot be written is read if it is ready."""
        kind = sql.execute("PRAGMA application_id").fetchone()[0]
        version = sql.execute("PRAGMA user_version").fetchone()[0]
        tables = sql.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
        if (kind, version) == (self._kind, self._version):
            return bool(tables >= sum(one.startswith("CREATE TABLE") for one in self._schema))
        if kind or version or tables:
            what = f"of version {version}" if kind == self._kind else "of something else"
            raise StoreError(
                f"The file {self.path} is {what}; version {self._version} was expected.",
                hint="Use another file, or the program that made this one.",
            )
        return False

    def _prepare(self, sql: sqlite3.Connection) -> None:
        for statement in self._schema:
            sql.execute(statement)
        sql.execute(f"PRAGMA application_id={self._kind}")
        sql.execute(f"PRAGMA user_version={self._version}")

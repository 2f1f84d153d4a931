"""The sandbox's truth: records, counters and files in one SQLite database.

Several threads share one State, several processes may share one file. Every change
belongs to a transaction that takes the write lock at its beginning, so that what was
read inside it cannot be changed by another before it is written.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.jsontext import dump_json, parse_json
from zoho_sandbox.core.looks import Looks

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zoho_sandbox.core.looks import Kept
    from zoho_sandbox.core.orders import Order

Record = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT NOT NULL DEFAULT '', body TEXT NOT NULL,
  UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS records_by_parent ON records (kind, parent, n);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (id TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS ledger (n INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL);
"""
_TABLES = ("records", "counters", "blobs", "ledger")
# How long a process waits for another one's transaction on the same file.
_BUSY_TIMEOUT_S = 30.0
_TURN_S = 0.005
_SCAN_ROWS = 500


class State:
    """Records by kind and id. ``kind`` carries the tenant: ``books/10234695/contacts``.

    Args:
        path: A file, created when absent, or ``":memory:"``.

    Raises:
        ValueError: the file is something else, or stays locked.
    """

    def __init__(self, path: str | Path = ":memory:") -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._looks = Looks()
        self._seen_version = 0
        self._sql = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(is_file=str(path) != ":memory:")
        except sqlite3.DatabaseError as problem:
            self._sql.close()
            raise ValueError(f"{path} cannot keep the sandbox's state: {problem}") from None

    def _prepare(self, *, is_file: bool) -> None:
        if is_file:
            self._write_ahead()
        # A sandbox may lose its last moments in a power cut; a test may not wait for a disk.
        self._sql.execute("PRAGMA synchronous=OFF")
        with self.transaction():
            for statement in _SCHEMA.split(";"):
                self._sql.execute(statement)

    def _write_ahead(self) -> None:
        # The change of mode needs the file for itself and, unlike all else, does not wait
        # for it: processes that start together have to take turns.
        deadline = time.monotonic() + _BUSY_TIMEOUT_S
        while True:
            try:
                self._sql.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_TURN_S)
            else:
                return

    def copy(self) -> State:
        """Return a state in memory with the same contents."""
        made = State()
        with self._lock, made._lock:
            self._sql.backup(made._sql)
        return made

    def close(self) -> None:
        """Close the database; the object is of no use afterwards."""
        with self._lock:
            self._sql.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock; commit at the end, roll back on an exception.

        Inside another transaction this one joins it.
        """
        with self._lock:
            if self._depth:
                yield
                return
            # At once for writing: a reader cannot become a writer once another has written.
            self._sql.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._sql.execute("ROLLBACK")
                self._looks.undo()
                raise
            else:
                self._sql.execute("COMMIT")
                self._looks.settle()
            finally:
                self._depth = 0

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside if it raises, and keep the outer transaction."""
        with self.transaction():
            self._sql.execute("SAVEPOINT inner_step")
            try:
                yield
            except BaseException:
                self._sql.execute("ROLLBACK TO inner_step")
                self._looks.undo()
                raise
            finally:
                self._sql.execute("RELEASE inner_step")

    # -- records ---------------------------------------------------------------

    def get(self, kind: str, record_id: str) -> Record | None:
        """Return one record, or None."""
        text = self.text(kind, record_id)
        return None if text is None else _record(text)

    def text(self, kind: str, record_id: str) -> str | None:
        """Return one record as the JSON text it is stored as, or None."""
        row = self._one("SELECT body FROM records WHERE kind = ? AND id = ?", (kind, str(record_id)))
        return None if row is None else str(row[0])

    def put(self, kind: str, record_id: str, body: Mapping[str, Any], *, parent: str = "") -> None:
        """Insert or replace one record; a replaced one keeps its place in the order."""
        text = dump_json(body)
        with self._lock:
            self._sql.execute(
                "INSERT INTO records (kind, id, parent, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET parent = excluded.parent, body = excluded.body",
                (kind, str(record_id), parent, text),
            )
            self._looks.put(kind, str(record_id), text, parent)

    def delete(self, kind: str, record_id: str) -> bool:
        """Delete one record; say whether it was there."""
        with self._lock:
            self._looks.delete(kind, str(record_id))
            sql = "DELETE FROM records WHERE kind = ? AND id = ?"
            return self._sql.execute(sql, (kind, str(record_id))).rowcount > 0

    def delete_all(self, kind: str, *, parent: str | None = None) -> int:
        """Delete the records of a kind (of one parent); return how many went."""
        where, values = _where(kind, parent, None)
        with self._lock:
            self._looks.forget(kind)
            return self._sql.execute(f"DELETE FROM records WHERE {where}", values).rowcount  # noqa: S608

    def find(
        self,
        kind: str,
        *,
        parent: str | None = None,
        equals: Mapping[str, Any] | None = None,
        order: Sequence[tuple[str, bool]] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Record]:
        """Return records whose JSON keys equal the given values.

        A dot in a key goes one level down (``Owner.id``). Text compares exactly, but
        sorts without regard to upper and lower case.

        Args:
            order: ``(key, is_descending)`` pairs; ties, and no order, mean insertion order.
        """
        where, values = _where(kind, parent, equals)
        terms = [_sort_term(key, is_descending) for key, is_descending in order]
        sql = f"SELECT body FROM records WHERE {where} ORDER BY {', '.join([*terms, 'n'])}"  # noqa: S608
        values += [-1 if limit is None else limit, offset]
        with self._lock:
            rows = self._sql.execute(f"{sql} LIMIT ? OFFSET ?", values).fetchall()
        return [_record(row[0]) for row in rows]

    def count(self, kind: str, *, parent: str | None = None, equals: Mapping[str, Any] | None = None) -> int:
        """Return how many records :meth:`find` would find."""
        where, values = _where(kind, parent, equals)
        row = self._one(f"SELECT count(*) FROM records WHERE {where}", values)  # noqa: S608
        return int(row[0]) if row else 0

    def ids(self, kind: str, *, parent: str | None = None) -> list[str]:
        """Return the ids of a kind in insertion order."""
        where, values = _where(kind, parent, None)
        with self._lock:
            rows = self._sql.execute(f"SELECT id FROM records WHERE {where} ORDER BY n", values)  # noqa: S608
            return [row[0] for row in rows]

    def kinds(self) -> dict[str, int]:
        """Return every kind with the number of its records, by name."""
        with self._lock:
            rows = self._sql.execute("SELECT kind, count(*) FROM records GROUP BY kind")
            return dict(rows.fetchall())

    def scan(self, kind: str, *, parent: str | None = None) -> Iterator[Record]:
        """Yield records in insertion order; changing them meanwhile is allowed."""
        where, values = _where(kind, parent, None)
        sql = f"SELECT n, body FROM records WHERE {where} AND n > ? ORDER BY n LIMIT {_SCAN_ROWS}"  # noqa: S608
        after = 0
        while True:
            with self._lock:
                rows = self._sql.execute(sql, [*values, after]).fetchall()
            for _, body in rows:
                yield _record(body)
            if len(rows) < _SCAN_ROWS:
                return
            after = rows[-1][0]

    # -- reading a kind as a whole, again and again --------------------------------

    def look(self, kind: str) -> list[Record]:
        """Return the records of a kind in insertion order; they must not be changed.

        They stay parsed in memory, so this suits many small records that are read often.
        """
        sql = "SELECT id, body FROM records WHERE kind = ? ORDER BY n"
        with self._lock:
            self._heed_others()
            return self._looks.records(kind, lambda: self._sql.execute(sql, (kind,)))

    def conclude(self, kind: str, name: Hashable, draw: Callable[[], Kept]) -> Kept:
        """Return what ``draw`` gives, drawn once until a record of the kind changes.

        Args:
            name: Tells apart what is concluded from one kind.
        """
        with self._lock:
            self._heed_others()
            return self._looks.conclusion(kind, name, draw)

    def order(self, kind: str, by: str, *, parent: str | None = None) -> Order:
        """Return the records of a kind in the order of a value of theirs; for use within a transaction."""
        where, values = _where(kind, parent, None)
        sql = f"SELECT id, json_extract(body, ?) FROM records WHERE {where}"  # noqa: S608
        with self._lock:
            self._heed_others()
            read = partial(self._sql.execute, sql, [_json_path(by), *values])
            return self._looks.order(kind, by, parent, read)

    def values(self, kind: str, *keys: str, parent: str | None = None) -> list[tuple[Any, ...]]:
        """Return the values of some JSON keys, one tuple a record, in insertion order."""
        where, values = _where(kind, parent, None)
        chosen = ", ".join("json_extract(body, ?)" for _ in keys)
        sql = f"SELECT {chosen} FROM records WHERE {where} ORDER BY n"  # noqa: S608
        with self._lock:
            return self._sql.execute(sql, [*map(_json_path, keys), *values]).fetchall()

    def texts(self, kind: str, ids: Sequence[str]) -> list[str]:
        """Return the JSON texts of some records in the order of their ids; unknown ids are passed over."""
        sql = (
            "SELECT body FROM json_each(?) AS wanted"
            # CROSS keeps the order of the two tables: the few ids are gone through, never all records.
            " CROSS JOIN records ON records.kind = ? AND records.id = wanted.value ORDER BY wanted.key"
        )
        with self._lock:
            return [row[0] for row in self._sql.execute(sql, (dump_json(ids), kind))]

    def _heed_others(self) -> None:
        # SQLite counts the changes that other connections made to the file.
        version = int(self._sql.execute("PRAGMA data_version").fetchone()[0])
        if version != self._seen_version:
            self._seen_version = version
            self._looks.forget(None)

    # -- counters and files ----------------------------------------------------

    def number(self, name: str, *, start: int = 1, step: int = 1) -> int:
        """Return the next value of a persistent counter; ``start`` on the first call."""
        row = self._one(
            "INSERT INTO counters (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + ? RETURNING value",
            (name, start, step),
        )
        return int(row[0]) if row else start

    def blob(self, blob_id: str) -> bytes | None:
        """Return the contents of one file, or None."""
        row = self._one("SELECT content FROM blobs WHERE id = ?", (str(blob_id),))
        return None if row is None else bytes(row[0])

    def put_blob(self, blob_id: str, content: bytes) -> None:
        """Store or replace the contents of one file."""
        self._run("INSERT OR REPLACE INTO blobs (id, content) VALUES (?, ?)", (str(blob_id), content))

    def delete_blob(self, blob_id: str) -> bool:
        """Delete one file; say whether it was there."""
        return self._run("DELETE FROM blobs WHERE id = ?", (str(blob_id),)).rowcount > 0

    # -- the ledger's own table ------------------------------------------------

    def append_entry(self, entry: Mapping[str, Any]) -> int:
        """Append one ledger entry; return its number."""
        row_id = self._run("INSERT INTO ledger (entry) VALUES (?)", (dump_json(entry),)).lastrowid
        return int(row_id or 0)

    def entries(self, *, after: int = 0, limit: int | None = None) -> list[Record]:
        """Return ledger entries above a number, each with its number as ``n``."""
        sql = "SELECT n, entry FROM ledger WHERE n > ? ORDER BY n LIMIT ?"
        with self._lock:
            rows = self._sql.execute(sql, (after, -1 if limit is None else limit)).fetchall()
        return [{"n": n, **_record(entry)} for n, entry in rows]

    def last_entry(self) -> int:
        """Return the number of the newest ledger entry, 0 when there is none."""
        row = self._one("SELECT max(n) FROM ledger", ())
        return int(row[0] or 0) if row else 0

    def forget_entries(self, *, up_to: int | None = None) -> None:
        """Delete the ledger, or its entries up to and with a number."""
        if up_to is None:
            self._run("DELETE FROM ledger", ())
        else:
            self._run("DELETE FROM ledger WHERE n <= ?", (up_to,))

    def wipe(self) -> None:
        """Delete everything, counters included, so that numbers start again."""
        with self.transaction():
            for table in _TABLES:
                self._sql.execute(f"DELETE FROM {table}")  # noqa: S608
            # Where AUTOINCREMENT keeps its numbers: without this they would go on after a reset.
            self._sql.execute("DELETE FROM sqlite_sequence")
            self._looks.forget(None)

    def _run(self, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        with self._lock:
            return self._sql.execute(sql, values)

    def _one(self, sql: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
        with self._lock:
            # fetchall, not fetchone: a RETURNING statement ends only when read to its end.
            rows = self._sql.execute(sql, values).fetchall()
        return rows[0] if rows else None


def _record(text: str) -> Record:
    record: Record = parse_json(text)
    return record


def _json_path(key: str) -> str:
    return "$" + "".join(f'."{part}"' for part in key.replace('"', "").split("."))


def _where(kind: str, parent: str | None, equals: Mapping[str, Any] | None) -> tuple[str, list[Any]]:
    terms, values = ["kind = ?"], list[Any]([kind])
    if parent is not None:
        terms.append("parent = ?")
        values.append(parent)
    for key, value in (equals or {}).items():
        # IS, not =, so that None finds what is null or absent.
        terms.append("json_extract(body, ?) IS ?")
        values += [_json_path(key), float(value) if isinstance(value, Decimal) else value]
    return " AND ".join(terms), values


def _sort_term(key: str, is_descending: bool) -> str:
    path = _json_path(key).replace("'", "''")
    return f"json_extract(body, '{path}') COLLATE NOCASE {'DESC' if is_descending else 'ASC'}"

"""Tokens and connections in one SQLite file, sealed; shared by processes of one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.errors import StoreError
from connector_runtime.stores.ports import Entry
from connector_runtime.stores.sqlite_file import SqliteFile
from connector_runtime.stores.token_state import REMOVED, grant_key, token_in

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from connector_runtime.stores.keys import Keys

_KIND, _VERSION = 0x636F6E54, 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
  key TEXT PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL, sealed BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS connections (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sealings (mark TEXT PRIMARY KEY) WITHOUT ROWID
"""
_PUT = (
    "INSERT INTO tokens (key, version, name, sealed) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET version = excluded.version, sealed = excluded.sealed"
)
NAME_MAX_CHARS = 100
_CONNECTION = 0  # the version under which connections are sealed: they have none


class SqliteStore:
    """A token store for threads, and a shelf for named connections.

    Args:
        path: The file, of mode 0600; made where there is none.
        keys: What seals and opens it.

    Raises:
        StoreError: It is not private, of another version or kind.
    """

    def __init__(self, path: str | Path, keys: Keys) -> None:
        self._keys = keys
        self._file = SqliteFile(
            path,
            kind=_KIND,
            version=_VERSION,
            schema=_SCHEMA,
            is_lasting=True,
            if_spoiled="Put a sound copy in its place; or move it away and connect the accounts again.",
        )

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._file.path)!r})"

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        self._file.close()

    def read(self, key: str, *, limit_s: float | None = None) -> Entry | None:
        """Return what is kept under a key, or None."""
        with self._file.reading(limit_s) as sql:
            return self._entry(sql, key)

    def write(
        self, key: str, document: Mapping[str, Any], version: int, *, limit_s: float | None = None
    ) -> bool:
        """Replace the document that has `version`; False when another is there."""
        with self._file.transaction(limit_s) as sql:
            if _version_of(sql, key) != version:
                return False
            self._put(sql, key, document)
            return True

    # -- named connections -----------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of the connections that are kept, sorted."""
        with self._file.reading() as sql:
            return [row[0] for row in sql.execute("SELECT name FROM connections ORDER BY name")]

    def connection(self, name: str) -> dict[str, Any]:
        """Return a connection as platforms store it, with the newest token that is known.

        Raises:
            StoreError: There is none of this name.
        """
        with self._file.reading() as sql:
            row = sql.execute("SELECT sealed FROM connections WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise _nothing_called(name)
            found = self._open(_place(name), _CONNECTION, row[0])
            if not isinstance(found, dict):
                raise StoreError(f"What the store keeps of `{_place(name)}` is no connection.")
            key = grant_key(name, found.get("token") or {})
            entry = self._entry(sql, key) if key else None
        newer = token_in(entry.document) if entry else None
        return {**found, "name": name, **({"token": newer} if newer else {})}

    def save(self, name: str, connection: Mapping[str, Any]) -> None:
        """Keep a connection under a name; one that was kept under it is gone with its tokens.

        Raises:
            StoreError: The name is empty, too long or not printable.
        """
        _check_name(name)
        kept = {key: value for key, value in connection.items() if key != "name"}
        with self._file.transaction() as sql:
            # Stones first: where the new connection has the same grant, its entry is written above them.
            self._bury(sql, name)
            self._shelve(sql, name, kept)

    def rename(self, name: str, new_name: str) -> None:
        """Give a connection another name; its tokens go with it.

        Raises:
            StoreError: There is none of this name, or one of the other.
        """
        _check_name(new_name)
        kept = self.connection(name)
        del kept["name"]
        with self._file.transaction() as sql:
            if sql.execute("SELECT 1 FROM connections WHERE name = ?", (new_name,)).fetchone():
                raise StoreError(f"There is a connection called `{new_name}` already.")
            self._bury(sql, name)
            sql.execute("DELETE FROM connections WHERE name = ?", (name,))
            self._shelve(sql, new_name, kept)

    def remove(self, name: str) -> None:
        """Forget a connection; sessions that still have it get no token from here any more.

        Raises:
            StoreError: There is none of this name.
        """
        with self._file.transaction() as sql:
            if not sql.execute("DELETE FROM connections WHERE name = ?", (name,)).rowcount:
                raise _nothing_called(name)
            self._bury(sql, name)

    # -- keys --------------------------------------------------------------------

    def seal_anew(self, keys: Keys | None = None) -> int:
        """Seal everything with the newest key; returns how much was sealed.

        Args:
            keys: From now on; they must open what is there. Default those it has.
        """
        new = keys or self._keys
        new.read_again()
        with self._file.transaction() as sql:
            tokens = sql.execute("SELECT key, version, sealed FROM tokens").fetchall()
            for key, version, sealed in tokens:
                fresh = new.seal(key, version, new.open(key, version, sealed))
                sql.execute("UPDATE tokens SET sealed = ? WHERE key = ?", (fresh, key))
            connections = sql.execute("SELECT name, sealed FROM connections").fetchall()
            for name, sealed in connections:
                fresh = new.seal(_place(name), _CONNECTION, new.open(_place(name), _CONNECTION, sealed))
                sql.execute("UPDATE connections SET sealed = ? WHERE name = ?", (fresh, name))
            sql.execute("DELETE FROM sealings")
            sql.execute("INSERT INTO sealings VALUES (?)", (new.marks[0],))
        self._keys = new
        return len(tokens) + len(connections)

    # -- inside ------------------------------------------------------------------

    def _entry(self, sql: sqlite3.Connection, key: str) -> Entry | None:
        row = sql.execute("SELECT version, sealed FROM tokens WHERE key = ?", (key,)).fetchone()
        return None if row is None else Entry(row[0], self._open(key, row[0], row[1]))

    def _open(self, key: str, version: int, sealed: Any) -> Any:
        try:
            return self._keys.open(key, version, sealed)
        except StoreError as problem:
            message, hint = f"{problem.message} It is the file {self._file.path}.", problem.hint
        raise StoreError(message, hint=hint or "Put a sound copy in its place, or connect the account again.")

    def _shelve(self, sql: sqlite3.Connection, name: str, kept: Mapping[str, Any]) -> None:
        sealed = self._sealed(sql, _place(name), _CONNECTION, kept)
        sql.execute("INSERT OR REPLACE INTO connections (name, sealed) VALUES (?, ?)", (name, sealed))
        key = grant_key(name, kept.get("token") or {})
        if key is not None:
            self._put(sql, key, {"token": kept["token"]})

    def _bury(self, sql: sqlite3.Connection, name: str) -> None:
        """Put stones over a name's tokens: whoever renews one now cannot put it back."""
        for (key,) in sql.execute("SELECT key FROM tokens WHERE name = ?", (name,)).fetchall():
            self._put(sql, key, {REMOVED: True})

    def _put(self, sql: sqlite3.Connection, key: str, document: Mapping[str, Any]) -> None:
        # Never begun anew, even over a stone: a process that knows the old version must not win.
        version = _version_of(sql, key) + 1
        sealed = self._sealed(sql, key, version, document)
        sql.execute(_PUT, (key, version, key.rpartition("/")[0], sealed))

    def _sealed(self, sql: sqlite3.Connection, key: str, version: int, document: Mapping[str, Any]) -> bytes:
        """Return a document sealed with a key that opens the store also when older ones are gone."""
        sealed = self._keys.seal(key, version, document)
        row = sql.execute("SELECT mark FROM sealings").fetchone()
        if row is None or row[0] in self._keys.marks:
            return sealed
        # Another process may have sealed all anew: the newer key may lie in the key file by now.
        if self._keys.read_again() and row[0] in self._keys.marks:
            return self._keys.seal(key, version, document)
        raise StoreError(
            "The store was sealed anew with a key that this process does not have; nothing was written.",
            hint="Start it again with the new key.",
        )


def _version_of(sql: sqlite3.Connection, key: str) -> int:
    row = sql.execute("SELECT version FROM tokens WHERE key = ?", (key,)).fetchone()
    version = row[0] if row else 0
    # SQLite keeps a value of any type in any column.
    if not isinstance(version, int):
        raise StoreError(f"What the store keeps of `{key}` has no version: the file was changed.")
    return version


def _place(name: str) -> str:
    return f"connection {name}"


def _check_name(name: str) -> None:
    if not name or len(name) > NAME_MAX_CHARS or not name.isprintable() or name != name.strip():
        raise StoreError(f"A connection cannot be called {name[:NAME_MAX_CHARS]!r}.")


def _nothing_called(name: str) -> StoreError:
    return StoreError(f"There is no connection called `{name[:NAME_MAX_CHARS]}`.")

"""Requests counted in one SQLite file, exactly, for all processes of one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.budget import Pause, steps_wait_s, text_of_key
from connector_runtime.stores.sqlite_file import SqliteFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from connector_runtime.budget import Rule

_KIND, _VERSION = 0x636F6E42, 1
_SCHEMA = """
CREATE TABLE sent (key TEXT NOT NULL, at REAL NOT NULL, holder TEXT NOT NULL);
CREATE INDEX sent_by_key ON sent (key, at);
CREATE INDEX sent_by_holder ON sent (holder);
CREATE TABLE steps (key TEXT NOT NULL, step INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (key, step)) WITHOUT ROWID;
CREATE TABLE slots (key TEXT NOT NULL, holder TEXT NOT NULL, until REAL NOT NULL,
  PRIMARY KEY (key, holder)) WITHOUT ROWID;
CREATE TABLE pauses (key TEXT PRIMARY KEY, until REAL NOT NULL, back REAL NOT NULL,
  kind TEXT NOT NULL) WITHOUT ROWID
"""
# Nobody is woken across processes, so whoever waits for a place asks this often.
ASK_AGAIN_S = 0.1
# No pause outlives this, whatever a clock that was set wrong has written.
_PAUSE_MAX_S = 86_400.0


class SqliteBudget:
    """A budget that threads and processes keep together.

    Args:
        path: The file; made where there is none. It holds numbers, no secrets.

    Raises:
        StoreError: It is open to others, or another kind of file.
    """

    is_shared = True

    def __init__(self, path: str | Path) -> None:
        self._file = SqliteFile(path, kind=_KIND, version=_VERSION, schema=_SCHEMA, is_lasting=False)

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        self._file.close()

    def take(
        self,
        key: Hashable,
        rule: Rule,
        *,
        now: float,
        wake: Callable[[], None],  # noqa: ARG002
        holder: str = "",
        hold_s: float = 0.0,
    ) -> float | None:
        """Take one slot, as `ports.RequestBudget.take`."""
        name = text_of_key(key)
        with self._file.transaction() as sql:
            waits = [*_pause_waits(sql, name, now), *_window_waits(sql, name, rule, now)]
            if not waits and _is_full(sql, name, rule, now):
                waits = [ASK_AGAIN_S]
            if waits:
                return max(waits)
            _note(sql, name, rule, now, holder)
            if rule.concurrency is not None:
                sql.execute("INSERT INTO slots VALUES (?, ?, ?)", (name, holder, now + hold_s))
            return None

    def give_back(self, key: Hashable, holder: str = "", *, now: float = 0.0) -> None:
        """Free a slot taken before."""
        name = text_of_key(key)
        with self._file.transaction() as sql:
            sql.execute("DELETE FROM slots WHERE key = ? AND holder = ?", (name, holder))
            sql.execute("UPDATE sent SET at = max(at, ?) WHERE holder = ? AND key = ?", (now, holder, name))

    def forget(self, key: Hashable, wake: Callable[[], None]) -> None:
        """Nobody is woken, so nobody has to be forgotten."""

    def pause(self, key: Hashable, pause: Pause, *, now: float) -> None:
        """Let nobody take a slot for a while; a longer pause outlives a shorter one."""
        name, until = text_of_key(key), now + min(pause.for_s, _PAUSE_MAX_S)
        back = now + max(pause.for_s, pause.back_s)
        with self._file.transaction() as sql:
            sql.execute(
                "INSERT INTO pauses VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " until = excluded.until, back = excluded.back, kind = excluded.kind"
                " WHERE excluded.until > until OR until > ?",
                (name, until, back, pause.kind, now + _PAUSE_MAX_S),
            )

    def paused(self, key: Hashable, *, now: float) -> Pause | None:
        """Return what is left of the pause, or None."""
        with self._file.reading() as sql:
            return _pause(sql, text_of_key(key), now)


def _pause(sql: sqlite3.Connection, name: str, now: float) -> Pause | None:
    row = sql.execute("SELECT until, back, kind FROM pauses WHERE key = ?", (name,)).fetchone()
    if row is None or not now < row[0] <= now + _PAUSE_MAX_S:
        return None
    return Pause(row[0] - now, row[2], row[1] - now)


def _pause_waits(sql: sqlite3.Connection, name: str, now: float) -> list[float]:
    pause = _pause(sql, name, now)
    return [pause.for_s] if pause else []


def _window_waits(sql: sqlite3.Connection, name: str, rule: Rule, now: float) -> list[float]:
    if rule.requests is None:
        return []
    if rule.step_s:
        return _steps_waits(sql, name, rule, now)
    # What lies further ahead than a window was written by a clock that has been set back since.
    sql.execute(
        "DELETE FROM sent WHERE key = ? AND (at <= ? OR at > ?)", (name, now - rule.per_s, now + rule.per_s)
    )
    row: Any = sql.execute(
        "SELECT at FROM sent WHERE key = ? ORDER BY at DESC LIMIT 1 OFFSET ?", (name, rule.requests - 1)
    ).fetchone()
    return [] if row is None else [row[0] + rule.per_s - now]


def _steps_waits(sql: sqlite3.Connection, name: str, rule: Rule, now: float) -> list[float]:
    steps = dict(sql.execute("SELECT step, count FROM steps WHERE key = ?", (name,)).fetchall())
    known = set(steps)
    waits = steps_wait_s(steps, rule, now)
    for old in known - steps.keys():
        sql.execute("DELETE FROM steps WHERE key = ? AND step = ?", (name, old))
    return waits


def _is_full(sql: sqlite3.Connection, name: str, rule: Rule, now: float) -> bool:
    if rule.concurrency is None:
        return False
    sql.execute("DELETE FROM slots WHERE key = ? AND until <= ?", (name, now))
    taken: int = sql.execute("SELECT count(*) FROM slots WHERE key = ?", (name,)).fetchone()[0]
    return taken >= rule.concurrency


def _note(sql: sqlite3.Connection, name: str, rule: Rule, now: float, holder: str) -> None:
    if rule.requests is not None and rule.step_s:
        sql.execute(
            "INSERT INTO steps VALUES (?, ?, 1) ON CONFLICT (key, step) DO UPDATE SET count = count + 1",
            (name, int(now // rule.step_s)),
        )
    elif rule.requests is not None:
        sql.execute("INSERT INTO sent VALUES (?, ?, ?)", (name, now, holder))

"""Requests counted in one SQLite file, exactly, for all processes of one machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connector_runtime.base.forks import forget_after_fork
from connector_runtime.stores.budget import EXACT_S, Pause, steps_wait_s, text_of_key
from connector_runtime.stores.sqlite_file import SqliteFile
from connector_runtime.stores.waiting_line import TURN_S, WaitingLine, ask_again

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Hashable, Iterator
    from pathlib import Path

    from connector_runtime.stores.budget import Rule

_KIND, _VERSION = 0x636F6E42, 1
# turns: who waits for a place, in order of arrival; ends: when a key's steps may be forgotten.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sent (key TEXT NOT NULL, at REAL NOT NULL, holder TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS sent_by_key ON sent (key, at);
CREATE INDEX IF NOT EXISTS sent_by_holder ON sent (holder);
CREATE TABLE IF NOT EXISTS steps (key TEXT NOT NULL, step INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (key, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slots (key TEXT NOT NULL, holder TEXT NOT NULL, until REAL NOT NULL,
  PRIMARY KEY (key, holder)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pauses (key TEXT PRIMARY KEY, until REAL NOT NULL, back REAL NOT NULL,
  kind TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turns (number INTEGER PRIMARY KEY, key TEXT NOT NULL, holder TEXT NOT NULL,
  until REAL NOT NULL, UNIQUE (key, holder));
CREATE TABLE IF NOT EXISTS ends (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID
"""
# No pause outlives this, whatever a clock that was set wrong has written.
_PAUSE_MAX_S = 86_400.0
# How often what nobody asks for any more is taken out.
_SWEEP_S = 60.0


class SqliteBudget:
    """A budget that threads and processes keep together.

    Args:
        path: The file; made where there is none. It holds numbers, no secrets.

    Raises:
        StoreError: It is open to others, or another kind of file.
    """

    is_shared = True
    keeps_order = True

    def __init__(self, path: str | Path) -> None:
        self._file = SqliteFile(
            path,
            kind=_KIND,
            version=_VERSION,
            schema=_SCHEMA,
            is_lasting=False,
            if_spoiled="Remove it: it holds only counts, and is made anew.",
        )
        self._line = WaitingLine()
        self._swept_at = 0.0
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Owe nothing in a forked process: the parent gives back its own."""
        self._owed: dict[tuple[str, str, float], None] = {}
        self._turns: dict[Callable[[], None], str] = {}

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        self._file.close()

    def take(  # noqa: PLR0913  as the protocol has it, and how long it may last
        self,
        key: Hashable,
        rule: Rule,
        *,
        now: float,
        wake: Callable[[], None],
        holder: str = "",
        hold_s: float = 0.0,
        limit_s: float | None = None,
    ) -> float | None:
        """Take one slot, as `ports.RequestBudget.take`."""
        name = text_of_key(key)
        held_up_s = self._line.hold_up(name, wake, now)
        if held_up_s is not None:
            return held_up_s
        with self._counted(now, limit_s) as sql:
            wait_s: float | None = max(
                [*_pause_waits(sql, name, now), *_window_waits(sql, name, rule, now)], default=None
            )
            if wait_s is None and rule.concurrency is not None:
                wait_s = _place_wait(sql, name, rule.concurrency, now, holder)
            if wait_s is None:
                _note(sql, name, rule, now, holder)
                if rule.concurrency is not None:
                    sql.execute("INSERT OR REPLACE INTO slots VALUES (?, ?, ?)", (name, holder, now + hold_s))
        if wait_s is None:
            self._turns.pop(wake, None)
            self._line.leave(name, wake)
        else:
            self._turns[wake] = holder
            self._line.refused(name, wake, wait_s, now)
        return wait_s

    def give_back(
        self, key: Hashable, holder: str = "", *, now: float = 0.0, limit_s: float | None = None
    ) -> None:
        """Free a slot taken before; what cannot be written now is written with what comes next."""
        name = text_of_key(key)
        # Noted before it is tried: if the file is held up just now, the next transaction gives it back.
        self._owed[name, holder, now] = None
        with self._counted(now, limit_s):
            pass
        self._line.freed(name)

    def forget(self, key: Hashable, wake: Callable[[], None], *, limit_s: float | None = None) -> None:
        """Stop waiting; the next one of this process asks at once."""
        name, holder = text_of_key(key), self._turns.pop(wake, None)
        try:
            if holder is not None:
                with self._file.transaction(limit_s) as sql:
                    sql.execute("DELETE FROM turns WHERE key = ? AND holder = ?", (name, holder))
        finally:
            self._line.leave(name, wake)

    def pause(self, key: Hashable, pause: Pause, *, now: float, limit_s: float | None = None) -> None:
        """Let nobody take a slot for a while; a longer pause outlives a shorter one."""
        name, until = text_of_key(key), now + min(pause.for_s, _PAUSE_MAX_S)
        back = now + max(pause.for_s, pause.back_s)
        with self._counted(now, limit_s) as sql:
            sql.execute(
                "INSERT INTO pauses VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " until = excluded.until, back = excluded.back, kind = excluded.kind"
                " WHERE excluded.until > until OR until > ?",
                (name, until, back, pause.kind, now + _PAUSE_MAX_S),
            )

    def paused(self, key: Hashable, *, now: float, limit_s: float | None = None) -> Pause | None:
        """Return what is left of the pause, or None."""
        with self._file.reading(limit_s) as sql:
            return _pause(sql, text_of_key(key), now)

    @contextmanager
    def _counted(self, now: float, limit_s: float | None) -> Iterator[sqlite3.Connection]:
        """Hold the file, give back what is still owed, and now and then forget who is idle."""
        owed = tuple(self._owed)
        with self._file.transaction(limit_s) as sql:
            for name, holder, at in owed:
                sql.execute("DELETE FROM slots WHERE key = ? AND holder = ?", (name, holder))
                sql.execute(
                    "UPDATE sent SET at = max(at, ?) WHERE holder = ? AND key = ?", (at, holder, name)
                )
            if abs(now - self._swept_at) > _SWEEP_S:
                _sweep(sql, now)
            yield sql
        if abs(now - self._swept_at) > _SWEEP_S:
            self._swept_at = now
        for one in owed:
            self._owed.pop(one, None)


def _sweep(sql: sqlite3.Connection, now: float) -> None:
    """Forget what counts no more, whoever it was of: most keys are never asked for again."""
    sql.execute("DELETE FROM sent WHERE at <= ? OR at > ?", (now - EXACT_S, now + EXACT_S))
    for table in ("slots", "turns", "pauses"):
        sql.execute(f"DELETE FROM {table} WHERE until <= ?", (now,))  # noqa: S608  names of our own
    sql.execute("DELETE FROM steps WHERE key IN (SELECT key FROM ends WHERE until <= ?)", (now,))
    sql.execute("DELETE FROM ends WHERE until <= ?", (now,))


def _place_wait(
    sql: sqlite3.Connection, name: str, concurrency: int, now: float, holder: str
) -> float | None:
    """Return None where a place is free for one who has waited so long; else he stands in the line."""
    sql.execute("DELETE FROM slots WHERE key = ? AND until <= ?", (name, now))
    taken: int = sql.execute("SELECT count(*) FROM slots WHERE key = ?", (name,)).fetchone()[0]
    line = sql.execute("SELECT holder, until FROM turns WHERE key = ? ORDER BY number", (name,)).fetchall()
    # A turn that ends later than any can was written by a clock that has been set back since.
    alive = [one for one, until in line if now < until <= now + 2 * TURN_S]
    if len(alive) < len(line):
        sql.execute(
            "DELETE FROM turns WHERE key = ? AND (until <= ? OR until > ?)", (name, now, now + 2 * TURN_S)
        )
    ahead = alive.index(holder) if holder in alive else len(alive)
    if taken + ahead < concurrency:
        if ahead < len(alive):
            sql.execute("DELETE FROM turns WHERE key = ? AND holder = ?", (name, holder))
        return None
    sql.execute(
        "INSERT INTO turns (key, holder, until) VALUES (?, ?, ?)"
        " ON CONFLICT (key, holder) DO UPDATE SET until = excluded.until",
        (name, holder, now + TURN_S),
    )
    return ask_again(ahead)


def _pause(sql: sqlite3.Connection, name: str, now: float) -> Pause | None:
    row = sql.execute("SELECT until, back, kind FROM pauses WHERE key = ?", (name,)).fetchone()
    # A pause longer than any was written by a clock that was ahead: it must not stop everybody for days.
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


def _note(sql: sqlite3.Connection, name: str, rule: Rule, now: float, holder: str) -> None:
    if rule.requests is not None and rule.step_s:
        step = (name, int(now // rule.step_s))
        if sql.execute("INSERT OR IGNORE INTO steps VALUES (?, ?, 0)", step).rowcount:
            until = now + rule.per_s + 2 * rule.step_s
            sql.execute("INSERT OR REPLACE INTO ends VALUES (?, ?)", (name, until))
        sql.execute("UPDATE steps SET count = count + 1 WHERE key = ? AND step = ?", step)
    elif rule.requests is not None:
        sql.execute("INSERT INTO sent VALUES (?, ?, ?)", (name, now, holder))

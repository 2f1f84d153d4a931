"""The sandbox's time: a real or given source, moved or frozen by its users."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Protocol

from zoho_sandbox.core.jsontext import parse_json

if TYPE_CHECKING:
    from zoho_sandbox.core.state import State

_KIND, _ID = "sandbox/control", "clock"
_UNMOVED = {"offset_s": 0, "frozen_at": None}


class TimeSource(Protocol):
    """Anything that tells seconds since 1970."""

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        ...


class SystemTime:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time()


class Clock:
    """Time as the sandbox sees it; every process on one state file sees the same."""

    def __init__(self, state: State, source: TimeSource | None = None) -> None:
        self._state = state
        self.source = source or SystemTime()
        self._text: str | None = None
        self._offset_s = 0.0
        self._frozen_at: float | None = None

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        self._read()
        return self.source.now() + self._offset_s if self._frozen_at is None else self._frozen_at

    def at(self, zone: tzinfo = UTC) -> datetime:
        """Return the present moment, whole seconds, in a time zone."""
        return datetime.fromtimestamp(int(self.now()), zone)

    @property
    def is_frozen(self) -> bool:
        """Whether time stands still between calls of :meth:`advance`."""
        self._read()
        return self._frozen_at is not None

    def advance(self, seconds: float) -> None:
        """Move time by ``seconds``; a negative number moves it back."""
        with self._state.transaction():
            self._read()
            if self._frozen_at is None:
                self._offset_s += seconds
            else:
                self._frozen_at += seconds
            self._write()

    def set(self, now: float) -> None:
        """Make it ``now`` (seconds since 1970) and go on from there."""
        self.advance(now - self.now())

    def freeze(self) -> None:
        """Let time stand still from now on."""
        with self._state.transaction():
            self._frozen_at = self.now()
            self._write()

    def thaw(self) -> None:
        """Let time run again, from the moment where it stood still."""
        with self._state.transaction():
            now = self.now()
            self._frozen_at, self._offset_s = None, now - self.source.now()
            self._write()

    def _read(self) -> None:
        text = self._state.text(_KIND, _ID)
        if text == self._text:
            return
        stored: dict[str, Any] = parse_json(text) if text else _UNMOVED
        frozen_at = stored["frozen_at"]
        self._text, self._offset_s = text, float(stored["offset_s"])
        self._frozen_at = None if frozen_at is None else float(frozen_at)

    def _write(self) -> None:
        stored = {"offset_s": self._offset_s, "frozen_at": self._frozen_at}
        self._state.put(_KIND, _ID, stored)


def http_date(now: float) -> str:
    """Return seconds since 1970 as an HTTP date."""
    return formatdate(now, usegmt=True)

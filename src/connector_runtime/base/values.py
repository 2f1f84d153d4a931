"""Small values that every floor uses: absent, secrets, files, time, certainties."""

from __future__ import annotations

import enum
import functools
import hashlib
import hmac
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol, final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@final
class Absent(enum.Enum):
    """The type of `ABSENT`: a value that is not there, unlike null or empty text."""

    ABSENT = "absent"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent.ABSENT


@final
class Secret:
    """Text that cannot be printed, logged, formatted, pickled or copied by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; called only where it goes on the wire."""
        return self._text

    def __repr__(self) -> str:
        digest = hashlib.sha256(self._bytes()).hexdigest()[:8]
        return f"Secret(sha256:{digest})"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._bytes(), other._bytes())

    def _bytes(self) -> bytes:
        # Half a character makes a text useless, but must not break what only compares it.
        return self._text.encode("utf-8", "surrogatepass")

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


class Certainty(enum.Enum):
    """What is known about an attempt once it has ended."""

    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class File:
    """A file to send: bytes in memory, or a path that is read when sent.

    Attributes:
        source: The content, or where it lies.
        content_type: Media type, or None to go by the name.
        name: File name without folders, or None.
        seen_bytes: How long it was when it was looked at, or None to look when asked.
    """

    source: bytes | Path
    content_type: str | None = None
    name: str | None = None
    seen_bytes: int | None = field(default=None, compare=False, repr=False)

    @property
    def size_bytes(self) -> int:
        """Return the length; a file that has another one when it is sent is an error."""
        if isinstance(self.source, bytes):
            return len(self.source)
        return self.source.stat().st_size if self.seen_bytes is None else self.seen_bytes


class Clock(Protocol):
    """Time as the runtime sees it; tests give their own."""

    def now(self) -> float:
        """Return seconds since the epoch."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait, in a thread."""

    async def asleep(self, seconds: float) -> None:
        """Wait, in an event loop."""


class SystemClock:
    """The machine's own time."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    async def asleep(self, seconds: float) -> None:
        """Wait without blocking the event loop."""
        import asyncio  # noqa: PLC0415  synchronous users never pay for it

        await asyncio.sleep(seconds)


class Random(Protocol):
    """Where jitter comes from: `random.Random` is one."""

    def random(self) -> float:
        """Return a number in [0.0, 1.0)."""


@functools.cache
def system_random() -> Random:
    """Return a source of randomness for any number of sessions: it has no state to keep or to fork."""
    # Made when it is wanted: where a workflow is replayed, importing must not ask for randomness.
    return random.SystemRandom()


# Longer than any process lives.
_LONGEST_S = 1e10


class Deadline(NamedTuple):
    """An instant on a monotonic clock; `monotonic` is that clock's reading."""

    at: float
    monotonic: Callable[[], float]

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> Deadline:
        """Return the instant so many seconds from now."""
        # A whole number may have more digits than a float can take.
        return cls(clock.monotonic() + min(seconds, _LONGEST_S), clock.monotonic)

    def left_s(self) -> float:
        """Return the seconds left, 0.0 when none are."""
        return max(0.0, self.at - self.monotonic())

"""Several processes on one connection, told what to do by a test."""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

WORKER = Path(__file__).with_name("worker.py")
_STEP_S = 0.005
# More than any of them needs; a test that hangs should not take the whole run with it.
PATIENCE_S = 60.0


class FileClock:
    """One time for many processes, in a file; who waits, waits a moment of real time and looks again."""

    def __init__(self, path: str | Path) -> None:
        with Path(path).open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8)

    @staticmethod
    def make(path: Path, now: float) -> FileClock:
        """Make the file; returns a clock on it."""
        path.write_bytes(struct.pack("d", now))
        return FileClock(path)

    def now(self) -> float:
        return float(struct.unpack("d", self._memory[:8])[0])

    monotonic = now

    def set(self, now: float) -> None:
        """Let it be another time, everywhere."""
        self._memory[:8] = struct.pack("d", now)

    def sleep(self, seconds: float) -> None:
        del seconds
        time.sleep(_STEP_S)

    async def asleep(self, seconds: float) -> None:
        import asyncio

        del seconds
        await asyncio.sleep(_STEP_S)


class Ship:
    """One process."""

    def __init__(self, given: dict[str, Any]) -> None:
        src = str(WORKER.parents[2] / "src")
        path = os.pathsep.join(filter(None, (src, os.environ.get("PYTHONPATH", ""))))
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._say(given)

    def tell(self, callers: int, calls: int = 1, *, where: str = "threads", how: Any = None) -> None:
        """Have it run `callers * calls` calls, as many at once as there are callers."""
        self._say({"in": where, "callers": callers, "calls": calls, "how": how or {}})

    def hear(self) -> Counter[str]:
        """Return what came of it, counted; an empty count when the process has died or says nothing."""
        assert self.process.stdout is not None
        watch = threading.Timer(PATIENCE_S, self.process.kill)
        watch.start()
        line = self.process.stdout.readline()
        watch.cancel()
        return Counter(json.loads(line)) if line else Counter()

    def kill(self, by: int = signal.SIGKILL) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, by)

    def scuttle(self) -> None:
        """End it, whatever state it is in."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        self.process.kill()
        self.process.wait()

    def _say(self, what: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()


class Fleet:
    """Processes that are ready; ended with the `with` block, whatever happens in it."""

    def __init__(self, *given: dict[str, Any]) -> None:
        self.ships = [Ship(one) for one in given]

    def __enter__(self) -> Self:
        for ship in self.ships:
            assert ship.hear() == {"ready": True}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for ship in self.ships:
            ship.scuttle()

    def all(self, callers: int, calls: int = 1, **how: Any) -> Counter[str]:
        """Have all of them work at once; returns what came of it, counted together."""
        for ship in self.ships:
            ship.tell(callers, calls, **how)
        return sum((ship.hear() for ship in self.ships), Counter[str]())


def until(condition: Any) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(_STEP_S)


def statuses(said: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the outcomes only, without why attempts were made."""
    return {word: count for word, count in said if not word.startswith("why ")}

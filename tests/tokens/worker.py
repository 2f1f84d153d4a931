"""A process of a platform: opens one session and does what it is told, a line of JSON each.

Started by `fleet`. Everything secret comes over standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from connector_runtime.errors import ConnectorError
from connector_runtime.stores import Keys, RedisBudget, RedisStore, SqliteBudget, SqliteStore
from tokens.fleet import FileClock
from tokens.scene import component


class MortalStore:
    """A token store whose process is killed at a point of its work: `before` or `after` a call."""

    def __init__(self, store: Any, when: str, call: str, number: int) -> None:
        self._store = store
        self._when, self._call, self._left = when, call, number

    def read(self, key: str) -> Any:
        return self._at("read", lambda: self._store.read(key))

    def write(self, key: str, document: Any, version: int) -> Any:
        return self._at("write", lambda: self._store.write(key, document, version))

    def _at(self, call: str, work: Any) -> Any:
        self._left -= call == self._call
        is_time = self._left == 0 and call == self._call
        if is_time and self._when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = work()
        if is_time:
            os.kill(os.getpid(), signal.SIGKILL)
        return done


class Worker:
    """One session and its stores."""

    def __init__(self, given: dict[str, Any]) -> None:
        keys = Keys(given["keys"])
        at_redis = given.get("redis")
        store: Any = RedisStore(at_redis, keys) if at_redis else SqliteStore(given["store"], keys)
        if "dies" in given:
            store = MortalStore(store, *given["dies"])
        self.options: dict[str, Any] = {"token_store": store}
        if "clock" in given:
            self.options["clock"] = FileClock(given["clock"])
        if "budget" in given:
            budget = given["budget"]
            self.options["budget"] = RedisBudget(budget) if "://" in budget else SqliteBudget(budget)
        self.connection = given["connection"]

    def in_threads(self, callers: int, calls: int, how: dict[str, Any]) -> dict[str, Any]:
        """Check the connection from many threads."""
        told = Counter[str]()
        with ThreadPoolExecutor(callers) as pool:
            for said in pool.map(lambda _: self._one(how), range(callers * calls)):
                told.update(said)
        return dict(told)

    def _one(self, how: dict[str, Any]) -> list[str]:
        try:
            result = self.session.run(**how) if how else self.session.check()
        except ConnectorError as problem:
            return [problem.kind]
        return [str(result.status), *(f"why {attempt.why}" for attempt in result.attempts)]

    def in_a_loop(self, callers: int, calls: int) -> dict[str, Any]:
        """Check the connection from many coroutines."""

        async def one(session: Any) -> list[str]:
            try:
                result = await session.check()
            except ConnectorError as problem:
                return [problem.kind]
            return [str(result.status), *(f"why {attempt.why}" for attempt in result.attempts)]

        async def every() -> Counter[str]:
            told = Counter[str]()
            async with component().async_session(self.connection, **self.options) as session:
                for said in await asyncio.gather(*(one(session) for _ in range(callers * calls))):
                    told.update(said)
            return told

        return dict(asyncio.run(every()))

    def serve(self) -> None:
        """Do what is told until the input ends."""
        with component().session(self.connection, **self.options) as self.session:
            say({"ready": True})
            for line in sys.stdin:
                told = json.loads(line)
                if told["in"] == "loop":
                    said = self.in_a_loop(told["callers"], told["calls"])
                else:
                    said = self.in_threads(told["callers"], told["calls"], told["how"])
                say(said)


def say(what: dict[str, Any]) -> None:
    """Answer whoever started this process."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    Worker(json.loads(sys.stdin.readline())).serve()

"""How a Redis server is reached: by a client that was given, or by an address; and for how long at most."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING, Any

from connector_runtime.base.side_threads import in_time
from connector_runtime.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

# How long one answer may take; of these the longest is used that leaves time to connect, too.
TIMEOUTS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class RedisClient:
    """A client of the package `redis`, its errors in our words.

    Args:
        server: An address (`redis://…`, `rediss://…`, `unix://…`), or a client of the
            package `redis`, used as it is: what takes too long there is left behind in a thread.
    """

    def __init__(self, server: Any) -> None:
        try:
            redis = importlib.import_module("redis")
        except ImportError:
            raise StoreError(
                "The package `redis` is not installed.", hint="Install the extra `redis`."
            ) from None
        self._redis = redis
        self._troubles = (redis.RedisError, OSError)
        self._address = server if isinstance(server, str) else None
        self._clients: dict[float, Any] = {}
        self._client = self._within(TIMEOUTS_S[-1]) if self._address is not None else server

    def script(self, text: str) -> Any:
        """Return a script that the server runs as one step."""
        return self._client.register_script(text)

    def run(
        self, script: Any, keys: Sequence[str], args: Sequence[Any] = (), limit_s: float | None = None
    ) -> Any:
        """Run a script within `limit_s`.

        Raises:
            StoreError: It is not answered so soon (kind `timeout`), or not at all. The address
                may hold a password and is not told.
        """
        try:
            if self._address is None and limit_s is not None:
                return in_time(self, partial(script, keys=keys, args=args), limit_s)
            fits = [one for one in TIMEOUTS_S if limit_s is None or one <= limit_s / 2]
            client = self._client if self._address is None else self._within(max(fits, default=TIMEOUTS_S[0]))
            return script(keys=keys, args=args, client=client)
        except self._troubles as problem:
            said, is_late = (
                type(problem).__name__,
                isinstance(problem, (TimeoutError, self._redis.TimeoutError)),
            )
        if is_late:
            raise StoreError(
                "The Redis server did not answer in the time for this call.",
                kind="timeout",
                hint="See whether it can be reached and is not overloaded.",
            )
        raise StoreError(f"The Redis server does not answer as it should: {said}.")

    def close(self) -> None:
        """Close connections that were opened for an address; a given client is its giver's."""
        for client in tuple(self._clients.values()):
            client.close()

    def _within(self, timeout_s: float) -> Any:
        """Return the client whose answers take so long at most, and are asked for once.

        A line that the server closed meanwhile is opened again at once.
        """
        client = self._clients.get(timeout_s)
        if client is None:
            redis = self._redis
            retry = importlib.import_module("redis.retry").Retry(
                importlib.import_module("redis.backoff").NoBackoff(), 1, (redis.ConnectionError,)
            )
            client = self._clients[timeout_s] = redis.Redis.from_url(
                self._address, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=retry
            )
        return client

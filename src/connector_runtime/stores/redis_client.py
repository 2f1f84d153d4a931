"""How a Redis server is reached: by a client that was given, or by an address."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A server that does not answer must not hold a call up to its deadline.
TIMEOUT_S = 5.0


class RedisClient:
    """A client of the package `redis`, its errors in our words.

    Args:
        server: An address (`redis://…`, `rediss://…`, `unix://…`), or a client of the
            package `redis`, used as it is.
    """

    def __init__(self, server: Any) -> None:
        try:
            redis = importlib.import_module("redis")
        except ImportError:
            raise StoreError(
                "The package `redis` is not installed.", hint="Install the extra `redis`."
            ) from None
        self._troubles = (redis.RedisError, OSError)
        self._is_ours = isinstance(server, str)
        self._client = server
        if isinstance(server, str):
            self._client = redis.Redis.from_url(
                server, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
            )

    def script(self, text: str) -> Any:
        """Return a script that the server runs as one step."""
        return self._client.register_script(text)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Turn the client's errors into ours; the address may hold a password and is not told."""
        try:
            yield
        except self._troubles as problem:
            said = type(problem).__name__
        else:
            return
        raise StoreError(f"The Redis server does not answer as it should: {said}.")

    def close(self) -> None:
        """Close connections that were opened for an address; a given client is its giver's."""
        if self._is_ours:
            self._client.close()

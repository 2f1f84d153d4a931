"""Tokens in Redis, sealed; shared by processes of many machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.errors import StoreError
from connector_runtime.stores.ports import Entry
from connector_runtime.stores.redis_client import RedisClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.stores.keys import Keys

_READ = """
local time = redis.call('TIME')
local found = redis.call('HMGET', KEYS[1], 'version', 'sealed')
return {found[1], found[2], time[1] .. '.' .. string.format('%06d', time[2])}
"""
_WRITE = """
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'sealed', ARGV[3])
return 1
"""


class RedisStore:
    """A token store for threads; leases end by the server's clock, not by those of its clients.

    Args:
        server: An address (`redis://…`), or a client of the package `redis`.
        keys: What seals and opens what is kept.
        prefix: Begins every key in Redis.

    Raises:
        StoreError: The package `redis` is not installed.
    """

    def __init__(self, server: Any, keys: Keys, *, prefix: str = "connector") -> None:
        self._redis = RedisClient(server)
        self._keys = keys
        self._prefix = prefix
        self._read = self._redis.script(_READ)
        self._write = self._redis.script(_WRITE)

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"

    def close(self) -> None:
        """Close connections that were opened for an address."""
        self._redis.close()

    def read(self, key: str, *, limit_s: float | None = None) -> Entry:
        """Return what is kept under a key; version 0 and an empty document where nothing is."""
        version, sealed, now = self._redis.run(self._read, [self._place(key)], limit_s=limit_s)
        if version is None:
            # The first lease, too, must end by this clock and not by that of whoever takes it.
            return Entry(0, {}, float(now))
        if not version.isdigit():
            raise StoreError(f"What the store keeps of `{key}` has no version: the entry was changed.")
        number = int(version)
        return Entry(number, self._keys.open(key, number, sealed), float(now))

    def write(
        self, key: str, document: Mapping[str, Any], version: int, *, limit_s: float | None = None
    ) -> bool:
        """Replace the document that has `version`; False when another is there."""
        sealed = self._keys.seal(key, version + 1, document)
        args = [str(version), str(version + 1), sealed]
        return bool(self._redis.run(self._write, [self._place(key)], args, limit_s))

    def _place(self, key: str) -> str:
        return f"{self._prefix}:token:{key}"

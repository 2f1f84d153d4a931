"""Where tokens are kept and requests counted: in memory, in SQLite files, in Redis.

`docs/reference/tokens.md` says which to choose.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector_runtime.errors import StoreError
    from connector_runtime.stores.budget import Budget
    from connector_runtime.stores.keys import Keys
    from connector_runtime.stores.memory import MemoryStore
    from connector_runtime.stores.ports import AsyncTokenStore, Entry, RequestBudget, TokenStore
    from connector_runtime.stores.redis_budget import RedisBudget
    from connector_runtime.stores.redis_store import RedisStore
    from connector_runtime.stores.sqlite_budget import SqliteBudget
    from connector_runtime.stores.sqlite_store import SqliteStore

__all__ = [
    "AsyncTokenStore",
    "Budget",
    "Entry",
    "Keys",
    "MemoryStore",
    "RedisBudget",
    "RedisStore",
    "RequestBudget",
    "SqliteBudget",
    "SqliteStore",
    "StoreError",
    "TokenStore",
]

_HOMES = {
    "AsyncTokenStore": "stores.ports",
    "Budget": "stores.budget",
    "Entry": "stores.ports",
    "Keys": "stores.keys",
    "MemoryStore": "stores.memory",
    "RedisBudget": "stores.redis_budget",
    "RedisStore": "stores.redis_store",
    "RequestBudget": "stores.ports",
    "SqliteBudget": "stores.sqlite_budget",
    "SqliteStore": "stores.sqlite_store",
    "StoreError": "errors",
    "TokenStore": "stores.ports",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: nobody pays for the stores of others."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"connector_runtime.{home}"), name)

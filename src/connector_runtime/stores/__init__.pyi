# What type checkers take `__init__.py` for; a test compares the two.

from connector_runtime.errors import StoreError
from connector_runtime.stores.budget import Budget
from connector_runtime.stores.files import check_private, make_private, replace_private
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
    "check_private",
    "make_private",
    "replace_private",
]

"""Where tokens are kept and requests counted: in memory, in SQLite files, in Redis.

`docs/reference/tokens.md` says which to choose.
"""

from connector_runtime.base.lazy import lazily

__all__, __getattr__ = lazily(
    __name__,
    {
        "errors": "StoreError",
        "stores.budget": "Budget",
        "stores.files": "check_private make_private replace_private",
        "stores.keys": "Keys",
        "stores.memory": "MemoryStore",
        "stores.ports": "AsyncTokenStore Entry RequestBudget TokenStore",
        "stores.redis_budget": "RedisBudget",
        "stores.redis_store": "RedisStore",
        "stores.sqlite_budget": "SqliteBudget",
        "stores.sqlite_store": "SqliteStore",
    },
)

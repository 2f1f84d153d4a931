"""Requests counted in Redis, exactly, for processes of many machines, by the server's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.budget import Pause, text_of_key
from connector_runtime.stores.redis_client import RedisClient
from connector_runtime.stores.sqlite_budget import ASK_AGAIN_S

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from connector_runtime.budget import Rule

_NOW = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
"""
# sent: sorted set by time; steps: hash of counts; slots: sorted set by end; pause: hash.
_TAKE = (
    _NOW
    + """
local requests, per_s, step_s = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local concurrency, holder, hold_s = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local wait = 0
local until_at = tonumber(redis.call('HGET', KEYS[3], 'until') or '0')
if until_at > now then wait = until_at - now end
if requests > 0 and step_s == 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - per_s)
  local last = redis.call('ZREVRANGE', KEYS[1], requests - 1, requests - 1, 'WITHSCORES')
  if last[2] then wait = math.max(wait, tonumber(last[2]) + per_s - now) end
elseif requests > 0 then
  local steps, left, known = {}, -requests, redis.call('HGETALL', KEYS[1])
  for i = 1, #known, 2 do
    local step, count = tonumber(known[i]), tonumber(known[i + 1])
    if (step + 1) * step_s + per_s <= now then
      redis.call('HDEL', KEYS[1], known[i])
    else
      steps[#steps + 1] = {step, count}
      left = left + count
    end
  end
  table.sort(steps, function(a, b) return a[1] < b[1] end)
  for _, one in ipairs(left >= 0 and steps or {}) do
    left = left - one[2]
    if left < 0 then
      wait = math.max(wait, (one[1] + 1) * step_s + per_s - now)
      break
    end
  end
end
if wait == 0 and concurrency > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  if redis.call('ZCARD', KEYS[2]) >= concurrency then wait = tonumber(ARGV[7]) end
end
if wait > 0 then return tostring(wait) end
if requests > 0 then
  if step_s == 0 then
    redis.call('ZADD', KEYS[1], now, holder)
  else
    redis.call('HINCRBY', KEYS[1], math.floor(now / step_s), 1)
  end
  redis.call('PEXPIRE', KEYS[1], math.ceil((per_s + 2 * step_s + 1) * 1000))
end
if concurrency > 0 then
  redis.call('ZADD', KEYS[2], now + hold_s, holder)
  redis.call('PEXPIRE', KEYS[2], math.ceil(hold_s * 1000) + 60000)
end
return '0'
"""
)
_PAUSE = (
    _NOW
    + """
local until_at, back_at = now + tonumber(ARGV[1]), now + tonumber(ARGV[2])
if tonumber(redis.call('HGET', KEYS[1], 'until') or '0') < until_at then
  redis.call('HSET', KEYS[1], 'until', tostring(until_at), 'back', tostring(back_at), 'kind', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(tonumber(ARGV[1]) * 1000) + 1000)
end
"""
)
_PAUSED = (
    _NOW
    + """
local found = redis.call('HMGET', KEYS[1], 'until', 'back', 'kind')
if not found[1] or tonumber(found[1]) <= now then return nil end
return {tostring(tonumber(found[1]) - now), tostring(tonumber(found[2]) - now), found[3]}
"""
)
_GIVE_BACK = (
    _NOW
    + """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
"""
)


class RedisBudget:
    """A budget that processes of many machines keep together; `now` is the server's.

    Args:
        server: An address (`redis://…`), or a client of the package `redis`.
        prefix: Begins every key in Redis.

    Raises:
        StoreError: The package `redis` is not installed.
    """

    is_shared = True

    def __init__(self, server: Any, *, prefix: str = "connector") -> None:
        self._redis = RedisClient(server)
        self._prefix = prefix
        texts = {"take": _TAKE, "give": _GIVE_BACK, "pause": _PAUSE, "paused": _PAUSED}
        self._scripts = {name: self._redis.script(text) for name, text in texts.items()}

    def close(self) -> None:
        """Close connections that were opened for an address."""
        self._redis.close()

    def take(
        self,
        key: Hashable,
        rule: Rule,
        *,
        now: float,  # noqa: ARG002
        wake: Callable[[], None],  # noqa: ARG002
        holder: str = "",
        hold_s: float = 0.0,
    ) -> float | None:
        """Take one slot, as `ports.RequestBudget.take`."""
        numbers = [rule.requests or 0, rule.per_s, rule.step_s, rule.concurrency or 0]
        args = [*numbers, holder, hold_s, ASK_AGAIN_S]
        places = self._places(key, "steps" if rule.step_s else "sent", "slots", "pause")
        with self._redis.asked():
            said = self._scripts["take"](keys=places, args=args)
        return float(said) or None

    def give_back(self, key: Hashable, holder: str = "", *, now: float = 0.0) -> None:  # noqa: ARG002
        """Free a slot taken before."""
        with self._redis.asked():
            self._scripts["give"](keys=self._places(key, "slots", "sent"), args=[holder])

    def forget(self, key: Hashable, wake: Callable[[], None]) -> None:
        """Nobody is woken, so nobody has to be forgotten."""

    def pause(self, key: Hashable, pause: Pause, *, now: float) -> None:  # noqa: ARG002
        """Let nobody take a slot for a while; a longer pause outlives a shorter one."""
        args = [pause.for_s, max(pause.for_s, pause.back_s), pause.kind]
        with self._redis.asked():
            self._scripts["pause"](keys=self._places(key, "pause"), args=args)

    def paused(self, key: Hashable, *, now: float) -> Pause | None:  # noqa: ARG002
        """Return what is left of the pause, or None."""
        with self._redis.asked():
            found = self._scripts["paused"](keys=self._places(key, "pause"))
        if found is None:
            return None
        for_s, back_s, kind = found
        return Pause(float(for_s), kind.decode() if isinstance(kind, bytes) else kind, float(back_s))

    def _places(self, key: Hashable, *what: str) -> list[str]:
        # One account's places share a slot of a cluster.
        account = f"{self._prefix}:budget:{{{text_of_key(key)}}}"
        return [f"{account}:{one}" for one in what]

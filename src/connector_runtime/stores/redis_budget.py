"""Requests counted in Redis, exactly, for processes of many machines, by the server's clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from connector_runtime.base.forks import forget_after_fork
from connector_runtime.errors import StoreError
from connector_runtime.stores.budget import Pause, text_of_key
from connector_runtime.stores.redis_client import RedisClient
from connector_runtime.stores.waiting_line import TURN_S, WaitingLine, ask_again

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from connector_runtime.stores.budget import Rule

_NOW = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
"""
# sent: sorted set by time; steps: hash of counts; slots: sorted set by end; pause: hash; turns: hash
# of those who wait for a place, each with the instants of his arrival and of his end. Whatever is
# written ends by itself, so an account that nobody asks for is forgotten.
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
if wait > 0 then return {tostring(wait)} end
if concurrency > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  local since, line = now, redis.call('HGETALL', KEYS[4])
  for i = 1, #line, 2 do
    if line[i] == holder then since = tonumber(string.match(line[i + 1], '^(%S+)')) end
  end
  local ahead = 0
  for i = 1, #line, 2 do
    local came, ends = string.match(line[i + 1], '^(%S+) (%S+)$')
    if tonumber(ends) <= now then
      redis.call('HDEL', KEYS[4], line[i])
    elseif line[i] ~= holder and tonumber(came) <= since then
      ahead = ahead + 1
    end
  end
  if redis.call('ZCARD', KEYS[2]) + ahead >= concurrency then
    redis.call('HSET', KEYS[4], holder, string.format('%.6f %.6f', since, now + tonumber(ARGV[7])))
    redis.call('PEXPIRE', KEYS[4], 60000)
    return {'0', ahead}
  end
  if #line > 0 then redis.call('HDEL', KEYS[4], holder) end
end
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
return nil
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
redis.call('HDEL', KEYS[3], ARGV[1])
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
    keeps_order = True

    def __init__(self, server: Any, *, prefix: str = "connector") -> None:
        self._redis = RedisClient(server)
        self._prefix = prefix
        texts = {"take": _TAKE, "give": _GIVE_BACK, "pause": _PAUSE, "paused": _PAUSED}
        self._scripts = {name: self._redis.script(text) for name, text in texts.items()}
        self._line = WaitingLine()
        self.forget_parent()
        forget_after_fork(self)

    def forget_parent(self) -> None:
        """Owe nothing in a forked process: the parent gives back its own."""
        self._owed: dict[tuple[Hashable, str], None] = {}
        self._turns: dict[Callable[[], None], str] = {}

    def close(self) -> None:
        """Close connections that were opened for an address."""
        self._redis.close()

    def take(  # noqa: PLR0913  as the protocol has it, and how long it may last
        self,
        key: Hashable,
        rule: Rule,
        *,
        now: float,
        wake: Callable[[], None],
        holder: str = "",
        hold_s: float = 0.0,
        limit_s: float | None = None,
    ) -> float | None:
        """Take one slot, as `ports.RequestBudget.take`."""
        name = text_of_key(key)
        held_up_s = self._line.hold_up(name, wake, now)
        if held_up_s is not None:
            return held_up_s
        numbers = [rule.requests or 0, rule.per_s, rule.step_s, rule.concurrency or 0]
        args = [*numbers, holder, hold_s, TURN_S]
        places = self._places(key, "steps" if rule.step_s else "sent", "slots", "pause", "turns")
        try:
            said = self._redis.run(self._scripts["take"], places, args, limit_s)
        except StoreError:
            # Nobody knows whether the server has done it.
            self._owed[key, holder] = None
            raise
        if said is None:
            self._turns.pop(wake, None)
            self._line.leave(name, wake)
            return None
        wait_s = ask_again(int(said[1])) if len(said) > 1 else float(said[0])
        self._turns[wake] = holder
        self._line.refused(name, wake, wait_s, now)
        return wait_s

    def give_back(
        self,
        key: Hashable,
        holder: str = "",
        *,
        now: float = 0.0,  # noqa: ARG002
        limit_s: float | None = None,
    ) -> None:
        """Free a slot taken before; what cannot be said now is said with the next one."""
        self._owed[key, holder] = None
        end = float("inf") if limit_s is None else time.monotonic() + limit_s
        # Its own first: what others left may be more than there is time for.
        for owed in reversed(tuple(self._owed)):
            places = self._places(owed[0], "slots", "sent", "turns")
            self._redis.run(self._scripts["give"], places, [owed[1]], limit_s)
            self._owed.pop(owed, None)
            if time.monotonic() >= end:
                break
        self._line.freed(text_of_key(key))

    def forget(self, key: Hashable, wake: Callable[[], None], *, limit_s: float | None = None) -> None:
        """Stop waiting; the next one of this process asks at once."""
        holder = self._turns.pop(wake, None)
        try:
            if holder is not None:
                self._redis.run(
                    self._scripts["give"], self._places(key, "slots", "sent", "turns"), [holder], limit_s
                )
        finally:
            self._line.leave(text_of_key(key), wake)

    def pause(
        self,
        key: Hashable,
        pause: Pause,
        *,
        now: float,  # noqa: ARG002
        limit_s: float | None = None,
    ) -> None:
        """Let nobody take a slot for a while; a longer pause outlives a shorter one."""
        args = [pause.for_s, max(pause.for_s, pause.back_s), pause.kind]
        self._redis.run(self._scripts["pause"], self._places(key, "pause"), args, limit_s)

    def paused(
        self,
        key: Hashable,
        *,
        now: float,  # noqa: ARG002
        limit_s: float | None = None,
    ) -> Pause | None:
        """Return what is left of the pause, or None."""
        found = self._redis.run(self._scripts["paused"], self._places(key, "pause"), limit_s=limit_s)
        if found is None:
            return None
        for_s, back_s, kind = found
        return Pause(float(for_s), kind.decode() if isinstance(kind, bytes) else kind, float(back_s))

    def _places(self, key: Hashable, *what: str) -> list[str]:
        # One account's places share a slot of a cluster.
        account = f"{self._prefix}:budget:{{{text_of_key(key)}}}"
        return [f"{account}:{one}" for one in what]

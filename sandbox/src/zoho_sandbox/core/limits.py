"""Rate limits of both products. Off by default; a setting names an edition.

Calls per minute, per day and credits are counted in the state, exactly, whatever number
of processes share it. Calls in process are counted by each process for itself: only a
planted delay or the latency setting keeps a call in process at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.jsontext import parse_json
from zoho_sandbox.core.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.exchange import Request
    from zoho_sandbox.core.site import Site

Headers = tuple[tuple[str, str], ...]
_USAGE = "sandbox/usage"
_MINUTE_S = 60.0
_HOUR_S = 3600
_HOURS_A_DAY = 24


def rules(product: str) -> Mapping[str, Any]:
    """Return the published numbers and refusals of a product."""
    found: Mapping[str, Any] = package_yaml("zoho_sandbox.core", "limits.yaml")[product]
    return found


def refusal(product: str, limit: str, *, number: int = 0) -> Answer:
    """Return the refusal in a product's words.

    Args:
        limit: ``minute``, ``day`` or ``concurrent`` for Books; CRM has one text for all.
        number: The limit that was reached, where the text names it.
    """
    if product == "crm":
        said = rules("crm")["refusal"]
        body = {
            "code": said["code"],
            "details": {},
            "message": said["message"],
            "status": "error",
        }
        return Answer(429, body)
    said = rules("books")["refusals"][limit]
    return Answer(429, {"code": said["code"], "message": said["message"].format(limit=number)})


@dataclass(slots=True)
class Places:
    """Calls in process, by whom the limit counts: an organisation, or a client."""

    taken: dict[str, int]

    def take(self, holder: str) -> int:
        """Take one place; return how many are taken now."""
        self.taken[holder] = self.taken.get(holder, 0) + 1
        return self.taken[holder]

    def give_back(self, holder: str) -> None:
        """Give one place back."""
        self.taken[holder] -= 1
        # Not kept at 0: whoever called once would be remembered for ever.
        if not self.taken[holder]:
            del self.taken[holder]


class Limits:
    """What is used up, and what is refused for it."""

    def __init__(self, sandbox: Site) -> None:
        self._sandbox = sandbox
        self._state = sandbox.state
        self._settings = sandbox.settings

    def concurrency(self, product: str) -> int:
        """Return how many calls may be in process, 0 for any number."""
        edition = self._settings[f"limits.{product}"]
        own = int(self._settings[f"limits.{product}_concurrent"])
        if edition == "off":
            return own
        return own or int(rules(product)["editions"][edition]["concurrent"])

    # -- Books: calls per minute and per day, by organisation --------------------

    def charge_books(self, organization_id: str) -> tuple[Answer | None, Headers]:
        """Count one call; return a refusal or None, and the headers of either."""
        organization = self._state.get("sandbox/organizations", organization_id)
        zone = _zone((organization or {}).get("time_zone", "UTC"))
        local = self._sandbox.clock.at(zone)
        usage = self._books_usage(organization_id, local.date().isoformat())
        refused = self._refuse_books(usage)
        # choice: a refused call uses nothing up.
        if refused is None:
            usage["minute_count"] += 1
            usage["day_count"] += 1
        self._state.put(_USAGE, f"books/{organization_id}", usage)
        return refused, self._books_headers(usage, local)

    def _books_usage(self, organization_id: str, day: str) -> dict[str, Any]:
        fresh: dict[str, Any] = {"minute_from": 0, "minute_count": 0, "blocked_to": 0}
        fresh |= {"day": day, "day_count": 0}
        usage = self._state.get(_USAGE, f"books/{organization_id}") or fresh
        now = self._sandbox.clock.now()
        # choice: a minute begins with the first call after the last one ended.
        if now - float(usage["minute_from"]) >= _MINUTE_S:
            usage["minute_from"], usage["minute_count"] = now, 0
        if usage["day"] != day:
            usage["day"], usage["day_count"] = day, 0
        return usage

    def _refuse_books(self, usage: dict[str, Any]) -> Answer | None:
        per_minute = self._books_per_minute()
        now = self._sandbox.clock.now()
        if float(usage["blocked_to"]) > now:
            return refusal("books", "minute")
        if per_minute and usage["minute_count"] >= per_minute:
            # choice: the block runs from the first call too many; its length is a setting.
            usage["blocked_to"] = now + self._settings["limits.books_block_s"]
            return refusal("books", "minute")
        per_day = self._books_per_day()
        if per_day and usage["day_count"] >= per_day:
            return refusal("books", "day", number=per_day)
        return None

    def _books_per_minute(self) -> int:
        own = int(self._settings["limits.books_per_minute"])
        if self._settings["limits.books"] == "off":
            return own
        return own or int(rules("books")["per_minute"])

    def _books_per_day(self) -> int:
        own = int(self._settings["limits.books_per_day"])
        edition = self._settings["limits.books"]
        if edition == "off":
            return own
        return own or int(rules("books")["editions"][edition]["per_day"])

    def _books_headers(self, usage: dict[str, Any], local: datetime) -> Headers:
        limit = self._books_per_day() or int(rules("books")["unlimited_per_day"])
        remaining = max(limit - usage["day_count"], 0)
        return (
            ("x-rate-limit-limit", str(limit)),
            ("x-rate-limit-remaining", str(remaining)),
            ("x-rate-limit-reset", str(_seconds_to_midnight(local))),
        )

    # -- CRM: credits in a rolling day ---------------------------------------------

    def refuse_crm(self) -> Answer | None:
        """Return the refusal when the credits of the last 24 hours are used up."""
        allowance = self._credits()
        if allowance and self._credits_used() >= allowance:
            return refusal("crm", "credits")
        return None

    def charge_crm(self, cost: int) -> Headers:
        """Count the credits of one call; return the headers that tell of it."""
        allowance = self._credits()
        if not allowance:
            return ()
        hours = self._credit_hours()
        this_hour = self._hour()
        hours[this_hour] = hours.get(this_hour, 0) + cost
        self._state.put(_USAGE, "crm", {"hours": hours})
        used = sum(hours.values())
        # The header appears once half of the allowance is used.
        if used * 2 < allowance:
            return ()
        return (("X-API-CREDITS-REMAINING", str(max(allowance - used, 0))),)

    def _credits(self) -> int:
        own = int(self._settings["limits.crm_credits"])
        edition = self._settings["limits.crm"]
        if own or edition == "off":
            return own
        numbers = rules("crm")["editions"][edition]
        total = numbers["base"] + numbers["per_user"] * self._state.count("sandbox/users")
        return min(total, numbers["cap"]) if numbers["cap"] else int(total)

    def _credits_used(self) -> int:
        return sum(self._credit_hours().values())

    def _credit_hours(self) -> dict[str, int]:
        # choice: the rolling day moves hour by hour.
        stored = self._state.get(_USAGE, "crm") or {"hours": {}}
        oldest = int(self._hour()) - _HOURS_A_DAY
        return {hour: used for hour, used in stored["hours"].items() if int(hour) > oldest}

    def _hour(self) -> str:
        return str(int(self._sandbox.clock.now()) // _HOUR_S)


def is_heavy(request: Request) -> bool:
    """Say whether a CRM call shares the sub-concurrency of heavy calls."""
    crm = rules("crm")
    for heavy in crm["heavy_paths"]:
        if request.method == heavy["method"] and fnmatchcase(request.path, heavy["path"]):
            return True
    if request.method == "GET":
        return any(name in request.query for name in crm["heavy_parameters"])
    return _record_count(request.body) > int(crm["heavy_records"])


def _record_count(body: bytes) -> int:
    try:
        parsed = parse_json(body) if body else None
    except ValueError:
        return 0
    records = parsed.get("data") if isinstance(parsed, dict) else None
    return len(records) if isinstance(records, list) else 0


@cache
def _zone(name: str) -> ZoneInfo | Any:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _seconds_to_midnight(local: datetime) -> int:
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), local.tzinfo)
    # Through UTC: on the day the clocks change, a day has 23 or 25 hours.
    return int((midnight.astimezone(UTC) - local.astimezone(UTC)).total_seconds())

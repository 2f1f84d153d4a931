"""How Whisker pushes: hooks, what is sent to them, and how each signs.

It imports nothing of the runtime, pushes to this machine only, and once: whoever was not there
when something happened has missed it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

# The longest that Whisker lets a hook live.
LONGEST_S = 72 * 3600.0
_TIMEOUT_S = 5.0


def shown(seconds: float) -> str:
    """Return a time as Whisker writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@dataclass(slots=True)
class Hooks:
    """The hooks of one shop.

    Attributes:
        hooks: What was agreed, by id: `url secret until sign`.
        outcomes: What became of each push: a status, or the kind of trouble.
        given_s: How long the shop lets a hook live, whatever was asked for; None for what was asked.
    """

    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: list[int | str] = field(default_factory=list)
    given_s: float | None = None
    effects: list[str] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def asked(self, method: str, number: str | None, body: bytes, now: float) -> tuple[int, dict[str, Any]]:
        """Do what was asked about hooks."""
        if method == "GET":
            return 200, {"ok": True, "hooks": [self._told(hook) for hook in self.hooks.values()]}
        if method == "POST" or (method == "PUT" and number is not None):
            return self._made(number or f"h-{len(self.hooks) + 1}", json.loads(body), now)
        hook = self.hooks.get(number or "")
        if hook is None or hook["until"] <= now:
            return 200, {"ok": False, "error": {"code": "no_such_hook", "text": "there is no such hook"}}
        if method == "DELETE":
            del self.hooks[hook["id"]]
            self.effects.append(f"unhook {hook['id']}")
            return 200, {"ok": True}
        hook["until"] = self._until(dict(parse_qsl(body.decode()))["until"], now)
        self.effects.append(f"keep {hook['id']}")
        return 200, {"ok": True, "hook": self._told(hook)}

    def tell(self, what: str, pet: dict[str, Any], now: float) -> None:
        """Push to every hook that lives, each in its own way, without waiting."""
        for hook in list(self.hooks.values()):
            if hook["until"] > now:
                self.push(hook, what, pet, now)

    def push(self, hook: dict[str, Any], what: str, pet: dict[str, Any], now: float) -> None:
        """Push to one hook."""
        url, headers, body = pushed(hook, what, pet, now)
        thread = threading.Thread(target=self._deliver, args=(url, headers, body), daemon=True)
        self._threads.append(thread)
        thread.start()

    def settle(self) -> list[int | str]:
        """Wait until everything was pushed; returns what became of it."""
        for thread in self._threads:
            thread.join()
        return self.outcomes

    def _made(self, number: str, asked: dict[str, Any], now: float) -> tuple[int, dict[str, Any]]:
        until = self._until(asked["until"], now)
        hook = {**asked, "id": number, "until": until, "made": self.hooks.get(number, {}).get("made", now)}
        self.hooks[number] = hook
        self.effects.append(f"hook {number}")
        return 201, {"ok": True, "hook": self._told(hook)}

    def _until(self, asked: str, now: float) -> float:
        if self.given_s is not None:
            return now + self.given_s
        return min(datetime.fromisoformat(asked).timestamp(), now + LONGEST_S)

    def _told(self, hook: dict[str, Any]) -> dict[str, Any]:
        return {"id": hook["id"], "url": hook["url"], "made": hook["made"], "until": shown(hook["until"])}

    def _deliver(self, url: str, headers: dict[str, str], body: bytes) -> None:
        place = urlsplit(url)
        line = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=_TIMEOUT_S)
        try:
            line.request("POST", f"{place.path}?{place.query}", body, headers)
            self.outcomes.append(line.getresponse().status)
        except OSError as trouble:
            self.outcomes.append(type(trouble).__name__)
        finally:
            line.close()


def pushed(
    hook: dict[str, Any], what: str, pet: dict[str, Any], now: float
) -> tuple[str, dict[str, str], bytes]:
    """Return address, headers and body of a push as a hook wants it: signed `body`, `pairs` or `token`."""
    secret, headers = hook["secret"].encode(), {"Content-Type": "application/json"}
    if hook["sign"] == "token":
        told = {"token": hook["secret"], "pets": [pet["id"]], "what": what, "time": int(now * 1000)}
        return hook["url"], headers, json.dumps(told).encode()
    if hook["sign"] == "pairs":
        body = json.dumps({"visit": {"pet": pet["id"], "at": shown(now)}}).encode()
        pairs = {"what": what, "branch": "17"}
        text = "".join(name + value for name, value in sorted(pairs.items())).encode() + body
        sign = base64.b64encode(hmac.new(secret, text, hashlib.sha1).digest()).decode()
        return f"{hook['url']}?{urlencode(pairs)}", {**headers, "X-Whisker-Sign": sign}, body
    told = {"told": [{"what": what, "at": shown(now), "pet": {"id": pet["id"], "name": pet["name"]}}]}
    body = json.dumps(told).encode()
    return hook["url"], {**headers, "X-Whisker-Sign": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()}, body

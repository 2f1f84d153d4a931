"""A small pushed trigger, compiled for one test, and pushes to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from connector_runtime.base.values import Secret
from connector_runtime.definition.program.webhook import compile_webhook
from connector_runtime.language.lets import Lets
from connector_runtime.triggers.webhooks.receiving import Pushed, Received, judge
from connector_runtime.triggers.webhooks.subscription import Subscription

SECRET = "an-example-not-a-secret"
SIGNED = {"hmac": "sha256", "equals": "${ headers['x-sign'] }"}
EVENTS = {"items": "${ body.json.changes }", "identity": "${ item.id }", "made": "${ item.at }", "change": "updated"}
BODY = json.dumps({"changes": [{"id": "7", "at": "2026-06-01T12:00:00+02:00"}]}).encode()
EVENT = {"id": "7", "at": "2026-06-01T10:00:00+00:00", "change": "updated"}


def subscription(**more: Any) -> Subscription:
    """Return a subscription whose secret the tests know."""
    facts = {"trigger": "told", "id": "1", "url": "https://hooks.example.com/x", "secret": Secret(SECRET)}
    return Subscription(**{**facts, **more})


def push(
    body: bytes = BODY,
    headers: Any = (),
    query: Any = "",
    *,
    verify: Any = SIGNED,
    events: Any = EVENTS,
    tables: Any = None,
    inputs: Any = None,
    numbers: Any = "float",
    **webhook: Any,
) -> Received:
    """Push to a trigger and return what comes of it."""
    program = compile_webhook({"verify": verify, "events": events, **webhook}, lambda _parts: None, Lets())  # type: ignore[arg-type, return-value]
    pushed = Pushed(headers, query, body, numbers)
    return judge(program, subscription(inputs=inputs or {}), pushed, tables or {})


def hex_of(text: bytes, secret: str = SECRET, algorithm: str = "sha256") -> str:
    """Return an HMAC in hexadecimal, as the vendor computes it."""
    return hmac.new(secret.encode(), text, getattr(hashlib, algorithm)).hexdigest()


def base64_of(text: bytes, algorithm: str = "sha256") -> str:
    """Return an HMAC in base64."""
    return base64.b64encode(hmac.new(SECRET.encode(), text, getattr(hashlib, algorithm)).digest()).decode()

"""A small component written for one test, and a session on it whose wire is a script."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from connector_runtime.access.connections import Connection
from connector_runtime.definition.load import read_component
from connector_runtime.definition.model import Model
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPONENT = {
    "component": "shop",
    "label": "Shop",
    "description": "Orders of an invented shop.",
    "category": "Tests",
    "version": "1.0.0",
    "services": {"api": {"url": "${ connection.site.api }/v1"}},
    "tables": {"sites": {"rows": {"main": {"api": "https://api.example.com"}}}},
    "retry": {
        "asked": {
            "retries": "${ inputs.retries }",
            "backoff": "${ 'exponential' if inputs.exponential else 'constant' }",
            "delay": "${ '500ms' if inputs.exponential else '200ms' }",
            "cap": "60s",
            "on": ["rate_limited", "server", "network", "timeout"],
            "onAny": "${ inputs.anyError }",
        }
    },
    "errors": {
        "api": [
            {
                "when": "${ fault.code == 'taken' }",
                "kind": "duplicate",
                "message": "There is one already.",
                "existingId": "${ fault.id }",
            },
            {"when": "${ fault.code == 'full' }", "kind": "server", "message": "Not now.", "refused": True},
            {"when": "${ fault.code == 'broken' }", "kind": "server", "message": "It broke."},
            {"when": "${ fault.code == 'slow' }", "kind": "timeout", "message": "It took too long."},
            {"when": "${ fault.code == 'expired' }", "kind": "auth_expired", "message": "Token refused."},
        ]
    },
}
CONNECTION = {
    "connection": "key",
    "label": "Key",
    "inputs": {"key": {"type": "secret", "label": "Key", "required": True}},
    "choose": {"site": {"from": "sites", "first": [{"key": "main"}]}},
    "apply": {"headers": {"X-Key": "${ secrets.key }"}, "hosts": ["${ connection.site.api }"]},
    "examples": {"one": {"fields": {"key": "shop-key-123456"}}},
}
INPUTS = {
    "retries": {"type": "integer", "label": "Retries", "default": 0},
    "exponential": {"type": "boolean", "label": "Exponential", "default": False},
    "anyError": {"type": "boolean", "label": "Any error", "default": False},
}
SENT = {"status": 200, "json": {"id": "7"}}


def action(effect: str, **parts: Any) -> dict[str, Any]:
    """Return an action on orders with the given effect."""
    methods = {
        "read": "GET",
        "create": "POST",
        "update": "PUT",
        "upsert": "POST",
        "delete": "DELETE",
        "raw": "POST",
    }
    plain = {
        "action": "order",
        "label": "Order",
        "group": "Orders",
        "description": "Does something to an order.",
        "effect": effect,
        "inputs": INPUTS | {"name": {"type": "string", "label": "Name", "default": "n"}},
        "request": {
            "service": "api",
            "method": methods[effect],
            "path": "/orders",
            "query": {"n": "${ inputs.name }"},
        },
        "retry": "asked",
        "reply": {"ok": "${ reply.status < 300 and reply.json.code not in ['broken', 'slow'] }"},
        "errors": "api",
        "examples": {"one": {"label": "One", "inputs": {}, "reply": SENT}},
        "tests": {"works": {"example": "one", "requests": 1}},
    }
    return {**plain, **parts}


def model_of(
    *actions: Mapping[str, Any], connection: Mapping[str, Any] = CONNECTION, **component: Any
) -> Model:
    """Write a component into a folder of its own and load it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "component.yaml", {**COMPONENT, **component})
        _write(folder / "connections" / f"{connection['connection']}.yaml", connection)
        for one in actions:
            _write(folder / "actions" / f"{one['action']}.yaml", one)
        return Model(read_component([folder]))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")


class Shop:
    """A session on a model, its script and its clock."""

    def __init__(
        self,
        model: Model,
        *replies: Mapping[str, Any],
        given: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.clock = StillClock()
        self.script = Script(list(replies))
        self.events: list[Any] = []
        connection = Connection.from_dict(given or {"key": "key", "fields": {"key": "shop-key-123456"}})
        chosen = {"clock": self.clock, "on_event": self.events.append, **options}
        self.session = Session(model, connection, Options(**chosen), sender=ScriptedSender(self.script))  # type: ignore[arg-type]

    @property
    def sent(self) -> int:
        """Return how many requests went out."""
        return len(self.script.sent)

    def run(self, key: str = "order", **inputs: Any) -> Any:
        """Do an action."""
        return self.session.run(key, inputs)

    @property
    def urls(self) -> Sequence[str]:
        """Return the addresses that were asked, in order."""
        return [outgoing.url for outgoing in self.script.sent]

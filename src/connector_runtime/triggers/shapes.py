"""What a trigger's events and its state look like, as JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector_runtime.triggers.state import FROM_NOW, FROM_THE_BEGINNING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector_runtime.definition.program.trigger import Trigger

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
# A change that is chosen between two words.
_EITHER = re.compile(r"\$\{\s*'(\w+)' if .+ else '(\w+)'\s*\}")
_POLLED = (
    "What the next poll goes on from: JSON without secrets, at most 64 KB a source, good for this trigger, "
    "the same inputs and the same connection only. The first poll is told where to begin."
)
_PUSHED = "What was agreed with the service. Its secret proves pushes, and is sealed where keys are given."


def event_schema(trigger: Trigger) -> dict[str, Any]:
    """Return the shape of one event of a trigger, told by a poll or by a push."""
    parts = list(_parts(trigger.definition))
    webhook = trigger.definition.get("webhook")
    changes = _changes(parts)
    properties: dict[str, Any] = {
        "id": {"type": ["string", "integer"], "description": "The record's identity."},
        "at": {"type": "string", "description": "When it was changed: an instant with its offset, or a day."},
        "change": {
            "type": "string",
            "description": "What has happened to it.",
            **({"enum": changes} if changes else {}),
        },
    }
    if webhook is None or "output" in webhook["events"]:
        properties["data"] = _data(parts)
    if webhook is not None and "action" in webhook["events"]:
        properties["fetch"] = _fetch(webhook["events"]["action"])
    # A push may leave open when it was.
    required = ["id", "change"] if webhook else ["id", "at", "change"]
    return {"$schema": _DRAFT, "type": "object", "required": required, "properties": properties}


def state_schema(trigger: Trigger) -> dict[str, Any]:
    """Return the shape of what a caller keeps for a trigger: a poll's state, or a subscription."""
    if "webhook" in trigger.definition:
        return {"$schema": _DRAFT, "description": _PUSHED, **_subscription(trigger)}
    kept = {
        "type": "object",
        "required": ["version", "trigger", "inputs", "sources", "digest"],
        "properties": {
            "version": {"const": 1},
            "trigger": {"const": trigger.key},
            "inputs": {"type": "string"},
            "sources": {"type": "object"},
            "digest": {"type": "string"},
        },
    }
    first = [{"enum": [FROM_NOW, FROM_THE_BEGINNING]}, {"type": "string", "format": "date-time"}]
    return {"$schema": _DRAFT, "description": _POLLED, "anyOf": [*first, kept]}


def _parts(definition: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Yield what says how changes are read: the sources of a poll, the events of a push."""
    yield from definition.get("poll", {}).get("sources", {}).values()
    if "webhook" in definition:
        yield definition["webhook"]["events"]


def _changes(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what may have happened; nothing where only a reply says so."""
    found: list[str] = []
    for part in parts:
        text = str(part["change"])
        either = _EITHER.fullmatch(text)
        if "${" in text and either is None:
            return []
        found += either.groups() if either else [text]
    return list(dict.fromkeys(found))


def _data(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    outputs = [part.get("output") for part in parts]
    shape: dict[str, Any] = {"description": "What is told of the record."}
    if all(isinstance(output, Mapping) for output in outputs):
        names = dict.fromkeys(name for output in outputs if isinstance(output, Mapping) for name in output)
        return shape | {"type": "object", "properties": {name: {} for name in names}}
    return shape


def _fetch(action: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What reads the record: an action, and its inputs.",
        "required": ["action", "inputs"],
        "properties": {"action": {"const": action}, "inputs": {"type": "object"}},
    }


def _subscription(trigger: Trigger) -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("id", "url")}
    instants = {name: {"type": "string", "format": "date-time"} for name in ("expires", "renewAt")}
    sealed = {"type": "object", "required": ["sealed"], "properties": {"sealed": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["version", "trigger", "id", "url", "secret", "inputs"],
        "properties": {
            "version": {"const": 1},
            "trigger": {"const": trigger.key},
            **texts,
            "secret": {"anyOf": [sealed, {"type": "string"}]},
            "inputs": {"type": "object"},
            **instants,
            "state": {"description": "Where its catch-up goes on."},
            "idKnown": {"const": False, "description": "The service has not said by which id it knows it."},
        },
    }

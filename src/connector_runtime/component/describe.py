"""A component as data: what a platform, a form or an agent needs to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.inputs.forms import form_fields, input_schema
from connector_runtime.language.schemas.outputs import bundled
from connector_runtime.triggers.shapes import event_schema, state_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.model import Action, ConnectionModel, DataSource, Model
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.definition.program.webhook import WebhookProgram

_COMPONENT_WORDS = ("label", "description", "category", "icon", "documentation", "version")


def describe(model: Model) -> dict[str, Any]:
    """Return the JSON-ready catalogue of a component.

    Shape: `{component, actions, triggers, connections, dataSources}`; an action has `key label group
    description effect scopes inputs inputSchema examples`, `outputSchema` where its file says it, and
    `sample`, what it gives for its first example; a trigger has the same but `effect` and
    those two, and `poll` (its sources), `webhook` (what is asked for by request), `eventSchema` and
    `stateSchema`; an input what a form shows.
    """
    return {
        "component": {"key": model.key, **_words(model.component, _COMPONENT_WORDS)},
        "actions": [describe_action(action) for action in model.actions.values()],
        "connections": [_connection(connection) for connection in model.connections.values()],
        "triggers": [describe_trigger(trigger) for trigger in model.triggers.values()],
        "dataSources": [_datasource(source) for source in model.datasources.values()],
    }


def describe_action(action: Action, *, with_sample: bool = True) -> dict[str, Any]:
    """Return one action as data; for the sample its first example is run, offline."""
    return {
        "key": action.key,
        "label": action.label,
        "group": action.group,
        **_words(action.definition, ("description", "documentation", "deprecated", "aliases")),
        "effect": action.effect,
        **({"steps": steps} if (steps := _steps(action)) else {}),
        "scopes": list(action.scopes),
        **({"connections": list(action.connections)} if action.connections else {}),
        "inputs": form_fields(action.inputs),
        "inputSchema": action.input_schema,
        **_output(action, with_sample=with_sample),
        "examples": _examples(action.examples),
    }


def _output(action: Action, *, with_sample: bool) -> dict[str, Any]:
    """Return what an action gives back: its shape where the file says it, and a sample."""
    from connector_runtime.testing.cases import output_schema, sample_of  # noqa: PLC0415  it runs the example

    schema = output_schema(action)
    sample = sample_of(action.model, action) if with_sample else None
    return {
        **({"outputSchema": bundled(schema, action.model.schemas)} if schema is not None else {}),
        **({"sample": sample} if sample is not None else {}),
    }


def _steps(action: Action) -> list[dict[str, Any]]:
    """Return the requests of an action that has several, in order."""
    steps = action.definition.get("steps", {})
    return [{"key": key, **_words(step, ("effect", "because"))} for key, step in steps.items()]


def _connection(connection: ConnectionModel) -> dict[str, Any]:
    definition = connection.definition
    oauth2 = definition.get("oauth2")
    return {
        "key": connection.key,
        **_words(definition, ("label", "help", "documentation", "deprecated")),
        **({"oauth2": {"grants": oauth2["grants"]}} if oauth2 else {}),
        "loopback": connection.loopback,
        "inputs": form_fields(connection.inputs),
        "inputSchema": input_schema(connection.inputs),
    }


def describe_trigger(trigger: Trigger) -> dict[str, Any]:
    """Return one trigger as data, with the shapes of its events and of what is kept for it."""
    return {
        "key": trigger.key,
        "label": trigger.label,
        **_words(trigger.definition, ("group", "description", "documentation")),
        "scopes": list(trigger.scopes),
        **({"connections": list(trigger.connections)} if trigger.connections else {}),
        **({"poll": {"sources": [source.key for source in trigger.poll.sources]}} if trigger.poll else {}),
        **({"webhook": _webhook(trigger.webhook)} if trigger.webhook else {}),
        "inputs": form_fields(trigger.inputs),
        "inputSchema": input_schema(trigger.inputs),
        "eventSchema": event_schema(trigger),
        "stateSchema": state_schema(trigger),
        "examples": _examples(trigger.definition.get("examples", {})),
    }


def _webhook(webhook: WebhookProgram) -> dict[str, Any]:
    """Return what is asked for by request; the rest a person does."""
    asked = {
        "subscribe": webhook.subscribe is not None,
        "renew": webhook.renew is not None,
        "unsubscribe": webhook.unsubscribe is not None,
    }
    return asked | ({"catchUp": webhook.catch_up} if webhook.catch_up else {})


def _examples(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: {"label": example.get("label", key), "inputs": example.get("inputs", {})}
        for key, example in found.items()
    }


def _datasource(source: DataSource) -> dict[str, Any]:
    return {
        "key": source.key,
        **_words(source.definition, ("label", "description")),
        "inputs": form_fields(source.action.inputs),
    }


def _words(definition: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: definition[key] for key in keys if key in definition}

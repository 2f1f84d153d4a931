"""A component as data: what a platform, a form or an agent needs to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.component.rows import rows_of
from connector_runtime.inputs.forms import form_fields, input_schema
from connector_runtime.language.conditions import rule_of
from connector_runtime.language.schemas.outputs import bundled
from connector_runtime.language.templates import compile_expression_text, compile_text
from connector_runtime.language.visible_names import ALL_NAMES
from connector_runtime.triggers.shapes import event_schema, state_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.model import Action, ConnectionModel, DataSource, Model
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.definition.program.webhook import WebhookProgram
    from connector_runtime.inputs.inputs import Inputs
    from connector_runtime.language.lets import Lets

_COMPONENT_WORDS = ("label", "description", "category", "icon", "documentation", "version")


def describe(model: Model) -> dict[str, Any]:
    """Return the JSON-ready catalogue of a component.

    Shape: `{component, actions, triggers, connections, dataSources}`; docs/reference/shapes.md has
    every member. An action has `key label group description effect scopes connections policy inputs
    inputSchema checks examples`, `outputSchema` where its file says it, and `sample`, what it gives for
    its first example; a trigger has the same but the last two and `policy`, and `poll` (its sources),
    `webhook` (what is asked for by request), `eventSchema` and `stateSchema`; an input what a form shows.
    The same component gives the same catalogue each time, and nothing in it is secret.
    """
    return {
        "component": {"key": model.key, **_words(model.component, _COMPONENT_WORDS)},
        "actions": [describe_action(action) for action in model.actions.values()],
        "connections": [_connection(connection, model) for connection in model.connections.values()],
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
        "connections": list(action.connections or action.model.connections),
        "policy": _policy(action),
        "inputs": _fields(action.inputs, action.model),
        "inputSchema": action.input_schema,
        **_checks(action.definition, action.program.lets),
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


def _policy(action: Action) -> dict[str, Any]:
    """Return what the rules of a policy judge: effects, inputs that choose, and paths of raw requests."""
    choosing = [one.key for one in action.inputs if one.choices or "choicesFrom" in one.definition]
    return {
        "effects": sorted(action.effects),
        "inputs": choosing,
        **({"rawPaths": True} if action.effect == "raw" else {}),
    }


def _fields(inputs: Inputs, model: Model) -> list[dict[str, Any]]:
    shown = zip(inputs, form_fields(inputs), strict=True)
    return [field | rows_of(entry, model.schemas) for entry, field in shown]


def _checks(definition: Mapping[str, Any], lets: Lets) -> dict[str, Any]:
    """Return what is checked over several inputs; a message that expressions make is told by `validate`."""
    found = []
    for check in definition.get("checks", ()):
        references = compile_expression_text(check["when"], ALL_NAMES).references
        message = compile_text(check["message"], ALL_NAMES)
        rule = rule_of(check["when"], lets.expanded(references))
        said = {"input": check["input"]} if "input" in check else {}
        found.append(rule | said | ({"message": message.render({})} if message.constant else {}))
    return {"checks": found} if found else {}


def _connection(connection: ConnectionModel, model: Model) -> dict[str, Any]:
    definition = connection.definition
    oauth2 = definition.get("oauth2")
    return {
        "key": connection.key,
        **_words(definition, ("label", "help", "documentation", "deprecated")),
        **({"oauth2": {"grants": oauth2["grants"]}} if oauth2 else {}),
        "loopback": connection.loopback,
        "inputs": _fields(connection.inputs, model),
        "inputSchema": input_schema(connection.inputs),
        **_checks(definition, connection.lets),
    }


def describe_trigger(trigger: Trigger) -> dict[str, Any]:
    """Return one trigger as data, with the shapes of its events and of what is kept for it."""
    model, asked = trigger.asking.model, trigger.webhook.subscribe if trigger.webhook else None
    return {
        "key": trigger.key,
        "label": trigger.label,
        **_words(trigger.definition, ("group", "description", "documentation")),
        "effect": asked.effect if asked else "read",
        "scopes": list(trigger.scopes),
        "connections": list(trigger.connections or model.connections),
        **({"poll": {"sources": [source.key for source in trigger.poll.sources]}} if trigger.poll else {}),
        **({"webhook": _webhook(trigger.webhook)} if trigger.webhook else {}),
        "inputs": _fields(trigger.asking.inputs, model),
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
        "inputs": _fields(source.action.inputs, source.action.model),
    }


def _words(definition: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: definition[key] for key in keys if key in definition}

"""Inputs as data: a JSON Schema for forms and agents, and what a form shows beside it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT, File, Secret
from connector_runtime.inputs.types.input_type import AMOUNT, LENGTH
from connector_runtime.inputs.types.registry import input_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector_runtime.inputs.choices import Choice
    from connector_runtime.inputs.inputs import Input
    from connector_runtime.language.templates import Template


def _whole(pattern: str) -> str:
    """Return a pattern that only the whole text matches."""
    is_whole = pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")
    return pattern if is_whole and "|" not in pattern else f"^(?:{pattern})$"


_KEY = r"inputs\.([A-Za-z_]\w*)"
_CONSTANT = r"'([^'\\]*)'|true|false"
_EQUALS = rf"{_KEY} == ({_CONSTANT})"
_IN = rf"{_KEY} in \[('[^'\\]*'(?:, ?'[^'\\]*')*)\]"
_GIVEN = rf"(not )?{_KEY}( is defined| is not defined)?"
_NOTHING: list[Any] = ["", None, [], {}]
_SHOWN = (
    "help",
    "documentation",
    "example",
    "group",
    "shown",
    "pattern",
    "min",
    "max",
    "custom",
    "accepts",
    "deprecated",
    "renamedFrom",
)
_EMPTY: list[Any] = ["", False, None, 0, [], {}]


def input_schema(inputs: Iterable[Input]) -> dict[str, Any]:
    """Return a JSON Schema (draft 2020-12) of what a form or an agent may send.

    What it accepts, `take` accepts, but for names and values written as text, and for what
    only a record schema or a condition can refuse that JSON Schema does not say simply.
    `take` also understands other spellings, such as numbers as text.
    `x-` members say what forms need: `x-type x-group x-shown x-showIf x-choices`.
    """
    entries = list(inputs)
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {entry.key: _property(entry) for entry in entries},
        "additionalProperties": False,
    }
    required = [entry.key for entry in entries if _is_always_required(entry)]
    if required:
        schema["required"] = required
    conditions = [rule for entry in entries for rule in _conditions(entry, entries)]
    if conditions:
        schema["allOf"] = conditions
    return schema


def form_fields(inputs: Iterable[Input]) -> list[dict[str, Any]]:
    """Return what a form shows, one map an input, in the form's order, without empty members.

    Shape: `{key, label, type, widget, required, help, documentation, example, group, shown, default,
    defaultFrom, choices, choicesFrom, custom, accepts, schemaFrom, showIf, requiredIf, deprecated,
    renamedFrom}`.
    `widget` is what draws it: one of `WIDGETS`, see `types/registry.py`.
    What is deprecated is not offered to new forms: such an input is hidden, such a choice left out;
    `inputSchema` still has both, for saved configurations.
    """
    return [_field(entry) for entry in inputs]


def _offered(choices: Iterable[Choice]) -> list[dict[str, Any]]:
    return [{"value": choice.value, "label": choice.label} for choice in choices if not choice.deprecated]


def _field(entry: Input) -> dict[str, Any]:
    definition = entry.definition
    found: dict[str, Any] = {
        "key": entry.key,
        "label": entry.label,
        "type": entry.type,
        "widget": _widget(entry),
        "required": entry.required,
    }
    for name in _SHOWN:
        if name in definition:
            found[name] = definition[name]
    if "deprecated" in definition:
        found["shown"] = "hidden"
    if (default := _default(entry)) is not ABSENT:
        found["default"] = default
    if entry.default is not None:
        found["defaultFrom"] = definition["default"]
    if entry.choices:
        found["choices"] = _offered(entry.choices)
    if "source" in (origin := definition.get("choicesFrom", {})):
        found["choicesFrom"] = dict(origin)
    for name in ("schemaFrom", "showIf", "requiredIf"):
        if name in definition:
            found[name] = definition[name]
    return found


def _widget(entry: Input) -> str:
    if entry.choices or "choicesFrom" in entry.definition:
        return "multiselect" if entry.type == "list" else "select"
    return input_type(entry.type).widget


def _property(entry: Input) -> dict[str, Any]:
    definition = entry.definition
    found: dict[str, Any] = {"title": entry.label}
    if "help" in definition:
        found["description"] = definition["help"]
    if "deprecated" in definition:
        found["deprecated"] = True
    found |= _chosen(entry) if entry.choices else input_type(entry.type).schema
    found |= _limits(entry)
    if entry.required and not found.keys() & {"enum", "oneOf"}:
        found |= _filled(entry.type, found)
    if (default := _default(entry)) is not ABSENT:
        found["default"] = default
    if "example" in definition and entry.type != "secret":
        found["examples"] = [definition["example"]]
    if entry.type not in (input_type(entry.type).schema.get("type"), "list"):
        found["x-type"] = entry.type
    for name in ("group", "shown", "showIf"):
        if name in definition:
            found[f"x-{name}"] = definition[name]
    return found


def _limits(entry: Input) -> dict[str, Any]:
    definition = entry.definition
    bounds = input_type(entry.type).bounds
    found = {name: definition[bound] for bound, name in bounds if bound in definition}
    if "pattern" in definition and bounds is LENGTH:
        found["pattern"] = _whole(definition["pattern"])
    return found


def _chosen(entry: Input) -> dict[str, Any]:
    offered = _offer(entry.choices)
    if entry.definition.get("custom") is True or entry.where is not None:
        known = {"x-choices": _offered(entry.choices)}
        entries = {"items": {"type": "string"}} if entry.type == "list" else {}
        return {**input_type(entry.type).schema, **entries, **known}
    if entry.type == "list":
        return {"type": "array", "items": offered}
    return {**input_type(entry.type).schema, **offered}


def _offer(choices: Iterable[Choice]) -> dict[str, Any]:
    choices = list(choices)
    if all(choice.label == str(choice.value) and not choice.deprecated for choice in choices):
        return {"enum": [choice.value for choice in choices]}
    return {"oneOf": [_constant(choice) for choice in choices]}


def _constant(choice: Choice) -> dict[str, Any]:
    found = {"const": choice.value, "title": choice.label}
    return {**found, "deprecated": True, "description": choice.deprecated} if choice.deprecated else found


def _default(entry: Input) -> Any:
    """Return the default as JSON, ABSENT if there is none or it may not be shown."""
    value = entry.constant
    if isinstance(value, Secret | File) or entry.type in ("file", "files"):
        return ABSENT
    return float(value) if isinstance(value, Decimal) else value


def _filled(kind: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what keeps a required value from being empty."""
    bounds = input_type(kind).bounds
    if bounds is LENGTH:
        return {"minLength": max(1, schema.get("minLength", 1)), "pattern": schema.get("pattern", r"\S")}
    return {"not": {"enum": _NOTHING}} if bounds is not AMOUNT and kind != "boolean" else {}


def _is_always_required(entry: Input) -> bool:
    return entry.required and entry.show_if is None and entry.constant is ABSENT and entry.default is None


def _conditions(entry: Input, entries: list[Input]) -> list[dict[str, Any]]:
    """Return if/then rules for an input that is required under simple conditions."""
    if entry.constant is not ABSENT or entry.default is not None:
        return []
    wanted = [entry.required_if] if entry.required_if else []
    if entry.required and entry.show_if:
        wanted = [entry.show_if]
    elif wanted and entry.show_if:
        return []
    then = {"required": [entry.key], "properties": {entry.key: {"not": {"enum": _NOTHING}}}}
    rules = [_simple(_source(entry, condition), entries) for condition in wanted]
    return [{"if": rule, "then": then} for rule in rules if rule]


def _source(entry: Input, condition: Template) -> str:
    name = "requiredIf" if condition is entry.required_if else "showIf"
    text = str(entry.definition[name]).strip().removeprefix("${").removesuffix("}").strip()
    return text.replace('"', "'")


def _simple(source: str, entries: list[Input]) -> dict[str, Any] | None:
    """Return the JSON Schema of a condition on one other input, None if it is not that simple."""
    by_key = {entry.key: entry for entry in entries}
    if found := re.fullmatch(_EQUALS, source):
        text = found[2]
        return _when(by_key.get(found[1]), [text == "true" if found[3] is None else found[3]])
    if found := re.fullmatch(_IN, source):
        return _when(by_key.get(found[1]), re.findall(r"'([^'\\]*)'", found[2]))
    if found := re.fullmatch(_GIVEN, source):
        entry = by_key.get(found[2])
        if entry is None or entry.constant is not ABSENT or entry.default is not None or entry.show_if:
            return None
        if found[3]:
            # Empty text and null may count as not given: only `take` knows.
            return None if found[1] else _presence(entry.key, is_there="not" not in found[3])
        return _presence(entry.key, is_there=found[1] is None)
    return None


def _presence(key: str, *, is_there: bool) -> dict[str, Any]:
    rule = {"required": [key], "properties": {key: {"not": {"enum": _EMPTY}}}}
    return rule if is_there else {"not": rule}


def _when(entry: Input | None, values: list[Any]) -> dict[str, Any] | None:
    if entry is None or entry.default is not None or entry.show_if or entry.definition.get("custom") is True:
        return None
    rule: dict[str, Any] = {"properties": {entry.key: {"enum": values}}}
    if entry.constant not in values:
        rule["required"] = [entry.key]
    return rule

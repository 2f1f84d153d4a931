"""Inputs as data: a JSON Schema for forms and agents, and what a form shows beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT, File, Secret
from connector_runtime.inputs.reading import Emptiness
from connector_runtime.inputs.types.input_type import AMOUNT, LENGTH
from connector_runtime.inputs.types.registry import input_type
from connector_runtime.language.conditions import condition_of, rule_of
from connector_runtime.language.paths import inputs_in
from connector_runtime.language.templates import compile_node
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector_runtime.inputs.choices import Choice
    from connector_runtime.inputs.inputs import Input
    from connector_runtime.language.conditions import Condition


def _whole(pattern: str) -> str:
    """Return a pattern that only the whole text matches."""
    is_whole = pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")
    return pattern if is_whole and "|" not in pattern else f"^(?:{pattern})$"


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
    defaultFrom, empty, choices, choicesFrom, choicesDependOn, custom, accepts, schemaFrom,
    schemaDependsOn, showIf, showWhen, requiredIf, requiredWhen, deprecated,
    renamedFrom}`; docs/reference/shapes.md says what each is.
    `widget` is what draws it: one of `WIDGETS`, see `types/registry.py`.
    `showWhen` and `requiredWhen` are `showIf` and `requiredIf` as data, see `rule_of`.
    What is deprecated is not offered to new forms: such an input is hidden, such a choice left out;
    `inputSchema` still has both, for saved configurations.
    """
    return [_field(entry) for entry in inputs]


def _offered(choices: Iterable[Choice], *, with_aliases: bool = False) -> list[dict[str, Any]]:
    """Return choices as they are listed; by its aliases a form tells which one a saved value means."""
    return [
        {
            "value": choice.value,
            "label": choice.label,
            **({"aliases": list(choice.aliases)} if with_aliases and choice.aliases else {}),
        }
        for choice in choices
        if not choice.deprecated
    ]


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
        found["choices"] = _offered(entry.choices, with_aliases=True)
    if "source" in (origin := definition.get("choicesFrom", {})):
        found["choicesFrom"] = dict(origin)
    for name in ("schemaFrom", "showIf", "requiredIf"):
        if name in definition:
            found[name] = definition[name]
    return found | _rules(entry)


def _rules(entry: Input) -> dict[str, Any]:
    """Return what a form can judge itself: what is empty, what depends on what."""
    definition, found = entry.definition, dict[str, Any]()
    counts = Emptiness(definition, entry.choices)
    if empty := [name for name in ("null", "text") if getattr(counts, name)]:
        found["empty"] = empty
    for name, word, condition in (
        ("showIf", "showWhen", entry.show_if),
        ("requiredIf", "requiredWhen", entry.required_if),
    ):
        if condition is not None:
            found[word] = rule_of(definition[name], condition.references)
    for name, word in (("choicesFrom", "choicesDependOn"), ("schemaFrom", "schemaDependsOn")):
        if depends := _inputs_of(entry, name):
            found[word] = list(depends)
    return found


def _inputs_of(entry: Input, name: str) -> tuple[str, ...]:
    """Return which other inputs a picker, a table's rows or a schema depends on."""
    if name == "choicesFrom" and entry.where is not None:
        return inputs_in(entry.where.references)
    origin = entry.definition.get(name, {})
    names = names_for("action", ("inputs", entry.key, name, "inputs"))
    return inputs_in(compile_node([origin.get("inputs"), origin.get("fallback")], names).references)


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
    wanted = "requiredIf" if entry.required_if else None
    if entry.required and entry.show_if:
        wanted = "showIf"
    elif entry.show_if:
        wanted = None
    rule = _simple(condition_of(entry.definition[wanted]), entries) if wanted else None
    then = {"required": [entry.key], "properties": {entry.key: {"not": {"enum": _NOTHING}}}}
    return [{"if": rule, "then": then}] if rule else []


def _simple(condition: Condition | None, entries: list[Input]) -> dict[str, Any] | None:
    """Return the JSON Schema of a condition on one other input, None if it is not that simple."""
    is_so = not (condition and "not" in condition)
    said = condition if condition is None or is_so else condition["not"]
    entry = next((one for one in entries if said and one.key == said.get("input")), None)
    if said is None or entry is None or entry.default is not None or entry.show_if:
        return None
    if "filled" in said or "given" in said:
        # Empty text and null may count as given: only `take` knows.
        return _presence(entry.key, is_there=is_so) if entry.constant is ABSENT else None
    return _when(entry, said.get("in", [said.get("equals")])) if is_so else None


def _presence(key: str, *, is_there: bool) -> dict[str, Any]:
    rule = {"required": [key], "properties": {key: {"not": {"enum": _EMPTY}}}}
    return rule if is_there else {"not": rule}


def _when(entry: Input, values: list[Any]) -> dict[str, Any] | None:
    if entry.definition.get("custom") is True or not all(isinstance(value, str | bool) for value in values):
        return None
    rule: dict[str, Any] = {"properties": {entry.key: {"enum": values}}}
    if entry.constant not in values:
        rule["required"] = [entry.key]
    return rule

"""What the rows of an input hold: names, types and labels of their fields, for forms that draw tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from connector_runtime.language.schemas.outputs import bundled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.inputs.inputs import Input
    from connector_runtime.language.schemas.validator import Schemas

# What the values of inputs with named entries are.
_NAMED = {"keyvalue": "any", "files": "file"}


def rows_of(entry: Input, schemas: Schemas) -> dict[str, Any]:
    """Return `items`, what one row holds, and `valueSchema`, what judges the whole value, if they are known.

    Shape of `items`: `{type, fields}`, where a field is `{key, label, type, required, help, choices}`.
    A type is a word of JSON Schema, a list of them, `any` or `file`.
    A schema whose name depends on other inputs is not known.
    """
    found: dict[str, Any] = {}
    if entry.schema is not None and entry.schema.constant:
        name = entry.schema.render({})
        if schemas.find(name) is not None:
            found["valueSchema"] = bundled(name, schemas)
    if entry.type in _NAMED:
        fields = [_field("key", {"title": "Name", "type": "string"}, is_required=True)]
        fields.append(_field("value", {"title": "Value", "type": _NAMED[entry.type]}, is_required=True))
        return {"items": {"type": "object", "fields": fields}, **found}
    if entry.type == "list" and entry.choices:
        return {"items": {"type": "string"}, **found}
    items = _items(found.get("valueSchema", {})) if entry.type == "list" else None
    return found if items is None else {"items": items, **found}


def _items(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a schema says of the rows of a list."""
    row = schema.get("items")
    if not isinstance(row, dict):
        return None
    merged = {**_target(schema, row.get("$ref")), **row}
    required = merged.get("required", ())
    fields = [
        _field(key, _resolved(schema, part), is_required=key in required)
        for key, part in merged.get("properties", {}).items()
    ]
    return {"type": merged.get("type", "any"), **({"fields": fields} if fields else {})}


def _resolved(schema: Mapping[str, Any], part: Any) -> dict[str, Any]:
    return {**_target(schema, part.get("$ref")), **part} if isinstance(part, dict) else {}


def _target(schema: Mapping[str, Any], reference: Any) -> Mapping[str, Any]:
    """Return what a reference of a bundled schema leads to, nothing where only a validator can follow it."""
    if not isinstance(reference, str):
        return {}
    address, _, pointer = urljoin(schema.get("$id", ""), reference).partition("#")
    found: Any = schema if address == schema.get("$id", "") else schema.get("$defs", {}).get(address, {})
    for step in pointer.split("/")[1:]:
        found = found.get(step, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) and "$ref" not in found else {}


def _field(key: str, part: Mapping[str, Any], *, is_required: bool) -> dict[str, Any]:
    found = {
        "key": key,
        "label": part.get("title", key),
        "type": part.get("type", "string" if "enum" in part else "any"),
        "required": is_required,
    }
    if "description" in part:
        found["help"] = part["description"]
    if "enum" in part:
        found["choices"] = [{"value": value, "label": str(value)} for value in part["enum"]]
    return found

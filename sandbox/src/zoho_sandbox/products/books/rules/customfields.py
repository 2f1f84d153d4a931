"""Custom fields: how a request may name them and how a reply shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import number

Definition = Mapping[str, Any]
Values = dict[str, Any]

# The names published schemas and real clients use, in the order they are trusted.
# source: https://www.zoho.com/books/api/v3/ (the schemas differ by module)
_NAMES = ("customfield_id", "custom_field_id", "field_id", "api_name", "placeholder")
_TEXT_LENGTH = 255
_NUMBERS = ("number", "decimal", "amount", "percent")
_FLAGS = (
    "show_in_store",
    "show_in_portal",
    "show_on_pdf",
    "show_in_all_pdf",
    "edit_on_portal",
    "edit_on_store",
    "is_dependent_field",
)


def read_custom_fields(definitions: Sequence[Definition], entries: Any) -> Values:
    """Return ``{api_name: value}`` of a body's ``custom_fields``; an emptied field is None.

    An entry names its field by customfield_id, custom_field_id, api_name, label or index.

    Raises:
        RefusedError: no list, an unknown field, or a value that is not of the field's type.
    """
    if not isinstance(entries, list):
        raise refusal("invalid_value", value="custom_fields")
    values: Values = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise refusal("invalid_value", value="custom_fields")
        definition = _named(definitions, entry)
        values[definition["api_name"]] = read_custom_value(definition, entry.get("value"))
    return values


def _named(definitions: Sequence[Definition], entry: Mapping[str, Any]) -> Definition:
    for name in _NAMES:
        if entry.get(name) not in (None, ""):
            wanted = str(entry[name])
            key = "api_name" if name in ("api_name", "placeholder") else "customfield_id"
            return _first(definitions, key, wanted)
    for name in ("label", "index"):
        if entry.get(name) not in (None, ""):
            return _first(definitions, name, str(entry[name]))
    raise refusal("invalid_value", value="custom_fields")


def _first(definitions: Sequence[Definition], key: str, wanted: str) -> Definition:
    for definition in definitions:
        if str(definition[key]) == wanted:
            return definition
    raise refusal("invalid_value", value="custom_fields")


def read_custom_value(definition: Definition, value: Any) -> Any:
    """Return a value in the field's own type, None when it empties the field.

    Raises:
        RefusedError: code 2 for a wrong type or choice, code 15 for a text too long.
    """
    if value is None or value in ("", []):
        return None
    kind, choices = definition.get("data_type", "string"), definition.get("values")
    if kind in _NUMBERS:
        return _number(definition, value)
    if kind == "check_box":
        return _flag(definition, value)
    if kind == "multiselect":
        chosen = value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]
        return [_choice(definition, choices, one) for one in chosen]
    if isinstance(value, dict | list):
        raise refusal("invalid_value", value=definition["label"])
    text = _choice(definition, choices, value)
    if kind == "string" and len(text) > _TEXT_LENGTH:
        raise refusal("too_long", value=definition["label"], max=_TEXT_LENGTH)
    return text


def _number(definition: Definition, value: Any) -> Any:
    found = number(value)
    if found is None or (definition["data_type"] == "number" and found % 1):
        raise refusal("invalid_value", value=definition["label"])
    return int(found) if definition["data_type"] == "number" else found


def _flag(definition: Definition, value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise refusal("invalid_value", value=definition["label"])
    return text == "true"


def _choice(definition: Definition, choices: Sequence[str] | None, value: Any) -> str:
    text = str(value)
    if choices and text not in choices:
        raise refusal("invalid_value", value=definition["label"])
    return text


def shown_custom_fields(definitions: Iterable[Definition], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record shows of its custom fields: the list, the hash, ``cf_x`` flattened.

    Unset fields are left out.

    source: live recording, 2026-06, and a webhook payload of 2026-09
    """
    entries, flat = [], {}
    for definition in definitions:
        name = definition["api_name"]
        if values.get(name) is None:
            continue
        entries.append(_entry(definition, values[name]))
        flat[name] = _formatted(values[name])
        flat[f"{name}_unformatted"] = values[name]
    return {"custom_fields": entries, "custom_field_hash": dict(flat), **flat}


def _entry(definition: Definition, value: Any) -> dict[str, Any]:
    return {
        "field_id": definition["customfield_id"],
        "customfield_id": definition["customfield_id"],
        **dict.fromkeys(_FLAGS, False),
        "is_active": True,
        "index": definition["index"],
        "label": definition["label"],
        "api_name": definition["api_name"],
        "placeholder": definition["api_name"],
        "search_entity": definition["entity"],
        "data_type": definition.get("data_type", "string"),
        "value": value,
        "value_formatted": _formatted(value),
    }


def _formatted(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return ", ".join(value)
    return str(value) if isinstance(value, int | Decimal) else value


def stored_values(record: Mapping[str, Any]) -> Values:
    """Return ``{api_name: value}`` of a stored record's custom fields."""
    return {entry["api_name"]: entry["value"] for entry in record.get("custom_fields") or ()}

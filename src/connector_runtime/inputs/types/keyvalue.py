"""Names and values, in order, each as often as it is given."""

from __future__ import annotations

from typing import Any

from connector_runtime.inputs.keyvalues import read_pairs
from connector_runtime.inputs.types.input_type import BOUNDED, ITEMS, MEMBERS, RECORD, InputType

ENTRY: dict[str, Any] = {
    "type": "object",
    "properties": {"key": {"type": "string", "pattern": r"\S"}, "value": True},
    "required": ["key", "value"],
    "additionalProperties": False,
}
ENTRIES: dict[str, Any] = {"type": "array", "title": "Entries", "items": ENTRY}
# One entry or two fields? Refused, see `keyvalues`.
ONE_ENTRY = {"required": ["key", "value"], "maxProperties": 2}
MAP: dict[str, Any] = {
    "type": "object",
    "title": "Names and values",
    "propertyNames": {"pattern": r"\S"},
    "not": ONE_ENTRY,
}
# Whether a text is a list of names and values, only its reader knows.
LINES: dict[str, Any] = {"type": "string", "title": "One `Name: value` a line", "pattern": "[:=]"}

TYPE = InputType(
    "keyvalue",
    read_pairs,
    {"anyOf": [MAP, ENTRIES, LINES]},
    widget="table",
    keys=BOUNDED | RECORD,
    default=(dict, list),
    words="a map or a list",
    bounds=ITEMS + MEMBERS,
    may_be_null=False,
)

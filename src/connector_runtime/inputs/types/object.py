"""A map of names and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector_runtime.inputs.json_texts import read_json
from connector_runtime.inputs.plain import plain
from connector_runtime.inputs.refusals import Refusal, plain_kind_of
from connector_runtime.inputs.types.input_type import BOUNDED, MEMBERS, RECORD, InputType


def read_object(value: Any) -> dict[str, Any]:
    """Return a map, given as one or as JSON text."""
    if isinstance(value, str):
        value = read_json(value, '{"name": "text"}')
    if isinstance(value, Mapping):
        found: dict[str, Any] = plain(value)
        return found
    raise Refusal(
        f"{plain_kind_of(value)} is not a map of names and values.", 'Enter JSON such as {"name": "text"}.'
    )


TYPE = InputType(
    "object",
    read_object,
    {"type": "object"},
    widget="json",
    keys=BOUNDED | RECORD,
    default=(dict,),
    words="a map",
    bounds=MEMBERS,
)

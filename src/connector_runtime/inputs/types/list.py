"""Several values in order."""

from __future__ import annotations

import re
from typing import Any

from connector_runtime.inputs.json_texts import read_json
from connector_runtime.inputs.plain import plain
from connector_runtime.inputs.refusals import Refusal, shown
from connector_runtime.inputs.types.input_type import BOUNDED, CHOSEN, ITEMS, RECORD, InputType


def read_list(value: Any) -> list[Any]:
    """Return a list: given as one, as JSON text, one entry a line, or separated by commas."""
    if isinstance(value, str):
        text = value.strip()
        if text[:1] == "[":
            value = read_json(text, '["one", "two"]')
        elif text[:1] == "{":
            raise Refusal("a map of names and values is not a list.", "Put [ and ] around it.")
        else:
            return [item for item in _split(text) if item]
    if isinstance(value, list | tuple):
        found: list[Any] = plain(value)
        return found
    if isinstance(value, set | frozenset):
        raise Refusal("a set has no order.", "Give a list.")
    raise Refusal(f"{shown(value)} is not a list.", "Enter one entry a line, or a JSON list.")


def _split(text: str) -> list[str]:
    lines = re.split(r"\r\n|\r|\n", text)
    return [item.strip() for item in (lines if len(lines) > 1 else text.split(","))]


TYPE = InputType(
    "list",
    read_list,
    {"type": "array"},
    widget="list",
    keys=BOUNDED | CHOSEN | RECORD,
    default=(list,),
    words="a list",
    bounds=ITEMS,
)

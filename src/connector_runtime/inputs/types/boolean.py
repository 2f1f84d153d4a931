"""Yes or no."""

from __future__ import annotations

from typing import Any

from connector_runtime.inputs.refusals import Refusal, shown
from connector_runtime.inputs.types.input_type import InputType

_YES = frozenset({"true", "t", "yes", "y", "on", "1"})
_NO = frozenset({"false", "f", "no", "n", "off", "0"})


def read_boolean(value: Any) -> bool:
    """Return yes or no from a boolean, 0 or 1, or one of the usual words."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().casefold()
        if word in _YES:
            return True
        if word in _NO:
            return False
    elif isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise Refusal(f"{shown(value)} is neither yes nor no.", "Enter true or false.")


TYPE = InputType(
    "boolean",
    read_boolean,
    {"type": "boolean"},
    widget="switch",
    default=(bool,),
    words="true or false",
    flat="true or false",
    is_chosen=True,
)

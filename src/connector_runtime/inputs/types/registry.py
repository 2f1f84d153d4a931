"""The types of inputs by name, each loaded when an input has it.

A type is a file in this folder, a name here, and one in the language's schema
(`schemas/parts.schema.json`); tests compare the three.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_runtime.inputs.types.input_type import InputType

NAMES = (
    "string",
    "text",
    "integer",
    "number",
    "boolean",
    "secret",
    "object",
    "list",
    "keyvalue",
    "any",
    "date",
    "datetime",
    "file",
    "files",
)
# What a form draws; a platform knows these and no others.
WIDGETS = frozenset(
    [
        "line",
        "area",
        "number",
        "switch",
        "password",
        "json",
        "list",
        "table",
        "date",
        "datetime",
        "file",
        "files",
        "select",
        "multiselect",
    ]
)


@functools.cache
def input_type(name: str) -> InputType:
    """Return what is known of a type, one of `NAMES`."""
    found: InputType = import_module(f"connector_runtime.inputs.types.{name}").TYPE
    return found


def types_with(key: str) -> frozenset[str]:
    """Return the names of the types whose definitions may have a key that only some know."""
    return frozenset(name for name in NAMES if key in input_type(name).keys)

"""A text that is never shown."""

from __future__ import annotations

from typing import Any

from connector_runtime.base.values import Secret
from connector_runtime.inputs.refusals import Refusal, is_broken_text
from connector_runtime.inputs.types.input_type import BOUNDED, LENGTH, InputType
from connector_runtime.inputs.types.string import is_id


def read_secret(value: Any) -> Secret:
    """Return a secret; what is refused is never shown."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and not is_broken_text(value):
        return Secret(value)
    if is_id(value):
        return Secret(str(value))
    raise Refusal("the value is not a text.", "Enter it as text, in quotes.")


TYPE = InputType(
    "secret",
    read_secret,
    {"type": "string", "format": "password", "writeOnly": True},
    widget="password",
    keys=BOUNDED | {"pattern"},
    default=(str,),
    bounds=LENGTH,
    may_be_null=False,
)

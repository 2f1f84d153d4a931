"""Any value that JSON can hold."""

from __future__ import annotations

from typing import Any

from connector_runtime.inputs.plain import plain
from connector_runtime.inputs.types.input_type import CHOSEN, RECORD, InputType


def read_any(value: Any) -> Any:
    """Return a value as it is, as far as JSON can hold it; a text stays a text."""
    return plain(value)


TYPE = InputType("any", read_any, {}, widget="json", keys=CHOSEN | RECORD)

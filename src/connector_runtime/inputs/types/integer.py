"""A whole number."""

from __future__ import annotations

from typing import Any

from connector_runtime.inputs.refusals import Refusal, shown
from connector_runtime.inputs.types.number import TYPE as NUMBER
from connector_runtime.inputs.types.number import read_number


def read_integer(value: Any) -> int:
    """Return a whole number; `2.0` is one, `2.5` is none."""
    number = read_number(value)
    if number != int(number):
        raise Refusal(
            f"{shown(str(value))} is not a whole number.", "Enter one without decimals, such as 12."
        )
    return int(number)


TYPE = NUMBER._replace(
    name="integer", read=read_integer, schema={"type": "integer"}, default=(int,), words="a whole number"
)

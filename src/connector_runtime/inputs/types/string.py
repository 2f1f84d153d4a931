"""One line of text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connector_runtime.inputs.refusals import Refusal, is_broken_text, shown
from connector_runtime.inputs.types.input_type import BOUNDED, CHOSEN, LENGTH, InputType

# Some ninety digits: far beyond any id, far below what is slow to write out.
_ID_BITS = 300


def read_text(value: Any) -> str:
    """Return a text; a whole number becomes its digits, as ids are often given so."""
    if isinstance(value, str):
        if is_broken_text(value):
            raise Refusal("the text holds half a character.", "Copy it again from where it comes from.")
        return value
    if is_id(value):
        return str(value)
    if isinstance(value, float | Decimal):
        raise Refusal(
            f"{shown(value)} is a number with a decimal point, and may have lost digits.",
            "Enter it as text, in quotes.",
        )
    raise Refusal(f"{shown(value)} is not a text.", "Enter a text, in quotes.")


def is_id(value: Any) -> bool:
    """Return whether a value is a whole number that may be meant as a text of digits."""
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < _ID_BITS


TYPE = InputType(
    "string",
    read_text,
    {"type": "string"},
    widget="line",
    keys=BOUNDED | CHOSEN | {"pattern"},
    default=(str,),
    flat="a text",
    bounds=LENGTH,
    is_chosen=True,
    is_text=True,
)

"""A number with every digit that was entered."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from connector_runtime.inputs.plain import is_finite
from connector_runtime.inputs.refusals import Refusal, shown
from connector_runtime.inputs.types.input_type import AMOUNT, BOUNDED, CHOSEN, InputType

# The largest id or amount anyone enters has fewer digits; more is a mistake or an attack.
MAX_NUMBER_CHARACTERS = 60
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_GROUPED = r"[+-]?[0-9]{1,3}(?:[ ',.\u00a0\u202f][0-9]{3})*(?:[.,][0-9]+)?"
_TOO_LARGE = 10**MAX_NUMBER_CHARACTERS


def read_number(value: Any) -> int | float | Decimal:
    """Return a finite number with every digit that was entered."""
    if isinstance(value, str):
        return _number_of(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Refusal(f"{shown(value)} is not a number.", "Enter digits, such as 12 or 12.5.")
    if not is_finite(value):
        raise Refusal("the number is not finite.", "Enter digits, such as 12 or 12.5.")
    if value and abs(value) >= _TOO_LARGE:
        raise Refusal("the number is too long.", f"Enter at most {MAX_NUMBER_CHARACTERS} digits.")
    return value


def _number_of(text: str) -> int | float | Decimal:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise Refusal("the number is too long.", f"Enter at most {MAX_NUMBER_CHARACTERS} characters.")
    if not re.fullmatch(_NUMBER, text):
        hint = "Enter digits, such as 12 or 12.5."
        if re.fullmatch(_GROUPED, text):
            hint = "Enter digits with at most one point, without signs between thousands, such as 1234.5."
        raise Refusal(f"{shown(text)} is not a number.", hint)
    if text.lstrip("+-").isdigit():
        return int(text)
    # Zeros behind the point are digits, too: an amount of 35.00 goes out so.
    exact, number, is_scientific = Decimal(text), float(text), "e" in text.lower()
    if abs(exact) >= _TOO_LARGE or (number == 0 and exact != 0):
        raise Refusal(f"{shown(text)} is too large or too small for a number.", "Enter a smaller number.")
    is_as_written = repr(number) == str(exact) or (is_scientific and Decimal(repr(number)) == exact)
    return number if is_as_written else exact


TYPE = InputType(
    "number",
    read_number,
    {"type": "number"},
    widget="number",
    keys=BOUNDED | CHOSEN,
    default=(int, float),
    words="a number",
    flat="a number",
    bounds=AMOUNT,
    is_chosen=True,
)

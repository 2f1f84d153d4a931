"""Numbers with a fraction: read as they are written, and the same number whatever holds them.

A `float` stands for the shortest digits that name it: 0.1 is one tenth here, as in the JSON it came
from. A `Decimal` stands beside it where no float has the same value.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isinf
from typing import TYPE_CHECKING, Any, Literal

from connector_runtime.errors.json_shapes import same_float

if TYPE_CHECKING:
    from collections.abc import Callable

# What becomes of a fraction that is read:
# `binary`: always a float, perhaps of a nearby value; for texts of our own.
# `float`: a float of the same value, a Decimal where there is none.
# `written`: a float that is written with the same digits, else a Decimal: 1.50 goes out as 1.50.
# `exact`: always a Decimal.
Numbers = Literal["binary", "float", "written", "exact"]
# Python itself stops at this many digits; what is longer is an attack or a mistake.
MAX_DIGITS = 4300


class RefusedError(ValueError):
    """Something the grammar allows and we do not; `text` is what to look for."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message)
        self.message = message
        self.text = text


def binary(digits: str) -> float:
    """Return a number as the float that is nearest to it."""
    number = float(digits)
    if isinf(number):
        raise RefusedError("a number is too large", digits)
    return number


def float_or_decimal(digits: str) -> float | Decimal:
    """Return a number as a float of the very same value, or as a `Decimal` where no float has it."""
    number = float(digits)
    shortest = repr(number)
    # Most numbers are written as Python writes them, or have zeros behind, as amounts of money do.
    if shortest == digits:
        return number
    if len(digits) <= MAX_DIGITS and shortest.rstrip("0") == digits.rstrip("0"):
        return number
    exact = _decimal(digits, number)
    return number if Decimal(shortest) == exact else exact


def written(digits: str) -> float | Decimal:
    """Return a number as a float where that says the very same digits, else as a `Decimal`."""
    number = float(digits)
    return number if repr(number) == digits else _decimal(digits, number)


def exact(digits: str) -> Decimal:
    """Return a number as a `Decimal`, with all its digits."""
    return _decimal(digits, float(digits))


def _decimal(digits: str, number: float) -> Decimal:
    # What no float can hold is refused by all readings alike: a long exponent is short to send,
    # and whoever makes a whole number of it writes digits for hours.
    if isinf(number) or len(digits) > MAX_DIGITS:
        raise RefusedError("a number is too large", digits)
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise RefusedError("a number is too small", digits) from None


READINGS: dict[Numbers, Callable[[str], Any]] = {
    "binary": binary,
    "float": float_or_decimal,
    "written": written,
    "exact": exact,
}


def as_decimal(number: float | Decimal) -> Decimal:
    """Return what a number stands for: of a float the shortest digits that name it."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def as_float(number: Decimal) -> float | Decimal:
    """Return the float of the same value, or the number itself where there is none."""
    found = same_float(number)
    return number if found is None else found


def alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Return two values so that Python compares them as numbers that were written.

    Of itself it takes a float for the binary fraction near to what is meant: `0.1 == Decimal("0.1")`
    is false.
    """
    if isinstance(left, Decimal) and isinstance(right, float):
        return left, Decimal(repr(right))
    if isinstance(left, float) and isinstance(right, Decimal):
        return Decimal(repr(left)), right
    return left, right


def digestible(value: Any) -> Any:
    """Return what stands for a value in a digest, for `json.dumps`: the same number is the same digest."""
    found = as_float(value) if isinstance(value, Decimal) else value
    return found if isinstance(found, float) else str(value)


def exactly(value: Any) -> Any:
    """Return a copy of a JSON value in which every fraction is a `Decimal`."""
    if type(value) is float:
        return Decimal(repr(value))
    if type(value) is dict:
        return {key: exactly(member) for key, member in value.items()}
    if type(value) is list:
        return [exactly(item) for item in value]
    return value

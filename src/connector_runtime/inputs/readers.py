"""One reader for each simple type of input: what was entered becomes what is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.base.values import Secret
from connector_runtime.inputs.plain import is_finite, plain
from connector_runtime.inputs.refusals import Refusal, is_broken_text, kind_of, shown

# The largest id or amount anyone enters has fewer digits; more is a mistake or an attack.
MAX_NUMBER_CHARACTERS = 60
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_GROUPED = r"[+-]?[0-9]{1,3}(?:[ ',.\u00a0\u202f][0-9]{3})*(?:[.,][0-9]+)?"
_TOO_LARGE = 10**MAX_NUMBER_CHARACTERS
# Some ninety digits: far beyond any id, far below what is slow to write out.
_ID_BITS = 300
_YES = frozenset({"true", "t", "yes", "y", "on", "1"})
_NO = frozenset({"false", "f", "no", "n", "off", "0"})


def read_text(value: Any) -> str:
    """Return a text; a whole number becomes its digits, as ids are often given so."""
    if isinstance(value, str):
        if is_broken_text(value):
            raise Refusal("the text holds half a character.", "Copy it again from where it comes from.")
        return value
    if _is_id(value):
        return str(value)
    if isinstance(value, float | Decimal):
        raise Refusal(
            f"{shown(value)} is a number with a decimal point, and may have lost digits.",
            "Enter it as text, in quotes.",
        )
    raise Refusal(f"{shown(value)} is not a text.", "Enter a text, in quotes.")


def read_secret(value: Any) -> Secret:
    """Return a secret; what is refused is never shown."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and not is_broken_text(value):
        return Secret(value)
    if _is_id(value):
        return Secret(str(value))
    raise Refusal("the value is not a text.", "Enter it as text, in quotes.")


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


def read_integer(value: Any) -> int:
    """Return a whole number; `2.0` is one, `2.5` is none."""
    number = read_number(value)
    if number != int(number):
        raise Refusal(
            f"{shown(str(value))} is not a whole number.", "Enter one without decimals, such as 12."
        )
    return int(number)


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


def read_object(value: Any) -> dict[str, Any]:
    """Return a map, given as one or as JSON text."""
    if isinstance(value, str):
        value = read_json(value, '{"name": "text"}')
    if isinstance(value, Mapping):
        found: dict[str, Any] = plain(value)
        return found
    raise Refusal(
        f"{kind_of(value)} is not a map of names and values.", 'Enter JSON such as {"name": "text"}.'
    )


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


def read_any(value: Any) -> Any:
    """Return a value as it is, as far as JSON can hold it; a text stays a text."""
    return plain(value)


def read_json(text: str, example: str) -> Any:
    """Return the value of a JSON text.

    Args:
        text: What was entered.
        example: JSON to show to whoever entered something else.

    Raises:
        Refusal: Not JSON; says in which line and column.
    """
    try:
        return parse_json(text, exact=True)
    except JsonError as error:
        where = f"in line {error.line}, column {error.column}: {error.message}"
    raise Refusal(f"the text is not JSON, {where}.", f"Correct it there; JSON looks like {example}.")


def _is_id(value: Any) -> bool:
    """Return whether a value is a whole number that may be meant as a text of digits."""
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < _ID_BITS


def _split(text: str) -> list[str]:
    lines = re.split(r"\r\n|\r|\n", text)
    return [item.strip() for item in (lines if len(lines) > 1 else text.split(","))]


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
    exact = Decimal(text)
    number = float(text)
    if abs(exact) >= _TOO_LARGE or (number == 0 and exact != 0):
        raise Refusal(f"{shown(text)} is too large or too small for a number.", "Enter a smaller number.")
    return number if Decimal(repr(number)) == exact else exact

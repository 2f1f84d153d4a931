"""What the operators of an expression do with values, absent ones included.

Values are those of JSON (dict, list, text, int, float, Decimal, bool, None), and
beside them ABSENT, secrets, files and path segments. Python's own rules are not
used where they confuse types: `true == 1` is false, and a text has no members.
A fraction is what is written: 0.1 + 0.2 is 0.3, and 0.1 is 0.10, whatever holds it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import TYPE_CHECKING, Any, cast

from connector_runtime.base.instants import instant_s, is_half_an_instant, order_of_half
from connector_runtime.base.numbers import alike, as_decimal, as_float
from connector_runtime.base.values import ABSENT, File, Secret
from connector_runtime.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

# Wide enough for any amount of money, narrow enough that 1e999999999 + 1 stays small.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])
# From here on a number with a point is no longer the digits that somebody entered.
EXACT_TO = 2.0**53
# Enough to find the expression by, in a message that stays readable.
MAX_SHOWN_CHARACTERS = 120


class EvaluationError(Fault):
    """A value does not fit the expression that uses it; never shows the value.

    Attributes:
        kind: `contract`, or `input` where only what the user entered can be the cause.
    """

    def __init__(
        self, message: str, hint: str | None = None, *, kind: str = "contract", about: int | None = None
    ) -> None:
        super().__init__(message, hint)
        self.kind = kind
        self.about = about

    def within(self, source: str) -> EvaluationError:
        """Return the same error, saying in which expression it happened: the innermost counts."""
        if self.source is not None:
            return self
        words = " ".join(source.split())
        shown = words if len(words) <= MAX_SHOWN_CHARACTERS else words[:MAX_SHOWN_CHARACTERS] + "…"
        found = EvaluationError(f"{self.message}, in `{shown}`", self.hint, kind=self.kind, about=self.about)
        found.filter, found.source = self.filter, source
        return found


def member(value: Any, key: Any) -> Any:
    """Return an item of a map or a list, or ABSENT; never a Python attribute."""
    if isinstance(key, str):
        return value.get(key, ABSENT) if isinstance(value, Mapping) else ABSENT
    if type(key) is int and isinstance(value, (list, tuple)) and -len(value) <= key < len(value):
        return value[key]
    return ABSENT


def is_number(value: Any) -> bool:
    """Return whether a value is a number; true and false are none."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def is_pair(value: Any) -> bool:
    """Return whether a value is a list of a text and something: one name and value."""
    return isinstance(value, (list, tuple)) and len(value) == 2 and isinstance(value[0], str)


def is_list(value: Any) -> bool:
    """Return whether a value is a list."""
    return isinstance(value, (list, tuple))


def kind_of(value: Any) -> str:
    """Return what a value is, in words for messages."""
    if value is None or value is ABSENT:
        return "null" if value is None else "an absent value"
    kinds: tuple[tuple[Any, str], ...] = (
        (bool, "true or false"),
        (str, "a text"),
        ((int, float, Decimal), "a number"),
        ((list, tuple), "a list"),
        (Mapping, "a map"),
        (Secret, "a secret"),
        (File, "a file"),
    )
    return next((words for types, words in kinds if isinstance(value, types)), "a binary value")


def equal(left: Any, right: Any) -> bool:
    """Return whether two values are the same, as JSON sees them; absent equals nothing."""
    if left is ABSENT or right is ABSENT:
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (list, tuple)):
        same = isinstance(right, (list, tuple)) and len(left) == len(right)
        return same and all(map(equal, left, right))
    if isinstance(left, Mapping):
        same = isinstance(right, Mapping) and left.keys() == right.keys()
        return same and all(equal(value, right[key]) for key, value in left.items())
    try:
        if type(left) is not type(right):
            left, right = alike(left, right)
        return bool(left == right)
    except DecimalException:
        return False


def contains(item: Any, container: Any) -> bool:
    """Return whether a list has an equal item, a map the key, or a text the part."""
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, (list, tuple)):
        return any(equal(item, other) for other in container)
    return isinstance(container, Mapping) and isinstance(item, str) and item in container


def ordering(symbol: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return `<`, `<=`, `>` or `>=` over two numbers, instants or texts; absent and null give false.

    Two texts that are instants compare as such, whatever their offsets. An instant and a day, or a
    time without its offset, do not compare: the answer would depend on where one lives.
    """

    def ordered(left: Any, right: Any) -> bool:
        if type(left) is int and type(right) is int:
            return compare(left, right)
        if left is ABSENT or right is ABSENT or left is None or right is None:
            return False
        if isinstance(left, str) and isinstance(right, str):
            return compare(*_comparable(symbol, left, right))
        if not (is_number(left) and is_number(right)):
            raise EvaluationError(f"`{symbol}` cannot compare {kind_of(left)} with {kind_of(right)}")
        try:
            return compare(*alike(left, right))
        except DecimalException:
            return False  # not a number is neither less nor more

    return ordered


def _comparable(symbol: str, left: str, right: str) -> tuple[Any, Any]:
    """Return two texts as instants or times of one's own clock where both are, else as they stand."""
    instants = (instant_s(left), instant_s(right))
    if None not in instants:
        return instants
    if instants != (None, None) and is_half_an_instant(left if instants[0] is None else right):
        raise EvaluationError(
            f"`{symbol}` cannot compare a point in time with a day or a time that has no offset from UTC",
            "add what is missing: `~ 'T00:00:00+00:00'` makes the first instant of a day in UTC of it",
        )
    if is_half_an_instant(left) and is_half_an_instant(right):
        return order_of_half(left), order_of_half(right)
    return left, right


def add(left: Any, right: Any) -> Any:
    """Return the sum of two numbers, exact; a Decimal where one of them, or no float, is."""
    return _sum("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """Return the difference of two numbers, exact; a Decimal where one of them, or no float, is."""
    return _sum("-", left, right)


def negate(value: Any) -> Any:
    """Return the number below zero as far as the given one is above."""
    return _sum("-", 0, value)


def _sum(symbol: str, left: Any, right: Any) -> Any:
    if not (is_number(left) and is_number(right)):
        odd = right if is_number(left) else left
        hint = "join texts with `~`" if isinstance(odd, str) else None
        raise EvaluationError(f"`{symbol}` needs numbers and was given {kind_of(odd)}", hint)
    if isinstance(left, int) and isinstance(right, int):
        return left + right if symbol == "+" else left - right
    operate = _EXACT.add if symbol == "+" else _EXACT.subtract
    try:
        result = operate(as_decimal(left), as_decimal(right))
        # As of what is read: what no float can hold is no number of ours.
        is_in_range = math.isfinite(float(result))
    except (DecimalException, ValueError):
        is_in_range = False
    if not is_in_range:
        raise EvaluationError(f"the result of `{symbol}` is out of range")
    return result if isinstance(left, Decimal) or isinstance(right, Decimal) else as_float(result)


def text_of(value: Any) -> str | Secret:
    """Return a value as it stands inside a text: numbers and booleans as JSON writes them.

    Raises:
        EvaluationError: The value is absent, null, a list, a map, a file, or no finite number.
    """
    if isinstance(value, (str, Secret)):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return _digits(value)
    raise EvaluationError(f"{kind_of(value)} cannot be part of a text", _text_hint(value))


def _text_hint(value: Any) -> str | None:
    if value is ABSENT:
        return "say what stands there instead: `| default('')`"
    return "make a text of it: `| join(',')`" if isinstance(value, (list, tuple)) else None


def _digits(number: Any) -> str:
    if isinstance(number, float) and EXACT_TO <= abs(number) < math.inf:
        raise EvaluationError("the number has lost digits", "give it as a text, in quotes: ids are texts")
    try:
        digits = repr(number) if isinstance(number, float) else str(number)
    except ValueError:
        digits = "inf"  # more digits than Python converts
    if digits.lstrip("-")[:1].isdigit():
        return digits
    raise EvaluationError("the number cannot be part of a text: it is not finite")


def concatenate(parts: list[Any]) -> str | Secret:
    """Return the parts as one text; a secret among them makes it a secret.

    Raises:
        EvaluationError: As `text_of`.
    """
    if all([type(part) is str for part in parts]):  # noqa: C419  twice as fast as a generator
        return "".join(parts)
    texts = [text_of(part) for part in parts]
    if any(isinstance(text, Secret) for text in texts):
        return Secret("".join([text.reveal() if isinstance(text, Secret) else text for text in texts]))
    return "".join(cast("list[str]", texts))

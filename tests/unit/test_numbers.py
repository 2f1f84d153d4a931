"""Numbers with a fraction: what is read of their digits, and when two are the same."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_runtime.base.json_text import parse_json
from connector_runtime.base.numbers import RefusedError, alike, exact, float_or_decimal, written
from connector_runtime.base.urls import query_pairs
from connector_runtime.errors.json_shapes import json_ready
from connector_runtime.errors.json_writing import dump_json
from connector_runtime.language.schemas.validator import Validator
from unit.input_cases import one

DIGITS = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("35.00", 35.0),
        ("8.25", 8.25),
        ("0.10", 0.1),
        ("100.000", 100.0),
        ("1e3", 1000.0),
        ("1E-7", 1e-07),
        ("1e22", 1e22),
        ("5e-324", 5e-324),
        ("0.0", 0.0),
        ("0e5", 0.0),
        ("0.1000000000000000055", Decimal("0.1000000000000000055")),
        ("0.30000000000000004", 0.30000000000000004),
        ("9007199254740993.0", Decimal("9007199254740993.0")),
        ("12345678901234567890.5", Decimal("12345678901234567890.5")),
        ("1e-400", Decimal("1e-400")),
        ("2e-324", Decimal("2e-324")),
    ],
)
def test_a_number_is_a_float_only_where_that_is_the_very_number(digits: str, expected: Any) -> None:
    """Money computes, and what has more digits than a float keeps them."""
    found = float_or_decimal(digits)

    assert found == expected
    assert type(found) is type(expected)


def test_a_negative_zero_stays_negative() -> None:
    """However many zeros stand behind the point."""
    assert [str(float_or_decimal(digits)) for digits in ("-0.0", "-0.00", "-0e3")] == ["-0.0"] * 3
    assert str(exact("-0.00")) == "-0.00"


@given(DIGITS.filter(lambda digits: not digits.lstrip("-").isdigit()))
@example("1e308")
@example("179769313486231570000.0e288")
@example("0.0e-999")
def test_no_reading_changes_a_number(digits: str) -> None:
    """By its shortest digits a float is what was written, else it is none; the rest is as it was written."""
    try:
        found = float_or_decimal(digits)
    except RefusedError:
        assert float(digits) in (float("inf"), float("-inf"))
        return

    number = Decimal(digits)
    assert (Decimal(repr(found)) if isinstance(found, float) else found) == number
    assert isinstance(found, float) == (Decimal(repr(float(digits))) == number)
    assert exact(digits) == number
    kept = written(digits)
    assert repr(kept) == digits if isinstance(kept, float) else str(kept) == str(number)


@pytest.mark.parametrize("digits", ["1e309", "-1e400", "1e99999999999999999999", f"1.{'0' * 5000}"])
@pytest.mark.parametrize("read", [float_or_decimal, written, exact])
def test_what_no_float_can_hold_is_refused_by_every_reading(digits: str, read: Any) -> None:
    """Whether a reply is read does not depend on what its numbers become."""
    with pytest.raises(RefusedError, match="too large"):
        read(digits)


def test_a_float_and_a_decimal_compare_by_their_digits() -> None:
    """One tenth is one tenth."""
    left, right = alike(0.1, Decimal("0.10"))

    assert left == right
    assert alike(Decimal("0.1"), 0.1) == (Decimal("0.1"), Decimal("0.1"))
    assert alike(1, 1.5) == (1, 1.5)


@given(st.recursive(st.decimals(allow_nan=False, allow_infinity=False) | st.floats() | st.binary() | st.text()
                    | st.integers() | st.none() | st.dates(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
@example([Decimal("NaN"), Decimal("sNaN"), Decimal("1e999999"), float("inf"), b"\xff", {1: 2}, (1, {2})])
def test_whatever_a_call_gives_back_is_json(value: Any) -> None:
    """Any writer takes the shape, and any reader the text."""
    text = json.dumps(json_ready(value), allow_nan=False)

    assert json.loads(text) == json_ready(value)
    parse_json(
        dump_json(json_ready(value, exact=True)), numbers="written"
    ) if "e+" not in text.lower() else None


def test_a_decimal_in_a_json_shape_is_its_float_or_its_digits() -> None:
    """Nothing is rounded on the way."""
    assert json_ready([Decimal("35.00"), Decimal("0.1000000000000000055")]) == [35.0, "0.1000000000000000055"]
    assert str(json_ready({"a": Decimal("35.00")}, exact=True)["a"]) == "35.00"


@pytest.mark.parametrize(
    ("entered", "sent"),
    [("35.00", "35.00"), ("8.25", "8.25"), (" 0.10 ", "0.10"), (Decimal("35.00"), "35.00"), (35.0, "35.0"), ("1e3", "1000.0"), ("+5.5", "5.5"), (".50", "0.50")],
)  # fmt: skip
def test_a_number_goes_out_with_the_digits_that_were_entered(entered: Any, sent: str) -> None:
    """As JSON, and as part of a form or of an address."""
    number = one({"type": "number"}, entered)

    assert dump_json(number) == sent
    assert query_pairs({"amount": number}) == [("amount", sent)]


@pytest.mark.parametrize("entered", ["0.10", "0.1", 0.1, Decimal("0.100"), "0.2", "0.20"])
def test_a_limit_is_kept_to_as_it_is_written(entered: Any) -> None:
    """0.10 is not below 0.1, although the nearest float lies a little above."""
    assert float(one({"type": "number", "min": 0.1, "max": 0.2}, entered)) in (0.1, 0.2)


@pytest.mark.parametrize("entered", ["0.10", 0.1, Decimal("0.100"), " 0.1 "])
def test_a_choice_is_found_however_its_zeros_are_entered(entered: Any) -> None:
    """What is sent is the choice as the component writes it."""
    assert repr(one({"type": "number", "choices": [0.1, 0.2]}, entered)) == "0.1"


@pytest.mark.parametrize(
    "schema",
    [{"minimum": 0.1}, {"maximum": 0.1}, {"enum": [0.1]}, {"const": 0.1}, {"multipleOf": 0.1}],
)
def test_a_schema_takes_a_decimal_for_what_it_says(schema: dict[str, Any]) -> None:
    """A record that was entered as JSON text has decimals in it."""
    assert list(Validator({"properties": {"net": schema}}).violations({"net": Decimal("0.10")})) == []
    assert list(Validator({"exclusiveMinimum": 0.1}).violations(Decimal("0.10"))) != []
    assert list(Validator({"uniqueItems": True}).violations([0.1, Decimal("0.10")])) != []

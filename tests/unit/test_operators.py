"""What the operators of an expression give, for values that fit and for values that do not."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings

from connector_runtime.base.urls import Segments, UrlError
from connector_runtime.base.values import ABSENT, File, Secret
from connector_runtime.language.expressions.expression import EvaluationError, compile_expression
from connector_runtime.language.expressions.operators import equal
from unit.expression_cases import JSON, NAMES, value_of


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("-2", -2),
        ("'it''s'", "its"),
        (r"'it\'s'", "it's"),
        (r"'\d\\n'", "\\d\\n"),
        (r"'a\tb'", "a\tb"),
        ("true", True),
        ("none", None),
        ("[1, 'x', [none]]", [1, "x", [None]]),
        ("1 + 2 - 4", -1),
        ("0.5 + 1", 1.5),
        ("-inputs.n", -3),
        ("inputs.n + inputs.money", Decimal("3.10")),
        ("'a' ~ 1 ~ true ~ 1.5 ~ inputs.money", "a1true1.50.10"),
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ("'a' < 'b'", True),
        ("inputs.money < 0.2", True),
        ("inputs.n >= 3 and inputs.n <= 3", True),
        ("not inputs.n", False),
        ("'x' in ['x', 'y']", True),
        ("3 in [1, inputs.n]", True),
        ("'n' in inputs", True),
        ("'b' in 'abc'", True),
        ("'z' not in 'abc'", True),
        ("inputs.n if inputs.n > 2 else 'small'", 3),
        ("inputs.n if inputs.n > 5 else 'small'", "small"),
        ("inputs.missing or inputs.n", 3),
        ("inputs.n and inputs.text", "T"),
        ("inputs.list[-1]", "z"),
        ("inputs.list.0", "y"),
        ("(inputs.list | first)", "y"),
        ("tables.t[inputs.text].c", "found"),
    ],
)
def test_operators_give_what_json_and_arithmetic_say(source, expected):
    """Each operator over plain values, with exact decimals."""
    inputs = {"n": 3, "money": Decimal("0.10"), "text": "T", "list": ["y", "z"]}

    value = value_of(source, inputs=inputs, tables={"t": {"T": {"c": "found"}}})

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "source",
    [
        "inputs.missing",
        "inputs.null.member",
        "inputs.text.upper",
        "inputs.list.append",
        "inputs.map.items",
        "inputs.map.keys",
        "inputs.list[5]",
        "inputs.text[0]",
        "inputs.number.real",
        "inputs.map[inputs.list]",
        "inputs.map[inputs.missing]",
        "inputs.list[true == true]",
        "reply.json",
        "1 if inputs.missing",
        "tables.t['no such row'].column",
        "inputs.missing.deeper.still",
        "inputs.missing | lower",
        "inputs.secret.reveal",
        "inputs.file.source",
    ],
)
def test_what_is_not_there_is_absent_and_no_python_attribute_is_ever_found(source):
    """Members are items of maps and lists alone, whatever Python would find."""
    inputs = {
        "null": None,
        "text": "abc",
        "list": [1],
        "map": {},
        "number": 5,
        "secret": Secret("hush"),
        "file": File(b"x"),
    }

    assert value_of(source, inputs=inputs, tables={"t": {}}) is ABSENT


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("inputs.x == inputs.x", False),
        ("inputs.x == none", False),
        ("inputs.x != 'a'", True),
        ("inputs.x != inputs.x", True),
        ("inputs.x < 5", False),
        ("5 >= inputs.x", False),
        ("inputs.none < 5", False),
        ("'a' >= inputs.none", False),
        ("inputs.none <= inputs.none", False),
        ("inputs.none < inputs.x", False),
        ("inputs.x in ['a']", False),
        ("'a' in inputs.x", False),
        ("'a' not in inputs.x", True),
        ("not inputs.x", True),
        ("inputs.x is defined", False),
        ("inputs.x is not defined", True),
        ("inputs.x is string", False),
        ("inputs.x is matching('.*')", False),
        ("[inputs.x, 1, inputs.x]", [1]),
        ("inputs.x | default('d')", "d"),
        ("inputs.none | default('d')", None),
        ("inputs.x | lower | default('d')", "d"),
    ],
)
def test_absent_is_false_equal_to_nothing_and_passed_on(source, expected):
    """Absent is a value with rules of its own; null is not absent."""
    assert value_of(source, inputs={"none": None}) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (True, 1),
        (False, 0),
        ([True], [1]),
        ({"a": 0}, {"a": False}),
        ("1", 1),
        (None, False),
        ("", None),
        ([], {}),
        (Secret("a"), "a"),
    ],
)
def test_values_of_different_types_are_never_equal(left, right):
    """What Python calls equal by accident, JSON keeps apart, in `==` and in `in`."""
    scope = {"inputs": {"left": left, "right": right, "list": [right]}}

    assert compile_expression("inputs.left == inputs.right", NAMES).evaluate(scope) is False
    assert compile_expression("inputs.left in inputs.list", NAMES).evaluate(scope) is False


@given(JSON, JSON)
@settings(deadline=None)
def test_equality_is_that_of_canonical_json(left, right):
    """Two values without fractions are equal exactly if their canonical JSON is."""
    canonical = [json.dumps(value, sort_keys=True) for value in (left, right)]

    assert equal(left, left)
    if canonical[0] == canonical[1]:
        assert equal(left, right)
    elif "." not in canonical[0] + canonical[1] and "e" not in canonical[0] + canonical[1]:
        assert not equal(left, right)


def test_constants_compare_by_type_too():
    """The short ways for constants keep the rules of the long one."""
    assert value_of("reply.json.code == 1", reply={"json": {"code": True}}) is False
    assert value_of("reply.json.code == 1", reply={"json": {"code": 1.0}}) is True
    assert value_of("reply.json.code in [1, 'A']", reply={"json": {"code": True}}) is False
    assert value_of("reply.json.code in [1, 'A']", reply={"json": {"code": Decimal(1)}}) is True
    assert value_of("reply.json.code in [true]", reply={"json": {"code": 1}}) is False
    assert value_of("reply.json.code in ['A']", reply={"json": {"code": ["A"]}}) is False


def test_a_secret_makes_a_secret_of_the_text_it_joins():
    """A header value with a token in it cannot be printed either."""
    value = value_of("'Bearer ' ~ secrets.token", secrets={"token": Secret("hush")})

    assert isinstance(value, Secret)
    assert value.reveal() == "Bearer hush"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("inputs.text < 5", "`<` cannot compare a text with a number"),
        ("inputs.yes > 0", "`>` cannot compare true or false"),
        ("inputs.list + 1", "`+` needs numbers and was given a list"),
        ("inputs.yes - 1", "`-` needs numbers and was given true or false"),
        ("inputs.x + 1", "`+` needs numbers and was given an absent value"),
        ("-inputs.text", "`-` needs numbers and was given a text"),
        ("'a' ~ inputs.x", "an absent value cannot be part of a text"),
        ("'a' ~ inputs.none", "null cannot be part of a text"),
        ("'a' ~ inputs.list", "a list cannot be part of a text"),
        ("'a' ~ inputs.map", "a map cannot be part of a text"),
        ("'a' ~ inputs.file", "a file cannot be part of a text"),
        ("'a' ~ inputs.nan", "it is not finite"),
        ("'a' ~ inputs.long", "it is not finite"),
        ("inputs.huge + inputs.huge", "out of range"),
        ("inputs.long + 0.5", "out of range"),
        ("inputs.vast + 1", "out of range"),
    ],
)
def test_a_value_that_does_not_fit_is_named_by_kind_and_place_never_shown(source, words):
    """The error says what was given and in which expression, and shows no value."""
    inputs = {
        "text": "canary",
        "none": None,
        "yes": True,
        "list": ["canary"],
        "map": {"canary": 1},
        "file": File(b"canary"),
        "nan": float("nan"),
        "huge": 1.7e308,
        "long": 10**5000,
        "vast": Decimal("1e999999999"),
    }

    with pytest.raises(EvaluationError) as caught:
        value_of(source, inputs=inputs)

    assert words in caught.value.message
    assert f"in `{source}`" in caught.value.message
    assert "canary" not in str(caught.value)


CONFUSING = (
    ABSENT,
    None,
    True,
    0,
    -1,
    10**5000,
    float("nan"),
    float("inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("1e999999999"),
    "",
    "0",
    "\ud800",
    "${ secrets.token }",
    b"\xff",
    [],
    [[]],
    [None, ABSENT],
    {},
    {"x": None},
    {1: 2},
    Segments(("a",)),
    Secret("hush"),
    File(b"x"),
)


@pytest.mark.parametrize(
    "source",
    [
        "inputs.a == inputs.b",
        "inputs.a in inputs.b",
        "inputs.a < inputs.b",
        "inputs.a + inputs.b",
        "-inputs.a",
        "inputs.a ~ inputs.b",
        "inputs.a[inputs.b]",
        "inputs.a.x.y[0]",
        "[inputs.a, inputs.b] | join('')",
        "inputs.a | named(inputs.b)",
        "inputs.a | put(inputs.b, inputs.a)",
        "inputs.a if inputs.b",
        "inputs.a is matching('.+')",
        *(
            f"inputs.a | {name}"
            for name in ("optional", "segments", "urlPath", "urlQuery", "origin", "split")
        ),
        *(f"inputs.a | {name}" for name in ("lower", "length", "ms", "fromJson", "first", "keys")),
    ],
)
def test_any_value_in_any_place_gives_a_value_or_an_error_of_ours(source):
    """No mix of types raises what only a Python programmer would understand."""
    evaluate = compile_expression(source, NAMES).evaluate

    for left in CONFUSING:
        for right in CONFUSING:
            try:
                evaluate({"inputs": {"a": left, "b": right}})
            except (EvaluationError, UrlError) as error:
                assert "hush" not in str(error)  # noqa: PT017  most combinations raise nothing


def test_values_nested_beyond_reason_are_an_error_of_ours():
    """Comparing two bottomless lists ends in an error that names the expression."""
    deep: list = []
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(EvaluationError, match="nested too deeply"):
        value_of("inputs.a == inputs.b", inputs={"a": deep, "b": [deep[0]]})

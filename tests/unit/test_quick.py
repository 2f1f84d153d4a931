"""The compiled check in front of the judge never disagrees with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.language.schemas.bounded import errors_of, judge_of
from connector_runtime.language.schemas.quick import NotSureError, compile_quick

NAMES = st.sampled_from(["a", "b", "c", "items"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 30), st.floats(-3, 30), st.sampled_from(["", "a", "abc", "x" * 12, "1"]),
    st.just(Decimal("1.50")),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
TYPES = ["string", "number", "integer", "boolean", "null", "object", "array"]
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.one_of(
        st.sampled_from(TYPES), st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True)
    ),
    "enum": st.lists(
        st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["a", "abc"])), min_size=1
    ),
    "const": st.one_of(st.integers(0, 3), st.sampled_from(["a", ""]), st.booleans()),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
    "uniqueItems": st.booleans(),
    "minLength": st.integers(0, 4),
    "maxLength": st.integers(0, 11),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 3),
    "minProperties": st.integers(0, 2),
    "maxProperties": st.integers(0, 3),
    "minimum": st.integers(-2, 10),
    "maximum": st.floats(-2, 20),
    "exclusiveMinimum": st.integers(-2, 10),
    "exclusiveMaximum": st.integers(-2, 10),
    "pattern": st.sampled_from(["^a", "b", "^[a-z]+$"]),
    "title": st.just("words"),
}


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    nested = {
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "additionalProperties": st.one_of(st.just(False), inner),
        "propertyNames": inner,
        "dependentSchemas": st.dictionaries(NAMES, inner, max_size=2),
        "items": inner,
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    return st.fixed_dictionaries({}, optional={**KEYWORDS, **nested})


SCHEMAS = st.recursive(st.fixed_dictionaries({}, optional=KEYWORDS), schemas, max_leaves=6)


@settings(max_examples=400, deadline=None)
@given(SCHEMAS, VALUES)
def test_where_the_compiled_check_speaks_it_says_what_the_judge_says(
    schema: dict[str, Any], value: Any
) -> None:
    """Sure of a yes or of a no, it is right; everything else it leaves to jsonschema."""
    quick = compile_quick(schema, None)
    assert quick is not None

    try:
        verdict = quick(value)
    except NotSureError:
        return

    assert verdict is (not errors_of(judge_of(schema, None), value))


@pytest.mark.parametrize(
    "schema",
    [
        {"contains": {}},
        {"unevaluatedProperties": False},
        {"minContains": 1},
        {"$ref": "#"},
        {"enum": [1.5]},
        False,
    ],
)
def test_what_it_does_not_know_it_leaves_to_the_judge(schema: Any) -> None:
    """A schema with other keywords is not compiled at all."""
    assert compile_quick(schema, None) is None


@pytest.mark.parametrize("value", [Decimal("1.5"), b"", (1,), object()])
def test_values_of_other_types_are_the_judges(value: Any) -> None:
    """A number that keeps its digits, and what is no JSON, is never judged here."""
    quick = compile_quick({"type": "number"}, None)
    assert quick is not None

    with pytest.raises(NotSureError):
        quick(value)

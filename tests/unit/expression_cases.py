"""Compiling and evaluating expressions and templates in one line, for tests."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from connector_runtime.language.expressions.expression import ExpressionError, compile_expression
from connector_runtime.language.templates import compile_node

NAMES = ("inputs", "reply", "tables", "secrets")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def value_of(source, **scope):
    return compile_expression(source, NAMES).evaluate(scope)


def refusal_of(source):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, NAMES)
    return caught.value


def rendered(node, **inputs):
    return compile_node(node, NAMES).render({"inputs": inputs})

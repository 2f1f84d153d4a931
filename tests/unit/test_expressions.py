"""An expression takes values as they are, and costs little to load."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.base.values import Secret
from connector_runtime.language.expressions.expression import compile_expression
from unit.expression_cases import JSON, NAMES, value_of


@given(JSON)
@settings(deadline=None)
def test_a_path_gives_the_very_value_that_is_there(value):
    """Nothing is converted: "007" stays text, 1.0 stays a number, a list stays that list."""
    assert value_of("inputs.key", inputs={"key": value}) is value
    assert value_of("inputs.one['two'][0]", inputs={"one": {"two": [value]}}) is value


@given(st.text())
@settings(deadline=None)
def test_data_is_never_taken_for_an_expression(text):
    """A value that looks like an expression, a template or code comes out as it went in."""
    scope = {"inputs": {"key": text + "${ secrets.token }{{ 7 }}"}, "secrets": {"token": Secret("hush")}}

    value = compile_expression("inputs.key ~ ''", NAMES).evaluate(scope)

    assert value == text + "${ secrets.token }{{ 7 }}"


def test_importing_the_language_loads_no_library():
    """Jinja is only loaded when the first expression is compiled."""
    code = (
        "import sys, connector_runtime.language.templates\n"
        "before = 'jinja2' in sys.modules\n"
        "connector_runtime.language.templates.compile_text('${ a }', ['a'])\n"
        "print(before, 'jinja2' in sys.modules)"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.split() == ["False", "True"]


def test_an_expression_is_compiled_once():
    """The same text with the same names gives the same compiled expression."""
    assert compile_expression("inputs.a", NAMES) is compile_expression("inputs.a", tuple(reversed(NAMES)))

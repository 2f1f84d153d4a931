"""Which inputs and replies an expression reads, and whether it copes with their absence."""

from __future__ import annotations

import pytest

from connector_runtime.language.expressions.expression import ExpressionError, compile_expression
from unit.expression_cases import NAMES


def references_of(source, *, in_text=False):
    found = compile_expression(source, NAMES, in_text=in_text).references
    return {".".join(map(str, item.path)): item for item in found}


def test_references_give_each_path_and_its_place():
    """Every path is listed with the offset of its root; a computed key is None."""
    found = compile_expression("tables.t[inputs.kind].scope ~ reply['json'][0]", NAMES).references

    assert [(item.path, item.offset) for item in found] == [
        (("tables", "t", None, "scope"), 0),
        (("inputs", "kind"), 9),
        (("reply", "json", 0), 30),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "inputs.a | default('')",
        "inputs.a | optional",
        "inputs.a is defined",
        "inputs.a == 'x'",
        "not inputs.a",
        "inputs.a or 'x'",
        "inputs.a if inputs.a else ''",
        "inputs.a if inputs.a is defined else ''",
        "inputs.a if inputs.a != none and true and inputs.a is string else ''",
        "'' if not inputs.a else inputs.a",
        "'' if inputs.a is not defined else inputs.a",
        "'' if inputs.a != 'x' else inputs.a",
        "inputs.a.b if inputs.a.b else ''",
        "inputs.a if inputs.a.b else ''",
        "'' if not inputs.a or not inputs.b else inputs.a",
        "inputs.b if inputs.a and false else 'x' ~ (inputs.a | default(''))",
        "(inputs.a | lower) | default('x')",
        "'y' if inputs.a > 3 else 'n'",
    ],
)
def test_an_absence_that_the_expression_copes_with_is_guarded(source):
    """Defaults, tests, conditions and the branches that asked need no value."""
    found = compile_expression(source, NAMES, in_text=True).references

    assert all(item.guarded for item in found if item.path[:2] == ("inputs", "a"))


@pytest.mark.parametrize(
    "source",
    [
        "inputs.a",
        "'x' ~ inputs.a",
        "inputs.a + 1 == 2",
        "-inputs.a",
        "inputs.a | lower",
        "tables.t[inputs.a].c",
        "inputs.b or inputs.a",
        "inputs.a and inputs.b",
        "inputs.b | default(inputs.a)",
        "inputs.a if inputs.b else ''",
        "inputs.a if inputs.a or inputs.b else ''",
        "'' if inputs.a else inputs.a",
        "inputs.a if inputs.a != 'x' else ''",
        "inputs.a.b if inputs.a else ''",
    ],
)
def test_an_absence_that_would_reach_the_text_is_not_guarded(source):
    """What could still be missing when a text is put together is reported."""
    found = compile_expression(source, NAMES, in_text=True).references

    assert any(item.needed and not item.guarded for item in found if item.path[:2] == ("inputs", "a"))


def test_a_whole_value_does_not_need_its_references():
    """Absence of a whole value only leaves out its key, so nothing is needed."""
    assert not references_of("inputs.a")["inputs.a"].needed
    assert references_of("inputs.a ~ 'x'")["inputs.a"].needed


def test_a_choice_without_else_cannot_stand_in_a_text():
    """It could give nothing, and a text cannot hold nothing."""
    with pytest.raises(ExpressionError, match="without `else`") as caught:
        compile_expression("'x' ~ (inputs.a if inputs.a)", NAMES)

    assert caught.value.hint == "add `else ''`"

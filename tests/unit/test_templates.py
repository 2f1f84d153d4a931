"""What YAML values with `${ … }` in them become."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.language.expressions.expression import EvaluationError, ExpressionError
from connector_runtime.language.templates import compile_expression_text, compile_node, compile_text
from unit.expression_cases import JSON, rendered

NAMES = ("inputs", "connection", "token")

PLAIN = st.text().filter(lambda text: "${" not in text and "{{" not in text)
# A dollar sign right before an expression would make it a literal one.
BEFORE_EXPRESSION = PLAIN.filter(lambda text: not text.endswith("$"))


def refusal_of(text):
    with pytest.raises(ExpressionError) as caught:
        compile_text(text, NAMES)
    return caught.value


# Texts ------------------------------------------------------------------------------------------


@given(JSON)
@settings(deadline=None)
def test_a_text_that_is_one_expression_keeps_the_value_and_its_type(value):
    """What was put in comes out, the same object, not its text."""
    assert compile_text("${ inputs.x }", NAMES).render({"inputs": {"x": value}}) is value


@given(BEFORE_EXPRESSION, st.text(), BEFORE_EXPRESSION)
@settings(deadline=None)
def test_a_text_around_expressions_is_put_together_as_it_stands(before, value, after):
    """Prefix, value and suffix follow each other, whatever characters they have."""
    template = compile_text(f"{before}${{ inputs.x }}{after}${{inputs.x}}", NAMES)

    assert template.render({"inputs": {"x": value}}) == before + value + after + value


@pytest.mark.parametrize(
    "text", ["", "plain", "}", "a } b", "$", "{", "{ }", "$ {", "100 %", "{%", "#", "é\n"]
)
def test_a_text_without_expressions_is_itself(text):
    """Other punctuation means nothing."""
    template = compile_text(text, NAMES)

    assert template.constant
    assert template.render({}) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$${", "${"),
        ("$${ inputs.x }", "${ inputs.x }"),
        ("a $${ b } ${ inputs.x }", "a ${ b } v"),
        ("${ '$' }${ inputs.x }", "$v"),
        ("${ '}' }", "}"),
        ('${ "a}b" ~ inputs.x }', "a}bv"),
        ("${ inputs['}'] | default('none') }!", "none!"),
        ("${inputs.x}${inputs.x}", "vv"),
        ("${\n  inputs.x\n}", "v"),
        ("${ '${ inputs.x }' }", "${ inputs.x }"),
        ("${ '{{' }", "{{"),
    ],
)
def test_dollars_braces_and_quotes_mean_what_the_language_says(text, expected):
    """`$${` is a plain `${`, and a brace inside quotes closes nothing."""
    assert rendered(text, x="v") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-12, "-12"),
        (1.5, "1.5"),
        (100000.0, "100000.0"),
        (Decimal("12345678901234567890.10"), "12345678901234567890.10"),
        ("", ""),
        ("007", "007"),
    ],
)
def test_scalars_in_a_text_are_written_as_json_writes_them(value, expected):
    """No `True`, no rounding, no lost zeros."""
    assert rendered("<${ inputs.x }>", x=value) == f"<{expected}>"
    assert rendered("<${ inputs.x }", x=value) == f"<{expected}"


@pytest.mark.parametrize("number", [1.2345678901234568e21, -(2.0**53)])
def test_a_number_that_has_lost_digits_is_refused_in_a_text(number):
    """A long id that came as a number with a point is another one by now: it is not sent."""
    with pytest.raises(EvaluationError, match="lost digits"):
        rendered("${ inputs.x }!", x=number)


@given(st.integers() | st.floats(-(2.0**52), 2.0**52))
@settings(deadline=None)
def test_numbers_in_a_text_read_back_as_themselves(number):
    """The digits are JSON, and exact."""
    assert json.loads(rendered("${ inputs.x }${ '' }", x=number)) == number


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (ABSENT, "an absent value cannot"),
        (None, "null cannot"),
        ([], "a list cannot"),
        ({}, "a map cannot"),
        (float("inf"), "not finite"),
    ],
)
def test_what_has_no_text_is_an_error_that_names_the_expression(value, words):
    """Nothing is left out silently in the middle of a text."""
    for text in ("a ${ inputs.x }", "${ inputs.x }b", "${ inputs.x }${ inputs.x }"):
        with pytest.raises(EvaluationError, match=words) as caught:
            rendered(text, x=value)

        assert "in `inputs.x`" in caught.value.message


@pytest.mark.parametrize("text", ["Bearer ${ token.access }", "${ token.access }", "<${ token.access }>"])
def test_a_text_with_a_secret_is_a_secret(text):
    """A header made from a token cannot be printed."""
    value = compile_text(text, NAMES).render({"token": {"access": Secret("hush")}})

    assert isinstance(value, Secret)
    assert value.reveal() == text.replace("${ token.access }", "hush")


@pytest.mark.parametrize(
    ("text", "message", "offset", "hint"),
    [
        ("a ${ inputs.x", "`${` is not closed", 2, "add `}`"),
        ("${", "`${` is not closed", 0, "$${"),
        ("${ inputs.x | join(') }", "`'` is not expected here", 19, "never closed"),
        ("a {{ inputs.x }}", "`{{ }}` is not used here", 2, "write ${ … }"),
        ("${ inputs.x } {{ y }}", "`{{ }}` is not used here", 14, "write ${ … }"),
        ("a ${ input.x }", "there is no `input` here", 5, "did you mean `inputs`?"),
        ("${ inputs.x } ${ 1 * 2 }", "this operator is not possible", 19, "`~ + -`"),
        ("${ {'a': 1} }", "a map cannot be written", 3, "in YAML"),
        ("${}", "the expression is empty", 2, ""),
        ("x ${ inputs.a if inputs.a }", "without `else`", 5, "add `else ''`"),
        ("${ " + "x" * 2100 + " }", "is not closed within 2,000 characters", 0, ""),
    ],
)
def test_a_refusal_counts_its_offset_in_the_whole_text(text, message, offset, hint):
    """The caret stands under the mistake, also behind other text."""
    error = refusal_of(text)

    assert message in error.message
    assert error.offset == offset
    assert hint in (error.hint or "")


def test_references_count_their_offsets_in_the_whole_text():
    """So that a report on an unknown input can point at it."""
    template = compile_text("/${ inputs.a }/${ inputs.b }", NAMES)

    assert [(item.path, item.offset) for item in template.references] == [
        (("inputs", "a"), 4),
        (("inputs", "b"), 18),
    ]


@pytest.mark.parametrize(
    ("text", "is_text", "needed"),
    [("${ inputs.a }", False, False), ("x${ inputs.a }", True, True), ("${ inputs.a ~ '' }", False, True)],
)
def test_a_template_knows_whether_its_values_must_be_there(text, is_text, needed):
    """A whole value may be absent; a part of a text may not."""
    template = compile_text(text, NAMES)

    assert template.is_text is is_text
    assert [item.needed for item in template.references] == [needed]


@given(st.text(alphabet="${}'\" inputs.x|~\\", max_size=30))
@settings(deadline=None, max_examples=400)
def test_any_text_is_compiled_or_refused_with_a_place(text):
    """Whatever stands in a file, the outcome is a template or a located refusal."""
    try:
        template = compile_text(text, NAMES)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)  # noqa: PT017  both outcomes are fine
        return

    if template.constant:
        assert template.render({}) == text.replace("$${", "${")


def test_a_long_text_full_of_quotes_is_refused_quickly():
    """Looking for the end of an expression stops where it would be too long."""
    assert refusal_of("${" + "\\'" * 500_000).offset == 0


# One expression ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["${ inputs.x }", " ${ inputs.x }\n", "${inputs.x}"])
def test_a_place_for_one_expression_takes_it_with_blanks_around(text):
    """A folded YAML block ends with a line break, which means nothing."""
    template = compile_expression_text(text, NAMES)

    assert template.render({"inputs": {"x": [1]}}) == [1]
    assert template.references[0].offset == text.index("inputs")


@pytest.mark.parametrize("truth", [True, False])
def test_a_place_for_one_expression_takes_a_plain_truth(truth):
    """`all: true` needs no expression."""
    assert compile_expression_text(truth, NAMES).render({}) is truth


@pytest.mark.parametrize(
    "text", ["inputs.x", "", "${ inputs.x }!", "${ inputs.x }${ inputs.x }", "$${ inputs.x }"]
)
def test_a_place_for_one_expression_takes_nothing_else(text):
    """A condition without `${ }` would be a text, and a text is always true."""
    with pytest.raises(ExpressionError, match="one expression is needed"):
        compile_expression_text(text, NAMES)


def test_a_mistake_behind_blanks_is_found_where_it_is():
    """Offsets count from the start of the text as it stands in the file."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression_text("\n  ${ input.x }", NAMES)

    assert caught.value.offset == 6


# Maps and lists ---------------------------------------------------------------------------------


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | PLAIN,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(PLAIN.filter(lambda key: key != "..."), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
@settings(deadline=None)
def test_a_yaml_value_without_expressions_is_itself(node):
    """Constant maps and lists come out equal, and new each time."""
    template = compile_node(node, NAMES)

    assert template.constant
    assert template.render({}) == node
    if isinstance(node, (dict, list)):
        assert template.render({}) is not template.render({})


@given(JSON)
@settings(deadline=None)
def test_values_inside_maps_and_lists_stay_what_they_are(value):
    """Nesting changes nothing about a value, and its texts are never read again."""
    scope = {"inputs": {"x": value, "text": "${ inputs.x } {{ 1 }}"}}

    result = compile_node({"a": ["${ inputs.x }", {"b": "${ inputs.text }"}]}, NAMES).render(scope)

    assert result == {"a": [value, {"b": "${ inputs.x } {{ 1 }}"}]}
    assert result["a"][0] is value


def test_absent_members_and_items_are_left_out_and_null_stays():
    """Absent leaves a field alone; null clears it."""
    node = {
        "a": "${ inputs.no }",
        "b": "${ inputs.null }",
        "c": ["${ inputs.no }", 1],
        "d": {"e": "${ inputs.no }"},
    }

    assert rendered(node, null=None) == {"b": None, "c": [1], "d": {}}


def test_a_refusal_says_which_text_of_the_value_it_means():
    """The pointer leads through keys and indexes to the text."""
    with pytest.raises(ExpressionError) as caught:
        compile_node({"a": [1, {"b": "x ${ input.x }"}]}, NAMES)

    assert caught.value.pointer == ("a", 1, "b")
    assert caught.value.offset == 5


def test_a_key_cannot_be_an_expression():
    """A key that looks like one would be sent as it stands."""
    with pytest.raises(ExpressionError, match="a key cannot hold an expression") as caught:
        compile_node({"a": {"${ inputs.x }": 1}}, NAMES)

    assert caught.value.pointer == ("a", "${ inputs.x }")


def test_references_of_all_texts_are_gathered():
    """A map knows everything its texts read."""
    template = compile_node({"a": "${ inputs.a }", "b": ["${ inputs.b }", 3]}, NAMES)

    assert [item.path for item in template.references] == [("inputs", "a"), ("inputs", "b")]
    assert not template.constant

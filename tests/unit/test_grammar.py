"""What may not be written in an expression, and how a refusal explains it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.base.urls import UrlError
from connector_runtime.language.expressions.expression import (
    EvaluationError,
    ExpressionError,
    compile_expression,
)
from unit.expression_cases import NAMES, refusal_of

ESCAPES = [
    "''.__class__.__mro__[1].__subclasses__()",
    "''['__class__']",
    "inputs.__class__",
    "inputs['__init__']['__globals__']",
    "inputs.x.__globals__.os.popen('id')",
    "self._TemplateReference__context",
    "self",
    "loop.index",
    "caller()",
    "super()",
    "cycler.__init__.__globals__.os",
    "lipsum.__globals__['os']",
    "joiner()",
    "namespace(a=1)",
    "range(99999999)",
    "dict(a=1)",
    "config",
    "get_flashed_messages",
    "__import__('os')",
    "__builtins__",
    "inputs | attr('__class__')",
    "inputs | map(attribute='__class__')",
    "inputs | select('callable')",
    "inputs | tojson",
    "inputs | safe",
    "inputs | pprint",
    "inputs | string",
    "inputs | format(inputs)",
    "inputs | xmlattr",
    "inputs.text.format(inputs)",
    "inputs.text.join(inputs)",
    "inputs is callable",
    "inputs is sameas(inputs)",
    "inputs is filter('join')",
    "'%s' % inputs",
    "inputs.a * 999999999",
    "'a' * 999999999",
    "9 ** 9 ** 9",
    "1 / 0",
    "1 // 0",
    "inputs[0:1]",
    "inputs[::-1]",
    "{'a': 1}",
    "{**inputs}",
    "(1, 2)",
    "()",
    "1, 2",
    "lambda: 0",
    "x := 1",
    "inputs = 1",
    "f'{inputs}'",
    "inputs }} {{ secrets.token",
    "inputs %} {% for x in y",
    "inputs # comment",
    "{# comment #}",
    "inputs; secrets",
    "inputs.a() ",
    "inputs()",
    "inputs.x\\",
    "inputs.a | join(*inputs)",
    "inputs.a | join(**inputs)",
    "inputs.a | default(value=1)",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_everything_outside_the_allow_list_is_refused_at_load(source):
    """No call, loop, attribute, slice, foreign filter or multiplication is ever compiled."""
    assert refusal_of(source).message


@pytest.mark.parametrize("name", ["self", "loop", "caller", "__builtins__"])
def test_engine_names_are_refused_even_where_a_place_would_offer_them(name):
    """Names with a meaning to template engines are no names here."""
    with pytest.raises(ExpressionError):
        compile_expression(name, (*NAMES, name))


@pytest.mark.parametrize(
    "source",
    [
        "inputs.a ~ " * 200 + "''",
        "'" + "x" * 2000 + "'",
        "(" * 900 + "1" + ")" * 900,
        "[" * 900 + "]" * 900,
        "not " * 400 + "true",
        "-" * 1000 + "1",
        "1 if 1 else " * 150 + "1",
        "1 + " * 400 + "1",
        "inputs" + ".a" * 40,
        "inputs" + "[inputs" * 40 + "]" * 40,
        "inputs" + " | first" * 40,
        "true and " * 40 + "true",
        "[" + "1," * 250 + "1]",
        "(" * 1999,
        "inputs[" * 280,
        "'" * 1999,
        "\\'" * 900,
    ],
)
def test_expressions_that_only_eat_resources_are_refused_at_load(source):
    """Length, number of parts and depth are bounded before anything is evaluated."""
    assert refusal_of(source).message


@pytest.mark.parametrize(
    ("source", "message", "offset", "hint"),
    [
        ("input.a", "there is no `input` here", 0, "did you mean `inputs`?"),
        ("  x ~ y", "there is no `x` here", 2, "names here: inputs, reply"),
        ("null == inputs.a", "there is no `null` here", 0, "write `none`"),
        ("inputs.a | joi(',')", "there is no filter `joi`", 11, "did you mean `join`?"),
        ("inputs.a is strin", "there is no test `strin`", 9, "did you mean `string`?"),
        ("inputs.a is none", "there is no test `none`", 9, "write `== none`"),
        ("inputs.a = 1", "`=` is not expected here", 9, "compare with `==`"),
        ("inputs.a && 1", "`&` is not expected here", 9, "write `and`"),
        ("inputs.a || 1", "`|` is not expected here", 10, "write `or`"),
        ("!inputs.a", "`!` is not expected here", 0, "write `not`"),
        ("inputs.a ? 1 : 2", "`?` is not expected here", 9, "if condition else"),
        ("inputs.a * 2", "this operator is not possible", 9, "`~ + -`"),
        ("len(inputs)", "nothing can be called", 3, "use a filter"),
        ("inputs.a | join(", "ends too early", 16, ""),
        ("inputs.a == 'x", "`'` is not expected here", 12, "never closed"),
        ("inputs.a inputs.b", "`inputs.b` is not expected here", 9, ""),
        ("   ", "the expression is empty", 0, ""),
        ("inputs.a + 'x'", "`+` and `-` need numbers", 11, "`~`"),
        ("007", "`007` is not a number", 0, "in quotes"),
        ("1e5", "`1e` is not a number", 0, "in quotes"),
        ("inputs.a | join", "`join` takes 1 value", 11, ""),
        ("inputs.a | lower('x')", "`lower` takes no values", 11, ""),
        ("inputs.a | split(1)", "`split` takes a text in quotes", 17, ""),
        ("inputs.a | split('')", "`split` needs at least one character", 17, ""),
        ("inputs.a | join(inputs.b)", "`join` takes a text in quotes", 22, ""),
        ("inputs.a is matching('(a+)+')", "a repeat contains another repeat", 21, "single characters"),
        ("inputs.a is matching('[')", "not a regular expression", 21, ""),
    ],
)
def test_a_refusal_says_where_what_and_what_would_be_right(source, message, offset, hint):
    """Each mistake has its words, its place and, where one is known, its remedy."""
    error = refusal_of(source)

    assert message in error.message
    assert error.offset == offset
    assert hint in (error.hint or "")


# fmt: off
PIECES = [
    "inputs", "reply", ".", ".a", ".items", "['x']", "[0]", "[inputs.k]", "(", ")", "[", "]", ",",
    "|", "~", "+", "-", "==", "!=", "<", "in", "not", "is", "and", "or", "if", "else", "'t'", "12",
    "1.5", "true", "none", "default(1)", "first", "join(',')", "named(inputs.m)", "put('a',1)",
    "defined", "matching('a+')", "*", "%", "{", "}", "${", "}}", "_", "__class__", "'", '"', "\\", "é",
]
# fmt: on


@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=14,
    ).map(" ".join)
    | st.text(max_size=40)
)
@settings(deadline=None, max_examples=400)
def test_any_text_is_compiled_or_refused_with_a_place(source):
    """Whatever is written, the outcome is an expression or a located refusal."""
    scope = {"inputs": {"a": 1, "k": "a", "m": {}, "items": [1]}, "reply": {"x": "y"}}

    try:
        expression = compile_expression(source, NAMES)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(source)  # noqa: PT017  both outcomes are fine
        return

    try:
        expression.evaluate(scope)
    except (EvaluationError, UrlError) as error:
        assert error.message  # noqa: PT017

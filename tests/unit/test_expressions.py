"""What an expression may do, what it gives, and what is refused at load."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.expressions import EvaluationError, ExpressionError, compile_expression
from connector_runtime.expressions.operators import equal
from connector_runtime.urls import Segments, UrlError
from connector_runtime.values import ABSENT, File, Secret

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


# Values -----------------------------------------------------------------------------------------


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
        ("inputs.none < 5", "`<` cannot compare null with a number"),
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


# Refusals ---------------------------------------------------------------------------------------

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


# References -------------------------------------------------------------------------------------


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


# Costs ------------------------------------------------------------------------------------------


def test_importing_the_language_loads_no_library():
    """Jinja is only loaded when the first expression is compiled."""
    code = (
        "import sys, connector_runtime.templates\n"
        "before = 'jinja2' in sys.modules\n"
        "connector_runtime.templates.compile_text('${ a }', ['a'])\n"
        "print(before, 'jinja2' in sys.modules)"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.split() == ["False", "True"]


def test_an_expression_is_compiled_once():
    """The same text with the same names gives the same compiled expression."""
    assert compile_expression("inputs.a", NAMES) is compile_expression("inputs.a", tuple(reversed(NAMES)))

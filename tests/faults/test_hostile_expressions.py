"""Expressions that try to get out, to eat the machine, or to be read a second time."""

from __future__ import annotations

import tracemalloc
from itertools import product
from typing import Any

import pytest

from connector_runtime.language.expressions.expression import ExpressionError
from connector_runtime.language.templates import compile_node, compile_text

NAMES = ("inputs", "reply", "tables", "secrets", "connection", "item", "fault")

# What an attacker begins with, and where it might lead.
BEGINNINGS = ["inputs.a", "''", "[]", "1", "true", "none", "reply", "(inputs)", "inputs['a']", "(1 ~ 2)"]
ESCAPES = [
    ".__class__",
    "['__class__']",
    '["__class__"]',
    ".__class__.__mro__[1].__subclasses__()",
    "['__class__']['__mro__'][1]['__subclasses__']()",
    ".__init__.__globals__['os'].popen('id')",
    ".__globals__",
    ".__dict__",
    ".__reduce__",
    ".__getattribute__('__class__')",
    ".mro()",
    ".format(inputs)",
    ".format_map(inputs)",
    " | attr('format')(inputs)",
    " | attr('__class__')",
    " | attr('__cl' ~ 'ass__')",
    " | map('attr', '__class__')",
    " | map(attribute='__class__')",
    " | xmlattr",
    " | tojson",
    " | pprint",
    " | string",
    " | safe",
    " | select('callable')",
    " | groupby('__class__')",
    "['\\x5f\\x5fclass\\x5f\\x5f']()",
    ".__\uff43lass__",
    ".\uff3f\uff3fclass\uff3f\uff3f",
    ".__class__ if inputs else ''",
    "()",
    "(self)",
    "(*inputs)",
    "[0:9:1]",
    "; import os",
    " }} {{ secrets }}",
]
WHOLE = [
    "self",
    "self._TemplateReference__context",
    "caller",
    "loop",
    "cycler.__init__.__globals__.os",
    "lipsum.__globals__['os']",
    "joiner.__init__",
    "namespace(a=1)",
    "range(9)",
    "dict(a=1)",
    "config",
    "request",
    "g",
    "get_flashed_messages",
    "url_for",
    "_",
    "gettext",
    "__import__('os')",
    "__builtins__",
    "exec('1')",
    "lambda: 0",
    "[x for x in inputs]",
    "{% for x in inputs %}{% endfor %}",
    "{% import 'os' as os %}",
    "{{ secrets }}",
    "{# x #}",
    "inputs.a := 1",
    "await inputs",
    "yield",
    "...",
]


@pytest.mark.plan("S-89")
@pytest.mark.parametrize("escape", ESCAPES)
def test_no_way_out_is_compiled(score, escape):
    """From whatever value an attacker starts: attributes, calls and foreign filters are refused at load."""
    for beginning in BEGINNINGS:
        with pytest.raises(ExpressionError):
            compile_text("${ " + beginning + escape + " }", NAMES)
    score("hostile", len(BEGINNINGS) - 1)


@pytest.mark.plan("S-89")
@pytest.mark.parametrize("source", WHOLE)
def test_no_name_of_an_engine_or_of_python_is_compiled(source):
    """What templates elsewhere offer is no name here, and neither is any builtin."""
    with pytest.raises(ExpressionError):
        compile_text("${ " + source + " }", NAMES)


MANY = 999_999_999
EATERS = [
    f"'a' * {MANY}",
    f"inputs.a * {MANY}",
    f"{MANY} ** {MANY}",
    "9 ** 9 ** 9",
    f"'a' | center({MANY})",
    f"'%0{MANY}d' | format(1)",
    f"'%{MANY}s' % 1",
    "'{:>999999999}'.format(1)",
    f"range({MANY}) | list",
    f"range({MANY}) | join",
    f"lipsum(n={MANY})",
    f"inputs.a | indent({MANY})",
    f"inputs.a | batch({MANY}, 'x')",
    f"inputs.a | slice({MANY})",
    f"inputs.a | wordwrap(1, false, 'x' * {MANY})",
    f"inputs.a | replace('', 'x' * {MANY})",
    f"inputs.a | truncate({MANY})",
    f"inputs.a.ljust({MANY})",
    f"inputs.a.zfill({MANY})",
    f"[1] * {MANY}",
    f"1 % {MANY}",
    f"1 / {MANY}",
    f"inputs.a | sum(start=[]) * {MANY}",
    "inputs.a is divisibleby(0)",
]
SHAPES = {
    "parentheses": lambda n: "(" * n + "1" + ")" * n,
    "open parentheses": lambda n: "(" * n,
    "lists": lambda n: "[" * n + "]" * n,
    "indexes": lambda n: "inputs[" * n + "'a'" + "]" * n,
    "members": lambda n: "inputs" + ".a" * n,
    "filters": lambda n: "inputs" + " | first" * n,
    "defaults": lambda n: "inputs.a" + " | default(inputs.b" * n + ")" * n,
    "not": lambda n: "not " * n + "true",
    "minus": lambda n: "-" * n + "1",
    "sums": lambda n: "1 + " * n + "1",
    "joins": lambda n: "'a' ~ " * n + "'a'",
    "comparisons": lambda n: "1 < " * n + "1",
    "choices": lambda n: "1 if 1 else " * n + "1",
    "and": lambda n: "true and " * n + "true",
    "items": lambda n: "[" + "1," * n + "1]",
    "a text": lambda n: "'" + "x" * n * 4 + "'",
    "an open text": lambda n: "'" + "x" * n * 4,
    "blanks": lambda n: "1" + " " * n * 4 + "~ 1",
    "escapes": lambda n: "'" + "\\'" * n * 2 + "'",
    "digits": lambda n: "1" * n * 4,
}  # fmt: skip


def peak_mib(source: str) -> float:
    """Compile what must be refused; return how much memory that took at its peak, in MiB."""
    tracemalloc.start()
    try:
        with pytest.raises(ExpressionError):
            compile_text("${ " + source + " }", NAMES)
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.plan("S-90")
@pytest.mark.parametrize("source", EATERS)
def test_what_would_eat_the_machine_is_never_evaluated(source):
    """Repeats, powers, padding and ranges are refused while they are still a few characters."""
    assert peak_mib(source) < 10


@pytest.mark.plan("S-90")
@pytest.mark.parametrize(("shape", "size"), [*product(SHAPES, [500, 20_000])])
def test_a_shape_that_only_grows_is_refused_cheaply(shape, size):
    """However deep or long an expression is, refusing it costs next to nothing."""
    assert peak_mib(SHAPES[shape](size)) < 10


@pytest.mark.plan("S-90")
def test_a_whole_value_full_of_expressions_is_refused_one_by_one():
    """A value of ten thousand texts stops at the first mistake."""
    with pytest.raises(ExpressionError):
        compile_node([{"a": "${ inputs.a * 9 }"}] * 10_000, NAMES)


# Data -------------------------------------------------------------------------------------------

METHODS = [
    "items",
    "keys",
    "values",
    "get",
    "pop",
    "popitem",
    "update",
    "copy",
    "clear",
    "setdefault",
    "fromkeys",
]
OF_LISTS = ["count", "index", "append", "sort", "reverse", "insert", "remove", "extend"]
OF_TEXTS = ["format", "upper", "lower", "split", "join", "title", "encode", "real", "imag"]


@pytest.mark.plan("S-92")
@pytest.mark.parametrize("key", [*METHODS, *OF_LISTS, *OF_TEXTS, "self", "class", "None", "true", "length"])
def test_a_key_that_is_named_like_a_method_is_the_key(key):
    """What a vendor sends under `items` is found, and where it is missing nothing else is."""
    value = object()
    member = compile_text("${ reply['" + key + "'] }", NAMES)

    assert member.render({"reply": {key: value}}) is value
    assert not member.render({"reply": {"other": 1}})
    assert not member.render({"reply": [1]})
    assert not member.render({"reply": "text"})
    if key not in ("None", "true"):
        dotted = compile_text("${ reply." + key + " }", NAMES)
        assert dotted.render({"reply": {key: value}}) is value
        assert not dotted.render({"reply": {}})


@pytest.mark.plan("S-92")
@pytest.mark.parametrize("key", ["__class__", "__dict__", "__init__", "__len__", "__x__", "__proto__"])
def test_a_dunder_is_no_key(key):
    """Not even data that has such a key is reached by it, neither written nor computed."""
    for source in (f"reply.{key}", f"reply['{key}']"):
        with pytest.raises(ExpressionError):
            compile_text("${ " + source + " }", NAMES)
    computed = compile_text("${ reply[inputs.key] }", NAMES)

    assert not computed.render({"reply": 1, "inputs": {"key": key}})
    assert not computed.render({"reply": "text", "inputs": {"key": key}})


CONFUSABLE = [
    "007", "0", "-0", "+1", "1e5", "1E5", "1.0", "1.", ".5", "0x10", "0o7", "0b1", "1_000", "٣", "\uff11",
    "True", "true", "False", "false", "yes", "no", "on", "off", "None", "none", "null", "~", "nan", "NaN",
    "inf", "-inf", "Infinity", "[1]", "{}", '{"a": 1}', "(1,)", "1,2", '"1"', "'1'", "", " ", " 1", "1 ",
    "2024-05-01", "12:30:00", "9" * 40, "-" + "9" * 40, "1" * 400, "0.1" + "0" * 40, "9007199254740993",
    "=1+1", "@x", "+x", "-x", "#x", "!x", "&x", "*x", "%x", "`x`", "|", ">", "---", "...", "<<", "? a",
    "\u00a01", "1\u200b", "١٢٣", "Ⅷ", "½", "²", "é", "e\u0301", "\ufeff1", "😀",
]  # fmt: skip
AROUND = ["{}", " {}", "{} ", "{}\n", "a{}", "{}a", "{0}{0}"]


@pytest.mark.plan("S-93")
@pytest.mark.parametrize("around", AROUND)
def test_a_text_stays_the_text_that_it_is(around):
    """Nothing that looks like a number, a constant, a list or a date becomes one on its way."""
    for one in CONFUSABLE:
        text = around.format(one.replace("{", "{{").replace("}", "}}")) if "{" in one else around.format(one)
        scope = {"inputs": {"a": text, "b": [text], "c": {text: text}}, "reply": {"json": {"x": text}}}
        node = compile_node(
            {"a": "${ inputs.a }", "b": "${ inputs.b }", "c": "${ inputs.c }", "d": "-${ inputs.a }"}, NAMES
        )

        made = node.render(scope)

        assert made == {"a": text, "b": [text], "c": {text: text}, "d": f"-{text}"}
        assert [type(value) for value in made.values()] == [str, list, dict, str]


@pytest.mark.plan("S-93")
@pytest.mark.parametrize("value", [0, 1, -1, 10**40, True, False, None, 1.5, [], {}, [1, "1"], {"a": None}])
def test_an_expression_gives_the_type_of_its_value(value: Any):
    """A number stays a number and a list that list; nothing goes through a text."""
    made = compile_text("${ inputs.a }", NAMES).render({"inputs": {"a": value}})

    assert made is value

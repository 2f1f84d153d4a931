"""A compiled check in front of the judge: says at once that a value fits, or is not sure.

jsonschema decides what is wrong and in which words. Most values fit, and then all
its work is for nothing: this compiles a schema's everyday keywords into closures.
Whatever it does not know, or cannot decide exactly as jsonschema would, is "not sure".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connector_runtime.language.expressions.patterns import MAX_TEXT_CHARACTERS, PatternError, compile_search

Test = Callable[[Any], bool]

# Keywords that judge nothing.
_WORDS = frozenset(
    {
        "$schema",
        "$id",
        "$anchor",
        "$comment",
        "$defs",
        "title",
        "description",
        "default",
        "examples",
        "format",
    }
    | {"readOnly", "writeOnly", "deprecated"}
)
# Deeper schemas, and those that refer to themselves, are the judge's.
_DEPTH_MAX = 20


class NotSureError(Exception):
    """The value or the schema has something that only the judge decides."""


def compile_quick(schema: Any, resolver: Any) -> Test | None:
    """Return a test that is true for values that fit, or None for a schema beyond it.

    The test raises `NotSureError` where it cannot say, and is exact otherwise.
    """
    try:
        return _compiled(schema, resolver, _DEPTH_MAX)
    except NotSureError:
        return None


def _compiled(schema: Any, resolver: Any, depth_left: int) -> Test:
    if schema is True:
        return lambda _value: True
    if not isinstance(schema, Mapping) or depth_left == 0:
        raise NotSureError

    def compiled(part: Any, at: Any = resolver) -> Test:
        return _compiled(part, at, depth_left - 1)

    tests: list[Test] = []
    for keyword, content in schema.items():
        if keyword in _WORDS or (keyword.startswith("x-") and keyword not in _KEYWORDS):
            continue
        make = _KEYWORDS.get(keyword)
        if make is None:
            raise NotSureError
        test = make(content, schema, compiled, resolver)
        if test is not None:
            tests.append(test)
    return _every(tests)


def _every(tests: Sequence[Test]) -> Test:
    """Return whether a value passes every test; written out for few, which is what schemas have."""
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)

    def test(value: Any) -> bool:
        for each in tests:  # noqa: SIM110  a generator costs more than the tests
            if not each(value):
                return False
        return True

    return test


_KINDS: dict[type, tuple[str, ...]] = {
    str: ("string",),
    bool: ("boolean",),
    int: ("integer", "number"),
    type(None): ("null",),
    dict: ("object",),
    list: ("array",),
}


def _type(content: Any, *_more: Any) -> Test:
    wanted = frozenset([content] if isinstance(content, str) else content)
    fits = {kind: not wanted.isdisjoint(names) for kind, names in _KINDS.items()}
    if "number" in wanted:
        fits[float] = True
    right = frozenset(kind for kind, is_right in fits.items() if is_right)

    def test(value: Any) -> bool:
        if type(value) in right:
            return True
        kind = dict if isinstance(value, dict) else type(value)
        try:
            return fits[kind]
        except KeyError:
            raise NotSureError from None

    return test


def _enum(content: Any, *_more: Any) -> Test:
    if not all(type(member) in (str, int, bool) or member is None for member in content):
        raise NotSureError
    texts = frozenset(member for member in content if type(member) is str)
    rest = [member for member in content if type(member) is not str]

    def test(value: Any) -> bool:
        if type(value) is str:
            return value in texts
        if type(value) in (int, bool) or value is None:
            return any(type(member) is type(value) and member == value for member in rest)
        raise NotSureError

    return test


def _const(content: Any, *_more: Any) -> Test:
    return _enum([content])


def _properties(content: Any, _schema: Any, compiled: Any, _resolver: Any) -> Test:
    tests = {name: compiled(part) for name, part in content.items()}

    def test(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        if len(tests) < len(value):
            here = [check(value[name]) for name, check in tests.items() if name in value]
            return all(here)
        for name, member in value.items():
            known = tests.get(name)
            if known is not None and not known(member):
                return False
        return True

    return test


def _additional(content: Any, schema: Any, compiled: Any, _resolver: Any) -> Test:
    if "patternProperties" in schema:
        raise NotSureError
    known = frozenset(schema.get("properties", {}))
    check = (lambda _value: False) if content is False else compiled(content)

    def test(value: Any) -> bool:
        if not isinstance(value, dict) or known >= value.keys():
            return True
        return all(name in known or check(member) for name, member in value.items())

    return test


def _required(content: Any, *_more: Any) -> Test:
    names = frozenset(content)
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _property_names(content: Any, _schema: Any, compiled: Any, _resolver: Any) -> Test:
    check = compiled(content)
    return lambda value: not isinstance(value, dict) or all(map(check, value))


def _dependent_required(content: Any, *_more: Any) -> Test:
    needs = {name: frozenset(others) for name, others in content.items()}

    def test(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all(others <= value.keys() for name, others in needs.items() if name in value)

    return test


def _dependent_schemas(content: Any, _schema: Any, compiled: Any, _resolver: Any) -> Test:
    tests = {name: compiled(part) for name, part in content.items()}

    def test(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all(check(value) for name, check in tests.items() if name in value)

    return test


def _unique(content: Any, *_more: Any) -> Test | None:
    if content is not True:
        return None

    def test(value: Any) -> bool:
        if type(value) is not list or len(value) < 2:
            return True
        if not all(type(item) is str for item in value):
            raise NotSureError
        return len(set(value)) == len(value)

    return test


def _items(content: Any, schema: Any, compiled: Any, _resolver: Any) -> Test:
    if "prefixItems" in schema:
        raise NotSureError
    check = compiled(content)
    return lambda value: type(value) is not list or all(check(member) for member in value)


def _size(kinds: Any, fits: Callable[[int, int], bool]) -> Callable[..., Test]:
    def make(content: Any, *_more: Any) -> Test:
        return lambda value: not isinstance(value, kinds) or fits(len(value), content)

    return make


def _amount(fits: Callable[[float, float], bool]) -> Callable[..., Test]:
    def make(content: Any, *_more: Any) -> Test:
        def test(value: Any) -> bool:
            if type(value) in (int, float):
                return fits(value, content)
            if type(value) in (str, bool, list) or value is None or isinstance(value, dict):
                return True
            raise NotSureError

        return test

    return make


def _pattern(content: Any, *_more: Any) -> Test:
    try:
        search = compile_search(content).search
    except PatternError:
        search = None

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return True
        if search is None or len(value) > MAX_TEXT_CHARACTERS:
            raise NotSureError
        return search(value) is not None

    return test


def _all_of(content: Any, _schema: Any, compiled: Any, _resolver: Any) -> Test:
    return _every([compiled(part) for part in content])


def _any_of(content: Any, _schema: Any, compiled: Any, _resolver: Any) -> Test:
    tests = [compiled(part) for part in content]
    return lambda value: any(test(value) for test in tests)


def _one_of(content: Any, _schema: Any, compiled: Any, _resolver: Any) -> Test:
    tests = [compiled(part) for part in content]
    return lambda value: sum(test(value) for test in tests) == 1


def _not(content: Any, _schema: Any, compiled: Any, _resolver: Any) -> Test:
    test = compiled(content)
    return lambda value: not test(value)


def _if(content: Any, schema: Any, compiled: Any, _resolver: Any) -> Test:
    condition = compiled(content)
    then, otherwise = compiled(schema.get("then", True)), compiled(schema.get("else", True))
    return lambda value: then(value) if condition(value) else otherwise(value)


def _reference(content: Any, _schema: Any, compiled: Any, resolver: Any) -> Test:
    if resolver is None:
        raise NotSureError
    found = resolver.lookup(content)
    test: Test = compiled(found.contents, found.resolver)
    return test


def _nothing(*_all: Any) -> None:
    """Judged together with another keyword."""


_KEYWORDS: dict[str, Callable[..., Test | None]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "propertyNames": _property_names,
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
    "uniqueItems": _unique,
    "items": _items,
    "minLength": _size(str, lambda size, bound: size >= bound),
    "maxLength": _size(str, lambda size, bound: size <= bound),
    "minItems": _size(list, lambda size, bound: size >= bound),
    "maxItems": _size(list, lambda size, bound: size <= bound),
    "minProperties": _size(dict, lambda size, bound: size >= bound),
    "maxProperties": _size(dict, lambda size, bound: size <= bound),
    "minimum": _amount(lambda value, bound: value >= bound),
    "maximum": _amount(lambda value, bound: value <= bound),
    "exclusiveMinimum": _amount(lambda value, bound: value > bound),
    "exclusiveMaximum": _amount(lambda value, bound: value < bound),
    "pattern": _pattern,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    "then": _nothing,
    "else": _nothing,
    "$ref": _reference,
}

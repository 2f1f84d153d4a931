"""Judging by JSON Schema at a bounded cost, whatever the schema and the value."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing.exceptions import Unresolvable

from connector_runtime.base.numbers import alike, as_float
from connector_runtime.language.expressions.patterns import MAX_TEXT_CHARACTERS, PatternError, compile_search
from connector_runtime.language.schemas.schema_grammar import DRAFT, misspelt, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector_runtime.language.schemas.schema_grammar import Misuse

# References that refer to themselves twice double the work at every level of the value.
MAX_REFERENCES = 20_000
_SAMPLES: tuple[Any, ...] = ({}, [], "", 0, None)
_spent = threading.local()


class TooCostlyError(Exception):
    """Judging this value by this schema would take too long."""


def judge_of(schema: Mapping[str, Any], registry: Any) -> Any:
    """Return a jsonschema validator of our own class for a schema.

    Args:
        schema: The schema, or a reference to one in the registry.
        registry: What references lead into; None for a schema of our own without any.
    """
    if registry is None:
        return _judge_class(is_ours=True)(schema)
    return _judge_class(is_ours=False)(schema, registry=registry)


def errors_of(judge: Any, value: Any) -> list[ValidationError]:
    """Return the library's errors for a value.

    Raises:
        TooCostlyError: The value is nested too deeply, or the schema doubles its work too often.
    """
    _spent.references = 0
    try:
        return list(judge.iter_errors(value))
    except RecursionError:
        raise TooCostlyError from None


def misuses(schema: Any, registry: Any, base: str) -> list[Misuse]:
    """Return what makes a schema unusable: pointer, message and hint of each mistake."""
    found = list(misspelt(schema))
    if found:
        return found
    resolver = registry.resolver(base)
    for pointer, part in parts_of(schema):
        if part.get("$schema", DRAFT) != DRAFT or ("$schema" in part and pointer):
            message = f"the language of record schemas is {DRAFT}"
            found.append(((*pointer, "$schema"), message, "name it once, at the top"))
        for pattern in [part.get("pattern", ""), *part.get("patternProperties", ())]:
            try:
                compile_search(pattern)
            except PatternError as error:
                found.append(((*pointer, "pattern"), error.message, error.hint))
        if "$ref" in part:
            try:
                resolver.lookup(part["$ref"])
            except (Unresolvable, ValueError):
                hint = "a reference leads to `#/…`, `#anchor` or another file below schemas/"
                found.append(((*pointer, "$ref"), f"there is nothing at `{part['$ref']}`", hint))
    return found or _loops(base, registry)


def _loops(base: str, registry: Any) -> list[Misuse]:
    judge = judge_of({"$ref": base}, registry)
    try:
        for sample in _SAMPLES:
            errors_of(judge, sample)
    except TooCostlyError:
        return [((), "the schema refers to itself without end", "take one of its references out")]
    return []


@functools.cache
def _judge_class(*, is_ours: bool) -> Any:
    checker = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "object": lambda _checker, value: isinstance(value, Mapping),
            "array": lambda _checker, value: isinstance(value, list | tuple),
            "number": lambda _checker, value: _is_number(value),
            "integer": lambda _checker, value: _is_whole(value),
        }
    )
    keywords = {
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
        "minimum": _amount(lambda value, bound: value >= bound),
        "maximum": _amount(lambda value, bound: value <= bound),
        "exclusiveMinimum": _amount(lambda value, bound: value > bound),
        "exclusiveMaximum": _amount(lambda value, bound: value < bound),
        "enum": _among("enum"),
        "const": _among("const"),
        "if": _if,
        "propertyNames": _property_names,
    }
    if not is_ours:
        keywords |= {"pattern": _pattern, "$ref": _reference}
    made: Any = extend(Draft202012Validator, keywords, type_checker=checker)  # type: ignore[no-untyped-call]
    return made


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return value.is_integer() if isinstance(value, float) else _is_number(value)


def _pattern(_judge: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, str):
        return
    if len(value) > MAX_TEXT_CHARACTERS:
        yield ValidationError("", validator="maxLength", validator_value=MAX_TEXT_CHARACTERS)
    elif not compile_search(pattern).search(value):
        yield ValidationError("")


def _unique_items(_judge: Any, wanted: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Compare what is the same by its hash: the library's way is quadratic."""
    if wanted and isinstance(value, list | tuple):
        seen: dict[Any, int] = {}
        for index, item in enumerate(value):
            first = seen.setdefault(_hashable(item), index)
            if first != index:
                yield ValidationError(f"{first},{index}")


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ("map", frozenset((key, _hashable(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(map(_hashable, value)))
    return (type(value) is bool, as_float(value) if isinstance(value, Decimal) else value)


def _amount(fits: Callable[[Any, Any], bool]) -> Callable[..., Iterator[ValidationError]]:
    """Compare as it is written: 0.10 is not less than 0.1, which the library takes for a little more."""

    def judged(_judge: Any, bound: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
        if _is_number(value) and not fits(*alike(value, bound)):
            yield ValidationError("")

    return judged


def _among(keyword: str) -> Callable[..., Iterator[ValidationError]]:
    judge_plain: Any = Draft202012Validator.VALIDATORS[keyword]

    def judged(judge: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        known = as_float(value) if isinstance(value, Decimal) else value
        return iter(judge_plain(judge, wanted, known, schema) or ())

    return judged


def _multiple_of(_judge: Any, step: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Divide exactly: the library's way crashes on long numbers."""
    if not _is_number(value):
        return
    try:
        with localcontext(prec=4400):
            fits = Decimal(str(value)) % Decimal(str(step)) == 0
    except InvalidOperation:
        fits = False
    if not fits:
        yield ValidationError("")


def _if(judge: Any, condition: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Remember the condition: a message can then say why something is needed."""
    holds = judge.evolve(schema=condition).is_valid(value)
    branch = "then" if holds else "else"
    if branch in schema:
        for error in judge.descend(value, schema[branch], schema_path=branch):
            if holds and not hasattr(error, "because"):
                error.because = condition
            yield error


def _property_names(judge: Any, schema: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Point at the key itself: the library points at the map."""
    if isinstance(value, Mapping):
        for key in value:
            for error in judge.descend(key, schema, path=key):
                error.is_about_key = True
                yield error


def _reference(judge: Any, reference: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    _spent.references += 1
    if _spent.references > MAX_REFERENCES:
        raise TooCostlyError
    yield from judge._validate_reference(ref=reference, instance=value)  # noqa: SLF001  as the library does

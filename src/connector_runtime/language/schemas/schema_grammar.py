"""Which keywords a record schema may have, and what each of them takes.

JSON Schema itself lets unknown keywords pass: a misspelt `requierd` would never be noticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Pointer = tuple[str | int, ...]
# Where, what, and what would be right.
Misuse = tuple[Pointer, str, str | None]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

_SCHEMA = [
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
]
_SCHEMAS = ["allOf", "anyOf", "oneOf", "prefixItems"]
_NAMED_SCHEMAS = ["properties", "patternProperties", "$defs", "dependentSchemas"]
_TEXT = [
    "title",
    "description",
    "$comment",
    "$schema",
    "$ref",
    "$anchor",
    "pattern",
    "format",
    "contentMediaType",
    "contentEncoding",
]
_COUNT = [
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
]
_NUMBER = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]
_FLAG = ["uniqueItems", "deprecated", "readOnly", "writeOnly"]
_LIST = ["enum", "examples"]
_ANY = ["const", "default"]


def parts_of(node: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Yield every schema inside a schema with its place, the schema itself first."""
    if not isinstance(node, dict):
        return
    yield pointer, node
    for key, value in node.items():
        if key in _SCHEMA:
            yield from parts_of(value, (*pointer, key))
        elif key in _SCHEMAS and isinstance(value, list):
            for index, part in enumerate(value):
                yield from parts_of(part, (*pointer, key, index))
        elif key in _NAMED_SCHEMAS and isinstance(value, dict):
            for name, part in value.items():
                yield from parts_of(part, (*pointer, key, name))


def misspelt(schema: Any) -> Iterator[Misuse]:
    """Yield what is no JSON Schema: unknown keywords, and values that keywords do not take."""
    if not isinstance(schema, dict):
        yield (), "a record schema is a map of keywords", None
    for pointer, part in parts_of(schema):
        for key, value in part.items():
            if key in _TAKES:
                wanted, fits = _TAKES[key]
                if not fits(value):
                    hint = _as_list(value) if wanted.startswith("a list") else None
                    yield (*pointer, key), f"`{key}` must be {wanted}", hint
            elif not key.startswith("x-"):
                yield (*pointer, key), f"there is no keyword `{key}`", _meant(key)


def _as_list(value: Any) -> str | None:
    return f"write it as a list: [{value}]" if isinstance(value, str | int | float) else None


def _meant(key: str) -> str:
    from connector_runtime.language.expressions.grammar import (  # noqa: PLC0415  only mistakes pay for it
        names_hint,
    )

    near = names_hint(key, _TAKES, what="keywords").partition(" keywords:")[0]
    return near if near.startswith("did") else "keys of your own start with x-"


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_type(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else bool(value) and _are_type_names(value)


def _are_type_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name in TYPES for name in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_TAKES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(_SCHEMA, ("a schema", _is_schema)),
    **dict.fromkeys(
        _SCHEMAS,
        (
            "a list of schemas",
            lambda value: isinstance(value, list) and all(map(_is_schema, value)) and value != [],
        ),
    ),
    **dict.fromkeys(
        _NAMED_SCHEMAS,
        ("a map of schemas", lambda value: isinstance(value, dict) and all(map(_is_schema, value.values()))),
    ),
    **dict.fromkeys(_TEXT, ("a text", lambda value: isinstance(value, str))),
    **dict.fromkeys(_COUNT, ("a whole number, 0 or more", _is_count)),
    **dict.fromkeys(_NUMBER, ("a number", _is_number)),
    **dict.fromkeys(_FLAG, ("true or false", lambda value: isinstance(value, bool))),
    **dict.fromkeys(_LIST, ("a list", lambda value: isinstance(value, list))),
    **dict.fromkeys(_ANY, ("any value", lambda _value: True)),
    "type": (f"one of {', '.join(TYPES)}, or a list of them", _is_type),
    "multipleOf": ("a number above 0", lambda value: _is_number(value) and value > 0),
    "required": ("a list of texts", _are_texts),
    "dependentRequired": (
        "a map of lists of texts",
        lambda value: isinstance(value, dict) and all(map(_are_texts, value.values())),
    ),
}

KEYWORDS = frozenset(_TAKES)

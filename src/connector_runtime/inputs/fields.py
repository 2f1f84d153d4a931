"""Texts of key/value lists become what the record's fields are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.errors import InputError
from connector_runtime.inputs.json_texts import read_json
from connector_runtime.inputs.keyvalues import Pairs
from connector_runtime.inputs.refusals import Refusal
from connector_runtime.inputs.types.boolean import read_boolean
from connector_runtime.inputs.types.integer import read_integer
from connector_runtime.inputs.types.number import read_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.language.schemas.validator import Validator


def typed_fields(values: Mapping[str, Any], validator: Validator) -> dict[str, Any]:
    """Return a record whose texts have the types of its fields, see `fitted`.

    Raises:
        InputError: A text cannot become what its field is; names the field.
    """
    try:
        return fitted(values, validator)
    except Refusal as refusal:
        problem = refusal
    raise InputError(problem.message, kind="input", hint=problem.hint)


def fitted(values: Mapping[str, Any], validator: Validator) -> dict[str, Any]:
    """Return a record whose texts have the types of its fields.

    A text becomes a number, a boolean, or what its JSON says, where the field is that and
    cannot be a text. Every other value stays as it is: a text of a field that may be text,
    a text of an unknown field, blank text, and whatever is no text.

    Args:
        values: The record; repeats of a `Pairs` are kept.
        validator: What knows the fields' types.

    Raises:
        Refusal: A text cannot become what its field is; names the field.
    """
    pairs = getattr(values, "pairs", None)
    if pairs is not None:
        return Pairs([(name, _typed(name, value, validator)) for name, value in pairs])
    typed_names = validator.typed_names
    found = {name: _typed(name, value, validator) for name, value in values.items() if name in typed_names}
    return {**values, **found}


def _typed(name: str, value: Any, validator: Validator) -> Any:
    if type(value) is not str or name not in validator.typed_names or not value.strip():
        return value
    try:
        return _of_type(value, validator.type_of(name))
    except Refusal as refusal:
        problem = refusal
    raise Refusal(f"{name}: {problem.message}", problem.hint)


def _of_type(text: str, types: frozenset[str]) -> Any:
    stripped = text.strip()
    if "null" in types and stripped == "null":
        return None
    if types & {"object", "array"} and (stripped[0] in "[{" or not types & {"number", "integer", "boolean"}):
        return read_json(text, '["one", "two"]' if "array" in types else '{"name": "text"}')
    if "boolean" in types and not types & {"number", "integer"}:
        return read_boolean(text)
    if "number" in types:
        return read_number(text)
    return read_integer(text) if "integer" in types else text

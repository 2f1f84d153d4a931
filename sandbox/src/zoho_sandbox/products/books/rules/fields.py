"""Request bodies against the documented fields: types, lengths, allowed values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.rules.catalogue import Spec, empty_value
from zoho_sandbox.products.books.rules.errors import label, refusal
from zoho_sandbox.products.books.rules.money import number, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\Z")
_BOOLEANS = {"true": True, "false": False}


def read_fields(specs: Mapping[str, Spec], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the documented fields of a body, each in its own type.

    Unknown names are dropped, as the server drops them. Text of blanks counts as empty;
    null becomes the field's empty value.

    Raises:
        RefusedError: a wrong type (2), a value outside the allowed ones (2), a text too long (15).
    """
    return {name: read_value(name, spec, body[name]) for name, spec in specs.items() if name in body}


def refuse_unknown(specs: Mapping[str, Spec], body: Mapping[str, Any], known: Iterable[str] = ()) -> None:
    """Refuse a body with a key that is documented nowhere, also inside its lists and objects.

    # choice: the code and the words; Zoho passes over such keys.

    Args:
        known: More keys that are allowed outermost.

    Raises:
        RefusedError: code 2, naming the first such key.
    """
    for name, value in body.items():
        spec = specs.get(name)
        if spec is None:
            if name not in known and not name.startswith("cf_"):
                raise refusal("invalid_value", value=name)
            continue
        for inner in value if isinstance(value, list) else (value,):
            if spec.get("of") and isinstance(inner, dict):
                refuse_unknown(spec["of"], inner)


def require_fields(specs: Mapping[str, Spec], values: Mapping[str, Any]) -> None:
    """Refuse a body that lacks a required field or leaves it empty.

    Raises:
        RefusedError: code 4, naming the first missing field.
    """
    for name, spec in specs.items():
        if spec.get("required") and values.get(name) in (None, "", [], {}):
            raise refusal("missing_value", value=label(name))


def read_value(name: str, spec: Spec, value: Any) -> Any:
    """Return one value in the type its spec names."""
    kind = spec.get("type", "string")
    if value is None:
        return empty_value(spec)
    if kind == "string":
        return _text(name, spec, value)
    if kind in ("array", "object"):
        return _nested(name, spec, value)
    if isinstance(value, str) and not value.strip():
        return empty_value(spec)
    return _scalar(name, kind, value)


def _text(name: str, spec: Spec, value: Any) -> str:
    if isinstance(value, dict | list):
        raise refusal("invalid_value", value=label(name))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not text.strip():
        return ""
    if "max" in spec and len(text) > spec["max"]:
        raise refusal("too_long", value=name, max=spec["max"])
    if "in" in spec and text not in spec["in"]:
        raise refusal("invalid_value", value=name)
    if (name == "date" or name.endswith("_date")) and not _DATE.match(text):
        raise refusal("invalid_value", value=label(name))
    return text


def _nested(name: str, spec: Spec, value: Any) -> Any:
    children = spec.get("of")
    if spec["type"] == "object":
        if not isinstance(value, dict):
            raise refusal("invalid_value", value=label(name))
        return read_fields(children, value) if children else value
    if not isinstance(value, list):
        raise refusal("invalid_value", value=label(name))
    if not children:
        return value
    if not all(isinstance(entry, dict) for entry in value):
        raise refusal("invalid_value", value=label(name))
    return [read_fields(children, entry) for entry in value]


def _scalar(name: str, kind: str, value: Any) -> Any:
    if kind == "boolean":
        found = value if isinstance(value, bool) else _BOOLEANS.get(str(value).lower())
        if found is None:
            raise refusal("invalid_value", value=label(name))
        return found
    amount = number(value)
    if amount is None or (kind == "integer" and amount != amount.to_integral_value()):
        raise refusal("invalid_value", value=label(name))
    return int(amount) if kind == "integer" else padded(amount)

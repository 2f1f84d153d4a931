"""How search compares: ``equals`` on text means "contains"; case never matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model import times
from zoho_sandbox.products.crm.model.values import as_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zoho_sandbox.products.crm.model.schema import Field

# The word for an empty field in a condition.
_EMPTY = "${empty}"


def comparable(field: Field, stored: Any) -> Any:
    """Return a stored value in the form in which search compares it."""
    if stored is None:
        return None
    if field.is_lookup:
        return str(stored["id"])
    if isinstance(stored, list):
        return [str(one).casefold() for one in stored]
    if field.type == "bigint" and str(stored).lstrip("-").isdigit():
        return int(stored)
    return stored.casefold() if isinstance(stored, str) else stored


def given(field: Field, text: str) -> Any:
    """Return a value of the criteria in the form of :func:`comparable`, None if it is none."""
    if text.casefold() == _EMPTY:
        return _EMPTY
    if field.type == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    if field.type == "date":
        return text if times.read_date(text) else None
    if field.type == "datetime":
        normal = times.normal(text)
        return normal.casefold() if normal else None
    if field.traits["search"] == "number":
        return as_number(text)
    return text.casefold()


def _equals(field: Field, value: Any, wanted: Sequence[Any]) -> bool:
    if wanted[0] == _EMPTY:
        return value in (None, [])
    if isinstance(value, list):
        return all(part in value for part in str(wanted[0]).split(";"))
    if isinstance(value, str) and field.traits["search"] in ("text", "textarea"):
        return str(wanted[0]) in value
    return bool(value == wanted[0])


def _starts(_field: Field, value: Any, wanted: Sequence[Any]) -> bool:
    texts = value if isinstance(value, list) else [value]
    return any(isinstance(text, str) and text.startswith(str(wanted[0])) for text in texts)


def _within(_field: Field, value: Any, wanted: Sequence[Any]) -> bool:
    if isinstance(value, list):
        return any(one in wanted for one in value)
    return value in wanted


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Field, Any, Sequence[Any]], bool]:
    return lambda _field, value, wanted: value is not None and compare(value, wanted[0])


TESTS: dict[str, Callable[[Field, Any, Sequence[Any]], bool]] = {
    "equals": _equals,
    "not_equal": lambda field, value, wanted: not _equals(field, value, wanted),
    "starts_with": _starts,
    "in": _within,
    "between": lambda _field, value, wanted: value is not None and wanted[0] <= value <= wanted[1],
    "greater_equal": _ordered(lambda a, b: bool(a >= b)),
    "greater_than": _ordered(lambda a, b: bool(a > b)),
    "less_equal": _ordered(lambda a, b: bool(a <= b)),
    "less_than": _ordered(lambda a, b: bool(a < b)),
}

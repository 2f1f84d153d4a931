"""Columns of a query: which fields a path runs through, and its value in a record."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.coql import refusals
from zoho_sandbox.products.crm.model import store, times
from zoho_sandbox.products.crm.model.schema import Field, Module, targets
from zoho_sandbox.products.crm.model.values import as_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoho_sandbox.products.crm.coql.syntax import Literal, Path, Step
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.visit import Visit

ID = Field(api_name="id", type="bigint", id="0", label="Record Id")
_MAX_JOINS_DEEP = 2


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A resolved path: the lookups to follow, each with its target, and the last field."""

    module: Module
    lookups: tuple[tuple[Field, Module | None], ...]
    field: Field
    text: str

    @property
    def family(self) -> str:
        """The operator family of the last field."""
        return str(self.field.traits["coql"])


class Resolver:
    """Finds the fields of paths, and follows them through the records."""

    def __init__(self, visit: Visit, module: Module) -> None:
        self._visit = visit
        self._module = module
        self._found: dict[tuple[str, str], Json | None] = {}

    def route(self, path: Path) -> FieldPath:
        """Return the fields a path runs through.

        Raises:
            RefusedError: INVALID_QUERY, there is no such column; SYNTAX_ERROR, not covered.
        """
        if len(path.steps) - 1 > _MAX_JOINS_DEEP:
            raise refusals.unsupported()
        module: Module | None = self._module
        lookups = []
        for step in path.steps[:-1]:
            field = self._field(module, step, path)
            module = self._target(field, step, path)
            lookups.append((field, module))
        last = path.steps[-1]
        if last.module is not None:
            raise refusals.unsupported()
        field = ID if last.name == "id" else self._field(module, last, path)
        return FieldPath(self._module, tuple(lookups), field, path.text)

    def value(self, route: FieldPath, record: Json | None) -> Any:
        """Return the stored value at the end of a route, None where the way breaks off."""
        for field, module in route.lookups:
            link = record.get(field.api_name) if record else None
            if link is None or (module and link.get("module", module.api_name) != module.api_name):
                return None
            record = self._record(module, link["id"]) if module else link
        value = record.get(route.field.api_name) if record else None
        if value is None or route.field.type != "lookup":
            return value
        # A lookup whose target was deleted is empty.
        target = self._visit.schema.modules[value["module"]]
        return value if self._record(target, value["id"]) else None

    def _field(self, module: Module | None, step: Step, path: Path) -> Field:
        field = module.fields.get(step.name) if module else None
        if field is None:
            raise refusals.query("column given seems to be invalid", column_name=path.text)
        return field

    def _target(self, field: Field, step: Step, path: Path) -> Module | None:
        if field.type in ("ownerlookup", "userlookup"):
            return None  # only .id lies behind a user
        if field.type != "lookup":
            raise refusals.query("unsupported column", column_name=path.text)
        found = targets(self._visit.schema, field)
        if step.module is not None:
            found = [module for module in found if module.api_name == step.module]
        if len(found) != 1:
            raise refusals.query("unsupported column", column_name=path.text)
        return found[0]

    def _record(self, module: Module, record_id: str) -> Json | None:
        key = (module.api_name, record_id)
        if key not in self._found:
            self._found[key] = store.find(self._visit.state, module, record_id)
        return self._found[key]


def comparable(field: Field, stored: Any) -> Any:
    """Return a stored value in the form in which the query compares and sorts it."""
    # choice: upper and lower case of texts are equal; the pages do not say.
    if stored is None:
        return None
    if field.type in ("bigint", "autonumber") and str(stored).lstrip("-").isdigit():
        return int(stored)
    if field.is_lookup:
        return str(stored["id"])
    if field.type == "multiselectpicklist":
        return ";".join(sorted(str(value).casefold() for value in stored))
    return stored.casefold() if isinstance(stored, str) else stored


def given(route: FieldPath, literal: Literal) -> Any:
    """Return a value of the query in the form of :func:`comparable`.

    Raises:
        RefusedError: INVALID_QUERY, the value does not go with the column's type.
    """
    value = _given(route.field, literal)
    if value is None:
        raise refusals.wrong_value(route.text)
    return value


def _given(field: Field, literal: Literal) -> Any:
    read = _READERS.get(field.type)
    if read is not None:
        return read(literal.text)
    if literal.kind != "string":
        return None
    if field.type == "multiselectpicklist":
        return ";".join(sorted(part.casefold() for part in literal.text.split(";")))
    return literal.text.casefold()


def _digits(text: str) -> str | None:
    return text if text.isascii() and text.isdigit() else None


def _whole(text: str) -> int | None:
    return int(text) if _digits(text.removeprefix("-")) else None


def _instant(text: str) -> str | None:
    normal = times.normal(text)
    return normal.casefold() if normal else None


# How a value is read for columns that are no texts; None when it does not fit.
_READERS: dict[str, Callable[[str], Any]] = {
    "bigint": _whole,
    "autonumber": _whole,
    "boolean": lambda text: {"true": True, "false": False}.get(text.lower()),
    "date": lambda text: text if times.read_date(text) else None,
    "datetime": _instant,
    **dict.fromkeys(("lookup", "ownerlookup", "userlookup"), _digits),
    **dict.fromkeys(("integer", "double", "currency", "percent"), as_number),
}


def is_numeric(value: Any) -> bool:
    """Say whether a comparable value is a number."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)

"""What a row carries beside its module's fields: the keys with `$`, and what v2 has of its own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.products.crm.model import people
from zoho_sandbox.products.crm.model.schema import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit


@cache
def names_of(module_name: str, rows: str) -> tuple[str, ...]:
    """Return the keys that every row of a module carries.

    Args:
        module_name: API name of the module.
        rows: Which rows they are: `v2` or `later`.
    """
    table = _keys()
    if module_name in table["only"]:
        return tuple(table["only"][module_name])
    by_module = table["rows"][rows]
    return (*by_module["all"], *by_module.get(module_name, by_module["other"]))


def values_of(visit: Visit, module: Module, record: Json, names: Iterable[str]) -> Json:
    """Return those of some keys that there are, with what they hold in a record."""
    table = _keys()
    activities = table["activities"]
    known = table["values"]
    if module.api_name in activities["modules"]:
        known = {**known, **activities["values"]}
    found: Json = {}
    for name in names:
        if name in _TOLD:
            found[name] = _TOLD[name](visit, module, record)
        elif name in known:
            found[name] = known[name]
    return found


def as_v2(module: Module, row: Json) -> Json:
    """Return a row as v2 shows it: without what came later, with what it has beside."""
    table = _v2()
    name = module.api_name
    hidden = {*table["hidden"]["all"], *table["hidden"].get(name, ())}
    shown = {key: value for key, value in row.items() if key not in hidden}
    for key in table["beside"].get(name, ()):
        shown.setdefault(key, None)
    for key, parts in table["addresses"].get(name, {}).items():
        shown[key] = ", ".join(str(row[part]) for part in parts if row.get(part))
    for key in table["lists"].get(name, ()):
        shown[key] = shown.get(key) or []
    return shown


def _keys() -> Json:
    found: Json = package_yaml(PACKAGE, "data", "system_keys.yaml")
    return found


def _v2() -> Json:
    found: Json = package_yaml(PACKAGE, "data", "v2_rows.yaml")
    return found


def _currency(visit: Visit, _module: Module, _record: Json) -> Any:
    return people.organisation(visit.state)["currency_symbol"]


def _layout(_visit: Visit, module: Module, _record: Json) -> Json:
    return {"name": "Standard", "display_label": "Standard", "id": module.layout_id}


def _event_uid(_visit: Visit, module: Module, record: Json) -> str | None:
    # choice: an event's own mark is told from its id; tasks have none in recorded rows.
    return f"{record['id']}@zoho-sandbox" if module.api_name == "Events" else None


_TOLD: dict[str, Any] = {
    "$approval_state": lambda _visit, _module, record: record.get("$approval_state", "approved"),
    "$converted": lambda _visit, _module, record: bool(record.get("Converted__s")),
    # choice: the filled form is not shown anywhere; the details of a conversion stand in the fields.
    "$converted_detail": lambda _visit, _module, _record: {},
    "$currency_symbol": _currency,
    "$layout_id": _layout,
    "$se_module": lambda _visit, _module, record: record.get("$se_module"),
    "$u_id": _event_uid,
}

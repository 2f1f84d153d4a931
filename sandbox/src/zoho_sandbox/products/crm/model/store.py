"""Records at rest: kept by module, found by id or by the value of a keyed field.

A stored record holds lookups as ``{"id": …}`` and tags as ids; names are looked up
when it is shown, so a renamed account is renamed everywhere.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model import computed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoho_sandbox.core.orders import Order
    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Field, Module

CONVERTED = "converted"
_PARENTS = {"true": CONVERTED, "false": "", "both": None}


def find(state: State, module: Module, record_id: str) -> Json | None:
    """Return one record, or None."""
    return state.get(module.kind, record_id)


def keep(state: State, module: Module, record: Json, *, old: Json | None = None) -> None:
    """Store a record, new or changed, and the values it can be found by."""
    computed.compute(state, module, record, old)
    state.put(module.kind, record["id"], record, parent=_parent(record))
    for field in module.keyed_fields:
        before = key_of(field, old.get(field.api_name)) if old else None
        after = key_of(field, record.get(field.api_name))
        if before != after:
            _key(state, module, field, record["id"], after)


def forget(state: State, module: Module, record: Json) -> None:
    """Remove a record and the values it was found by."""
    state.delete(module.kind, record["id"])
    for field in module.keyed_fields:
        _key(state, module, field, record["id"], None)


def rekey(state: State, module: Module) -> None:
    """Rebuild the keyed values of a module whose fields were changed by a seed."""
    state.delete_all(_keys(module))
    for record in state.scan(module.kind):
        for field in module.keyed_fields:
            after = key_of(field, record.get(field.api_name))
            _key(state, module, field, record["id"], after)


def matches(state: State, module: Module, field: Field, value: Any) -> list[Json]:
    """Return the records that hold a value in a keyed field, oldest first."""
    key = key_of(field, value)
    if key is None:
        return []
    rows = state.find(_keys(module), parent=f"{field.api_name}={key}")
    found = (state.get(module.kind, row["id"]) for row in rows)
    return sorted((record for record in found if record), key=lambda record: record["id"])


def key_of(field: Field, value: Any) -> str | None:
    """Return the form in which values of a field are compared, None for no value.

    Upper and lower case are equal unless the field is marked case-sensitive.
    """
    if value is None or isinstance(value, dict | list):
        return None
    return str(value) if field.unique == "sensitive" else str(value).casefold()


def order(state: State, module: Module, by: str, *, converted: str = "both") -> Order:
    """Return the records in the order of a field of text, or of the id.

    Args:
        converted: ``true``, ``false`` or ``both``.
    """
    return state.order(module.kind, by, parent=_PARENTS[converted])


def modified_after(state: State, module: Module, moment: str, *, is_inclusive: bool = False) -> list[str]:
    """Return the ids of records changed after a moment, or at it; it is written as stored times are."""
    keys = order(state, module, "Modified_Time").keys
    # No id is greater than this character, and none is smaller than nothing.
    start = bisect_left(keys, (moment, "" if is_inclusive else "\uffff"))
    return [record_id for _, record_id in keys[start:]]


def records(state: State, module: Module, *, converted: str = "both") -> Iterator[Json]:
    """Yield records in the order they were made; ``converted`` is true, false or both."""
    return state.scan(module.kind, parent=_PARENTS[converted])


def count(state: State, module: Module, *, converted: str) -> int:
    """Return how many records :func:`records` would yield."""
    return state.count(module.kind, parent=_PARENTS[converted])


def display_name(module: Module, record: Json) -> str | None:
    """Return what a lookup that points at the record shows."""
    name = record.get(module.name_field)
    return None if name is None else str(name)


def belonging(state: State, module: Module, owner: Module, owner_id: str) -> list[Json]:
    """Return the notes or attachments of one record, the oldest first."""
    return state.find(module.kind, parent=f"{owner.api_name}/{owner_id}")


def _parent(record: Json) -> str:
    owner = record.get("Parent_Id")
    if isinstance(owner, dict):
        return f"{owner['module']}/{owner['id']}"
    return CONVERTED if record.get("Converted__s") else ""


def _keys(module: Module) -> str:
    return f"crm/keys/{module.api_name}"


def _key(state: State, module: Module, field: Field, record_id: str, key: str | None) -> None:
    name = f"{field.api_name}/{record_id}"
    if key is None:
        state.delete(_keys(module), name)
    else:
        state.put(_keys(module), name, {"id": record_id}, parent=f"{field.api_name}={key}")

"""What was changed of records, kept for their timelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_FIRST, _PER_REQUEST = 111111000500000000, 100_000
_AUDITED = ("Modified_Time", "Modified_By", "id")


def note(visit: Visit, module: Module, record: Json, old: Json) -> None:
    """Keep which fields of a record were changed, with both values, by whom and when."""
    fields = {
        name: {"new": record.get(name), "old": old.get(name)}
        for name in module.fields
        if name not in _AUDITED and record.get(name) != old.get(name)
    }
    if not fields:
        return
    action = "owner_assigned" if set(fields) == {"Owner"} else "updated"
    entry: Json = {
        "id": _next_id(visit),
        "by": visit.call.grant.user_id,
        "time": visit.now(),
        "action": action,
        "fields": fields,
    }
    visit.state.put(_kind(module), entry["id"], entry, parent=record["id"])


def _next_id(visit: Visit) -> str:
    # Counted once a request, and then by what it changed: a counter for each record would cost
    # as much as writing it.
    if not visit.history_start:
        visit.history_start = visit.state.number("crm/history", start=_FIRST, step=_PER_REQUEST)
    visit.history_start += 1
    return str(visit.history_start)


def of(state: State, module: Module, record_id: str) -> list[Json]:
    """Return the changes of a record, the oldest first."""
    return sorted(state.find(_kind(module), parent=record_id), key=lambda entry: int(entry["id"]))


def _kind(module: Module) -> str:
    return f"crm/history/{module.api_name}"

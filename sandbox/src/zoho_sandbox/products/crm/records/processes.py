"""The processes of blueprints, as a seed describes them.

``blueprints: {Leads: {name: Nurturing, field: Lead_Status, transitions: [{name: Call, from: New,
to: Contacted, fields: [Phone]}]}}``
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model.answers import refuse_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module

_KIND = "crm/blueprints"
_ID_START = 111111000000342000
# Beside an item of an update: the blueprint itself moves the record.
MOVING = "$blueprint"


def plant(state: State, module: Module, spec: Mapping[str, Any]) -> None:
    """Put the records of a module into a process.

    Raises:
        ValueError: the process names no field of the module, or no transitions.
    """
    names = [spec.get("field"), *(name for t in spec.get("transitions", []) for name in t.get("fields", []))]
    if not spec.get("transitions") or any(name not in module.fields for name in names):
        raise ValueError(f"the blueprint of {module.api_name} wants a field of the module and transitions")
    first = _ID_START + module.sequence * 100
    transitions = [{**one, "id": str(first + n)} for n, one in enumerate(spec["transitions"], 1)]
    process = {"id": str(first), "name": "Process", **spec, "transitions": transitions}
    state.put(_KIND, module.api_name, process)


def of(state: State, module: Module, record: Json) -> Json | None:
    """Return the process that a record is in, None when it is in none."""
    process = state.conclude(_KIND, module.api_name, lambda: state.get(_KIND, module.api_name))
    return process if process is not None and leaving(process, record) else None


def check(state: State, module: Module, record: Json, item: Json) -> None:
    """Refuse to write the field of a process past the process.

    Raises:
        ItemRefusedError: RECORD_IN_BLUEPRINT.
    """
    process = None if MOVING in item else of(state, module, record)
    here = record.get(process["field"]) if process else None
    if process is not None and item.get(process["field"], here) != here:
        # choice: the sentence; older files print the code.
        details = {"api_name": process["field"], "id": record["id"]}
        raise refuse_item("RECORD_IN_BLUEPRINT", "record is in a blueprint process", details)


def leaving(process: Json, record: Json) -> list[Json]:
    """Return the transitions that a record can take."""
    return [one for one in process["transitions"] if one["from"] == record.get(process["field"])]

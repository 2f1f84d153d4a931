"""Blueprints: the processes that a seed describes, and the transitions of a record in one.

A record is in a process as long as its field has a value that some transition leaves.

source: https://www.zoho.com/crm/developer/docs/api/v7/blueprint-details.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    ItemRefusedError,
    Json,
    RefusedError,
    missing_param,
    refuse,
    success,
)
from zoho_sandbox.products.crm.model.visit import Visit, as_object
from zoho_sandbox.products.crm.records import metadata, processes, records, related
from zoho_sandbox.products.crm.records.drafting import Writer

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Module

# What a transition takes that is no field of the record.
_BESIDE = ("Notes", "Attachments", "CheckLists")


def get(visit: Visit) -> Answer:
    """Return the process of the record, and the transitions it can take."""
    module, record, process = _place(visit)
    field = module.fields[process["field"]]
    info = {
        "field_id": field.id,
        "is_continuous": False,
        "api_name": field.api_name,
        "continuous": False,
        "field_label": field.label,
        "name": process["name"],
        "column_name": field.api_name.upper(),
        "field_value": record.get(field.api_name),
        "id": process["id"],
        "field_name": field.label,
        "escalation": None,
    }
    found = [_shown(visit, module, record, process, one) for one in processes.leaving(process, record)]
    return Answer(200, {"blueprint": {"process_info": info, "transitions": found}})


def put(visit: Visit) -> Answer:
    """Take one transition; with too few of its fields the record is saved and stays where it is."""
    module, record, process = _place(visit)
    try:
        item = as_object(visit.items("blueprint", limit=1)[0], "$.blueprint[0]", "blueprint")
        wanted = item.get("transition_id")
        if wanted is None:
            raise missing_param("transition_id", "mandatory param missing")
        one = next((t for t in processes.leaving(process, record) if t["id"] == str(wanted)), None)
        if one is None:
            raise refuse("INVALID_DATA", "invalid transition", {"api_name": "transition_id"})
        data = as_object(item.get("data") or {}, "$.blueprint[0].data", "data")
        return _taken(visit, (module, record, process), one, data)
    except ItemRefusedError as refused:
        raise RefusedError(Answer(400, refused.item)) from refused


def _taken(visit: Visit, place: tuple[Module, Json, Json], one: Json, data: Json) -> Answer:
    module, record, process = place
    fields = {name: value for name, value in data.items() if name in module.fields}
    unknown = [name for name in data if name not in fields and name not in (*_BESIDE, "widget")]
    if unknown:
        raise refuse("INVALID_DATA", INVALID_DATA, {"api_name": unknown[0], "message": "unknown field"})
    missing = [name for name in one.get("fields", ()) if not fields.get(name) and not record.get(name)]
    if not missing:
        fields[process["field"]] = one["to"]
    writer = Writer.of(visit, module)
    if fields:
        records.update(writer, 0, {**fields, processes.MOVING: True}, record)
    visit.effect("transition", module.api_name, record["id"], key=one["name"])
    if missing:
        return Answer(200, success("transition saved partially", {}))
    return Answer(200, success("transition updated successfully", {}))


def _place(visit: Visit) -> tuple[Module, Json, Json]:
    module, record = related.owner(visit)
    process = processes.of(visit.state, module, record)
    if process is None:
        raise refuse("RECORD_NOT_IN_PROCESS", "record not in process")
    return module, record, process


def _shown(visit: Visit, module: Module, record: Json, process: Json, one: Json) -> Json:
    names = one.get("fields", ())
    following = [t for t in process["transitions"] if t["from"] == one["to"]]
    return {
        "next_transitions": [{"id": t["id"], "name": t["name"], "type": "manual"} for t in following],
        "parent_transition": None,
        "percent_partial_save": 0,
        "execution_time": None,
        "data": {name: record.get(name) for name in names},
        "next_field_value": one["to"],
        "name": one["name"],
        "criteria_matched": True,
        "id": one["id"],
        "fields": [_field(visit, module, record, name, n) for n, name in enumerate(names, 1)],
        "criteria_message": None,
        "sequence": process["transitions"].index(one) + 1,
        "type": "manual",
        "color_code": None,
        "text_color_code": None,
    }


def _field(visit: Visit, module: Module, record: Json, name: str, number: int) -> Json:
    told: dict[str, Any] = metadata.field(visit, module, module.fields[name])
    return {
        **told,
        "layouts": {"name": "Standard", "id": module.layout_id},
        "content": record.get(name),
        "validation_rule": None,
        "mandatory": True,
        "personality_name": None,
        "transition_sequence": number,
        "_type": "fields",
    }

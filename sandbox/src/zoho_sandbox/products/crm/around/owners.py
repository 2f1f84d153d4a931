"""Give records another owner: one, several, or all of a view.

source: https://www.zoho.com/crm/developer/docs/api/v7/change-owner.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.around import jobs, many
from zoho_sandbox.products.crm.model import people, store
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    UNKNOWN_ID,
    Json,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.records import records, related
from zoho_sandbox.products.crm.records.drafting import Writer

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_MOST_MODULES = 5
_DONE = "owner is successfully updated"


def change_one(visit: Visit) -> Answer:
    """Change the owner of the record of the path."""
    module, record = related.owner(visit)
    owner = _owner(visit)
    return results(records.each_id([record["id"]], lambda _n, one: _change(visit, module, one, owner)))


def change_many(visit: Visit) -> Answer:
    """Change the owner of up to 500 records."""
    module = visit.module(visit.call.segments[0])
    if "ids" not in visit.body():
        raise refuse("MANDATORY_NOT_FOUND", REQUIRED_FIELD, {"api_name": "ids", "json_path": "$.ids"})
    ids, owner = many.ids_of(visit.body()), _owner(visit)
    done = records.each_id(ids, lambda _n, one: _change(visit, module, one, owner))
    return results(done, mixed=records.mixed(visit))


def change_view(visit: Visit) -> Answer:
    """Change the owner of all records of a view, as a job."""
    module = visit.module(visit.call.segments[0])
    if "cvid" not in visit.body():
        details = {"api_name": "cvid", "json_path": "$.cvid"}
        raise refuse("MANDATORY_NOT_FOUND", "Required field is missing", details)
    owner = _owner(visit)
    done = jobs.of_view(visit, module, lambda _n, record: _change(visit, module, record["id"], owner))
    details = jobs.order(visit, module, done, ("Updated_Count", "Not_Updated_Count", "Failed_Count"))
    # The page of v7 prints SUCCESS and 200, Zoho's OpenAPI file SCHEDULED and 202; pages come first.
    return Answer(200, {"data": [success("change owner is successfully scheduled", details)]})


def _owner(visit: Visit) -> Json:
    """Return the new owner as records keep it.

    Raises:
        RefusedError: the body names none, or one that cannot own records.
    """
    owner = visit.body().get("owner")
    place = {"api_name": "owner", "json_path": "$.owner"}
    if owner is None:
        raise refuse("MANDATORY_NOT_FOUND", REQUIRED_FIELD, place)
    if not isinstance(owner, dict):
        raise refuse("INVALID_DATA", INVALID_DATA, {"expected_data_type": "jsonobject", **place})
    if owner.get("id") is None:
        details = {"api_name": "id", "json_path": "$.owner.id"}
        raise refuse("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
    user = people.find(visit.state, str(owner["id"]))
    details = {"api_name": "id", "json_path": "$.owner.id"}
    if user is None:
        raise refuse("INVALID_DATA", INVALID_DATA, details)
    status = str(user.get("status", "active"))
    if status != "active":
        message = "The user to whom you are trying to transfer the records is not active."
        raise refuse("INVALID_DATA", message, {**details, "owner_status": "inactive"})
    return {"id": user["id"]}


def _change(visit: Visit, module: Module, record_id: str, owner: Json) -> Json:
    record = store.find(visit.state, module, record_id)
    if record is None:
        raise refuse_item("INVALID_DATA", UNKNOWN_ID, {"id": record_id})
    records.update(Writer.of(visit, module), 0, {"Owner": owner}, record)
    for child_module, child in _children(visit, module, record):
        records.update(Writer.of(visit, child_module), 0, {"Owner": owner}, child)
    return success(_DONE, {"id": record_id})


def _children(visit: Visit, module: Module, record: Json) -> list[tuple[Module, Json]]:
    """Return the related records that go with a record, of the modules that the body names."""
    named = visit.body().get("related_modules") or []
    if not isinstance(named, list) or len(named) > _MOST_MODULES:
        details = {
            "api_name": "related_modules",
            "json_path": "$.related_modules",
            "maximum_length": _MOST_MODULES,
        }
        raise refuse("INVALID_DATA", INVALID_DATA, details)
    wanted = {str(one.get(key)) for one in named if isinstance(one, dict) for key in ("api_name", "id")}
    return [
        (one.module, child)
        for one in related.related_lists(visit, module)
        if one.field is not None and {one.module.api_name, one.module.id} & wanted
        for child in related.children(visit, module, record["id"], one)
    ]

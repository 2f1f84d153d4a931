"""Change or delete many records by one request: by ids at once, by a view as a job.

source: https://www.zoho.com/crm/developer/docs/api/v7/mass-update-records.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.around import jobs
from zoho_sandbox.products.crm.model import store
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    UNKNOWN_ID,
    Json,
    refuse,
    refuse_item,
    results,
)
from zoho_sandbox.products.crm.model.visit import as_object, too_many
from zoho_sandbox.products.crm.records import records
from zoho_sandbox.products.crm.records.drafting import Writer

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

MOST_IDS = 500
_FIELDS, _FIELDS_OF_DEALS = 1, 3
_NOT_ALLOWED = ("email", "lookup", "textarea", "subform", "fileupload", "autonumber")
_UPDATED = ("Updated_Count", "Not_Updated_Count", "Failed_Count")


def update(visit: Visit) -> Answer:
    """Set one field of many records; of deals up to three."""
    module = visit.module(visit.call.segments[0])
    body = visit.body()
    item = _values(visit, module)
    writer = Writer.of(visit, module)
    if "ids" in body:
        done = records.each_id(
            ids_of(body),
            lambda _n, record_id: records.update(writer, 0, item, _found(visit, module, record_id)),
        )
        return records.priced(results(done, mixed=records.mixed(visit)), len(done))
    _expect_view(body)
    done = jobs.of_view(visit, module, lambda _n, record: records.update(writer, 0, item, record))
    details = jobs.order(visit, module, done, _UPDATED)
    return Answer(200, {"data": [jobs.scheduled("mass_update scheduled successfully", details)]})


def delete(visit: Visit) -> Answer:
    """Delete many records."""
    module = visit.module(visit.call.segments[0])
    body = visit.body()
    if "ids" in body:
        done = records.each_id(ids_of(body), lambda _n, one: _deleted(visit, module, one))
        return results(done, mixed=records.mixed(visit))
    _expect_view(body)
    done = jobs.of_view(visit, module, lambda _n, record: _deleted(visit, module, record["id"]))
    details = jobs.order(visit, module, done, ("Deleted_Count", "Failed_Count"))
    # choice: the sentences of both scheduled jobs.
    return Answer(200, {"data": [jobs.scheduled("mass_delete scheduled successfully", details)]})


def ids_of(body: Json) -> list[str]:
    """Return the ids of a body.

    Raises:
        RefusedError: they are no list, or too many.
    """
    ids = body.get("ids")
    if not isinstance(ids, list) or not ids:
        details = {"expected_data_type": "jsonarray", "api_name": "ids", "json_path": "$.ids"}
        raise refuse("INVALID_DATA", INVALID_DATA, details)
    if len(ids) > MOST_IDS:
        raise too_many("ids", MOST_IDS)
    return [str(one) for one in ids]


def _deleted(visit: Visit, module: Module, record_id: str) -> Json:
    return {**records.delete(visit, module, record_id), "message": "record is deleted"}


def _found(visit: Visit, module: Module, record_id: str) -> Json:
    record = store.find(visit.state, module, record_id)
    if record is None:
        raise refuse_item("INVALID_DATA", UNKNOWN_ID, {"id": record_id})
    return record


def _expect_view(body: Json) -> None:
    if "cvid" not in body:
        names = [{"api_name": name, "json_path": f"$.{name}"} for name in ("ids", "cvid")]
        raise refuse("MANDATORY_NOT_FOUND", REQUIRED_FIELD, {"expected_fields": names})


def _values(visit: Visit, module: Module) -> Json:
    """Return the values to set.

    Raises:
        RefusedError: there are none or too many, or a field is none of those that can be set so.
    """
    item: Any = visit.items(limit=1)[0]
    names = [name for name in as_object(item, "$.data[0]") if name != "Layout"]
    most = _FIELDS_OF_DEALS if module.api_name == "Deals" else _FIELDS
    if not names or len(names) > most:
        raise refuse("INVALID_DATA", INVALID_DATA, {"api_name": "data", "maximum_length": most})
    for name in names:
        field = module.fields.get(name)
        if field is None or field.read_only or field.type in _NOT_ALLOWED:
            details = {"api_name": name, "json_path": f"$.data[0].{name}"}
            raise refuse("INVALID_DATA", INVALID_DATA, details)
    return dict(item)

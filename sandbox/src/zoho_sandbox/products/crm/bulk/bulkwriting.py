"""Bulk write: records from an uploaded, zipped CSV file.

source: https://www.zoho.com/crm/developer/docs/api/v8/bulk-write/overview.html
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.bulk import bulkjobs, filing
from zoho_sandbox.products.crm.model import external, people, store
from zoho_sandbox.products.crm.model.answers import INVALID_DATA, ItemRefusedError, Json, refuse, refuse_item
from zoho_sandbox.products.crm.model.schema import Field, Module, targets
from zoho_sandbox.products.crm.model.values import as_number
from zoho_sandbox.products.crm.model.visit import Visit
from zoho_sandbox.products.crm.records import records
from zoho_sandbox.products.crm.records.drafting import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

_COST = 500
_MAX_ROWS = 25000
_OPERATIONS = ("insert", "update", "upsert")


@dataclass(frozen=True, slots=True)
class _Column:
    """Where a field's value comes from: a column, or a default for empty cells."""

    field: Field | None
    index: int | None
    find_by: str | None
    default: str | None


def create(visit: Visit) -> Answer:
    """Open a bulk write job."""
    asked = visit.body()
    bulkjobs.check_callback(asked.get("callback"))
    if asked.get("operation") not in _OPERATIONS:
        raise refuse("INVALID_DATA", "operation is invalid", {"supported_values": list(_OPERATIONS)})
    resources = asked.get("resource")
    if not isinstance(resources, list) or len(resources) != 1 or not isinstance(resources[0], dict):
        # choice: several modules in one job are not covered.
        raise refuse("MISSING_REQUIRED_KEY", "Required key is missing", {"json_path": "$.resource"})
    module, resource = _module(visit, resources[0]), resources[0]
    if visit.state.get(filing.IMPORTS, str(resource.get("file_id"))) is None:
        raise refuse("FILE_NOT_FOUND", "The given file is not found.")
    if asked["operation"] != "insert" and not resource.get("find_by"):
        raise refuse("MANDATORY_NOT_FOUND", "Required key find_by is not available")
    _check_mapping(module, asked["operation"], resource)
    job = bulkjobs.opened(visit, asked["operation"], asked)
    after = bulkjobs.called_back(visit, job, _finish, _shown)
    details = {"id": job["id"], "created_by": job["created_by"]}
    body = {"status": "success", "code": "SUCCESS", "message": "success", "details": details}
    return Answer(201, body, after=after, cost=_COST)


def get(visit: Visit) -> Answer:
    """Return a bulk write job, one step further on."""
    job = bulkjobs.looked_at(visit, visit.call.segments[2], _is_write, _finish)
    return Answer(200, _shown(visit, job))


def result(visit: Visit) -> Answer:
    """Return the file of a completed bulk write job: its rows, each with its outcome."""
    return bulkjobs.result(visit, visit.call.segments[2])


def _is_write(job: Json) -> bool:
    return job["operation"] in _OPERATIONS


def _module(visit: Visit, resource: Json) -> Module:
    named = resource.get("module")
    name = named.get("api_name") if isinstance(named, dict) else named
    module = visit.schema.named(str(name))
    if module is None:
        raise refuse("MODULE_NOT_AVAILABLE", "The given module is not available.")
    return module


def _check_mapping(module: Module, operation: str, resource: Json) -> None:
    mappings = resource.get("field_mappings")
    if mappings is None:
        return
    if not isinstance(mappings, list) or not all(_is_mapping(mapping) for mapping in mappings):
        raise refuse("INVALID_DATA", INVALID_DATA, {"api_name": "field_mappings"})
    names = {mapping["api_name"] for mapping in mappings}
    if unknown := sorted(str(name) for name in names if name not in {*module.fields, "id", "Id"}):
        raise refuse("INVALID_DATA", INVALID_DATA, {"api_name": unknown[0]})
    wanted = {field.api_name for field in module.fields.values() if field.mandatory}
    if operation == "insert" and (missing := sorted(wanted - names)):
        details = {"api_name": missing[0]}
        raise refuse("MANDATORY_FIELDS_NOT_MAPPED", "Mandatory fields are not mapped", details)


def _is_mapping(mapping: Any) -> bool:
    if not isinstance(mapping, dict) or not isinstance(mapping.get("api_name"), str):
        return False
    index, find_by = mapping.get("index"), mapping.get("find_by")
    default = mapping.get("default_value") or {"value": None}
    return (
        (index is None or (type(index) is int and index >= 0))
        and (find_by is None or isinstance(find_by, str))
        and isinstance(default, dict)
        and isinstance(default.get("value"), str | None)
    )


def _finish(visit: Visit, job: Json) -> None:
    visit = _as_creator(visit, job)
    resource = job["asked"]["resource"][0]
    module = _module(visit, resource)
    header, *rows = _csv_rows(visit, resource)
    columns = _columns(module, header, resource)
    writer = Writer.of(visit, module)
    counts = {"added_count": 0, "updated_count": 0, "skipped_count": 0}
    told: list[Sequence[Any]] = [[*header, "STATUS", "RECORD_ID", "ERRORS"]]
    for n, row in enumerate(rows[:_MAX_ROWS]):
        status, record_id, problem = _written(writer, job["asked"], columns, (n, row))
        counts[f"{status.lower()}_count"] += 1
        told.append([*row, status, record_id, problem])
    bulkjobs.keep_result(visit, job["id"], told)
    job["state"] = "COMPLETED"
    job["file"] = {"status": "COMPLETED", "total_count": len(rows), **counts}


def _as_creator(visit: Visit, job: Json) -> Visit:
    """Return a visit of the user who opened the job, whoever looks at it now."""
    user = people.find(visit.state, job["created_by"]["id"])
    name = people.full_name(user) if user else job["created_by"]["name"]
    grant = replace(visit.call.grant, user_id=job["created_by"]["id"], user_name=name)
    return Visit.of(replace(visit.call, grant=grant, headers={}), visit.serve)


def _csv_rows(visit: Visit, resource: Json) -> list[list[str]]:
    content = visit.state.blob(f"{filing.IMPORTS}/{resource['file_id']}") or b""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = (resource.get("file_names") or archive.namelist())[0]
        names = archive.namelist()
        text = archive.read(name if name in names else names[0]).decode("utf-8-sig", "replace")
    return list(csv.reader(io.StringIO(text))) or [[]]


def _columns(module: Module, header: list[str], resource: Json) -> list[_Column]:
    mappings = resource.get("field_mappings")
    if mappings is None:
        mappings = [{"api_name": name, "index": n} for n, name in enumerate(header)]
    return [
        _Column(
            module.fields.get(mapping["api_name"]),
            mapping.get("index"),
            mapping.get("find_by"),
            (mapping.get("default_value") or {}).get("value"),
        )
        for mapping in mappings
    ]


def _written(
    writer: Writer, asked: Json, columns: list[_Column], numbered: tuple[int, list[str]]
) -> tuple[str, str, str]:
    """Write one row; return its status, the record's id and what stood against it."""
    n, row = numbered
    resource = asked["resource"][0]
    try:
        item, record_id = _item(writer, columns, row, bool(resource.get("ignore_empty")))
        found = _found(writer, resource.get("find_by"), item, record_id)
        if found is not None and asked["operation"] != "insert":
            done = records.update(writer, n, item, found)
            return "UPDATED", str(done["details"]["id"]), ""
        if asked["operation"] == "update":
            raise refuse_item("INVALID_DATA", "record not found")
        return "ADDED", str(records.create(writer, n, item)["details"]["id"]), ""
    except ItemRefusedError as refused:
        details = refused.item["details"]
        where = details.get("api_name", "") if isinstance(details, dict) else ""
        return "SKIPPED", "", f"{refused.item['code']}:{where}"


def _item(
    writer: Writer, columns: list[_Column], row: list[str], ignores_empty: bool
) -> tuple[Json, str | None]:
    item: Json = {}
    record_id = None
    for column in columns:
        text = row[column.index] if column.index is not None and column.index < len(row) else ""
        text = text if text != "" else (column.default or "")
        if column.field is None:
            record_id = text or record_id
        elif text != "" or not ignores_empty:
            item[column.field.api_name] = _value(writer, column, text)
    return item, record_id


def _value(writer: Writer, column: _Column, text: str) -> Any:
    """Return a cell's text as the value a client would send in JSON."""
    field = column.field
    if text == "" or field is None:
        return None
    if field.type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if field.type in ("multiselectpicklist", "tags"):
        parts = text.split(";")
        return parts if field.type != "tags" else [{"name": part} for part in parts]
    if field.type == "lookup" and column.find_by not in (None, "id", "Id"):
        return _linked(writer, field, str(column.find_by), text)
    if field.traits["search"] == "number" and field.type not in ("date", "datetime", "bigint"):
        number = as_number(text)
        return text if number is None else number
    return text


def _linked(writer: Writer, field: Field, find_by: str, text: str) -> Json:
    for module in targets(writer.visit.schema, field):
        key = module.fields.get(find_by)
        if key is None or key not in module.keyed_fields:
            continue
        if found := external.holders(writer.visit, module, key, text):
            return {"id": found[0]["id"]}
    raise refuse_item("INVALID_DATA", INVALID_DATA, {"api_name": field.api_name})


def _found(writer: Writer, find_by: str | None, item: Json, record_id: str | None) -> Json | None:
    module, state = writer.module, writer.visit.state
    if find_by in (None, "id", "Id"):
        return store.find(state, module, record_id) if record_id else None
    field = module.fields.get(str(find_by))
    if field is None or field not in module.keyed_fields:
        raise refuse_item("INVALID_DATA", INVALID_DATA, {"api_name": "find_by"})
    found = external.holders(writer.visit, module, field, item.get(field.api_name))
    return found[0] if found else None


def _shown(visit: Visit, job: Json) -> Json:
    asked = job["asked"]
    resource, module = asked["resource"][0], _module(visit, asked["resource"][0])
    state = {"QUEUED": "INPROGRESS", "IN PROGRESS": "INPROGRESS"}.get(job["state"], job["state"])
    waiting = {"status": state, "total_count": 0, "added_count": 0, "updated_count": 0}
    imported = visit.state.get(filing.IMPORTS, str(resource["file_id"])) or {"name": ""}
    shown: Json = {
        "id": job["id"],
        "status": state,
        "operation": job["operation"],
        "character_encoding": asked.get("character_encoding") or "UTF-8",
        "created_by": job["created_by"],
        "created_time": job["created_time"],
        "callback": asked.get("callback"),
        "resource": [
            {
                **{key: value for key, value in resource.items() if key != "file_names"},
                "status": state,
                "module": {"api_name": module.api_name, "id": module.id},
                "file": {
                    **(job.get("file") or {**waiting, "skipped_count": 0}),
                    "name": imported["name"],
                },
            }
        ],
    }
    if state == "COMPLETED":
        url = f"{visit.call.sandbox.base_url}/crm/bulk/{visit.call.version}/write/{job['id']}/result"
        shown["result"] = {"download_url": url}
    return shown

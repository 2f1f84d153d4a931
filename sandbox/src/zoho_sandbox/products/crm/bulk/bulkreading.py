"""Bulk read: a module's records as a zipped CSV file.

source: https://www.zoho.com/crm/developer/docs/api/v8/bulk-read/overview.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.bulk import bulkjobs
from zoho_sandbox.products.crm.coql.columns import ID
from zoho_sandbox.products.crm.model import store, views
from zoho_sandbox.products.crm.model.answers import Json, refuse, success
from zoho_sandbox.products.crm.searching.searchvalues import comparable, given

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Field, Module
    from zoho_sandbox.products.crm.model.visit import Visit

_COST = 50
_EMPTY = "${empty}"
_MANY = ("in", "not_in", "between", "not_between")
_TESTS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "equal": lambda value, wanted: value == wanted[0],
    "in": lambda value, wanted: value in wanted,
    "less_than": lambda value, wanted: value < wanted[0],
    "less_equal": lambda value, wanted: value <= wanted[0],
    "greater_than": lambda value, wanted: value > wanted[0],
    "greater_equal": lambda value, wanted: value >= wanted[0],
    "between": lambda value, wanted: wanted[0] <= value <= wanted[1],
    "contains": lambda value, wanted: str(wanted[0]) in str(value),
    "starts_with": lambda value, wanted: str(value).startswith(str(wanted[0])),
    "ends_with": lambda value, wanted: str(value).endswith(str(wanted[0])),
}
_NEGATED = {"not_equal": "equal", "not_in": "in", "not_between": "between", "not_contains": "contains"}

Matches = Callable[[Json], bool]


def create(visit: Visit) -> Answer:
    """Open a bulk read job."""
    asked = visit.body()
    bulkjobs.check_callback(asked.get("callback"))
    module = _module(visit, asked)
    _columns(module, asked["query"])
    _matches(module, asked["query"].get("criteria"))
    if asked.get("file_type", "csv") == "ics" and module.api_name != "Events":
        raise refuse("INVALID_REQUEST", "ics is for the module Events only")
    job = bulkjobs.opened(visit, "read", asked)
    keys = ("id", "operation", "state", "created_by", "created_time")
    item = success("Added successfully.", {key: job[key] for key in keys})
    after = bulkjobs.called_back(visit, job, _finish, _shown)
    body = {"data": [{**item, "code": "ADDED_SUCCESSFULLY"}], "info": {}}
    return Answer(201, body, after=after, cost=_COST)


def get(visit: Visit) -> Answer:
    """Return a bulk read job, one step further on."""
    job = bulkjobs.looked_at(visit, visit.call.segments[2], _is_read, _finish)
    return Answer(200, {"data": [_shown(visit, job)]})


def result(visit: Visit) -> Answer:
    """Return the file of a completed bulk read job."""
    return bulkjobs.result(visit, visit.call.segments[2])


def cell(value: Any) -> Any:
    """Return a stored value as bulk files write it: lookups by id, lists with semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return value["id"]
    if isinstance(value, list):
        return ";".join(str(one) for one in value if not isinstance(one, dict))
    return value


def _is_read(job: Json) -> bool:
    return bool(job["operation"] == "read")


def _finish(visit: Visit, job: Json) -> None:
    query = job["asked"]["query"]
    module = _module(visit, job["asked"])
    columns = _columns(module, query)
    matches = _matches(module, query.get("criteria"))
    found = [r for r in store.records(visit.state, module) if matches(r)]
    page, per_page = int(query.get("page") or 1), int(visit.setting("bulk_page_rows"))
    chosen = found[(page - 1) * per_page : page * per_page]
    rows: list[Sequence[Any]] = [["Id", *(field.api_name for field in columns)]]
    rows += [[r["id"], *(cell(r.get(f.api_name)) for f in columns)] for r in chosen]
    bulkjobs.keep_result(visit, job["id"], rows)
    job["state"] = "COMPLETED"
    job["result"] = {
        "page": page,
        "per_page": per_page,
        "count": len(chosen),
        "download_url": f"/crm/bulk/{visit.call.version}/read/{job['id']}/result",
        "more_records": page * per_page < len(found),
    }


def _shown(visit: Visit, job: Json) -> Json:
    module = _module(visit, job["asked"])
    query = {"page": 1, **job["asked"]["query"]}
    query["module"] = {"api_name": module.api_name, "id": module.id}
    shown = {
        "id": job["id"],
        "operation": "read",
        "state": job["state"],
        "query": query,
        "created_by": job["created_by"],
        "created_time": job["created_time"],
        "file_type": job["asked"].get("file_type", "csv"),
    }
    return {**shown, "result": job["result"]} if "result" in job else shown


def _module(visit: Visit, asked: Json) -> Module:
    query = asked.get("query")
    named = query.get("module") if isinstance(query, dict) else None
    name = named.get("api_name") if isinstance(named, dict) else named
    module = visit.schema.named(str(name))
    if module is None:
        raise refuse("MODULE_NOT_AVAILABLE", "The given module is not available.")
    page = query.get("page") if isinstance(query, dict) else None
    if page is not None and (type(page) is not int or page < 1):
        raise refuse("INVALID_DATA", "invalid data", {"api_name": "page"})
    if isinstance(query, dict) and query.get("cvid") not in (None, views.view_id(module)):
        raise refuse("INVALID_REQUEST", "The given cvid is not available.", {"api_name": "cvid"})
    return module


def _columns(module: Module, query: Json) -> list[Field]:
    names = query.get("fields")
    if not names:
        return [field for field in module.fields.values() if field.type != "subform"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        details = {"api_name": "fields", "expected_data_type": "jsonarray"}
        raise refuse("INVALID_DATA", "invalid data", details)
    unknown = [name for name in names if name not in module.fields and name.lower() != "id"]
    if unknown:
        details = {"api_name": unknown[0], "module": module.api_name}
        raise refuse("FIELD_NOT_SUPPORTED", "The given field is not supported.", details)
    return [module.fields[name] for name in names if name.lower() != "id"]


def _matches(module: Module, criteria: Any) -> Matches:
    if not criteria:
        return lambda _record: True
    if not isinstance(criteria, dict):
        raise refuse("INVALID_CRITERIA", "The given criteria is invalid.")
    if "group" not in criteria:
        return _condition(module, criteria)
    parts = [_matches(module, part) for part in criteria["group"]]
    operator = str(criteria.get("group_operator")).lower()
    if operator not in ("and", "or"):
        details = {"supported": ["and", "or"]}
        raise refuse("GROUP_OPERATOR_NOT_SUPPORTED", "The group operator is invalid.", details)
    if operator == "and":
        return lambda record: all(part(record) for part in parts)
    return lambda record: any(part(record) for part in parts)


def _condition(module: Module, condition: Json) -> Matches:
    named = condition.get("field")
    name = named.get("api_name") if isinstance(named, dict) else condition.get("api_name")
    field = ID if str(name).lower() == "id" else module.fields.get(str(name))
    if field is None or field.traits["search"] == "none":
        details = {"api_name": name}
        raise refuse("FIELD_IN_CRITERIA_NOT_SUPPORTED", "The field is not supported.", details)
    comparator = str(condition.get("comparator"))
    test = _TESTS.get(_NEGATED.get(comparator, comparator))
    if test is None:
        details = {"comparator": comparator, "api_name": field.api_name, "supported": list(_TESTS)}
        code = "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED"
        raise refuse(code, "The comparator is not supported.", details)
    wanted = _wanted(field, comparator, condition.get("value"))
    is_negated = comparator in _NEGATED

    def matches(record: Json) -> bool:
        value = comparable(field, record.get(field.api_name))
        if wanted[0] == _EMPTY:
            return (value in (None, [])) is not is_negated
        return value is not None and test(value, wanted) is not is_negated

    return matches


def _wanted(field: Field, comparator: str, value: Any) -> list[Any]:
    many = value if isinstance(value, list) else str(value).split(",")
    values = many if comparator in _MANY else [value]
    found = [given(field, _text(one)) for one in values]
    if None in found or not found or ("between" in comparator and len(found) != 2):
        details = {"api_name": field.api_name, "comparator": comparator, "value": value}
        code = "COMPARATOR_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE"
        raise refuse(code, "The value does not fit the comparator.", details)
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.get("id")) if isinstance(value, dict) else str(value)

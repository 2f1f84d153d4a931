"""Tags: the list of a module, and the tags on records.

source: https://www.zoho.com/crm/developer/docs/api/v8/create-tags.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import store
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    UNKNOWN_ID,
    Json,
    no_content,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.model.values import new_tag
from zoho_sandbox.products.crm.model.visit import Change, Visit
from zoho_sandbox.products.crm.records import records
from zoho_sandbox.products.crm.records.drafting import check_free
from zoho_sandbox.products.crm.records.metadata import param_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoho_sandbox.products.crm.model.schema import Module

_MAX_NAME = 25
_MAX_TAGS = 100
_RECORDS_PER_CREDIT = 50


def get_tags(visit: Visit) -> Answer:
    """List a module's tags."""
    tags = list(visit.state.scan(_kind(param_module(visit))))
    info = {"count": len(tags), "allowed_count": _MAX_TAGS}
    return Answer(200, {"tags": tags, "info": info})


def create_tags(visit: Visit) -> Answer:
    """Create tags in a module."""
    module = param_module(visit)

    def create(n: int, item: Json) -> Json:
        name = _checked_name(visit, module, n, item)
        tag = new_tag(visit, module, {**item, "name": name})
        visit.effect("create", "Tags", tag["id"], key=name)
        # choice: the sentences about tags; the files show only their place.
        return success("tags created successfully", tag)

    return results(records.each(visit.items("tags"), create), key="tags", good=201)


def update_tags(visit: Visit) -> Answer:
    """Rename or recolour tags, named by id in the body or in the path."""
    items = visit.items("tags")
    if len(visit.call.segments) > 2:
        items = [{**as_object(item), "id": visit.call.segments[2]} for item in items[:1]]

    def update(n: int, item: Json) -> Json:
        module, tag = _tag(visit, str(item.get("id")))
        name = _checked_name(visit, module, n, {"name": tag["name"], **item}, tag["id"])
        changed = {**tag, **_colour(item), "name": name}
        changed |= {"modified_by": visit.user, "modified_time": visit.now()}
        visit.state.put(_kind(module), tag["id"], changed)
        visit.effect("update", "Tags", tag["id"], key=name)
        return success("tags updated successfully", changed)

    return results(records.each(items, update), key="tags")


def delete_tag(visit: Visit) -> Answer:
    """Delete one tag; it vanishes from the records."""
    module, tag = _tag(visit, visit.call.segments[2])
    _drop(visit, module, tag["id"])
    done = success("tags deleted successfully", {"id": tag["id"]})
    return Answer(200, {"tags": [done]})


def merge_tags(visit: Visit) -> Answer:
    """Merge the tag named by ``conflict_id`` into the tag of the path."""
    module, tag = _tag(visit, visit.call.segments[2])
    other_id = str(as_object(visit.items("tags")[0]).get("conflict_id"))
    other = visit.state.get(_kind(module), other_id)
    if other is None:
        details = {"api_name": "conflict_id", "json_path": "$.tags[0].conflict_id"}
        raise refuse("INVALID_DATA", "invalid tag id", details)
    for record in _tagged(visit, module, other["id"]):
        tags = [tag["id"] if one == other["id"] else one for one in record["Tag"]]
        store.keep(visit.state, module, {**record, "Tag": list(dict.fromkeys(tags))}, old=record)
    _drop(visit, module, other["id"])
    return results([success("tags merged successfully", tag)], key="tags")


def count_records(visit: Visit) -> Answer:
    """Count the records with a tag."""
    param_module(visit)
    module, tag = _tag(visit, visit.call.segments[2])
    return Answer(200, {"count": str(len(_tagged(visit, module, tag["id"])))})


def mass_delete(visit: Visit) -> Answer:
    """Delete many tags in a job, which is done at once."""
    for group in visit.items("mass_delete"):
        tags = as_object(group).get("tags")
        for tag in tags if isinstance(tags, list) else []:
            module, found = _tag(visit, str(as_object(tag).get("id")))
            _drop(visit, module, found["id"])
    job = {"job_id": visit.new_id(), "status": "completed", "created_time": visit.now()}
    visit.state.put("crm/tag_jobs", job["job_id"], job)
    details = {"job_id": job["job_id"]}
    return Answer(202, {"status": "success", "code": "SCHEDULED", "details": details})


def get_mass_delete(visit: Visit) -> Answer:
    """Return the jobs of :func:`mass_delete`, or the one of ``job_id``."""
    wanted = visit.call.query.get("job_id")
    jobs = [job for job in visit.state.scan("crm/tag_jobs") if wanted in (None, job["job_id"])]
    return Answer(200, {"mass_delete": jobs}) if jobs else no_content()


def add_tags(visit: Visit) -> Answer:
    """Put tags on records; ``over_write`` takes the old ones off."""
    is_instead = str(_asked(visit, "over_write", "false")).lower() == "true"

    def changed(module: Module, old: list[str], names: list[str]) -> list[str]:
        new = [_tag_named(visit, module, name)["id"] for name in names]
        return list(dict.fromkeys(([] if is_instead else old) + new))

    return _retag(visit, changed)


def remove_tags(visit: Visit) -> Answer:
    """Take tags off records."""

    def changed(module: Module, old: list[str], names: list[str]) -> list[str]:
        gone = {_tag_named(visit, module, name)["id"] for name in names}
        return [tag for tag in old if tag not in gone]

    return _retag(visit, changed)


def _retag(visit: Visit, changed: Callable[[Module, list[str], list[str]], list[str]]) -> Answer:
    module = visit.module(visit.call.segments[0])
    names = _names(visit)
    ids = _record_ids(visit)

    def retag(_n: int, record_id: str) -> Json:
        record = store.find(visit.state, module, record_id)
        if record is None:
            raise refuse_item("INVALID_DATA", UNKNOWN_ID, {"id": record_id})
        check_free(record, {"id": record_id})
        tags = changed(module, record.get("Tag") or [], names)
        store.keep(visit.state, module, {**record, "Tag": tags}, old=record)
        visit.effect("update", module.api_name, record_id)
        visit.changes.append(Change(module, "update", record["id"], ("Tag",)))
        found = (visit.state.get(_kind(module), tag) for tag in tags)
        shown = [{k: tag[k] for k in ("name", "id", "color_code")} for tag in found if tag]
        return success("tags updated successfully", {"id": record_id, "tags": shown})

    items = records.each_id(ids, retag)
    answer = results(items, mixed=records.mixed(visit))
    locked = sum(item["code"] == "RECORD_LOCKED" for item in items)
    answer.body = {"data": items, "locked_count": str(locked)}
    if visit.call.segments[-1] == "add_tags":
        done = sum(item["status"] == "success" for item in items)
        answer.body["success_count"] = str(done)
    answer.cost = max(1, -(-len(ids) // _RECORDS_PER_CREDIT))
    return answer


def as_object(thing: Any) -> Json:
    """Return an object of a request, an empty one in place of anything else."""
    return thing if isinstance(thing, dict) else {}


def _asked(visit: Visit, name: str, default: Any) -> Any:
    """Return a value from the query, as up to v2.1, or from the body, as later."""
    if name in visit.call.query:
        return visit.call.query.get(name)
    return visit.body().get(name, default) if visit.call.body else default


def _names(visit: Visit) -> list[str]:
    text = visit.call.query.get("tag_names")
    if text:
        return [name.strip() for name in text.split(",") if name.strip()]
    names = [tag.get("name") if isinstance(tag, dict) else None for tag in visit.items("tags")]
    for n, name in enumerate(names):
        if not isinstance(name, str) or not 1 <= len(name) <= _MAX_NAME:
            details = {"api_name": "name", "json_path": f"$.tags[{n}].name"}
            raise refuse("INVALID_DATA", INVALID_DATA, {**details, "maximum_length": _MAX_NAME})
    return [name for name in names if name]


def _record_ids(visit: Visit) -> list[str]:
    if visit.call.segments[1] != "actions":
        return [visit.call.segments[1]]
    asked = _asked(visit, "ids", None)
    ids = asked.split(",") if isinstance(asked, str) else asked
    if not isinstance(ids, list) or not ids:
        details = {"param_name": "ids"}
        raise refuse("REQUIRED_PARAM_MISSING", "One of the expected param is missing", details)
    return [str(record_id) for record_id in ids]


def _checked_name(visit: Visit, module: Module, n: int, item: Json, own_id: str | None = None) -> str:
    details: Json = {"api_name": "name", "json_path": f"$.tags[{n}].name"}
    name = item.get("name")
    if name in (None, ""):
        raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
    if not isinstance(name, str):
        raise refuse_item("INVALID_DATA", INVALID_DATA, {**details, "expected_data_type": "text"})
    if len(name) > _MAX_NAME:
        raise refuse_item("INVALID_DATA", INVALID_DATA, {**details, "maximum_length": _MAX_NAME})
    same = visit.state.find(_kind(module), equals={"name": name}, limit=1)
    if same and same[0]["id"] != own_id:
        raise refuse_item("DUPLICATE_DATA", "duplicate data", {**details, "id": same[0]["id"]})
    return name


def _colour(item: Json) -> Json:
    return {"color_code": item["color_code"]} if "color_code" in item else {}


def _tag(visit: Visit, tag_id: str) -> tuple[Module, Json]:
    for module in visit.schema.modules.values():
        tag = visit.state.get(_kind(module), tag_id)
        if tag is not None:
            return module, tag
    raise refuse("INVALID_DATA", "tags not found", {"id": tag_id})


def _tag_named(visit: Visit, module: Module, name: str) -> Json:
    same = visit.state.find(_kind(module), equals={"name": name}, limit=1)
    return same[0] if same else new_tag(visit, module, {"name": name})


def _tagged(visit: Visit, module: Module, tag_id: str) -> list[Json]:
    return [r for r in store.records(visit.state, module) if tag_id in (r.get("Tag") or [])]


def _drop(visit: Visit, module: Module, tag_id: str) -> None:
    visit.state.delete(_kind(module), tag_id)
    visit.effect("delete", "Tags", tag_id)


def _kind(module: Module) -> str:
    return f"crm/tags/{module.api_name}"

"""Create, update, upsert, delete and clone: many records in one request, each on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model import external, store
from zoho_sandbox.products.crm.model.answers import (
    UNKNOWN_ID,
    ItemRefusedError,
    Json,
    refuse,
    results,
    success,
)
from zoho_sandbox.products.crm.model.presenting import audit
from zoho_sandbox.products.crm.model.visit import Change, Visit, as_object
from zoho_sandbox.products.crm.records import duplicates, history, processes, trash
from zoho_sandbox.products.crm.records.drafting import Writer, check_free, check_unmodified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.crm.model.schema import Module

_FEATURES = (
    "layout_rules",
    "range_validation",
    "assignment_rules",
    "function_validation_rule",
    "criteria_validation_rule",
    "global_map_dependency",
    "territory_subordinates",
)
_RECORDS_PER_CREDIT = 10


def create_many(visit: Visit) -> Answer:
    """Create up to 100 records."""
    module = visit.module(visit.call.segments[0])
    items = checked_items(visit)
    writer = Writer.of(visit, module)
    answer = results(each(items, lambda n, item: create(writer, n, item)), good=201, mixed=mixed(visit))
    return priced(answer, len(items))


def update_many(visit: Visit) -> Answer:
    """Update up to 100 records, each named by its id."""
    module = visit.module(visit.call.segments[0])
    items = checked_items(visit)
    writer = Writer.of(visit, module)
    answer = results(each(items, lambda n, item: _update(writer, n, item)), mixed=mixed(visit))
    return priced(answer, len(items))


def update_one(visit: Visit) -> Answer:
    """Update the record of the path."""
    module = visit.module(visit.call.segments[0])
    record_id = external.record_id(visit, module, visit.call.segments[1])
    items = checked_items(visit, limit=1)
    writer = Writer.of(visit, module)
    own = writer.external.own.api_name if writer.external.own else None
    named = [
        {**{k: v for k, v in item.items() if k != own}, "id": record_id} if isinstance(item, dict) else item
        for item in items
    ]
    return results(each(named, lambda n, item: _update(writer, n, item)))


def upsert_many(visit: Visit) -> Answer:
    """Update the records that already exist by their unique values, create the others."""
    module = visit.module(visit.call.segments[0])
    items = checked_items(visit)
    order = duplicates.check_order(visit, module)
    writer = Writer.of(visit, module)

    def upsert(n: int, item: Json) -> Json:
        found = duplicates.decide(writer, order, n, item)
        if found is None:
            empty = visit.setting("insert_duplicate_field") == "empty"
            named = None if empty or not order else order[0].api_name
            done = create(writer, n, item, effect="upsert-insert")
            return _upserted(done, named, "insert")
        field, record = found
        done = update(writer, n, item, record, effect="upsert-update")
        return _upserted(done, field.api_name, "update")

    return priced(results(each(items, upsert), mixed=mixed(visit)), len(items))


def delete_many(visit: Visit) -> Answer:
    """Delete up to 100 records named by ``ids``."""
    module = visit.module(visit.call.segments[0])
    ids = visit.ids()
    return results(each_id(ids, lambda _n, record_id: delete(visit, module, record_id)), mixed=mixed(visit))


def delete_one(visit: Visit) -> Answer:
    """Delete the record of the path."""
    module = visit.module(visit.call.segments[0])
    record_id = external.record_id(visit, module, visit.call.segments[1])
    return results(each_id([record_id], lambda _n, record_id: delete(visit, module, record_id)))


def clone(visit: Visit) -> Answer:
    """Create a copy of the record of the path, changed by the first item of the body."""
    module = visit.module(visit.call.segments[0])
    old = store.find(visit.state, module, visit.call.segments[1])
    if old is None:
        raise refuse("INVALID_DATA", UNKNOWN_ID, {"resource_path_index": 1})
    sent = visit.items(limit=1)[0] if visit.call.body else {}
    unique = {field.api_name for field in module.unique_fields}
    plain = {k: v for k, v in old.items() if k in module.fields and k not in unique}
    tags = {"Tag": [{"id": tag} for tag in old.get("Tag") or []]} if "Tag" in plain else {}
    rows = {f.api_name: _without_ids(plain[f.api_name]) for f in _subforms(module, plain)}
    writer = Writer.of(visit, module)

    def copy(n: int, item: Json) -> Json:
        return create(writer, n, {**plain, **tags, **rows, **as_object(item, "$.data[0]")})

    return results(each([sent], copy), good=201)


def create(writer: Writer, n: int, item: Json, *, effect: str = "create") -> Json:
    """Create one record; return its success object.

    Raises:
        ItemRefusedError: it may not be created.
    """
    visit, module = writer.visit, writer.module
    record = writer.draft(n, item, None)
    record["id"] = visit.new_id()
    store.keep(visit.state, module, record)
    # What a missing trigger starts, an empty list suppresses, and names narrow down.
    visit.effect(effect, module.api_name, record["id"], trigger=visit.trigger)
    visit.changes.append(Change(module, "insert", record["id"], tuple(item)))
    return success("record added", _told(visit, record, effect))


def update(writer: Writer, n: int, item: Json, old: Json, *, effect: str = "update") -> Json:
    """Lay an item over a record; return its success object.

    Raises:
        ItemRefusedError: it may not be changed so.
    """
    visit, module = writer.visit, writer.module
    writer.may_change(n, old)
    processes.check(visit.state, module, old, item)
    record = writer.draft(n, item, old)
    store.keep(visit.state, module, record, old=old)
    history.note(visit, module, record, old)
    audited = ("Modified_Time", "Modified_By")
    differs = tuple(k for k in record if k not in audited and record[k] != old.get(k))
    visit.effect(effect, module.api_name, record["id"], trigger=visit.trigger)
    visit.changes.append(Change(module, "update", record["id"], differs))
    return success("record updated", _told(visit, record, effect))


def each(items: Sequence[Any], work: Callable[[int, Json], Json]) -> list[Json]:
    """Run one write per item; a refused one gives its error object and stops nobody else."""

    def checked(n: int, item: Any) -> Json:
        return work(n, as_object(item, f"$.data[{n}]"))

    return each_id(items, checked)


def each_id(ids: Sequence[Any], work: Callable[[int, Any], Json]) -> list[Json]:
    """Run one write per id, like :func:`each`."""
    done = []
    for n, one in enumerate(ids):
        try:
            done.append(work(n, one))
        except ItemRefusedError as refused:
            done.append(refused.item)
    return done


def checked_items(visit: Visit, *, limit: int = 100) -> list[Any]:
    """Return the records of a write request after checking what stands beside them."""
    items = visit.items(limit=limit)
    features = visit.body().get("apply_feature_execution") or []
    for n, feature in enumerate(features if isinstance(features, list) else [features]):
        name = feature.get("name") if isinstance(feature, dict) else None
        if name not in _FEATURES:
            path = f"$.apply_feature_execution[{n}].name"
            details = {"api_name": "name", "json_path": path, "supported_values": list(_FEATURES)}
            raise refuse("INVALID_DATA", "invalid data", details)
    return items


def mixed(visit: Visit) -> int:
    """Return the status of a partly refused write."""
    return int(visit.setting("mixed_status"))


def priced(answer: Answer, count: int) -> Answer:
    """Set what a write costs: one credit for ten records."""
    answer.cost = max(1, -(-count // _RECORDS_PER_CREDIT))
    return answer


def _update(writer: Writer, n: int, item: Json) -> Json:
    return update(writer, n, item, writer.existing(n, item))


def _upserted(done: Json, field: str | None, action: str) -> Json:
    return {
        "code": done["code"],
        "duplicate_field": field,
        "action": action,
        "details": done["details"],
        "message": done["message"],
        "status": done["status"],
    }


def delete(visit: Visit, module: Module, record_id: str) -> Json:
    """Move one record into the recycle bin; return its success object.

    Raises:
        ItemRefusedError: it may not be deleted.
    """
    record = store.find(visit.state, module, record_id)
    if record is None:
        raise trash.not_deleted(record_id)
    check_free(record, {"id": record_id})
    check_unmodified(visit, record)
    trash.discard(visit, module, record)
    visit.effect("delete", module.api_name, record_id)
    visit.changes.append(Change(module, "delete", record["id"]))
    return success("record deleted", {"id": record_id})


def _told(visit: Visit, record: Json, effect: str) -> Json:
    """Return the details of a success; v8 adds the approval state, though not to upserts."""
    details = audit(visit, record)
    if visit.rules["approval_in_results"] and effect in ("create", "update") and "Parent_Id" not in record:
        details["$approval_state"] = record.get("$approval_state", "approved")
    return details


def _subforms(module: Module, plain: Json) -> list[Any]:
    return [f for f in module.fields.values() if f.columns and plain.get(f.api_name)]


def _without_ids(rows: list[Json]) -> list[Json]:
    return [{key: value for key, value in row.items() if key != "id"} for row in rows]

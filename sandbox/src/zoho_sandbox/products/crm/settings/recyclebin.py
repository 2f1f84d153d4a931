"""The recycle bin: what was deleted from all modules, restored or deleted for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model.answers import (
    UNKNOWN_ID,
    Json,
    no_content,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.model.presenting import Presenter
from zoho_sandbox.products.crm.model.visit import MAX_PER_PAGE, Visit
from zoho_sandbox.products.crm.records import filters, records, trash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zoho_sandbox.products.crm.model.schema import Module

_KEY = "recycle_bin"
_MOST = 1000


def get_many(visit: Visit) -> Answer:
    """List what lies in the bin, the latest first, in pages."""
    visit.require_version("v8")
    found = [row for _, row in _chosen(visit, filters.asked(visit))]
    if ids := visit.call.query.get("ids"):
        found = [row for row in found if row["id"] in ids.split(",")]
    found.sort(key=lambda row: (row["deleted_time"], row["id"]), reverse=True)
    page = visit.number("page", 1)
    per_page = visit.number("per_page", MAX_PER_PAGE, most=MAX_PER_PAGE)
    chosen = found[(page - 1) * per_page : page * per_page]
    if not chosen:
        return no_content()
    more = page * per_page < len(found)
    info = {"per_page": per_page, "count": len(chosen), "page": page, "more_records": more}
    return Answer(200, {_KEY: chosen, "info": info})


def get_one(visit: Visit) -> Answer:
    """Return one deleted record."""
    visit.require_version("v8")
    found = [row for _, row in _chosen(visit, None) if row["id"] == visit.call.segments[2]]
    return Answer(200, {_KEY: found}) if found else no_content()


def count(visit: Visit) -> Answer:
    """Count what lies in the bin."""
    visit.require_version("v8")
    return Answer(200, {"count": sum(1 for _ in _chosen(visit, filters.asked(visit)))})


def delete_many(visit: Visit) -> Answer:
    """Delete for good what ``ids`` or ``filters`` name."""
    return _done(visit, _wanted(visit, visit.call.query.get("ids"), filters.asked(visit)), _erase)


def delete_one(visit: Visit) -> Answer:
    """Delete one record for good."""
    return _done(visit, [visit.call.segments[2]], _erase)


def restore_many(visit: Visit) -> Answer:
    """Put back what ``ids`` or ``filters`` name, or everything."""
    body = visit.body()
    if body.get("restore_all_records") is True:
        return _done(visit, _wanted(visit, None, {}), _restore)
    ids = body.get("ids")
    text = ",".join(str(one) for one in ids) if isinstance(ids, list) else None
    return _done(visit, _wanted(visit, text, body.get("filters")), _restore)


def restore_one(visit: Visit) -> Answer:
    """Put one record back."""
    return _done(visit, [visit.call.segments[2]], _restore)


def empty(visit: Visit) -> Answer:
    """Delete everything for good."""
    visit.require_version("v8")
    for module, row in list(_chosen(visit, None)):
        trash.erase(visit, module, row["id"])
    return Answer(200, success("recyclebin is cleared", {}))


def _wanted(visit: Visit, ids: str | None, asked: Json | None) -> list[str]:
    if ids:
        return [part.strip() for part in ids.split(",") if part.strip()]
    if asked is None:
        names = [{"api_name": "ids", "json_path": "$.ids"}, {"api_name": "filters", "json_path": "$.filters"}]
        raise refuse("EXPECTED_FIELD_MISSING", "Specify atleast one field", {"expected_fields": names})
    return [row["id"] for _, row in _chosen(visit, asked)]


def _done(visit: Visit, ids: list[str], work: Callable[[Visit, Module, str], Json]) -> Answer:
    visit.require_version("v8")
    homes = {row["id"]: module for module, row in _chosen(visit, None)}

    def one(_n: int, record_id: str) -> Json:
        if record_id not in homes:
            raise refuse_item("INVALID_DATA", UNKNOWN_ID, {"id": record_id})
        return work(visit, homes[record_id], record_id)

    answer = results(records.each_id(ids, one), key=_KEY)
    if len(ids) > _MOST:
        # What is much is done later at Zoho; here it is done at once and called by the same name.
        answer.status = 202
        for item in answer.body[_KEY] if isinstance(answer.body, dict) else ():
            item["code"] = "SCHEDULED"
    return answer


def _erase(visit: Visit, module: Module, record_id: str) -> Json:
    trash.erase(visit, module, record_id)
    return success("record deleted", {"id": record_id})


def _restore(visit: Visit, module: Module, record_id: str) -> Json:
    trash.restore(visit, module, record_id)
    return success("record restored", {"id": record_id})


def _chosen(visit: Visit, wanted: Json | None) -> Iterator[tuple[Module, Json]]:
    person = Presenter(visit).person
    for module in visit.schema.modules.values():
        for row in visit.state.find(trash.kind(module)):
            if not trash.is_kept(visit, row):
                continue
            shown = {
                "display_name": row["display_name"],
                "deleted_time": row["deleted_time"],
                "owner": person(row["record"]["Owner"]["id"], email=False),
                "module": {"api_name": module.api_name, "id": module.id},
                "deleted_by": person(row["deleted_by"]["id"], email=False),
                "id": row["id"],
            }
            if filters.meets(wanted, _values(shown)):
                yield module, shown


def _values(row: Json) -> dict[str, str]:
    """Return what of a row can be asked for."""
    return {
        "display_name": str(row["display_name"]),
        "deleted_time": row["deleted_time"],
        "module": row["module"]["api_name"],
        "owner": (row["owner"] or {}).get("id", ""),
        "deleted_by": (row["deleted_by"] or {}).get("id", ""),
    }

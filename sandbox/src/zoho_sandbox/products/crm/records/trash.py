"""Deleted records: what stays known of them, and the list that tells it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import store, times
from zoho_sandbox.products.crm.model.answers import Json, no_content, refuse_item
from zoho_sandbox.products.crm.model.presenting import Presenter
from zoho_sandbox.products.crm.model.visit import MAX_PER_PAGE, Visit

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Module

_LIST_COST = 2


def kind(module: Module) -> str:
    """Return the state's kind of a module's deleted records."""
    return f"crm/deleted/{module.api_name}"


def discard(visit: Visit, module: Module, record: Json) -> None:
    """Move a record into the recycle bin; lookups that point at it show as empty."""
    store.forget(visit.state, module, record)
    visit.state.put(
        kind(module),
        record["id"],
        {
            "id": record["id"],
            "display_name": store.display_name(module, record),
            "deleted_by": {"id": visit.call.grant.user_id},
            "created_by": record["Created_By"],
            "deleted_time": visit.now(),
            "record": record,
        },
    )


def is_kept(visit: Visit, row: Json) -> bool:
    """Say whether a deleted record lies in the recycle bin still."""
    return _type(visit, row) == "recycle"


def erase(visit: Visit, module: Module, record_id: str) -> None:
    """Delete for good what lies in the recycle bin."""
    row = visit.state.get(kind(module), record_id)
    if row is not None:
        visit.state.put(kind(module), record_id, {**row, "record": None})
        visit.effect("erase", module.api_name, record_id)


def restore(visit: Visit, module: Module, record_id: str) -> None:
    """Put a record back where it was deleted from."""
    row = visit.state.get(kind(module), record_id)
    if row is not None:
        store.keep(visit.state, module, row["record"])
        visit.state.delete(kind(module), record_id)
        visit.effect("restore", module.api_name, record_id)


def not_deleted(record_id: str) -> Exception:
    """Return the refusal to delete what is not there."""
    return refuse_item("INVALID_DATA", "record not deleted", {"id": record_id})


def get_deleted(visit: Visit) -> Answer:
    """List deleted records, the latest first."""
    module = visit.module(visit.call.segments[0])
    wanted = visit.choice("type", ("all", "recycle", "permanent"), "all")
    page = visit.number("page", 1)
    per_page = visit.number("per_page", MAX_PER_PAGE, most=MAX_PER_PAGE)
    since = times.read(visit.call.headers.get("if-modified-since", ""))
    after = times.show(since) if since else ""
    rows = [
        _shown(visit, row)
        for row in visit.state.find(kind(module), order=(("deleted_time", True),))
        if row["deleted_time"] > after and wanted in ("all", _type(visit, row))
    ]
    if not rows:
        return Answer(304) if after else no_content()
    chosen = rows[(page - 1) * per_page : page * per_page]
    if not chosen:
        return no_content()
    info = {
        "per_page": per_page,
        "count": len(chosen),
        "page": page,
        "more_records": page * per_page < len(rows),
    }
    return Answer(200, {"data": chosen, "info": info}, cost=_LIST_COST)


def _type(visit: Visit, row: Json) -> str:
    days = timedelta(days=int(visit.setting("recycle_bin_days")))
    kept_from = times.show(visit.call.sandbox.clock.at(times.OFFSET) - days)
    return "permanent" if row["deleted_time"] < kept_from or row["record"] is None else "recycle"


def _shown(visit: Visit, row: Json) -> Json:
    is_gone = _type(visit, row) == "permanent"
    person = Presenter(visit).person
    return {
        "deleted_by": None if is_gone else person(row["deleted_by"]["id"], email=False),
        "id": row["id"],
        "display_name": None if is_gone else row["display_name"],
        "type": "permanent" if is_gone else "recycle",
        "created_by": None if is_gone else person(row["created_by"]["id"], email=False),
        "deleted_time": row["deleted_time"],
    }

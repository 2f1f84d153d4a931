"""Share a record with users, groups and roles; see and revoke that.

source: https://www.zoho.com/crm/developer/docs/api/v7/share-records.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import people, shelves, store
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    Json,
    no_content,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.records.records import each

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_KIND = "crm/shares"
_PERMISSIONS = ("read_only", "read_write", "full_access")
_TYPES = ("public", "private")
_MOST = {"users": 10, "groups": 5, "roles": 5}


def get(visit: Visit) -> Answer:
    """List with whom the record is shared."""
    module, record = _owner(visit)
    visit.choice("view", ("summary", "manage"), "summary")
    wanted = visit.call.query.get("sharedTo")
    rows = [row for row in _rows(visit, module, record) if wanted in (None, row["with"].get("id"))]
    return (
        Answer(200, {"share": [_shown(visit, module, record, row) for row in rows]}) if rows else no_content()
    )


def share(visit: Visit) -> Answer:
    """Share the record with more."""
    return _shared(visit, instead=False)


def change(visit: Visit) -> Answer:
    """Share the record with those of the body and nobody else."""
    return _shared(visit, instead=True)


def revoke(visit: Visit) -> Answer:
    """Share the record with nobody any longer."""
    module, record = _owner(visit)
    if not _rows(visit, module, record):
        raise refuse("CANNOT_PROCESS", "No sharing through this record is available to revoke")
    _keep(visit, module, record, [])
    return Answer(200, {"share": success("Sharing Revoked", {})})


def _shared(visit: Visit, *, instead: bool) -> Answer:
    module, record = _owner(visit)
    items = visit.items("share")
    if any(isinstance(item, dict) and item.get("type") == "public" for item in items) and len(items) > 1:
        raise refuse("INVALID_DATA", INVALID_DATA, {"api_name": "share", "maximum_length": 1})
    rows: list[Json] = [] if instead else _rows(visit, module, record)

    def add(n: int, item: Json) -> Json:
        row = _checked(visit, n, item)
        there = [one for one in rows if one["with"] != row["with"]]
        same = [one for one in there if one["with"].get("type") == row["with"].get("type")]
        most = _MOST.get(row["with"].get("type", ""), 1)
        if len(same) >= most:
            raise refuse("SHARE_LIMIT_EXCEEDED", "limit exceeded", {"limit": most}, status=403)
        rows[:] = [*there, row]
        return success("record will be shared successfully", {})

    done = results(each(items, add), key="share", good=201)
    _keep(visit, module, record, rows)
    return done


def _checked(visit: Visit, n: int, item: Json) -> Json:
    path = f"$.share[{n}]"
    for key in ("type", "permission"):
        if not item.get(key):
            details = {"api_name": key, "json_path": f"{path}.{key}"}
            raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
    for key, allowed in (("type", _TYPES), ("permission", _PERMISSIONS)):
        if item[key] not in allowed:
            place = {"api_name": key, "json_path": f"{path}.{key}"}
            raise refuse_item("INVALID_DATA", INVALID_DATA, {"supported_values": list(allowed), **place})
    row = {
        "type": item["type"],
        "permission": item["permission"],
        "share_related_records": bool(item.get("share_related_records", False)),
        "with": {},
        "by": {"id": visit.call.grant.user_id},
        "time": visit.now(),
    }
    if item["type"] == "public":
        return row
    place = {"api_name": "shared_with", "json_path": f"{path}.shared_with"}
    other = item.get("shared_with")
    if not isinstance(other, dict) or other.get("type") not in _MOST:
        raise refuse_item("MANDATORY_NOT_FOUND" if not other else "INVALID_DATA", INVALID_DATA, place)
    if other["type"] != "groups" and _named(visit, str(other.get("id")), other["type"]) is None:
        details = {"api_name": "id", "json_path": f"{path}.shared_with.id"}
        raise refuse_item("INVALID_DATA", "invalid user Id", details)
    return {**row, "with": {"id": str(other.get("id")), "type": other["type"], "name": other.get("name")}}


def _named(visit: Visit, row_id: str, kind: str) -> str | None:
    if kind == "users":
        user = people.find(visit.state, row_id)
        return None if user is None else people.full_name(user)
    role = shelves.find(visit.state, "roles", row_id)
    return None if role is None else str(role["name"])


def _shown(visit: Visit, module: Module, record: Json, row: Json) -> Json:
    other, by = row["with"], people.find(visit.state, row["by"]["id"]) or {"id": row["by"]["id"]}
    name = other.get("name") if other.get("type") == "groups" else None
    if other and name is None:
        name = _named(visit, other["id"], other["type"])
    return {
        "shared_with": {"name": name, "id": other["id"], "type": other["type"]} if other else None,
        "share_related_records": row["share_related_records"],
        "shared_through": {"module": {"name": module.api_name, "id": module.id}, "id": record["id"]},
        "shared_time": row["time"],
        "permission": row["permission"],
        "shared_by": {"name": people.full_name(by), "id": by["id"], "zuid": by["id"][-8:]},
        "type": row["type"],
    }


def _owner(visit: Visit) -> tuple[Module, Json]:
    module = visit.module(visit.call.segments[0])
    record = store.find(visit.state, module, visit.call.segments[1])
    if record is None:
        raise refuse("INVALID_DATA", "ENTITY_ID_INVALID", {"resource_path_index": 1})
    return module, record


def _rows(visit: Visit, module: Module, record: Json) -> list[Json]:
    kept = visit.state.get(_KIND, f"{module.api_name}/{record['id']}")
    return list(kept["rows"]) if kept else []


def _keep(visit: Visit, module: Module, record: Json, rows: list[Json]) -> None:
    visit.state.put(_KIND, f"{module.api_name}/{record['id']}", {"rows": rows})
    visit.effect("share" if rows else "unshare", module.api_name, record["id"])

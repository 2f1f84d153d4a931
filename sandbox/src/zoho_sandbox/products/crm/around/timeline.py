"""What happened to a record: made, changed field by field, tagged, given to another owner.

Changes are noted when they are made; that a record was made is read from the record itself.

source: https://www.zoho.com/crm/developer/docs/api/v7/timeline-of-a-record.html
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import people, store
from zoho_sandbox.products.crm.model.answers import bad_param, no_content, refuse
from zoho_sandbox.products.crm.records import filters, history, related

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_KEY = "__timeline"
_MOST = 200


def get(visit: Visit) -> Answer:
    """List what happened to the record of the path, the latest first."""
    module, record = related.owner(visit)
    rows = [_shown(visit, module, record, entry) for entry in _entries(visit, module, record)]
    wanted = filters.asked(visit)
    rows = [row for row in rows if filters.meets(wanted, _values(row))]
    visit.choice("sort_by", ("audited_time",), "audited_time")
    if visit.choice("sort_order", ("asc", "desc"), "desc") == "desc":
        rows.reverse()
    if "page_token" in visit.call.query and "per_page" in visit.call.query:
        details = {"ambiguity_due_to": [{"param_name": "per_page"}, {"param_name": "page_token"}]}
        raise refuse("AMBIGUITY_DURING_PROCESSING", "Ambiguity while processing the request", details)
    start, per_page = _place(visit)
    chosen = rows[start : start + per_page]
    if not chosen:
        return no_content()
    info = {
        "per_page": per_page,
        "count": len(chosen),
        "page": start // per_page + 1,
        "sort_by": "audited_time",
        "sort_order": visit.call.query.get("sort_order") or "desc",
        "more_records": start + per_page < len(rows),
        "next_page_token": _token(start + per_page, per_page) if start + per_page < len(rows) else None,
        "previous_page_token": _token(max(0, start - per_page), per_page) if start else None,
    }
    return Answer(200, {_KEY: chosen, "info": info})


def _entries(visit: Visit, module: Module, record: Json) -> list[Json]:
    made = {
        "id": str(int(record["id"]) + 1),
        "by": record["Created_By"]["id"],
        "time": record["Created_Time"],
        "action": "added",
        "fields": None,
    }
    return [made, *history.of(visit.state, module, record["id"])]


def _shown(visit: Visit, module: Module, record: Json, entry: Json) -> Json:
    user = people.find(visit.state, entry["by"]) or {"id": entry["by"]}
    fields = entry["fields"]
    return {
        "done_by": {
            "name": people.full_name(user),
            "id": user["id"],
            "type__s": "Regular User",
            "profile": people.profile_of(visit.state, user),
        },
        "related_record": None,
        "automation_details": None,
        "record": {
            "module": {"api_name": module.api_name, "id": module.id},
            "name": store.display_name(module, record),
            "id": record["id"],
        },
        "audited_time": entry["time"],
        "action": entry["action"],
        "id": entry["id"],
        "source": "crm_api",
        "extension": None,
        "type": "timeline",
        "field_history": None if fields is None else [_field(module, name, fields[name]) for name in fields],
    }


def _field(module: Module, name: str, values: Json) -> Json:
    field = module.fields[name]
    return {
        "api_name": name,
        "data_type": field.type,
        "field_label": field.label,
        "id": field.id,
        "enable_colour_code": False,
        "pick_list_values": [],
        "_value": values,
    }


def _values(row: Json) -> dict[str, str]:
    """Return what of a row can be asked for."""
    return {
        "record.module.api_name": row["record"]["module"]["api_name"],
        "done_by.id": row["done_by"]["id"],
        "audited_time": row["audited_time"],
        "source": row["source"],
    }


def _place(visit: Visit) -> tuple[int, int]:
    token = visit.call.query.get("page_token")
    if token is None:
        return 0, visit.number("per_page", _MOST, most=_MOST)
    try:
        start, per_page = json.loads(base64.urlsafe_b64decode(token))
        return int(start), max(1, int(per_page))
    except (ValueError, TypeError) as problem:
        raise bad_param("page_token") from problem


def _token(start: int, per_page: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, per_page]).encode()).decode()

"""Get records: the list with its pages, and one record with its subforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import external, paging, store, times, views
from zoho_sandbox.products.crm.model.answers import (
    UNKNOWN_ID,
    Json,
    bad_param,
    missing_param,
    no_content,
    refuse,
)
from zoho_sandbox.products.crm.model.presenting import Presenter
from zoho_sandbox.products.crm.model.visit import MAX_FIELDS, Visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoho_sandbox.products.crm.model.paging import Key, Sort
    from zoho_sandbox.products.crm.model.schema import Module

# Parameters of the newest version that this imitation does not evaluate.
_REFUSED_PARAMS = ("filters", "cross_filters", "filterId")
_CVID_COST = 3


def get_many(visit: Visit) -> Answer:
    """List a module's records."""
    module = visit.module(visit.call.segments[0])
    for name in _REFUSED_PARAMS:
        if name in visit.call.query:
            raise refuse("NOT_SUPPORTED", "not supported by the sandbox", {"param_name": name})
    names = field_names(visit)
    sort = paging.sort_of(visit)
    views.check(visit, module)
    keys = _keys(visit, module, sort)
    ids, info = paging.cut(visit, keys, sort)
    if not keys and "if-modified-since" in visit.call.headers:
        return Answer(304)
    if not ids:
        return no_content()
    if visit.rules["page_token"]:
        info = {"call": False, "email": False, **info, **sort.info}
    elif visit.rules["rows"] == "v2":
        info |= sort.info
    show = Presenter(visit)
    found = (store.find(visit.state, module, record_id) for record_id in ids)
    rows = [show.row(module, record, names) for record in found if record]
    cost = _CVID_COST if "cvid" in visit.call.query else 1
    return Answer(200, {"data": rows, "info": info}, cost=cost)


def get_one(visit: Visit) -> Answer:
    """Return one record; ``fields`` narrows it down."""
    module = visit.module(visit.call.segments[0])
    record = path_record(visit, module)
    if record is None:
        if visit.setting("unknown_record") == "refused":
            raise refuse("INVALID_DATA", UNKNOWN_ID, {"resource_path_index": 1})
        return no_content()
    since = _since(visit)
    changed, is_inclusive = record["Modified_Time"], visit.setting("modified_since") == "from"
    if since and (changed < since or (changed == since and not is_inclusive)):
        return Answer(304)
    names = field_names(visit) if visit.call.query.get("fields") else None
    return Answer(200, {"data": [Presenter(visit).whole(module, record, names)]})


def path_record(visit: Visit, module: Module) -> Json | None:
    """Return the record that the path names by id or external value.

    Raises:
        RefusedError: INVALID_DATA, the id is none or the external value unknown.
    """
    text = visit.call.segments[1]
    record_id = external.record_id(visit, module, text)
    if record_id == text and not (text.isascii() and text.isdigit()):
        raise refuse("INVALID_DATA", UNKNOWN_ID, {"resource_path_index": 1})
    return store.find(visit.state, module, record_id)


def field_names(visit: Visit, missing: str = "required param is missing") -> Sequence[str] | None:
    """Return the names of the parameter ``fields``, None for all.

    Raises:
        RefusedError: it is missing where it is compulsory, or names more than 50.
    """
    text = visit.call.query.get("fields")
    if not text:
        if visit.rules["fields_compulsory"]:
            raise missing_param("fields", missing)
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(names) > MAX_FIELDS:
        details = {"limit": MAX_FIELDS, "param_name": "fields"}
        raise refuse("LIMIT_EXCEEDED", "limit exceeded", details)
    return names


def keys_of(records: Sequence[Json], sort: Sort) -> list[Key]:
    """Return records as sorted ``(sort text, id)`` pairs."""
    return paging.ordered([(str(record[sort.by]), record["id"]) for record in records], sort)


def converted_of(visit: Visit) -> str:
    """Return the parameter ``converted``: true, false (the default) or both."""
    converted = visit.call.query.get("converted") or "false"
    if converted not in ("true", "false", "both"):
        raise bad_param("converted", supported_values=["true", "false", "both"])
    return converted


def _keys(visit: Visit, module: Module, sort: Sort) -> Sequence[Key]:
    order = store.order(visit.state, module, sort.by, converted=converted_of(visit))
    ids, since = visit.call.query.get("ids"), _since(visit)
    if not ids and not since:
        return paging.Downward(order.keys) if sort.is_descending else order.keys
    chosen = set(ids.split(",")) if ids else None
    if since:
        is_inclusive = visit.setting("modified_since") == "from"
        newer = store.modified_after(visit.state, module, since, is_inclusive=is_inclusive)
        chosen = set(newer) if chosen is None else chosen & set(newer)
    found = (order.of(record_id) for record_id in chosen or ())
    return paging.ordered([key for key in found if key is not None], sort)


def _since(visit: Visit) -> str:
    """Return If-Modified-Since as stored times are written, empty without the header."""
    header = visit.call.headers.get("if-modified-since")
    if header is None:
        return ""
    since = times.read(header)
    if since is None:
        raise refuse("INVALID_DATA", "invalid data", {"header_name": "If-Modified-Since"})
    return times.show(since)

"""Long texts as a whole, which lists cut.

source: https://www.zoho.com/crm/developer/docs/api/v7/get-rich-text-fields.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import store
from zoho_sandbox.products.crm.model.answers import missing_param, no_content, refuse
from zoho_sandbox.products.crm.model.presenting import Presenter
from zoho_sandbox.products.crm.records import related

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_MOST_IDS, _MOST_FIELDS = 200, 8


def get_one(visit: Visit) -> Answer:
    """Return the long texts of the record of the path."""
    module, record = related.owner(visit)
    return _told(visit, module, [record])


def get_many(visit: Visit) -> Answer:
    """Return the long texts of the records named by ``ids``."""
    module = visit.module(visit.call.segments[0])
    found = (store.find(visit.state, module, one) for one in visit.ids(limit=_MOST_IDS))
    return _told(visit, module, [record for record in found if record])


def _told(visit: Visit, module: Module, found: list[Json]) -> Answer:
    text = visit.call.query.get("fields")
    if not text:
        raise missing_param("fields")
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(names) > _MOST_FIELDS:
        details = {"limit": _MOST_FIELDS, "param_name": "fields"}
        raise refuse("LIMIT_EXCEEDED", "limit exceeded", details)
    show = Presenter(visit)
    rows = [{**show.row(module, record, names), "id": record["id"]} for record in found]
    return Answer(200, {"data": rows}) if rows else no_content()

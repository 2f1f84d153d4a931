"""Merge up to two records into a third, which takes what is wanted of them and stays.

source: https://www.zoho.com/crm/developer/docs/api/v7/merge-records.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import store
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    UNKNOWN_ID,
    ItemRefusedError,
    Json,
    RefusedError,
    missing_param,
    refuse,
    success,
)
from zoho_sandbox.products.crm.model.visit import as_object
from zoho_sandbox.products.crm.records import attachments, notes, related, trash

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_KIND = "crm/merges"
_MODULES = ("Leads", "Contacts", "Accounts", "Deals", "Vendors")
_MOST_CHILDREN = 2
_MANY_RELATED = 1000
_COST = 50
# Values of deals that follow from others by themselves.
_FOLLOWING = ("Closing_Date", "Stage", "Probability", "Expected_Revenue")


def merge(visit: Visit) -> Answer:
    """Merge the records of the body into the one of the path."""
    module, master = related.owner(visit)
    if module.api_name not in _MODULES and module.generated_type != "custom":
        raise refuse("NOT_SUPPORTED", "The requested operation is not supported", {"resource_path_index": 0})
    children = _children(visit, module, master)
    taken: Json = {}
    for n, (item, child) in enumerate(children):
        names = _names(module, item, f"$.merge[0].data[{n}]")
        taken |= {name: child.get(name) for name in names}
    amount = 0
    for _, child in children:
        amount += _moved(visit, module, child, master)
        trash.discard(visit, module, child)
        visit.effect("delete", module.api_name, child["id"], key=master["id"])
    changed = {
        **master,
        **taken,
        "Modified_Time": visit.now(),
        "Modified_By": {"id": visit.call.grant.user_id},
    }
    store.keep(visit.state, module, changed, old=master)
    visit.effect("merge", module.api_name, master["id"])
    job = {"id": visit.new_id(), "record": master["id"]}
    visit.state.put(_KIND, job["id"], job)
    if amount > _MANY_RELATED:
        done = {**success("merge is scheduled successfully", {"job_id": job["id"]}), "code": "SCHEDULED"}
        return Answer(202, {"merge": [done]}, cost=_COST)
    # choice: the sentence of a merge that is done.
    return Answer(200, {"merge": [success("record merged successfully", {"id": master["id"]})]}, cost=_COST)


def get(visit: Visit) -> Answer:
    """Return the job of ``job_id``."""
    job_id = visit.call.query.get("job_id")
    if not job_id:
        raise missing_param("job_id", "Required parameter is missing")
    job = visit.state.get(_KIND, job_id)
    if job is None or job["record"] != visit.call.segments[1]:
        raise refuse("INVALID_DATA", "The jobid given seems to be invalid", {"param_name": "job_id"})
    return Answer(200, {"merge": [{"job_id": job_id, "status": "COMPLETED"}]})


def _children(visit: Visit, module: Module, master: Json) -> list[tuple[Json, Json]]:
    """Return the items of the body with the records they name.

    Raises:
        RefusedError: there are none or too many, or one is no record to merge.
    """
    try:
        whole = as_object(visit.items("merge", limit=1)[0], "$.merge[0]", "merge")
        items: Any = whole.get("data")
        if not isinstance(items, list) or not items:
            details = {"api_name": "data", "json_path": "$.merge[0].data"}
            raise refuse("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
        if len(items) > _MOST_CHILDREN:
            place = {"api_name": "data", "json_path": "$.merge[0].data"}
            raise refuse("INVALID_DATA", INVALID_DATA, {"maximum_length": _MOST_CHILDREN, **place})
        named = [as_object(item, f"$.merge[0].data[{n}]") for n, item in enumerate(items)]
    except ItemRefusedError as refused:
        raise RefusedError(Answer(400, refused.item)) from refused
    found = []
    for n, item in enumerate(named):
        child = store.find(visit.state, module, str(item.get("id")))
        if child is None or child["id"] == master["id"]:
            details = {"api_name": "id", "json_path": f"$.merge[0].data[{n}].id"}
            raise refuse("INVALID_DATA", UNKNOWN_ID, details)
        found.append((item, child))
    return found


def _names(module: Module, item: Json, path: str) -> list[str]:
    """Return the fields whose values the child gives to the master.

    Raises:
        RefusedError: one is no field, or follows from others.
    """
    fields = item.get("_fields") or []
    names = [str(one.get("api_name")) for one in fields if isinstance(one, dict)]
    for n, name in enumerate(names):
        details = {"api_name": "api_name", "json_path": f"{path}._fields[{n}].api_name"}
        if name not in module.fields or module.fields[name].read_only:
            raise refuse("INVALID_DATA", INVALID_DATA, details)
        if module.api_name == "Deals" and name in _FOLLOWING:
            raise refuse("NOT_ALLOWED", "the field cannot be merged", details)
    return names


def _moved(visit: Visit, module: Module, child: Json, master: Json) -> int:
    """Hand over what belongs to a record; return how much it was."""
    attachments.move(visit, module, child["id"], module, master["id"])
    notes.move(visit, (module, child["id"]), (module, master["id"]))
    amount = 0
    for one in related.related_lists(visit, module):
        for other in related.children(visit, module, child["id"], one):
            amount += 1
            if one.field is not None:
                target = {**other[one.field], "id": master["id"]}
                store.keep(visit.state, one.module, {**other, one.field: target}, old=other)
            elif one.is_link:
                related.unlink(visit.state, (module, child["id"]), (one.module, other["id"]))
                related.link(visit.state, (module, master["id"]), (one.module, other["id"]))
    return amount

"""Jobs over many records at once: done when they are ordered, told of when they are asked for.

source: https://www.zoho.com/crm/developer/docs/api/v7/mass-update-records-status.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import store, views
from zoho_sandbox.products.crm.model.answers import INVALID_DATA, Json, missing_param, refuse, success
from zoho_sandbox.products.crm.records.records import each_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_KIND = "crm/jobs"


def order(visit: Visit, module: Module, done: Sequence[Json], counts: tuple[str, ...]) -> Json:
    """Keep a job whose work was done; return the details that name it.

    Args:
        counts: The keys of the numbers of what was done, of what was not, and of what failed.
    """
    good = sum(one["status"] == "success" for one in done)
    numbers = (good, 0, len(done) - good)
    job = {
        "Status": "COMPLETED",
        **dict(
            zip(counts, numbers if len(counts) == len(numbers) else (good, len(done) - good), strict=True)
        ),
        "Total_Count": len(done),
    }
    job_id = visit.new_id()
    kept = {"id": job_id, "module": module.api_name, "action": visit.call.segments[2], "told": job}
    visit.state.put(_KIND, job_id, kept)
    visit.effect("create", "Jobs", job_id, key=visit.call.segments[2])
    return {"job_id": job_id}


def get(visit: Visit) -> Answer:
    """Return the job of ``job_id``, which must be one of this module and action."""
    module = visit.module(visit.call.segments[0])
    job_id = visit.call.query.get("job_id")
    if not job_id:
        raise missing_param("job_id", "Required parameter is missing")
    job = visit.state.get(_KIND, job_id)
    if job is None:
        raise refuse("NOT_FOUND", "The jobid given seems to be invalid", {"param_name": "job_id"}, status=404)
    if (job["module"], job["action"]) != (module.api_name, visit.call.segments[2]):
        raise refuse("NOT_FOUND", "The specified job does not belong to this module", status=404)
    return Answer(200, {"data": [job["told"]]})


def of_view(visit: Visit, module: Module, work: Callable[[int, Json], Json]) -> list[Json]:
    """Run one write for each record of the view that the body names.

    Raises:
        RefusedError: the body names no view of the module.
    """
    cvid = str(visit.body().get("cvid"))
    if cvid != views.view_id(module):
        raise refuse("INVALID_DATA", INVALID_DATA, {"api_name": "cvid", "json_path": "$.cvid"})
    found = list(store.records(visit.state, module, converted="false"))
    return each_id(found, work)


def scheduled(message: str, details: Json) -> Json:
    """Return the success object of a job that Zoho does later."""
    return {**success(message, details), "code": "SCHEDULED"}

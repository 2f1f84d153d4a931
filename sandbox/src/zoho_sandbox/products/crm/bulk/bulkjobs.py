"""What bulk read and bulk write jobs have in common: their states and their files.

A job moves on whenever it is looked at, so a test decides how long it takes; one with a
callback is finished right after the reply.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model.answers import Json, RefusedError, refuse
from zoho_sandbox.products.crm.model.visit import Visit
from zoho_sandbox.products.crm.notices.callbacks import Post, delivery, is_url

KIND = "crm/bulk"
_EPOCH = (1980, 1, 1, 0, 0, 0)

Finish = Callable[[Visit, Json], None]


def opened(visit: Visit, operation: str, asked: Json) -> Json:
    """Return a new job, stored, in its first state."""
    job: Json = {
        "id": visit.new_id(),
        "operation": operation,
        "state": "ADDED",
        "looks": 0,
        "created_by": visit.user,
        "created_time": visit.now(),
        "asked": asked,
    }
    store(visit, job)
    visit.effect("create", "Bulk", job["id"], key=operation)
    return job


def store(visit: Visit, job: Json) -> None:
    """Store a job."""
    visit.state.put(KIND, job["id"], job)


def looked_at(visit: Visit, job_id: str, is_ours: Callable[[Json], bool], finish: Finish) -> Json:
    """Return a job one step further on; ``finish`` does its work at the last step.

    Raises:
        RefusedError: 404 RESOURCE_NOT_FOUND.
    """
    job = visit.state.get(KIND, job_id)
    if job is None or not is_ours(job):
        raise not_found(job_id)
    # choice: jobs move on by being looked at, not by time, so that tests need no waiting.
    if job["state"] not in ("COMPLETED", "FAILURE"):
        job["looks"] += 1
        if job["looks"] >= int(visit.setting("bulk_polls")):
            finish(visit, job)
        else:
            job["state"] = "QUEUED" if job["looks"] == 1 else "IN PROGRESS"
        store(visit, job)
    return job


def not_found(job_id: str) -> RefusedError:
    """Return the refusal of an unknown job or a result that is not there yet."""
    message = "The requested resource doesn't exist."
    return refuse("RESOURCE_NOT_FOUND", message, {"resource": job_id}, status=404)


def result(visit: Visit, job_id: str) -> Answer:
    """Return the zipped result of a completed job.

    Raises:
        RefusedError: 404 RESOURCE_NOT_FOUND.
    """
    content = visit.state.blob(f"{KIND}/{job_id}")
    if content is None:
        raise not_found(job_id)
    disposition = ("Content-Disposition", f"attachment;filename*=UTF-8''{job_id}.zip")
    return Answer(200, content, (disposition,), content_type="application/zip")


def keep_result(visit: Visit, job_id: str, rows: Iterable[Sequence[Any]]) -> None:
    """Store rows as the zipped CSV of a job."""
    visit.state.put_blob(f"{KIND}/{job_id}", zipped(f"{job_id}.csv", csv_text(rows)))


def check_callback(callback: Any) -> None:
    """Refuse a callback that names no address or another method than post.

    Raises:
        RefusedError: INVALID_CALLBACK_URL or INVALID_CALLBACK_METHOD.
    """
    if callback is None:
        return
    if not isinstance(callback, dict) or not is_url(callback.get("url")):
        raise refuse("INVALID_CALLBACK_URL", "The callback url is invalid.")
    if callback.get("method") != "post":
        details = {"supported_callback_methods": ["post"]}
        raise refuse("INVALID_CALLBACK_METHOD", "The callback method is invalid.", details)


def called_back(
    visit: Visit, job: Json, finish: Finish, body: Callable[[Visit, Json], Json]
) -> Callable[[], Awaitable[None]] | None:
    """Finish a job that has a callback, and return what delivers it."""
    callback = job["asked"].get("callback")
    if not callback:
        return None
    finish(visit, job)
    store(visit, job)
    post = Post(callback["url"], body(visit, job), f"bulk job {job['id']}")
    return delivery(visit.state, [post])


def zipped(name: str, text: str) -> bytes:
    """Return a zip archive with one file; the same text always gives the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _EPOCH), text)
    return target.getvalue()


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as CSV text with LF line ends."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows(rows)
    return target.getvalue()

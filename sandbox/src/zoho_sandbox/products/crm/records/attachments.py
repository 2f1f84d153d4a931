"""Attachments of a record: files kept here, or links to elsewhere.

source: https://www.zoho.com/crm/developer/docs/api/v8/upload-attachment.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from zoho_sandbox.core.wire import Answer, UploadedFile
from zoho_sandbox.products.crm.model import paging, store
from zoho_sandbox.products.crm.model.answers import (
    MISSING_PARAM,
    Json,
    missing_param,
    no_content,
    refuse,
    results,
    success,
)
from zoho_sandbox.products.crm.model.presenting import Presenter, audit
from zoho_sandbox.products.crm.records import reading, related
from zoho_sandbox.products.crm.records.drafting import blank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_MAX_URL = 3000
_MAX_TITLE = 255
_FORBIDDEN = (".exe",)
_BAD_UPLOAD = "Problem in uploading attachment. kindly upload the file properly"


def upload(visit: Visit) -> Answer:
    """Attach the part ``file`` of a form, or the link ``attachmentUrl``."""
    owner, owner_record = related.owner(visit)
    files = [file for file in uploaded(visit) if file.name == "file"]
    link = visit.call.query.get("attachmentUrl") or visit.call.form.get("attachmentUrl")
    if link is None and not files:
        raise missing_param("file")
    if len(files) > 1:
        # choice: the page allows one file per call and names no refusal.
        raise refuse("INVALID_DATA", _BAD_UPLOAD, {"param_name": "file"})
    module = visit.module("Attachments")
    record = blank(visit, module)
    record.update(_linked(visit, link) if link is not None else _file(visit, files[0]))
    record["id"] = visit.new_id()
    record["Modified_By"], record["Modified_Time"] = record["Created_By"], record["Created_Time"]
    record["Parent_Id"] = {"id": owner_record["id"], "module": owner.api_name}
    record["$se_module"] = owner.api_name
    if link is None:
        record["$file_id"] = visit.call.sandbox.secret_text("file")
        visit.state.put_blob(_blob(record["id"]), files[0].data)
    store.keep(visit.state, module, record)
    visit.effect("create", "Attachments", record["id"], key=record["File_Name"])
    return results([success("attachment uploaded successfully", audit(visit, record))])


def get_all(visit: Visit) -> Answer:
    """List the attachments of all records, as a client does that reads every listed module."""
    # choice: the module is listed as one of the API, and no page tells what its records answer.
    return _listed(visit, list(store.records(visit.state, visit.module("Attachments"))))


def get_many(visit: Visit) -> Answer:
    """List a record's attachments."""
    owner, owner_record = related.owner(visit)
    module = visit.module("Attachments")
    return _listed(visit, store.belonging(visit.state, module, owner, owner_record["id"]))


def _listed(visit: Visit, found: list[Json]) -> Answer:
    module = visit.module("Attachments")
    names = reading.field_names(visit, MISSING_PARAM)
    sort = paging.sort_of(visit)
    if ids := visit.call.query.get("ids"):
        found = [record for record in found if record["id"] in ids.split(",")]
    chosen, info = paging.cut(visit, reading.keys_of(found, sort), sort)
    if not chosen and (found or visit.setting("empty_attachments") == "no_content"):
        return no_content()
    by_id = {record["id"]: record for record in found}
    show = Presenter(visit)
    rows = [_shown(show, module, by_id[record_id], names) for record_id in chosen]
    return Answer(200, {"data": rows, "info": info})


def download(visit: Visit) -> Answer:
    """Return the bytes of one attachment."""
    record = _mine(visit).get(visit.call.segments[3])
    if record is None:
        return no_content()
    if record["$type"] == "Link URL":
        message = "As it is a linked attachment, you can not download it"
        raise refuse("DOWNLOAD_NOT_ALLOWED", message)
    return file_answer(record["File_Name"], visit.state.blob(_blob(record["id"])) or b"")


def delete_many(visit: Visit) -> Answer:
    """Delete the attachments named by ``ids``."""
    return _delete(visit, visit.ids())


def delete_one(visit: Visit) -> Answer:
    """Delete one attachment."""
    return _delete(visit, [visit.call.segments[3]])


def uploaded(visit: Visit) -> list[UploadedFile]:
    """Return the file parts of the form.

    Raises:
        RefusedError: the multipart body is broken.
    """
    try:
        return visit.call.form.files
    except ValueError as problem:
        raise refuse("failure_in_attachment_handling", _BAD_UPLOAD) from problem


def file_answer(name: str, content: bytes) -> Answer:
    """Return a download with the headers that Zoho gives it."""
    disposition = f"attachment;filename*=UTF-8''{quote(name, safe='')}"
    headers = (("Content-Disposition", disposition),)
    return Answer(200, content, headers, content_type="application/x-download;charset=UTF-8")


def move(visit: Visit, owner: Module, owner_id: str, target: Module, target_id: str) -> None:
    """Hand a record's attachments over to another record."""
    module = visit.module("Attachments")
    for record in store.belonging(visit.state, module, owner, owner_id):
        record["Parent_Id"] = {"id": target_id, "module": target.api_name}
        record["$se_module"] = target.api_name
        store.keep(visit.state, module, record)


def _file(visit: Visit, file: UploadedFile) -> Json:
    if len(file.data) > int(visit.setting("attachment_limit_bytes")):
        message = "Please check if the size of the file is in the correct range"
        raise refuse("FILE_SIZE_MORE_THAN_ALLOWED_SIZE", message, status=413)
    if file.filename.lower().endswith(_FORBIDDEN):
        # choice: the page forbids the extension and does not print the refusal.
        raise refuse("INVALID_DATA", "the file type is not supported", {"param_name": "file"})
    size = str(len(file.data))
    return {"File_Name": file.filename, "Size": size, "$type": "File", "$link_url": None}


def _linked(visit: Visit, link: str) -> Json:
    title = visit.call.query.get("title") or visit.call.form.get("title")
    place = urlsplit(link)
    if place.scheme not in ("http", "https") or not place.hostname or len(link) > _MAX_URL:
        raise refuse("INVALID_URL_PATTERN", "the given attachment URL is incorrect")
    if title is not None and not 1 <= len(title) <= _MAX_TITLE:
        details = {"param_name": "title", "maximum_length": _MAX_TITLE}
        raise refuse("INVALID_DATA", "invalid data", details)
    return {
        "File_Name": title or link[:_MAX_TITLE],
        "Size": "0",
        "$type": "Link URL",
        "$link_url": link,
        "$file_id": None,
    }


def _shown(show: Presenter, module: Module, record: Json, names: Sequence[str] | None) -> Json:
    system = ("$file_id", "$type", "$link_url", "$se_module")
    shown = show.row(module, record, names)
    keys = {name: record[name] for name in system}
    return {**shown, **keys, "$editable": True, "$state": "save", "$field_states": None}


def _mine(visit: Visit) -> dict[str, Json]:
    owner, record = related.owner(visit)
    found = store.belonging(visit.state, visit.module("Attachments"), owner, record["id"])
    return {attachment["id"]: attachment for attachment in found}


def _delete(visit: Visit, ids: list[str]) -> Answer:
    mine = _mine(visit)
    items = []
    for record_id in ids:
        if record_id not in mine:
            raise refuse("INVALID_DATA", "record not deleted", {"resource_path_index": 3})
        store.forget(visit.state, visit.module("Attachments"), mine.pop(record_id))
        visit.state.delete_blob(_blob(record_id))
        visit.effect("delete", "Attachments", record_id)
        items.append(success("record deleted", {"id": record_id}))
    return results(items)


def _blob(record_id: str) -> str:
    return f"crm/attachments/{record_id}"

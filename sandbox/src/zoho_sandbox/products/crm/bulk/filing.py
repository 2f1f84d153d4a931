"""Files that belong to no record yet: upload for file fields, and bulk imports."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import people
from zoho_sandbox.products.crm.model.answers import missing_param, no_content, refuse, results, success
from zoho_sandbox.products.crm.records.attachments import file_answer, uploaded

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.visit import Visit

KIND = "crm/files"
IMPORTS = "crm/imports"
_MAX_FILES = 10
_MAX_IMPORT_BYTES = 25 * 1024 * 1024


def upload(visit: Visit) -> Answer:
    """Keep the parts ``file`` of a form; return an id for each."""
    files = [file for file in uploaded(visit) if file.name == "file"]
    if not files or len(files) > _MAX_FILES:
        message = "Problem in uploading attachment. kindly upload the file properly"
        raise refuse("failure_in_attachment_handling", message)
    if any(len(file.data) > int(visit.setting("file_limit_bytes")) for file in files):
        message = "Please check if the size of the file is in the correct range"
        raise refuse("FILE_SIZE_MORE_THAN_ALLOWED_SIZE", message, status=415)
    items = []
    for file in files:
        file_id = visit.call.sandbox.secret_text("file")
        kept = {"id": file_id, "name": file.filename, "size": len(file.data)}
        visit.state.put(KIND, file_id, kept)
        visit.state.put_blob(f"{KIND}/{file_id}", file.data)
        visit.effect("create", "Files", file_id, key=file.filename)
        items.append(success("file uploaded", {"name": file.filename, "id": file_id}))
    return results(items)


def download(visit: Visit) -> Answer:
    """Return the bytes of the file named by ``id``."""
    file_id = visit.call.query.get("id")
    if not file_id:
        raise missing_param("id")
    kept = visit.state.get(KIND, file_id)
    if kept is None:
        return no_content()
    return file_answer(kept["name"], visit.state.blob(f"{KIND}/{file_id}") or b"")


def upload_import(visit: Visit) -> Answer:
    """Keep a zipped CSV file for a bulk write job.

    source: https://www.zoho.com/crm/developer/docs/api/v8/bulk-write/upload-file.html
    """
    headers = visit.call.headers
    for name in ("feature", "x-crm-org"):
        if name not in headers:
            raise refuse("MANDATORY_NOT_FOUND", f"Required key {name} is not available")
    if headers["x-crm-org"] != people.organisation(visit.state)["zgid"]:
        raise refuse("INVALID_DATA", "Invalid data - x-crm-org")
    files = [file for file in uploaded(visit) if file.name == "file"]
    if not files or not zipfile.is_zipfile(io.BytesIO(files[0].data)):
        raise refuse("INVALID_FILE_FORMAT", "invalid file format. only zip format is supported")
    if len(files[0].data) > _MAX_IMPORT_BYTES:
        raise refuse("INVALID_DATA", "Import file size should be less than 25 mb.")
    file_id = visit.new_id()
    visit.state.put(IMPORTS, file_id, {"id": file_id, "name": files[0].filename})
    visit.state.put_blob(f"{IMPORTS}/{file_id}", files[0].data)
    visit.effect("create", "Files", file_id, key=files[0].filename)
    kept = {"file_id": file_id, "created_time": visit.now()}
    return Answer(
        200,
        {
            "status": "success",
            "code": "FILE_UPLOAD_SUCCESS",
            "message": "file uploaded.",
            "details": kept,
        },
    )

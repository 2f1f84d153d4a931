"""The photo of a record: upload, download, delete.

source: https://www.zoho.com/crm/developer/docs/api/v7/upload-image.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import store
from zoho_sandbox.products.crm.model.answers import (
    UNSUPPORTED_MODULE,
    missing_param,
    no_content,
    refuse,
    success,
)
from zoho_sandbox.products.crm.records import related
from zoho_sandbox.products.crm.records.attachments import file_answer, uploaded

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_MODULES = ("Leads", "Contacts", "Accounts", "Products", "Vendors")
_MAX_BYTES = 10 * 1024 * 1024
# How files of the formats begin that Zoho takes: PNG, JPEG, GIF, BMP.
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
_FIELD = "Record_Image"


def upload(visit: Visit) -> Answer:
    """Keep the part ``file`` as the photo of the record."""
    module, record = _owner(visit)
    files = [file for file in uploaded(visit) if file.name == "file"]
    if not files:
        raise missing_param("file")
    if len(files) > 1 or not files[0].data.startswith(_BEGINNINGS):
        # choice: several files, or one that is no picture, are refused as a bad parameter.
        raise refuse("INVALID_DATA", "invalid data", {"param_name": "file"})
    if len(files[0].data) > _MAX_BYTES:
        message = "Please check if the size of the file is in the correct range"
        raise refuse("FILE_SIZE_MORE_THAN_ALLOWED_SIZE", message, status=415)
    visit.state.put_blob(_blob(module, record["id"]), files[0].data)
    name = visit.call.sandbox.secret_text("file")
    store.keep(visit.state, module, {**record, _FIELD: name}, old=record)
    visit.effect("update", module.api_name, record["id"], key="photo")
    return Answer(200, success("photo uploaded successfully", {}))


def download(visit: Visit) -> Answer:
    """Return the photo of the record."""
    module, record = _owner(visit)
    content = visit.state.blob(_blob(module, record["id"]))
    if content is None:
        return no_content()
    return file_answer(f"{record['id']}.png", content)


def delete(visit: Visit) -> Answer:
    """Take the photo off the record."""
    module, record = _owner(visit)
    if visit.state.blob(_blob(module, record["id"])) is None:
        return no_content()
    visit.state.delete_blob(_blob(module, record["id"]))
    store.keep(visit.state, module, {**record, _FIELD: None}, old=record)
    visit.effect("update", module.api_name, record["id"], key="photo")
    return Answer(200, success("Photo deleted", {}))


def _owner(visit: Visit) -> tuple[Module, Json]:
    module, record = related.owner(visit)
    if module.api_name not in _MODULES and module.generated_type != "custom":
        raise refuse("INVALID_MODULE", UNSUPPORTED_MODULE)
    return module, record


def _blob(module: Module, record_id: str) -> str:
    return f"crm/photos/{module.api_name}/{record_id}"

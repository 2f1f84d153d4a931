"""Attachments, receipts and documents; records as PDF and HTML."""

from __future__ import annotations

import html
import mimetypes
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer, UploadedFile
from zoho_sandbox.products.books.calls.statuses import change
from zoho_sandbox.products.books.records.records import name_field, shown
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.pdf import text_pdf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.products.books.records.request import Request
    from zoho_sandbox.products.books.records.store import Books, Record

# source: https://www.zoho.com/books/api/v3/invoices/#add-attachment-to-an-invoice
_PICTURES = ("gif", "png", "jpeg", "jpg", "bmp", "pdf")
# source: the same page of expenses, sales orders and purchase orders
_OFFICE = ("xls", "xlsx", "doc", "docx")
_NAMES = ("attachment", "receipt", "doc", "image", "file")
_PDF = "application/pdf;charset=UTF-8"


# -- files on a record ---------------------------------------------------------------------


def _kind(books: Books) -> str:
    return books.kind("documents")


def _parent(request: Request) -> str:
    return f"{request.module.name}/{request.id}"


def _blob(books: Books, record_id: str) -> str:
    return f"{books.kind('documents')}/{record_id}"


def _documents(request: Request) -> list[Record]:
    return request.books.state.find(_kind(request.books), parent=_parent(request))


@handles("attachment_add")
def add_attachment(request: Request) -> Answer:
    """Keep the uploaded files on a record."""
    record = request.record()
    uploads = _uploads(request)
    for upload in uploads:
        _check_type(request, upload.filename)
    for upload in uploads:
        _keep(request, upload)
    _show(request, record)
    key = request.option("key")
    return request.answer(**({key: [_shown(one) for one in _documents(request)]} if key else {}))


def _uploads(request: Request) -> list[UploadedFile]:
    try:
        files = [one for one in request.call.form.files if one.name in _NAMES or one.filename]
    except ValueError:
        files = []
    if not files:
        raise refusal("file_missing", value=request.option("field"))
    return files


def _check_type(request: Request, filename: str) -> None:
    allowed = _PICTURES + (_OFFICE if request.option("office_files") else ())
    if filename.rpartition(".")[2].lower() not in allowed:
        raise refusal("file_type", value=filename)


def _keep(request: Request, upload: UploadedFile) -> None:
    books, record_id = request.books, request.books.new_id()
    document = {
        "document_id": record_id,
        "file_name": upload.filename,
        "file_type": upload.filename.rpartition(".")[2].lower(),
        "file_size": len(upload.data),
        "file_size_formatted": f"{max(1, round(len(upload.data) / 1024))} KB",
        "content_type": upload.content_type or mimetypes.guess_type(upload.filename)[0] or "",
        "attachment_order": len(_documents(request)) + 1,
        "source": "api",
        "uploaded_by": request.call.grant.user_name,
        "created_time": books.now(),
    }
    books.state.put(_kind(books), record_id, document, parent=_parent(request))
    books.state.put_blob(_blob(books, record_id), upload.data)
    request.note("create", record_id, kind="documents", key=upload.filename)


def _show(request: Request, before: Record) -> None:
    """Show a record's files on it: names, and whether it has any."""
    documents = [_shown(one) for one in _documents(request)]
    values: dict[str, Any] = {"documents": documents, "has_attachment": bool(documents)}
    first = documents[0]["file_name"] if documents else ""
    values["expense_receipt_name" if request.option("field") == "receipt" else "attachment_name"] = first
    query = request.call.query.get("can_send_in_mail")
    if query is not None:
        values["can_send_in_mail"] = query == "true"
    change(request, before, values)


def _shown(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "content_type"}


@handles("attachment_get")
def get_attachment(request: Request) -> Answer:
    """Answer the newest file of a record as it was uploaded."""
    request.record()
    documents = _documents(request)
    if not documents:
        raise refusal("unknown_resource")
    return _download(request.books, documents[-1])


@handles("attachment_delete")
def delete_attachments(request: Request) -> Answer:
    """Take all files off a record."""
    record = request.record()
    documents = _documents(request)
    if not documents:
        raise refusal("unknown_resource")
    for document in documents:
        _remove(request, document["document_id"])
    _show(request, record)
    return request.answer()


@handles("attachment_preference")
def set_attachment_preference(request: Request) -> Answer:
    """Say whether a record's file goes with its mails."""
    value = request.call.query.get("can_send_in_mail") or ""
    if value not in ("true", "false"):
        raise refusal("missing_value", value="can_send_in_mail")
    change(request, request.record(), {"can_send_in_mail": value == "true"})
    return request.answer()


def _remove(request: Request, record_id: str) -> None:
    request.books.state.delete(_kind(request.books), record_id)
    request.books.state.delete_blob(_blob(request.books, record_id))
    request.note("delete", record_id, kind="documents")


def _document(request: Request, record_id: str) -> Record:
    found = request.books.state.get(_kind(request.books), record_id)
    if found is None:
        raise request.unknown("Document", record_id)
    return found


@handles("document_get")
def get_document(request: Request) -> Answer:
    """Answer one file of a record."""
    request.record()
    document = _document(request, request.ids[1])
    if document["document_id"] not in {one["document_id"] for one in _documents(request)}:
        raise request.unknown("Document", request.ids[1])
    return _download(request.books, document)


@handles("document_add")
def link_document(request: Request) -> Answer:
    """Put a known document on a record."""
    record, document = request.record(), _document(request, request.ids[1])
    request.books.state.put(_kind(request.books), document["document_id"], document, parent=_parent(request))
    _show(request, record)
    return request.answer()


@handles("document_delete")
def delete_document(request: Request) -> Answer:
    """Take one file off a record."""
    record = request.record()
    if request.ids[1] not in {one["document_id"] for one in _documents(request)}:
        raise request.unknown("Document", request.ids[1])
    _remove(request, request.ids[1])
    _show(request, record)
    return request.answer()


@handles("documents_list")
def list_documents(request: Request) -> Answer:
    """Answer all documents of the organisation.

    source: zoho-books-cli, live notes; the call is not on the vendor's pages
    """
    found = request.books.state.find(_kind(request.books))
    return request.answer(documents=[_shown(one) for one in found])


@handles("documents_file")
def get_document_file(request: Request) -> Answer:
    """Answer a document's bytes; there is no JSON of a single document."""
    return _download(request.books, _document(request, request.id))


def _download(books: Books, document: Mapping[str, Any]) -> Answer:
    data = books.state.blob(_blob(books, document["document_id"])) or b""
    answer = Answer(200, data, content_type=document["content_type"] or "application/octet-stream")
    answer.headers = (_disposition(document["file_name"]),)
    return answer


def _disposition(filename: str) -> tuple[str, str]:
    plain = "".join(one if " " <= one <= "~" and one not in '"\\' else "_" for one in filename)
    return ("Content-Disposition", f'attachment; filename="{plain}"')


# -- records on paper ------------------------------------------------------------------------


@handles("get")
def get_in_form(request: Request) -> Answer:
    """Answer one record as JSON, PDF or HTML, as ``accept`` or the Accept header asks.

    source: https://www.zoho.com/books/api/v3/response
    """
    record = request.record()
    form = _form(request) if request.module.has_pdf else "json"
    if form == "json":
        return request.answer(**shown(request, record))
    if form == "html":
        rows = "".join(f"<p>{html.escape(line)}</p>" for line in _lines(request, record))
        return Answer(
            200, f"<html><body>{rows}</body></html>".encode(), content_type="text/html;charset=UTF-8"
        )
    return _pdf(str(record.get(name_field(request.module)) or request.id), _lines(request, record))


def _form(request: Request) -> str:
    asked = request.call.query.get("accept") or ""
    if asked in ("json", "pdf", "html"):
        return asked
    if request.call.query.get("print") == "true":
        return "pdf"
    first = request.call.headers.get("accept", "").partition(",")[0].partition(";")[0].strip()
    return {"application/pdf": "pdf", "text/html": "html"}.get(first, "json")


def _lines(request: Request, record: Mapping[str, Any]) -> list[str]:
    shown = [f"{request.module.noun} {record.get(name_field(request.module), '')}"]
    party = request.module.party
    shown += [f"{party.capitalize()}: {record.get(f'{party}_name', '')}"] if party else []
    for line in record.get("line_items") or ():
        name = line.get("name") or line.get("description") or line.get("account_name", "")
        shown.append(f"{line.get('quantity', '')} x {name}: {line.get('item_total', line.get('amount', ''))}")
    total = record.get("total", record.get("amount", ""))
    return [*shown, f"Total: {record.get('currency_code', '')} {total}"]


def _pdf(name: str, lines: list[str]) -> Answer:
    answer = Answer(200, text_pdf(lines), content_type=_PDF)
    answer.headers = (_disposition(f"{name}.pdf"),)
    return answer


@handles("bulk_pdf")
def print_many(request: Request) -> Answer:
    """Answer several records as one PDF: ``?invoice_ids=1,2``, at most 25.

    source: https://www.zoho.com/books/api/v3/invoices/#bulk-export-invoices
    """
    name = f"{request.module.id}s"
    ids = [part.strip() for part in (request.call.query.get(name) or "").split(",") if part.strip()]
    if not 0 < len(ids) <= 25:
        # source: the vendor's own example shows this text for estimates without ids
        raise refusal("invalid_value", value=name)
    lines = [line for record_id in ids for line in _lines(request, request.record(record_id))]
    return _pdf(request.module.list_key, lines)

"""Attachments: upload, list, download, delete; links; limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import ok

if TYPE_CHECKING:
    import httpx

PARENT = "/Contacts/111111000000150101/Attachments"


def attach(crm: httpx.Client, name: str = "a.txt", content: bytes = b"hello") -> str:
    """Upload a file; return its id."""
    reply = crm.post(PARENT, files={"file": (name, content)})
    return str(ok(reply)[0]["details"]["id"])


def test_a_file_comes_back_byte_by_byte(crm: httpx.Client) -> None:
    """The download has the bytes, the name and Zoho's content type."""
    content = bytes(range(256)) * 4
    attached = attach(crm, "Übersicht ß.bin", content)

    reply = crm.get(f"{PARENT}/{attached}")

    assert reply.content == content
    assert reply.headers["content-type"] == "application/x-download;charset=UTF-8"
    assert reply.headers["content-disposition"] == ("attachment;filename*=UTF-8''%C3%9Cbersicht%20%C3%9F.bin")


def test_the_list_tells_name_size_and_parent(crm: httpx.Client) -> None:
    """Sizes are texts; links have an address and no size."""
    attach(crm)
    crm.post(PARENT, params={"attachmentUrl": "https://www.example.com/x", "title": "A page"})

    link, file = ok(crm.get(PARENT, params={"fields": "File_Name,Size,Parent_Id"}))

    assert (file["File_Name"], file["Size"], file["$type"]) == ("a.txt", "5", "File")
    assert file["Parent_Id"] == {"name": "Anna Kingsley", "id": "111111000000150101"}
    assert file["$file_id"]
    assert (link["File_Name"], link["$type"]) == ("A page", "Link URL")
    assert link["$link_url"] == "https://www.example.com/x"


def test_a_link_may_stand_in_the_form(crm: httpx.Client) -> None:
    """AttachmentUrl is taken from the query and from the form alike."""
    reply = crm.post(PARENT, data={"attachmentUrl": "https://www.example.com/y"})

    assert reply.status_code == 200
    assert ok(crm.get(PARENT, params={"fields": "File_Name"}))[0]["$link_url"].endswith("/y")


def test_a_link_cannot_be_downloaded(crm: httpx.Client) -> None:
    """Its bytes are elsewhere."""
    link = ok(crm.post(PARENT, params={"attachmentUrl": "https://www.example.com/x"}))[0]["details"]["id"]

    reply = crm.get(f"{PARENT}/{link}")

    assert (reply.status_code, reply.json()["code"]) == (400, "DOWNLOAD_NOT_ALLOWED")


def test_a_deleted_attachment_is_gone(crm: httpx.Client) -> None:
    """A second deletion is refused flat; the download is empty."""
    first, second = attach(crm), attach(crm)

    assert ok(crm.delete(f"{PARENT}/{first}"))[0]["details"] == {"id": first}
    assert ok(crm.delete(PARENT, params={"ids": second}))[0]["message"] == "record deleted"

    again = crm.delete(f"{PARENT}/{first}")
    assert (again.status_code, again.json()["details"]) == (400, {"resource_path_index": 3})
    assert crm.get(f"{PARENT}/{first}").status_code == 204
    assert crm.get(PARENT, params={"fields": "id"}).status_code == 204


def test_an_empty_list_may_be_a_list(sandbox: Any, crm: httpx.Client) -> None:
    """By default there is no content; a setting gives an empty list instead."""
    sandbox.settings["crm.empty_attachments"] = "empty_list"

    reply = crm.get(PARENT, params={"fields": "id"})

    assert reply.status_code == 200
    assert reply.json()["data"] == []
    assert reply.json()["info"]["count"] == 0


def test_other_records_attachments_stay_hidden(crm: httpx.Client) -> None:
    """An attachment is reached through its own record only."""
    attached = attach(crm)

    assert crm.get(f"/Contacts/111111000000150102/Attachments/{attached}").status_code == 204


@pytest.mark.parametrize(
    ("request_parts", "status", "code"),
    [
        ({}, 400, "REQUIRED_PARAM_MISSING"),
        ({"params": {"attachmentUrl": "nowhere"}}, 400, "INVALID_URL_PATTERN"),
        ({"params": {"attachmentUrl": "https://x.example/" + "a" * 3000}}, 400, "INVALID_URL_PATTERN"),
        ({"files": {"file": ("virus.EXE", b"MZ")}}, 400, "INVALID_DATA"),
        ({"files": [("file", ("a", b"1")), ("file", ("b", b"2"))]}, 400, "INVALID_DATA"),
        ({"files": {"file": ("big", b"x" * 101)}}, 413, "FILE_SIZE_MORE_THAN_ALLOWED_SIZE"),
        (
            {"content": b"broken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            400,
            "failure_in_attachment_handling",
        ),
    ],
)
def test_an_upload_without_sense_is_refused(
    sandbox: Any, crm: httpx.Client, request_parts: dict[str, Any], status: int, code: str
) -> None:
    """The refusals are flat; the size limit is a setting."""
    sandbox.settings["crm.attachment_limit_bytes"] = 100

    reply = crm.post(PARENT, **request_parts)

    assert (reply.status_code, reply.json()["code"]) == (status, code)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_parent_must_exist(crm: httpx.Client, method: str) -> None:
    """An unknown parent is refused with its place in the path."""
    path = "/Contacts/111111000000999999/Attachments"
    reply = crm.request(method, path, params={"fields": "id", "attachmentUrl": "https://x.example"})

    assert reply.status_code == 400
    assert reply.json()["message"] == "the related id given seems to be invalid"
    assert reply.json()["details"] == {"resource_path_index": 1}


def test_the_fields_of_the_list_are_compulsory(crm: httpx.Client) -> None:
    """From v3 on, that is."""
    reply = crm.get(PARENT)

    assert reply.json()["code"] == "REQUIRED_PARAM_MISSING"
    assert reply.json()["message"] == "One of the expected parameter is missing"


def test_attachments_of_all_records_can_only_be_read(crm: httpx.Client) -> None:
    """A client that reads every listed module comes past /Attachments; it is no way to write."""
    made = attach(crm)

    assert [row["id"] for row in ok(crm.get("/Attachments", params={"fields": "id"}))] == [made]
    assert crm.post("/Attachments", json={"data": [{}]}).json()["code"] == "INVALID_REQUEST_METHOD"
    assert crm.get(f"/Attachments/{made}").json()["code"] == "INVALID_MODULE"

"""Bulk read and write: jobs that progress, zipped CSV files, callbacks."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, create, listed, ok
from .test_notifications import receiver  # noqa: F401 - a fixture

if TYPE_CHECKING:
    import httpx

    from .test_notifications import Receiver

ORG = {"X-CRM-ORG": "10234695", "feature": "bulk-write"}


@pytest.fixture
def bulk(client: Any) -> httpx.Client:
    """A client of the bulk paths."""
    made: httpx.Client = client("/crm/bulk/v8")
    return made


def unzipped(content: bytes) -> list[list[str]]:
    """Return the rows of the one CSV file in an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = archive.namelist()
        return list(csv.reader(io.StringIO(archive.read(name).decode())))


def zipped(*rows: str) -> bytes:
    """Return an archive with a CSV file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("rows.csv", "\n".join(rows))
    return target.getvalue()


def read(bulk: httpx.Client, **query: Any) -> str:
    """Open a bulk read of the custom module; return the job's id."""
    reply = bulk.post("/read", json={"query": {"module": {"api_name": "CM1"}, **query}})
    return str(ok(reply, 201)[0]["details"]["id"])


def result(bulk: httpx.Client, job: str, way: str = "read") -> list[list[str]]:
    """Look at a job until it is done; return its rows."""
    for _ in range(2):
        bulk.get(f"/{way}/{job}")
    reply = bulk.get(f"/{way}/{job}/result")
    assert reply.headers["content-type"] == "application/zip"
    return unzipped(reply.content)


def test_a_read_job_moves_on_until_it_is_completed(
    sandbox: Any, crm: httpx.Client, bulk: httpx.Client
) -> None:
    """ADDED, QUEUED, IN PROGRESS, COMPLETED; the result is there at the end."""
    sandbox.settings["crm.bulk_polls"] = 3
    create(crm, "CM1", {"Name": "1"})
    job = read(bulk)
    early = bulk.get(f"/read/{job}/result").status_code

    seen = [ok(bulk.get(f"/read/{job}"))[0] for _ in range(3)]

    assert [one["state"] for one in seen] == ["QUEUED", "IN PROGRESS", "COMPLETED"]
    assert early == 404
    assert seen[2]["result"] == {
        "page": 1,
        "per_page": 200000,
        "count": 1,
        "download_url": f"/crm/bulk/v8/read/{job}/result",
        "more_records": False,
    }


def test_the_file_has_the_asked_columns_and_rows(crm: httpx.Client, bulk: httpx.Client) -> None:
    """Lookups are written as ids, empty values as nothing."""
    account = "111111000000150001"
    ids = create(
        crm, "CM1", {"Name": "a,b", "Related_Account": {"id": account}}, {"Name": "c"}, {"Name": "d"}
    )
    condition = {"field": {"api_name": "Name"}, "comparator": "in", "value": ["c", "a,b"]}

    job = read(bulk, fields=["Name", "Related_Account"], criteria=condition)

    assert result(bulk, job) == [
        ["Id", "Name", "Related_Account"],
        [ids[0], "a,b", account],
        [ids[1], "c", ""],
    ]


@pytest.mark.parametrize(
    ("criteria", "names"),
    [
        ({"field": {"api_name": "Quantity"}, "comparator": "greater_than", "value": "1"}, "bc"),
        ({"field": {"api_name": "Quantity"}, "comparator": "between", "value": ["1", "2"]}, "ab"),
        ({"field": {"api_name": "Quantity"}, "comparator": "equal", "value": "${EMPTY}"}, "d"),
        ({"api_name": "Name", "comparator": "not_equal", "value": "a"}, "bcd"),
        ({"field": {"api_name": "Name"}, "comparator": "starts_with", "value": "C"}, "c"),
        (
            {
                "group_operator": "or",
                "group": [
                    {"field": {"api_name": "Name"}, "comparator": "equal", "value": "a"},
                    {"field": {"api_name": "Quantity"}, "comparator": "equal", "value": 3},
                ],
            },
            "ac",
        ),
    ],
)
def test_criteria_choose_the_rows(crm: httpx.Client, bulk: httpx.Client, criteria: Json, names: str) -> None:
    """Comparators go with the field's type; groups join conditions."""
    create(crm, "CM1", *({"Name": n, "Quantity": q} for n, q in zip("abcd", (1, 2, 3, None), strict=True)))

    rows = result(bulk, read(bulk, fields=["Name"], criteria=criteria))

    assert "".join(row[1] for row in rows[1:]) == names


def test_pages_of_a_read_are_jobs_of_their_own(sandbox: Any, crm: httpx.Client, bulk: httpx.Client) -> None:
    """The second page has what the first left."""
    sandbox.settings["crm.bulk_page_rows"] = 2
    create(crm, "CM1", *({"Name": n} for n in "abc"))

    pages = [result(bulk, read(bulk, fields=["Name"], page=n))[1:] for n in (1, 2)]

    assert [[row[1] for row in page] for page in pages] == [["a", "b"], ["c"]]


def test_a_job_with_a_callback_finishes_by_itself(
    crm: httpx.Client,
    bulk: httpx.Client,
    receiver: Receiver,  # noqa: F811 - the fixture
) -> None:
    """The completed job is posted to the callback's address."""
    callback = {"url": receiver.url, "method": "post"}
    bulk.post("/read", json={"query": {"module": {"api_name": "CM1"}}, "callback": callback})

    told = receiver.next()

    assert (told["state"], told["operation"], told["result"]["count"]) == ("COMPLETED", "read", 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MODULE_NOT_AVAILABLE"),
        ({"query": {"module": {"api_name": "Nothing"}}}, "MODULE_NOT_AVAILABLE"),
        ({"query": {"module": {"api_name": "CM1"}, "fields": ["Nothing"]}}, "FIELD_NOT_SUPPORTED"),
        ({"query": {"module": {"api_name": "CM1"}}, "file_type": "ics"}, "INVALID_REQUEST"),
        ({"query": {"module": {"api_name": "CM1"}}, "callback": {"url": "x"}}, "INVALID_CALLBACK_URL"),
        (
            {
                "query": {"module": {"api_name": "CM1"}},
                "callback": {"url": "https://x.example", "method": "get"},
            },
            "INVALID_CALLBACK_METHOD",
        ),
        (
            {"query": {"module": {"api_name": "CM1"}, "criteria": {"group_operator": "xor", "group": []}}},
            "GROUP_OPERATOR_NOT_SUPPORTED",
        ),
        (
            {
                "query": {
                    "module": {"api_name": "CM1"},
                    "criteria": {"field": {"api_name": "Quantity"}, "comparator": "equal", "value": "x"},
                }
            },
            "COMPARATOR_AND_VALUE_IN_CRITERIA_NOT_COMPATIBLE",
        ),
    ],
)
def test_a_read_without_sense_is_refused(bulk: httpx.Client, body: Json, code: str) -> None:
    """Before a job is made."""
    reply = bulk.post("/read", json=body)

    assert (reply.status_code, reply.json()["code"]) == (400, code)


def test_an_unknown_job_is_not_found(bulk: httpx.Client) -> None:
    """404, with the job's id."""
    reply = bulk.get("/read/1")

    assert (reply.status_code, reply.json()["code"]) == (404, "RESOURCE_NOT_FOUND")
    assert bulk.get("/write/1").status_code == bulk.get("/write/1/result").status_code == 404


def write(
    crm: httpx.Client, bulk: httpx.Client, content: bytes, operation: str = "insert", **more: Any
) -> Json:
    """Upload a file, open a bulk write job, look until it is done; return the job."""
    uploaded = crm.post("/upload", files={"file": ("rows.zip", content)}, headers=ORG).json()
    assert uploaded["code"] == "FILE_UPLOAD_SUCCESS", uploaded
    resource = {
        "type": "data",
        "module": {"api_name": "CM1"},
        "file_id": uploaded["details"]["file_id"],
        **more,
    }
    reply = bulk.post("/write", json={"operation": operation, "resource": [resource]})
    assert reply.status_code == 201, reply.text
    job = reply.json()["details"]["id"]
    bulk.get(f"/write/{job}")
    done: Json = bulk.get(f"/write/{job}").json()
    assert done["status"] == "COMPLETED"
    return done


def test_rows_become_records_of_the_fields_types(crm: httpx.Client, bulk: httpx.Client) -> None:
    """Columns are mapped by index, texts become numbers and lookups; the result tells each row's fate."""
    mappings = [
        {"api_name": "Name", "index": 1},
        {"api_name": "Quantity", "index": 0},
        {"api_name": "Related_Account", "index": 2, "find_by": "External_Account_ID"},
        {"api_name": "Email", "default_value": {"value": "none@example.com"}},
    ]
    content = zipped("q,n,acc", "5,One,externalaccount1", "many,Two,", ",Three,")

    job = write(crm, bulk, content, field_mappings=mappings, ignore_empty=True)

    file = job["resource"][0]["file"]
    rows = result(bulk, job["id"], "write")
    (one,) = ok(crm.get("/CM1/search", params={"criteria": "(Name:equals:One)"}))
    assert (file["added_count"], file["skipped_count"], file["total_count"]) == (2, 1, 3)
    assert [row[3] for row in rows] == ["STATUS", "ADDED", "SKIPPED", "ADDED"]
    assert rows[2][5] == "INVALID_DATA:Quantity"
    assert (one["Quantity"], one["Related_Account"]["name"]) == (5, "Zylker")
    assert one["Email"] == "none@example.com"


def test_rows_update_the_records_they_find(crm: httpx.Client, bulk: httpx.Client) -> None:
    """Upsert by a unique field updates or adds, update by id never adds."""
    create(crm, "CM1", {"Name": "One", "External_Order_ID": "e1"})

    upserted = write(
        crm, bulk, zipped("External_Order_ID,Name", "e1,Uno", "e2,Two"), "upsert", find_by="External_Order_ID"
    )
    unknown = write(
        crm,
        bulk,
        zipped("id,Name", "1,Nobody"),
        "update",
        find_by="id",
        field_mappings=[{"api_name": "id", "index": 0}, {"api_name": "Name", "index": 1}],
    )

    counts = upserted["resource"][0]["file"]
    assert (counts["updated_count"], counts["added_count"]) == (1, 1)
    assert unknown["resource"][0]["file"]["skipped_count"] == 1
    assert len(listed(crm, "CM1")) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"operation": "merge"}, "INVALID_DATA"),
        ({"resource": []}, "MISSING_REQUIRED_KEY"),
        ({"operation": "update"}, "MANDATORY_NOT_FOUND"),
        ({"callback": {"url": "x"}}, "INVALID_CALLBACK_URL"),
    ],
)
def test_a_write_without_sense_is_refused(
    crm: httpx.Client, bulk: httpx.Client, change: Json, code: str
) -> None:
    """Before a job is made."""
    file_id = crm.post("/upload", files={"file": ("r.zip", zipped("Name"))}, headers=ORG).json()["details"][
        "file_id"
    ]
    resource = {"type": "data", "module": {"api_name": "CM1"}, "file_id": file_id}

    reply = bulk.post("/write", json={"operation": "insert", "resource": [resource], **change})

    assert (reply.status_code, reply.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ({"module": {"api_name": "Nothing"}}, "MODULE_NOT_AVAILABLE"),
        ({"file_id": "1"}, "FILE_NOT_FOUND"),
        ({"field_mappings": [{"api_name": "Nothing", "index": 0}]}, "INVALID_DATA"),
        ({"field_mappings": [{"api_name": "Email", "index": 0}]}, "MANDATORY_FIELDS_NOT_MAPPED"),
    ],
)
def test_a_resource_without_sense_is_refused(
    crm: httpx.Client, bulk: httpx.Client, resource: Json, code: str
) -> None:
    """Module, file and mapping are checked at once."""
    file_id = crm.post("/upload", files={"file": ("r.zip", zipped("Name"))}, headers=ORG).json()["details"][
        "file_id"
    ]
    plain = {"type": "data", "module": {"api_name": "CM1"}, "file_id": file_id}

    reply = bulk.post("/write", json={"operation": "insert", "resource": [{**plain, **resource}]})

    assert (reply.status_code, reply.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("headers", "content", "message"),
    [
        ({"X-CRM-ORG": "10234695"}, zipped("a"), "Required key feature is not available"),
        ({"feature": "bulk-write"}, zipped("a"), "Required key x-crm-org is not available"),
        ({**ORG, "X-CRM-ORG": "1"}, zipped("a"), "Invalid data - x-crm-org"),
        (ORG, b"no archive", "invalid file format. only zip format is supported"),
    ],
)
def test_an_upload_needs_headers_and_a_zip(
    crm: httpx.Client, headers: dict[str, str], content: bytes, message: str
) -> None:
    """Each refusal in its published words."""
    reply = crm.post("/upload", files={"file": ("rows.zip", content)}, headers=headers)

    assert (reply.status_code, reply.json()["message"]) == (400, message)

"""Files for file fields, and seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import create, get, ok

if TYPE_CHECKING:
    import httpx


def test_files_are_uploaded_and_downloaded(crm: httpx.Client) -> None:
    """Several at once; each has an id of its own."""
    parts = [("file", ("a.txt", b"one")), ("file", ("b.txt", b"two"))]

    items = ok(crm.post("/files", files=parts))

    assert [item["details"]["name"] for item in items] == ["a.txt", "b.txt"]
    contents = [crm.get("/files", params={"id": item["details"]["id"]}).content for item in items]
    assert contents == [b"one", b"two"]


def test_a_file_field_takes_uploaded_files(sandbox: Any, crm: httpx.Client) -> None:
    """It refuses an id that no upload gave."""
    sandbox.plant({"crm": {"fields": {"CM1": {"Papers": {"type": "fileupload"}}}}})
    (item,) = ok(crm.post("/files", files={"file": ("a.txt", b"one")}))
    file_id = item["details"]["id"]

    (made,) = create(crm, "CM1", {"Name": "N", "Papers": [file_id]})
    refused = crm.post("/CM1", json={"data": [{"Name": "N", "Papers": ["none"]}]})

    (shown,) = get(crm, "CM1", made)["Papers"]
    assert (shown["File_Id__s"], shown["File_Name__s"]) == (file_id, "a.txt")
    assert refused.json()["data"][0]["code"] == "INVALID_DATA"


def test_the_limits_of_files(sandbox: Any, crm: httpx.Client) -> None:
    """A large file is 415, none 400, an unknown id no content, a missing one refused."""
    sandbox.settings["crm.file_limit_bytes"] = 2

    assert crm.post("/files", files={"file": ("a", b"one")}).status_code == 415
    assert crm.post("/files").json()["code"] == "failure_in_attachment_handling"
    assert crm.get("/files", params={"id": "x"}).status_code == 204
    assert crm.get("/files").json()["details"] == {"param_name": "id"}


def test_a_seed_adds_modules_fields_and_records(sandbox: Any, crm: httpx.Client) -> None:
    """A planted module works like any other, its fields as described."""
    sandbox.plant(
        {
            "crm": {
                "modules": {
                    "Shops": {"singular": "Shop", "plural": "Shops", "fields": {"Size": {"type": "integer"}}}
                },
                "fields": {"Shops": {"Code": {"type": "text", "unique": "sensitive"}}},
                "records": {"Shops": [{"Name": "One", "Size": 3, "Code": "a"}]},
                "org": {"company_name": "Other"},
            }
        }
    )

    created = crm.post("/Shops", json={"data": [{"Name": "Two", "Code": "A"}, {"Name": "3", "Code": "a"}]})

    assert [item["code"] for item in created.json()["data"]] == ["SUCCESS", "DUPLICATE_DATA"]
    assert crm.get("/org").json()["org"][0]["company_name"] == "Other"
    assert [row["Size"] for row in ok(crm.get("/Shops", params={"fields": "Size"}))] == [None, 3]


def test_a_field_made_unique_by_a_seed_knows_the_old_records(sandbox: Any, crm: httpx.Client) -> None:
    """Records that were there before count as well."""
    create(crm, "Contacts", {"Last_Name": "L", "Mobile": "1"})
    sandbox.plant({"crm": {"fields": {"Contacts": {"Mobile": {"type": "phone", "unique": True}}}}})

    (item,) = crm.post("/Contacts", json={"data": [{"Last_Name": "M", "Mobile": "1"}]}).json()["data"]

    assert item["code"] == "DUPLICATE_DATA"


@pytest.mark.parametrize(
    "part",
    [
        {"nonsense": {}},
        {"fields": {"Nothing": {"A": {}}}},
        {"fields": {"Leads": {"A": {"type": "odd"}}}},
        {"fields": {"Leads": {"A": {"external": "all"}}}},
        {"records": {"Nothing": [{}]}},
        {"records": {"Leads": [{}]}},
        {"records": {"Leads": [{"Last_Name": "L", "Created_By": "1"}]}},
    ],
)
def test_a_seed_without_sense_is_refused_whole(sandbox: Any, crm: httpx.Client, part: dict[str, Any]) -> None:
    """Nothing of it is kept."""
    before = sandbox.state.kinds()

    with pytest.raises(ValueError, match=r"crm|field"):
        sandbox.plant({"crm": part})

    assert sandbox.state.kinds() == before


def test_reset_brings_the_first_records_back(sandbox: Any, crm: httpx.Client) -> None:
    """Ids start again too."""
    (first,) = create(crm, "CM1", {"Name": "1"})
    sandbox.reset()
    sandbox.connection()
    (again,) = create(crm, "CM1", {"Name": "1"})

    assert first == again

"""The edges of what is covered: an address is answered, or honestly refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .asking import create, ok

if TYPE_CHECKING:
    import httpx

# What Zoho publishes for v8. source: its OpenAPI files and its Python SDK
OPERATIONS = [
    (method, line.split()[0])
    for line in (Path(__file__).parent / "published" / "operations.txt").read_text("utf-8").splitlines()
    for method in line.split()[1:]
]
NAMES = {"{module}": "Leads", "{list}": "Products", "{id}": "111111000000150201"}
BLAME = ("the module name given seems to be invalid", "the relation name given seems to be invalid")


def test_every_published_operation_is_covered_or_honestly_refused(client: Any) -> None:
    """Never does an address that Zoho has blame the module, the relation or the verb."""
    zoho = client()
    blamed = []
    for method, path in OPERATIONS:
        for name, value in NAMES.items():
            path = path.replace(name, value)  # noqa: PLW2901
        reply = zoho.request(method, path)
        assert reply.status_code < 500, (method, path)
        code = reply.json().get("code") if reply.status_code >= 400 else None
        is_told = "covered" in reply.headers.get("x-sandbox-refused", "")
        if (
            (code == "INVALID_URL_PATTERN" and not is_told)
            or code == "INVALID_REQUEST_METHOD"
            or any(words in reply.text for words in BLAME)
        ):
            blamed.append((method, path, reply.text))

    assert blamed == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/settings/blueprints"),
        ("GET", "/settings/automation/workflow_rules"),
        ("POST", "/settings/modules"),
        ("POST", "/Leads/111111000000150201/actions/unblock_email"),
        ("GET", "/Leads/111111000000150201/Cadences"),
        ("GET", "/Leads/111111000000150201/Locking_Information__s"),
        ("GET", "/__features"),
        ("GET", "/portals"),
    ],
)
def test_what_is_not_covered_says_so(crm: httpx.Client, method: str, path: str) -> None:
    """As an unknown address, with a header of the sandbox's own."""
    reply = crm.request(method, path)

    assert (reply.status_code, reply.json()["code"]) == (404, "INVALID_URL_PATTERN")
    assert "not covered by the sandbox" in reply.headers["x-sandbox-refused"]


def test_bulk_jobs_have_one_address(client: Any) -> None:
    """/crm/bulk/v8, never /crm/v8/bulk; and nothing else lives there."""
    zoho = client()
    asked = {"query": {"module": {"api_name": "Leads"}}}

    assert zoho.post("/crm/bulk/v8/read", json=asked).status_code == 201
    wrong = zoho.post("/crm/v8/bulk/read", json=asked)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "INVALID_URL_PATTERN")
    assert zoho.get("/crm/bulk/v8/Leads").status_code == 404


def test_module_names_are_taken_in_any_case(client: Any) -> None:
    """In paths, as one platform's node writes them, and in parameters."""
    old, new = client("/crm/v2"), client("/crm/v8")
    (made,) = create(old, "leads", {"Last_Name": "Low"})

    assert ok(old.get(f"/leads/{made}"))[0]["Last_Name"] == "Low"
    assert ok(new.get(f"/LEADS/{made}"))[0]["id"] == made
    assert new.get("/settings/fields", params={"module": "leads"}).status_code == 200
    assert new.post(f"/leads/{made}/actions/convert", json={"data": [{}]}).status_code == 200
    assert new.get("/notes", params={"fields": "Note_Title"}).status_code in (200, 204)


@pytest.mark.parametrize("version", ["v2", "v3", "v8"])
def test_every_listed_module_can_be_read(client: Any, version: str) -> None:
    """A client that reads whatever is listed as supported by the API comes to the end."""
    crm = client(f"/crm/{version}")
    names = [m["api_name"] for m in crm.get("/settings/modules").json()["modules"] if m["api_supported"]]

    for name in names:
        assert crm.get(f"/settings/fields?module={name}").status_code == 200, name
        assert crm.get(f"/{name}", params={"fields": "id"}).status_code in (200, 204), name


def test_the_usual_scheme_of_bearer_tokens_is_taken(client: Any) -> None:
    """Beside Zoho's own, by both products."""
    zoho = client()
    bearer = {"Authorization": zoho.headers["Authorization"].replace("Zoho-oauthtoken", "Bearer")}

    assert zoho.get("/crm/v8/org", headers=bearer).status_code == 200
    organization = {"organization_id": "10234695"}
    assert zoho.get("/books/v3/items", params=organization, headers=bearer).status_code == 200

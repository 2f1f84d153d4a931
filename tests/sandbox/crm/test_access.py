"""Tokens, scopes, addresses, verbs and versions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .asking import create

CONTACT = "/Contacts/111111000000150101"


def test_a_request_without_token_is_refused(url: str) -> None:
    """AUTHENTICATION_FAILURE, 401."""
    reply = httpx.get(f"{url}/crm/v8/Contacts")

    assert (reply.status_code, reply.json()) == (
        401,
        {
            "code": "AUTHENTICATION_FAILURE",
            "details": {},
            "message": "Authentication failed",
            "status": "error",
        },
    )


def test_a_dead_token_is_refused(sandbox: Any, crm: httpx.Client) -> None:
    """INVALID_TOKEN, 401, for an expired and for an invented one."""
    invented = crm.get("/org", headers={"Authorization": "Zoho-oauthtoken nonsense"})
    sandbox.clock.advance(3601)
    expired = crm.get("/org")

    for reply in (invented, expired):
        assert (reply.status_code, reply.json()["code"]) == (401, "INVALID_TOKEN")
        assert reply.json()["message"] == "invalid oauth token"


@pytest.mark.parametrize(
    ("method", "path", "scopes", "message"),
    [
        ("GET", "/Contacts", ["ZohoCRM.modules.leads.READ"], "Unauthorized"),
        ("GET", "/Price_Books", ["ZohoCRM.modules.price_books.READ"], "Unauthorized"),
        ("POST", "/Contacts", ["ZohoCRM.modules.contacts.READ"], "Unauthorized"),
        ("PUT", "/Contacts", ["ZohoCRM.modules.contacts.CREATE"], "Unauthorized"),
        ("DELETE", "/Contacts", ["ZohoCRM.modules.contacts.WRITE"], "Unauthorized"),
        ("POST", "/Contacts/upsert", ["ZohoCRM.modules.contacts.CREATE"], "Unauthorized"),
        ("POST", "/Contacts/upsert", ["ZohoCRM.modules.contacts.WRITE"], "Unauthorized"),
        ("GET", "/Contacts/search", ["ZohoCRM.modules.ALL"], "Unauthorized"),
        ("GET", "/Notes", ["ZohoCRM.modules.contacts.ALL"], "invalid oauth scope to access this URL"),
        ("POST", "/coql", ["ZohoCRM.modules.ALL"], "invalid oauth scope to access this URL"),
        ("GET", "/users", ["ZohoCRM.org.READ"], "invalid oauth scope to access this URL"),
        (
            "GET",
            "/settings/fields",
            ["ZohoCRM.settings.modules.READ"],
            "invalid oauth scope to access this URL",
        ),
        ("POST", "/actions/watch", ["ZohoCRM.notifications.READ"], "invalid oauth scope to access this URL"),
        ("POST", "/files", ["ZohoCRM.files.READ"], "invalid oauth scope to access this URL"),
    ],
)
def test_a_missing_scope_is_refused(
    client: Any, method: str, path: str, scopes: list[str], message: str
) -> None:
    """OAUTH_SCOPE_MISMATCH, 401, in the words of the resource."""
    reply = client("/crm/v8", scopes=scopes).request(method, path)

    assert (reply.status_code, reply.json()["code"]) == (401, "OAUTH_SCOPE_MISMATCH")
    assert reply.json()["message"] == message


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/Price_Books", ["ZohoCRM.modules.pricebooks.READ"]),
        ("GET", "/Contacts", ["ZohoCRM.modules.READ"]),
        ("GET", "/Contacts", ["zohocrm.modules.all"]),
        ("GET", "/CM1", ["ZohoCRM.modules.custom.ALL"]),
        ("POST", "/Contacts/upsert", ["ZohoCRM.modules.contacts.ALL"]),
        ("POST", "/Contacts/upsert", ["ZohoCRM.modules.contacts.WRITE", "ZohoCRM.modules.contacts.CREATE"]),
        ("GET", "/Contacts/search", ["ZohoCRM.modules.ALL", "ZohoSearch.securesearch.READ"]),
        ("GET", f"{CONTACT}/Attachments", ["ZohoCRM.modules.attachments.READ"]),
        ("GET", f"{CONTACT}/Attachments", ["ZohoCRM.modules.contacts.READ"]),
        ("GET", "/settings/fields", ["ZohoCRM.settings.ALL"]),
    ],
)
def test_a_granted_scope_opens_the_way(client: Any, method: str, path: str, scopes: list[str]) -> None:
    """Whatever else is wrong with the request, it is not the scope."""
    reply = client("/crm/v8", scopes=scopes).request(method, path)

    assert reply.status_code != 401, reply.text


def test_a_query_wants_the_scope_of_its_module_too(client: Any) -> None:
    """coql.READ alone is not enough; metadata wants a third one."""
    text = {"select_query": "select id from Contacts where id is not null"}
    read = ["ZohoCRM.coql.READ", "ZohoCRM.modules.contacts.READ"]

    alone = client("/crm/v8", scopes=read[:1]).post("/coql", json=text)
    both = client("/crm/v8", scopes=read).post("/coql", json=text)
    meta = client("/crm/v8", scopes=read).post("/coql", json={**text, "include_meta": ["fields"]})

    assert (alone.status_code, both.status_code, meta.status_code) == (401, 200, 401)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/Nothing", 400, "INVALID_MODULE"),
        ("PATCH", "/Contacts", 400, "INVALID_REQUEST_METHOD"),
        ("DELETE", "/org", 400, "INVALID_REQUEST_METHOD"),
        ("GET", "/Contacts/1/a/b/c/d", 404, "INVALID_URL_PATTERN"),
        ("GET", "/", 404, "INVALID_URL_PATTERN"),
    ],
)
def test_a_wrong_address_or_verb_is_refused(
    crm: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    """A wrong verb is 400, not 405."""
    reply = crm.request(method, path)

    assert (reply.status_code, reply.json()["code"]) == (status, code)


ALL_VERSIONS = ["v2", "v2.1", "v3", "v4", "v5", "v6", "v7", "v8"]


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_all_versions_answer_side_by_side(client: Any, version: str) -> None:
    """Records are the same in all of them; fields are compulsory in lists from v3 on."""
    crm = client(f"/crm/{version}")
    (made,) = create(crm, "CM1", {"Name": "x"})

    free = crm.get("/CM1")
    asked = crm.get("/CM1", params={"fields": "Name"}).json()

    assert free.status_code == (200 if version in ("v2", "v2.1") else 400)
    assert asked["data"] == [{"Name": "x", "id": made}]
    assert ("next_page_token" in asked["info"]) is (version >= "v5")


def test_an_unknown_version_is_refused(client: Any) -> None:
    """v1 is dead, v9 not born."""
    for version in ("v1", "v9"):
        assert client(f"/crm/{version}").get("/Contacts").status_code == 404


def test_a_resource_has_a_first_version(client: Any) -> None:
    """Services came with v3."""
    reply = client("/crm/v2").get("/Services__s")

    assert reply.json()["code"] == "API_NOT_SUPPORTED"
    assert reply.json()["details"] == {"supported_version": 3}


def test_old_versions_have_no_page_limit(sandbox: Any, client: Any) -> None:
    """Before v5 there is no token, so pages go on."""
    sandbox.settings["crm.page_limit"] = 1

    assert client("/crm/v4").get("/Contacts", params={"fields": "id"}).status_code == 200


def test_converted_moved_into_a_field(client: Any) -> None:
    """$converted up to v3, Converted__s always."""
    old, new = (client(f"/crm/{v}").get("/Leads/111111000000150201").json()["data"][0] for v in ("v3", "v4"))

    assert old["$converted"] is False
    assert "$converted" not in new

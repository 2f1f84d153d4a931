"""Replies of the main operations against Zoho's own OpenAPI files, for those who have them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.books.test_published_operations import Caller, operations
from sandbox.crm.test_published import CASES, send
from sandbox.openapi import complaints, documents, left_over, needs_files
from zoho_sandbox.products.books.rules.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from zoho_sandbox import Sandbox

LEAD, ZYLKER, CAMPAIGN = "111111000000150201", "111111000000150001", "111111000000150601"
ALL_BOOKS = ("ZohoBooks.fullaccess.all",)


class Notes:
    """What replies left the files in, and how many of them the files know."""

    def __init__(self, product: str, prefix: str) -> None:
        self._documents = documents(product)
        self._prefix = re.compile(prefix)
        self.seen: set[tuple[str, str]] = set()
        self.checked = 0

    def note(self, reply: httpx.Response) -> None:
        """Check one reply; one that a client has not read yet is read."""
        reply.read()
        found = complaints(self._documents, reply, self._prefix.sub("", reply.url.path))
        if found is not None:
            self.checked += 1
            self.seen.update(found)


@needs_files
def test_books_leaves_the_files_only_where_listed(sandbox: Sandbox, client: Any) -> None:
    """Every published operation is called; each deviation has a reason, each reason a deviation."""
    notes = Notes("books", "^/books/v3")
    api = client("/books/v3", scopes=ALL_BOOKS)
    api.params = {"organization_id": "10234695"}
    api.event_hooks = {"response": [notes.note]}

    for module in sorted(catalogue().modules):
        sandbox.reset()
        sandbox.connection(scopes=ALL_BOOKS)
        sandbox.settings["books.allow_duplicate_item_names"] = True
        caller = Caller(api, sandbox)
        for operation in operations(module):
            caller.call(operation)

    left = left_over("books", notes.seen)
    assert not left, "\n".join(left)
    assert notes.checked > 1500


@needs_files
def test_crm_leaves_the_files_only_where_listed(sandbox: Sandbox, client: Any) -> None:
    """The published cases and what they leave out; each deviation has a reason, each reason a deviation."""
    notes = Notes("crm", "^/crm/(bulk/)?v8")
    clients = {False: client("/crm/v8"), True: client("/crm/bulk/v8")}

    for case in CASES:
        sandbox.reset()
        sandbox.connection()
        sandbox.plant({"crm": {"fields": case.get("fields", {})}})
        for request in [*case.get("before", []), case["request"]]:
            notes.note(send(clients, request))
    sandbox.reset()
    sandbox.connection()
    for reply in further(clients[False], clients[True]):
        notes.note(reply)

    left = left_over("crm", notes.seen)
    assert not left, "\n".join(left)
    assert notes.checked > 75


def further(crm: httpx.Client, bulk: httpx.Client) -> Iterator[httpx.Response]:
    """Ask for what the published cases leave out."""
    module = {"module": "Leads"}
    for what in ("modules", "modules/Leads", "fields", "layouts", "related_lists", "tags"):
        yield crm.get(f"/settings/{what}", params=module)
    made = crm.post("/settings/tags", params=module, json={"tags": [{"name": "a"}]})
    tag = made.json()["tags"][0]["details"]["id"]
    yield made
    yield crm.put(f"/settings/tags/{tag}", params=module, json={"tags": [{"name": "b"}]})
    yield crm.get(f"/settings/tags/{tag}/actions/records_count", params=module)
    yield crm.post("/Leads/actions/add_tags", json={"ids": [LEAD], "tags": [{"name": "b"}]})
    yield crm.post(f"/Leads/{LEAD}/actions/remove_tags", json={"tags": [{"name": "b"}]})
    yield crm.delete(f"/settings/tags/{tag}")
    for path in (
        "/users/111111000000044700",
        "/org",
        "/actions/watch",
        "/Leads/actions/count",
        f"/Leads/{LEAD}",
    ):
        yield crm.get(path)
    yield crm.post("/files", files={"file": ("a", b"x")})
    channel = {"channel_id": "1", "events": ["Leads.all"], "notify_url": "http://127.0.0.1:1/"}
    yield crm.post("/actions/watch", json={"watch": [channel]})
    yield crm.get("/actions/watch")
    yield crm.delete("/actions/watch", params={"channel_ids": "1"})
    job = bulk.post("/read", json={"query": {"module": {"api_name": "Leads"}}}).json()
    yield bulk.get(f"/read/{job['data'][0]['details']['id']}")
    yield crm.post(
        "/__composite_requests", json={"__composite_requests": [{"method": "GET", "uri": "/crm/v8/org"}]}
    )
    counted = {"get_related_records_count": [{"related_list": {"api_name": "Contacts", "id": "1"}}]}
    yield crm.post(f"/Accounts/{ZYLKER}/actions/get_related_records_count", json=counted)
    yield crm.put(f"/Campaigns/{CAMPAIGN}/Contacts", json={"data": [{"id": "111111000000150101"}]})
    yield crm.get(f"/Campaigns/{CAMPAIGN}/Contacts", params={"fields": "id"})
    yield crm.delete(f"/Campaigns/{CAMPAIGN}/Contacts", params={"ids": "111111000000150101"})
    yield crm.post(f"/Leads/{LEAD}/actions/clone", json={"data": [{}]})

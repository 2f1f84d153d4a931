"""Replies against Zoho's OpenAPI files, where the environment names a folder with them.

``ZOHO_OPENAPI_CRM`` is a folder with the JSON files of CRM v8. What deviates on purpose is
listed with its reason in ``published/deviations.yaml``.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from .test_published import CASES, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from .asking import Json

FOLDER = os.environ.get("ZOHO_OPENAPI_CRM")
DEVIATIONS = yaml.safe_load((Path(__file__).parent / "published" / "deviations.yaml").read_text("utf-8"))
LEAD, ZYLKER, CAMPAIGN = "111111000000150201", "111111000000150001", "111111000000150601"

pytestmark = pytest.mark.skipif(not FOLDER, reason="ZOHO_OPENAPI_CRM names no folder with Zoho's files")


def documents() -> list[Json]:
    """Return Zoho's files; patterns that Python cannot read are left out."""
    texts = [path.read_text("utf-8") for path in sorted(Path(str(FOLDER)).glob("*.json"))]
    return [
        json.loads(re.sub(r'"pattern":\s*"(?:[^"\\]|\\.)*\\\\p(?:[^"\\]|\\.)*",?', "", text))
        for text in texts
    ]


def operation(found: list[Json], method: str, path: str) -> tuple[str, Json, Json] | None:
    """Return template, document and operation of a request, the most literal one."""
    fits = [
        (template, document, item[method.lower()])
        for document in found
        for template, item in document["paths"].items()
        if method.lower() in item and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
    ]
    return max(fits, key=lambda one: len(re.sub(r"\{[^}]+\}", "", one[0])), default=None)


def resolved(document: Json, thing: Json) -> Json:
    """Follow a reference."""
    while "$ref" in thing:
        target: Any = document
        for part in thing["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        thing = target
    return thing


def complaint(found: list[Json], reply: httpx.Response, path: str) -> tuple[str, str] | None:
    """Return where and how a reply leaves the files, None when it does not."""
    place = operation(found, reply.request.method, path)
    if place is None:
        return None
    template, document, one = place
    response = one["responses"].get(str(reply.status_code))
    if response is None:
        return template, f"status {reply.status_code}"
    content = resolved(document, response).get("content", {}).get("application/json")
    if content is None or not reply.content:
        return None
    schema = {**content["schema"], "components": document["components"]}
    errors = sorted(Draft202012Validator(schema).iter_errors(reply.json()), key=lambda e: len(e.path))
    if not errors:
        return None
    error = errors[0]
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return template, error.message


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


def test_replies_leave_the_files_only_where_listed(sandbox: Any, client: Any) -> None:
    """Each deviation is listed with a reason, and each listed one still happens."""
    found = documents()
    clients = {False: client("/crm/v8"), True: client("/crm/bulk/v8")}
    seen = set()

    def note(reply: httpx.Response) -> None:
        path = re.sub(r"^/crm/(bulk/)?v8", "", reply.request.url.path)
        if left := complaint(found, reply, path):
            seen.add(left)

    for case in CASES:
        sandbox.reset()
        sandbox.connection()
        sandbox.plant({"crm": {"fields": case.get("fields", {})}})
        for request in [*case.get("before", []), case["request"]]:
            note(send(clients, request))
    sandbox.reset()
    sandbox.connection()
    for reply in further(clients[False], clients[True]):
        note(reply)

    listed = [(one["path"], one["deviation"]) for one in DEVIATIONS]
    unlisted = [s for s in seen if not any(s[0] == p and s[1].startswith(d) for p, d in listed)]
    gone = [x for x in listed if not any(s[0] == x[0] and s[1].startswith(x[1]) for s in seen)]
    assert (unlisted, gone) == ([], [])

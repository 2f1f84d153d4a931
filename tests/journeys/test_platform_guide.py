"""The guide for platforms: its programs run, and the platform that it describes serves people, calls and pushes."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from connector_runtime import Component
from meta.repository import ROOT
from tokens.scene import HOUR_S, component
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE = (ROOT / "docs" / "guides" / "platform.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on loopback."""
    with closing(Sandbox()) as sandbox, sandbox.running():
        yield sandbox


def test_its_programs_run(sandbox: Sandbox) -> None:
    """In order, each as it is printed; the sandbox stands in for Zoho."""
    connection = sandbox.connection()
    names: dict[str, Any] = {
        **{part: connection[part] for part in ("fields", "token", "context")},
        "tenants": {"tenant-7": {}},
        "metrics": [],
    }
    for program in PROGRAMS:
        exec(
            compile(program.replace("zohoTemplatedConnection", connection["key"]), "platform.md", "exec"),
            names,
        )

    assert names["answer"]["outcome"] == "done"
    assert names["shown"]["kind"] == "not_found"
    names["keep"]({"access_token": "t"})
    assert names["tenants"] == {"tenant-7": {"token": {"access_token": "t"}}}
    with names["session"] as session:
        session.run("crmGetUsers", {"userType": "CurrentUser"})
    assert [kind for kind, *_ in names["metrics"]] == ["start", "attempt", "action"]


class Served:
    """The example of the guide, asked without a socket."""

    def __init__(self, sandbox: Sandbox, **options: Any) -> None:
        pytest.importorskip("starlette", reason="the example needs starlette")
        sys.path.insert(0, str(ROOT / "examples"))
        from platform_starlette.app import create

        self.app = create(component(), **options)
        self.platform = self.app.state.platform
        self.sandbox = sandbox
        wire = httpx.ASGITransport(self.app)
        self.client = httpx.AsyncClient(transport=wire, base_url="http://127.0.0.1:8000")

    async def connect(self, tenant: str) -> httpx.Response:
        """Log in as a person does: to the login page, a decision, and back."""
        known = self.sandbox.connection()
        form = {"key": known["key"], "fields": known["fields"]}
        begun = await self.client.post(f"/connections/{tenant}/login", json=form)
        page = urlsplit(begun.json()["goTo"])
        async with httpx.AsyncClient(base_url=self.sandbox.base_url) as browser:
            back = await browser.post(page.path, data={**httpx.QueryParams(page.query), "decision": "accept"})
        return await self.client.get(back.headers["Location"])

    async def run(self, tenant: str, action: str, inputs: dict[str, Any]) -> httpx.Response:
        return await self.client.post(f"/connections/{tenant}/actions/{action}", json=inputs)


def test_a_person_connects_and_calls_run(sandbox: Sandbox) -> None:
    """Form, login page, callback, a call; a token that has ended is renewed and kept; a failure is JSON."""

    async def story() -> None:
        served = Served(sandbox)
        assert {"actions", "connections"} <= (await served.client.get("/catalogue")).json().keys()
        assert (await served.connect("seven")).headers["Location"] == "/connections/seven"
        shown = (await served.client.get("/connections/seven")).json()
        assert shown["name"] == "seven"
        before = served.platform.connections["seven"]["token"]["access_token"]
        assert before not in str(shown)

        sandbox.clock.advance(HOUR_S)
        assert (await served.run("seven", "crmGetUsers", {"userType": "CurrentUser"})).json()["outcome"] == "done"
        assert served.platform.connections["seven"]["token"]["access_token"] != before
        assert served.platform.events["renewal", "done"] == 1

        missing = await served.run("seven", "crmGetRecord", {"recordType": "Leads", "recordId": "1"})
        assert (missing.status_code, missing.json()["kind"]) == (404, "not_found")
        wrong = await served.run("seven", "crmGetRecord", {"recordType": "Leads"})
        assert (wrong.status_code, wrong.json()["input"]) == (422, "recordId")
        await served.platform.close()

    asyncio.run(story())


def test_a_stranger_cannot_finish_a_login(sandbox: Sandbox) -> None:
    """A callback with a state that nobody was given, and the same one twice, are refused."""

    async def story() -> list[int]:
        served = Served(sandbox)
        first = await served.client.get("/callback", params={"state": "guessed", "code": "1000.code"})
        back = await served.connect("seven")
        again = await served.client.get(str(back.request.url))
        return [first.status_code, back.status_code, again.status_code]

    assert asyncio.run(story()) == [400, 303, 400]


def test_a_push_is_told_once(sandbox: Sandbox) -> None:
    """With its secret it is told, twice it is told once, without the secret it is refused."""

    async def story() -> None:
        served = Served(sandbox)
        await served.connect("seven")
        await served.client.post(
            "/connections/seven/triggers/crmRecordNotifications", json={"recordType": "Leads"}
        )
        secret = served.platform.subscriptions["seven"]["secret"]
        push = {"module": "Leads", "operation": "insert", "ids": ["5725767000000524157"], "token": secret}
        push["server_time"] = 1_780_000_000_000
        push["channel_id"] = served.platform.subscriptions["seven"]["id"]
        forged = {**push, "token": "guessed"}
        answers = [await served.client.post("/hooks/seven", json=one) for one in (push, push, forged)]

        assert [answer.status_code for answer in answers] == [200, 200, 401]
        assert [event["id"] for event in served.platform.told] == ["5725767000000524157"]
        await served.platform.close()

    asyncio.run(story())


@pytest.mark.plan("S-310")
def test_a_new_version_takes_over_without_breaking_a_call(sandbox: Sandbox) -> None:
    """The call that is under way is answered; the session it used is closed after it, not before."""

    async def story() -> None:
        served = Served(sandbox)
        await served.connect("seven")
        sandbox.faults(fault="delay", path="/crm/*", delay_s=0.5)
        running = asyncio.create_task(served.run("seven", "crmGetUsers", {"userType": "CurrentUser"}))
        await asyncio.sleep(0.2)
        newer = Component.load(ROOT)
        await served.platform.use(newer)

        assert (await running).json()["outcome"] == "done"
        assert served.platform.component is newer
        assert (await served.run("seven", "crmGetUsers", {"userType": "CurrentUser"})).json()["outcome"] == "done"
        await served.platform.close()

    asyncio.run(story())

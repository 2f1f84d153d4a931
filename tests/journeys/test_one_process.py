"""Many sessions of many tenants, and two versions of a component, in one process."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from connector_runtime import Component
from connector_runtime.errors import ConnectorError
from engine.shop import COMPONENT, CONNECTION, SENT, action
from meta.repository import ROOT
from tokens.scene import component, entries
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUERY = {"query": "select Last_Name from Contacts where Last_Name is not null"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose limits are on."""
    sandbox = Sandbox()
    with sandbox.running():
        yield sandbox
    sandbox.close()


@pytest.mark.plan("S-308")
def test_all_sessions_of_a_connection_keep_to_its_limit_together(sandbox: Sandbox) -> None:
    """Forty sessions, in threads and in two event loops, of two copies of the component: nothing is refused."""
    connection = sandbox.connection()
    sandbox.settings.change({"limits.crm": "professional", "server.latency_ms": 20})
    copies = [component(), Component.load(ROOT)]

    def in_a_thread(number: int) -> None:
        with copies[number % 2].session(connection) as session:
            for _ in range(3):
                assert session.run("crmRunQuery", {**QUERY, "maxRetries": 0}).status == 200

    def in_a_loop(number: int) -> None:
        async def one() -> None:
            async with copies[number % 2].async_session(connection) as session:
                await asyncio.gather(
                    *(session.run("crmRunQuery", {**QUERY, "maxRetries": 0}) for _ in range(15))
                )

        async def ten() -> None:
            await asyncio.gather(*(one() for _ in range(2)))

        asyncio.run(ten())

    with ThreadPoolExecutor(22) as pool:
        done = [pool.submit(in_a_thread, number) for number in range(20)]
        done += [pool.submit(in_a_loop, number) for number in range(2)]
        for one in done:
            one.result()

    asked = entries(sandbox, "crm")
    assert len(asked) == 20 * 3 + 2 * 2 * 15
    assert {entry["status"] for entry in asked} == {200}


@pytest.mark.plan("S-308")
def test_what_one_session_was_told_the_others_keep_to(sandbox: Sandbox) -> None:
    """Asked for a pause once, no session of that connection asks; another connection is not held up."""
    connection, other = sandbox.connection(), {**sandbox.connection(), "name": "other"}
    sandbox.faults(fault="status", path="/crm/*", status=429, headers={"Retry-After": "600"}, count=1)
    with component().session(connection) as session, pytest.raises(ConnectorError) as first:
        session.run("crmRunQuery", {**QUERY, "maxRetries": 0})
    asked = len(entries(sandbox, "crm"))

    with component().session(connection) as session, pytest.raises(ConnectorError) as second:
        session.run("crmRunQuery", QUERY)
    with component().session(other) as session:
        assert session.run("crmRunQuery", QUERY).status == 200

    assert [first.value.kind, second.value.kind] == ["rate_limited"] * 2
    assert len(entries(sandbox, "crm")) == asked + 1


@pytest.mark.plan("S-308")
def test_a_renewed_token_does_not_make_another_connection(sandbox: Sandbox) -> None:
    """A platform that stores what `on_token` hands it opens the same connection the next time."""
    connection = sandbox.connection()
    sandbox.faults(fault="status", path="/crm/*", status=429, headers={"Retry-After": "600"}, count=1)
    with component().session(connection) as session, pytest.raises(ConnectorError):
        session.run("crmRunQuery", {**QUERY, "maxRetries": 0})
    renewed = {**connection["token"], "access_token": "1000.another", "issued_at": 1}

    with (
        component().session({**connection, "token": renewed}) as session,
        pytest.raises(ConnectorError) as caught,
    ):
        session.run("crmRunQuery", QUERY)

    assert caught.value.kind == "rate_limited"


class HeldWire:
    """A transport that answers when it is told to."""

    def __init__(self) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.urls: list[str] = []

    def handle_request(self, request: Any) -> Any:
        import httpx

        self.urls.append(str(request.url))
        self.asked.set()
        assert self.may_answer.wait(30)
        return httpx.Response(200, json={"id": "7"})

    def close(self) -> None:
        """Hold nothing."""


def written(folder: Path, path: str, version: str) -> Path:
    """Write a version of a small component into a folder."""
    read = action("read")
    read["request"]["path"] = path
    files = {
        "component.yaml": {**COMPONENT, "version": version},
        "connections/key.yaml": CONNECTION,
        "actions/order.yaml": read,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return folder


@pytest.mark.plan("S-310")
def test_a_call_ends_with_the_version_it_began_with(tmp_path: Path) -> None:
    """The new version serves while a call of the old one is under way; the old one is gone afterwards."""
    given = {"key": "key", "fields": {"key": "shop-key-123456"}}
    wire, folder = HeldWire(), tmp_path / "component"
    old = Component.load(written(folder, "/old", "1.0.0"))
    session = old.session(given, transport=wire)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(session.run, "order")
        assert wire.asked.wait(30)

        new = Component.load(written(folder, "/new", "2.0.0"))
        plan = new.request("order", {}, given)
        wire.may_answer.set()
        result = running.result(30)
    session.run("order")
    session.close()

    assert plan.url.startswith("https://api.example.com/v1/new")
    assert result.data == SENT["json"]
    assert {url.partition("?")[0] for url in wire.urls} == {"https://api.example.com/v1/old"}
    gone = weakref.ref(old.model)
    del old, session, running
    gc.collect()
    assert gone() is None
    assert new.model.component["version"] == "2.0.0"

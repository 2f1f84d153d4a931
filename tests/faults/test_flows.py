"""A call that is given up at any moment leaves nothing behind: no slot, no lock, no file, no task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.testing.cases import AsyncScriptedSender, Script, StillClock
from engine.shop import COMPONENT, SENT, action, model_of
from engine.test_paging import PAGING
from engine.test_tokens import FRESH, OAUTH

if TYPE_CHECKING:
    from pathlib import Path

    from connector_runtime.definition.model import Model

API = COMPONENT["services"]["api"]  # type: ignore[index]
# One request at a time: a slot that is not given back stops everything after it.
NARROW = {"services": {"api": {**API, "budget": {"concurrency": 1}}}}
KEY = {"key": "key", "fields": {"key": "shop-key-123456"}}
GRANT = {
    "key": "oauth",
    "fields": {"clientId": "c", "clientSecret": "client-secret-1"},
    "token": {"access_token": "old-token-1", "refresh_token": "refresh-token-1", "expires_at": 1},
}
LISTING = {
    "inputs": action("read")["inputs"]
    | {
        "page": {"type": "integer", "label": "Page", "default": 1},
        "token": {"type": "string", "label": "Token"},
        "all": {"type": "boolean", "label": "All", "default": False},
    },
    "paginate": PAGING,
    "request": action("read")["request"] | {"query": {"page": "${ page.number }", "token": "${ page.token }"}},
    "reply": {"output": {"...": "${ reply.json }", "orders": "${ items }"}},
    "examples": {"one": {"label": "One", "inputs": {}, "reply": {"json": {"orders": [1], "more": False}}}},
}
FIND = action("read", action="find", request={"service": "api", "path": "/search"})
LOOKUP = {
    "action": "find",
    "inputs": {},
    "made": "${ item.made }",
    "sent": {},
    "found": "${ item.id }",
}
FOUND = {
    "status": 200,
    "headers": {"Date": "Sun, 15 Jun 2025 15:06:40 GMT"},
    "json": {"id": "7", "made": 1_750_000_000},
}
MODELS: dict[str, Model] = {
    "read": model_of(action("read"), **NARROW),
    "create": model_of(action("create"), **NARROW),
    "looked up": model_of(action("create", lookup=LOOKUP), FIND, **NARROW),
    "listed": model_of(action("read", **LISTING), **NARROW),
    "renewed": model_of(action("read"), connection=OAUTH, **NARROW),
    "written": model_of(action("update"), **NARROW),
}
BUSY = {"status": 503, "text": ""}
LOST = {"error": "disconnect"}
PAGES = [{"status": 200, "json": {"orders": [number], "more": number < 3}} for number in (1, 2, 3)]
# Model, replies, inputs, and what is done.
FLOWS: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any], str]] = {
    "a read": ("read", [SENT], {}, "run"),
    "a read that is repeated": ("read", [BUSY, BUSY, SENT], {"retries": 2}, "run"),
    "a read that waits as asked": ("read", [{"status": 429, "json": {}, "headers": {"Retry-After": "30"}}, SENT], {"retries": 1}, "run"),
    "a read that fails": ("read", [LOST], {"retries": 3}, "run"),
    "a create": ("create", [SENT], {}, "run"),
    "a create whose outcome is unknown": ("create", [LOST], {}, "run"),
    "a create that is looked up": ("looked up", [LOST, FOUND], {}, "run"),
    "an update that is repeated": ("written", [LOST, SENT], {"retries": 1}, "run"),
    "all pages at once": ("listed", PAGES, {"all": True}, "run"),
    "page by page": ("listed", PAGES, {"all": True}, "pages"),
    "a token that is renewed": ("renewed", [FRESH, SENT], {}, "run"),
    "a token that is refused": ("renewed", [FRESH, {"status": 401, "json": {"code": "expired"}}, FRESH, SENT], {}, "run"),
}  # fmt: skip


class Clock(StillClock):
    """Waits cost no time, but give way to everybody else, as real ones do."""

    async def asleep(self, seconds: float) -> None:
        """Move on, and let others have their turn."""
        await asyncio.sleep(0)
        self.sleep(seconds)
        await asyncio.sleep(0)


class Wire(AsyncScriptedSender):
    """Answers after a few turns of the event loop."""

    async def send(self, outgoing: Any, *, timeout_s: float, sink: Path | None = None) -> Any:
        """Take three turns before and one after the reply is there."""
        for _ in range(3):
            await asyncio.sleep(0)
        answer = await super().send(outgoing, timeout_s=timeout_s, sink=sink)
        await asyncio.sleep(0)
        return answer


async def do(session: AsyncSession, inputs: dict[str, Any], how: str) -> None:
    """Do the whole flow; its failure is one of its ends."""
    try:
        if how == "pages":
            async for _ in session.pages("order", inputs):
                await asyncio.sleep(0)
        else:
            await session.run("order", inputs)
    except ConnectorError:
        pass


async def give_up(flow: str, turns: int) -> bool:
    """Cancel a flow after so many turns; return whether it had ended by itself."""
    name, replies, inputs, how = FLOWS[flow]
    given = GRANT if name == "renewed" else KEY
    script = Script(list(replies))
    options = Options(clock=Clock())
    session = AsyncSession(MODELS[name], Connection.from_dict(given), options, sender=Wire(script))  # type: ignore[arg-type]
    task = asyncio.create_task(do(session, inputs, how))
    for _ in range(turns):
        await asyncio.sleep(0)
    had_ended = task.done()
    task.cancel()
    if not had_ended:
        with pytest.raises(asyncio.CancelledError):
            await task
    # Whoever comes next finds the slot and the lock free.
    script.replies[:] = [FRESH, *replies[-1:]] if name == "renewed" else [SENT | PAGES[-1]]
    async with asyncio.timeout(5):
        await do(session, {}, "run")
        await session.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return had_ended


@pytest.mark.plan("S-13")
@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_that_is_cancelled_at_any_await_leaves_nothing(flow: str) -> None:
    """At each turn of the loop in turn: the cancellation comes out, and the next call goes through."""
    turns = 0

    while not asyncio.run(give_up(flow, turns)):
        turns += 1
        assert turns < 200

    assert turns >= 4

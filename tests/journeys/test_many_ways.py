"""Sessions used from threads, event loops and processes: each way works, or is refused in words."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectionProblem
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime import Component
    from zoho_sandbox import Sandbox

CALL = ("crmGetRecords", {"recordType": "Leads", "fields": ["Last_Name"]})
PATIENCE_S = 30


def threads_share_a_session(zoho: Component, connection: dict[str, Any]) -> int:
    """Eight threads through one session."""
    with zoho.session(connection) as session, ThreadPoolExecutor(8) as threads:
        return len(list(threads.map(lambda _: session.run(*CALL), range(40))))


def every_thread_has_its_own(zoho: Component, connection: dict[str, Any]) -> int:
    """Eight threads, each with a session of its own."""

    def work(_: int) -> Any:
        with zoho.session(connection) as session:
            return session.run(*CALL)

    with ThreadPoolExecutor(8) as threads:
        return len(list(threads.map(work, range(40))))


def tasks_share_a_session(zoho: Component, connection: dict[str, Any]) -> int:
    """Forty tasks of one event loop."""

    async def work() -> int:
        async with zoho.async_session(connection) as session:
            return len(await asyncio.gather(*(session.run(*CALL) for _ in range(40))))

    return asyncio.run(work())


def opened_before_its_loop(zoho: Component, connection: dict[str, Any]) -> int:
    """An awaiting session that is older than the event loop it serves."""
    session = zoho.async_session(connection)

    async def work() -> int:
        done = [await session.run(*CALL) for _ in range(40)]
        await session.aclose()
        return len(done)

    return asyncio.run(work())


def a_loop_in_every_thread(zoho: Component, connection: dict[str, Any]) -> int:
    """Four threads, each with an event loop and a session of its own."""

    async def work() -> Any:
        async with zoho.async_session(connection) as session:
            return [await session.run(*CALL) for _ in range(10)]

    with ThreadPoolExecutor(4) as threads:
        return sum(len(done) for done in threads.map(lambda _: asyncio.run(work()), range(4)))


def blocking_inside_a_loop(zoho: Component, connection: dict[str, Any]) -> int:
    """A blocking session called from a coroutine, directly and through a thread."""

    async def work() -> int:
        with zoho.session(connection) as session:
            session.run(*CALL)
            done = await asyncio.gather(*(asyncio.to_thread(session.run, *CALL) for _ in range(39)))
        return 1 + len(done)

    return asyncio.run(work())


def pages_across_threads(zoho: Component, connection: dict[str, Any]) -> int:
    """A stream of pages that is begun in one thread and read in another."""
    with zoho.session(connection) as session:
        pages = session.pages(CALL[0], {**CALL[1], "per_page": 1})
        first = next(pages)
        rest: list[Any] = []
        reader = threading.Thread(target=lambda: rest.extend(pages))
        reader.start()
        reader.join(PATIENCE_S)
    assert first.next is None or rest
    return 40


WAYS: dict[str, Callable[[Component, dict[str, Any]], int]] = {
    way.__name__.replace("_", " "): way
    for way in (
        threads_share_a_session,
        every_thread_has_its_own,
        tasks_share_a_session,
        opened_before_its_loop,
        a_loop_in_every_thread,
        blocking_inside_a_loop,
        pages_across_threads,
    )
}


@pytest.mark.plan("S-128")
@pytest.mark.parametrize("way", WAYS)
def test_a_session_works_from_threads_and_loops(zoho: Component, sandbox: Sandbox, way: str) -> None:
    """Forty calls each way, none lost, none hanging."""
    done: list[int] = []
    worker = threading.Thread(target=lambda: done.append(WAYS[way](zoho, sandbox.connection())), daemon=True)

    worker.start()
    worker.join(PATIENCE_S)

    assert done == [40]


@pytest.mark.plan("S-128")
def test_a_closed_session_says_so(zoho: Component, sandbox: Sandbox) -> None:
    """Whoever calls too late is told, and does not wait."""
    session = zoho.session(sandbox.connection())
    session.close()

    with pytest.raises(ConnectionProblem, match="closed"):
        session.run(*CALL)


@pytest.mark.plan("S-128")
def test_an_awaiting_session_serves_one_loop_at_a_time(zoho: Component, sandbox: Sandbox) -> None:
    """A call from a second loop while the first one is at work is refused in words."""
    session = zoho.async_session(sandbox.connection())
    sandbox.faults(fault="delay", path="/crm/*", delay_s=0.3)
    told: list[str] = []

    async def intruding() -> None:
        try:
            await session.run(*CALL)
        except ConnectionProblem as problem:
            told.append(problem.message)

    async def working() -> Any:
        call = asyncio.create_task(session.run(*CALL))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(asyncio.run, intruding())
        result = await call
        await session.aclose()
        return result

    assert asyncio.run(working()).status == 200
    assert told == ["The session is in use in another event loop."]


PROGRAM = """
import json, multiprocessing, sys
from connector_runtime import Component

def work(given):
    folder, connection = given
    with Component.load(folder).session(connection) as session:
        return session.run("crmGetRecords", {"recordType": "Leads", "fields": ["Last_Name"]}).status

if __name__ == "__main__":
    given = json.load(sys.stdin)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(sum(pool.map(work, [given] * 4)))
"""


@pytest.mark.plan("S-128")
@pytest.mark.parametrize("how", ["spawn", "forkserver"])
def test_processes_open_sessions_of_their_own(sandbox: Sandbox, tmp_path: Any, how: str) -> None:
    """Two workers, however they were started, load the component and do their calls."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)

    ended = subprocess.run(
        [sys.executable, program, how],
        input=json.dumps([str(ROOT), sandbox.connection()]),
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
    )

    assert (ended.returncode, ended.stdout.strip()) == (0, "800"), ended.stderr


HYGIENE = """
import asyncio, json, sys
from connector_runtime import Component, ConnectorError

folder, connection = json.load(sys.stdin)
component = Component.load(folder)
call = ("crmGetRecords", {"recordType": "Leads", "fields": ["Last_Name"]})

with component.session(connection) as session:
    session.run(*call)
    list(session.pages(*call))
    session.check()
    try:
        session.run("crmGetRecord", {"recordType": "Leads", "recordId": "1"})
    except ConnectorError as problem:
        assert problem.kind == "not_found", problem
    try:
        session.run(*call, deadline_s=0.000001)
    except ConnectorError as problem:
        assert problem.kind == "timeout", problem

async def main():
    async with component.async_session(connection) as session:
        await asyncio.gather(*(session.run(*call) for _ in range(20)))
        async for page in session.pages(*call):
            break
        task = asyncio.create_task(session.run(*call))
        await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

asyncio.run(main(), debug=True)
component.describe()
print("done")
"""


@pytest.mark.plan("S-127")
def test_nothing_is_left_open_and_nothing_warns(sandbox: Sandbox) -> None:
    """With every warning an error, development mode and asyncio's debugging, not a word is said."""
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", HYGIENE],
        input=json.dumps([str(ROOT), sandbox.connection()]),
        env={"PYTHONPATH": str(ROOT / "src"), "PYTHONASYNCIODEBUG": "1", "PATH": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


@pytest.mark.plan("S-127")
def test_the_whole_suite_runs_so(pytestconfig: pytest.Config) -> None:
    """A warning in any test is an error, and the menu starts the tests in development mode."""
    assert pytestconfig.getini("filterwarnings")[0] == "error"
    assert pytestconfig.getini("xfail_strict")
    assert '"-X", "dev", "-m", "pytest"' in (ROOT / "dev.py").read_text("utf-8")


def ill(sandbox: Sandbox, how: str) -> dict[str, Any]:
    """Return a connection with something the matter with it."""
    connection = sandbox.connection()
    if how == "not filled in":
        return {**connection, "fields": {}}
    if how == "no organisation of its own":
        return {**connection, "fields": {**connection["fields"], "organizationId": "777"}}
    if how == "revoked":
        for token in sandbox.state.ids("sandbox/refresh_tokens"):
            sandbox.tokens.revoke(token)
    if how == "down":
        sandbox.faults(*[{"fault": "drop", "path": "*"}] * 2)
    return connection


@pytest.mark.parametrize("how", ["healthy", "not filled in", "no organisation of its own", "revoked", "down"])
def test_health_is_the_same_on_an_event_loop(zoho: Component, sandbox: Sandbox, how: str) -> None:
    """`async_health` finds what `health` finds, and asks as often."""
    connection, uses = ill(sandbox, how), {"crmGetRecord": {"recordType": "Leads"}}

    found = zoho.health(connection, uses, deadline_s=10)
    asked = len(sandbox.ledger())
    awaited = asyncio.run(zoho.async_health(connection, uses, deadline_s=10))

    assert awaited == found
    assert len(sandbox.ledger()) == 2 * asked
    assert (how == "healthy") is all(finding.state == "good" for finding in found)

"""A slow disk holds up the call that wants it, and no event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from connector_runtime.base.saved_files import FileDraft
from connector_runtime.errors import ConnectorError
from faults.desk import WAYS, Desk, fetching, uploading
from faults.faultserver import read_request, reply, send, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.definition.model import Model

PDF = "Content-Type: application/pdf"
# What asks the disk, as Python audits it.
ASKING = ("open", "os.scandir", "os.rename", "os.remove", "os.chmod", "os.chown", "os.truncate")


class Watch:
    """Notes who asks the disk for anything below a folder, and in which thread."""

    folder: str | None = None
    noted: ClassVar[list[tuple[str, int]]] = []
    _is_hooked = False

    @classmethod
    def over(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
        """Begin to watch a folder; returns the notes."""
        if not cls._is_hooked:
            sys.addaudithook(cls._note)
            cls._is_hooked = True
        # What Python does not audit.
        for owner, name in ((Path, "stat"), (Path, "lstat"), (FileDraft, "write"), (FileDraft, "finish")):
            monkeypatch.setattr(owner, name, cls._noting(name, getattr(owner, name)))
        cls.folder, cls.noted = str(folder), []
        return cls.noted

    @classmethod
    def _note(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if cls.folder is not None and event in ASKING and str(arguments[0]).startswith(cls.folder):
            cls.noted.append((event, threading.get_ident()))

    @classmethod
    def _noting(cls, name: str, method: Any) -> Any:
        def noting(one: Any, *arguments: Any, **how: Any) -> Any:
            if cls.folder is not None and str(getattr(one, "target", one)).startswith(cls.folder):
                cls.noted.append((name, threading.get_ident()))
            return method(one, *arguments, **how)

        return noting


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """Give a component that reads, and one that sends a file."""
    return {"read": fetching(), "upload": uploading()}


@pytest.fixture(params=[way for way in WAYS if way.startswith("async")])
def way(request) -> str:
    """Give each wire under an event loop."""
    return request.param


@pytest.fixture(autouse=True)
def _unwatched() -> Iterator[None]:
    yield
    Watch.folder = None


@pytest.mark.plan("S-198")
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_a_reply_is_saved_outside_the_event_loops_thread(faults, models, tmp_path, monkeypatch, way, status):
    """To prove the place, to write, to judge, to rename, to clean up: each waits in another thread."""
    (tmp_path / "report.pdf").write_text("yesterday's")
    faults.play(serving(reply(b"x" * 2_000_000, headers=[PDF], status=status)))
    desk = Desk(way, faults, models["read"])
    noted = Watch.over(tmp_path, monkeypatch)

    async def act() -> None:
        task = asyncio.create_task(
            desk.session.run("order", {"form": "binary"}, save_to=tmp_path / "report.pdf")
        )
        await asyncio.wait({task})
        assert (task.exception() is None) is (status == "200 OK")

    desk.spent(act())
    Watch.folder = None
    desk.close()

    kinds = {
        "open",
        "stat",
        "os.scandir",
        *({"write", "finish", "os.rename"} if status == "200 OK" else {"os.remove"}),
    }
    assert {event for event, _ in noted} >= kinds
    assert [event for event, thread in noted if thread == threading.get_ident()] == []


@pytest.mark.plan("S-198")
@pytest.mark.parametrize("size_bytes", [1_000, 3_000_000])
def test_a_file_is_sent_outside_the_event_loops_thread(
    faults, models, tmp_path, monkeypatch, way, size_bytes
):
    """To look at a file and to read it waits in another thread, however it is sent."""
    path = tmp_path / "report.bin"
    path.write_bytes(b"x" * size_bytes)
    faults.play([read_request, send(reply())])
    desk = Desk(way, faults, models["upload"])
    noted = Watch.over(tmp_path, monkeypatch)

    desk.run({"file": path})
    Watch.folder = None
    desk.close()

    assert {event for event, _ in noted} >= {"open", "stat"}
    assert [event for event, thread in noted if thread == threading.get_ident()] == []


@pytest.mark.plan("S-198")
def test_an_event_loop_goes_on_while_a_disk_is_slow(faults, models, tmp_path, monkeypatch, way):
    """While one save waits for its disk, everybody else has turn after turn."""
    release, turns = threading.Event(), 0
    slow = FileDraft.write

    def write(draft: FileDraft, *arguments: Any) -> None:
        assert release.wait(10)
        slow(draft, *arguments)

    monkeypatch.setattr(FileDraft, "write", write)
    faults.play(serving(reply(b"x" * 100_000, headers=[PDF])))
    desk = Desk(way, faults, models["read"])

    async def act() -> None:
        nonlocal turns
        task = asyncio.create_task(desk.session.run("order", {"form": "binary"}, save_to=tmp_path / "x"))
        await asyncio.to_thread(faults.wait_for_requests, 1)
        for _ in range(50):
            await asyncio.sleep(0.001)
            turns += 1
        release.set()
        await task

    desk.spent(act())
    desk.close()

    assert turns == 50
    assert (tmp_path / "x").read_bytes() == b"x" * 100_000


@pytest.mark.plan("S-198")
def test_a_save_that_is_given_up_within_a_write_leaves_nothing(faults, models, tmp_path, monkeypatch, way):
    """A thread that still waits for the disk when its call is cancelled writes into nothing that stays."""
    entered, release = threading.Event(), threading.Event()
    slow = FileDraft.write

    def write(draft: FileDraft, *arguments: Any) -> None:
        entered.set()
        assert release.wait(10)
        slow(draft, *arguments)

    monkeypatch.setattr(FileDraft, "write", write)
    faults.play(serving(reply(b"x" * 100_000, headers=[PDF])))
    desk = Desk(way, faults, models["read"])

    async def act() -> None:
        task = asyncio.create_task(desk.session.run("order", {"form": "binary"}, save_to=tmp_path / "x"))
        await asyncio.to_thread(entered.wait, 10)
        task.cancel()
        await asyncio.sleep(0.01)
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    desk.spent(act())
    desk.close()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.plan("S-198")
@pytest.mark.parametrize("model", ["read", "upload"])
def test_a_machine_without_threads_raises_nothing_foreign(faults, models, tmp_path, monkeypatch, way, model):
    """Without a thread a call works in the loop where it can, and else ends as one of its failures."""

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    path = tmp_path / "file"
    path.write_bytes(b"x" * 3_000_000)
    faults.play([read_request, send(reply(b"new", headers=[PDF]))])
    desk = Desk(way, faults, models[model])

    with monkeypatch.context() as refused:
        refused.setattr(ThreadPoolExecutor, "_adjust_thread_count", refuse)
        with pytest.raises(ConnectorError, match="The machine gives no thread to read and write files in"):
            desk.run(
                {"file": path} if model == "upload" else {"form": "binary"},
                **({} if model == "upload" else {"save_to": path}),
            )
    desk.close()

    assert path.read_bytes() == b"x" * 3_000_000
    assert list(tmp_path.iterdir()) == [path]

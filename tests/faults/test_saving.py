"""Sessions that save a reply: what is judged, proved and left behind."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.base import saved_files as drafts
from connector_runtime.errors import ConnectorError, InputError
from faults.desk import WAYS, Desk, fetching
from faults.faultserver import close, hang, head, read_request, reply, send, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector_runtime.definition.model import Model


JSON, HTML, PDF = (
    f"Content-Type: {kind}" for kind in ("application/json", "text/html; charset=utf-8", "application/pdf")
)
CODE_57 = b'{"code" : 57, "message" : "You are not authorized to perform this operation"}'
LOGIN = b"<!doctype html><title>Sign in</title><form>"
YESTERDAYS = "yesterday's"


@pytest.fixture(scope="module")
def fetch() -> Model:
    """Give a component that reads a report."""
    return fetching()


@pytest.fixture(params=WAYS)
def desk(request, faults, fetch) -> Iterator[Desk]:
    """Give a session on the fault server, over each wire and driver."""
    one = Desk(request.param, faults, fetch)
    yield one
    one.close()


@pytest.fixture
def target(tmp_path) -> Path:
    """Give yesterday's good report."""
    path = tmp_path / "report.pdf"
    path.write_text(YESTERDAYS)
    return path


REFUSED = {
    "a no with 200, as JSON": ("json", reply(CODE_57, headers=[JSON]), "contract"),
    "a no with 200 instead of bytes": ("binary", reply(CODE_57, headers=[JSON]), "contract"),
    "a no with 200 instead of text": ("text", reply(CODE_57, headers=[JSON]), "contract"),
    "a no of a vendor's own type": ("binary", reply(CODE_57, headers=["Content-Type: application/problem+json"]), "contract"),
    "a login page instead of bytes": ("binary", reply(LOGIN, headers=[HTML]), "contract"),
    "a login page instead of JSON": ("json", reply(LOGIN, headers=[HTML]), "contract"),
    "broken JSON": ("json", reply(b'{"a":', headers=[JSON]), "contract"),
    "a large no with 200": ("json", reply(b'{"pad":"' + b"x" * 3_000_000 + b'","code":57}', headers=[JSON]), "contract"),
    "another status": ("binary", reply(b"gone", status="404 Not Found"), "not_found"),
    "a part that was not asked for": ("binary", reply(b"XX", headers=[PDF, "Content-Range: bytes 0-1/100"], status="206 Partial Content"), "contract"),
    "a page under the name of an attachment": ("binary", reply(LOGIN, headers=[HTML, "Content-Disposition: inline; filename=attachment"]), "contract"),
    "a no under a name": ("binary", reply(CODE_57, headers=[JSON, "Content-Disposition: inline; filename=x"]), "contract"),
    "a no in UTF-16": ("binary", reply(CODE_57.decode().encode("utf-16"), headers=[JSON + "; charset=utf-16"]), "contract"),
    "a no in UTF-32": ("text", reply(CODE_57.decode().encode("utf-32-le"), headers=[JSON]), "contract"),
    "half a reply": ("binary", head(PDF, "Content-Length: 5000") + b"half", "network"),
}  # fmt: skip


@pytest.mark.plan("S-194")
@pytest.mark.parametrize("case", REFUSED)
def test_a_reply_that_is_not_good_leaves_the_file_as_it_was(desk, faults, target, score, case):
    """Whatever comes instead of the report is told, and yesterday's is still there, alone."""
    form, raw, kind = REFUSED[case]
    faults.play([read_request, send(raw), close])

    with pytest.raises(ConnectorError) as caught:
        desk.run({"form": form}, save_to=target)

    assert caught.value.kind == kind
    assert target.read_text() == YESTERDAYS
    assert list(target.parent.iterdir()) == [target]
    score("saves_refused", 1)


TAKEN = {
    "bytes": ("binary", reply(b"%PDF", headers=[PDF])),
    "JSON": ("json", reply(b'{"code":0}', headers=[JSON])),
    "JSON where bytes were asked for": ("binary", reply(b'{"code":0}', headers=[JSON])),
    "a page that is an attachment by name": ("binary", reply(b"<html>", headers=[HTML, 'Content-Disposition: Attachment ; filename="x"'])),
    "a page that is an attachment": ("binary", reply(b"<html>", headers=[HTML, "Content-Disposition: attachment"])),
}  # fmt: skip


@pytest.mark.plan("S-194")
@pytest.mark.parametrize("case", TAKEN)
def test_a_good_reply_takes_the_files_place(desk, faults, target, case):
    """What was judged to be good is in the file, and nothing beside it."""
    form, raw = TAKEN[case]
    faults.play(serving(raw))

    result = desk.run({"form": form}, save_to=target)

    assert result.data["path"] == str(target)
    assert target.read_bytes() == raw.partition(b"\r\n\r\n")[2]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.plan("S-194")
def test_a_page_that_is_asked_for_is_saved(desk, faults, tmp_path):
    """Whoever names the file as a page gets one."""
    faults.play(serving(reply(LOGIN, headers=[HTML])))

    desk.run({"form": "binary"}, save_to=tmp_path / "invoice.html")

    assert (tmp_path / "invoice.html").read_bytes() == LOGIN


@pytest.mark.plan("S-194")
def test_no_content_replaces_no_content_of_yesterday(desk, faults, target):
    """204 says that there is nothing: there is no path to give, and the file stays."""
    faults.play(serving(head(status="204 No Content")))

    result = desk.run({"form": "binary"}, save_to=target)

    assert result.data is None
    assert target.read_text() == YESTERDAYS


@pytest.mark.plan("S-194")
def test_a_repeat_starts_the_file_anew(desk, faults, target):
    """What a first attempt has left does not stand before what the second one brings."""
    first = head(PDF, "Content-Length: 5000") + b"the first half"
    faults.play([read_request, send(first), close], serving(reply(b"all", headers=[PDF])))

    desk.run({"form": "binary", "retries": 1}, save_to=target)

    assert target.read_bytes() == b"all"


def impossible(folder: Path) -> dict[str, str | Path]:
    """Return places where no file can be saved."""
    (folder / "folder").mkdir()
    (folder / "file").write_text("")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    return {
        "a folder that is not there": folder / "missing" / "x.pdf",
        "a folder that is a file": folder / "file" / "x.pdf",
        "a folder's own name": folder / "folder",
        "no name": "",
        "a name too long": folder / ("x" * 300),
        "a name too long in bytes": folder / ("é" * 200),
        "a name with NUL": f"{folder}/a\0b",
        "a pipe": folder / "pipe",
        "a link to itself": folder / "loop",
        "a device": "/dev/null",
    }


@pytest.mark.plan("S-195")
def test_a_place_that_cannot_be_is_refused_before_anything_is_sent(desk, faults, tmp_path, score):
    """Folder and name are proved first, and the error names `save_to`."""
    faults.play(serving(reply()))

    for what, place in impossible(tmp_path).items():
        with pytest.raises(InputError) as caught:
            desk.run(save_to=place)
        assert (caught.value.kind, caught.value.input) == ("input", "save_to"), what
        assert caught.value.message.startswith("The reply cannot be saved: "), what
        score("saves_refused", 1)

    assert faults.accepted == 0
    assert not list(tmp_path.glob(".connector-*"))


@pytest.mark.plan("S-195")
@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_sent(desk, faults, tmp_path):
    """Rights are proved by use, not by looking at them."""
    faults.play(serving(reply()))
    tmp_path.chmod(0o500)

    with pytest.raises(InputError, match="permission denied"):
        desk.run(save_to=tmp_path / "x.pdf")

    assert faults.accepted == 0


def of_another_user(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be somebody else, in a folder where everybody may write and only owners may replace."""
    target.parent.chmod(0o1777)
    user = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: user)


def mounted(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system say that the file is mounted there."""
    mounts = target.parent.parent / f"{target.parent.name}-mounts"
    place = str(target).replace(" ", "\\040")
    mounts.write_text(f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:1 /somewhere {place} rw - ext4 /dev/a rw\n")
    monkeypatch.setattr(drafts, "_MOUNTS", mounts)


def fixed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system refuse every change of the file, as it does where one is marked as fixed."""
    opens = os.open

    def refusing(path: Any, *how: Any, **rest: Any) -> int:
        if path == target:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return opens(path, *how, **rest)

    monkeypatch.setattr(os, "open", refusing)


@pytest.mark.plan("S-195")
@pytest.mark.parametrize("stays", [of_another_user, mounted, fixed])
def test_a_file_that_cannot_be_replaced_is_refused_before_anything_is_sent(
    desk, faults, target, monkeypatch, score, stays
):
    """That a file may be written to, and its folder too, is not enough: it is to be exchanged."""
    faults.play(serving(reply()))
    stays(target, monkeypatch)

    with pytest.raises(InputError, match="The reply cannot be saved") as caught:
        desk.run(save_to=target)

    assert caught.value.input == "save_to"
    assert faults.accepted == 0
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    score("saves_refused", 1)


@pytest.mark.plan("S-215")
def test_a_reply_that_cannot_take_its_place_is_kept_and_named(desk, faults, target, monkeypatch):
    """What was answered is not lost, and nobody need send it again to get it."""
    faults.play(serving(reply(b"new", headers=[PDF])))

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "replace", refuse)

    with pytest.raises(InputError, match="answered with HTTP 200 and is done") as caught:
        desk.run({"form": "binary"}, save_to=target)

    (kept,) = [path for path in target.parent.iterdir() if path != target]
    assert f"Its reply is kept in `{kept}`." in caught.value.message
    assert kept.name.endswith(".kept")
    assert (kept.read_bytes(), target.read_text()) == (b"new", YESTERDAYS)


@pytest.mark.plan("S-196")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_an_older_file_keeps_its_mode(desk, faults, target, mode):
    """Who may read the report is not changed by saving it again."""
    faults.play(serving(reply(b"new", headers=[PDF])))
    target.chmod(mode)

    desk.run({"form": "binary"}, save_to=target)

    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.plan("S-196")
def test_a_new_file_has_the_mode_that_new_files_have(desk, faults, tmp_path):
    """The process's mask decides, as for any other file; only the draft is private."""
    (tmp_path / "other").write_text("")
    faults.play(serving(reply(b"new", headers=[PDF])))

    desk.run({"form": "binary"}, save_to=tmp_path / "report.pdf")

    assert (tmp_path / "report.pdf").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.plan("S-196")
def test_a_link_is_replaced_and_what_it_leads_to_stays(desk, faults, tmp_path):
    """Nothing outside the folder that was named is written, whoever has planted a link there."""
    other = tmp_path / "other"
    other.write_text(YESTERDAYS)
    link = tmp_path / "report.pdf"
    link.symlink_to(other)
    faults.play(serving(reply(b"new", headers=[PDF])))

    desk.run({"form": "binary"}, save_to=link)

    assert (link.is_symlink(), link.read_bytes(), other.read_text()) == (False, b"new", YESTERDAYS)


@pytest.mark.plan("S-196")
def test_a_draft_is_private_and_swept_once_nobody_can_want_it(faults, fetch, tmp_path):
    """A process that is killed leaves a draft that only its user can read; a later save removes it."""
    seen: list[int] = []

    def look(_: object) -> None:
        seen.extend(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob(".connector-*.part"))

    left, fresh, foreign = (
        tmp_path / name
        for name in (f".connector-{'0' * 16}.part", f".connector-{'1' * 16}.part", ".mine.part")
    )
    for path in (left, fresh, foreign):
        path.write_text("half")
    for path in (left, foreign):
        os.utime(path, (1.0, 1.0))
    fresh.chmod(0o600)
    faults.play([read_request, look, send(reply(b"new", headers=[PDF]))])
    desk = Desk("sync", faults, fetch)

    desk.run({"form": "binary"}, save_to=tmp_path / "report.pdf")
    desk.close()

    assert seen == [0o600, 0o600]
    assert {path.name for path in tmp_path.iterdir()} == {fresh.name, foreign.name, "report.pdf"}


@pytest.mark.plan("S-196")
def test_a_folder_that_goes_away_meanwhile_is_said_with_what_was_answered(desk, faults, tmp_path):
    """What was proved may change; then the error says that the request itself was answered."""
    folder = tmp_path / "reports"
    folder.mkdir()

    def lose(_: object) -> None:
        folder.rename(tmp_path / "elsewhere")

    faults.play([read_request, lose, send(reply(b"new", headers=[PDF]))])

    with pytest.raises(
        InputError, match=r"no such file or directory. The request itself was answered with HTTP 200"
    ) as caught:
        desk.run({"form": "binary"}, save_to=folder / "report.pdf")

    assert caught.value.input == "save_to"


@pytest.mark.plan("S-196")
@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("async")])
def test_a_save_that_is_cancelled_leaves_nothing(faults, fetch, target, way):
    """Whenever a save is given up, its draft goes, and the older file stays."""
    desk = Desk(way, faults, fetch)

    async def given_up(turns: int) -> None:
        task = asyncio.create_task(desk.session.run("order", {"form": "binary"}, save_to=target))
        for _ in range(turns):
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait({task})

    faults.play([read_request, send(head(PDF, "Content-Length: 5000") + b"half"), hang])
    for turns in range(12):
        desk.spent(given_up(turns))
        assert list(target.parent.iterdir()) == [target]
    desk.close()

    assert target.read_text() == YESTERDAYS

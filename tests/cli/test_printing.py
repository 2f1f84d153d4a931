"""What was done is done, whatever becomes of the words about it: full disks, closed pipes, other characters."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from cli.conftest import command, environment
from components.petshop_server import PETSHOP
from connector_cli.commands import program
from connector_cli.terminal.exit_codes import run
from connector_runtime import Component

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.petshop_server import PetShop

FULL = Path("/dev/full")
NEW_PET = ("run", "addPet", "-i", "name=Bo", "-i", "species=dog", "-i", "chip=982000123456799")
AT_SHOP = ("--connection", "shop.json")
COMMANDS = [
    ("actions",),
    ("show", "getPet"),
    ("run", "getPet", "-i", "pet=p-1002", *AT_SHOP),
    ("run", "getPet", "-i", "pet=p-9", *AT_SHOP),
    (*NEW_PET, *AT_SHOP),
    ("request", "getPet", "-i", "pet=p-☃", *AT_SHOP),
    ("check", "nowhere"),
    ("test", str(PETSHOP), "-k", "nothing"),
    ("connections",),
    ("doctor",),
    ("poll", "petChanged", "-i", "branch=17", *AT_SHOP),
    ("scopes", "getPet"),
    ("nonsense☃",),
]
HELP = [("--help",), ("run", "--help")]

needs_full = pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is always full")


class Screen:
    """Runs commands on streams that are given."""

    def __init__(self, shop: PetShop, folder: Path) -> None:
        (folder / "shop.json").write_text(json.dumps(shop.by_key()))
        self.said = io.StringIO()

    def run(self, words: tuple[str, ...], *, out: IO[str] | None = None, err: IO[str] | None = None) -> int:
        """Run a command; what is not given goes to `said`."""
        with pytest.MonkeyPatch.context() as patch, ExitStack() as streams:
            patch.setattr(sys, "stdin", None)
            streams.enter_context(redirect_stdout(out or self.said))  # type: ignore[type-var]
            streams.enter_context(redirect_stderr(err or self.said))  # type: ignore[type-var]
            return run(program, words, name="pets", component=str(PETSHOP))


@pytest.fixture
def screen(shop: PetShop, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A place to run commands in, with a shop that has a pet of many characters."""
    pets = Component.load(PETSHOP)
    monkeypatch.setattr(Component, "load", lambda *_: pets)  # many runs, one component
    shop.pets["p-1002"]["name"] = "Zoë ☃ 😀 \ud800"
    return Screen(shop, folder)


def full() -> IO[str]:
    """Return a stream to a disk that has no room."""
    return FULL.open("w", encoding="utf-8")


def closed_pipe() -> IO[str]:
    """Return a stream to a reader that went away."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", encoding="utf-8")


def narrow() -> IO[str]:
    """Return a terminal's stream that knows 251 characters."""
    return io.TextIOWrapper(io.BytesIO(), encoding="cp1252")


KINDS: dict[str, Callable[[], IO[str]]] = {"pipe": closed_pipe, "cp1252": narrow}
if FULL.exists():
    KINDS["full"] = full


@pytest.mark.plan("S-200")
@pytest.mark.parametrize("kind", KINDS)
def test_no_stream_ends_a_command_with_a_traceback(
    screen: Screen, kind: str, score: Callable[[str, int], None]
) -> None:
    """Whichever stream takes no words, or not these, every command ends with an exit code of its own."""
    runs = 0
    for words in COMMANDS if kind == "pipe" else COMMANDS + HELP:
        for more in [(), ("--json",)] if words not in HELP else [()]:
            with KINDS[kind]() as stream:
                code = screen.run((*words, *more), out=stream)

            assert code in (0, 1, 2), (words, more)
            runs += 1
    assert "Traceback" not in screen.said.getvalue()
    score("broken_streams", runs)


@pytest.mark.plan("S-200")
@pytest.mark.parametrize("kind", KINDS)
def test_words_that_cannot_be_printed_change_no_exit_code(screen: Screen, kind: str, shop: PetShop) -> None:
    """Standard error is for people: whether it can be written decides nothing."""
    for words in COMMANDS:
        stock = dict(shop.pets)
        expected = screen.run(words)
        shop.pets = stock
        with KINDS[kind]() as stream:
            code = screen.run(words, err=stream)

        assert code == expected, words


@pytest.mark.plan("S-201")
@needs_full
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["for people", "for programs"])
def test_a_write_whose_result_is_lost_says_that_it_is_done(
    screen: Screen, shop: PetShop, more: tuple[str, ...]
) -> None:
    """The other stream has the outcome and what came back; the exit code is a failure."""
    with full() as stream:
        code = screen.run((*NEW_PET, *AT_SHOP, *more), out=stream)

    said = screen.said.getvalue()
    assert (code, len(shop.effects)) == (1, 1)
    assert "addPet: it ended (outcome done" in said
    assert '"name":"Bo"' in said
    assert "The output cannot be written: No space left on device." in said


@pytest.mark.plan("S-201")
@needs_full
def test_an_error_that_has_no_room_is_told_in_words(screen: Screen) -> None:
    """A refusal for programs that cannot be printed is said to people, and the other way round."""
    for where, more in (("out", ("--json",)), ("err", ())):
        with full() as stream:
            code = screen.run(("run", "getPet", "-i", "pet=p-9", *AT_SHOP, *more), **{where: stream})

        assert code == 1
        assert "getPet: Whisker says: no such pet." in screen.said.getvalue()
        screen.said.truncate(0)


@pytest.mark.plan("S-201")
def test_a_reader_that_went_away_is_not_spoken_to(screen: Screen) -> None:
    """Who has seen enough of a result gets no words about the rest."""
    with closed_pipe() as stream:
        code = screen.run(("run", "getPet", "-i", "pet=p-1002", *AT_SHOP), out=stream)

    assert (code, screen.said.getvalue()) == (1, "")


@pytest.mark.plan("S-202")
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["for people", "for programs"])
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_data_is_whole_in_any_encoding(
    screen: Screen, shop: PetShop, encoding: str, more: tuple[str, ...]
) -> None:
    """What a terminal does not know, and half a character, is written as JSON escapes: read back, it is the same."""
    for name in ("Zoë ☃ 😀", "half a character: \ud800"):
        shop.pets["p-1002"]["name"] = name
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding)

        code = screen.run(("run", "getPet", "-i", "pet=p-1002", *AT_SHOP, *more), out=stream)

        shown: dict[str, Any] = json.loads(raw.getvalue().decode(encoding))
        assert code == 0
        assert (shown["data"] if more else shown)["name"] == name


@pytest.mark.plan("S-202")
def test_a_process_ends_the_same(folder: Path) -> None:
    """Nothing fails once more when the interpreter ends: neither a full disk, nor a narrow terminal, nor no stream."""
    places = [("/dev/full", "utf-8", 1)] if FULL.exists() else []
    for file, encoding, code in [*places, (os.devnull, "cp1252", 0)]:
        with Path(file).open("w", encoding="utf-8") as stream:
            ended = subprocess.run(
                command("show", "crmGetRecord", "--json"),
                check=False, stdout=stream, stderr=subprocess.PIPE, text=True, cwd=folder,
                env={**environment(), "PYTHONIOENCODING": encoding},
            )  # fmt: skip

        assert (ended.returncode, ended.stderr.count("\n")) == (code, code), ended.stderr

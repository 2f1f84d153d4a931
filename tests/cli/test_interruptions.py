"""Whoever stops a command learns what may have happened: by Ctrl-C, or by a signal that ends processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from cli.conftest import Ended, command, environment
from components.petshop_server import PETSHOP
from connector_runtime.errors import error_of
from connector_runtime.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from components.petshop_server import PetShop

NEW_PET = ("run", "addPet", "-i", "name=Bo", "-i", "species=dog", "-i", "chip=982000123456799")
HINT = "Look up 982000123456799 before repeating."


def interrupted(*_args: Any, **_more: Any) -> Any:
    """Stand for a call that was interrupted after its request had been sent."""
    end = KeyboardInterrupt()
    end.connector_problem = error_of(  # type: ignore[attr-defined]
        "outcome_unknown", "It was sent; whether it was done is not known.",
        hint=HINT, action="addPet", identity="982000123456799",
    )  # fmt: skip
    raise end


@pytest.mark.plan("S-203")
def test_an_interrupted_write_is_told_in_words(
    at_shop: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words say which action it was, what may have happened, and what to look up."""
    monkeypatch.setattr(Session, "run", interrupted)

    ended = at_shop(*NEW_PET)

    assert (ended.code, ended.out) == (130, "")
    assert "addPet: It was sent; whether it was done is not known." in ended.err
    assert HINT in ended.err
    assert "kind outcome_unknown, look up 982000123456799" in ended.err


@pytest.mark.plan("S-222")
@pytest.mark.parametrize(
    ("identity", "words"),
    [
        (["chip=1", "chip=2"], "look up chip=1, chip=2"),
        (["chip=1", None, None], "look up chip=1 (2 of 3 records have nothing to look up by)"),
        ([None, None], "look up nothing (2 of 2 records have nothing to look up by)"),
    ],
)
def test_records_without_a_name_are_counted(
    at_shop: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, identity: list[str | None], words: str
) -> None:
    """Of many records those that can be looked up are named, and the others are not `None`."""

    def undecided(*_args: Any, **_more: Any) -> Any:
        raise error_of("outcome_unknown", "It is not known.", identity=identity, items=[{"chip": 1}])

    monkeypatch.setattr(Session, "run", undecided)

    said = at_shop(*NEW_PET).err.splitlines()

    assert said[-2].endswith(words)
    assert said[-1] == "  1 record was read; --json prints it with the error."


@pytest.mark.plan("S-203")
def test_an_interrupted_write_has_the_one_shape(
    at_shop: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a program it is an error like any other, on standard output."""
    monkeypatch.setattr(Session, "run", interrupted)

    ended = at_shop(*NEW_PET, "--json")

    assert (ended.code, ended.err.strip()) == (130, "")
    assert ended.error["kind"] == "outcome_unknown"
    assert ended.error["identity"] == "982000123456799"


@pytest.mark.plan("S-203")
def test_an_interruption_outside_of_a_call_has_the_shape_too(
    at_shop: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is sent, an interruption is an end in time: nothing is known to have been begun."""

    def stop(*_args: Any, **_more: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("connector_cli.commands.inputs_of", stop)

    ended = at_shop(*NEW_PET, "--json")

    assert (ended.code, ended.error["kind"]) == (130, "timeout")


@pytest.mark.plan("S-203")
def test_what_was_done_before_the_interruption_is_told(
    at_shop: Callable[..., Ended], shop: PetShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption while a session closes takes nothing from a result that is there."""
    close = Session.close

    def stop(session: Session) -> None:
        close(session)
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "close", stop)

    ended = at_shop(*NEW_PET, "--json")

    assert (ended.code, len(shop.effects)) == (130, 1)
    assert ended.json["outcome"] == "done"


@pytest.mark.plan("S-203")
@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signals_end_a_process_in_order(folder: Path, shop: PetShop, number: signal.Signals) -> None:
    """A process that is stopped during a write ends with 130, one error for programs, and no traceback."""
    shop.gate.clear()
    (folder / "shop.json").write_text(json.dumps(shop.by_key()))
    words = ("--component", str(PETSHOP), *NEW_PET, "--connection", "shop.json", "--json")
    running = subprocess.Popen(
        command(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(),
    )
    while not shop.asked:
        assert running.poll() is None
        time.sleep(0.02)

    running.send_signal(number)
    out, err = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "Traceback" not in err
    assert json.loads(out)["error"]["kind"] in ("outcome_unknown", "timeout")


# Python that runs a command and stops itself: once while it imports, or again while it says what happened.
EARLY = """
import os, signal, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder)
import runpy
runpy.run_module(sys.argv.pop(2), run_name="__main__", alter_sys=True)
"""
AGAIN = """
import atexit, os, signal, sys
from connector_cli import main
from connector_cli.terminal import exit_codes as ending
from connector_runtime.session.session import Session
def stop(*_args, **_more):
    os.kill(os.getpid(), signal.SIGINT)
Session.run = stop
say = ending.say
ending.say = lambda text: (stop(), say(text))
atexit.register(stop)
class Last:
    def __del__(self, kill=os.kill, process=os.getpid()):
        kill(process, 2)
last = Last()
main("zoho", words=["run", "crmRunQuery", "-i", "query=select id from Leads where id > 1"])
"""


def stopped(code: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python that stops itself."""
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(),
        timeout=60,
        check=False,
    )


@pytest.mark.plan("S-227")
@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
@pytest.mark.parametrize("module", ["zoho_component", "connector_runtime"])
@pytest.mark.parametrize("when", ["connector_cli", "connector_cli.terminal.signals", "click"])
def test_a_command_that_is_stopped_while_it_starts_says_nothing(folder: Path, module: str, when: str) -> None:
    """Nothing was begun, so there is an exit code and no traceback."""
    ended = stopped(EARLY, when, module, folder=folder)

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


@pytest.mark.plan("S-227")
@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_a_second_wish_to_end_cuts_off_nothing(folder: Path) -> None:
    """Who presses twice is told what who presses once is told, and the process ends the same."""
    ended = stopped(AGAIN, folder=folder)

    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.strip().endswith("Interrupted.")
    assert "Traceback" not in ended.stderr

"""Questions at a terminal: what is missing is asked for, secrets are not shown."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from canaries import canary
from cli.conftest import CLIENT, command, environment

pty = pytest.importorskip("pty", reason="this system has no terminals to imitate")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.conftest import Vendor

PATIENCE_S = 30.0


class Terminal:
    """A command at a terminal, and a person who reads and types."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        env = {**environment(), "NO_COLOR": "1", "BROWSER": f"{sys.executable} -c pass"}
        env.pop("ZOHO_CLIENT_SECRET", None)
        self.running = subprocess.Popen(
            command(*words),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=env,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  no thread runs here
        )
        os.close(theirs)
        self.seen = ""
        self._read_to = 0

    def expect(self, text: str) -> None:
        """Read until a text is shown."""
        end = time.monotonic() + PATIENCE_S
        while text not in self.seen[self._read_to :]:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{text!r} was not shown; instead: {self.seen[self._read_to :]!r}"
            self.seen += self._read()
        self._read_to = self.seen.index(text, self._read_to) + len(text)

    def type(self, answer: str) -> None:
        """Answer and press Enter."""
        os.write(self._ours, f"{answer}\n".encode())

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._ours, key)

    def interrupt(self) -> int:
        """Press Ctrl-C, again if it falls between two looks at the keyboard; returns the exit code."""
        for _ in range(int(PATIENCE_S)):
            self.press(b"\x03")
            try:
                self.running.wait(1.0)
            except subprocess.TimeoutExpired:
                continue
            break
        return self.end()

    def end(self) -> int:
        """Read to the end; returns the exit code."""
        while select.select([self._ours], [], [], PATIENCE_S)[0]:
            try:
                self.seen += self._read()
            except OSError:  # the other side is closed
                break
        os.close(self._ours)
        return self.running.wait(PATIENCE_S)

    def _read(self) -> str:
        return os.read(self._ours, 4096).decode("utf-8", "replace")


def _take_terminal() -> None:
    """Make the terminal that of the command: then Ctrl-C reaches it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    """A terminal at which somebody connects an account of the sandbox with a code from the console."""
    made = Terminal(folder, "connect", "sandbox", "--self-client", "-")
    yield made
    if made.running.poll() is None:
        made.running.kill()
        made.end()


def fill_in(terminal: Terminal, vendor: Vendor, code: str) -> None:
    """Answer what the form asks."""
    for question, answer in (
        ("Port: ", str(vendor.port)),
        ("Client ID: ", CLIENT),
        ("Client Secret: ", vendor.secret),
        ("Code: ", code),
    ):
        terminal.expect(question)
        terminal.type(answer)


def test_what_is_missing_is_asked_for(terminal: Terminal, vendor: Vendor) -> None:
    """Each required field is asked for with its help, and the organisation is chosen from a list."""
    code = vendor.sandbox.self_client_code(["ZohoBooks.settings.READ"], client_id=CLIENT)

    fill_in(terminal, vendor, code)
    terminal.expect("10234999  Bowman Lighting")
    terminal.expect("Organization ID: ")
    terminal.type("10234999")

    assert terminal.end() == 0
    assert "Port that the sandbox listens on." in terminal.seen
    assert "Connected. Use it with --connection sandbox." in terminal.seen


def test_secrets_are_not_shown_while_typed(terminal: Terminal, vendor: Vendor) -> None:
    """Neither the client's secret nor the code appears on the screen."""
    code = vendor.sandbox.self_client_code(["ZohoCRM.modules.READ"], client_id=CLIENT)

    fill_in(terminal, vendor, code)

    assert terminal.end() == 0
    assert vendor.secret not in terminal.seen
    assert code not in terminal.seen
    assert CLIENT in terminal.seen


def test_an_answer_that_cannot_be_is_asked_again(terminal: Terminal, vendor: Vendor) -> None:
    """A port that is no number is refused in words, and asked for once more."""
    terminal.expect("Port: ")
    terminal.type("eighty")
    terminal.expect('"eighty" is not a number.')
    terminal.expect("Port: ")

    assert terminal.interrupt() == 130


def test_another_organisation_than_listed_is_asked_again(terminal: Terminal, vendor: Vendor) -> None:
    """Only what the account has can be chosen."""
    code = vendor.sandbox.self_client_code(["ZohoBooks.settings.READ"], client_id=CLIENT)

    fill_in(terminal, vendor, code)
    terminal.expect("Organization ID: ")
    terminal.type("1")
    terminal.expect("is not one of")
    terminal.expect("Organization ID: ")
    terminal.type("10234695")

    assert terminal.end() == 0


def test_the_region_is_offered(folder: Path) -> None:
    """A field with a default is asked for as well, because the wrong region is the usual mistake."""
    terminal = Terminal(folder, "connect", "--self-client", canary("code"))

    terminal.expect("Address at which your customers log in to Zoho.")
    terminal.expect("Region URL [https://accounts.zoho.com]: ")
    assert terminal.interrupt() == 130
    assert terminal.seen.endswith("Interrupted.\r\n")


def test_answers_that_end_early_are_wrong_use(folder: Path) -> None:
    """Closing the terminal's input while a question is open is not an interruption."""
    terminal = Terminal(folder, "connect", "sandbox")

    terminal.expect("Port: ")
    terminal.press(b"\x04")

    assert terminal.end() == 2
    assert "The answers ended before the questions." in terminal.seen

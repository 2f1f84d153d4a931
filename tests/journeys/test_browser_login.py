"""A person connects through a real browser page: login page, consent, callback."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from canaries import canary
from cli.conftest import CLIENT, command, environment, run_here
from meta.repository import ROOT
from zoho_sandbox import Sandbox

chromium = pytest.importorskip("journeys.chromium", reason="this system cannot drive a browser over a pipe")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = chromium.installed()
PNG = b"\x89PNG\r\n\x1a\n"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose client has a planted secret."""
    with closing(Sandbox()) as sandbox, sandbox.running():
        sandbox.plant(
            {"clients": [{"client_id": CLIENT, "client_secret": canary("client secret"), "name": "Acme"}]}
        )
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the person works, and what is kept."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECTOR_HOME", str(tmp_path / "kept"))
    return tmp_path


@contextmanager
def connecting(sandbox: Sandbox, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `connect`; gives the process and the login page's address."""
    port = sandbox.base_url.rpartition(":")[2]
    words = (
        "connect",
        "sandbox",
        "-i",
        f"port={port}",
        "-i",
        f"clientId={CLIENT}",
        "--port",
        "0",
        "--no-browser",
    )
    secret = sandbox.state.get("sandbox/clients", CLIENT)["client_secret"]
    running = subprocess.Popen(
        command(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**environment(), "ZOHO_CLIENT_SECRET": secret},
    )
    try:
        address = ""
        while not address.startswith(sandbox.base_url):
            address = running.stderr.readline().strip()  # type: ignore[union-attr]
            assert running.poll() is None
        yield running, address
    finally:
        running.kill()
        running.communicate()


def test_a_person_accepts_in_a_browser(sandbox: Sandbox, folder: Path) -> None:
    """Login page, Accept, and the page that says it is done; the connection works."""
    with connecting(sandbox, folder) as (running, address), chromium.browser(PROGRAM) as page:
        page.go(address)
        assert "Acme asks for access" in page.text()
        assert "ZohoBooks.fullaccess.all" in page.text()
        page.picture(folder / "consent.png")

        page.click("button[value=accept]")
        page.wait("location.pathname == '/done' && document.readyState == 'complete'")
        page.picture(folder / "connected.png")
        shown, place = page.text(), page.address
        out, err = running.communicate(timeout=30)

    assert (running.returncode, out) == (0, "sandbox\n")
    assert shown == "Connected\n\nYou can close this page and go back to the terminal."
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/done", place)
    assert "Connected. Use it with --connection sandbox." in err
    assert all((folder / name).read_bytes().startswith(PNG) for name in ("consent.png", "connected.png"))
    tested = run_here("zoho-component", str(ROOT), ("connections", "test", "sandbox"), "")
    assert tested.out == "sandbox works.\n"


def test_a_person_rejects_in_a_browser(sandbox: Sandbox, folder: Path) -> None:
    """Reject ends the login in both places, and nothing is kept."""
    with connecting(sandbox, folder) as (running, address), chromium.browser(PROGRAM) as page:
        page.go(address)
        page.click("button[value=reject]")
        page.wait("location.pathname == '/done' && document.readyState == 'complete'")
        page.picture(folder / "rejected.png")
        shown = page.text()
        _, err = running.communicate(timeout=30)

    assert running.returncode == 1
    assert shown.startswith("Not connected\n\nThe permission was not given.")
    assert "The permission was not given." in err
    assert run_here("zoho-component", str(ROOT), ("connections", "--json"), "").json == []


def test_going_back_in_the_browser_leads_nowhere(sandbox: Sandbox, folder: Path) -> None:
    """The callback with its code stands nowhere in the browser's history: before the last page is the login page."""
    with connecting(sandbox, folder) as (running, address), chromium.browser(PROGRAM) as page:
        page.go(address)
        page.click("button[value=accept]")
        page.wait("location.pathname == '/done' && document.readyState == 'complete'")
        running.communicate(timeout=30)
        entries = page.value("performance.getEntriesByType('navigation').map(one => one.name).join()")

        page.value("history.back()")
        page.wait("location.pathname != '/done'")
        back = page.address

    assert back == address
    assert "code=" not in entries
    assert running.returncode == 0

"""The command line as its users meet it: words in; an exit code, data and words out."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import webbrowser
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary
from cli.visitor import Visitor
from components.petshop_server import PETSHOP, PetShop, open_shop
from connector_cli.commands import program
from connector_cli.terminal.exit_codes import run
from meta.repository import ROOT
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CLIENT = "1000.TESTCLIENT"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the command ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the data as JSON; there must be one document and nothing else."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """Return the error that a program reads."""
        found = self.json["error"]
        assert {"kind", "message", "hint", "action"} <= found.keys()
        return dict(found)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and another one for what is kept."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("CONNECTOR_HOME", str(tmp_path / "kept"))
    return here


@pytest.fixture
def zoho(folder: Path) -> Callable[..., Ended]:
    """Run `zoho-component …` in this process: `zoho("run", "crmRunQuery", stdin="…")`."""
    return lambda *words, stdin="": run_here("zoho-component", str(ROOT), words, stdin)


@pytest.fixture
def pets(folder: Path) -> Callable[..., Ended]:
    """Run the same command line on the second component."""
    return lambda *words, stdin="": run_here("python -m connector_runtime", str(PETSHOP), words, stdin)


@pytest.fixture
def shop() -> Iterator[PetShop]:
    """A fresh shop with four dogs and a cat, on loopback."""
    with open_shop() as shop:
        shop.stock()
        yield shop


@pytest.fixture
def at_shop(pets: Callable[..., Ended], shop: PetShop, folder: Path) -> Callable[..., Ended]:
    """Run a command on the second component with a connection to the shop."""
    (folder / "shop.json").write_text(json.dumps(shop.by_key()))
    return lambda *words, stdin="": pets(*words, "--connection", "shop.json", stdin=stdin)


@pytest.fixture
def shell(folder: Path) -> Callable[..., Ended]:
    """Run `zoho-component …` as a process of its own."""

    def running(*words: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Ended:
        done = subprocess.run(
            command(*words),
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            cwd=folder,
            env={**environment(), **(env or {})},
        )
        # What is shown here is searched for planted secrets.
        sys.stdout.write(done.stdout + done.stderr)
        return Ended(done.returncode, done.stdout, done.stderr)

    return running


@dataclass(frozen=True, slots=True)
class Vendor:
    """A sandbox that people log in to, and what its client is registered with."""

    sandbox: Sandbox
    port: int
    secret: str = field(repr=False)

    def words(self, *more: str) -> tuple[str, ...]:
        """Return the words that connect to it, all but the secret."""
        return (
            "connect",
            "sandbox",
            "-i",
            f"port={self.port}",
            "-i",
            f"clientId={CLIENT}",
            "--port",
            "0",
            *more,
        )

    def asked(self, path: str) -> int:
        """Return how often an address was called."""
        return sum(entry["path"] == path for entry in self.sandbox.ledger())


@pytest.fixture
def vendor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A sandbox on loopback, with a client whose secret is planted in the environment."""
    secret = canary("client secret")
    with closing(Sandbox()) as sandbox:
        sandbox.plant({"clients": [{"client_id": CLIENT, "client_secret": secret, "name": "Test"}]})
        monkeypatch.setenv("ZOHO_CLIENT_SECRET", secret)
        with sandbox.running() as url:
            yield Vendor(sandbox, int(url.rpartition(":")[2]), secret)


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """A person who accepts; the command's browser is theirs."""
    person = Visitor()
    monkeypatch.setattr(webbrowser, "open", person.open)
    return person


def command(*words: str) -> list[str]:
    """Return the words that start a process of the command."""
    return [sys.executable, "-m", "zoho_component", *words]


def environment() -> dict[str, str]:
    """Return the environment of such a process."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ZOHO_COMPONENT_FOLDER": str(ROOT)}


def run_here(name: str, component: str, words: tuple[str, ...], stdin: str) -> Ended:
    """Run the command in this process, as its entry point does."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        code = run(program, words, name=name, component=component)
    # What is shown here is searched for planted secrets.
    sys.stdout.write(out.getvalue() + err.getvalue())
    return Ended(code, out.getvalue(), err.getvalue())

"""The guide to connecting: every command in it is typed, in order, against the sandbox.

Real accounts are out of reach for a test, so the sandbox stands in for Zoho: `connect` gets its
key and its port, and its client's id takes the place of the reader's own. The rest is typed as
it is printed.
"""

from __future__ import annotations

import re
import shlex
import webbrowser
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from canaries import canary
from cli.conftest import CLIENT, Ended, run_here
from cli.visitor import Visitor
from connector_cli.connections.callback import DEFAULT_PORT, redirect_uri
from connector_runtime import Component
from connector_runtime.component.health import coverage_of
from connector_runtime.definition.scopes import split_scopes
from meta.repository import ROOT
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GUIDE = (ROOT / "docs" / "guides" / "connect.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ zoho-component (.+)$", GUIDE, re.MULTILINE)
READERS_CLIENT = "1000.ABCDEF"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that knows the reader's client."""
    with closing(Sandbox()) as sandbox, sandbox.running():
        yield sandbox


@pytest.fixture
def type_in(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Ended]:
    """Type a command of the guide, with the sandbox in Zoho's place."""
    secret = canary("client secret")
    sandbox.plant({"clients": [{"client_id": CLIENT, "client_secret": secret, "name": "Guide"}]})
    port = sandbox.base_url.rpartition(":")[2]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECTOR_HOME", str(tmp_path / "kept"))
    monkeypatch.setattr(webbrowser, "open", Visitor().open)

    def typing(line: str) -> Ended:
        words, stdin = shlex.split(line.replace(READERS_CLIENT, CLIENT)), ""
        if words[0] == "connect":
            monkeypatch.setenv("ZOHO_CLIENT_SECRET", secret)
            words = [word for word in words if not word.startswith("zohoRegion=")]
            words = [
                word
                for at, word in enumerate(words)
                if word != "-i" or words[at + 1 : at + 2] not in ([], ["-i"])
            ]
            given = ["-i", f"port={port}", *(() if CLIENT in line else ("-i", f"clientId={CLIENT}"))]
            words = ["connect", "sandbox", *words[1:], *given, "--port", "0"]
        if "--self-client" in words:
            stdin = sandbox.self_client_code(["ZohoCRM.modules.ALL"], client_id=CLIENT)
        return run_here("zoho-component", str(ROOT), tuple(words), stdin)

    return typing


def test_every_command_of_the_guide_works(type_in: Callable[[str], Ended]) -> None:
    """Typed one after the other, each command ends well and says something."""
    assert len(COMMANDS) >= 14

    for line in COMMANDS:
        ended = type_in(line)

        assert ended.code == 0, (line, ended)
        assert ended.out + ended.err
        assert "Traceback" not in ended.err


def test_the_address_to_register_is_the_real_one() -> None:
    """What the reader is told to enter at Zoho is where the command waits."""
    assert redirect_uri(DEFAULT_PORT) == "http://127.0.0.1:8976/callback"
    assert f"`{redirect_uri(DEFAULT_PORT)}`" in GUIDE


def test_the_guide_asks_for_no_scope_beyond_the_usual_ones() -> None:
    """Every scope in the guide comes with those that the connection asks for by itself."""
    component = Component.load(ROOT)
    fields = {entry.key: entry.constant for entry in component.connections["sandbox"].inputs}
    named = set(re.findall(r"\bZoho(?:Books|CRM)\.[\w.]+\b", GUIDE))

    assert len(named) > 3
    assert coverage_of(component.model, "sandbox").missing(split_scopes(fields["scopes"]), named) == []


def test_the_program_of_the_guide_runs(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines for platforms are what a platform can write."""
    code = re.findall(r"```python\n(.+?)```", GUIDE, re.DOTALL)[0]
    before, begin, finish = re.split(r"^(?=begun|connection)", code, flags=re.MULTILINE)
    names: dict = {}
    exec(before.replace('Component.load("zoho")', f"Component.load({str(ROOT)!r})"), names)
    names["form"] = {"key": "sandbox", "fields": sandbox.connection()["fields"]}

    exec(begin.replace("https://platform.example/callback", "http://127.0.0.1:1/callback"), names)
    visitor = Visitor(before=lambda _: True)
    visitor.open(names["begun"].url)
    names |= {"kept": names["begun"].to_dict(), "query": visitor.callback.partition("?")[2]}
    exec(finish, names)

    assert names["connection"]["token"]["access_token"].startswith("1000.sandbox-access-")

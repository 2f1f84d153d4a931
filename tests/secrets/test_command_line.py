"""Secrets come by prompt, file, standard input or environment, and go into no argument and no child."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canaries import GIVEN, canary, shows
from connector_cli.commands import program
from meta.repository import ROOT
from tokens.fleet import until
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

SECRET_WORD = re.compile(r"token|secret|password|passwd|credential|apikey|api_key|auth", re.IGNORECASE)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on loopback."""
    sandbox = Sandbox()
    with sandbox.running():
        yield sandbox
    sandbox.close()


def parameters() -> Iterator[tuple[str, click.Parameter]]:
    """Yield every parameter of every command, however deep."""

    def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Parameter]]:
        for parameter in command.params:
            yield name, parameter
        for sub, inner in getattr(command, "commands", {}).items():
            yield from walk(f"{name} {sub}", inner)

    return walk("", program)


@pytest.mark.plan("S-111")
def test_no_option_takes_a_secret_as_its_value() -> None:
    """What stands on a command line is read by everybody on the machine, and kept by the shell."""
    taking = [
        f"{command} {parameter.name}"
        for command, parameter in parameters()
        if not getattr(parameter, "is_flag", False)
        and SECRET_WORD.search(" ".join([parameter.name or "", *parameter.opts]))
    ]

    assert taking == []


@pytest.mark.plan("S-111")
def test_a_secret_on_the_command_line_is_refused(tmp_path: Path) -> None:
    """Whoever writes one there is told how else to give it, and does not see it again."""
    secret = canary("client secret")
    ran = zoho("connect", "sandbox", "-i", "port=1", "-i", f"clientSecret={secret}", folder=tmp_path)

    assert ran.returncode == 2
    assert secret not in ran.stdout + ran.stderr
    assert re.search(r"file|standard input|environment|asked", ran.stderr)


@pytest.mark.plan("S-111")
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this system does not show command lines")
def test_no_process_shows_a_secret_in_its_arguments(sandbox: Sandbox, tmp_path: Path) -> None:
    """While an action runs with a connection from a file, no command line and no child's environment holds one."""
    given = {**sandbox.connection(), "context": {}}
    given["fields"] = {**given["fields"], "clientSecret": canary("client secret")}
    given["token"] = {**given["token"], "refresh_token": canary("refresh token")}
    path = tmp_path / f"connection{GIVEN}.json"
    path.write_text(json.dumps(given))
    sandbox.faults(fault="delay", path="/crm/*", delay_s=1.0)
    command = [sys.executable, "-m", "zoho_component", "run", "crmGetRecords", "-i", "recordType=Contacts"]
    process = subprocess.Popen(
        [*command, "-i", "fields=Last_Name", "--connection", str(path)],
        env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip

    try:
        until(lambda: sandbox.gateway.connections)
        seen = [read(place) for place in Path("/proc").glob("[0-9]*/cmdline")]
        seen += [read(Path(f"/proc/{child}/environ")) for child in [process.pid, *children(process.pid)]]
    finally:
        out, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert any(b"zoho_component" in one for one in seen)
    assert not any(shows(one) for one in seen)
    assert not shows(out + err)


SHOWN = {
    "a dry run": ["request", "crmGetRecords", "-i", "recordType=Contacts", "-i", "fields=Last_Name"],
    "a dry run as JSON": ["request", "crmGetRecords", "-i", "recordType=Contacts", "-i", "fields=Last_Name", "--json"],
    "a dry run as curl": ["request", "crmGetRecords", "-i", "recordType=Contacts", "-i", "fields=Last_Name", "--curl"],
    "a refusal": ["run", "crmGetRecords", "-i", "recordType=Contacts", "-i", "fields=Last_Name", "-i", "debugRequest=true"],
    "a refusal as JSON": ["run", "crmGetRecords", "-i", "recordType=Contacts", "-i", "fields=Last_Name", "--json"],
}  # fmt: skip


@pytest.mark.plan("S-112")
@pytest.mark.parametrize("name", SHOWN)
def test_what_the_command_line_prints_holds_no_secret(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    """Requests, curl commands, debugging and errors, for people and for programs."""
    given: dict[str, Any] = sandbox.connection()
    given["fields"] = {**given["fields"], "clientSecret": canary("client secret")}
    given["token"] = {
        **given["token"],
        "access_token": canary("access token"),
        "refresh_token": canary("refresh token"),
    }
    path = tmp_path / f"connection{GIVEN}.json"
    path.write_text(json.dumps(given))

    ran = zoho(*SHOWN[name], "--connection", str(path), folder=tmp_path)

    assert "recordType" not in ran.stderr or ran.returncode in (0, 1)
    assert ran.stdout + ran.stderr
    assert not shows((ran.stdout + ran.stderr).encode())


def zoho(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line."""
    command = [sys.executable, "-m", "zoho_component", *words]
    return subprocess.run(
        command,
        env=environment(folder),
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a person who keeps everything in one folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "CONNECTOR_HOME": str(folder / "home")}


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def read(path: Path) -> bytes:
    """Return a file of the system's, empty where it is gone or not ours."""
    try:
        return path.read_bytes()
    except OSError:
        return b""

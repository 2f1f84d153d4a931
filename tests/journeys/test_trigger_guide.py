"""The guide to triggers: its program runs, its commands are typed, its trigger is one."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING, Any

from cli.conftest import run_here
from components.petshop_server import PETSHOP
from connector_runtime.definition.load import find_problems
from meta.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

GUIDE = (ROOT / "docs" / "guides" / "triggers.md").read_text("utf-8")


def block(kind: str) -> str:
    """Return the first example of a kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None, kind
    return found[1]


def test_the_program_tells_what_is_new(sandbox: Any, session: Any) -> None:
    """Run twice, it tells the record that was made in between, and keeps where it stands."""
    kept: dict[str, Any] = {}
    told: list[Any] = []
    names = {"session": session, "kept": kept, "handle": lambda *event: told.append(event)}
    sandbox.clock.advance(3600)
    exec(block("python"), names)
    sandbox.clock.advance(60)
    made = session.run(
        "crmCreateRecord", {"recordType": "Contacts", "fieldValues": {"Last_Name": "Boyle"}}
    ).data["data"][0]["details"]["id"]
    exec(block("python"), names)

    assert [(change, number, data["Last_Name"]) for change, number, data in told] == [
        ("created", made, "Boyle")
    ]


def test_the_commands_are_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of the guide works on the embedded sandbox, and leaves its state behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECTOR_HOME", str(tmp_path / "kept"))
    for line in re.findall(r"^\$ zoho-component (.+)$", GUIDE, re.MULTILINE):
        ended = run_here("zoho-component", str(ROOT), shlex.split(line), "")
        assert ended.code == 0, ended.err

    assert {path.name for path in tmp_path.glob("*.json")} == {"contacts.json", "invoices.json"}


def test_the_trigger_is_one(tmp_path: Path) -> None:
    """The file of the guide has no mistake in the component that it is about."""
    folder = shutil.copytree(PETSHOP, tmp_path / "petshop")
    (folder / "triggers" / "petChanged.yaml").write_text(block("yaml"))

    problems = [problem for problem in find_problems([folder]) if "petChanged" in problem.file]

    assert [str(problem) for problem in problems if problem.severity == "error"] == []

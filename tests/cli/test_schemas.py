"""The schemas of the language are written where overlays and editors find them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from connector_cli.commands import program
from connector_cli.terminal.exit_codes import run
from connector_runtime.language.schemas.language_files import language_files

if TYPE_CHECKING:
    import pytest


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it printed."""
    code = run(program, ["schemas", *words], name="connector", component=None)
    printed = capsys.readouterr()
    return int(code or 0), printed.out, printed.err


def test_they_are_written_as_they_are(tmp_path: Path, monkeypatch, capsys) -> None:
    """Every schema stands in the folder, and refers to its neighbours only."""
    monkeypatch.chdir(tmp_path)

    code, _, _ = said(capsys, "--write", "tools/schemas")

    written = sorted((tmp_path / "tools" / "schemas").iterdir())
    assert code == 0
    assert [path.name for path in written] == [path.name for path in language_files()]
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in language_files()]
    references = {
        reference.partition("#")[0]
        for path in written
        for reference in _references(json.loads(path.read_text("utf-8")))
    }
    assert references <= {"", *(path.name for path in written)}


def test_the_first_lines_lead_to_them(tmp_path: Path, monkeypatch, capsys) -> None:
    """The line for each kind of file is relative to that file, and right."""
    monkeypatch.chdir(tmp_path)

    _, out, _ = said(capsys, "--write", "tools/schemas")

    for line in out.strip().splitlines():
        file, _, link = line.partition(": # yaml-language-server: $schema=")
        assert (tmp_path / Path(file).parent / link).resolve().is_file(), line
    assert "actions/NAME.yaml: # yaml-language-server: $schema=../tools/schemas/action.schema.json" in out


def test_writing_again_changes_nothing_else(tmp_path: Path, monkeypatch, capsys) -> None:
    """An older copy is replaced, and what else stands in the folder stays."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text("{}")
    (tmp_path / "action.schema.json").write_text("{}")

    code, _, _ = said(capsys, "--write", ".")

    assert code == 0
    assert len(list(tmp_path.iterdir())) == len(language_files()) + 1
    assert json.loads((tmp_path / "action.schema.json").read_text("utf-8"))["title"] == "Action"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, capsys) -> None:
    """A file in the folder's place is no trace, but a sentence."""
    (tmp_path / "file").write_text("")

    code, _, err = said(capsys, "--write", str(tmp_path / "file" / "below"))

    assert code == 2
    assert "cannot be written" in err


def test_without_a_folder_they_are_listed(capsys) -> None:
    """Their places are printed, for tools that are given a path."""
    code, out, _ = said(capsys)

    assert code == 0
    assert out.split() == [str(path) for path in language_files()]


def _references(node: object) -> list[str]:
    if isinstance(node, list):
        return [one for item in node for one in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [one for value in node.values() for one in _references(value)]

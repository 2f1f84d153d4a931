"""The guide to a component's files: put together, they are a component without a problem."""

from __future__ import annotations

import re
from pathlib import Path

from connector_runtime import Component
from connector_runtime.definition.load import find_problems
from connector_runtime.testing.cases import cases_of, run_case
from meta.repository import ROOT

GUIDE = ROOT / "docs" / "guides" / "components.md"
FILE = re.compile(r"```yaml\n# (\S+\.yaml)\n(.*?)```", re.DOTALL)
KINDS = {"tables": "tables", "errors": "errors", "fragments": "fragment", "connections": "connection",
         "actions": "action", "component.yaml": "component"}  # fmt: skip


def written(folder: Path) -> Path:
    """Write the files that the guide shows."""
    for name, text in FILE.findall(GUIDE.read_text("utf-8")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = KINDS[Path(name).parts[0]]
        path.write_text(f"# yaml-language-server: $schema=x/{kind}.schema.json\n{text}", "utf-8")
    return folder


def test_the_files_of_the_guide_are_a_component(tmp_path: Path) -> None:
    """Neither a mistake nor a warning."""
    assert [str(problem) for problem in find_problems([written(tmp_path)])] == []


def test_its_tests_pass(tmp_path: Path) -> None:
    """What the guide promises of saved configurations and codes is what happens."""
    model = Component.load(written(tmp_path)).model

    assert [run_case(model, case) for case in cases_of(model)] == [[]] * 3


def test_its_connections_prove_who_calls_and_show_nothing(tmp_path: Path) -> None:
    """A preview has a mask where the secret goes out."""
    component = Component.load(written(tmp_path))
    plans = [
        component.request("borrowBook", {"book": "7"}, {"key": key, "fields": fields})
        for key, fields in (
            ("password", {"house": "south", "name": "ada", "password": "an-example-password"}),
            ("key", {"house": "south", "key": "an-example-key"}),
        )
    ]

    assert plans[0].headers["Authorization"] == "***"
    assert plans[1].url.endswith("?weeks=two&api_key=***")

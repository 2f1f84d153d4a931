"""Every action through the command line, as somebody works with it in a folder of their own.

The steps stand in `stories.yaml`, where a new action gets its own. The sandbox is the embedded
one: what one command does the next one finds.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.conftest import Ended, run_here
from connector_runtime import Component
from connector_runtime.language.documents.document import read_yaml
from meta.repository import ROOT
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping


STORIES = read_yaml(Path(__file__).with_name("stories.yaml"), "stories.yaml").data


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the steps use."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minutes.txt").write_text("Minutes of the first meeting.\n")
    (tmp_path / "item.yaml").write_text("recordType: items\nfieldValues: { name: Hard Drive, rate: 120 }\n")
    leads = [{"Last_Name": "Li", "Company": "Li Ltd"}, {"Last_Name": "Wu", "Number_1": "many"}]
    (tmp_path / "leads.json").write_text(json.dumps({"recordType": "Leads", "records": leads}))
    return tmp_path


def play(story: str) -> dict[str, Ended]:
    """Run a story's steps one after the other; each must end and show what it says."""
    kept: dict[str, str] = {}
    ended = {}
    for step in STORIES[story]["steps"]:
        words = [word for pair in step.get("with", ()) for word in ("-i", filled(pair, kept))]
        run = ("run", step["run"], *words, *step.get("more", ()), "--json")
        done = run_here("zoho-component", str(ROOT), run, filled(step.get("stdin", ""), kept))
        told = done.json
        code, kind = [*step.get("ends", [0]), None][:2]
        assert (done.code, told.get("error", {}).get("kind")) == (code, kind), (step, told)
        data = told.get("data")
        for path, value in step.get("shows", {}).items():
            assert at(data, path) == filled(value, kept), (step, path, data)
        kept |= {name: str(at(data, path)) for name, path in step.get("keeps", {}).items()}
        ended[step["run"]] = done
    return ended


def filled(value: Any, kept: Mapping[str, str]) -> Any:
    """Return a text with what earlier steps kept in the place of `{name}`."""
    if not isinstance(value, str):
        return value
    return re.sub(r"\{(\w+)\}", lambda hole: kept.get(hole[1], hole[0]), value)


def at(data: Any, path: str) -> Any:
    """Return what a path such as `data.0.id` leads to, None past the end of a list."""
    for part in path.split("."):
        key = int(part) if isinstance(data, list) else part
        if isinstance(key, int) and key >= len(data):
            return None
        data = data[key]
    return data


def effects(folder: Path) -> list[tuple[str, str]]:
    """Return what the commands did to the sandbox's records, in order."""
    sandbox = Sandbox(folder / ".zoho-sandbox.sqlite")
    found = [
        (effect["effect"], effect["kind"])
        for entry in sandbox.ledger()
        for effect in entry["effects"]
        if not effect["kind"].startswith("oauth/")
    ]
    sandbox.close()
    return found


def test_every_crm_action_works_in_a_shell(folder: Path) -> None:
    """A contact is made, read, listed, changed, upserted, queried, given a file, read in bulk, and removed."""
    ended = play("crm")

    assert (folder / "copy.txt").read_text() == "Minutes of the first meeting.\n"
    assert [one["index"] for one in ended["crmUpsertRecords"].json["failed"]] == [1]
    assert [kind for kind, _ in effects(folder)] == STORIES["crm"]["effects"]


def test_every_books_action_works_in_a_shell(folder: Path) -> None:
    """An item is made, read, found, changed, upserted, switched off and on, and removed; an invoice gets a line."""
    play("books")

    assert [kind for kind, _ in effects(folder)] == STORIES["books"]["effects"]


def test_the_stories_leave_no_action_out() -> None:
    """Every action stands in one of the stories."""
    told = {step["run"] for story in STORIES.values() for step in story["steps"]}
    left_out = sorted(set(Component.load(ROOT).actions) - told)

    assert not left_out, f"give these a step in tests/journeys/stories.yaml: {', '.join(left_out)}"

"""The facade: loading several folders, and one component shared by all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from connector_runtime import Component
from engine.shop import COMPONENT, CONNECTION, action

if TYPE_CHECKING:
    from pathlib import Path


def folder_of(path: Path, *actions: dict[str, object], whole: bool = True) -> Path:
    (path / "actions").mkdir(parents=True)
    if whole:
        (path / "connections").mkdir()
        (path / "component.yaml").write_text(yaml.safe_dump(COMPONENT))
        (path / "connections" / "key.yaml").write_text(yaml.safe_dump(CONNECTION))
    for one in actions:
        (path / "actions" / f"{one['action']}.yaml").write_text(yaml.safe_dump(one))
    return path


def test_a_platform_adds_and_replaces_actions_without_a_fork(tmp_path: Path) -> None:
    """Overlays come after the component, one by one or in one list."""
    base = folder_of(tmp_path / "base", action("read"), action("read", action="kept"))
    own = folder_of(
        tmp_path / "own", action("read", label="Ours"), action("create", action="added"), whole=False
    )

    for component in (Component.load(base, own), Component.load([base, own])):
        assert set(component.actions) == {"order", "kept", "added"}
        assert component.actions["order"].label == "Ours"


def test_two_versions_of_a_component_live_in_one_process(tmp_path: Path) -> None:
    """Nothing is global: what one was loaded from says nothing about the other."""
    old = Component.load(folder_of(tmp_path / "old", action("read", label="Old")))
    new = Component.load(folder_of(tmp_path / "new", action("read", label="New")))

    assert (old.actions["order"].label, new.actions["order"].label) == ("Old", "New")

"""A component with any number of actions, made of this one."""

from __future__ import annotations

import shutil
from pathlib import Path

from connector_runtime.language.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (*(kind.folder for kind in KINDS if kind.folder and kind.name != "action"), "schemas")


def many_actions(folder: Path, count: int) -> Path:
    """Make a folder with this component and copies of an action, `count` actions in all.

    The copies have an action's words and request, without its examples and tests.
    """
    folder.mkdir(parents=True)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    shutil.copytree(ROOT / "actions", folder / "actions")
    for name in ("component.yaml", "icon.svg"):
        shutil.copy(ROOT / name, folder / name)
    original = (ROOT / "actions/books/booksMarkRecordActive.yaml").read_text("utf-8")
    text = original.partition("\nexamples:")[0] + "\n"
    there = sum(1 for _ in (folder / "actions").rglob("*.yaml"))
    for number in range(count - there):
        # A folder holds 2,000 files at the most, in several folders below it.
        place = folder / "actions" / f"more{number // 500}"
        place.mkdir(exist_ok=True)
        key = f"generated{number}"
        (place / f"{key}.yaml").write_text(text.replace("booksMarkRecordActive", key), "utf-8")
    return folder

"""The language's own schemas: where they lie, and what they are once they are read."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any


def language_files() -> list[Path]:
    """Return the files of the language's schemas, by name."""
    return sorted(_language_folder().glob("*.schema.json"))


def _language_folder() -> Path:
    """Return where they lie: in the package once installed, else in the repository."""
    installed = Path(__file__).resolve().parents[1]
    is_installed = (installed / "action.schema.json").is_file()
    return installed if is_installed else installed.parents[2] / "schemas"


@functools.cache
def language_file(kind: str) -> dict[str, Any]:
    """Return the schema of a kind of file, as it is judged by."""
    path = _language_folder() / f"{kind}.schema.json"
    schema: dict[str, Any] = plain(json.loads(path.read_text("utf-8")))
    schema.pop("$id", None)  # what it refers to is filled in here, not looked up
    return schema


def plain(node: Any) -> Any:
    """Return a schema without what only strict readers ask for: it says the same and is judged faster.

    Those want one type a place, so several stand in `anyOf`, and a property by each name in
    `required`, which is then just `true`.
    """
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: plain(value) for key, value in node.items()}
    named = found.get("properties")
    if isinstance(named, dict) and named and all(value is True for value in named.values()):
        del found["properties"]
    branches = found.get("anyOf", ())
    types = [branch.get("type") for branch in branches]
    if types and all(isinstance(kind, str) for kind in types):
        del found["anyOf"]
        merged = {key: value for branch in branches for key, value in branch.items()}
        found = {**found, **merged, "type": types}
    return found

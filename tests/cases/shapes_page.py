"""The page about JSON shapes, made of their schema.

Run as a script it writes `docs/reference/shapes.md`; a test compares the two.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
SCHEMA = REFERENCE / "shapes.schema.json"
PAGE = REFERENCE / "shapes.md"

_INTRODUCTION = """\
# JSON shapes

What `to_dict()` and `component.describe()` give: only what `json.dumps` takes, and no secret of a connection.
`to_json()` of results, pages, polls, pushes and errors is the same as text, every number with all its digits; [numbers](numbers.md) says how they differ.
Members are only ever added.
Made from [shapes.schema.json](shapes.schema.json) by `python tests/cases/shapes_page.py`; tests judge real results by it.
"""


def shapes() -> dict[str, Any]:
    """Return each shape's schema by name."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))["$defs"]
    return found


def page() -> str:
    """Return the whole page."""
    return "\n".join([_INTRODUCTION, *map(_section, shapes().values())])


def _section(shape: dict[str, Any]) -> str:
    rows = [
        f"| `{name}` | {_type(part)} | {part['description']} |" for name, part in shape["properties"].items()
    ]
    head = [
        f"## {shape['title']}",
        "",
        shape["description"],
        "",
        "| member | is | meaning |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, ""])


def _type(part: dict[str, Any]) -> str:
    if "$ref" in part:
        return _link(part["$ref"])
    if "enum" in part or "const" in part:
        few = part.get("enum", [part.get("const")])
        return " ".join(f"`{json.dumps(one).strip(chr(34))}`" for one in few) if len(few) <= 14 else "a kind"
    kinds = part.get("type", "any JSON")
    text = kinds if isinstance(kinds, str) else " or ".join(kinds)
    inside = part.get("items", {}).get("$ref")
    return f"array of {_link(inside)}" if inside else text


def _link(reference: str) -> str:
    title = shapes()[reference.rpartition("/")[2]]["title"]
    return f"[{title}](#{title.lower().replace(' ', '-')})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

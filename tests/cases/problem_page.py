"""The page about problems, made of their codes and the cases in `bad/`.

Run as a script it writes `docs/reference/problems.md`; a test compares the two.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import yaml

from connector_runtime.definition.problems.problem_codes import CODES

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "reference" / "problems.md"

_ALIKE = 0.7

_INTRODUCTION = """\
# Problems

What `check` says about a component's files, by code.
A code never changes its meaning.
Made from `src/connector_runtime/definition/problems/problem_codes.py` and `tests/cases/bad/` by `python tests/cases/problem_page.py`.

`Y` is about the text of a file, `S` about its shape, `R` about what it refers to.
`L` is a warning: legal and unwise.
"""


def page() -> str:
    """Return the whole page."""
    parts = [_INTRODUCTION]
    for code, (title, explanation) in CODES.items():
        parts.append(f"## {code}: {title}\n\n{explanation}\n")
        parts += [_shown(yaml.safe_load(path.read_text("utf-8"))) for path in cases_of(code)]
    return "\n".join(parts)


def cases_of(code: str) -> list[Path]:
    """Return the files of the cases of a code."""
    return sorted((HERE / "bad").glob(f"{code}-*.yaml"))


def _shown(case: dict[str, Any]) -> str:
    lines = [case["why"], "", "```text", case["expect"].rstrip("\n"), "```", ""]
    right = [edit["old"].strip("\n") for edit in case["edits"] if _is_repair(edit)]
    if right:
        lines += ["Right would be:", "", "```yaml", *right, "```", ""]
    return "\n".join(lines)


def _is_repair(edit: dict[str, str]) -> bool:
    """Return whether what stood there before is how the mistake would be mended."""
    return "old" in edit and SequenceMatcher(None, edit["old"], edit["new"]).ratio() >= _ALIKE


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")

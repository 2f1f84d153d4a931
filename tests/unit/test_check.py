"""What an author reads: every mistake in `tests/cases/bad`, said exactly so."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.definition.problems.problem_codes import CODES
from connector_runtime.definition.problems.report import render_problems

CASES = Path(__file__).resolve().parents[1] / "cases"
BAD = sorted((CASES / "bad").glob("*.yaml"))
RUNTIME = Path(__file__).resolve().parents[2] / "src" / "connector_runtime"


def mistaken(case: dict[str, Any], folder: Path) -> list[Path]:
    """Return the folders of a good component with a case's mistakes in it."""
    kennel = folder / "kennel"
    shutil.copytree(CASES / "kennel", kennel)
    folders = [kennel]
    for edit in case["edits"]:
        if "overlay" in edit:
            path = folder / "overlay" / edit["overlay"]
            folders = [kennel, folder / "overlay"]
        else:
            path = kennel / edit["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        if "old" in edit:
            before = path.read_text("utf-8")
            assert edit["old"] in before, f"{path.name} has changed; the case no longer fits"
            path.write_text(before.replace(edit["old"], edit["new"], 1), "utf-8")
        else:
            path.write_text(edit["text"], "utf-8")
    return folders


def test_the_good_component_is_good() -> None:
    """What the cases start from has neither a mistake nor a warning."""
    assert render_problems(find_problems([CASES / "kennel"]), "text") == ""


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_explained_exactly_so(path: Path, tmp_path: Path) -> None:
    """File, line, column, code, words, caret and suggestion; nothing that only follows from it."""
    case = yaml.safe_load(path.read_text("utf-8"))

    said = render_problems(find_problems(mistaken(case, tmp_path)), "text")

    assert said == case["expect"]


def test_every_code_has_a_case_and_every_case_a_code() -> None:
    """No code is without an example of what an author reads."""
    assert {path.stem.partition("-")[0] for path in BAD} == set(CODES)


def test_no_code_is_unknown_or_unused() -> None:
    """The codes in the runtime's source are the codes that are explained."""
    used = {
        code
        for path in RUNTIME.rglob("*.py")
        if path.stem != "problem_codes"
        for code in re.findall(r'"([YSRL]0[0-9]{2})"', path.read_text("utf-8"))
    }

    assert used == set(CODES)


def test_the_page_about_problems_is_up_to_date() -> None:
    """The page is made of the codes and the cases: `python tests/cases/problem_page.py` writes it."""
    made = runpy.run_path(str(CASES / "problem_page.py"))

    assert made["PAGE"].read_text("utf-8") == made["page"]()


NAMES = re.compile(r"\b(?:inputs|connection|tables|secrets|page|reply)\.([A-Za-z]\w*)")


def misspelt() -> list[tuple[str, int, str]]:
    """Return every mention of a name in the good component: file, offset, name."""
    return [
        (path.relative_to(CASES / "kennel").as_posix(), found.start(1), found[1])
        for path in sorted((CASES / "kennel").rglob("*.yaml"))
        for found in NAMES.finditer(path.read_text("utf-8"))
        if found.start() > path.read_text("utf-8").index("\n")
    ]


@pytest.mark.plan("S-94")
@pytest.mark.parametrize(("file", "offset", "name"), misspelt())
def test_each_misspelt_name_is_found_at_load(file: str, offset: int, name: str, tmp_path: Path) -> None:
    """Every name in every expression, misspelt once, is a problem in its file and line."""
    kennel = tmp_path / "kennel"
    shutil.copytree(CASES / "kennel", kennel)
    text = (kennel / file).read_text("utf-8")
    (kennel / file).write_text(text[:offset] + name + "x" + text[offset + len(name) :], "utf-8")

    problems = find_problems([kennel])

    line = text.count("\n", 0, offset) + 1
    assert any((found.file, found.line) == (file, line) and found.severity == "error" for found in problems)
    assert any(f"`{name}`" in (found.hint or "") or f"`{name}x`" in found.message for found in problems)


def test_values_of_inputs_are_never_printed(tmp_path: Path) -> None:
    """What examples hold may be anybody's data: no problem quotes it."""
    kennel = tmp_path / "kennel"
    shutil.copytree(CASES / "kennel", kennel)
    path = kennel / "connections" / "apiKey.yaml"
    path.write_text(
        path.read_text("utf-8")
        .replace("fields: {", "fields: { nokey: canary-1,")
        .replace("not-a-secret", "canary-2")
    )

    problems = find_problems([kennel])

    assert problems
    assert not any("canary" in f"{found.message}{found.hint}" for found in problems)


def test_a_checked_component_is_handed_over(tmp_path: Path) -> None:
    """Without mistakes the files come back by key, shared inputs with their place."""
    source = read_component([CASES / "kennel"])

    assert sorted(source.files["action"]) == ["createDog", "getDog", "listDogs"]
    assert list(source.files["connection"]) == ["apiKey"]
    document, pointer = source.inputs["breed"]
    assert (document.name, pointer) == ("inputs/shared.yaml", ("inputs", "breed"))

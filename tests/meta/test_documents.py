"""What the documents tell people to type exists."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys

import pytest

from connector_cli.commands import program
from meta.repository import ROOT, files, place

PAGES = files(".md")
PROJECTS = (ROOT / "pyproject.toml", ROOT / "sandbox" / "pyproject.toml")


def commands_of(pattern: str) -> set[tuple[str, str]]:
    """Return every (page, command) that pages tell people to type."""
    return {
        (place(page), command)
        for page in PAGES
        for command in re.findall(pattern, page.read_text("utf-8"))
    }  # fmt: skip


def test_the_menu_has_every_command_that_pages_name() -> None:
    """`python3 dev.py X` works for every X in every page."""
    menu = subprocess.run(
        [sys.executable, "dev.py", "help"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    known = set(re.findall(r"^  (\w+) ", menu, re.MULTILINE))

    assert {"demo", "test"} <= known
    assert {named for named in commands_of(r"dev\.py (\w+)") if named[1] not in known} == set()


def test_the_command_line_has_every_command_that_pages_name() -> None:
    """`zoho-component X` works for every X in every page."""
    named = commands_of(r"`(?:\$ )?zoho-component (\w+)") | commands_of(r"^(?:\$ )?zoho-component (\w+)")

    assert {one for one in named if one[1] not in program.commands} == set()


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_links_lead_somewhere(page) -> None:
    """Every relative link of every page leads to a file or folder that is there."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    broken = [
        target
        for target in targets
        if target
        and "://" not in target
        and not target.startswith("mailto:")
        and not (page.parent / target).exists()
    ]

    assert broken == []


def test_the_first_page_starts_with_something_to_see() -> None:
    """The first page names the two commands: one to see it work, one to see it tested."""
    text = (ROOT / "README.md").read_text("utf-8")

    assert "python3 dev.py demo" in text
    assert "python3 dev.py test" in text
    assert len(text.splitlines()) <= 120


def test_decisions_are_numbered_as_their_files_are() -> None:
    """The title of 0007-so.md starts with `# 7. `, and no number is given twice."""
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]

    assert len(numbers) > 9
    assert len(set(numbers)) == len(numbers)
    assert [
        page.name
        for page, number in zip(pages, numbers, strict=True)
        if not page.read_text("utf-8").startswith(f"# {number}. ")
    ] == []

KNOWN_FILES = [f"/{place(path)}" for path in files(".py")]
PYTHON_FILES = re.compile(r"`((?:[\w.]+/)*\w+\.py)`")


def test_files_that_are_named_are_there() -> None:
    """A Python file in backticks, in a page or a docstring, ends the path of a file of the repository."""
    # They tell of former days.
    told = [page for page in PAGES if page.name != "CHANGELOG.md" and page.parent.name != "decisions"]
    gone = {
        f"{place(page)}: {name}"
        for page in [*told, *files(".py")]
        for name in set(PYTHON_FILES.findall(page.read_text("utf-8")))
        if not any(path.endswith(f"/{name}") for path in KNOWN_FILES)
    }

    assert gone == set()


OUR_PACKAGES = ("connector_cli", "connector_runtime", "zoho_component", "zoho_sandbox")
DOTTED = re.compile(rf"`((?:{'|'.join(OUR_PACKAGES)})(?:\.\w+)+)`")


def test_modules_that_are_named_are_there() -> None:
    """A dotted name of ours in backticks, in a page or a docstring, can be imported."""
    groups = set(re.findall(r'entry-points\."([\w.]+)"', "".join(one.read_text("utf-8") for one in PROJECTS)))
    told = [page for page in PAGES if page.name != "CHANGELOG.md" and page.parent.name != "decisions"]
    named = {
        (place(page), name)
        for page in [*told, *files(".py")]
        for name in DOTTED.findall(page.read_text("utf-8"))
    }  # fmt: skip

    assert named
    assert {(page, name) for page, name in named if name not in groups and not is_there(name)} == set()


def is_there(name: str) -> bool:
    """Return whether a dotted name is a module, or what one has."""
    try:
        pkgutil.resolve_name(name)
    except (AttributeError, ImportError):
        return False
    return True


def test_folders_that_are_named_are_there() -> None:
    """A folder in backticks, in a page, is the end of a folder's path in the repository."""
    known = {f"/{place(path.parent)}/" for path in files()} | {"/.venv/"}
    told = [page for page in PAGES if page.name != "CHANGELOG.md" and page.parent.name != "decisions"]
    gone = {
        f"{place(page)}: {name}"
        for page in told
        for name in set(re.findall(r"`((?:[\w.-]+/)+)`", page.read_text("utf-8")))
        if not any(f"/{name}" in folder for folder in known)
    }

    assert gone == set()

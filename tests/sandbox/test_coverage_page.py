"""The coverage page tells the truth about the foundation."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import zoho_sandbox
from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.settings import definitions
from zoho_sandbox.pages.control import addresses

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sandbox-coverage.md"
SOURCES = Path(zoho_sandbox.__file__).parent


def rows(heading: str) -> list[list[str]]:
    """Return the table cells under a heading, header rows left out."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_choice_in_the_code_is_listed():
    """As many rows for each file as the file has marks."""
    marked = Counter(
        {
            path.relative_to(SOURCES).as_posix(): path.read_text(encoding="utf-8").count("# choice:")
            for path in [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.yaml")]
            if SOURCES / "products" not in path.parents
        }
    )

    assert Counter(row[0].strip("`") for row in rows("Choices of the foundation")) == +marked


def test_every_setting_is_listed_with_its_default():
    """The products list theirs on their own pages."""
    listed = {row[0].strip("`"): row[1] for row in rows("Settings of the foundation")}
    own = {name: about for name, about in definitions().items() if not name.startswith(("books.", "crm."))}

    assert set(listed) == set(own)
    for name, default in listed.items():
        said = str(own[name]["default"])
        assert default == (said.lower() if said else "empty")


def test_every_fault_is_listed():
    """With every field that shapes one."""
    faults = package_yaml("zoho_sandbox.core", "faults.yaml")
    page = PAGE.read_text(encoding="utf-8")

    assert {row[0].strip("`") for row in rows("Faults")} == set(faults["faults"])
    assert [field for field in faults["fields"] if f"`{field}`" not in page] == []


def test_every_control_address_is_listed():
    """Method and path."""
    listed = {tuple(row[0].strip("`").split(" ")) for row in rows("Control")}

    assert listed == {(method, path) for path, method in addresses()}

"""The coverage page tells the truth about Books."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.products import books
from zoho_sandbox.products.books.rules.catalogue import catalogue

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "sandbox-coverage-books.md"
SOURCES = Path(books.__file__).parent


def rows(heading: str) -> list[list[str]]:
    """Return the table cells under a heading, header rows left out."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_module_is_listed():
    """With path, keys, id and the number of its operations."""
    counted = Counter(operation.module.name for operation in catalogue().operations)
    expected = [
        [
            module.name,
            module.path,
            module.list_key or "-",
            module.key or "-",
            module.id,
            str(counted[module.name]),
            "yes" if module.has_unique_value else "",
            "yes" if module.has_pdf else "",
        ]
        for module in catalogue().modules.values()
        if module.name != "unpublished"
    ]

    assert sorted(row[:8] for row in rows("Modules")) == sorted(expected)
    assert f"{len(catalogue().operations)} operations" in PAGE.read_text(encoding="utf-8")


def test_every_refusal_is_listed():
    """With the status and code it has without any setting."""
    known = package_yaml("zoho_sandbox.products.books", "data", "errors.yaml")

    listed = {row[0]: (int(row[1]), int(row[2])) for row in rows("Refusals")}
    assert listed == {name: (status, code) for name, (status, code, _) in known.items()}


def test_every_setting_is_listed_with_its_default():
    """In the words of its own description."""
    known = package_yaml("zoho_sandbox.products.books", "settings.yaml")

    listed = {row[0]: row[1:] for row in rows("Settings of Books")}
    assert listed == {name: [str(one["default"]).lower(), one["about"]] for name, one in known.items()}


def test_every_choice_in_the_code_is_listed():
    """As many rows for each file as the file has marks."""
    files = [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.yaml")]
    marked = Counter(
        {
            path.relative_to(SOURCES).as_posix(): path.read_text(encoding="utf-8").count("# choice:")
            for path in files
        }
    )

    assert Counter(row[0] for row in rows("Choices of Books")) == +marked


def test_empty_views_and_mere_yeses_are_counted():
    """So nobody takes them for more than they are."""
    counted = Counter(operation.do for operation in catalogue().operations)
    page = PAGE.read_text(encoding="utf-8")

    assert f"{counted['view']} views" in page
    assert f"{counted['acknowledge']} calls say yes" in page


def test_every_setting_is_used():
    """A switch that nothing reads would be a lie."""
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))

    for name in package_yaml("zoho_sandbox.products.books", "settings.yaml"):
        assert f'"{name.removeprefix("books.")}"' in code or f'"{name}"' in code, name

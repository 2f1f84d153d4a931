"""The coverage page tells the truth about CRM."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import zoho_sandbox.products.crm
from zoho_sandbox.core.settings import definitions
from zoho_sandbox.products.crm.routes import ROUTES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "sandbox-coverage-crm.md"
SOURCES = Path(zoho_sandbox.products.crm.__file__).parent


def rows(heading: str) -> list[list[str]]:
    """Return the table cells under a heading, header rows left out."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_address_is_listed_with_its_verbs() -> None:
    """As the routes have them, no more and no less."""
    listed = {row[0].strip("`"): set(row[1].split()) for row in rows("Addresses")}

    assert listed == {"/".join(route.pattern): set(route.verbs) for route in ROUTES}


def test_every_setting_is_listed_with_its_default() -> None:
    """As settings.yaml has them."""
    listed = {row[0].strip("`"): row[1] for row in rows("Settings of CRM")}

    own = {name: about for name, about in definitions().items() if name.startswith("crm.")}
    assert listed == {name: str(about["default"]).lower() for name, about in own.items()}


def test_every_choice_in_the_code_is_listed() -> None:
    """As many rows for each file as the file has marks."""
    marked = Counter(
        {
            path.relative_to(SOURCES).as_posix(): path.read_text(encoding="utf-8").count("# choice:")
            for path in [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.yaml")]
        }
    )

    assert Counter(row[0].strip("`") for row in rows("Choices of CRM")) == +marked

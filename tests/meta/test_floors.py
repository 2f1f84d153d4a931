"""The runtime's rooms: a module imports its own floor or a lower one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from meta.repository import ROOT, RUNTIME, place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = "connector_runtime"

# Floor by floor; a package counts as one module.
FLOORS = (
    # errors and small values
    "errors forks instants latches values",
    # reading files, expressions, URLs, bodies, redaction, what goes over the wire
    """bodies documents drafts expressions lets messages paths places redact schemas sealed sheets templates
    urls writings""",
    # a folder becomes a checked component; inputs; rules that need no conversation
    "budget check compiled errands fragments inputs load metadata model ports program retry scopes sent_records sources",
    # the conversation of one action
    """attempt blame call connections exchange failures grants long_reply lookup oauth outcome paging plan
    policy renewal reply request results saving sequence slots steps token_replies tokens triggers unforeseen
    webhooks whereabouts""",
    # the wire, and where tokens are kept
    "stores transport",
    # one connection in use
    "async_asking async_drivers async_session asking drivers learning logins offers picking polls session taking subscriptions",
    # the facade
    "cases comparison component describe health pushed_cases",
    # faces
    "cli __main__ __init__",
)
FLOOR = {module: number for number, modules in enumerate(FLOORS) for module in modules.split()}
WIRE = 4


def test_every_module_has_its_floor() -> None:
    """A new module is given a floor before it is used, and a floor names no module that is gone."""
    modules = {module_of(path) for path in RUNTIME.rglob("*.py")}

    assert modules - FLOOR.keys() == set(), "give these a floor"
    assert FLOOR.keys() - modules == set(), "these are gone"


def test_the_page_shows_the_floors_as_they_are() -> None:
    """The table in ARCHITECTURE.md has the modules of each floor, and no others."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| [^|]* \| (.*) \|$", page, re.MULTILINE)

    assert {int(number): sorted(re.findall(r"`(\w+)`", names)) for number, names in rows} == {
        number: sorted(modules.split()) for number, modules in enumerate(FLOORS)
    }


def test_imports_only_point_down() -> None:
    """A module imports its own floor or a lower one, never a higher one, not even for types."""
    wrong = [
        f"{module} (floor {FLOOR[module]}) must not import {wanted} (floor {FLOOR[wanted]})"
        for module, wanted in sibling_imports()
        if module in FLOOR and FLOOR.get(wanted, 0) > FLOOR[module]
    ]

    assert not wrong, "\n".join(wrong)


def test_only_the_wire_knows_httpx() -> None:
    """Whoever replaces the HTTP library touches one floor."""
    knowing = {
        module_of(path)
        for path in RUNTIME.rglob("*.py")
        if any(name.partition(".")[0] in {"httpx", "httpcore", "h11"} for name in imported(path))
    }

    assert {module for module in knowing if FLOOR.get(module) != WIRE} == set()


def test_runtime_component_and_sandbox_are_strangers() -> None:
    """The runtime knows no component, and a sandbox knows neither: a misunderstanding cannot hide in shared code."""
    forbidden = {
        "connector_runtime": {"zoho_component", "zoho_sandbox"},
        "zoho_sandbox": {"connector_runtime", "zoho_component"},
    }
    wrong = [
        f"{place(path)} imports {name}"
        for package, strangers in forbidden.items()
        for path in (ROOT / "src" / package).rglob("*.py")
        for name in imported(path)
        if name.partition(".")[0] in strangers
    ]

    assert not wrong, "\n".join(wrong)


def test_importing_the_runtime_costs_nothing_else() -> None:
    """A worker that starts cold pays for no parser and no HTTP library before it needs them."""
    heavy = ("yaml", "jinja2", "jsonschema", "httpx", "click", "rich", "asyncio")
    code = f"import sys, {PACKAGE}; print([name for name in {heavy!r} if name in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT / "src"
    )

    assert loaded.stdout.strip() == "[]"


def module_of(path: Path) -> str:
    """Return a module's name below the package; everything in a sub-package is that package."""
    return path.relative_to(RUNTIME).with_suffix("").parts[0]


def sibling_imports() -> Iterator[tuple[str, str]]:
    """Yield every import between modules of the runtime, wherever in the file it stands."""
    for path in sorted(RUNTIME.rglob("*.py")):
        for name in imported(path):
            top, _, rest = name.partition(".")
            wanted = rest.partition(".")[0]
            if top == PACKAGE and wanted and wanted != module_of(path):
                yield module_of(path), wanted


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports."""
    package = (PACKAGE, *path.relative_to(RUNTIME).parts[:-1]) if path.is_relative_to(RUNTIME) else ()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            whole = ".".join([*above, *([node.module] if node.module else [])])
            # `from package import module` names a module, too.
            yield from (f"{whole}.{alias.name}" for alias in node.names) if whole == PACKAGE else [whole]

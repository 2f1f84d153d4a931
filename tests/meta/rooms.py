"""The rooms of the runtime and of the sandbox as they are: what each says of itself, and what they import.

`python tests/meta/rooms.py` writes the tables in ARCHITECTURE.md and sandbox/README.md anew.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "connector_runtime"
RUNTIME = ROOT / "src" / PACKAGE

# From the lowest floor to the highest: a room imports itself and those before it.
FLOORS = (
    "errors",
    "base",
    "language",
    "inputs",
    "transport",
    "stores",
    "definition",
    "access",
    "conversation",
    "triggers",
    "session",
    "testing",
    "logins",
    "component",
    "documents",
    "checks",
    "__init__",
    "__main__",
)
SANDBOX_FLOORS = (
    "core",
    "products",
    "planting",
    "world",
    "pages",
    "oauth",
    "serving",
    "sandbox",
    "service",
    "__init__",
    "__main__",
)
HEAD = "| floor | room | what | in it |\n| --- | --- | --- | --- |\n"


@dataclass(frozen=True, slots=True)
class House:
    """A package with floors: where it lies, its rooms from the lowest up, and the page that shows them."""

    home: Path
    floors: tuple[str, ...]
    page: Path


HOUSE = House(RUNTIME, FLOORS, ROOT / "ARCHITECTURE.md")
SANDBOX_HOUSE = House(
    ROOT / "sandbox" / "src" / "zoho_sandbox", SANDBOX_FLOORS, ROOT / "sandbox" / "README.md"
)


def table(house: House = HOUSE) -> str:
    """Return the table of the rooms, as Markdown."""
    return HEAD + "".join(f"{row}\n" for row in _rows(house))


def written_table(house: House = HOUSE) -> str:
    """Return the table that stands in the house's page."""
    page = house.page.read_text("utf-8")
    return page[page.index(HEAD) :].partition("\n\n")[0].rstrip("\n") + "\n"


def _rows(house: House) -> Iterator[str]:
    for floor, room in enumerate(house.floors):
        if room.startswith("__"):
            continue
        home = house.home / room
        is_folder = (home / "__init__.py").is_file()
        inside = [f"`{name}`" for name in members(home)] if is_folder else []
        source = home / "__init__.py" if is_folder else home.with_suffix(".py")
        yield f"| {floor} | `{room}` | {_said(source)} | {', '.join(inside)} |"


def members(folder: Path) -> list[str]:
    """Return what lies in a room: its modules and the rooms within, by name."""
    found = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    found |= {path.parent.name for path in folder.glob("*/__init__.py")}
    return sorted(found)


def _said(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0].replace("|", "\\|").rstrip(".:")


def imports(path: Path, *, at_load: bool = False, package: str = PACKAGE) -> Iterator[tuple[str, ...]]:
    """Yield the steps to every module of a package that a file imports, wherever that stands.

    Args:
        path: The file.
        at_load: Only what is imported when the module is: not in functions, not for types.
        package: Whose modules.
    """
    pending: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while pending:
        node = pending.pop()
        if at_load and (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_types(node)):
            continue
        pending += ast.iter_child_nodes(node)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (_steps(node.module, alias.name) for alias in node.names if _is_in(package, node.module))
        elif isinstance(node, ast.Import):
            yield from (_steps(alias.name) for alias in node.names if _is_in(package, alias.name))


def _steps(module: str, name: str = "") -> tuple[str, ...]:
    """Return the way below the package: `from package.room import module` names a module, too."""
    return tuple([*module.split("."), name][1:])


def _is_in(package: str, module: str) -> bool:
    return module.partition(".")[0] == package


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


if __name__ == "__main__":
    for one in (HOUSE, SANDBOX_HOUSE):
        one.page.write_text(one.page.read_text("utf-8").replace(written_table(one), table(one)), "utf-8")
    sys.exit(0)

"""What the outside may import, and what every face of the runtime imports."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

import connector_runtime
from connector_runtime.errors import ConnectorError
from meta.repository import FACES, ROOT, RUNTIME, place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_PUBLIC_NAMES = 26
MOST_LINES = 60
# Where platforms and faces may import from; everything else may change any day.
PUBLIC = (
    "connector_runtime",
    "connector_runtime.checks",
    "connector_runtime.component",
    "connector_runtime.documents",
    "connector_runtime.errors",
    "connector_runtime.logins",
    "connector_runtime.stores",
    "connector_runtime.testing",
)
LAZY = (
    "connector_runtime",
    "connector_runtime.component",
    "connector_runtime.stores",
    "connector_runtime.testing",
)
SURFACE = ROOT / "tests" / "meta" / "surface.txt"


@pytest.mark.parametrize("name", LAZY)
def test_a_stub_names_what_its_package_has(name: str) -> None:
    """Type checkers see in the stub every name of the lazy package, from the module that it comes from."""
    package = importlib.import_module(name)
    stub = RUNTIME.parent.joinpath(*name.split("."), "__init__.pyi")
    found = {
        alias.name: node.module
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert sorted(found) == sorted(package.__all__)
    for key, home in found.items():
        assert getattr(package, key) is getattr(importlib.import_module(str(home)), key)


def test_exported_names_are_sorted_and_few() -> None:
    """The public surface stays small enough to be read in one go."""
    assert connector_runtime.__all__ == sorted(connector_runtime.__all__)
    assert len(connector_runtime.__all__) <= MOST_PUBLIC_NAMES


def test_every_public_branch_of_the_error_tree_is_exported() -> None:
    """Whoever catches an error by its branch finds the branch in the package."""
    branches = {branch.__name__ for branch in ConnectorError.__subclasses__()}

    assert branches <= set(connector_runtime.__all__)


@pytest.mark.parametrize("name", LAZY)
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    """The lazy package answers for what it does not have as any module does."""
    with pytest.raises(AttributeError, match="Nonsense"):
        importlib.import_module(name).Nonsense  # noqa: B018  the access is the test


def test_a_change_of_the_surface_is_a_decision() -> None:
    """Every public name stands with its kind and signature in `surface.txt`, and nothing else does.

    `PYTHONPATH=tests python tests/meta/test_exports.py` writes the file anew; what it loses breaks somebody.
    """
    assert SURFACE.read_text("utf-8").splitlines() == list(surface()), "PYTHONPATH=tests python tests/meta/test_exports.py"


def test_faces_import_public_names_only() -> None:
    """The command line, and every face beside it, does what anybody else could do."""
    faces = [*FACES, ROOT / "src" / "zoho_component"]
    wrong = [
        f"{place(path)} imports {name} from {module}"
        for face in faces
        for path in face.rglob("*.py")
        for module, name in imported(path)
        if module not in PUBLIC or name not in importlib.import_module(module).__all__
    ]

    assert not wrong, "\n".join(wrong)


def test_no_page_leads_to_a_private_path() -> None:
    """What a guide or a reference page imports is public."""
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions"]
    wrong = [
        f"{place(page)}: {line.strip()}"
        for page in [ROOT / "README.md", *pages]
        for line in page.read_text("utf-8").splitlines()
        if line.strip().startswith("from connector_runtime") and line.split()[1] not in PUBLIC
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", [RUNTIME, *FACES])
def test_a_package_says_little_of_itself(package: Path) -> None:
    """No `__init__` is longer than a screen."""
    long = [
        place(path)
        for path in package.rglob("__init__.py")
        # Which is the sender itself.
        if len(path.read_text("utf-8").splitlines()) > MOST_LINES
    ]

    assert long == []


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Yield module and name of everything that a file imports from the runtime."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (
                (alias.name, "") for alias in node.names if alias.name.startswith("connector_runtime")
            )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("connector_runtime"):
            yield from ((str(node.module), alias.name) for alias in node.names)


def surface() -> Iterator[str]:
    """Yield a line for every public name: its module, its kind, how it is called."""
    for name in PUBLIC:
        module = importlib.import_module(name)
        for key in sorted(module.__all__):
            yield from described(f"{name}.{key}", getattr(module, key))


def described(name: str, value: Any) -> Iterator[str]:
    """Yield a line for a name, and for the members of a class."""
    if not inspect.isclass(value):
        yield f"{name}: function{signature(value)}" if callable(value) else f"{name}: {type(value).__name__}"
        return
    made = signature(value) if "__init__" in vars(value) or "__new__" in vars(value) else ""
    yield f"{name}: class {', '.join(base.__name__ for base in value.__bases__)}{made}"
    for key in sorted(dir(value)):
        member = inspect.getattr_static(value, key)
        home = next((one for one in value.__mro__ if key in vars(one)), object)
        if key.startswith("_") or not home.__module__.startswith("connector_runtime"):
            continue
        kind = type(member).__name__
        inner = member.__func__ if kind in ("classmethod", "staticmethod") else member
        yield f"{name}.{key}: {kind}{signature(inner) if inspect.isfunction(inner) else ''}"


def signature(value: Any) -> str:
    """Return how something is called: names, kinds and defaults; types are `tests/typing`'s."""
    shown = inspect.signature(value)
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in shown.parameters.values()]
    return str(shown.replace(parameters=bare, return_annotation=inspect.Signature.empty))


if __name__ == "__main__":
    SURFACE.write_text("".join(f"{line}\n" for line in surface()), "utf-8")
    sys.exit(0)

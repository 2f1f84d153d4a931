"""What the outside may import."""

from __future__ import annotations

import ast
import importlib

import pytest

import connector_runtime
from connector_runtime.errors import ConnectorError
from meta.repository import RUNTIME

MOST_PUBLIC_NAMES = 20


def names_for_types() -> set[str]:
    """Return the names that type checkers see in the package."""
    tree = ast.parse((RUNTIME / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_all_exported_names_resolve() -> None:
    """Every name in `__all__` is there, and is the one that type checkers see."""
    assert names_for_types() == set(connector_runtime.__all__)
    assert all(getattr(connector_runtime, name).__name__ == name for name in connector_runtime.__all__)


def test_exported_names_are_sorted_and_few() -> None:
    """The public surface stays small enough to be read in one go."""
    assert connector_runtime.__all__ == sorted(connector_runtime.__all__)
    assert len(connector_runtime.__all__) <= MOST_PUBLIC_NAMES


def test_every_public_branch_of_the_error_tree_is_exported() -> None:
    """Whoever catches an error by its branch finds the branch in the package."""
    branches = {branch.__name__ for branch in ConnectorError.__subclasses__()}

    assert branches <= set(connector_runtime.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy package answers for what it does not have as any module does."""
    with pytest.raises(AttributeError, match="Nonsense"):
        importlib.import_module("connector_runtime").Nonsense  # noqa: B018  the access is the test

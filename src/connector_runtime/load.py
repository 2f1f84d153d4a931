"""A folder, or several, becomes a checked component or a sorted list of problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from connector_runtime.documents import Document
    from connector_runtime.errors import Problem
    from connector_runtime.schemas import Schemas


@dataclass(frozen=True, slots=True)
class Source:
    """The files of a component, read and checked.

    Attributes:
        folders: Where they come from; later ones add to and replace earlier ones.
        component: `component.yaml`.
        connections: Connections by key.
        datasources: Pickers by key.
        actions: Actions by key.
        inputs: Shared inputs by key: the file, and the pointer to the definition in it.
        schemas: The record schemas.
    """

    folders: tuple[Path, ...]
    component: Document
    connections: Mapping[str, Document]
    datasources: Mapping[str, Document]
    actions: Mapping[str, Document]
    inputs: Mapping[str, tuple[Document, tuple[str | int, ...]]]
    schemas: Schemas


def locate(name_or_path: str | Path) -> Path:
    """Return the folder of an installed component, or of a path with `component.yaml`.

    Raises:
        DefinitionError: There is neither.
    """
    raise NotImplementedError


def read_component(folders: Sequence[Path], *, all_problems: bool = True) -> Source:
    """Read and check a component.

    Args:
        folders: The component's folder, then any overlays.
        all_problems: Go on after the first file with problems.

    Raises:
        DefinitionError: With every problem found.
    """
    raise NotImplementedError


def find_problems(folders: Sequence[Path]) -> list[Problem]:
    """Return every problem of a component, warnings included, sorted by place; never raises."""
    raise NotImplementedError

"""What is legal and still unwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_runtime.draft import Draft
    from connector_runtime.errors import Problem


def find_warnings(draft: Draft) -> list[Problem]:
    """Return what is unwise in a component without errors."""
    del draft
    return []

"""What a schema cannot see: names, references, tables, expressions in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_runtime.places import names_for

if TYPE_CHECKING:
    from connector_runtime.draft import Draft

__all__ = ["check", "names_for"]


def check(draft: Draft) -> None:
    """Note everything that is wrong with a draft beyond its schemas."""

"""What a schema cannot see: names, references, tables, expressions in their place."""

from __future__ import annotations

from connector_runtime.places import names_for

__all__ = ["names_for"]

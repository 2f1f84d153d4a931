"""JSON Schema in our words: what is wrong, where, and what was probably meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a value does not fit.

    Attributes:
        pointer: Keys and indexes that lead to the place.
        message: What is wrong, in plain words.
        hint: What would be right, or None.
        keyword: The schema keyword that objects; `additionalProperties` means the key itself.
    """

    pointer: tuple[str | int, ...]
    message: str
    hint: str | None
    keyword: str


class Validator:
    """A schema ready to judge values; made once, used by many threads."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def violations(self, value: Any) -> list[Violation]:
        """Return everything that is wrong with a value, sorted by place; empty when it fits."""
        raise NotImplementedError

    def is_valid(self, value: Any) -> bool:
        """Return whether a value fits."""
        raise NotImplementedError

    def type_of(self, name: str) -> frozenset[str]:
        """Return the JSON types a top-level property may have; empty when unknown."""
        raise NotImplementedError


class Schemas:
    """The schema files of a component, read when first asked for."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)

    def find(self, reference: str) -> Validator | None:
        """Return the validator for `records/books` or `records/books#create`, or None.

        Args:
            reference: Path below `schemas/` without `.json`, and an optional `#anchor`.

        Raises:
            DefinitionError: The file exists and is not a schema.
        """
        raise NotImplementedError

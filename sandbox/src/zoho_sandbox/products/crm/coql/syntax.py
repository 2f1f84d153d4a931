"""A COQL query as a tree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path; ``module`` is set for ``What_Id->Accounts``."""

    name: str
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A column as written: steps joined by dots."""

    steps: tuple[Step, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """One selected column; ``text`` is its key in the reply unless it has an alias."""

    path: Path
    text: str
    aggregate: str | None = None
    alias: str | None = None

    @property
    def key(self) -> str:
        """The key of the column in a reply's row."""
        return self.text if self.alias is None else self.alias


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: ``kind`` is string, number, date or boolean."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class SubQuery:
    """A query in the place of a value; ``sequence`` counts from 0."""

    query: SelectQuery
    sequence: int


@dataclass(frozen=True, slots=True)
class Condition:
    """``path operator values``; the operator is in lower case with single spaces."""

    path: Path
    operator: str
    values: tuple[Literal | SubQuery, ...] = ()


@dataclass(frozen=True, slots=True)
class Both:
    """Two criteria joined by ``and`` or ``or``."""

    operator: str
    left: Criteria
    right: Criteria


Criteria = Condition | Both


@dataclass(frozen=True, slots=True)
class SelectQuery:
    """A whole query; ``order`` holds ``(path, is_descending)``."""

    columns: tuple[Column, ...]
    module: str
    where: Criteria
    cvid: str | None = None
    group: tuple[Path, ...] = ()
    order: tuple[tuple[Path, bool], ...] = ()
    limit: int = 200
    offset: int = 0

"""The modules and operations of Books v3, read from ``data/modules/*.json``.

Every published operation is one row of data: how it is reached, which scope it
needs, what it answers, and ``do``, the name of the handler that carries it out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Module:
    """One record type: its envelope keys, its fields and how its lists behave.

    ``record``, ``row`` and ``line`` are the keys of replies with their empty values.
    ``exact`` names those of the three that were seen live: then they are all the keys there are.
    ``row_when`` are more keys of rows by a field's value, ``read_line`` those of lines that are read.
    ``mirrors`` are fields that repeat another; ``comment`` is what the system says of a change.
    ``template`` and ``account`` are numbers of what every organisation has from its birth.
    """

    name: str
    noun: str = "Record"
    path: str = ""
    id: str = "id"
    list_key: str = ""
    key: str = ""
    location: str = ""
    singular: str = ""
    party: str = ""
    has_unique_value: bool = False
    has_pdf: bool = False
    has_totals: bool = False
    initial: Spec = field(default_factory=dict)
    number: Spec = field(default_factory=dict)
    distinct: tuple[Spec, ...] = ()
    search: tuple[str, ...] = ()
    listing: Spec = field(default_factory=dict)
    filters: Mapping[str, Spec] = field(default_factory=dict)
    fields: Mapping[str, Spec] = field(default_factory=dict)
    record: Spec = field(default_factory=dict)
    row: Spec = field(default_factory=dict)
    line: Spec = field(default_factory=dict)
    amounts: frozenset[str] = frozenset()
    line_amounts: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()
    row_when: tuple[Spec, ...] = ()
    read_line: Spec = field(default_factory=dict)
    mirrors: Mapping[str, str] = field(default_factory=dict)
    comment: Spec = field(default_factory=dict)
    template: int = 0
    account: tuple[Any, ...] = ()
    discount_type: str = "entity_level"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path, e.g. ``POST /contacts/{contact_id}/active``."""

    method: str
    template: str
    module: Module
    do: str
    scope: str
    status: int = 200
    say: str = "success"
    needs_organization: bool = True
    options: Spec = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the path's parameters, left to right."""
        return tuple(part[1:-1] for part in self.template.split("/") if part.startswith("{"))


@dataclass(frozen=True, slots=True)
class Match:
    """What a path leads to: one operation per method, and the path's values."""

    operations: Mapping[str, Operation]
    values: tuple[str, ...]


class _Node:
    __slots__ = ("fixed", "operations", "wild")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.wild: _Node | None = None
        self.operations: dict[str, Operation] = {}


class Catalogue:
    """All modules by name, and the way from a path to its operations."""

    def __init__(self, documents: list[Spec]) -> None:
        self.modules: dict[str, Module] = {}
        self.operations: list[Operation] = []
        self._root = _Node()
        for document in documents:
            module = _module(document)
            self.modules[module.name] = module
        for document in documents:
            self._add_operations(document)

    def _add_operations(self, document: Spec) -> None:
        for route, spec in document["operations"].items():
            method, template = route.split(" ")
            owner = self.modules[spec.get("module_of", document["module"])]
            operation = _operation(method, template, owner, spec)
            self.operations.append(operation)
            if owner.name != "custom_modules":
                self._node(template).operations[method] = operation

    def _node(self, template: str) -> _Node:
        node = self._root
        for part in template.strip("/").split("/"):
            if part.startswith("{"):
                node.wild = node.wild or _Node()
                node = node.wild
            else:
                node = node.fixed.setdefault(part, _Node())
        return node

    def match(self, segments: tuple[str, ...]) -> Match | None:
        """Return the operations a path has, or None for an unknown route."""
        return _descend(self._root, segments, ())

    def custom(self, segments: tuple[str, ...]) -> Match:
        """Return the operations of a custom module's path; the first value is its name."""
        wanted = len(segments)
        found = {
            operation.method: operation
            for operation in self.operations
            if operation.module.name == "custom_modules" and operation.template.count("/") == wanted
        }
        return Match(found, segments)


def _descend(node: _Node, left: tuple[str, ...], values: tuple[str, ...]) -> Match | None:
    if not left:
        return Match(node.operations, values) if node.operations else None
    fixed = node.fixed.get(left[0])
    found = _descend(fixed, left[1:], values) if fixed else None
    if found is None and node.wild is not None:
        found = _descend(node.wild, left[1:], (*values, left[0]))
    return found


def _operation(method: str, template: str, module: Module, spec: Spec) -> Operation:
    return Operation(
        method=method,
        template=template,
        module=module,
        do=spec["do"],
        scope=f"ZohoBooks.{spec['scope']}",
        status=spec.get("status", 200),
        say=spec.get("say", "success"),
        needs_organization=spec.get("organization", True),
        options=spec,
    )


def _module(document: Spec) -> Module:
    fields = document.get("fields", {})
    return Module(
        name=document["module"],
        noun=document.get("noun", "Record"),
        path=document.get("path", ""),
        id=document.get("id", "id"),
        list_key=document.get("list_key", ""),
        key=document.get("key", ""),
        location=document.get("location", ""),
        singular=document.get("singular", ""),
        party=document.get("party", ""),
        has_unique_value=document.get("unique_value", False),
        has_pdf=document.get("pdf", False),
        has_totals=document.get("totals", False),
        initial=document.get("initial", {}),
        number=document.get("number", {}),
        distinct=tuple(document.get("distinct", ())),
        search=tuple(document.get("search", ())),
        listing=document.get("list", {}),
        filters={name: _filter(spec) for name, spec in document.get("filters", {}).items()},
        fields=fields,
        record=document.get("record") or _empty_record(fields),
        row=document.get("row", {}),
        line=document.get("line", {}),
        amounts=frozenset(document.get("amounts", ())),
        line_amounts=frozenset(document.get("line_amounts", ())),
        exact=frozenset(document.get("exact", ())),
        row_when=tuple(document.get("row_when", ())),
        read_line=document.get("read_line", {}),
        mirrors=document.get("mirrors", {}),
        comment=document.get("comment", {}),
        template=document.get("template", 0),
        account=tuple(document.get("account", ())),
        discount_type=document.get("discount_type", "entity_level"),
    )


def _filter(spec: str | Spec) -> Spec:
    return {"kind": spec} if isinstance(spec, str) else spec


_EMPTY: Mapping[str, Any] = {"integer": 0, "number": 0, "boolean": False, "array": (), "object": {}}


def _empty_record(fields: Mapping[str, Spec]) -> dict[str, Any]:
    """Where no reply was ever recorded: the documented fields, empty."""
    return {name: empty_value(spec) for name, spec in fields.items()}


def empty_value(spec: Spec) -> Any:
    """Return what an unset field looks like in a reply: never null.

    source: live recording, 2026-06
    """
    value = _EMPTY.get(spec.get("type", "string"), "")
    return list(value) if isinstance(value, tuple) else dict(value) if value == {} else value


@cache
def catalogue() -> Catalogue:
    """Return the catalogue; read once per process."""
    folder = files("zoho_sandbox.products.books") / "data" / "modules"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    return Catalogue([json.loads((folder / name).read_text("utf-8")) for name in names])

"""A component as far as it could be read, and what is wrong with it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector_runtime.definition.written_tests import WrittenTests
from connector_runtime.language.kinds import KEYED
from connector_runtime.language.lets import Lets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document
    from connector_runtime.language.schemas.validator import Schemas

Pointer = tuple[str | int, ...]

# Examples, tests and their replies are data: what looks like an expression there is sent as it is.
DATA = frozenset({"replies", "examples", "tests"})


@dataclass(slots=True)
class Draft:
    """What the checks look at; its parts may have any shape, because nothing is proved yet.

    Attributes:
        folders: Where the files come from.
        component: `component.yaml`, or None if it cannot be read.
        files: Documents by kind (`connection`, `datasource`, `action`, `trigger`) and key.
        shared: Shared inputs by key: the file and the pointer in it.
        input_files: The files that hold them.
        fragments: Parts of files that others use, by key.
        facts: Files of tables and of error rules, each with what it holds (`tables`, `errors`).
        schemas: The record schemas.
        unreadable: Kinds of which a file could not be read: what they lack is not missed.
        misshapen: The names of the files whose shape is not that of their kind.
        problems: What was found.
        rules: The rules of each table of errors, in order, as far as they were asked for.
        reads: Which named values the named values of each file read, as far as it was asked for.
        unsound: File and name of named values with problems: what reads them is not judged.
    """

    folders: tuple[Path, ...]
    schemas: Schemas
    component: Document | None = None
    files: dict[str, dict[str, Document]] = field(
        default_factory=lambda: {kind: {} for kind in KEYED}
    )
    shared: dict[str, tuple[Document, Pointer]] = field(default_factory=dict)
    input_files: list[Document] = field(default_factory=list)
    fragments: dict[str, Document] = field(default_factory=dict)
    facts: list[tuple[str, Document]] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    misshapen: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    _faulty: set[tuple[str, Pointer]] = field(default_factory=set)
    unsound: set[tuple[str, str]] = field(default_factory=set)
    rules: dict[str, list[tuple[Document, Pointer]]] = field(default_factory=dict)
    reads: dict[Document, dict[str, list[str]]] = field(default_factory=dict)
    _lets: dict[str, Lets] = field(default_factory=dict)
    _written_tests: dict[str, WrittenTests] = field(default_factory=dict)
    _resolved: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _texts: dict[Document, tuple[tuple[Pointer, str], ...]] = field(default_factory=dict)

    def note(self, document: Document, pointer: Pointer, code: str, message: str, **where: Any) -> None:
        """Add a problem, unless one at the same place or around it explains it already.

        Args:
            document: The file.
            pointer: Leads to the place.
            code: Of the problem.
            message: What is wrong.
            where: `hint`, `key` and `offset` as `Document.problem` takes them, and
                `hides`: whether later problems at the place or below follow from this one;
                the pointer of what is around it, where those there follow from it as well.
        """
        if any((document.name, pointer[:end]) in self._faulty for end in range(len(pointer) + 1)):
            return
        hides = where.pop("hides", False)
        if hides is not False:
            self._faulty.add((document.name, pointer if hides is True else hides))
        problem = document.problem(pointer, code, message, **where)
        # What holds for several entries of a test is said once.
        if problem not in self.problems[-20:]:
            self.problems.append(problem)

    def give_up(self, kind: str, document: Document) -> None:
        """Note nothing more about a file that is not whole, nor what others miss in it."""
        self._faulty.add((document.name, ()))
        self.unreadable.add(kind)

    def parts(self) -> Iterator[tuple[str, Document]]:
        """Yield the files that are only judged as parts of others, with their kind."""
        yield from self.facts
        for document in self.fragments.values():
            yield "fragment", document

    def is_faulty(self, document: Document, pointer: Pointer) -> bool:
        """Return whether a problem at a place or below it has been noted that hides others."""
        return any(
            file == document.name and place[: len(pointer)] == pointer for file, place in self._faulty
        )

    def documents(self) -> Iterator[tuple[str, Document]]:
        """Yield every file that could be read, with its kind; what it takes from others is in place."""
        if self.component is not None:
            yield "component", self.component
        for document in self.input_files:
            yield "inputs", document
        for kind, documents in self.files.items():
            for document in documents.values():
                yield kind, document

    def part(self, *steps: str) -> Mapping[str, Any]:
        """Return a map of `component.yaml`, empty where there is none."""
        found: Any = self.component.data if self.component is not None else {}
        for step in steps:
            found = as_map(found).get(step)
        return as_map(found)

    def table(self, name: Any) -> Mapping[str, Any] | None:
        """Return the rows of a table, or None if there is no such table."""
        tables = self.part("tables")
        return as_map(as_map(tables[name]).get("rows")) if is_in(name, tables) else None

    def written_tests(self, document: Document) -> WrittenTests:
        """Return what the examples and tests of a file of the right shape mean."""
        if document.name not in self._written_tests:
            self._written_tests[document.name] = WrittenTests(as_map(document.data), self.part("replies"))
        return self._written_tests[document.name]

    def texts_of(self, document: Document) -> tuple[tuple[Pointer, str], ...]:
        """Return every text of a file with its place, examples and tests left out."""
        known = self._texts.get(document)
        if known is None:
            parts = [one for one in as_map(document.data).items() if one[0] not in DATA]
            known = tuple(text for key, value in parts for text in texts_below(value, (key,)))
            self._texts[document] = known
        return known

    def inputs_of(self, kind: str, document: Document) -> dict[str, Any]:
        """Return a file's inputs by key, shared ones and the component's defaults filled in.

        An input that says too little about itself is an empty map.
        """
        known = self._resolved.get((kind, document.name))
        if known is None:
            own = as_map(as_map(document.data).get("inputs"))
            known = {key: self.resolve(definition) for key, definition in own.items()}
            if kind in ("action", "trigger"):
                for key in as_list(self.part("defaults").get("inputs")):
                    if isinstance(key, str):
                        known.setdefault(key, self.resolve({"use": key}))
            self._resolved[kind, document.name] = known
        return known

    def lets_of(self, document: Document) -> Lets:
        """Return the named values that a file's expressions can read, the component's among them."""
        known = self._lets.get(document.name)
        if known is None:
            known = Lets(self.part("let"), as_map(as_map(document.data).get("let")))
            self._lets[document.name] = known
        return known

    def names_of(self, kind: str, document: Document) -> set[str]:
        """Return the keys by which a file's inputs may be given: those of today, and former ones."""
        found = self.inputs_of(kind, document)
        former = (as_list(definition.get("renamedFrom")) for definition in found.values())
        return {*found, *(name for names in former for name in names if isinstance(name, str))}

    def resolve(self, definition: Any, depth: int = 0) -> dict[str, Any]:
        """Return an input's definition with the shared one it uses below its own words."""
        own = dict(as_map(definition))
        name = own.pop("use", None)
        if name is None:
            return own
        if not is_in(name, self.shared) or depth > len(self.shared):
            return {}
        document, pointer = self.shared[name]
        base = self.resolve(at(document.data, pointer), depth + 1)
        return {**base, **own} if base else {}

    def connections_of(self, document: Document) -> dict[str, Document]:
        """Return the connections that an action, trigger or data source works with."""
        listed = as_list(as_map(document.data).get("connection"))
        every = self.files["connection"]
        return {key: every[key] for key in listed if is_in(key, every)} or every


def request_places(data: Any) -> Iterator[Pointer]:
    """Yield where requests stand in a file."""
    whole = as_map(data)
    for key in ("request", "probe"):
        if key in whole:
            yield (key,)
    for name, step in as_map(whole.get("steps")).items():
        if "request" in as_map(step):
            yield ("steps", name, "request")
    for name, source in as_map(as_map(whole.get("poll")).get("sources")).items():
        if "request" in as_map(source):
            yield ("poll", "sources", name, "request")
    for name, agreement in as_map(whole.get("webhook")).items():
        if "request" in as_map(agreement):
            yield ("webhook", name, "request")


def owners(data: Any) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield what has a request and all that is judged by it: the file, or each of its steps."""
    steps = as_map(as_map(data).get("steps"))
    if not steps:
        yield (), as_map(data)
    for name, step in steps.items():
        yield ("steps", name), as_map(step)


def texts_below(node: Any, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Yield every text of a value that stands at a place, each with its own place."""
    if isinstance(node, str):
        yield pointer, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from texts_below(value, (*pointer, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from texts_below(value, (*pointer, index))


def as_map(value: Any) -> Mapping[str, Any]:
    """Return the value if it is a map, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def is_in(name: Any, names: Any) -> bool:
    """Return whether a text is one of some names; a value of another type is none."""
    return isinstance(name, str) and name in names


def at(data: Any, pointer: Pointer) -> Any:
    """Return what a pointer leads to, or None."""
    for step in pointer:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data

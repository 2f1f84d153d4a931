"""JSON Schema in our words: what is wrong, where, and what was probably meant.

Two sorts of schemas are used: those of the language itself, which travel with the runtime,
and the record schemas of a component, which say what a record's fields mean.
"""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin

from connector_runtime.errors import DefinitionError
from connector_runtime.language.documents.document import Document, read_json
from connector_runtime.language.schemas.language_files import language_file
from connector_runtime.language.schemas.links import Links, NotPlainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from connector_runtime.errors import Problem
    from connector_runtime.language.schemas.violations import Violation

__all__ = ["Schemas", "Validator", "address_of", "language", "language_part"]


_PARTS = "parts"
_SAFE_STEP = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_IN_PLACE = ("allOf", "anyOf", "oneOf")
_TYPE_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


class Validator:
    """A schema ready to judge values; made once, used by many threads.

    Attributes:
        schema: The schema, without what it refers to.
    """

    def __init__(
        self, schema: Mapping[str, Any], *, resolver: Any = None, judge: Callable[[], Any] | None = None
    ) -> None:
        from connector_runtime.language.schemas.quick import compile_quick  # noqa: PLC0415

        self.schema: dict[str, Any] = dict(schema)
        self._resolver = resolver
        self._make_judge = judge
        self._quick = compile_quick(self.schema, resolver)
        # The reader of the language's problems sees the place; whoever fills in a record does not.
        self._is_language = judge is None

    @functools.cached_property
    def _judge(self) -> Any:
        """Return jsonschema's validator, made when a value is not clearly right: it is slow to load."""
        from connector_runtime.language.schemas.bounded import judge_of  # noqa: PLC0415

        return self._make_judge() if self._make_judge is not None else judge_of(self.schema, None)

    def violations(self, value: Any) -> list[Violation]:
        """Return everything that is wrong with a value, in the order of the schema.

        A value that is too deep or costs too much to judge is one violation.
        """
        if self._fits(value):
            return []
        from connector_runtime.language.schemas.violations import violations_of  # noqa: PLC0415

        return violations_of(self._judge, value, shows_values=self._is_language)

    def is_valid(self, value: Any) -> bool:
        """Return whether a value fits."""
        if self._fits(value):
            return True
        from connector_runtime.language.schemas.bounded import TooCostlyError, errors_of  # noqa: PLC0415

        try:
            return not errors_of(self._judge, value)
        except TooCostlyError:
            return False

    def _fits(self, value: Any) -> bool:
        """Return whether a value certainly fits; False leaves it to the judge."""
        from connector_runtime.language.schemas.quick import NotSureError  # noqa: PLC0415

        try:
            return self._quick is not None and self._quick(value)
        except NotSureError:
            return False

    def type_of(self, name: str) -> frozenset[str]:
        """Return the JSON types a top-level property may have; empty when unknown."""
        return self._types.get(name, frozenset())

    @functools.cached_property
    def typed_names(self) -> frozenset[str]:
        """Return the top-level properties that have types, none of them text."""
        return frozenset(name for name, types in self._types.items() if types and "string" not in types)

    @functools.cached_property
    def _types(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for place, resolver in _in_place(self.schema, self._resolver):
            for name, definition in place.get("properties", {}).items():
                parts = [_own_types(part) for part, _ in _in_place(definition, resolver)]
                found[name] = found.get(name, frozenset()).union(*parts)
        return found


class Schemas:
    """The record schemas of a component: every JSON file below its `schemas` folders.

    Args:
        folders: The component's folders; a file of a later one replaces one of an earlier.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._found: dict[str, Validator | None] = {}
        self._documents: dict[str, Document] = {}
        self._links: dict[str, Links | None] = {}

    @functools.cached_property
    def _files(self) -> dict[str, Path]:
        """Return the files by name, found once: what a user asks for later never becomes a path."""
        return {
            reference: path for folder in self._folders for reference, path in _files_in(folder / "schemas")
        }

    @property
    def references(self) -> tuple[str, ...]:
        """Return the names of all schema files, sorted."""
        return tuple(sorted(self._files))

    def find(self, reference: str) -> Validator | None:
        """Return the validator for `records/pets` or `records/pets#create`, or None.

        Args:
            reference: Path below `schemas/` without `.json`, and an optional `#anchor`.

        Raises:
            DefinitionError: The file is not a schema that can be used.
        """
        if reference not in self._found:
            if reference.partition("#")[0] not in self._files:
                return None
            self._found[reference] = self._make(reference)
        return self._found[reference]

    def problems(self) -> list[Problem]:
        """Return what is wrong with the schema files, each with its place."""
        from connector_runtime.language.schemas.bounded import misuses  # noqa: PLC0415
        from connector_runtime.language.schemas.schema_grammar import KEYWORDS  # noqa: PLC0415

        found: list[Problem] = []
        for reference in self.references:
            try:
                document = self.document(reference)
                for pointer, message, hint in misuses(document.data, self.registry(), address_of(reference)):
                    at_key = bool(pointer) and pointer[-1] not in KEYWORDS
                    found.append(document.problem(pointer, "S020", message, hint=hint, key=at_key))
            except DefinitionError as error:
                found += error.problems
        return found

    def document(self, reference: str) -> Document:
        """Return a schema file, read once."""
        if reference not in self._documents:
            self._documents[reference] = read_json(self._files[reference], f"schemas/{reference}.json")
        return self._documents[reference]

    def _make(self, reference: str) -> Validator | None:
        name, _, anchor = reference.partition("#")
        base = address_of(name) + (f"#{anchor}" if anchor else "")
        links = self._links_of(name)
        if links is None:
            return self._make_slowly(name, base)
        try:
            found = links.lookup(base)
        except LookupError:
            return None
        return _validator(found, name, lambda: self._judge_of(address_of(name), base))

    def _links_of(self, name: str) -> Links | None:
        """Return what follows the references of a file, or None where only jsonschema can."""
        if name not in self._links:
            links = Links(address_of(name), self.content)
            try:
                links.check()
            except (LookupError, NotPlainError):
                self._links[name] = None
            else:
                self._links[name] = links
        return self._links[name]

    def _make_slowly(self, name: str, base: str) -> Validator | None:
        """Return a validator whose references only jsonschema's own machinery can follow."""
        from referencing.exceptions import Unresolvable  # noqa: PLC0415

        try:
            found = _gathered(self.registry(), address_of(name)).resolver().lookup(base)
        except Unresolvable:
            return None
        return _validator(found, name, lambda: self._judge_of(address_of(name), base))

    def _judge_of(self, uri: str, base: str) -> Any:
        from connector_runtime.language.schemas.bounded import judge_of  # noqa: PLC0415

        return judge_of({"$ref": base}, _gathered(self.registry(), uri))

    def content(self, uri: str) -> Any:
        """Return the content of a schema file by its address, or None where there is none."""
        reference = uri.removeprefix(_BASE).removesuffix(".json")
        if not uri.startswith(_BASE) or reference not in self._files:
            return None
        data = self.document(reference).data
        if isinstance(data, dict):
            # The library would take it as leave to judge by a class of its own, without bounds.
            data = {key: value for key, value in data.items() if key != "$schema"}
        return data if isinstance(data, dict | bool) else {}

    def linked(self, node: Any, address: str) -> set[str]:
        """Return the addresses of the files that a schema at an address refers to."""
        return {urldefrag(urljoin(address, link)).url for link in _links_in(node)} - {address}

    def registry(self) -> Any:
        """Return what jsonschema finds the files with."""
        from referencing import Registry  # noqa: PLC0415
        from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

        def retrieve(uri: str) -> Any:
            content = self.content(uri)
            if content is None:
                raise LookupError(uri)
            return DRAFT202012.create_resource(content)

        return Registry(retrieve=retrieve)  # type: ignore[call-arg]


def _validator(found: Any, name: str, judge: Callable[[], Any]) -> Validator:
    if not isinstance(found.contents, dict):
        raise DefinitionError(f"schemas/{name}.json is not a schema")
    return Validator(found.contents, resolver=found.resolver, judge=judge)


def _gathered(registry: Any, uri: str) -> Any:
    """Return a registry that holds a file and all it refers to, searched through once.

    A registry forgets what it had to fetch while judging, and would search every
    file again for every value.
    """
    pending = [uri]
    while pending:
        here = pending.pop()
        fetched = registry.get_or_retrieve(here)
        registry = fetched.registry
        linked = {urldefrag(urljoin(here, link)).url for link in _links_in(fetched.value.contents)}
        pending += [other for other in linked if other not in registry]
    return registry.crawl()


def _links_in(node: Any) -> Iterator[str]:
    members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
    for member in members:
        yield from _links_in(member)


@functools.cache
def language(kind: str) -> Validator:
    """Return the validator for one kind of file: one of `KINDS`."""
    return Validator(_inlined(language_file(kind)))


@functools.cache
def language_part(name: str) -> Validator:
    """Return the validator for a part that several kinds of files share, such as `test`."""
    return Validator(_part(name))


# An address that nothing ever asks: references between schema files are relative to it.
_BASE = "https://schemas.invalid/"


def address_of(reference: str) -> str:
    """Return the address by which other files refer to one; nothing is ever asked for there."""
    return f"{_BASE}{reference}.json"


def _files_in(folder: Path) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    if not os.path.isdir(folder):  # noqa: PTH112  no name is too long for this one
        return found
    root = os.path.realpath(folder.parent)
    for path in sorted(folder.rglob("*.json")):
        steps = path.relative_to(folder).with_suffix("").parts
        inside = Path(os.path.realpath(path)).is_relative_to(root)
        if path.name.endswith(".schema.json") or not inside or not path.is_file():
            continue
        if all(re.fullmatch(_SAFE_STEP, step) for step in steps):
            found.append(("/".join(steps), path))
    return found


def _inlined(node: Any) -> Any:
    """Return a schema with the shared parts in place of references to them: judging gets faster."""
    if isinstance(node, list):
        return [_inlined(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _inlined(item) for key, item in node.items() if key != "$ref"}
    if "$ref" in node:
        found = {**_part(node["$ref"].rpartition("/")[2]), **found}
    return found


@functools.cache
def _part(name: str) -> dict[str, Any]:
    part: dict[str, Any] = _inlined(language_file(_PARTS)["$defs"][name])
    return part


def _in_place(schema: Any, resolver: Any) -> list[tuple[dict[str, Any], Any]]:
    """Return a schema and those that judge the same value, with what resolves their references."""
    found: dict[int, tuple[dict[str, Any], Any]] = {}
    pending = [(schema, resolver)]
    while pending:
        here, resolver = pending.pop()
        if not isinstance(here, dict) or id(here) in found:
            continue
        found[id(here)] = (here, resolver)
        pending += [(part, resolver) for key in _IN_PLACE for part in here.get(key, ())]
        pending += [(here[key], resolver) for key in ("then", "else") if key in here]
        if "$ref" in here and resolver is not None:
            target = resolver.lookup(here["$ref"])
            pending.append((target.contents, target.resolver))
    return list(found.values())


def _own_types(schema: Mapping[str, Any]) -> frozenset[str]:
    if "type" in schema:
        stated = schema["type"]
        return frozenset([stated] if isinstance(stated, str) else stated)
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return frozenset(_TYPE_NAMES.get(type(value), "") for value in values) - {""}

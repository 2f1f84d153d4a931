"""The language is small, says what each word means, and has a second user for each word."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.definition.load import read_component
from connector_runtime.language.documents.document import read_yaml
from connector_runtime.language.expressions.filters import FILTERS, TEST_NAMES
from connector_runtime.language.kinds import KINDS
from connector_runtime.language.schemas.bounded import judge_of
from connector_runtime.language.schemas.language_files import plain
from meta.repository import PETSHOP, ROOT, SCHEMAS, place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_KEYWORDS, MOST_MEANINGS = 160, 250
KIND_OF = {kind.folder: kind.name for kind in KINDS if kind.folder}
COMPONENTS = {"zoho": ROOT, "petshop": PETSHOP}

# A property of a schema, by the schema's file and the pointer to it.
Place = tuple[str, tuple[str, ...]]


def test_the_vocabulary_is_small() -> None:
    """The language has at most 160 keywords; a keyword is a property's name, wherever it stands."""
    keywords = {pointer[-1] for _, pointer in properties()}

    assert len(keywords) <= MOST_KEYWORDS, len(keywords)


def test_a_keyword_means_few_things() -> None:
    """The language has at most 250 pairs of a keyword and what it means."""
    meanings = {(pointer[-1], at(name, pointer)["description"]) for name, pointer in properties()}

    assert len(meanings) <= MOST_MEANINGS, len(meanings)


@pytest.mark.parametrize("word", ["title", "description", "examples"])
def test_every_keyword_is_documented(word: str) -> None:
    """Every property of every schema says what it is called, what it means and how it looks."""
    silent = [
        f"{name}: {'/'.join(pointer)}" for (name, pointer) in properties() if not at(name, pointer).get(word)
    ]

    assert not silent, "\n".join(silent)


def test_examples_of_keywords_are_right() -> None:
    """What the schemas show as an example, they accept."""
    wrong = [
        f"{name}: {'/'.join(pointer)}: {example!r}"
        for name, pointer in properties()
        for example in at(name, pointer)["examples"]
        if list(judge_of(inlined(name, at(name, pointer)), None).iter_errors(example))
    ]

    assert not wrong, "\n".join(wrong)


def test_every_schema_suits_strict_readers() -> None:
    """A place has one type, several stand in `anyOf`; a name in `required` stands in `properties`, if as true."""
    wrong = [
        f"{path.name}: {'/'.join(pointer)}: {words}"
        for path in SCHEMAS.glob("*.schema.json")
        for pointer, node in schema_nodes(json.loads(path.read_text("utf-8")))
        for words in (
            ["write the types as `anyOf`"] * isinstance(node.get("type"), list)
            + [f"add `{name}: true` to `properties`" for name in missing_properties(node)]
        )
    ]

    assert not wrong, "\n".join(wrong)


def test_every_keyword_has_a_second_user() -> None:
    """Each property of each schema is used by the invented component: none exists for one vendor alone."""
    used: set[Place] = set()
    for path in yaml_files(PETSHOP):
        kind = kind_of(path, PETSHOP)
        used |= set(visited(f"{kind}.schema.json", (), read(path)))
    # What stands in a fragment is used where its files use it.
    source = read_component([PETSHOP])
    for kind, documents in source.files.items():
        for document in documents.values():
            used |= set(visited(f"{kind}.schema.json", (), document.data))

    unused = sorted(f"{name}: {'/'.join(pointer)}" for name, pointer in properties() - used)

    assert not unused, "\n".join(unused)


def test_every_filter_and_test_has_a_second_user() -> None:
    """Each filter and each test of the expressions is used by the invented component."""
    text = "\n".join(path.read_text("utf-8") for path in yaml_files(PETSHOP))

    assert [name for name in FILTERS if not re.search(rf"\|\s*{name}\b", text)] == []
    assert [name for name in TEST_NAMES if not re.search(rf"\bis (?:not )?{name}\b", text)] == []


def test_every_value_of_a_closed_list_has_a_second_user() -> None:
    """Each input type and each effect is used by the invented component."""
    used = {
        str(value)
        for path in yaml_files(PETSHOP)
        for value in members(read(path), {"type", "effect"})
        if isinstance(value, str)
    }
    types = at("parts.schema.json", ("$defs", "input", "properties", "type"))["enum"]
    effects = at("action.schema.json", ("properties", "effect"))["enum"]

    assert {*types, *effects} - used == set()


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_file_names_its_schema(component: str) -> None:
    """The first line of every YAML file points an editor at the schema of its kind."""
    root = COMPONENTS[component]
    wrong = []
    for path in yaml_files(root):
        first = path.read_text("utf-8").partition("\n")[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        target = (path.parent / found[1]).resolve() if found else None
        if target != SCHEMAS / f"{kind_of(path, root)}.schema.json":
            wrong.append(f"{place(path)}: {first}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_action_shows_and_proves_itself(component: str) -> None:
    """Every action and every picker has an example and an embedded test."""
    root = COMPONENTS[component]
    bare = [
        f"{place(path)} has no {word}"
        for path in yaml_files(root)
        if kind_of(path, root) in {"action", "datasource", "trigger"}
        for word in ("examples", "tests")
        if not read(path).get(word)
    ]

    assert not bare, "\n".join(bare)


def yaml_files(root: Path) -> list[Path]:
    """Return the files of a component."""
    return [
        root / "component.yaml",
        *(path for folder in KIND_OF for path in sorted((root / folder).rglob("*.yaml"))),
    ]


def kind_of(path: Path, root: Path) -> str:
    """Return what kind of file a component's file is."""
    return KIND_OF.get(path.relative_to(root).parts[0], "component")


@cache
def read(path: Path) -> Any:
    """Return a file's content."""
    return read_yaml(path, place(path)).data


@cache
def schema(name: str) -> Any:
    """Return a schema of the language, without what only strict readers ask for."""
    return plain(json.loads((SCHEMAS / name).read_text("utf-8")))


def at(name: str, pointer: tuple[str, ...]) -> Any:
    """Return a part of a schema."""
    node = schema(name)
    for step in pointer:
        node = node[step]
    return node


@cache
def properties() -> set[Place]:
    """Return every property of every schema of the language."""
    return {
        (path.name, pointer)
        for path in SCHEMAS.glob("*.schema.json")
        for pointer in property_pointers(schema(path.name))
    }


def schema_nodes(node: Any, pointer: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield every schema inside a schema, not what its examples hold."""
    if not isinstance(node, dict):
        return
    yield pointer, node
    for key, value in node.items():
        if key in {"properties", "$defs", "dependentSchemas", "patternProperties"}:
            for name, inner in value.items():
                yield from schema_nodes(inner, (*pointer, key, name))
        elif key in {"anyOf", "oneOf", "allOf"}:
            for index, inner in enumerate(value):
                yield from schema_nodes(inner, (*pointer, key, str(index)))
        elif key not in {"examples", "default", "const", "enum"}:
            yield from schema_nodes(value, (*pointer, key))


def missing_properties(node: dict[str, Any]) -> list[str]:
    """Return the names that a schema requires without naming them as properties."""
    return [name for name in node.get("required", ()) if name not in node.get("properties", {})]


def property_pointers(node: Any, pointer: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield a pointer to every property that a schema describes, however deep."""
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "properties":
            for name, described in value.items():
                yield (*pointer, key, name)
                yield from property_pointers(described, (*pointer, key, name))
        elif key == "$defs":
            for name, described in value.items():
                yield from property_pointers(described, (*pointer, key, name))
        elif key in {"items", "additionalProperties", "then", "else", "if"}:
            yield from property_pointers(value, (*pointer, key))


def visited(name: str, pointer: tuple[str, ...], value: Any) -> Iterator[Place]:
    """Yield the properties that a value makes use of, following the schema's references."""
    node = at(name, pointer)
    if not isinstance(node, dict):
        return
    for key in ("then", "else"):
        if key in node:
            yield from visited(name, (*pointer, key), value)
    if "$ref" in node:
        file, _, target = node["$ref"].partition("#")
        yield from visited(file or name, tuple(target.strip("/").split("/")), value)
    for item in value if isinstance(value, list) and "items" in node else ():
        yield from visited(name, (*pointer, "items"), item)
    for key, member in value.items() if isinstance(value, dict) else ():
        if key in node.get("properties", {}):
            yield name, (*pointer, "properties", key)
            yield from visited(name, (*pointer, "properties", key), member)
        elif "additionalProperties" in node:
            yield from visited(name, (*pointer, "additionalProperties"), member)


def inlined(name: str, node: Any) -> Any:
    """Return a part of a schema with its references filled in."""
    if isinstance(node, list):
        return [inlined(name, item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: inlined(name, item) for key, item in node.items() if key != "$ref"}
    if "$ref" in node:
        file, _, target = node["$ref"].partition("#")
        home = file or name
        found = {**inlined(home, at(home, tuple(target.strip("/").split("/")))), **found}
    return found


def members(value: Any, names: set[str]) -> Iterator[Any]:
    """Yield the values of members with these names, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from members(item, names)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in names:
                yield item
            yield from members(item, names)

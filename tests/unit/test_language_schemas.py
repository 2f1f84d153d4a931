"""The language's schemas are read alike by every tool: ours, jsonschema's, Ajv's, check-jsonschema's."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from connector_runtime.language.documents.document import read_yaml
from connector_runtime.language.schemas.language_files import language_files
from connector_runtime.language.schemas.validator import language
from meta.repository import PETSHOP, ROOT
from node.tools import run_node

FILES = language_files()
KINDS = {
    "actions": "action", "connections": "connection", "datasources": "datasource", "errors": "errors",
    "fragments": "fragment", "inputs": "inputs", "tables": "tables", "triggers": "trigger",
}  # fmt: skip
# What each kind of tool has to refuse, beside the files of the catalogue, which are right.
WRONG = [
    ["action.schema.json", {"action": "a"}],
    ["action.schema.json", {"action": "a", "label": "A", "description": "D", "effect": "read", "request": {"path": 1}}],
    ["datasource.schema.json", {"datasource": "a", "label": "A", "request": {"service": "s", "path": "x"}}],
    ["connection.schema.json", []],
    ["component.schema.json", {"retry": {"a": {"use": "b"}}}],
    ["trigger.schema.json", {"trigger": "a", "label": "A", "poll": {}, "webhook": {}}],
]


def documents() -> list[tuple[str, Path]]:
    """Return each file of both components with the schema of its kind."""
    found = []
    for root in (ROOT, PETSHOP):
        found.append(("component.schema.json", root / "component.yaml"))
        for folder, kind in KINDS.items():
            found += [(f"{kind}.schema.json", path) for path in sorted((root / folder).rglob("*.yaml"))]
    return found


def content(path: Path) -> object:
    """Return what stands in a file."""
    return read_yaml(path, path.name).data


def registry() -> Registry:
    """Return all schemas by their `$id`."""
    read = [json.loads(path.read_text("utf-8")) for path in FILES]
    return Registry().with_resources([(one["$id"], Resource(one, DRAFT202012)) for one in read])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_schema_is_called_as_its_file(path: Path) -> None:
    """References lead to the neighbour file and to its `$id` alike, wherever the folder is copied to."""
    schema = json.loads(path.read_text("utf-8"))

    assert schema["$id"] == path.name
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("name", "document"), WRONG)
def test_jsonschema_and_we_refuse_the_same(name: str, document: object) -> None:
    """Filling in references and folding what strict readers ask for changes no judgement."""
    judge = Draft202012Validator({"$ref": name}, registry=registry())

    assert not judge.is_valid(document)
    assert not language(name.removesuffix(".schema.json")).is_valid(document)


def test_jsonschema_takes_every_file() -> None:
    """The schemas as they are written take the files of both components, as ours do."""
    known = registry()

    refused = [
        str(path)
        for name, path in documents()
        if not Draft202012Validator({"$ref": name}, registry=known).is_valid(content(path))
    ]

    assert refused == []


def test_ajv_compiles_them_in_its_strict_mode() -> None:
    """Ajv 8 with ajv-formats compiles each schema and each shared part, and judges as we do."""
    right = [[name, content(path)] for name, path in documents()]

    said = json.loads(run_node("compile_schemas.mjs", json.dumps([*right, *WRONG]), str(FILES[0].parent)))

    assert said["compiled"] == [path.name for path in FILES]
    assert said["answers"] == [True] * len(right) + [False] * len(WRONG)


def test_check_jsonschema_takes_the_files_of_the_catalogue() -> None:
    """A pre-commit hook that is told where a schema lies finds its parts beside it."""
    tool = shutil.which("check-jsonschema") or shutil.which("check-jsonschema", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("needs check-jsonschema: pip install check-jsonschema")
    by_kind: dict[str, list[str]] = {}
    for name, path in documents():
        by_kind.setdefault(name, []).append(str(path))

    for name, paths in by_kind.items():
        # It takes `$id` for the place of the file, unless it is told better.
        schema = FILES[0].parent / name
        words = [tool, "--schemafile", str(schema), "--base-uri", schema.as_uri(), *paths[:8]]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

"""Zoho's OpenAPI files as checks of replies, for those who have the files.

``ZOHO_OPENAPI`` names a folder with the folders ``books`` and ``crm``; without it they are
looked for in ``shared/oas`` beside this project. The files are not part of the project, and
wrong in places, so what leaves them on purpose is listed in ``deviations/`` with a reason.
"""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

Json = dict[str, Any]

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "oas"
FOLDER = Path(os.environ.get("ZOHO_OPENAPI") or BESIDE)

needs_files = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no folder with Zoho's OpenAPI files: ZOHO_OPENAPI names none"
)


class _Loader(yaml.CSafeLoader):
    """Leaves dates alone: the files print them without quotes."""


_Loader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class Document:
    """One file: operations, and schemas that JSON Schema validators understand."""

    def __init__(self, content: Json) -> None:
        self.paths: Json = content["paths"]
        self._components = _usable(content.get("components", {}))
        self._validators: dict[str, Draft202012Validator] = {}

    def responses(self, template: str, method: str) -> Json:
        """Return the responses of an operation by status."""
        found: Json = self.paths[template][method.lower()]["responses"]
        return found

    def errors(self, schema: Json, body: Any) -> Iterator[Any]:
        """Yield what a body breaks of a schema, the innermost cause of each."""
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**_usable(schema), "components": self._components}
            self._validators[key] = Draft202012Validator(whole)
        for error in self._validators[key].iter_errors(body):
            inner = error
            while inner.context:
                inner = max(inner.context, key=lambda one: len(one.absolute_path))
            yield inner

    def resolved(self, thing: Json) -> Json:
        """Follow a reference."""
        while "$ref" in thing:
            target: Any = {"components": self._components}
            for part in thing["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            thing = target
        return thing


def _usable(thing: Any) -> Any:
    """Turn the words of OpenAPI 3.0 that JSON Schema lacks; leave out what Python's ``re`` cannot read."""
    if isinstance(thing, list):
        return [_usable(one) for one in thing]
    if not isinstance(thing, dict):
        return thing
    found = {name: _usable(one) for name, one in thing.items() if name not in ("example", "examples")}
    if isinstance(found.get("pattern"), str) and r"\p" in found["pattern"]:
        del found["pattern"]
    if found.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


def documents(product: str) -> list[Document]:
    """Return the files of a product."""
    paths = sorted(path for path in (FOLDER / product).iterdir() if path.suffix in (".json", ".yml"))
    loaded = [
        json.loads(path.read_text("utf-8"))
        if path.suffix == ".json"
        else yaml.load(path.read_text("utf-8"), Loader=_Loader)
        for path in paths
    ]
    return [Document(content) for content in loaded]


def complaints(found: list[Document], reply: httpx.Response, path: str) -> list[tuple[str, str]] | None:
    """Return where and how a reply leaves the files, None when they do not have its operation.

    The place is ``METHOD template`` and the way into the body, without numbers.
    """
    method = reply.request.method
    place = _operation(found, method.lower(), path)
    if place is None:
        return None
    template, document = place
    where = f"{method} {template}"
    response = document.responses(template, method).get(str(reply.status_code))
    if response is None:
        return [(where, f"status {reply.status_code}")]
    content = document.resolved(response).get("content", {}).get("application/json")
    if content is None or not reply.content or "json" not in reply.headers.get("content-type", ""):
        return []
    errors = document.errors(content["schema"], reply.json())
    found = [(f"{where} {_way(error)}".rstrip(), error.message) for error in errors]
    strange = _envelope(document.resolved(content["schema"]), reply.json())
    return [*found, (where, strange)] if strange else found


def _envelope(schema: Json, body: Any) -> str:
    """Say where the outermost keys of a body are not those of the files, apart from what all have."""
    if not isinstance(body, dict) or not schema.get("properties"):
        return ""
    named, sent = (set(keys) - {"code", "message", "page_context"} for keys in (schema["properties"], body))
    extra, lacking = sorted(sent - named), sorted(named - sent)
    return f"extra {', '.join(extra) or '-'}; lacking {', '.join(lacking) or '-'}" if extra or lacking else ""


def _operation(found: list[Document], method: str, path: str) -> tuple[str, Document] | None:
    """Return template and document of a request, the most literal one."""
    fits = [
        (template, document)
        for document in found
        for template, item in document.paths.items()
        if method in item and _pattern(template).fullmatch(path)
    ]
    return max(fits, key=lambda one: len(re.sub(r"\{[^}]+\}", "", one[0])), default=None)


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    # A custom module's name stands first in the path, where any other path has its own word.
    template = template.replace("/{module_name}", "/cm_[a-z_]+")
    return re.compile(re.sub(r"\{[^}]+\}|\(\\d\+\)", "[^/]+", template))


def _way(error: Any) -> str:
    return ".".join(str(step) for step in error.absolute_path if not isinstance(step, int))


def left_over(product: str, seen: set[tuple[str, str]]) -> list[str]:
    """Return the complaints that no deviation explains, and the deviations that nothing shows."""
    text = (Path(__file__).parent / "deviations" / f"{product}.yaml").read_text("utf-8")
    rules = [(re.compile(rule["where"]), re.compile(rule["what"])) for rule in yaml.safe_load(text)]
    unseen = set(range(len(rules)))
    unlisted = []
    for where, what in sorted(seen):
        matching = {
            n for n, rule in enumerate(rules) if rule[0].search(where) and rule[1].search(what)
        }  # fmt: skip
        unseen -= matching
        if not matching:
            unlisted.append(f"not listed: {where}: {what}")
    return unlisted + [f"nothing shows: {rules[n][0].pattern}: {rules[n][1].pattern}" for n in sorted(unseen)]

"""A folder, or several, becomes a checked component or a sorted list of problems."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from connector_runtime.definition.component_files import (
    MAIN_FILE,
    MAX_FOLDER_DEPTH,
    Source,
    lies_inside,
    walk,
)
from connector_runtime.definition.fragments import put_in_place
from connector_runtime.definition.problems.component_draft import Draft, as_map
from connector_runtime.errors import DefinitionError, Problem
from connector_runtime.language.documents.document import read_yaml
from connector_runtime.language.kinds import KIND, KINDS
from connector_runtime.language.schemas.validator import Schemas, language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from connector_runtime.language.documents.document import Document
    from connector_runtime.language.schemas.violations import Violation


# More is not a component: a wrong folder, or an attack.
MAX_FILES = 20_000
# The version of the language that is read.
LANGUAGE = 1

_CODES = {
    "additionalProperties": "S001",
    "propertyNames": "S001",
    "required": "S002",
    "type": "S003",
    "enum": "S004",
    "const": "S004",
    "pattern": "S005",
    "oneOf": "S007",
    "anyOf": "S007",
    "not": "S007",
    "dependentRequired": "S007",
    "uniqueItems": "S008",
}
_OVERLAYS = "an overlay adds and replaces files of these folders only: " + ", ".join(
    kind.folder for kind in KINDS if kind.is_overlaid
)
_AT_KEY = frozenset(
    {"additionalProperties", "propertyNames", "required", "oneOf", "anyOf", "dependentRequired"}
)
_HIDING = frozenset({"additionalProperties", "propertyNames", "type", "enum", "pattern"})


def read_component(folders: Sequence[Path], *, all_problems: bool = True) -> Source:
    """Read and check a component.

    Args:
        folders: The component's folder, then any overlays.
        all_problems: Go on after the first file with problems.

    Raises:
        DefinitionError: With every problem found, sorted by place.
    """
    draft = _checked(folders, all_problems=all_problems)
    if draft.problems or draft.component is None:
        problems = sorted(draft.problems)
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise DefinitionError(f"{problems[0]}{more}", problems=problems)
    return _source(draft, draft.component)


def find_problems(folders: Sequence[Path]) -> list[Problem]:
    """Return every problem of a component, warnings included, sorted by place; never raises."""
    from connector_runtime.definition.check.warnings.lint import (  # noqa: PLC0415  only the command `check` asks
        find_warnings,
    )

    draft = _checked(folders, all_problems=True)
    problems = list(draft.problems)
    if not problems and draft.component is not None:
        problems += find_warnings(draft)
    return sorted(problems)


def _checked(folders: Sequence[Path], *, all_problems: bool) -> Draft:
    from connector_runtime.definition.check.checker import check  # noqa: PLC0415  it needs what loading needs
    from connector_runtime.definition.check.slips import check_writing  # noqa: PLC0415

    draft = Draft(tuple(folders), Schemas(folders))
    for order, folder in enumerate(folders):
        _read_folder(draft, folder, is_overlay=order > 0)
        if draft.problems and not all_problems:
            return draft
    if not _is_readable(draft):
        return draft
    put_in_place(draft)
    # The first connection is the one that is meant where none is named.
    draft.files["connection"] = dict(sorted(draft.files["connection"].items(), key=_rank))
    for kind, document in [*draft.parts(), *draft.documents()]:
        check_writing(draft, document)
        _judge(draft, kind, document)
    draft.problems += draft.schemas.problems()
    if all_problems or not draft.problems:
        check(draft)
    # What several files share is judged in each of them.
    draft.problems = list({problem[:5]: problem for problem in reversed(draft.problems)}.values())
    return draft


def _is_readable(draft: Draft) -> bool:
    """Note a component in another version of the language: nothing else can be said of it."""
    version = draft.part().get("language", LANGUAGE)
    if draft.component is None or version == LANGUAGE or type(version) is not int:
        return True
    message = (
        f"the component is written in version {version} of the language, and this runtime reads {LANGUAGE}"
    )
    newer, older = "install a newer connector runtime", f"write `language: {LANGUAGE}`, or leave it out"
    draft.problems.clear()
    draft.note(draft.component, ("language",), "R036", message, hint=newer if version > LANGUAGE else older)
    return False


def _rank(connection: tuple[str, Document]) -> tuple[bool, bool, str]:
    key, document = connection
    data = as_map(document.data)
    return data.get("loopback") is True, "deprecated" in data, key


def _source(draft: Draft, component: Document) -> Source:
    return Source(draft.folders, component, draft.files, draft.shared, draft.schemas)


def _read_folder(draft: Draft, folder: Path, *, is_overlay: bool) -> None:
    prefix = f"{folder.name}/" if is_overlay else ""
    _read_main(draft, folder, prefix, is_overlay=is_overlay)
    for path in walk(folder / "schemas", 0):
        if path.is_symlink():
            _is_inside(draft, path, folder, prefix + path.relative_to(folder).as_posix())
    seen: dict[tuple[str, str], str] = {}
    for kind in KINDS:
        for path, name in _yaml_files(draft, folder, folder / kind.folder, prefix) if kind.folder else ():
            document = _read(draft, path, name, kind.name)
            if document is None:
                continue
            if kind.held == "shared":
                _share(draft, document, seen)
            elif kind.held == "facts":
                _add_facts(draft, kind.name, document, is_overlay=is_overlay)
            else:
                _file(draft, kind.name, document, seen)


def _read_main(draft: Draft, folder: Path, prefix: str, *, is_overlay: bool) -> None:
    path = folder / MAIN_FILE
    # A link that leads nowhere is a mistake, not an overlay without the file.
    if (is_overlay and not os.path.lexists(path)) or not _is_inside(draft, path, folder, prefix + MAIN_FILE):
        return
    document = _read(draft, path, prefix + MAIN_FILE, "component")
    if not is_overlay:
        draft.component = document
    elif document is not None:
        _judge_overlay(draft, document)


def _judge_overlay(draft: Draft, document: Document) -> None:
    base = draft.part().get("component")
    for key, value in as_map(document.data).items():
        if key != "component":
            draft.note(
                document, (key,), "R031", f"an overlay cannot change `{key}`", hint=_OVERLAYS, key=True
            )
        elif value != base and base is not None:
            message = f"this overlay belongs to the component `{value}`"
            draft.note(document, (key,), "R031", message, hint=f"the component here is `{base}`")


def _read(draft: Draft, path: Path, name: str, kind: str) -> Document | None:
    # What a file of tables or error rules lacks is missed where the component is asked for it.
    missed = "component" if KIND[kind].held == "facts" else kind
    try:
        document = read_yaml(path, name)
    except DefinitionError as error:
        draft.problems += error.problems
        draft.unreadable.add(missed)
        return None
    if not isinstance(document.data, dict):
        draft.unreadable.add(missed)
    return document


def _share(draft: Draft, document: Document, seen: dict[tuple[str, str], str]) -> None:
    draft.input_files.append(document)
    for key in as_map(as_map(document.data).get("inputs")):
        pointer = ("inputs", key)
        if not _is_second(draft, document, pointer, ("inputs", key), seen):
            draft.shared[key] = (document, pointer)


def _add_facts(draft: Draft, kind: str, document: Document, *, is_overlay: bool) -> None:
    if is_overlay:
        draft.note(document, (kind,), "R031", f"an overlay cannot change `{kind}`", hint=_OVERLAYS, key=True)
    else:
        draft.facts.append((kind, document))


def _file(draft: Draft, kind: str, document: Document, seen: dict[tuple[str, str], str]) -> None:
    stem = document.path.stem
    key = as_map(document.data).get(kind)
    if isinstance(key, str) and key != stem:
        hint = f"rename the file to {key}.yaml, or the key to {stem}"
        draft.note(
            document, (kind,), "R024", f"the file is called {stem}.yaml and the key `{key}`", hint=hint
        )
    key = key if isinstance(key, str) else stem
    if not _is_second(draft, document, (kind,), (kind, key), seen):
        held = draft.fragments if KIND[kind].held == "parts" else draft.files[kind]
        held[key] = document


def _is_second(
    draft: Draft,
    document: Document,
    pointer: tuple[str | int, ...],
    what: tuple[str, str],
    seen: dict[tuple[str, str], str],
) -> bool:
    """Note a key that a file of the same folder has already, also in other capitals."""
    kind, key = what
    first = seen.setdefault((kind, key.casefold()), document.name)
    if first == document.name:
        return False
    noun = {"inputs": "shared input", "datasource": "data source"}.get(kind, kind)
    message = f"there is a second {noun} called `{key}`"
    draft.note(document, pointer, "R025", message, hint=f"the first is in {first}", key=kind == "inputs")
    return True


def _yaml_files(draft: Draft, root: Path, folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
    count = 0
    for path in walk(folder, 0):
        # A name that is no text could not be printed.
        name = prefix + path.relative_to(root).as_posix().encode("utf-8", "replace").decode()
        count += 1
        if count > MAX_FILES:
            _note_file(draft, name, f"there are more than {MAX_FILES:,} files in this folder")
            return
        if path.is_dir() and not path.is_symlink():
            message = f"folders are read {MAX_FOLDER_DEPTH} levels deep"
            _note_file(draft, name, message, "put the files further up")
        elif path.name.startswith(".") or path.suffix not in {".yaml", ".yml", ".YAML", ".YML"}:
            continue
        elif path.suffix != ".yaml":
            _note_file(draft, name, "the file is not read", "files of a component end in .yaml")
        elif _is_inside(draft, path, root, name):
            yield path, name


def _is_inside(draft: Draft, path: Path, root: Path, name: str) -> bool:
    """Return whether a file lies in its folder; note it where a link leads out."""
    if lies_inside(path, root):
        return True
    _note_file(draft, name, "the file lies outside the component's folder", "copy it into the folder")
    return False


def _note_file(draft: Draft, name: str, message: str, hint: str | None = None) -> None:
    draft.problems.append(Problem(name, 1, 1, "Y001", message, hint, ""))


def _judge(draft: Draft, kind: str, document: Document) -> None:
    for violation in language(kind).violations(document.data):
        from connector_runtime.definition.problems.next_steps import advice_on  # noqa: PLC0415  only for mistakes

        draft.misshapen.add(document.name)
        said = advice_on(document, kind, violation)
        draft.note(
            document,
            violation.pointer,
            said.code or _CODES.get(violation.keyword, "S006"),
            _placed(violation, kind, said.message),
            hint=said.hint,
            key=violation.keyword in _AT_KEY,
            hides=violation.keyword in _HIDING,
        )


def _placed(violation: Violation, kind: str, message: str) -> str:
    if violation.pointer or violation.keyword != "type":
        return message
    return f"{KIND[kind].what} is a map: `key: value` in every line"

"""What becomes of the pet shop when one key of one file is left out or says something else.

Run as a script it looks for what shows that each keyword of the language does something, and
keeps it in `keyword_proofs.yaml`: `python tests/components/keyword_proofs.py`. Proofs that still
hold stay as they are (with `--missing` without a look); a test repeats each of them.
"""



from __future__ import annotations

import copy
import itertools
import json
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from connector_runtime.component.describe import describe
from connector_runtime.definition import load
from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.definition.model import Model
from connector_runtime.errors import DefinitionError
from connector_runtime.language.documents.document import read_yaml
from connector_runtime.testing.cases import cases_of, run_case
from meta.test_language import at, kind_of, properties, read, yaml_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document

HERE = Path(__file__).resolve().parent
PETSHOP = HERE / "petshop"
KEPT = HERE / "keyword_proofs.yaml"
# So many uses of a keyword, and changes of one, are tried.
MOST_USES, MOST_CHANGES = 3, 10
# What a file written anew by a program breaks.
_OF_LOOKS = frozenset({"L006", "L007", "L010", "L011"})
_GONE = object()

Pointer = tuple[str | int, ...]
Place = tuple[str, tuple[str, ...]]


class Use(NamedTuple):
    """One use of a keyword: the file, and the keys that lead to it."""

    path: Path
    pointer: Pointer


class Proof(NamedTuple):
    """A change of one key of one file, and what shows it."""

    file: str
    pointer: Pointer
    change: int
    shows: str


def name_of(place: Place) -> str:
    """Return a keyword as the file of proofs calls it."""
    return f"{place[0].removesuffix('.schema.json')}: {'/'.join(place[1])}"


def kept() -> dict[str, Proof]:
    """Return the proofs that are kept, by keyword."""
    found = yaml.safe_load(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    return {
        name: Proof(one["file"], tuple(one["at"]), one["change"], one["shows"]) for name, one in found.items()
    }


def keep(proofs: dict[str, Proof]) -> None:
    """Write the file of proofs."""
    shape = {
        name: {"file": one.file, "at": list(one.pointer), "change": one.change, "shows": one.shows}
        for name, one in sorted(proofs.items())
    }
    head = "# What shows that each keyword does something: written by keyword_proofs.py beside it.\n"
    KEPT.write_text(
        head + yaml.safe_dump(shape, sort_keys=False, default_flow_style=None, width=120), "utf-8"
    )


@cache
def uses() -> dict[Place, list[Use]]:
    """Return where the pet shop uses each keyword of the language."""
    found: dict[Place, list[Use]] = {}
    for path in yaml_files(PETSHOP):
        kind = kind_of(path, PETSHOP)
        for place, pointer in _visited(f"{kind}.schema.json", (), read(path), ()):
            found.setdefault(place, []).append(Use(path, pointer))
    return found


def _visited(
    name: str, pointer: tuple[str, ...], value: Any, at_data: Pointer
) -> Iterator[tuple[Place, Pointer]]:
    """Yield each keyword that a value uses, and where; the schema's references are followed."""
    node = at(name, pointer)
    if not isinstance(node, dict):
        return
    for key in ("then", "else"):
        if key in node:
            yield from _visited(name, (*pointer, key), value, at_data)
    if "$ref" in node:
        file, _, target = node["$ref"].partition("#")
        yield from _visited(file or name, tuple(target.strip("/").split("/")), value, at_data)
    for index, item in enumerate(value) if isinstance(value, list) and "items" in node else ():
        yield from _visited(name, (*pointer, "items"), item, (*at_data, index))
    for key, member in value.items() if isinstance(value, dict) else ():
        below = (*at_data, key)
        if key in node.get("properties", {}):
            yield (name, (*pointer, "properties", key)), below
            yield from _visited(name, (*pointer, "properties", key), member, below)
        elif "additionalProperties" in node:
            yield from _visited(name, (*pointer, "additionalProperties"), member, below)


class Bench:
    """A copy of the pet shop, in which one key at a time is changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(shutil.copytree(PETSHOP, folder / "petshop"))
        self._read: dict[tuple[Path, str], Document] = {}
        self._described = self._description(Model(self._source()))

    def proof_of(self, uses: list[Use]) -> Proof | None:
        """Return what shows that a keyword does something at one of its uses; None where nothing does.

        Best is an embedded test that fails or another description; else a problem that `check`
        tells, other than one of the shape that a schema gives a file.
        """
        told = None
        # From several kinds of files, where there are several.
        for use in uses[:: max(1, len(uses) // MOST_USES)]:
            for change, _ in zip(range(MOST_CHANGES), _changes(read(use.path), use.pointer), strict=False):
                proof = Proof(use.path.relative_to(PETSHOP).as_posix(), use.pointer, change, "")
                shows = self.shown_by(proof)
                if shows and not shows.startswith("check"):
                    return proof._replace(shows=shows)
                if shows and told is None:
                    told = proof._replace(shows=shows)
            if told is not None:
                return told
        return None

    def shown_by(self, proof: Proof) -> str | None:
        """Return what shows a change: a test that fails, `describe`, or a problem; None where nothing does."""
        path = self.folder / proof.file
        before = path.read_text("utf-8")
        changed = next(
            itertools.islice(_changes(read(PETSHOP / proof.file), proof.pointer), proof.change, None)
        )
        path.write_text(yaml.safe_dump(changed, sort_keys=False, allow_unicode=True), "utf-8")
        try:
            return self._difference(path, proof.shows)
        finally:
            path.write_text(before, "utf-8")

    def _difference(self, path: Path, wanted: str) -> str | None:
        """Return what a change makes different; of the tests only the one that is wanted is run."""
        try:
            model = Model(self._source())
        except DefinitionError as error:
            codes = sorted({problem.code for problem in error.problems if problem.code[0] in "RL"})
            return f"check: {codes[0]}" if codes else None
        own = path.relative_to(self.folder).parts[0] in {"actions", "datasources", "triggers"}
        try:
            for case in cases_of(model):
                name = f"{case.owner}: {case.name}"
                is_wanted = name == wanted if wanted else not own or case.owner == path.stem
                if is_wanted and run_case(model, case):
                    return name
            if self._description(model) != self._described:
                return "describe"
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        odd = sorted({problem.code for problem in self._problems()} - _OF_LOOKS)
        return f"check: {odd[0]}" if odd else None

    def _source(self) -> Any:
        known, load.read_yaml = load.read_yaml, self._reading  # type: ignore[assignment]
        try:
            return read_component([self.folder])
        finally:
            load.read_yaml = known

    def _problems(self) -> list[Problem]:
        known, load.read_yaml = load.read_yaml, self._reading  # type: ignore[assignment]
        try:
            return find_problems([self.folder])
        finally:
            load.read_yaml = known

    def _reading(self, path: Path, name: str) -> Document:
        """Return a file; what has not changed is read once."""
        key = (path, path.read_text("utf-8"))
        if key not in self._read:
            self._read[key] = read_yaml(path, name)
        return self._read[key]

    def _description(self, model: Model) -> str:
        return json.dumps(describe(model), sort_keys=True, default=str)


def _changes(data: Any, pointer: Pointer) -> Iterator[Any]:
    """Yield a file's content with a member left out, then with other values in its place."""
    yield _with(data, pointer, _GONE)
    value = data
    for step in pointer:
        value = value[step]
    for other in _others(value):
        yield _with(data, pointer, other)


def _with(data: Any, pointer: Pointer, value: Any) -> Any:
    changed = copy.deepcopy(data)
    owner = changed
    for step in pointer[:-1]:
        owner = owner[step]
    if value is _GONE:
        del owner[pointer[-1]]
    else:
        owner[pointer[-1]] = value
    return changed


def _others(value: Any) -> Iterator[Any]:
    """Yield values like one, and different."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, 1, 0)
    elif isinstance(value, str):
        yield from (f"{value}x", "text", "${ false }", "${ true }", "2s", "other", "number", "read", "GET")
    elif isinstance(value, list):
        yield value[1:]
    elif isinstance(value, dict):
        if value:
            yield {**value, "another": next(iter(value.values()))}
        for key in value:
            yield {name: member for name, member in value.items() if name != key}


def main() -> None:
    """Look for the proofs that are missing or hold no more."""
    known, places = kept(), uses()
    with tempfile.TemporaryDirectory() as name:
        bench, found = Bench(Path(name)), dict[str, Proof]()
        for place in sorted(properties()):
            keyword = name_of(place)
            proof = known.get(keyword)
            holds = proof is not None and ("--missing" in sys.argv or holds_still(bench, proof))
            proof = proof if holds else bench.proof_of(places.get(place, []))
            if proof is not None:
                found[keyword] = proof
                keep({**known, **found})
            if not holds:
                sys.stdout.write(f"{keyword} -> {proof.shows if proof else 'nothing'}\n")
                sys.stdout.flush()
    keep(found)


def holds_still(bench: Bench, proof: Proof) -> bool:
    """Return whether a proof shows what it has shown, in files that may have changed."""
    try:
        return bench.shown_by(proof) == proof.shows
    except (KeyError, IndexError, TypeError, StopIteration, FileNotFoundError):
        return False


if __name__ == "__main__":
    main()

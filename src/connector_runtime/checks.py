"""The files of a component, for authors' tools: found, checked, their tests run, long lines wrapped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from connector_runtime.definition.component_files import MAIN_FILE, lies_inside, locate, walk
from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.definition.model import Model
from connector_runtime.definition.problems.report import render_problems
from connector_runtime.errors import Problem
from connector_runtime.language.documents.layout import LayoutError, long_lines, wrapped
from connector_runtime.language.kinds import KINDS
from connector_runtime.language.schemas.language_files import language_files
from connector_runtime.testing.cases import cases_of, run_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector_runtime.definition.component_files import Source
    from connector_runtime.definition.model import Action
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.testing.cases import Case

__all__ = [
    "KINDS",
    "EmbeddedTests",
    "LayoutError",
    "Problem",
    "TestRun",
    "language_files",
    "lies_inside",
    "locate",
    "long_lines",
    "problems_in",
    "render_problems",
    "wrapped",
    "yaml_files",
]


class TestRun(NamedTuple):
    """What became of one embedded test.

    Attributes:
        action: Key of the action, data source or trigger whose file holds it.
        test: Its sentence, or the name of the example that is one.
        failures: What is not as it says; empty where all is well.
        place: `file:line` of a test that failed, else empty.
    """

    action: str
    test: str
    failures: list[str]
    place: str


class EmbeddedTests:
    """The tests that stand in the files of a component.

    Args:
        folders: The component, by name or folder, and its overlays.

    Raises:
        DefinitionError: With every problem of every file.
    """

    def __init__(self, folders: Sequence[str | Path]) -> None:
        self._source = read_component(_places(folders))
        self._model = Model(self._source)

    @property
    def owners(self) -> Mapping[str, Action | Trigger]:
        """Return the actions and triggers by key."""
        return {**self._model.actions, **self._model.triggers}

    def run(self, wanted: str = "") -> Iterator[TestRun]:
        """Run the tests whose key or sentence has a text in it, one after the other; default all."""
        for case in cases_of(self._model):
            if wanted.casefold() in f"{case.owner} {case.name}".casefold():
                failures = run_case(self._model, case)
                place = _place_of(self._source, case) if failures else ""
                yield TestRun(case.owner, case.name, failures, place)


def problems_in(folders: Sequence[str | Path]) -> list[Problem]:
    """Return every problem of the files of a component, errors and warnings, sorted by place.

    Args:
        folders: The component, by name or folder, and its overlays.
    """
    return find_problems(_places(folders))


def yaml_files(place: Path) -> Iterator[Path]:
    """Yield a file; or the YAML files of a folder; of a component's folder those that are its own."""
    if not place.is_dir():
        yield place
    elif not (place / MAIN_FILE).is_file():
        yield from _below(place)
    else:
        yield place / MAIN_FILE
        # The folder of a component may hold much else.
        for part in (kind.folder for kind in KINDS if kind.folder):
            yield from _below(place / part)


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in walk(folder, 0) if path.suffix == ".yaml" and path.is_file())


def _places(folders: Sequence[str | Path]) -> list[Path]:
    return [locate(folders[0]), *map(Path, folders[1:])]


def _place_of(source: Source, case: Case) -> str:
    """Return file and line of a test, or of the example that is one."""
    kinds = (source.files["action"], source.files["datasource"], source.files["trigger"])
    document = next(files[case.owner] for files in kinds if case.owner in files)
    section = "examples" if case.is_example else "tests"
    # Behind the sentence of a test with `each` stand the values of the entry.
    shown = case.name.removeprefix("example: ") if case.is_example else case.name
    fitting = (name for name in document.read_data().get(section, {}) if shown.startswith(name))
    pointer = (section, max(fitting, key=len, default=""))
    return f"{document.origin(pointer).name}:{document.place(pointer, key=True)[0]}"

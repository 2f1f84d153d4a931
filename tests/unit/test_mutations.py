"""Whatever an author does to a file: located problems, or a component that can be built."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.definition.model import Model
from connector_runtime.definition.problems.report import render_problems
from connector_runtime.language.documents.document import read_json, read_yaml
from connector_runtime.language.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (*(kind.folder for kind in KINDS if kind.folder), "schemas")
# Each with how many broken versions are tried: the smaller it loads, the more.
COMPONENTS = {
    "kennel": (ROOT / "tests/cases/kennel", 150),
    "petshop": (ROOT / "tests/components/petshop", 25),
    "catalogue": (ROOT, 8),
}
LONGER = 80
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, "", " ", "x", "..", "a/b", "${", "${}", "${ x }", "{{ x }}", "$${ x }",
    "${ inputs.nothing }", "${ inputs[inputs] }", "${ secrets.key }", "${ reply.json.x }", "${ 'a' if inputs.x }",
    "${ tables.nothing['x'].y }", "${ inputs | join(1) }", "é\u0000", "\ud7ff", "a" * 3000, "${ " + "(" * 200, "7",
    [], {}, [None], [[]], [1, 2], {"a": 1}, {"...": 1}, {"": ""}, {"use": "x"}, {"type": "any"}, [{"when": "${ 1 }"}],
    {"${ x }": 1}, {"a": {"b": {"c": {}}}}, [{"use": "usual"}] * 3,
]  # fmt: skip
KEYS = [
    "",
    "x",
    "use",
    "type",
    "when",
    "...",
    "inputs",
    "max",
    "${ x }",
    "a b",
    "é",
    "__class__",
    "items",
    "error",
]
Mutate = Callable[[Path, st.DataObject], None]


@dataclass(frozen=True)
class Patient:
    """A component that is broken and mended again, and how often."""

    folder: Path
    examples: int


@pytest.fixture(scope="module", params=COMPONENTS)
def patient(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    """A copy of a component, whole at the start of every example."""
    (source, examples), folder = COMPONENTS[request.param], tmp_path_factory.mktemp(request.param)
    shutil.copy(source / "component.yaml", folder)
    for name in FOLDERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name)
    return Patient(folder, examples)


def try_many(patient: Patient, mutate: Mutate, *, times: int = 1) -> None:
    """Break a file of the component in many ways, and see each time what loading makes of it."""

    @settings(
        max_examples=patient.examples * times,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(data=st.data())
    def once(data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(files_of(patient.folder)), label="file")
        before = path.read_bytes()
        try:
            mutate(path, data)
            must_be_explained_or_load(patient.folder)
        finally:
            path.write_bytes(before)

    once()


def pointers(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield a pointer to every value below a node."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in members:
        yield (*above, key)
        yield from pointers(value, (*above, key))


def owner_of(data: Any, pointer: tuple[Any, ...]) -> Any:
    """Return the map or list that holds what a pointer leads to."""
    for step in pointer[:-1]:
        data = data[step]
    return data


def drop(data: Any, pointer: tuple[Any, ...], _draw: Callable[[Any], Any]) -> None:
    """Take a value out."""
    del owner_of(data, pointer)[pointer[-1]]


def double(data: Any, pointer: tuple[Any, ...], draw: Callable[[Any], Any]) -> None:
    """Put a value there a second time: again in a list, under another key in a map."""
    owner = owner_of(data, pointer)
    value = copy.deepcopy(owner[pointer[-1]])
    if isinstance(owner, list):
        owner.append(value)
    else:
        owner[draw(st.sampled_from(KEYS))] = value


def retype(data: Any, pointer: tuple[Any, ...], draw: Callable[[Any], Any]) -> None:
    """Put something else in the value's place."""
    owner_of(data, pointer)[pointer[-1]] = copy.deepcopy(draw(st.sampled_from(VALUES)))


def rename(data: Any, pointer: tuple[Any, ...], draw: Callable[[Any], Any]) -> None:
    """Give a value another key, in its place."""
    owner, key = owner_of(data, pointer), pointer[-1]
    if isinstance(owner, dict):
        new = draw(st.sampled_from([*KEYS, f"{key}x"]))
        items = [(new if name == key else name, value) for name, value in owner.items()]
        owner.clear()
        owner.update(items)


def swap(data: Any, pointer: tuple[Any, ...], draw: Callable[[Any], Any]) -> None:
    """Put another part of the file in the value's place."""
    other = draw(st.sampled_from(list(pointers(data))))
    value = copy.deepcopy(owner_of(data, other)[other[-1]])
    owner_of(data, pointer)[pointer[-1]] = value


def read(path: Path) -> Any:
    """Return a file's content."""
    return (read_json if path.suffix == ".json" else read_yaml)(path, path.name).data


def write(path: Path, data: Any) -> None:
    """Write what somebody's mistake has made of a file."""
    if path.suffix == ".json":
        path.write_text(json.dumps(data, indent=1), "utf-8")
    else:
        path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")


def files_of(component: Path) -> list[Path]:
    """Return every file that loading reads."""
    return sorted(
        path
        for path in component.rglob("*")
        if path.suffix in {".yaml", ".json"} and "schema.json" not in path.name
    )


def must_be_explained_or_load(component: Path) -> None:
    """Load; nothing but located problems may come of it, and without errors it must be possible to build."""
    problems = find_problems([component])
    assert render_problems(problems, "text") is not None
    for problem in problems:
        lines = len((component / problem.file).read_text("utf-8").splitlines())
        assert 1 <= problem.line <= lines + 1, problem
        assert problem.column >= 1, problem
        assert problem.message, problem
    if any(problem.severity == "error" for problem in problems):
        return
    model = Model(read_component([component]))
    for action in model.actions.values():
        assert action.program
        assert action.input_schema
        assert action.scopes is not None


def mistake(path: Path, data: st.DataObject) -> None:
    """Change what a file says."""
    content = read(path)
    for _ in range(data.draw(st.integers(1, 3), label="mutations")):
        found = list(pointers(content))
        if found:
            mutate = data.draw(st.sampled_from([drop, double, retype, rename, swap]), label="mutation")
            mutate(content, data.draw(st.sampled_from(found), label="place"), data.draw)
    write(path, content)


def slip(path: Path, data: st.DataObject) -> None:
    """Change single characters of a file."""
    text = path.read_text("utf-8")
    for _ in range(data.draw(st.integers(1, 3), label="slips")):
        at = data.draw(st.integers(0, len(text)), label="at")
        gone = data.draw(st.integers(0, 3), label="gone")
        new = data.draw(st.sampled_from([*"[]{}:,'\"\n\t #-&*!|>%@$~\\x.=\r", ""]), label="new")
        text = text[:at] + new + text[at + gone :]
    path.write_text(text, "utf-8", newline="")


@pytest.mark.plan("S-103")
@pytest.mark.parametrize("mutate", [mistake, slip])
def test_a_broken_file_loads_or_is_explained(
    patient: Patient, mutate: Mutate, score: Callable[[str, int], None]
) -> None:
    """Drop, double, retype, rename, swap, or mistype: nothing comes of it but problems with a place."""
    try_many(patient, mutate)

    score("mutants", patient.examples)


@pytest.mark.long
@pytest.mark.plan("S-103")
@pytest.mark.parametrize("mutate", [mistake, slip])
def test_any_broken_file_loads_or_is_explained(patient: Patient, mutate: Mutate) -> None:
    """The same, many more times."""
    try_many(patient, mutate, times=LONGER)

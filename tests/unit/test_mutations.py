"""Whatever an author does to a file: located problems, or a component that can be built."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_runtime.check.report import render_problems
from connector_runtime.errors import DefinitionError
from connector_runtime.load import find_problems, read_component
from connector_runtime.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("actions", "connections", "datasources", "inputs", "schemas")
COMPONENTS = {
    "kennel": ROOT / "tests/cases/kennel",
    "petshop": ROOT / "tests/components/petshop",
    "catalogue": ROOT,
}
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
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module", params=COMPONENTS)
def component(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a component, whole at the start of every example."""
    source, folder = COMPONENTS[request.param], tmp_path_factory.mktemp(request.param)
    shutil.copy(source / "component.yaml", folder)
    for name in FOLDERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name)
    return folder


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
    """Return a file's content as any library reads it."""
    text = path.read_text("utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


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


def refusal_of(component: Path) -> DefinitionError | None:
    """Return why a component does not load, or None."""
    try:
        read_component([component])
    except DefinitionError as refusal:
        return refusal
    return None


def must_be_explained_or_load(component: Path) -> None:
    """Load; nothing but located problems may come of it, and without errors it must be possible to build."""
    problems = find_problems([component])
    assert render_problems(problems, "text") is not None
    for problem in problems:
        lines = len((component / problem.file).read_text("utf-8").splitlines())
        assert 1 <= problem.line <= lines + 1, problem
        assert problem.column >= 1, problem
        assert problem.message, problem
    errors = [problem for problem in problems if problem.severity == "error"]
    refusal = refusal_of(component)
    if refusal is not None:
        assert list(refusal.problems) == errors
        return
    assert not errors
    source = read_component([component])
    model = Model(source)
    for action in model.actions.values():
        assert action.program
        assert action.input_schema
        assert action.scopes is not None


@pytest.mark.plan("S-103")
@SETTINGS
@given(data=st.data())
def test_a_mutated_file_loads_or_is_explained(component: Path, data: st.DataObject) -> None:
    """Drop, double, retype, rename and swap: no mistake ends in anything but problems with a place."""
    path = data.draw(st.sampled_from(files_of(component)), label="file")
    before = path.read_bytes()
    content = read(path)
    for _ in range(data.draw(st.integers(1, 3), label="mutations")):
        found = list(pointers(content))
        if found:
            mutate = data.draw(st.sampled_from([drop, double, retype, rename, swap]), label="mutation")
            mutate(content, data.draw(st.sampled_from(found), label="place"), data.draw)
    try:
        write(path, content)
        must_be_explained_or_load(component)
    finally:
        path.write_bytes(before)


@pytest.mark.plan("S-103")
@SETTINGS
@given(data=st.data())
def test_a_file_with_other_characters_loads_or_is_explained(component: Path, data: st.DataObject) -> None:
    """A character too many, too few or another one: no slip of the hand ends in anything else."""
    path = data.draw(st.sampled_from(files_of(component)), label="file")
    before = path.read_bytes()
    text = before.decode()
    for _ in range(data.draw(st.integers(1, 3), label="slips")):
        at = data.draw(st.integers(0, len(text)), label="at")
        gone = data.draw(st.integers(0, 3), label="gone")
        new = data.draw(st.sampled_from([*"[]{}:,'\"\n\t #-&*!|>%@$~\\x.=\r", ""]), label="new")
        text = text[:at] + new + text[at + gone :]
    try:
        path.write_text(text, "utf-8", newline="")
        must_be_explained_or_load(component)
    finally:
        path.write_bytes(before)

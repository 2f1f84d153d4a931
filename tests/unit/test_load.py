"""Folders become a component: what is read, what is refused, what an overlay changes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.component.component import Component
from connector_runtime.definition.component_files import locate
from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.errors import DefinitionError
from connector_runtime.language.schemas.validator import Schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

KENNEL = Path(__file__).resolve().parents[1] / "cases" / "kennel"
SCHEMA_LINE = "# yaml-language-server: $schema=action.schema.json\n"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """An empty overlay."""
    folder = tmp_path / "ours"
    (folder / "actions").mkdir(parents=True)
    return folder


def codes(*folders: Path) -> list[str]:
    """Return the codes of all problems."""
    return [problem.code for problem in find_problems(list(folders))]


def test_an_overlay_adds_and_replaces_actions(kennel: Path, overlay: Path) -> None:
    """A platform adds its own actions, and its own version of one, without a fork."""
    (overlay / "actions" / "countDogs.yaml").write_text(
        "action: countDogs\nlabel: Count\ndescription: Counts.\neffect: read\n"
        "inputs: {breed: {use: breed}}\n"
        "request: {service: main, path: /count, query: {breed: '${ inputs.breed }'}}\n"
    )
    (overlay / "actions" / "getDog.yaml").write_text(
        (kennel / "actions/dogs/getDog.yaml").read_text().replace("label: Get Dog", "label: Our Dog")
    )

    source = read_component([kennel, overlay])

    assert sorted(source.files["action"]) == ["countDogs", "createDog", "getDog", "listDogs"]
    assert source.files["action"]["getDog"].data["label"] == "Our Dog"
    assert source.files["action"]["getDog"].name == "ours/actions/getDog.yaml"


def test_an_overlay_replaces_shared_inputs_and_connections(kennel: Path, overlay: Path) -> None:
    """What an overlay says about an input holds for the actions below it, too."""
    (overlay / "inputs").mkdir()
    (overlay / "inputs" / "ours.yaml").write_text("inputs: {timeout: {type: number, label: Patience}}\n")
    (overlay / "component.yaml").write_text("component: kennel\n")

    source = read_component([kennel, overlay])

    document, pointer = source.inputs["timeout"]
    assert document.name == "ours/inputs/ours.yaml"
    assert document.place(pointer) == (1, 19)


def test_a_mistake_of_an_overlay_is_found_in_the_overlay(kennel: Path, overlay: Path) -> None:
    """Problems name the folder they are in."""
    (overlay / "actions" / "badDog.yaml").write_text("action: badDog\nlabel: [Bad]\n")

    assert {problem.file for problem in find_problems([kennel, overlay])} == {"ours/actions/badDog.yaml"}


def test_all_problems_of_all_files_come_in_one_run_sorted(kennel: Path) -> None:
    """One run is enough, and its order is that of the files."""
    for name, old, new in (
        ("actions/dogs/getDog.yaml", "effect: read", "effect: fetch"),
        ("actions/dogs/createDog.yaml", "inputs.note", "inputs.nota"),
        ("component.yaml", "kind: not_found", "kind: notfound"),
        ("connections/apiKey.yaml", "label: API key", "label: *all"),
    ):
        path = kennel / name
        path.write_text(path.read_text().replace(old, new))

    problems = find_problems([kennel])

    assert [(problem.file, problem.code) for problem in problems] == [
        ("actions/dogs/createDog.yaml", "R003"),
        ("actions/dogs/getDog.yaml", "S004"),
        ("component.yaml", "S004"),
        ("connections/apiKey.yaml", "Y005"),
    ]


def test_reading_can_stop_at_the_first_folder_with_problems(kennel: Path) -> None:
    """Whoever only wants to know whether it loads does not wait for every check."""
    (kennel / "connections" / "apiKey.yaml").write_text("a: [")
    (kennel / "actions" / "dogs" / "getDog.yaml").write_text("action: getDog\n")

    with pytest.raises(DefinitionError) as caught:
        read_component([kennel], all_problems=False)

    assert {problem.file for problem in caught.value.problems} == {"connections/apiKey.yaml"}
    assert caught.value.kind == "definition"


def test_a_component_is_found_by_folder_or_by_name(kennel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path with `component.yaml` is a component; a name is that of an installed one."""

    class Entry:
        name = "kennel"

        def load(self) -> Any:
            return lambda: kennel

    monkeypatch.setattr(metadata, "entry_points", lambda group: [Entry()] if group else [])

    assert locate(kennel) == kennel
    assert locate(str(kennel)) == kennel
    assert locate("kennel") == kennel
    with pytest.raises(DefinitionError, match="neither an installed component nor a folder") as caught:
        locate("cattery")
    assert caught.value.hint == "installed: kennel"


def test_the_first_connection_is_the_usual_one(kennel: Path) -> None:
    """Deprecated and local connections never become what is meant where none is named."""
    usual = (kennel / "connections" / "apiKey.yaml").read_text()
    old = usual.replace("connection: apiKey", "connection: aaa").replace(
        "label: API", "deprecated: No.\nlabel: API"
    )
    (kennel / "connections" / "aaa.yaml").write_text(old)

    assert list(read_component([kennel]).files["connection"]) == ["apiKey", "aaa"]


def hostile(kennel: Path) -> dict[str, Any]:
    """Return ways to make a folder dangerous, each with the code that is expected."""
    outside = kennel.parent / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("action: secret\n")
    actions = kennel / "actions"
    return {
        "a link to a file outside": (
            lambda: (actions / "a.yaml").symlink_to(outside / "secret.yaml"),
            "Y001",
        ),
        "a link to a system file": (lambda: (actions / "a.yaml").symlink_to("/etc/passwd"), "Y001"),
        "a link to nothing": (lambda: (actions / "a.yaml").symlink_to("nowhere.yaml"), "Y001"),
        "a link to itself": (lambda: (actions / "a.yaml").symlink_to(actions / "a.yaml"), "Y001"),
        "a pipe": (lambda: [os.mkfifo(actions / "a.yaml")], "Y001"),
        "another ending": (lambda: (actions / "a.yml").write_text("x"), "Y001"),
        "a file that is no text": (lambda: (actions / "a.yaml").write_bytes(b"\xff\xfe\x00"), "Y001"),
        "a huge file": (lambda: (actions / "a.yaml").write_text("#" * 300_000), "Y008"),
        "the same key in capitals": (
            lambda: shutil.copy(actions / "dogs/getDog.yaml", actions / "GetDog.yaml"),
            "R024",
        ),
        "a folder far down": (lambda: (actions / "a/b/c/d/e/f").mkdir(parents=True), "Y001"),
        "no main file": ((kennel / "component.yaml").unlink, "Y001"),
        "a main file that is a folder": (
            lambda: ((kennel / "component.yaml").unlink(), (kennel / "component.yaml").mkdir()),
            "Y001",
        ),
    }


WAYS = [
    "a link to a file outside",
    "a link to a system file",
    "a link to nothing",
    "a link to itself",
    "a pipe",
    "another ending",
    "a file that is no text",
    "a huge file",
    "the same key in capitals",
    "a folder far down",
    "no main file",
    "a main file that is a folder",
]


@pytest.mark.plan("S-102")
@pytest.mark.parametrize("way", WAYS)
def test_a_dangerous_folder_is_refused(way: str, kennel: Path) -> None:
    """Nothing outside the folder is read, nothing blocks, nothing is skipped in silence."""
    make, code = hostile(kennel)[way]
    make()

    assert code in codes(kennel)
    with pytest.raises(DefinitionError):
        read_component([kennel])


@pytest.mark.plan("S-102")
def test_links_to_folders_are_not_followed(kennel: Path) -> None:
    """A linked folder, even to the folder around it, is not walked into."""
    (kennel / "actions" / "loop").symlink_to(kennel / "actions")

    assert codes(kennel) == []


@pytest.mark.plan("S-102")
def test_a_folder_of_too_many_files_is_given_up(kennel: Path) -> None:
    """A wrong folder is noticed before all of it is read."""
    for number in range(20_050):
        (kennel / "actions" / f"note{number}.txt").touch()

    assert codes(kennel) == ["Y001"]


@pytest.mark.plan("S-102")
@pytest.mark.parametrize("name", ["README.md", ".hidden.yaml", "getDog.yaml~", ".DS_Store"])
def test_other_files_do_no_harm(name: str, kennel: Path) -> None:
    """What editors and people leave in folders is no part of the component."""
    (kennel / "actions" / name).write_text("{{{")

    assert codes(kennel) == []


@pytest.fixture
def guarded() -> Iterator[list[str]]:
    """Note every socket and every file opened for writing."""
    noted: list[str] = []
    active = [True]

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if not active[0]:
            return
        if event == "socket.__new__" or (
            event == "open" and isinstance(arguments[1], str) and set("wax+") & set(arguments[1])
        ):
            noted.append(f"{event} {arguments[0]}")

    sys.addaudithook(watch)
    yield noted
    active[0] = False


@pytest.mark.plan("S-104")
def test_loading_opens_no_socket_and_writes_nothing(kennel: Path, guarded: list[str]) -> None:
    """Reading a component has no effects."""
    read_component([kennel])

    assert guarded == []
    with socket.socket():
        assert guarded, "the guard sees sockets"


def test_reading_needs_nothing_that_talks() -> None:
    """Checking a component imports no HTTP library."""
    code = (
        "import sys; from pathlib import Path; from connector_runtime.definition.load import find_problems;"
        f"assert find_problems([Path({str(KENNEL)!r})]) == []; print('httpx' in sys.modules, 'click' in sys.modules)"
    )
    source = str(Path(__file__).resolve().parents[2] / "src")

    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": source}, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False", "False"]


def declare(folder: Path, package: str, target: str) -> None:
    """Put what installers write about a package's component in a folder of packages."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text(f"[connector_runtime.components]\nkennel = {target}\n")


def test_an_installed_component_is_found_without_reading_all_packages(tmp_path, monkeypatch):
    """What one package plainly declares needs none of Python's costly reading of packages."""
    declare(tmp_path, "kennel", "kennels:root")
    (tmp_path / "kennels.py").write_text("def root():\n    return 'here'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(metadata, "entry_points", None)

    assert locate("kennel") == Path("here")


def test_packages_that_disagree_about_a_component_are_pythons_to_order(tmp_path, monkeypatch):
    """Two packages with one component's name are read as Python reads them."""
    declare(tmp_path / "one", "kennel", "two_kennels:root")
    declare(tmp_path / "two", "cattery", "two_kennels:other")
    (tmp_path / "one" / "two_kennels.py").write_text("root = lambda: 'one'\nother = lambda: 'two'\n")
    for name in ("two", "one"):
        monkeypatch.syspath_prepend(tmp_path / name)
    expected = {entry.name: entry for entry in metadata.entry_points(group="connector_runtime.components")}

    assert locate("kennel") == Path(expected["kennel"].load()())


@pytest.mark.plan("S-204")
@pytest.mark.parametrize(
    "file", ["component.yaml", "inputs/more.yaml", "actions/more.yaml", "schemas/records/more.json"]
)
@pytest.mark.parametrize("leads", ["out", "nowhere"])
def test_no_file_of_an_overlay_links_out_of_it(kennel: Path, file: str, leads: str) -> None:
    """Whatever a file is for: one that lies elsewhere is refused, with its place, and not read."""
    overlay, outside = kennel.parent / "overlay", kennel.parent / "outside"
    for folder in ((overlay / file).parent, outside):
        folder.mkdir(parents=True, exist_ok=True)
    if leads == "out":
        (outside / "x").write_text("component: kennel\nlabel: Stolen\n")
    (overlay / file).symlink_to(outside / "x")

    problems = find_problems([kennel, overlay])

    assert [(problem.file, problem.code) for problem in problems] == [(f"overlay/{file}", "Y001")]
    assert problems[0].message == "the file lies outside the component's folder"


@pytest.mark.plan("S-204")
def test_a_component_that_is_a_link_is_refused(kennel: Path) -> None:
    """What holds for an overlay holds for the folder that it is laid over."""
    main = kennel / "component.yaml"
    main.symlink_to(main.rename(kennel.parent / "elsewhere.yaml"))

    assert "Y001" in codes(kennel)


@pytest.mark.plan("S-204")
def test_a_link_within_the_folder_is_followed(kennel: Path) -> None:
    """Systems that put files in place by links to a hidden folder beside them go on working."""
    main = kennel / "component.yaml"
    (kennel / "..data").mkdir()
    main.symlink_to(main.rename(kennel / "..data" / "component.yaml"))

    assert codes(kennel) == []


@pytest.mark.plan("S-204")
def test_a_folder_of_schemas_that_is_a_link_is_not_read(kennel: Path) -> None:
    """Schemas come from the component's folder only, also where the whole folder of them is a link."""
    outside = kennel.parent / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text("{}")
    if (kennel / "schemas").exists():
        shutil.rmtree(kennel / "schemas")
    (kennel / "schemas").symlink_to(outside)

    assert Schemas([kennel]).references == ()


NO_PATHS = {"too long": "a" * 1_000_000, "too deep": "a/" * 5_000, "a null byte": "\0"}


@pytest.mark.plan("S-226")
@pytest.mark.parametrize("path", NO_PATHS.values(), ids=NO_PATHS)
def test_what_is_no_path_is_no_component(kennel: Path, path: str) -> None:
    """The error is the one for a wrong name, of a length that can be read."""
    for folders in ((path,), (kennel, path), ([kennel, path],), ([],)):
        with pytest.raises(DefinitionError) as caught:
            Component.load(*folders)
        assert len(str(caught.value)) < 1_000


@pytest.mark.plan("S-226")
@pytest.mark.parametrize("path", NO_PATHS.values(), ids=NO_PATHS)
def test_what_is_no_path_has_problems(path: str) -> None:
    """A check of it ends as every check does, with what is wrong."""
    assert codes(Path(path)) == ["Y001"]

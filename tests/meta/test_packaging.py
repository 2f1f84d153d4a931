"""What is installed is whole, and runs with four libraries and what those need."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from email import message_from_string
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.requirements import Requirement

from connector_runtime.language.kinds import KINDS
from meta.repository import ROOT, SANDBOX, files
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDED = ("httpx", "jinja2", "jsonschema", "pyyaml")
FOLDERS = (*(kind.folder for kind in KINDS if kind.folder), "schemas")
# Loads the component by its name, runs an action with the connection it is given, blocking and awaiting.
PROGRAM = """
import asyncio, importlib.util, json, sys
from connector_runtime import Component

connection = json.load(sys.stdin)
component = Component.load("zoho")
inputs = {"recordType": "contacts"}
with component.session(connection) as session:
    session.run("booksCreateRecord", {**inputs, "fieldValues": {"contact_name": "Fern and Moss"}})
    listed = session.run("booksGetRecords", inputs)

async def again():
    async with component.async_session(connection) as session:
        return await session.run("booksGetRecords", inputs)

others = ("click", "rich", "starlette", "uvicorn", "pytest")
print(json.dumps({
    "place": str(component.model.source.folders[0]),
    "names": [contact["contact_name"] for contact in listed.data["contacts"]],
    "same": asyncio.run(again()).data == listed.data,
    "others": [name for name in others if importlib.util.find_spec(name)],
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published, built from this folder."""
    return built(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sandbox_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sandbox as it is published, built from its own folder."""
    return built(ROOT / "sandbox", tmp_path_factory.mktemp("sandbox"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment: the package, the four libraries, what those need, nothing else."""
    return fresh(tmp_path_factory.mktemp("fresh"), NEEDED, wheel)


@pytest.fixture(scope="module")
def shell(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the command line, and without a sandbox."""
    return fresh(tmp_path_factory.mktemp("shell"), (*NEEDED, "click", "rich"), wheel)


@pytest.fixture(scope="module")
def both(wheel: Path, sandbox_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the command line and the sandbox."""
    return fresh(tmp_path_factory.mktemp("both"), (*NEEDED, "click", "rich"), wheel, sandbox_wheel)


def test_the_package_holds_the_component(wheel: Path) -> None:
    """Every file of the component, the language's schemas and the licence travel in the wheel; tests do not."""
    held = set(zipfile.ZipFile(wheel).namelist())
    icon = ROOT / yaml.safe_load((ROOT / "component.yaml").read_text("utf-8"))["icon"]
    component = [
        ROOT / "component.yaml",
        icon,
        *(path for name in FOLDERS for path in (ROOT / name).rglob("*.*")),
    ]

    wanted = {f"zoho_component/_component/{path.relative_to(ROOT).as_posix()}" for path in component}
    wanted |= {f"connector_runtime/language/{path.name}" for path in (ROOT / "schemas").glob("*.schema.json")}
    wanted |= {f"{name}/py.typed" for name in ("connector_runtime", "connector_cli", "zoho_component")}
    assert wanted - held == set()
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert not [name for name in held if name.startswith(("tests", "docs")) or "__pycache__" in name]


def test_loading_and_running_needs_four_libraries(python: Path, tmp_path: Path) -> None:
    """Outside the repository, with nothing but the four libraries, the component is found by name and runs."""
    sandbox = Sandbox()
    with sandbox.running():
        done = subprocess.run(
            [python, "-c", PROGRAM],
            input=json.dumps(sandbox.connection()),
            cwd=tmp_path,
            env=clean(),
            check=False,
            capture_output=True,
            text=True,
        )
    sandbox.close()

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["same"], told["others"]) == (True, [])
    assert "Fern and Moss" in told["names"]
    assert Path(told["place"]).is_relative_to(python.parents[1])


def test_the_component_carries_no_sandbox(wheel: Path, sandbox_wheel: Path) -> None:
    """Production installs the runtime and the component; the sandbox is a wheel of its own, and whole."""
    home = ROOT / "sandbox" / "src"
    sources = {path.relative_to(home).as_posix() for path in files() if path.is_relative_to(home)}
    held = [set(zipfile.ZipFile(archive).namelist()) for archive in (wheel, sandbox_wheel)]
    packages = [{name.partition("/")[0] for name in names if ".dist-info/" not in name} for names in held]

    assert packages == [{"connector_cli", "connector_runtime", "zoho_component"}, {"zoho_sandbox"}]
    assert sources - held[1] == set()
    assert any(name.endswith("licenses/LICENSE") for name in held[1])


def test_both_carry_the_same_licence() -> None:
    """Each distribution is built from its own folder, so that the text stands twice."""
    assert (ROOT / "sandbox" / "LICENSE").read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")


@pytest.mark.parametrize(
    "words", [("sandbox",), ("demo",), ("run", "crmGetUsers"), ("request", "crmGetUsers")], ids=" ".join
)
@pytest.mark.parametrize(
    ("place", "command"),
    [(None, "`pip install ./sandbox`"), (ROOT, f"Install it: pip install {ROOT / 'sandbox'}")],
    ids=["installed", "checkout"],
)
def test_what_needs_the_sandbox_says_how_to_install_it(
    shell: Path, tmp_path: Path, words: tuple[str, ...], place: Path | None, command: str
) -> None:
    """Without it, a command that uses it ends as wrong use and gives the command that installs it."""
    where = ("--component", str(place)) if place else ()

    told = asked(shell, tmp_path, *where, *words)

    assert (told.returncode, told.stdout) == (2, "")
    assert "No sandbox is installed for `zoho`" in told.stderr
    assert command in " ".join(told.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_all_else_works_without_the_sandbox(shell: Path, tmp_path: Path) -> None:
    """Listing, checking and testing the component need no sandbox."""
    listed = asked(shell, tmp_path, "actions")
    checked = asked(shell, tmp_path, "check", str(ROOT))
    tested = asked(shell, tmp_path, "test", str(ROOT), "-k", "crmGetUsers")

    assert (listed.returncode, checked.returncode, tested.returncode) == (0, 0, 0)
    assert "crmGetUsers" in listed.stdout


def test_with_the_sandbox_the_demo_runs(both: Path, tmp_path: Path) -> None:
    """Both wheels and what they ask for are enough for the component's main job."""
    told = asked(both, tmp_path, "demo")

    assert told.returncode == 0, told.stderr
    assert "changes in the sandbox" in told.stdout


def test_the_sandbox_asks_for_what_it_imports(sandbox_wheel: Path, tmp_path: Path) -> None:
    """Alone, with what its own distribution names and no more, it starts and stops."""
    wanted = [Requirement(text).name for text in requires(sandbox_wheel)]
    named = {
        "pyyaml" if name == "yaml" else name
        for path in SANDBOX.rglob("*.py")
        for name in tops_imported(path)
        if name not in sys.stdlib_module_names and name != SANDBOX.name
    }
    python = fresh(tmp_path / "alone", tuple(wanted), sandbox_wheel)
    program = "from zoho_sandbox import Sandbox\nwith Sandbox().running() as url: print(url)"

    told = subprocess.run(
        [python, "-c", program], cwd=tmp_path, env=clean(), check=True, capture_output=True, text=True
    )

    assert {normal(name) for name in wanted} == named
    assert told.stdout.startswith("http://127.0.0.1:")


def test_a_second_component_runs_there_too(python: Path, tmp_path: Path) -> None:
    """The installed runtime loads a folder of files that it has never seen."""
    program = (
        "import sys; from connector_runtime import Component; print(*Component.load(sys.argv[1]).actions)"
    )

    told = subprocess.run(
        [python, "-c", program, ROOT / "tests" / "components" / "petshop"],
        cwd=tmp_path, env=clean(), check=True, capture_output=True, text=True,
    )  # fmt: skip

    assert "listPets" in told.stdout


def test_the_command_line_says_what_it_lacks(python: Path, tmp_path: Path) -> None:
    """Without the extra `cli` the command names the extra instead of showing a trace."""
    told = subprocess.run(
        [python, "-m", "zoho_component", "actions"],
        cwd=tmp_path,
        env=clean(),
        check=False,
        capture_output=True,
        text=True,
    )

    assert told.returncode != 0
    assert "install the extra `cli`" in told.stderr
    assert "Traceback" not in told.stderr


def built(project: Path, folder: Path) -> Path:
    """Build a folder's wheel into another; returns the wheel."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, project]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return next(folder.glob("*.whl"))


def fresh(folder: Path, names: tuple[str, ...], *wheels: Path) -> Path:
    """Make an environment of wheels and of what some names need, and nothing else; returns its interpreter."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    place = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(place, check=True, capture_output=True, text=True).stdout.strip())
    for wheel in wheels:
        # A wheel is an archive: without scripts, unpacking it is installing it.
        zipfile.ZipFile(wheel).extractall(packages)
    for name in needed(names):
        link(metadata.distribution(name), packages)
    return python


def asked(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the component's command in a folder."""
    command = [python, "-m", "zoho_component", *words]
    return subprocess.run(
        command, cwd=folder, env={**clean(), "COLUMNS": "1000"}, check=False, capture_output=True, text=True
    )


def tops_imported(path: Path) -> Iterator[str]:
    """Yield the first word of every module that a file imports, wherever that stands."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
        yield from (name.partition(".")[0] for name in names)


def requires(wheel: Path) -> list[str]:
    """Return what a wheel asks for, as its metadata says."""
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_string(archive.read(name).decode()).get_all("Requires-Dist") or []


def needed(names: tuple[str, ...]) -> set[str]:
    """Return the names of distributions and of all that they need, without extras."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = normal(waiting.pop())
        if name not in found:
            found.add(name)
            wanted = [Requirement(text) for text in metadata.requires(name) or ()]
            waiting += [
                one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})
            ]
    return found


def normal(name: str) -> str:
    """Return the one spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def link(distribution: metadata.Distribution, packages: Path) -> None:
    """Make an installed distribution importable in another environment, and nothing beside it."""
    for name in sorted(tops(distribution)):
        (packages / name).symlink_to(distribution.locate_file(name))


def tops(distribution: metadata.Distribution) -> Iterator[str]:
    """Return the files and folders that a distribution has in the folder of packages."""
    steps = {Path(str(file)).parts[0] for file in distribution.files or ()}
    return iter(steps - {"..", "__pycache__", "bin"})


def clean() -> dict[str, str]:
    """Return an environment in which nothing points at this folder."""
    return {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "ZOHO", "VIRTUAL"))
    }

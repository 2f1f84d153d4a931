"""A component's files as an attacker, a careless author or a broken disk would leave them."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import sys
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from connector_runtime import Component
from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.errors import DefinitionError
from connector_runtime.language.documents.document import read_yaml
from connector_runtime.language.expressions.patterns import MAX_TEXT_CHARACTERS, compile_pattern
from connector_runtime.language.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
PETSHOP = ROOT / "tests" / "components" / "petshop"
KENNEL = ROOT / "tests" / "cases" / "kennel"
FOLDERS = (*(kind.folder for kind in KINDS if kind.folder), "schemas")
# Far above what any of these costs on a busy machine, far below what a bomb would cost.
PATIENCE_S = 1.0


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A copy of the component of this repository."""
    folder = tmp_path / "zoho"
    folder.mkdir()
    for name in ("component.yaml", "icon.svg"):
        shutil.copy(ROOT / name, folder)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture
def kennel(tmp_path: Path) -> Path:
    """A copy of a small component."""
    return Path(shutil.copytree(KENNEL, tmp_path / "kennel"))


# Names ------------------------------------------------------------------------------------------


def name_uses(text: str) -> dict[str, re.Match[str]]:
    """Return the last use of each input in an action's file: below the inputs it may be anywhere."""
    return {match[1]: match for match in re.finditer(r"\binputs\.([A-Za-z_]\w+)", text)}


@pytest.mark.plan("S-94")
def test_every_misspelt_name_is_found_where_it_stands(catalogue: Path, score: Any) -> None:
    """Each input of each action and what it shares, misspelt once: every time its line and the right name."""
    folders = ("actions", "connections", "datasources", "fragments")
    files = sorted(path for folder in folders for path in (catalogue / folder).rglob("*.yaml"))
    texts = {path: path.read_text("utf-8") for path in files}
    caught = wanted = 0
    for round_ in range(max(len(name_uses(text)) for text in texts.values())):
        lines: dict[str, tuple[int, str]] = {}
        for path, text in texts.items():
            uses = list(name_uses(text).values())
            if round_ < len(uses):
                match = uses[round_]
                path.write_text(text[: match.end()] + "q" + text[match.end() :], "utf-8")
                place = path.relative_to(catalogue).as_posix()
                lines[place] = (text.count("\n", 0, match.start()) + 1, match[1])
        problems = find_problems([catalogue])
        for place, (line, name) in lines.items():
            wanted += 1
            caught += any(
                problem.file == place and problem.line == line and f"`{name}`" in str(problem.hint)
                for problem in problems
            )
        for path, text in texts.items():
            path.write_text(text, "utf-8")

    assert wanted > 100
    assert caught == wanted
    score("hostile", wanted - 1)


# Bombs ------------------------------------------------------------------------------------------

NAMES = "abcdefghijklmnopqrstuvwxyz"
BOMBS: dict[str, Callable[[], str]] = {
    "laughs": lambda: "a: &a [x]\n" + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in pairwise(NAMES)),
    "laughs in maps": lambda: "a: &a {x: y}\n" + "".join(f"{b}: &{b} {{p: *{a}, q: *{a}}}\n" for a, b in pairwise(NAMES)),
    "merges": lambda: "a: &a {x: 1}\n" + "".join(f"{b}: &{b}\n  <<: [*{a}, *{a}]\n" for a, b in pairwise(NAMES)),
    "one merge": lambda: "a: &a {x: 1}\nb:\n  <<: *a\n",
    "a merge without an anchor": lambda: "b:\n  <<: {x: 1}\n",
    "a cycle": lambda: "a: &a [*a]\n",
    "a cycle of maps": lambda: "a: &a {b: *a}\n",
    "a cycle through a key": lambda: "&a a: *a\n",
    "an anchor alone": lambda: "a: &a 1\n",
    "an alias alone": lambda: "a: *a\n",
    "deep lists": lambda: "a: " + "[" * 50_000,
    "deep closed lists": lambda: "a: " + "[" * 5_000 + "]" * 5_000,
    "deep maps": lambda: "a: " + "{b: " * 50_000,
    "deep blocks": lambda: "".join(" " * n + "a:\n" for n in range(600)),
    "deep dashes": lambda: "a:\n" + "- " * 2_000 + "x\n",
    "deep questions": lambda: "? " * 2_000 + "x\n",
    "many items": lambda: "a: [" + "1," * 250_000 + "]",
    "many dashes": lambda: "a:\n" + "- x\n" * 60_000,
    "many keys": lambda: "".join(f"k{n}: 1\n" for n in range(30_000)),
    "many documents": lambda: "--- 1\n" * 5_000,
    "many anchors": lambda: "a: [" + ",".join(f"&a{n} 1" for n in range(5_000)) + "]",
    "many tags": lambda: "a: [" + ",".join("!x 1" for _ in range(5_000)) + "]",
    "a long text": lambda: "a: " + "x" * 5_000_000,
    "a long quoted text": lambda: 'a: "' + "x" * 5_000_000 + '"',
    "a long block": lambda: "a: |\n" + "  x\n" * 1_500_000,
    "a long key": lambda: "x" * 5_000_000 + ": 1",
    "a long comment": lambda: "a: 1\n#" + "x" * 5_000_000,
    "a long number": lambda: "a: " + "9" * 100_000,
    "a long blank": lambda: "a:" + " " * 5_000_000 + "1",
    "many blank lines": lambda: "a: 1" + "\n" * 5_000_000,
    "escapes": lambda: 'a: "' + "\\x41" * 200_000 + '"',
}  # fmt: skip


@pytest.mark.plan("S-97")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_put_down_before_it_is_unpacked(tmp_path: Path, name: str) -> None:
    """Refused within moments, and without much more memory than the file itself."""
    path = tmp_path / "action.yaml"
    path.write_text(BOMBS[name](), "utf-8")
    size_mib = path.stat().st_size / 2**20
    started = time.process_time()

    tracemalloc.start()
    with pytest.raises(DefinitionError):
        read_yaml(path, "action.yaml")
    peak_mib = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()

    assert peak_mib < 40 + 3 * size_mib
    assert time.process_time() - started < 20 * PATIENCE_S


# Regular expressions ----------------------------------------------------------------------------


def patterns_in(node: Any) -> Iterator[str]:
    """Yield every regular expression of a schema."""
    if isinstance(node, list):
        for item in node:
            yield from patterns_in(item)
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        if isinstance(node.get("patternProperties"), dict):
            yield from node["patternProperties"]
        for value in node.values():
            yield from patterns_in(value)


def shipped_patterns() -> set[str]:
    """Return every regular expression in a schema that this project ships."""
    schemas = [path for base in (ROOT, PETSHOP) for path in (base / "schemas").rglob("*.json")]
    return {pattern for path in schemas for pattern in patterns_in(json.loads(path.read_text("utf-8")))}


def asked_patterns() -> set[str]:
    """Return every regular expression that an expression of this project asks about."""
    files = [
        path for base in (ROOT, PETSHOP) for folder in FOLDERS for path in (base / folder).rglob("*.yaml")
    ]
    text = "".join(path.read_text("utf-8") for path in files)
    return set(re.findall(r"matching\('([^']*)'\)", text))


ATTACKS = ["a", " ", "1", "0", "-", ".", "\t", "/", "${", "}", "{", "a1", "1.", "1 ", " 1", "ms", "h", "aA_", "é", "\n", "added", "https://"]  # fmt: skip


@pytest.mark.plan("S-100")
def test_no_pattern_that_is_shipped_can_be_made_to_run_long(score: Any) -> None:
    """Ten thousand characters that nearly match, against every pattern of every schema."""
    patterns = shipped_patterns()
    tried, worst_s = 0, 0.0
    for pattern in sorted(patterns):
        search = re.compile(pattern).search
        for piece in ATTACKS:
            for begins, ends in (("", ""), ("", "!"), ("1", "x"), ("${", "x"), ("a", "\n")):
                hostile = begins + (piece * 10_000)[:10_000] + ends
                started = time.process_time()
                search(hostile)
                worst_s = max(worst_s, time.process_time() - started)
                tried += 1

    assert len(patterns) >= 6
    assert worst_s < PATIENCE_S
    score("hostile", tried - 1)


@pytest.mark.plan("S-100")
@pytest.mark.parametrize("pattern", sorted(asked_patterns()))
def test_no_pattern_of_an_expression_can_be_made_to_run_long(pattern: str) -> None:
    """What `matching` is asked goes through the same sieve, over texts that it takes at all."""
    compiled = compile_pattern(pattern)
    for piece in ATTACKS:
        hostile = (piece * MAX_TEXT_CHARACTERS)[: MAX_TEXT_CHARACTERS - 1] + "!"
        started = time.process_time()
        compiled.fullmatch(hostile)
        assert time.process_time() - started < PATIENCE_S


# Folders ----------------------------------------------------------------------------------------

CLIMBING = ["../outside", "../../outside", "/etc/passwd", "~/x", "actions/../../outside", "..\\outside", "\\\\host\\share", "C:/x", "file:///etc/passwd", "%2e%2e/x"]  # fmt: skip


@pytest.mark.plan("S-102")
@pytest.mark.parametrize("place", CLIMBING)
@pytest.mark.parametrize("where", ["icon", "body schema", "input schema", "record schema"])
def test_a_reference_out_of_the_folder_is_refused_or_leads_nowhere(
    kennel: Path, where: str, place: str
) -> None:
    """Whatever a file names, nothing outside its component is opened."""
    (kennel.parent / "outside").write_text('{"const": "canary"}')
    (kennel.parent / "outside.json").write_text('{"const": "canary"}')
    plant(kennel, where, place)
    opened: list[str] = []

    with watching(opened):
        problems = find_problems([kennel])

    outside = [path for path in opened if not Path(path).resolve().is_relative_to(kennel.resolve())]
    assert [path for path in outside if "outside" in path or path.startswith("/etc")] == []
    assert [problem for problem in problems if problem.severity == "error"]


def plant(kennel: Path, where: str, place: str) -> None:
    """Name a place in one of the files."""
    if where == "icon":
        path = kennel / "component.yaml"
        path.write_text(f"{path.read_text('utf-8')}\nicon: {json.dumps(place)}\n", "utf-8")
    elif where == "record schema":
        (kennel / "schemas" / "records").mkdir(parents=True, exist_ok=True)
        (kennel / "schemas" / "records" / "stray.json").write_text(json.dumps({"$ref": place}))
    else:
        path = next(iter(sorted((kennel / "actions").rglob("create*.yaml"))))
        definition = yaml.safe_load(path.read_text("utf-8"))
        if where == "body schema":
            definition["request"]["body"] = {"json": {}, "schema": place}
        else:
            first = next(iter(definition["inputs"]))
            definition["inputs"][first] = {"type": "object", "label": "X", "schema": place}
        path.write_text(yaml.safe_dump(definition, sort_keys=False), "utf-8")


class watching:  # noqa: N801  reads as a word of the test
    """Notes every file that is opened meanwhile."""

    _noted: list[str] | None = None
    _hooked = False

    def __init__(self, noted: list[str]) -> None:
        self.noted = noted

    def __enter__(self) -> None:
        if not watching._hooked:
            sys.addaudithook(watching._note)
            watching._hooked = True
        watching._noted = self.noted

    def __exit__(self, *_: object) -> None:
        watching._noted = None

    @staticmethod
    def _note(event: str, arguments: tuple[Any, ...]) -> None:
        if watching._noted is None:
            return
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            watching._noted.append(os.fsdecode(arguments[0]))
        if event == "socket.__new__":
            watching._noted.append("a socket")
        if event == "open" and isinstance(arguments[1], str) and set("wax+") & set(arguments[1]):
            watching._noted.append(f"written: {arguments[0]}")


@pytest.mark.plan("S-104")
@pytest.mark.parametrize("folder", [ROOT, PETSHOP, KENNEL], ids=["catalogue", "petshop", "kennel"])
def test_loading_a_component_touches_nothing(folder: Path) -> None:
    """No socket, nothing written, and over before anybody notices."""
    Component.load(folder)
    noted: list[str] = []
    started = time.process_time()

    with watching(noted):
        read_component([folder])
        took_s = time.process_time() - started
        socket.socket().close()

    assert noted[-1] == "a socket"
    assert [one for one in noted[:-1] if one == "a socket" or one.startswith("written")] == []
    # Three tenths of a second are the promise; a busy machine gets more.
    assert took_s < 3 * PATIENCE_S


# Mutations --------------------------------------------------------------------------------------


def shipped_files(folder: Path) -> list[Path]:
    """Return every file that a component is made of."""
    found = [folder / "component.yaml"]
    for name in FOLDERS:
        found += [path for path in sorted((folder / name).rglob("*")) if path.suffix in (".yaml", ".json")]
    return [path for path in found if not path.name.endswith(".schema.json")]


def mutated(text: str, chance: random.Random) -> str:
    """Return a text with a line dropped, doubled, swapped, retyped, renamed or moved in or out."""
    lines = text.splitlines(keepends=True)
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    line = lines[at]
    change = chance.randrange(7)
    if change == 0:
        lines[at] = ""
    elif change == 1:
        lines[at] = line + line
    elif change == 2:
        lines[at], lines[other] = lines[other], line
    elif change == 3:
        value = chance.choice(
            ["null", "[]", "{}", "7", "true", "x", "${ x }", "'", "*a", "!x 1", "-", "2024-01-01", "{a: [1"]
        )
        lines[at] = re.sub(r":.*", f": {value}", line, count=1)
    elif change == 4:
        lines[at] = re.sub(r"([A-Za-z]+)", lambda match: match[1] + "x", line, count=1)
    elif change == 5:
        lines[at] = chance.choice(["  ", "", "\t", "- "]) + line.lstrip()
    else:
        cut = chance.randrange(len(line))
        lines[at] = line[:cut] + chance.choice("[]{}:,'\"#&*!|>%@$\\\x00\u202e") + line[cut:]
    return "".join(lines)


def refusal_of(folder: Path) -> DefinitionError | None:
    """Return why a component does not load, or None; nothing else may be raised."""
    try:
        read_component([folder])
    except DefinitionError as refusal:
        return refusal
    return None


@pytest.mark.plan("S-103")
@pytest.mark.parametrize("count", [60, pytest.param(2_000, marks=pytest.mark.long)])
def test_every_shipped_file_survives_its_mutations(
    tmp_path: Path, catalogue: Path, score: Any, count: int
) -> None:
    """Whatever becomes of a line: the component loads, or every problem has its file, line and words."""
    petshop = Path(shutil.copytree(PETSHOP, tmp_path / "petshop"))
    files = [(folder, path) for folder in (catalogue, petshop) for path in shipped_files(folder)]
    chance = random.Random(103)
    loaded = 0
    chance.shuffle(files)  # a short run takes some of them
    for number in range(count):
        folder, path = files[number % len(files)]
        before = path.read_text("utf-8")
        path.write_text(mutated(before, chance), "utf-8", newline="")
        refusal = refusal_of(folder)
        path.write_text(before, "utf-8", newline="")
        loaded += refusal is None
        for problem in refusal.problems if refusal else ():
            assert problem.line >= 1, problem
            assert problem.column >= 1, problem
            assert problem.message, problem
            assert (folder / problem.file).exists(), problem
        assert refusal is None or refusal.problems

    assert count * 0.05 < loaded < count * 0.95
    score("mutants", count)
    score("tracebacks", 0)


@pytest.fixture(autouse=True)
def _no_bytecode() -> Iterator[None]:
    """Loading must not look as if it wrote, only because Python keeps bytecode."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    yield
    sys.dont_write_bytecode = before

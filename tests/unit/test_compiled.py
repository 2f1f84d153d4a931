"""A compiled component is the component: same data, same behaviour, less to load."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from connector_runtime import Component
from connector_runtime.definition.compiled import _MAGIC, FILE, CompiledFile, compile_component
from connector_runtime.language.expressions.grammar import packed_tree
from connector_runtime.language.expressions.trees import pack, unpack
from connector_runtime.language.kinds import KEYED
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHOP = ROOT / "tests/components/petshop"
PACKED = ["Filter", 6, ["Getattr", 1, ["Name", 0, "a"], "b"], "default", [["Const", 14, 1]], [], None, None]
HEAVY = ("yaml", "jinja2", "jsonschema", "referencing", "asyncio", "httpx", "click", "rich")
# A whole call up to the request that would be sent.
PROGRAM = f"""
import sys
from connector_runtime import Component
component = Component.load(sys.argv[1])
plan = component.request(
    "booksCreateRecord",
    {{"recordType": "items", "fieldValues": {{"name": "Hard Drive", "rate": "120"}}}},
    {{"key": "sandbox", "fields": {{"port": 1, "clientId": "a", "clientSecret": "b"}}, "token": {{"access_token": "c"}}}},
)
assert plan.body == {{"name": "Hard Drive", "rate": 120}}
print([name for name in {HEAVY!r} if name in sys.modules])
"""


@pytest.fixture(params=[ROOT, SHOP], ids=["zoho", "petshop"])
def folder(request, tmp_path: Path) -> Path:
    """A component with its compiled file beside it."""
    return installed(request.param, tmp_path / "component")


def installed(source: Path, target: Path) -> Path:
    """Copy a component's folder and compile it."""
    target.mkdir()
    parts = ("actions", "connections", "inputs", "datasources", "triggers", "schemas")
    for part in (*parts, "fragments", "tables", "errors"):
        if (source / part).exists():
            shutil.copytree(source / part, target / part)
    shutil.copy(source / "component.yaml", target)
    (target / FILE).write_bytes(compile_component(target))
    return target


def test_it_equals_its_sources(folder: Path) -> None:
    """What a compiled component says of itself, and every file's data, are those of the YAML files."""
    compiled = Component.load(folder)
    bare = shutil.copytree(folder, folder.with_name("bare"), ignore=shutil.ignore_patterns(FILE))
    plain = Component.load(bare)

    assert compiled.describe() == plain.describe()
    for kind in KEYED:
        ours, theirs = compiled.model.source.files[kind], plain.model.source.files[kind]
        assert [(key, ours[key].data) for key in ours] == [(key, theirs[key].data) for key in theirs]


def test_no_parser_is_loaded(tmp_path: Path) -> None:
    """From a compiled component a request is made without YAML, Jinja, jsonschema or an event loop."""
    folder = installed(ROOT, tmp_path / "component")
    command = [sys.executable, "-c", PROGRAM, folder]

    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT / "src")

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_changed_action_is_read_from_its_source(tmp_path: Path) -> None:
    """Whoever edits a file in an installed package gets what the file says now."""
    folder = installed(ROOT, tmp_path / "component")
    file = folder / "actions/books/booksGetRecord.yaml"
    file.write_text(file.read_text("utf-8").replace("label: Books - Get Record", "label: Changed"), "utf-8")

    assert Component.load(folder).actions["booksGetRecord"].label == "Changed"


def test_an_added_action_is_found(tmp_path: Path) -> None:
    """A file that was not there when the component was compiled counts."""
    folder = installed(ROOT, tmp_path / "component")
    text = (folder / "actions/books/booksMarkRecordActive.yaml").read_text("utf-8")
    (folder / "actions/mine.yaml").write_text(text.replace("booksMarkRecordActive", "mine"), "utf-8")

    assert Component.load(folder).actions["mine"].key == "mine"


@pytest.mark.parametrize("part", ["component.yaml", "connections/sandbox.yaml", "inputs/books.yaml"])
def test_other_changes_turn_it_off(tmp_path: Path, part: str) -> None:
    """A change in what all actions share makes the sources count from the start."""
    folder = installed(ROOT, tmp_path / "component")
    with (folder / part).open("a", encoding="utf-8") as file:
        file.write("# a word\n")

    assert isinstance(Component.load(folder).model.source.files["action"], dict)


def test_a_missing_action_is_missing(tmp_path: Path) -> None:
    """A key that no file has is not there, and the sources are not read for it."""
    actions = Component.load(installed(ROOT, tmp_path / "component")).actions

    assert "booksCreateNothing" not in actions
    assert Component.load(tmp_path / "component").model.action("booksCreateNothing") is None


def parts_of(place: Path) -> list[object]:
    """Return everything that a compiled file gives, each part or that it is refused."""
    try:
        file = CompiledFile(place)
        reading = [file.head, file.keys, *(lambda key=key: file.find(key) for key in [*KEYS, "nothing"])]
    except ValueError:
        return []
    found: list[object] = []
    for read in reading:
        try:
            found.append(read())
        except ValueError:
            found.append(None)
    return found


KEYS = sorted(file.stem for file in (SHOP / "actions").rglob("*.yaml"))


@pytest.mark.plan("S-207")
@pytest.mark.parametrize("how", ["a bit", "a cut"])
def test_no_part_of_a_spoiled_file_is_taken(
    tmp_path: Path, how: str, score: Callable[[str, int], None]
) -> None:
    """Wherever a bit is flipped, or the file ends too early: each part is as it was written, or refused."""
    folder = installed(SHOP, tmp_path / "component")
    whole = (folder / FILE).read_bytes()
    right = parts_of(folder / FILE)
    spoiled = tmp_path / "spoiled"
    accepted = 0
    for place in range(0, len(whole), 211):
        content = bytearray(whole)
        if how == "a bit":
            content[place] ^= 1 << place % 8
        else:
            del content[place:]
        spoiled.write_bytes(content)

        found = parts_of(spoiled)

        assert found != right, place
        accepted += sum(one is not None and one != other for one, other in zip(found, right, strict=False))
    score("spoiled_taken", accepted)
    assert accepted == 0


@pytest.mark.plan("S-207")
@pytest.mark.parametrize("part", [b'"label":"Add Pet"', b'"category":'])
def test_a_spoiled_file_gives_way_to_its_sources(
    tmp_path: Path, part: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """What it says is not believed; what the YAML files say counts, and a warning tells why it took longer."""
    folder = installed(SHOP, tmp_path / "component")
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole.replace(part, part[:-1] + b"!"))

    described = Component.load(folder).describe()

    assert described == Component.load(SHOP).describe()
    assert [record.message for record in caplog.records] == [
        f"{folder / FILE} is spoiled or was exchanged; the sources beside it are read instead, which takes longer."
    ]


@pytest.mark.plan("S-207")
def test_a_file_made_for_other_sources_is_not_taken(tmp_path: Path) -> None:
    """A whole file that was made from another folder proves itself, and still gives way to what is there."""
    folder = installed(ROOT, tmp_path / "component")
    pets = installed(SHOP, tmp_path / "pets")
    (folder / FILE).write_bytes((pets / FILE).read_bytes())

    assert Component.load(folder).key == "zoho"


@pytest.mark.plan("S-207")
def test_what_is_packed_belongs_to_the_format() -> None:
    """Whoever changes how trees are packed gives the format another number: old files are not misread."""
    assert packed_tree("a.b | default(1)") == PACKED
    assert _MAGIC == b"connector-compiled-5\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"connector-compiled-3\n", b"connector-compiled-5\n", b"connector-compiled-9\n" + bytes(90)],
)
def test_a_broken_file_is_ignored(tmp_path: Path, content: bytes) -> None:
    """Half a file, or one of another version, is as good as none."""
    folder = installed(ROOT, tmp_path / "component")
    (folder / FILE).write_bytes(content)

    assert "booksGetRecord" in Component.load(folder).actions


def test_a_file_that_goes_away_is_not_missed(tmp_path: Path) -> None:
    """A package that is replaced under a running worker gives its actions from the sources."""
    folder = installed(ROOT, tmp_path / "component")
    component = Component.load(folder)

    (folder / FILE).unlink()

    assert component.actions["booksGetRecord"].key == "booksGetRecord"


def test_an_action_is_found_without_reading_the_others(tmp_path: Path) -> None:
    """Finding one key among all reads its piece and a few entries of the index."""
    folder = installed(ROOT, tmp_path / "component")
    file = CompiledFile(folder / FILE)

    assert sorted(file.keys()) == sorted(Component.load(folder).actions)
    assert all(f'"key":"{key}"'.encode() in (file.find(key) or b"") for key in list(file.keys()))
    assert file.find("nothing") is None


def test_trees_survive_being_packed() -> None:
    """A packed tree unpacks to one that packs alike; what is no expression has none."""
    text = "(a.b[c] | default(1) ~ 'x') if not (d in [1, 2] and e is defined) else -1 + f - 2 or g > 3 < 4"

    packed = packed_tree(text)

    assert packed is not None
    assert pack(unpack(packed)) == packed
    assert packed_tree("a +") is None
    assert packed_tree("f(1)") is None

"""What several files share is written once, and every problem still points at where it stands."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import Component
from connector_runtime.definition.compiled import FILE, compile_component
from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.errors import ConnectorError
from connector_runtime.language.documents.document import read_yaml
from connector_runtime.language.documents.merged import MergedDocument, merge
from connector_runtime.language.schemas.validator import language
from engine.shop import Shop, action, model_of
from meta.repository import PETSHOP, ROOT

if TYPE_CHECKING:
    from connector_runtime.definition.component_files import Source


@pytest.fixture
def petshop(tmp_path: Path) -> Path:
    """A copy of petshop that may be changed."""
    return Path(shutil.copytree(PETSHOP, tmp_path / "petshop"))


def test_maps_merge_lists_are_replaced_and_the_first_wins() -> None:
    """The file's own keys come first, in its own order."""
    own: dict[str, Any] = {"b": {"y": 1}, "list": [1], "a": "own"}

    assert merge(own, {"a": "other", "b": {"x": 0, "y": 2}, "list": [2, 3], "c": {}}) == {
        "b": {"y": 1, "x": 0}, "list": [1], "a": "own", "c": {},
    }  # fmt: skip
    assert list(merge(own, {"c": 1, "a": 2})) == ["b", "list", "a", "c"]
    assert own == {"b": {"y": 1}, "list": [1], "a": "own"}


def test_a_fragment_may_use_others_and_the_one_named_first_wins(petshop: Path) -> None:
    """`use: [first, second]` takes from the second what neither the file nor the first says."""
    write(petshop, "fragments/first.yaml", "fragment: first\ngroup: First\n")
    write(
        petshop,
        "fragments/second.yaml",
        "fragment: second\ngroup: Second\ndocumentation: https://docs.example/\n",
    )
    edit(
        petshop,
        "actions/pets/removePet.yaml",
        "action: removePet\n",
        "action: removePet\nuse: [first, second]\n",
    )
    edit(petshop, "actions/pets/removePet.yaml", "group: Pets\n", "")

    found = Component.load(petshop).actions["removePet"]

    assert (found.group, found.documentation) == ("First", "https://docs.example/")
    assert "use" not in found.definition
    assert "fragment" not in found.definition


@pytest.mark.parametrize(
    ("pointer", "file"),
    [
        (("apply", "headers", "X-Pet-Key"), "fragments/card.yaml"),
        (("probe", "path"), "fragments/door.yaml"),
        (("choose", "site"), "connections/apiKey.yaml"),
        (("choose", "nothing"), "connections/apiKey.yaml"),
        (("apply", "nothing"), "fragments/card.yaml"),
    ],
)
def test_a_place_is_found_in_the_file_where_it_stands(pointer: tuple[str, ...], file: str) -> None:
    """What is missing is looked for where its nearest part stands."""
    document = read_component([PETSHOP]).files["connection"]["apiKey"]

    assert document.problem(pointer, "X", "wrong").file == file


def test_a_mistake_in_a_shared_part_is_said_once(petshop: Path) -> None:
    """Several connections use it; the problem names one of them."""
    edit(petshop, "fragments/door.yaml", "path: /me", "path: /me, methud: GET")

    problems = find_problems([petshop])

    assert [(problem.file, problem.code) for problem in problems] == [("fragments/door.yaml", "S001")]
    assert "uses it" in str(problems[0].hint)


def test_an_overlay_may_exchange_a_fragment(petshop: Path, tmp_path: Path) -> None:
    """Every file that uses it gets the new part."""
    overlay = tmp_path / "overlay"
    write(overlay, "fragments/saidOk.yaml", 'fragment: saidOk\nreply: { ok: "${ reply.status == 200 }" }\n')

    changed = Component.load(petshop, overlay)

    assert changed.actions["getPet"].definition["reply"]["ok"] == "${ reply.status == 200 }"


def test_a_compiled_component_knows_its_places_and_notices_changes(petshop: Path) -> None:
    """The compiled file holds what was merged; a changed fragment makes the sources count."""
    (petshop / FILE).write_bytes(compile_component(petshop))
    compiled = Component.load(petshop).model.source
    place = compiled.files["connection"]["apiKey"].problem(("probe", "path"), "X", "wrong")
    edit(petshop, "fragments/door.yaml", "path: /me", "path: /you")

    changed = Component.load(petshop).model.source

    assert (place.file, place.line) == ("fragments/door.yaml", 10)
    assert probe(compiled) == "/me"
    assert probe(changed) == "/you"


def test_tables_and_rules_in_files_of_their_own_count_as_if_in_the_component() -> None:
    """`component.yaml` is short, and what stands beside it is found there and in place."""
    component = read_component([ROOT]).component

    assert isinstance(component, MergedDocument)
    assert len(component.text.splitlines()) < 80
    assert component.problem(("tables", "crmModules"), "X", "wrong").file == "tables/crm.yaml"
    assert component.problem(("errors", "tokens", 0), "X", "wrong").file == "errors/tokens.yaml"
    assert component.problem(("services", "crm"), "X", "wrong").file == "component.yaml"


@pytest.mark.parametrize("root", [ROOT, PETSHOP], ids=["zoho", "petshop"])
def test_an_editor_that_sees_one_file_agrees(root: Path) -> None:
    """Each file fits its schema alone: what the schema requires of a part stands beside that part."""
    kinds = {"connections": "connection", "datasources": "datasource", "actions": "action", "triggers": "trigger",
             "fragments": "fragment", "tables": "tables", "errors": "errors"}  # fmt: skip
    wrong = [
        f"{path}: {violation.message}"
        for folder, kind in kinds.items()
        for path in (root / folder).rglob("*.yaml")
        for violation in language(kind).violations(read_yaml(path, path.name).data)
    ]

    assert not wrong, "\n".join(wrong)


def test_a_rule_without_code_has_the_default_one_and_its_own_wins() -> None:
    """`defaults: code` stands for the code of every rule that does not say its own."""
    rules = [
        {"when": "${ fault.code == 'own' }", "kind": "conflict", "code": "mine"},
        {"when": "${ fault.code is defined }", "kind": "conflict"},
    ]
    model = model_of(action("update", errors=rules), defaults={"code": "${ fault.code }"})
    answers = [{"status": 400, "json": {"code": code}} for code in ("own", "other")]
    desk = Shop(model, *answers)
    codes = []
    for _ in answers:
        with pytest.raises(ConnectorError) as caught:
            desk.run()
        codes.append(caught.value.code)

    assert codes == ["mine", "other"]


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {"fragments": "fragment"}[name.partition("/")[0]]
    path.write_text(f"# yaml-language-server: $schema=x/{kind}.schema.json\n{text}", "utf-8")


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def probe(source: Source) -> str:
    return str(source.files["connection"]["apiKey"].data["probe"]["path"])

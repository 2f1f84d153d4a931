"""Warnings: nothing unused, every rule reached, in this repository's own components first of all."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector_runtime.definition.check.rule_coverage import (
    reached_rules,
    record_rules_of,
    rules_of,
    unreached_rules,
)
from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.definition.problems.component_draft import Draft
from connector_runtime.definition.problems.report import render_problems
from connector_runtime.language.schemas.validator import Schemas

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "folder", [ROOT, ROOT / "tests" / "components" / "petshop"], ids=["catalogue", "petshop"]
)
def test_our_own_components_have_no_problems(folder: Path) -> None:
    """What we ship and test with is without a mistake and without a warning."""
    assert render_problems(find_problems([folder]), "text") == ""


def edit(path: Path, old: str, new: str) -> None:
    """Change a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def draft_of(folder: Path) -> Draft:
    """Return the parts of a component as the checks see them."""
    source = read_component([folder])
    return Draft(
        folders=source.folders,
        schemas=Schemas([folder]),
        component=source.component,
        files={kind: dict(documents) for kind, documents in source.files.items()},
        shared=dict(source.inputs),
    )


def test_rules_come_in_the_order_they_are_tried(kennel: Path) -> None:
    """A table that is used stands in the place of its `use`; without rules the default table counts."""
    draft = draft_of(kennel)

    assert [
        (owner.name, pointer) for owner, pointer in rules_of(draft, draft.files["action"]["createDog"])
    ] == [
        ("actions/dogs/createDog.yaml", ("errors", 0)),
        ("component.yaml", ("errors", "usual", 0)),
    ]
    assert [(owner.name, pointer) for owner, pointer in rules_of(draft, draft.files["action"]["getDog"])] == [
        ("component.yaml", ("errors", "usual", 0)),
    ]
    assert record_rules_of(draft, draft.files["action"]["getDog"]) == []


def test_whoever_runs_tests_can_say_what_was_reached(kennel: Path) -> None:
    """Rules that are not in the given set are warned of; the set is made of files and places."""
    draft = draft_of(kennel)

    assert unreached_rules(draft, reached_rules(draft)) == []
    assert {
        problem.line for problem in unreached_rules(draft, set()) if problem.file == "component.yaml"
    } == {34}


def test_a_rule_behind_another_that_holds_is_not_reached(kennel: Path) -> None:
    """Only the first rule that holds counts, as when a call fails."""
    edit(
        kennel / "component.yaml",
        "    - when: ${ fault.code == 'GONE' }\n",
        "    - { when: '${ reply.status == 410 }', kind: conflict }\n    - when: ${ fault.code == 'GONE' }\n",
    )

    assert [(problem.code, problem.line) for problem in find_problems([kennel])] == [("L002", 35)]


def test_a_reply_that_is_good_reaches_no_rule(kennel: Path) -> None:
    """What `ok` accepts is no failure, whatever else it holds."""
    edit(
        kennel / "actions/dogs/getDog.yaml",
        "ok: ${ reply.json.dog is defined }",
        "ok: ${ reply.status > 200 }",
    )
    edit(kennel / "actions/dogs/getDog.yaml", "reply: { status: 410,", "reply: { status: 203,")

    assert "L002" in {problem.code for problem in find_problems([kennel])}


def test_a_bad_status_reaches_a_rule_whatever_ok_says(kennel: Path) -> None:
    """`ok` narrows what the status says and never widens it."""
    edit(
        kennel / "actions/dogs/getDog.yaml",
        "ok: ${ reply.json.dog is defined }",
        "ok: ${ reply.status > 200 }",
    )

    assert "L002" not in {problem.code for problem in find_problems([kennel])}


def test_an_error_inside_a_reply_reaches_its_rule(kennel: Path) -> None:
    """Where `reply.error` finds one, the rules see that, as when a call fails."""
    edit(
        kennel / "actions/dogs/getDog.yaml",
        "  ok: ${ reply.json.dog is defined }",
        "  error: ${ reply.json.dogs | find('gone', true) }",
    )
    edit(
        kennel / "actions/dogs/getDog.yaml",
        "reply: { status: 410, json: { code: GONE } }",
        "reply: { json: { dogs: [{ gone: true, code: GONE }] } }",
    )

    assert "L002" not in {problem.code for problem in find_problems([kennel])}


def test_failed_records_reach_the_rules_for_records(kennel: Path) -> None:
    """In a many-record reply each failed item is judged by itself."""
    edit(
        kennel / "actions/dogs/createDog.yaml",
        "errors:\n  - when: ${ fault.code == 'TAKEN' }\n    kind: duplicate\n    existingId: ${ fault.id }\n  - use: usual\n",
        "reply:\n  results:\n    items: ${ reply.json.dogs }\n    ok: ${ item.ok }\n"
        "    errors: [{ when: \"${ fault.code == 'TAKEN' }\", kind: duplicate }]\n",
    )
    assert [problem.code for problem in find_problems([kennel])] == ["L002"]

    edit(
        kennel / "actions/dogs/createDog.yaml",
        'status: 409, json: { code: TAKEN, id: "3" }',
        "json: { dogs: [{ code: TAKEN }] }",
    )

    assert find_problems([kennel]) == []


def test_an_input_that_only_its_condition_mentions_counts_as_used(kennel: Path) -> None:
    """Inputs are used by expressions anywhere in the file, shared ones and the component's included."""
    edit(
        kennel / "actions/dogs/getDog.yaml",
        "  fields: { type: list, label: Fields }",
        '  fields: { type: list, label: Fields, showIf: "${ inputs.more }" }\n  more: { type: boolean, label: More }',
    )

    assert find_problems([kennel]) == []


def test_a_whole_map_of_inputs_uses_all_of_them(kennel: Path) -> None:
    """An expression that takes all inputs, or one by a computed name, uses every input."""
    edit(
        kennel / "actions/dogs/getDog.yaml",
        'owner: "${ inputs.owner }"',
        'owner: "${ inputs[inputs.breed] }"',
    )

    assert find_problems([kennel]) == []

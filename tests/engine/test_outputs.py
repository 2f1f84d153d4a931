"""What an action gives back has a shape: tests and examples are judged by it, calls never are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector_runtime.component.describe import describe_action
from connector_runtime.errors import DefinitionError
from connector_runtime.language.schemas.outputs import bundled, output_misuses, output_validator
from connector_runtime.language.schemas.validator import Schemas
from connector_runtime.testing.cases import cases_of, run_case
from engine.shop import SENT, Shop, action, model_of
from unit.conftest import KENNEL

SHAPE = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
NUMBERED = {"json": {"id": 7}}


def of(schema: Any, **parts: Any) -> dict[str, Any]:
    """Return an action whose output has this schema."""
    definition = action("read", reply={"schema": schema}, **parts)
    return json.loads(json.dumps(definition))  # type: ignore[no-any-return]


def failed(*actions: dict[str, Any]) -> list[str]:
    """Return the names of the tests that fail."""
    model = model_of(*actions)
    return [case.name for case in cases_of(model) if run_case(model, case)]


def test_every_output_of_a_test_is_judged() -> None:
    """Also where the test itself asks for something else."""
    tests = {"right": {"example": "one", "requests": 1},
             "wrong": {"example": "one", "reply": NUMBERED, "requests": 1}}  # fmt: skip

    assert failed(of(SHAPE, tests=tests)) == ["wrong"]


def test_what_does_not_fit_is_named_with_its_place() -> None:
    """The author finds it without looking at the whole output."""
    model = model_of(of(SHAPE, tests={"t": {"example": "one", "reply": NUMBERED, "requests": 1}}))

    found = run_case(model, next(cases_of(model)))

    assert found[0] == "output does not fit `reply.schema`: id: `id` must be a text, and is a whole number"


def test_every_example_is_judged() -> None:
    """A page shows it as what to expect: one of another shape fails, and one whose call gives nothing."""
    examples = {
        "one": {"inputs": {}, "reply": SENT},
        "odd": {"inputs": {}, "reply": NUMBERED},
        "no": {"inputs": {}, "reply": {"status": 404}},
    }

    assert failed(of(SHAPE, examples=examples)) == ["example: odd", "example: no"]


def test_a_call_is_never_judged() -> None:
    """A vendor's surprise must not make a failure of a write that was done."""
    assert Shop(model_of(of(SHAPE)), NUMBERED).run().data == {"id": 7}


def test_the_catalogue_tells_shape_and_sample() -> None:
    """The sample is what the action itself makes of its first example."""
    reply = {"output": {"number": "${ reply.json.id }"}, "schema": {"title": "Order", "type": "object"}}
    shown = describe_action(model_of(json.loads(json.dumps(action("read", reply=reply)))).actions["order"])

    assert shown["outputSchema"] == {"title": "Order", "type": "object"}
    assert shown["sample"] == {"number": "7"}


@pytest.mark.parametrize("reply", [{"status": 404}, {"error": "timeout"}])
def test_an_example_of_a_refusal_gives_no_sample(reply: Any) -> None:
    """There is nothing that comes back."""
    one = action("read", examples={"one": {"inputs": {}, "reply": reply}}, tests={})

    assert "sample" not in describe_action(model_of(one).actions["order"])


def test_a_schema_may_refer_to_files() -> None:
    """Names are relative to `schemas/`, wherever the schema stands."""
    schemas = Schemas([KENNEL])
    given = {"type": "array", "items": {"$ref": "records/dog.json"}}
    judge = output_validator(given, schemas)

    assert judge is not None
    assert judge.is_valid([{"name": "Rex"}])
    assert not judge.is_valid([{"name": 7}])


def test_what_is_handed_on_needs_no_file() -> None:
    """Those that it refers to stand in it, each under its own address."""
    whole = bundled({"items": {"$ref": "records/dog.json"}}, Schemas([KENNEL]))

    [part] = whole["$defs"].values()
    assert part["$id"].endswith("records/dog.json")
    assert bundled("records/dog", Schemas([KENNEL]))["properties"].keys() == part["properties"].keys()


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"typ": "object"}, "typ"),
        ({"items": {"$ref": "records/cat.json"}}, "nothing at"),
        ({"pattern": "(a+)+$"}, ""),
    ],
)
def test_a_schema_that_cannot_be_used_is_a_problem(schema: Any, message: str) -> None:
    """Misspelt keywords, references to nothing and slow patterns are found when the files are read."""
    assert message in output_misuses(schema, Schemas([KENNEL]))[0][1]
    with pytest.raises(DefinitionError, match="S020"):
        model_of(of(schema))


def test_the_last_step_makes_the_output() -> None:
    """Its schema is the action's; what an earlier step says of an output is noticed when it is checked."""
    steps = {
        "one": {"effect": "read", "request": action("read")["request"]},
        "two": {"effect": "read", "request": action("read")["request"], "reply": {"schema": SHAPE}},
    }
    whole = action("read", tests={"t": {"example": "one", "reply": NUMBERED, "requests": 2}}, steps=steps)
    stepped = {key: part for key, part in whole.items() if key not in ("request", "reply")}

    assert failed(json.loads(json.dumps(stepped))) == ["t"]


def test_a_file_that_there_is_not_is_a_problem() -> None:
    """By name as elsewhere."""
    with pytest.raises(DefinitionError, match="R026"):
        model_of(of("records/nothing"))

"""What is handed on as JSON has the shapes that the reference promises."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cases import shapes_page
from connector_runtime import Component
from connector_runtime.errors import KINDS, ConnectorError, DefinitionError, error_of
from connector_runtime.testing import cases, pushed_cases
from engine.shop import Shop, action, model_of
from engine.test_paging import listing
from meta.repository import ROOT

SCHEMA = json.loads(shapes_page.SCHEMA.read_text("utf-8"))
FOLDERS = {"this repository's": ROOT, "the pet shop's": ROOT / "tests" / "components" / "petshop"}


def misfits(shape: Any, name: str) -> list[str]:
    """Return what is wrong with a shape by its schema, after a writer and a reader had it."""
    judge = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})
    read = json.loads(json.dumps(shape, allow_nan=False))
    return [f"{name}/{'/'.join(map(str, one.path))}: {one.message[:300]}" for one in judge.iter_errors(read)]


def test_the_page_is_the_one_that_the_schema_gives() -> None:
    """`python tests/cases/shapes_page.py` writes it."""
    assert shapes_page.PAGE.read_text("utf-8") == shapes_page.page()
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_knows_every_kind_of_error() -> None:
    """A new kind is written down where programs look for it."""
    assert SCHEMA["$defs"]["error"]["properties"]["kind"]["enum"] == [*KINDS]


@pytest.mark.parametrize("whose", FOLDERS)
def test_every_outcome_of_every_embedded_test_has_its_shape(
    whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results, errors, polls and pushes of both components, of all their tests."""
    found: list[str] = []
    seen: set[str] = set()

    def judged(outcome: Any, name: str) -> None:
        seen.add(name)
        found.extend(misfits(outcome.to_dict(), name))

    differences, polled, pushed = cases.differences, cases._polled, pushed_cases.judge

    def of_call(wanted: Any, script: Any, clock: Any, outcome: Any) -> Any:
        judged(outcome, "error" if isinstance(outcome, ConnectorError) else "result")
        return differences(wanted, script, clock, outcome)

    def of_poll(case: Any, poll: Any) -> Any:
        judged(poll, "poll")
        return polled(case, poll)

    def of_push(*given: Any) -> Any:
        received = pushed(*given)
        judged(received, "push")
        return received

    monkeypatch.setattr(cases, "differences", of_call)
    monkeypatch.setattr(cases, "_polled", of_poll)
    monkeypatch.setattr(pushed_cases, "judge", of_push)
    model = Component.load(FOLDERS[whose]).model
    for case in cases.cases_of(model):
        assert cases.run_case(model, case) == []

    assert found == []
    assert seen == {"result", "error", "poll", "push"}


def test_what_a_session_hands_out_has_its_shape() -> None:
    """Events of telemetry, pages and a request that is not sent."""
    shop = Shop(listing(), {"status": 500}, {"json": {"orders": [{"id": 1}], "more": True}, "status": 200})
    shop.run(retries=1)
    (page,) = Shop(listing(), {"json": {"orders": [1], "more": False}, "status": 200}).session.pages("order")

    assert [misfits(event.to_dict(), "event") for event in shop.events] == [[]] * len(shop.events)
    assert {event.kind for event in shop.events} == {"start", "attempt", "wait", "action"}
    assert misfits(page.to_dict(), "page") == []


def test_a_request_that_is_not_sent_has_its_shape() -> None:
    """For every example of both components."""
    for folder in FOLDERS.values():
        component = Component.load(folder)
        for key, one in component.actions.items():
            for example in one.examples.values():
                connection = cases.connection_of(component.model, one, example)
                try:
                    shape, name = (
                        component.request(key, example.get("inputs", {}), connection).to_dict(),
                        "request",
                    )
                except ConnectorError as problem:
                    shape, name = problem.to_dict(), "error"
                assert misfits(shape, name) == [], key


def test_an_error_of_definition_lists_its_problems() -> None:
    """Each with file, place, code, words and the line itself, as the command line tells them."""
    with pytest.raises(DefinitionError) as caught:
        model_of(action("read", label=[], description=7))

    shape = caught.value.to_dict()
    assert misfits(shape, "error") == []
    assert len(shape["problems"]) == len(caught.value.problems) > 1
    assert list(shape["problems"][0]) == [
        "file", "line", "column", "code", "message", "hint", "source", "severity",
    ]  # fmt: skip
    assert shape["problems"][0]["source"] == "label: []"
    assert "problems" not in DefinitionError("no component is here").to_dict()


@pytest.mark.parametrize("whose", FOLDERS)
def test_the_catalogue_holds_nothing_but_json(whose: str) -> None:
    """Any writer takes `describe()`, samples included."""
    catalogue = Component.load(FOLDERS[whose]).describe()

    assert json.loads(json.dumps(catalogue, allow_nan=False)) == catalogue


def test_an_error_as_text_keeps_every_digit() -> None:
    """`to_json` has the members of `to_dict`, and numbers as the service wrote them."""
    id_, amount = 9_007_199_254_740_993, Decimal("0.10000000000000000005")
    error = error_of("duplicate", "There is one already.", details={"id": id_, "amount": amount}, items=[b"x"])

    assert '"id":9007199254740993,"amount":0.10000000000000000005' in error.to_json()
    assert json.loads(error.to_json(indent=2), parse_float=str) == json.loads(json.dumps(error.to_dict()))
    assert misfits(json.loads(error.to_json()), "error") == []

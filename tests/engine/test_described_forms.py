"""A form that has only read the catalogue shows, hides and requires what the runtime does."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cases.form_program import Form
from connector_runtime import Component
from engine.shop import action, model_of
from engine.test_shapes import FOLDERS, misfits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EMPTY = [None, "", "  ", [], {}]
# Of each type a value that no reader takes, to see whether a field is read at all.
UNREADABLE = {
    "integer": "many", "number": "many", "boolean": "perhaps", "date": "once", "datetime": "once",
    "list": 7, "object": 7, "keyvalue": 7, "file": 7, "files": 7,
}  # fmt: skip
LIKELY = ["a", "1", "fish", "cats", 1, 20, True, False, ["a"], {"a": "b"}, "2024-05-01", "a@b.example"]


@functools.cache
def component_of(whose: str) -> Component:
    return Component.load(FOLDERS[whose])


@functools.cache
def catalogue_of(whose: str) -> dict[str, Any]:
    return component_of(whose).describe()


def forms(whose: str) -> list[dict[str, Any]]:
    """Return what the catalogue says of every action and trigger."""
    catalogue = catalogue_of(whose)
    return [*catalogue["actions"], *catalogue["triggers"]]


def values_of(form: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what people may enter into each field: good values, and nothing in several ways."""
    found = {}
    for field in form["inputs"]:
        judge = Draft202012Validator(form["inputSchema"]["properties"][field["key"]])
        likely = [field.get("example"), field.get("default"), *LIKELY]
        likely += [choice["value"] for choice in field.get("choices", ())]
        good = [value for value in likely if value not in EMPTY and judge.is_valid(value)]
        found[field["key"]] = [*EMPTY[:3], *good]
    return found


def entries(form: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return what people may enter into a form, some fields left out."""
    optional = {key: st.sampled_from(values) for key, values in values_of(form).items()}
    return st.fixed_dictionaries({}, optional=optional)


def one_by_one(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return forms with one field filled in, with each value."""
    return [{}, *({key: value} for key, values in values_of(form).items() for value in values)]


def missing(component: Component, key: str, entered: Mapping[str, Any]) -> set[str]:
    """Return what the runtime says is missing."""
    return {
        str(problem.input)
        for problem in component.validate(key, entered)
        if problem.message.endswith(" is missing.")
    }


def agrees_whatever_is_entered(component: Component, form: dict[str, Any]) -> None:
    key = form["key"]

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(entered=entries(form))
    @example(entered={})
    def agrees(entered: dict[str, Any]) -> None:
        filled = Form(form, entered, functools.partial(component.asked, key))
        asked = component.asked(key, entered)
        assert filled.missing == missing(component, key, entered), key
        assert filled.shown == {one for one in asked if asked[one]["shown"]}, key
        assert filled.required == {one for one in filled.shown if asked[one]["required"]}, key

    agrees()


@pytest.mark.parametrize("whose", FOLDERS)
def test_a_form_that_knows_the_catalogue_requires_what_the_runtime_requires(whose: str) -> None:
    """Whatever is entered, left out or cleared, for every action and trigger."""
    for form in forms(whose):
        agrees_whatever_is_entered(component_of(whose), form)


@pytest.mark.parametrize("whose", FOLDERS)
def test_a_field_that_a_form_hides_is_not_read(whose: str) -> None:
    """What nobody could read is refused where the form shows the field, and nowhere else."""
    conditional = [
        (form, field["key"], field["type"])
        for form in forms(whose)
        for field in form["inputs"]
        if "showWhen" in field and field["type"] in UNREADABLE
    ]
    assert conditional

    for form, input_key, kind in conditional:
        component, key = component_of(whose), form["key"]
        seen = set()

        for entered in one_by_one(form):
            wrong = {**entered, input_key: UNREADABLE[kind]}
            problems = {problem.input for problem in component.validate(key, wrong)}
            is_shown = input_key in Form(form, entered, functools.partial(component.asked, key)).shown
            assert (input_key in problems) is is_shown, key
            seen.add(is_shown)
        assert seen == {True, False}, key


def rules_of(catalogue: Mapping[str, Any]) -> Iterator[tuple[str, set[str], list[str]]]:
    """Yield whose rule it is, which inputs there are, and which it names."""
    for kind in ("actions", "triggers", "connections", "dataSources"):
        for one in catalogue[kind]:
            known = {field["key"] for field in one["inputs"]}
            for check in one.get("checks", ()):
                yield (
                    one["key"],
                    known,
                    [*check["dependsOn"], *([check["input"]] if "input" in check else [])],
                )
                yield one["key"], known, inputs_said(check.get("when", {}))
            for field in one["inputs"]:
                for word in ("showWhen", "requiredWhen"):
                    rule = field.get(word, {"dependsOn": []})
                    yield one["key"], known, rule["dependsOn"]
                    assert set(inputs_said(rule.get("when", {}))) <= set(rule["dependsOn"])
                yield one["key"], known, field.get("choicesDependOn", []) + field.get("schemaDependsOn", [])


def inputs_said(when: Mapping[str, Any]) -> list[str]:
    parts = [when["not"]] if "not" in when else when.get("all", when.get("any", []))
    return [key for part in parts for key in inputs_said(part)] + ([when["input"]] if "input" in when else [])


@pytest.mark.parametrize("whose", FOLDERS)
def test_every_input_that_a_rule_depends_on_is_in_the_form(whose: str) -> None:
    """A form need not look elsewhere."""
    for key, known, named in rules_of(catalogue_of(whose)):
        assert set(named) <= known, key


@pytest.mark.parametrize("whose", FOLDERS)
def test_the_catalogue_has_its_shape_and_is_always_the_same(whose: str) -> None:
    """By the schema that is handed out; and two processes may compare theirs."""
    catalogue = catalogue_of(whose)

    assert misfits(catalogue, "catalogue") == []
    assert json.dumps(catalogue) == json.dumps(Component.load(FOLDERS[whose]).describe())


@pytest.mark.parametrize("whose", FOLDERS)
def test_the_catalogue_holds_no_secret(whose: str) -> None:
    """Samples are made with connections whose keys and tokens stay where they are."""
    text, component = json.dumps(catalogue_of(whose)), component_of(whose)
    secrets = set()
    for connection in component.connections.values():
        hidden = [entry.key for entry in connection.inputs if entry.type == "secret"]
        for one in connection.definition.get("examples", {}).values():
            given_values = {**one.get("fields", {}), **one.get("token", {})}
            secrets |= {
                given_values[key] for key in [*hidden, "access_token", "refresh_token"] if key in given_values
            }

    assert secrets
    assert not [secret for secret in secrets if secret in text]


def form_of(**inputs: Any) -> tuple[Component, dict[str, Any]]:
    labelled = {key: {"label": key.upper(), **definition} for key, definition in inputs.items()}
    component = Component(model_of(action("read", inputs={**action("read")["inputs"], **labelled})))
    return component, component.describe()["actions"][0]


CONDITIONS = {
    "${ inputs.a == 'x' }": {"input": "a", "equals": "x"},
    "${ inputs.a != 'x' }": {"not": {"input": "a", "equals": "x"}},
    "${ inputs.a in ['x', 'y'] }": {"input": "a", "in": ["x", "y"]},
    "${ inputs.a not in ['x'] }": {"not": {"input": "a", "in": ["x"]}},
    "${ inputs.a == none }": {"input": "a", "equals": None},
    "${ inputs.a }": {"input": "a", "filled": True},
    "${ inputs.a is defined }": {"input": "a", "given": True},
    "${ not inputs.a and inputs.n == 1 }": {"all": [{"not": {"input": "a", "filled": True}}, {"input": "n", "equals": 1}]},
    "${ inputs.a or inputs.n or inputs.f }": {"any": [{"input": key, "filled": True} for key in "anf"]},
}  # fmt: skip
OTHERS = {
    "a": {"type": "string"},
    "n": {"type": "integer"},
    "f": {"type": "boolean"},
}


@pytest.mark.parametrize("source", CONDITIONS)
def test_a_plain_condition_is_said_as_data(source: str) -> None:
    """And the form program judges it as the runtime does, whatever is entered."""
    component, form = form_of(**OTHERS, it={"type": "integer", "showIf": source})
    (rule,) = [field["showWhen"] for field in form["inputs"] if field["key"] == "it"]
    assert rule["when"] == CONDITIONS[source]

    @settings(max_examples=60, deadline=None)
    @given(entered=entries(form), a=st.sampled_from([None, "", " ", "x", "y", "z", ...]))
    def agrees(entered: dict[str, Any], a: Any) -> None:
        entered = {**entered, **({} if a is ... else {"a": a}), "it": "many"}
        is_read = any(problem.input == "it" for problem in component.validate("order", entered))
        assert ("it" in Form(form, entered, functools.partial(component.asked, "order")).shown) is is_read

    agrees()


@pytest.mark.parametrize(
    "source",
    ["${ inputs.n > 3 }", "${ inputs.a | lower == 'x' }", "${ inputs.a == inputs.n }", "${ inputs.a is matching('x+') }"],
)  # fmt: skip
def test_any_other_condition_is_to_be_asked_for(source: str) -> None:
    """The catalogue says so, and what it depends on; `asked` has the answer."""
    component, form = form_of(**OTHERS, it={"type": "integer", "requiredIf": source})
    (rule,) = [field["requiredWhen"] for field in form["inputs"] if field["key"] == "it"]

    assert rule["evaluate"] is True
    assert "when" not in rule
    assert set(rule["dependsOn"]) <= {"a", "n"}
    assert component.asked("order", {"a": "q", "n": 1})["it"] == {"shown": True, "required": False}


def test_a_condition_of_the_connection_has_no_answer_without_one() -> None:
    """Whoever asks learns that it needs a connection, and gets the answer with one."""
    component, form = form_of(it={"type": "integer", "showIf": "${ connection.site.key == 'main' }"})
    (field,) = [field for field in form["inputs"] if field["key"] == "it"]

    assert field["showWhen"] == {"dependsOn": [], "usesConnection": True, "evaluate": True}
    assert component.asked("order", {})["it"] == {"shown": None, "required": False}
    connection = {"key": "key", "fields": {"key": "shop-key-123456"}}
    assert component.asked("order", {}, connection)["it"]["shown"] is True


def test_what_cannot_be_read_counts_as_not_given() -> None:
    """A form is drawn while people still type."""
    component, _ = form_of(n={"type": "integer"}, it={"type": "string", "showIf": "${ inputs.n is defined }"})

    assert component.asked("order", {"n": "many"})["it"]["shown"] is False
    assert component.asked("order", {"n": "7"})["it"]["shown"] is True

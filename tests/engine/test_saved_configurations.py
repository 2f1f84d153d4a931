"""What was saved before a component changed goes on working, and says what should be changed."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime import Component
from connector_runtime.access.policy import Policy
from connector_runtime.component.describe import describe_action
from connector_runtime.errors import InputError
from connector_runtime.inputs.former import renamed
from connector_runtime.inputs.inputs import build_inputs
from engine.shop import CONNECTION, SENT, Shop, action, model_of
from meta.repository import PETSHOP

OLD_INPUTS = {
    "recordName": {"type": "string", "label": "Name", "required": True, "renamedFrom": ["name", "title"],
                   "documentation": "https://docs.example.com/names"},
    "sort": {"type": "string", "label": "Sort", "choices": [
        "up", {"value": "down", "label": "Down", "deprecated": "Choose up."}]},
    "note": {"type": "string", "label": "Note", "deprecated": "Nobody reads it."},
}  # fmt: skip


def shop(*replies: Any, **parts: Any) -> Shop:
    request = {
        "service": "api",
        "path": "/orders",
        "query": {"n": "${ inputs.recordName }", "s": "${ inputs.sort }", "t": "${ inputs.note }"},
    }
    inputs = action("read")["inputs"] | OLD_INPUTS
    inputs.pop("name")
    examples = {"one": {"inputs": {"recordName": "n"}, "reply": SENT}}
    given = {"inputs": inputs, "request": request, "aliases": ["oldOrder"], "examples": examples, **parts}
    return Shop(model_of(action("read", **given)), *(replies or (SENT,)))


def test_a_former_key_is_taken_with_a_warning() -> None:
    """The value goes where the input of today's name goes."""
    desk = shop()

    result = desk.run(title="Fern")

    assert desk.urls == ["https://api.example.com/v1/orders?n=Fern"]
    assert result.warnings == ("The input `title` is called `recordName` now.",)


def test_two_names_with_two_values_are_refused() -> None:
    """Nobody guesses which of them is meant; nothing is sent."""
    desk = shop()

    with pytest.raises(InputError, match="`title`, its former name, and as `recordName`") as caught:
        desk.run(title="Fern", recordName="Moss")

    assert (caught.value.input, desk.sent) == ("recordName", 0)


@pytest.mark.parametrize("former", ["", None, "Moss"])
def test_a_former_key_that_says_nothing_else_is_no_clash(former: Any) -> None:
    """Forms save all their fields, also the empty ones."""
    desk = shop()

    desk.run(title=former, recordName="Moss")

    assert desk.urls == ["https://api.example.com/v1/orders?n=Moss"]


@pytest.mark.parametrize("order", [1, -1])
def test_todays_key_without_a_value_is_no_clash(order: int) -> None:
    """A form of today beside a saved value: what was saved counts, in whatever order both come."""
    desk = shop()

    desk.run(**dict([("title", "Moss"), ("recordName", "")][::order]))

    assert desk.urls == ["https://api.example.com/v1/orders?n=Moss"]


@pytest.mark.parametrize("order", [1, -1])
def test_two_writings_of_one_value_are_no_clash(order: int) -> None:
    """A number as a text and as a number are the same number."""
    desk = shop()

    desk.run(**dict([("title", 7), ("recordName", "7")][::order]))

    assert desk.urls == ["https://api.example.com/v1/orders?n=7"]


@pytest.mark.parametrize(("title", "name"), [("Fern", None), (None, "")])
def test_null_is_something_to_say(title: Any, name: Any) -> None:
    """Null under today's name clears, so a value beside it is a clash; a former null says nothing."""
    plan = build_inputs({"a": {"type": "string", "label": "A", "renamedFrom": ["b"]}}, {})
    if title is None:
        assert renamed(plan, {"b": title, "a": name}) == {"a": name}
    else:
        with pytest.raises(InputError, match="given twice"):
            renamed(plan, {"b": title, "a": name})


def test_a_former_action_key_runs_the_action() -> None:
    """The result names the action of today."""
    desk = shop()

    assert desk.run("oldOrder", recordName="n").status == 200


def test_what_is_deprecated_is_done_with_a_warning() -> None:
    """An action, an input and a choice say why, and only where they are used."""
    desk = shop(SENT, SENT, deprecated="Use Orders.")

    plain = desk.run(recordName="n")
    result = desk.run(recordName="n", sort="down", note="x")

    assert plain.warnings == ("The action `order` is deprecated: Use Orders.",)
    assert result.warnings[1:] == (
        "The choice `down` of `sort` is deprecated: Choose up.",
        "The input `note` is deprecated: Nobody reads it.",
    )


def test_new_forms_are_not_offered_what_is_deprecated() -> None:
    """Such inputs are hidden and such choices left out; the schema still takes both."""
    model = model_of(action("read", inputs=action("read")["inputs"] | OLD_INPUTS | {"name": {
        "type": "string", "label": "N", "default": "n"}, "recordName": {
        **OLD_INPUTS["recordName"], "renamedFrom": ["title"]}},
        request={"service": "api", "path": "/o", "query": {
            "n": "${ inputs.name ~ inputs.recordName }", "s": "${ inputs.sort }", "t": "${ inputs.note }"}},
        examples={"one": {"inputs": {"recordName": "n"}, "reply": SENT}}))  # fmt: skip

    described = describe_action(model.actions["order"])

    fields = {field["key"]: field for field in described["inputs"]}
    assert fields["sort"]["choices"] == [{"value": "up", "label": "up"}]
    assert (fields["note"]["shown"], fields["note"]["deprecated"]) == ("hidden", "Nobody reads it.")
    assert fields["recordName"]["documentation"] == "https://docs.example.com/names"
    properties = described["inputSchema"]["properties"]
    assert properties["note"]["deprecated"] is True
    assert [choice["const"] for choice in properties["sort"]["oneOf"]] == ["up", "down"]


def test_a_policy_may_name_inputs_and_actions_as_they_were_called() -> None:
    """A rule that was written before a key changed protects what it protected."""
    model = Component.load(PETSHOP).model
    policy = Policy(model, {"actions": ["showPet"], "inputs": {"petId": ["p-1"]}})

    with pytest.raises(Exception, match="does not allow `p-2`"):
        policy.judge(model.actions["getPet"], {"inputs": {"pet": "p-2"}})


def test_a_connection_that_was_saved_under_former_keys_opens() -> None:
    """Fields of connections may have other names than they had; each result says so."""
    connection = {**CONNECTION, "inputs": {
        "secretKey": {"type": "secret", "label": "Key", "required": True, "renamedFrom": ["key"]}},
        "apply": {"headers": {"X-Key": "${ secrets.secretKey }"}, "hosts": ["${ connection.site.api }"]},
    }  # fmt: skip
    desk = Shop(model_of(action("read"), connection=connection), SENT)

    result = desk.run()

    assert dict(desk.script.sent[0].headers)["X-Key"] is not None
    assert result.warnings == ("The input `key` is called `secretKey` now.",)


def test_a_preview_shows_the_same_warnings() -> None:
    """Whoever looks before sending learns it, too."""
    component = Component.load(PETSHOP)
    connection = {"key": "apiKey", "fields": {"site": "south", "apiKey": "an-example-not-a-key"}}

    plan = component.request("getPaper", {"animal": "p-1", "year": 2024}, connection)

    assert plan.url == "https://api.south.whisker.example/paper/care/2024/p-1?branch=1&form=text"
    assert [warning.split("`")[1] for warning in plan.warnings] == ["animal", "year"]

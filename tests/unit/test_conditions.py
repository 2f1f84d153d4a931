"""Defaults, fields under a condition, and records judged by their schema."""

from __future__ import annotations

import json

import pytest

from connector_runtime.errors import DefinitionError, InputError
from connector_runtime.inputs.inputs import build_inputs
from connector_runtime.language.schemas.validator import Schemas
from unit.input_cases import one, taken


def test_a_default_that_the_input_refuses_is_the_authors_mistake():
    """It is found when the inputs are built, not when someone runs the action."""
    with pytest.raises(DefinitionError, match="the default of the input `n`"):
        build_inputs({"n": {"type": "integer", "default": "ten"}}, {})
    with pytest.raises(DefinitionError, match="no table called `sorts`"):
        build_inputs({"n": {"type": "string", "choicesFrom": {"table": "sorts"}}}, {})
    with pytest.raises(DefinitionError, match="the input `n`"):
        build_inputs({"n": {"type": "string", "showIf": "${ inpts.a }"}}, {})
    with pytest.raises(DefinitionError, match="no type that is known"):
        build_inputs({"n": {"type": "strnig"}}, {})


def test_a_default_of_the_connection_is_checked_like_anything_entered():
    """What the connection holds may be wrong too."""
    definition = {"type": "string", "pattern": "^[0-9]+$", "default": "${ connection.shop }"}

    with pytest.raises(InputError, match='"S1" does not have the right form'):
        one(definition, connection={"shop": "S1"})


ATTACHMENT = {
    "source": {"type": "string", "choices": ["file", "link"], "default": "file"},
    "content": {
        "type": "text",
        "label": "Content",
        "required": True,
        "showIf": "${ inputs.source == 'file' }",
    },
    "link": {"type": "string", "label": "Link", "required": True, "showIf": "${ inputs.source == 'link' }"},
    "title": {"type": "string", "default": "Untitled", "showIf": "${ inputs.link is defined }"},
}


def test_an_input_that_is_not_shown_counts_as_not_given():
    """A value left in a hidden field is not sent, its default is not used, and it is not required."""
    found = taken(ATTACHMENT, source="link", content="left over", link="https://example.com")

    assert found == {"source": "link", "link": "https://example.com", "title": "Untitled"}


def test_an_input_that_is_shown_is_read_like_any_other():
    """What is wrong in a field under a condition is refused where the field is shown."""
    definitions = {
        "wanted": {"type": "boolean"},
        "count": {"type": "integer", "label": "Count", "showIf": "${ inputs.wanted }"},
    }

    assert taken(definitions, wanted=False, count="many") == {"wanted": False}
    with pytest.raises(InputError, match='Count: "many" is not a number'):
        taken(definitions, wanted=True, count="many")


def test_an_input_that_is_shown_is_required():
    """`required` holds where the field is asked for."""
    with pytest.raises(InputError, match="Content is missing"):
        taken(ATTACHMENT)
    with pytest.raises(InputError, match="Link is missing"):
        taken(ATTACHMENT, source="link", link="")


def test_two_inputs_can_require_each_other():
    """A parent's type without its id is refused, and the other way round."""
    definitions = {
        "type": {"type": "string", "label": "Type", "requiredIf": "${ inputs.id }"},
        "id": {"type": "string", "label": "Id", "requiredIf": "${ inputs.type }"},
    }

    assert taken(definitions) == {}
    assert taken(definitions, type="a", id="1") == {"type": "a", "id": "1"}
    with pytest.raises(InputError, match="Id is missing"):
        taken(definitions, type="a")
    with pytest.raises(InputError, match="Type is missing"):
        taken(definitions, type="", id="1")


# Record schemas ---------------------------------------------------------------------------

CAT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "tags": {"type": "array"}},
    "additionalProperties": False,
    "$defs": {"create": {"$anchor": "create", "required": ["name"], "$ref": "#"}},
}


@pytest.fixture
def schemas(tmp_path):
    folder = tmp_path / "schemas" / "records"
    folder.mkdir(parents=True)
    (folder / "cats.json").write_text(json.dumps(CAT), "utf-8")
    return Schemas([tmp_path])


RECORD = {
    "kind": {"type": "string"},
    "record": {"type": "keyvalue", "label": "Record", "schema": "records/${ inputs.kind }"},
}


def test_a_record_schema_gives_texts_their_types(schemas):
    """Where the schema knows the field, text from a key/value list becomes what the field is."""
    found = taken(RECORD, kind="cats", record='name=7&age=7&tags=["a"]', schemas=schemas)

    assert found["record"] == {"name": "7", "age": 7, "tags": ["a"]}
    assert found["record"].pairs == (("name", "7"), ("age", 7), ("tags", ["a"]))


def test_a_record_schema_refuses_what_does_not_fit(schemas):
    """The message has the input's label, the field, and the field that was meant."""
    with pytest.raises(InputError, match=r"Record: .*`nmae`.*name") as caught:
        taken(RECORD, kind="cats", record="nmae: Tom", schemas=schemas)
    assert caught.value.input == "record"
    with pytest.raises(InputError, match='Record: age: "old" is not a number'):
        taken(RECORD, kind="cats", record="age: old", schemas=schemas)
    with pytest.raises(InputError, match=r"Record: .*`name` is missing"):
        taken(
            {"record": {"type": "object", "label": "Record", "schema": "records/cats#create"}},
            record={"age": 1},
            schemas=schemas,
        )


@pytest.mark.parametrize("kind", ["dogs", "../cats", ""])
def test_without_such_a_schema_nothing_is_checked(schemas, kind):
    """A record type nobody described takes any field."""
    found = taken(RECORD, kind=kind, record="nmae: Tom", schemas=schemas)

    assert found["record"] == {"nmae": "Tom"}


def test_a_value_that_is_not_given_is_not_judged(schemas):
    """An absent record has no violations."""
    assert taken(RECORD, kind="cats", schemas=schemas) == {"kind": "cats"}

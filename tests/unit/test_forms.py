"""Inputs as data: what a form or an agent is told is what is then taken."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connector_runtime.errors import InputError
from connector_runtime.inputs.inputs import build_inputs, form_fields, input_schema, take

TABLES = {"kinds": {"cats": {"label": "Cats"}, "dogs": {"label": "Dogs"}}}


def built(**definitions):
    return build_inputs(definitions, TABLES)


def schema_of(**definitions):
    schema = input_schema(built(**definitions))
    Draft202012Validator.check_schema(schema)
    return schema


def property_of(definition):
    return schema_of(it=definition)["properties"]["it"]


def is_valid(schema, value):
    return Draft202012Validator(schema).is_valid(value)


def test_a_property_has_what_a_form_needs():
    """Label, help, limits, default, example, group and who sees it."""
    definition = {
        "type": "integer",
        "label": "Per Page",
        "help": "Records on a page.",
        "default": "20",
        "example": 10,
        "min": 1,
        "max": 200,
        "group": "Paging",
        "shown": "deployer",
    }

    assert property_of(definition) == {
        "title": "Per Page",
        "description": "Records on a page.",
        "type": "integer",
        "minimum": 1,
        "maximum": 200,
        "default": 20,
        "examples": [10],
        "x-group": "Paging",
        "x-shown": "deployer",
    }


def test_the_order_of_the_form_is_kept():
    """Properties stand as the author wrote them, and nothing else is allowed."""
    schema = schema_of(b={"type": "string"}, a={"type": "string"}, c={"type": "string"})

    assert list(schema["properties"]) == ["b", "a", "c"]
    assert schema["additionalProperties"] is False


def test_choices_have_their_labels():
    """Values with labels are constants with titles; plain ones an enumeration; list entries too."""
    labelled = {"type": "string", "choicesFrom": {"table": "kinds", "label": "label"}}
    plain = {"type": "string", "choices": ["a", "b"]}

    assert property_of(labelled)["oneOf"] == [
        {"const": "cats", "title": "Cats"},
        {"const": "dogs", "title": "Dogs"},
    ]
    assert property_of(plain)["enum"] == ["a", "b"]
    assert property_of({"type": "list", "choices": ["a", "b"]})["items"] == {"enum": ["a", "b"]}
    assert property_of({"type": "string", "choices": [8, 9]})["enum"] == ["8", "9"]


def test_choices_with_custom_values_are_only_offered():
    """Any text is valid, and the known ones are there for the form."""
    found = property_of({"type": "string", "custom": True, "choices": ["a"]})

    assert found["x-choices"] == [{"value": "a", "label": "a"}]
    assert is_valid(found, "anything")


def test_a_secret_is_write_only_and_without_example_or_default():
    """Nothing secret can leave through the description of a form."""
    found = property_of({"type": "secret", "example": "sk-1", "default": "sk-2"})
    field = form_fields(built(it={"type": "secret", "default": "sk-2"}))[0]

    assert found["writeOnly"] is True
    assert "sk-" not in str(found)
    assert "sk-" not in str(field)


def test_a_default_of_the_connection_is_not_in_the_schema():
    """Each connection has its own; the form is told where it comes from."""
    definition = {"type": "string", "required": True, "default": "${ connection.shop }"}

    assert "default" not in property_of(definition)
    assert "required" not in schema_of(it=definition)
    assert form_fields(built(it=definition))[0]["defaultFrom"] == "${ connection.shop }"


def test_a_file_can_be_text_or_base64_and_never_a_path():
    """An agent is not told of paths."""
    found = property_of({"type": "file"})

    assert is_valid(found, "text")
    assert is_valid(found, {"data": "text", "contentType": "text/plain"})
    assert is_valid(found, {"base64": "AAAA", "name": "a.bin"})
    assert not is_valid(found, {"base64": "not base64"})
    assert not is_valid(found, {"path": "/etc/passwd"})
    assert not is_valid(found, {"data": "x", "base64": "AAAA"})


def test_names_and_values_can_be_a_map_entries_or_text():
    """One entry must stand in a list, or it could be two fields."""
    found = property_of({"type": "keyvalue"})

    assert is_valid(found, {"a": 1, "b": None})
    assert is_valid(found, [{"key": "a", "value": 1}])
    assert is_valid(found, "a: 1")
    assert not is_valid(found, {"key": "a", "value": 1})
    assert not is_valid(found, [{"key": "a"}])
    assert not is_valid(found, 5)


@pytest.mark.parametrize(
    ("condition", "given", "needed"),
    [
        ("${ inputs.kind == 'link' }", {"kind": "link"}, True),
        ("${ inputs.kind == 'link' }", {"kind": "file"}, False),
        ("${ inputs.kind == 'link' }", {}, False),
        ("${ inputs.sort == 'new' }", {}, True),
        ("${ inputs.sort == 'new' }", {"sort": "old"}, False),
        ("${ inputs.kind in ['link', 'page'] }", {"kind": "page"}, True),
        ("${ inputs.wanted == true }", {"wanted": True}, True),
        ("${ inputs.wanted }", {"wanted": True}, True),
        ("${ inputs.wanted }", {"wanted": False}, False),
        ("${ inputs.kind }", {"kind": ""}, False),
        ("${ not inputs.kind }", {}, True),
        ("${ not inputs.kind }", {"kind": "x"}, False),
        ("${ inputs.kind is defined }", {"kind": "x"}, True),
        ("${ inputs.sort }", {}, False),
        ("${ inputs.sort in ['new'] }", {}, True),
        ("${ inputs.secret_kind == 'x' }", {}, False),
        ("${ inputs.kind == 'a' and inputs.wanted }", {"kind": "a", "wanted": True}, False),
    ],
)
def test_simple_conditions_are_in_the_schema(condition, given, needed):
    """What is required under a simple condition is required by the schema under the same one."""
    schema = schema_of(
        kind={"type": "string"},
        sort={"type": "string", "default": "new"},
        wanted={"type": "boolean"},
        link={"type": "string", "requiredIf": condition},
        secret_kind={"type": "string", "default": "${ connection.kind }"},
    )

    assert is_valid(schema, given) is not needed
    assert is_valid(schema, {**given, "link": "x"})
    assert is_valid(schema, {**given, "link": ""}) is not needed


def test_a_hidden_input_is_not_required():
    """`required` holds only where the field is shown."""
    schema = schema_of(
        kind={"type": "string", "choices": ["file", "link"]},
        link={"type": "string", "required": True, "showIf": "${ inputs.kind == 'link' }"},
    )

    assert is_valid(schema, {"kind": "file"})
    assert not is_valid(schema, {"kind": "link"})
    assert "allOf" not in schema_of(
        a={"type": "string"},
        b={"type": "string", "requiredIf": "${ inputs.a }", "showIf": "${ inputs.a == 'x' }"},
    )
    assert schema["properties"]["link"]["x-showIf"] == "${ inputs.kind == 'link' }"


def test_a_pattern_is_for_the_whole_text():
    """A search for a part would let more through than is then taken."""
    assert property_of({"type": "string", "pattern": "[0-9]+"})["pattern"] == "^(?:[0-9]+)$"
    assert property_of({"type": "string", "pattern": "^[0-9]+$"})["pattern"] == "^[0-9]+$"
    assert property_of({"type": "string", "pattern": "^a|b$"})["pattern"] == "^(?:^a|b$)$"


def test_a_form_field_has_everything_but_the_schema():
    """One map an input, in order, without empty members."""
    source = {"source": "cats", "inputs": {"shop": "${ inputs.shop }"}}
    fields = form_fields(
        built(
            shop={"type": "string", "label": "Shop", "required": True, "help": "Which one."},
            cat={"type": "string", "choicesFrom": source, "custom": True, "showIf": "${ inputs.shop }"},
            sort={"type": "string", "choices": [{"value": "a", "label": "A"}], "default": "a"},
        )
    )

    assert fields == [
        {
            "key": "shop",
            "label": "Shop",
            "type": "string",
            "widget": "line",
            "required": True,
            "help": "Which one.",
        },
        {
            "key": "cat",
            "label": "cat",
            "type": "string",
            "widget": "select",
            "required": False,
            "custom": True,
            "choicesFrom": source,
            "showIf": "${ inputs.shop }",
            "empty": ["null", "text"],
            "showWhen": {"dependsOn": ["shop"], "when": {"input": "shop", "filled": True}},
            "choicesDependOn": ["shop"],
        },
        {
            "key": "sort",
            "label": "sort",
            "type": "string",
            "widget": "select",
            "required": False,
            "default": "a",
            "choices": [{"value": "a", "label": "A"}],
        },
    ]


# The promise: what the schema accepts is taken -----------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
FILE = (
    TEXT
    | st.fixed_dictionaries({"data": TEXT}, optional={"contentType": st.just("a/b"), "name": TEXT})
    | st.fixed_dictionaries({"base64": st.sampled_from(["", "AAAA", "AA", "x"])}, optional={"name": TEXT})
)
VALUES = {
    "string": TEXT,
    "text": TEXT,
    "secret": TEXT,
    "integer": st.integers(-5, 300) | st.floats(-2, 9),
    "number": st.integers(-5, 300) | st.floats(-2, 9),
    "boolean": st.booleans(),
    "object": st.dictionaries(TEXT, JSON, max_size=4),
    "list": st.lists(JSON, max_size=4) | st.lists(st.sampled_from(["a", "b", "c"])),
    "keyvalue": st.dictionaries(TEXT | st.sampled_from(["key", "value"]), JSON, max_size=3)
    | st.lists(st.fixed_dictionaries({"key": TEXT}, optional={"value": JSON}), max_size=3),
    "any": JSON,
    "file": FILE,
    "files": st.dictionaries(TEXT | st.sampled_from(["data", "base64"]), FILE, max_size=3)
    | st.lists(st.fixed_dictionaries({"key": TEXT, "value": FILE}), max_size=3),
    "date": st.dates().map(str),
    "datetime": st.datetimes(timezones=st.just(None)).map(lambda moment: f"{moment.isoformat()}Z"),
}
DEFINITIONS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: st.fixed_dictionaries(
        {"type": st.just(kind)},
        optional={
            "required": st.booleans(),
            "min": st.integers(0, 2),
            "max": st.integers(2, 20),
            "pattern": st.sampled_from(["^[a-z]*$", "[0-9]+"]),
            "custom": st.booleans(),
            "choices": st.just(["a", "b"]),
        }
        if kind in ("string", "list")
        else {"required": st.booleans(), "min": st.integers(0, 2), "max": st.integers(2, 20)},
    )
)


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], max_examples=300)
@given(DEFINITIONS, st.data())
def test_what_the_schema_accepts_is_taken(definition, data):
    """Whoever obeys the schema is never refused."""
    inputs = built(it=definition)
    value = data.draw(VALUES[definition["type"]] | VALUES["any"])
    given = {"it": value}

    if is_valid(input_schema(inputs), given) and not (
        isinstance(value, str) and definition["type"] not in ("string", "text", "any", "file", "secret")
    ):
        take(inputs, given, connection={}, tables={}, schemas=None, trust_paths=False)


@given(st.sampled_from(["string", "integer", "number", "boolean", "list"]).flatmap(
    lambda kind: st.tuples(st.just({"type": kind, "min": 1, "max": 5} if kind != "boolean" else {"type": kind}), VALUES[kind])
))  # fmt: skip
def test_a_value_of_the_right_type_that_the_schema_refuses_is_refused(case):
    """Limits mean the same to the schema and to the reader, apart from empty text, which is absent."""
    definition, value = case
    inputs = built(it=definition)

    if value in ("", None) or (isinstance(value, str) and not value.strip()):
        return
    if is_valid(input_schema(inputs), {"it": value}):
        take(inputs, {"it": value}, connection={}, tables={}, schemas=None, trust_paths=False)
    else:
        with pytest.raises(InputError):
            take(inputs, {"it": value}, connection={}, tables={}, schemas=None, trust_paths=False)

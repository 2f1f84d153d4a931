"""JSON Schema in our words, at a bounded cost."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.language.schemas.validator import Schemas, Validator, language

if TYPE_CHECKING:
    from pathlib import Path

DOG = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 5, "description": "What it answers to."},
        "kind": {"enum": ["hound", "toy"]},
        "good": {"type": "boolean"},
        "age": {"type": ["integer", "null"], "minimum": 0},
        "price": {"type": "number", "multipleOf": 0.01},
        "chip": {"type": "string", "pattern": "^[0-9]+$", "examples": ["276098102"]},
        "owner": {"$ref": "person.json"},
        "toys": {
            "type": "array",
            "uniqueItems": True,
            "items": {"type": "object", "properties": {"size": {"type": "number"}}, "required": ["size"]},
        },
    },
    "allOf": [
        {
            "if": {"properties": {"good": {"const": False}}, "required": ["good"]},
            "then": {"required": ["reason"]},
        },
        {"not": {"required": ["age", "kind"]}},
    ],
    "$defs": {"create": {"$anchor": "create", "allOf": [{"$ref": "#"}, {"required": ["name"]}]}},
}
PERSON = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}


def schemas(folder: Path, **files: Any) -> Schemas:
    """Return record schemas of these names."""
    (folder / "schemas" / "records").mkdir(parents=True, exist_ok=True)
    for name, schema in files.items():
        (folder / "schemas" / "records" / f"{name}.json").write_text(json.dumps(schema))
    return Schemas([folder])


def dog(folder: Path, anchor: str = "") -> Validator:
    """Return the validator of a dog."""
    found = schemas(folder, dog=DOG, person=PERSON).find(f"records/dog{anchor}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("record", "pointer", "message", "hint"),
    [
        ({"age": "3"}, ("age",), "`age` must be a whole number or empty, and is a text", None),
        (
            {"name": "Waldemar"},
            ("name",),
            "`name` has 8 characters, and may have at most 5 characters",
            None,
        ),
        (
            {"kind": "hund"},
            ("kind",),
            "`kind` has a value that is not possible",
            "did you mean `hound`? possible: hound, toy",
        ),
        ({"age": -1}, ("age",), "`age` must be at least 0", None),
        ({"price": Decimal("1.005")}, ("price",), "`price` must be a multiple of 0.01", None),
        (
            {"chip": "x"},
            ("chip",),
            "`chip` does not have the right form",
            "for example 276098102",
        ),
        ({"owner": {"town": "x"}}, ("owner", "town"), "there is no key `town` here", "keys here: city"),
        ({"toys": [{}]}, ("toys", 0), "`size` is missing", None),
        (
            {"toys": [{"size": 1}, {"size": 1.0}]},
            ("toys",),
            "entries 1 and 2 of `toys` are the same",
            "keep one of them",
        ),
        (
            {"toys": [{"size": "big"}]},
            ("toys", 0, "size"),
            "`size` in entry 1 must be a number, and is a text",
            None,
        ),
        ({"good": False}, (), "`reason` is missing where `good` is false", None),
        ({"age": 1, "kind": "toy"}, (), "`age` and `kind` cannot be given together", "keep one of them"),
        ([], (), "the value must be a map of keys and values, and is a list", None),
    ],
)
def test_each_objection_says_what_is_wrong(
    tmp_path: Path, record: Any, pointer: tuple[str | int, ...], message: str, hint: str | None
) -> None:
    """One mistake is one violation, in words that show no value, with its place."""
    (violation,) = dog(tmp_path).violations(record)

    assert (violation.pointer, violation.message, violation.hint) == (pointer, message, hint)
    assert not dog(tmp_path).is_valid(record)


@pytest.mark.parametrize(
    "record", [{}, {"age": None}, {"age": Decimal(3)}, {"price": Decimal("1.10")}, {"owner": {"city": "x"}}]
)
def test_what_fits_raises_no_objection(tmp_path: Path, record: Any) -> None:
    """Decimals are numbers, null is one where it is allowed."""
    assert dog(tmp_path).violations(record) == []
    assert dog(tmp_path).is_valid(record)


def test_an_anchor_judges_more_than_the_file(tmp_path: Path) -> None:
    """What is only needed on create stands under an anchor of its own."""
    found = schemas(tmp_path, dog=DOG, person=PERSON)

    assert [violation.message for violation in dog(tmp_path, "#create").violations({})] == [
        "`name` is missing"
    ]
    assert found.find("records/dog#update") is None
    assert found.find("records/cat") is None


def test_types_of_properties_are_found_through_references(tmp_path: Path) -> None:
    """A form or a text that has to become a value can ask for a property's types."""
    create = dog(tmp_path, "#create")

    assert create.type_of("age") == {"integer", "null"}
    assert create.type_of("kind") == {"string"}
    assert create.type_of("owner") == {"object"}
    assert create.type_of("tail") == frozenset()


@pytest.mark.plan("S-102")
@pytest.mark.parametrize(
    "reference",
    ["../secret", "records/../../secret", "/etc/passwd", "records/dog.json", "", "#", "records/\0"],
)
def test_a_name_from_outside_never_becomes_a_path(tmp_path: Path, reference: str) -> None:
    """Only files found below the folder have names."""
    (tmp_path / "secret.json").write_text("{}")

    assert schemas(tmp_path, dog=DOG).find(reference) is None


def test_a_later_folder_replaces_a_schema(tmp_path: Path) -> None:
    """An overlay can say more about a record."""
    first, second = tmp_path / "a", tmp_path / "b"
    schemas(first, dog=DOG, person=PERSON)
    schemas(second, person={"type": "string"})

    found = Schemas([first, second]).find("records/dog")

    assert found is not None
    assert found.is_valid({"owner": "Anna"})


@pytest.mark.plan("S-101")
@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "strin"}, "`type` must be one of array, boolean, integer"),
        ({"type": []}, "`type` must be one of"),
        ({"requierd": ["a"]}, "there is no keyword `requierd`"),
        ({"properties": {"a": {"maxLength": -1}}}, "`maxLength` must be a whole number, 0 or more"),
        ({"allOf": [{"items": 5}]}, "`items` must be a schema"),
        ({"anyOf": []}, "`anyOf` must be a list of schemas"),
        ({"multipleOf": 0}, "`multipleOf` must be a number above 0"),
        ({"$id": "https://example.com/dog.json"}, "there is no keyword `$id`"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "the language of record schemas is"),
        ({"properties": {"a": {"$ref": "http://[x"}}}, "there is nothing at `http://[x`"),
        ([], "a record schema is a map of keywords"),
        ({"$ref": "#"}, "the schema refers to itself without end"),
        ({"$ref": "https://example.com/dog.json"}, "there is nothing at `https://example.com/dog.json`"),
        ({"$ref": "file:///etc/passwd"}, "there is nothing at `file:///etc/passwd`"),
        ({"$ref": "../../secret.json"}, "there is nothing at `../../secret.json`"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "there is nothing at `#/$defs/b`"),
        (
            {"pattern": "^(a+)+$"},
            "a repeat contains another repeat or an alternative, and could take very long",
        ),
        ({"patternProperties": {"(aa|b)*c": True}}, "a repeat contains another repeat"),
        ({"items": {"pattern": "a*b*c*"}}, "the pattern could be matched in too many ways"),
    ],
)
def test_a_schema_that_cannot_be_used_is_a_problem(tmp_path: Path, schema: Any, message: str) -> None:
    """Schemas that are none, lead elsewhere, never end or could take long are found at load."""
    problems = schemas(tmp_path, dog=schema).problems()

    assert [problem.code for problem in problems] == ["S020"]
    assert problems[0].message.startswith(message)


def doubling() -> dict[str, Any]:
    """Return a schema that doubles its work at every level of the value."""
    return {"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}


def nested(levels: int) -> Any:
    """Return maps inside each other."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.plan("S-101")
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (doubling(), nested(60)),
        ({"properties": {"a": {"$ref": "#"}}}, nested(5000)),
    ],
)
def test_judging_that_would_not_end_is_one_violation(tmp_path: Path, schema: Any, value: Any) -> None:
    """A value that is too deep, or a schema that doubles, is refused; nothing crashes or hangs."""
    found = schemas(tmp_path, dog=schema).find("records/dog")
    assert found is not None

    assert [violation.message for violation in found.violations(value)] == [
        "the value is nested too deeply to be checked"
    ]
    assert not found.is_valid(value)


@pytest.mark.plan("S-101")
@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"uniqueItems": True}, [{"n": n} for n in range(4000)], True),
        ({"uniqueItems": True}, [*range(4000), 3999], False),
        ({"uniqueItems": True}, [1, True, "1", None, [1], {"a": 1}], True),
        ({"multipleOf": 0.01}, 10**400, True),
        ({"multipleOf": 3}, 10**4000, False),
        ({"multipleOf": 0.1}, 0.3, True),
        ({"pattern": "^a+$"}, "a" * 100_000, False),
        ({"type": "integer"}, float("inf"), False),
        ({"type": "integer"}, Decimal("Infinity"), False),
        ({"type": "integer"}, 1e300, True),
    ],
)
@pytest.mark.parametrize("head", [{}, {"$schema": "https://json-schema.org/draft/2020-12/schema"}])
def test_large_values_are_judged_quickly_and_right(
    tmp_path: Path, schema: Any, value: Any, fits: bool, head: Any
) -> None:
    """What makes the library quadratic, wrong or crash is judged by our own keywords."""
    found = schemas(tmp_path, dog=head | schema).find("records/dog")

    assert found is not None
    assert found.is_valid(value) is fits


def test_a_misspelt_key_is_one_problem_not_two() -> None:
    """That the right key is missing goes without saying."""
    value = {"datasource": "x", "label": "X", "requests": {"service": "a", "path": "/a"}, "options": {}}

    messages = [violation.message for violation in language("datasource").violations(value)]

    assert "there is no key `requests` here" in messages
    assert "`request` is missing" not in messages


def test_a_branch_is_explained_not_listed() -> None:
    """Where keys exclude each other, the message names them."""
    found = Validator({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]})

    assert found.violations({"a": 1, "b": 2})[0].message == (
        "`a` and `b` stand side by side, where one of them is possible"
    )
    assert found.violations({})[0].message == "one of `a`, `b` is missing"


def test_the_alternative_that_was_meant_is_explained() -> None:
    """Of several possible shapes the nearest one says what is wrong."""
    shapes = [
        {"properties": {"kind": {"const": "dog"}, "age": {"type": "integer"}}, "required": ["kind"]},
        {"properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind"]},
    ]

    (violation,) = Validator({"oneOf": shapes}).violations({"kind": "cat", "lives": "nine"})

    assert violation.pointer == ("lives",)

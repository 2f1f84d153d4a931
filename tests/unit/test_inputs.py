"""Inputs: what was entered becomes what is meant, or is refused in plain words."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.errors import InputError
from unit.input_cases import one, refusal, taken


@pytest.mark.parametrize(
    ("kind", "value", "meant"),
    [
        ("string", "007", "007"),
        ("string", 982000000037049, "982000000037049"),
        ("text", " two\nlines ", " two\nlines "),
        ("integer", " 12 ", 12),
        ("integer", "1e3", 1000),
        ("integer", 2.0, 2),
        ("integer", "-0", 0),
        ("number", "12.5", 12.5),
        ("number", ".5", 0.5),
        ("number", "12345678901234567890.123", Decimal("12345678901234567890.123")),
        ("number", 3, 3),
        ("boolean", "true", True),
        ("boolean", " Yes ", True),
        ("boolean", "on", True),
        ("boolean", "1", True),
        ("boolean", 1, True),
        ("boolean", "0", False),
        ("boolean", "OFF", False),
        ("boolean", "n", False),
        ("boolean", 0, False),
        ("object", '{"a": [1, 2.50]}', {"a": [1, Decimal("2.50")]}),
        ("object", {"a": ("x",)}, {"a": ["x"]}),
        ("list", '["a, b", "c"]', ["a, b", "c"]),
        ("list", "Last_Name, Email", ["Last_Name", "Email"]),
        ("list", "Doe, John\nRoe, Jane\n", ["Doe, John", "Roe, Jane"]),
        ("list", ("a", 1), ["a", 1]),
        ("any", '{"a": 1}', '{"a": 1}'),
        ("any", {"a": None}, {"a": None}),
        (
            "any",
            [date(2024, 5, 31), datetime(2024, 5, 31, tzinfo=UTC)],
            ["2024-05-31", "2024-05-31T00:00:00+00:00"],
        ),
        ("any", HTTPStatus.OK, 200),
        ("secret", Secret("x"), Secret("x")),
        ("secret", 12345, Secret("12345")),
        ("date", "2024-05-31", "2024-05-31"),
        ("datetime", "2024-05-31 14:30Z", "2024-05-31T14:30:00+00:00"),
        ("keyvalue", "a=1&a=2", {"a": "2"}),
    ],
)
def test_each_type_understands_what_people_and_platforms_send(kind, value, meant):
    """Texts become the type's values, and values of the type stay."""
    found = one({"type": kind}, value)

    assert found == meant
    assert type(found) is type(meant) or kind == "keyvalue"


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("string", 1.10, "1.1 is a number with a decimal point, and may have lost digits. (Enter it as text"),
        ("string", True, "true is not a text."),
        ("string", ["a"], "a list is not a text."),
        ("string", "a\ud800", "the text holds half a character."),
        ("string", 10**400, "a very long number is not a text."),
        ("integer", "12.5", '"12.5" is not a whole number. (Enter one without decimals'),
        ("integer", "ten", '"ten" is not a number. (Enter digits'),
        ("integer", "1_000", '"1_000" is not a number.'),
        ("integer", "\u0661\u0662", "is not a number."),
        ("integer", True, "true is not a number."),
        ("number", "1,000", "without signs between thousands, such as 1234.5"),
        ("number", "12,5", "without signs between thousands, such as 1234.5"),
        ("number", "NaN", '"NaN" is not a number.'),
        ("number", float("inf"), "the number is not finite."),
        ("number", "9" * 80, "the number is too long."),
        ("number", 10**80, "the number is too long."),
        ("number", 10**800, "the number is too long."),
        ("number", Decimal("sNaN"), "the number is not finite."),
        ("any", [10**8000], "a number in it is too long."),
        ("number", Decimal("1e999999"), "the number is too long."),
        ("number", "1e-999", "too large or too small"),
        ("number", [1], "a list is not a number."),
        ("boolean", "maybe", '"maybe" is neither yes nor no. (Enter true or false.)'),
        ("boolean", 2, "2 is neither yes nor no."),
        (
            "object",
            '{"a": 1,\n "b" 2}',
            "the text is not JSON, in line 2, column 6: a colon is missing here.",
        ),
        ("object", "[1]", "a list is not a map of names and values."),
        ("object", {1: "a"}, "a name in it is a number, not a text."),
        ("list", '["a" "b"]', "the text is not JSON, in line 1, column 6"),
        ("list", '{"a": 1}', "a map of names and values is not a list. (Put [ and ] around it.)"),
        ("list", {"a"}, "a set has no order."),
        ("list", 5, "5 is not a list."),
        ("any", b"x", "the content of a file cannot be sent as a value. (Files need an input for files.)"),
        ("any", [datetime(2024, 5, 31)], "a time in it has no offset from UTC. (Give it a time zone.)"),  # noqa: DTZ001
        ("any", {"\ud800": 1}, "a name in it holds half a character."),
        ("list", [None, b"x"], "the content of a file cannot be sent as a value."),
        ("list", {"a": None}, "a map of names and values is not a list."),
        ("any", [float("nan")], "a number in it is not finite."),
        ("date", "01/02/2024", "can mean 1 February"),
        ("keyvalue", "words", "line 1 has no colon"),
        ("file", 5, "a number is not a file."),
    ],
)
def test_what_cannot_be_meant_is_refused_with_label_reason_and_next_step(kind, value, words):
    """A refusal starts with the label and says what to enter."""
    message = refusal({"type": kind}, value)

    assert message.startswith("The Input: ")
    assert words in message
    assert message.endswith(".)")


def test_long_values_are_shortened_in_messages():
    """A message shows enough of a value to know it by, not all of it."""
    message = refusal({"type": "integer"}, "x" * 5000)
    shorter = refusal({"type": "integer"}, "x" * 59)

    assert "too long" in message
    assert f'"{"x" * 40}…"' in shorter


def test_a_value_nested_without_end_is_refused():
    """A map that holds itself does not end the program."""
    loop: dict[str, object] = {}
    loop["again"] = loop

    assert "nested more than 200 levels deep" in refusal({"type": "object"}, loop)


def test_what_was_given_can_be_changed_later_without_harm():
    """Inputs are copies: a caller's list stays the caller's."""
    record = {"lines": [{"sku": "A1"}]}

    found = one({"type": "object"}, record)
    record["lines"].append({"sku": "A2"})

    assert found == {"lines": [{"sku": "A1"}]}


# Problems ---------------------------------------------------------------------------------


def test_every_problem_is_reported_at_once():
    """The first problem is raised, and the details have them all: a form marks every field."""
    definitions = {
        "a": {"type": "integer", "label": "A"},
        "b": {"type": "string", "label": "B", "required": True},
        "c": {"type": "boolean", "label": "C"},
    }

    with pytest.raises(InputError) as caught:
        taken(definitions, a="x", c="maybe", d="z")

    assert caught.value.input == "a"
    assert [problem["input"] for problem in caught.value.details] == ["a", "c", "d", "b"]


def test_an_unknown_input_is_refused_with_the_one_that_was_meant():
    """A misspelt key does not vanish silently."""
    definitions = {"recordType": {"type": "string", "label": "Record Type"}, "page": {"type": "integer"}}

    with pytest.raises(InputError, match="Did you mean `recordType`") as caught:
        taken(definitions, recordtyp="x")

    assert caught.value.input == "recordtyp"
    assert "The inputs are: recordType, page." in str(caught.value)


def test_an_input_may_be_meant_by_its_label():
    """Whoever types the label learns the key."""
    with pytest.raises(InputError, match="Did you mean `q`"):
        taken({"q": {"type": "string", "label": "Search Term"}}, **{"Search Term": "x"})
    with pytest.raises(InputError, match="There are no inputs"):
        taken({}, q="x")


# Secrets ----------------------------------------------------------------------------------


def test_a_secret_is_wrapped_and_never_shown():
    """Neither the value nor a refusal of it can be printed."""
    definition = {"type": "secret", "pattern": "^sk-[0-9]+$", "min": 5}

    found = one(definition, "sk-12345")

    assert found == Secret("sk-12345")
    for wrong in ("hunter2-hunter2", " sk-12345", ["sk-12345"]):
        message = refusal(definition, wrong)
        assert "hunter2" not in message
        assert "12345" not in message


# Limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "fits", "wrong", "words"),
    [
        ({"type": "integer", "min": 1, "max": 200}, "200", "201", "201 is too large. (Enter 200 or less.)"),
        ({"type": "number", "min": 0}, 0, "-0.5", "-0.5 is too small. (Enter 0 or more.)"),
        (
            {"type": "string", "max": 3},
            "abc",
            "abcd",
            "it has 4 characters, too many. (Enter at most 3 characters.)",
        ),
        (
            {"type": "string", "min": 2},
            "ab",
            "a",
            "it has 1 character, too few. (Enter at least 2 characters.)",
        ),
        ({"type": "list", "max": 1}, ["a"], "a,b", "it has 2 entries, too many. (Enter at most 1 entry.)"),
        ({"type": "keyvalue", "max": 1}, "a: 1", "a: 1\na: 2", "it has 2 entries, too many."),
        (
            {"type": "string", "pattern": "^cf_[a-z]+$", "example": "cf_key"},
            "cf_id",
            "id",
            '"id" does not have the right form. (It looks like "cf_key".)',
        ),
        (
            {"type": "string", "pattern": "^[0-9]+$"},
            "12",
            "12\n",
            "has a space or a line break at its start or end.",
        ),
        ({"type": "string", "pattern": r"\d+"}, "12", "\u0661", "does not have the right form."),
    ],
)
def test_limits_are_kept(definition, fits, wrong, words):
    """min, max and pattern judge the whole value."""
    assert one(definition, fits) is not ABSENT
    assert words in refusal(definition, wrong)


# Properties -------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        "string", "text", "integer", "number", "boolean", "secret", "object", "list", "keyvalue", "any",
        "file", "files", "date", "datetime",
    ]
)  # fmt: skip
EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "required": st.booleans(),
        "min": st.integers(0, 3),
        "max": st.integers(3, 9),
        "pattern": st.sampled_from(["^[a-z]*$", "[0-9]+"]),
        "choices": st.just(["1", "two"]),
        "custom": st.booleans(),
    },
)


@given(TYPES, EXTRAS, ANYTHING)
def test_anything_is_either_taken_or_refused_with_words(kind, extras, value):
    """No value, however odd, ends in anything but a result or an `InputError` with a message."""
    definition = {"type": kind, **extras}

    with suppress(InputError):
        found = one(definition, value)

        assert found is ABSENT or found is None or type(found).__name__ in EXPECTED[kind]


EXPECTED = {
    "string": {"str"},
    "text": {"str"},
    "integer": {"int"},
    "number": {"int", "float", "Decimal"},
    "boolean": {"bool", "str"},
    "secret": {"Secret", "str"},
    "object": {"dict", "str"},
    "list": {"list"},
    "keyvalue": {"Pairs", "str"},
    "any": {"str", "int", "float", "bool", "list", "dict", "Decimal"},
    "file": {"File", "str"},
    "files": {"Pairs", "str"},
    "date": {"str"},
    "datetime": {"str"},
}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_never_changed(text):
    """Nothing is trimmed, parsed or looked at for expressions."""
    assert one({"type": "string"}, text) == text
    assert one({"type": "any"}, text) in (text, ABSENT)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_as_json_is_that_number(number):
    """A form that sends numbers as text loses nothing."""
    with suppress(InputError):
        assert one({"type": "number"}, json.dumps(number)) == number

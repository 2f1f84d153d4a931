"""Absent, null and empty text are told apart; what is required must be there."""

from __future__ import annotations

import pytest

from connector_runtime.base.values import ABSENT
from connector_runtime.errors import InputError
from unit.input_cases import one, refusal, taken


def test_absent_null_and_empty_text_are_three_things():
    """An optional text: absent leaves it out, null is null, empty text is empty text."""
    text = {"type": "string"}

    assert one(text) is ABSENT
    assert one(text, ABSENT) is ABSENT
    assert one(text, None) is None
    assert one(text, "") == ""


@pytest.mark.parametrize("nothing", [None, "", "  "])
@pytest.mark.parametrize(
    "definition",
    [
        {"type": "string", "default": "x"},
        {"type": "string", "default": "${ connection.key }"},
        {"type": "integer", "default": "3"},
        {"type": "boolean", "default": False},
        {"type": "string", "choices": ["a"], "default": "a"},
    ],
)
def test_an_input_with_a_default_left_empty_has_its_default(definition, nothing):
    """Null and empty text count as not given where there is a default."""
    connection = {"key": "from the connection"}

    assert one(definition, nothing, connection=connection) == one(definition, connection=connection)
    assert one(definition, nothing, connection=connection) is not ABSENT


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "integer"},
        {"type": "boolean"},
        {"type": "date"},
        {"type": "keyvalue"},
        {"type": "list"},
        {"type": "object"},
        {"type": "any"},
        {"type": "file"},
        {"type": "secret"},
        {"type": "string", "choices": ["a"]},
        {"type": "string", "min": 1},
        {"type": "string", "pattern": "^[0-9]+$"},
    ],
)
def test_empty_text_that_is_no_possible_value_counts_as_not_given(definition):
    """A number field left empty is absent, as is a text that may not be empty."""
    assert one(definition, "") is ABSENT


@pytest.mark.parametrize("kind", ["integer", "boolean", "date", "list", "object", "any", "text"])
def test_null_clears_where_a_value_can_be_cleared(kind):
    """Null reaches the request of an optional input without default."""
    assert one({"type": kind}, None) is None


@pytest.mark.parametrize("kind", ["secret", "keyvalue", "file", "files"])
def test_null_counts_as_not_given_where_nothing_can_be_cleared(kind):
    """A file or a list of names cannot be null."""
    assert one({"type": kind}, None) is ABSENT


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", ""),
        ("string", " \n"),
        ("string", None),
        ("string", ABSENT),
        ("text", ""),
        ("integer", ""),
        ("list", []),
        ("list", " "),
        ("object", {}),
        ("keyvalue", "{}"),
        ("keyvalue", [{"key": "", "value": ""}]),
        ("secret", ""),
        ("file", None),
    ],
)
def test_a_required_input_without_content_is_missing(kind, value):
    """Empty text, null, an empty list and an absent value are all missing."""
    message = refusal({"type": kind, "required": True}, value)

    assert message == "The Input is missing. (Enter a value.)"


def test_a_missing_input_is_asked_for_with_its_choices_or_its_example():
    """The next step shows what a value looks like."""
    with pytest.raises(InputError, match=r"Choose one of: cats, dogs, horses\."):
        taken({"kind": {"type": "string", "required": True, "choicesFrom": {"table": "kinds"}}})
    with pytest.raises(InputError, match=r'Enter a value such as "A-1"\.'):
        taken({"sku": {"type": "string", "required": True, "example": "A-1"}})
    with pytest.raises(InputError, match=r'Enter a value such as \["A-1"\]\.'):
        taken({"skus": {"type": "list", "required": True, "example": ["A-1"]}})


def test_a_required_input_may_come_from_its_default():
    """A default satisfies `required`, also one of the connection, and only if it is there."""
    definition = {"type": "string", "required": True, "default": "${ connection.shop }"}

    assert one(definition, connection={"shop": "S1"}) == "S1"
    with pytest.raises(InputError, match="is missing"):
        one(definition)


def test_false_and_zero_are_values():
    """A required switch that is off is not missing."""
    assert one({"type": "boolean", "required": True}, "false") is False
    assert one({"type": "integer", "required": True}, 0) == 0

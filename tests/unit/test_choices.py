"""Choices: which value a text means."""

from __future__ import annotations

import pytest

from connector_runtime.errors import InputError
from unit.input_cases import one, refusal, taken

CHOICES = {
    "type": "string",
    "choices": [
        {"value": "asc", "label": "Ascending"},
        {"value": "desc", "label": "Descending", "aliases": ["down"]},
        "Down",
    ],
}


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("asc", "asc"),
        ("ASC", "asc"),
        (" asc ", "asc"),
        ("ascending", "asc"),
        ("down", "desc"),
        ("Down", "Down"),
    ],
)
def test_a_choice_is_found_by_value_alias_or_label(value, meant):
    """The exact value counts first, then an alias, then any spelling that only one choice has."""
    assert one(CHOICES, value) == meant


@pytest.mark.parametrize(("shown", "meant"), [("Y", "y"), ("q", "w"), ("Q", "z"), ("x", "x"), ("Z", "z")])
def test_what_the_form_shows_is_always_understood(shown, meant):
    """A label just as it stands means its choice, whatever spellings others have in other case."""
    choices = [
        "x",
        {"value": "y", "label": "Y", "aliases": ["x"]},
        {"value": "z", "aliases": ["y", "Q"]},
        {"value": "w", "label": "q"},
    ]

    assert one({"type": "string", "choices": choices}, shown) == meant


def test_a_choice_that_could_be_two_is_refused():
    """DOWN is an alias of one choice and the value of another."""
    assert "is none of the choices" in refusal(CHOICES, "DOWN")


def test_an_unknown_choice_is_refused_with_the_one_that_was_meant():
    """The message has the nearest choice and all of them."""
    message = refusal({"type": "string", "choicesFrom": {"table": "kinds", "label": "label"}}, "doggs")

    assert message == (
        'The Input: "doggs" is none of the choices. (Did you mean `dogs`? Choose one of: cats, dogs, horses.)'
    )


def test_custom_lets_other_values_through_and_still_knows_its_own():
    """A custom record type is possible; a known one in other case is still the known one."""
    definition = {"type": "string", "custom": True, "choicesFrom": {"table": "kinds", "label": "label"}}

    assert one(definition, "lizards") == "lizards"
    assert one(definition, "CATS") == "cats"
    assert one(definition, "Kitties") == "cats"


def test_choices_from_a_table_can_be_some_of_its_rows():
    """`where` keeps the rows for which it is true."""
    definition = {"type": "string", "choicesFrom": {"table": "kinds", "where": "${ row.small }"}}

    assert one(definition, "dogs") == "dogs"
    assert "Choose one of: cats, dogs." in refusal(definition, "horses")


def test_which_rows_are_possible_may_depend_on_another_input():
    """A condition on other inputs is checked once they are known."""
    definitions = {
        "kind": {
            "type": "string",
            "label": "Kind",
            "choicesFrom": {"table": "kinds", "where": "${ row.small or inputs.stable }"},
        },
        "stable": {"type": "boolean"},
    }

    assert taken(definitions, kind="horses", stable="yes")["kind"] == "horses"
    with pytest.raises(InputError, match='Kind: "horses" is not possible together with the other inputs'):
        taken(definitions, kind="horses")


def test_entries_of_a_list_are_chosen_one_by_one():
    """Every entry is one of the choices."""
    definition = {"type": "list", "choices": ["workflow", "approval"]}

    assert one(definition, "Workflow, approval") == ["workflow", "approval"]
    assert one(definition, "[]") == []
    assert "Did you mean `workflow`?" in refusal(definition, ["workflw"])


def test_choices_have_the_type_of_their_input():
    """Numbers among the choices are chosen by number or by text; a boolean word by a boolean."""
    assert one({"type": "integer", "choices": [1, 2]}, "2") == 2
    assert one({"type": "string", "choices": [8, 9]}, 8) == "8"
    assert one({"type": "string", "choices": ["true", "false", "auto"]}, True) == "true"

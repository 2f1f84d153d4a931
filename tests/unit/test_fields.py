"""Texts of key/value lists become what the record's fields are."""

from __future__ import annotations

import pytest

from connector_runtime.errors import InputError
from connector_runtime.inputs.fields import typed_fields
from connector_runtime.inputs.keyvalues import read_pairs
from connector_runtime.language.schemas.validator import Validator

CONTACT = Validator(
    {
        "properties": {
            "contact_name": {"type": "string"},
            "code": {"type": ["string", "number"]},
            "payment_terms": {"type": "integer"},
            "rate": {"type": "number"},
            "is_taxable": {"type": "boolean"},
            "billing_address": {"type": "object"},
            "contact_persons": {"type": "array"},
            "parent": {"type": ["object", "null"]},
        }
    }
)


def test_a_nested_record_can_be_entered_as_a_key_value_list():
    """Numbers, booleans and JSON of known fields are sent as such; ids stay text."""
    lines = """
        contact_name: 007
        code: 12
        payment_terms: 30
        rate: 12.50
        is_taxable: yes
        billing_address: {"city": "Gurugram"}
        contact_persons: [{"first_name": "Ann"}]
        parent: null
        cf_unknown: 5
    """

    assert typed_fields(read_pairs(lines), CONTACT) == {
        "contact_name": "007",
        "code": "12",
        "payment_terms": 30,
        "rate": 12.5,
        "is_taxable": True,
        "billing_address": {"city": "Gurugram"},
        "contact_persons": [{"first_name": "Ann"}],
        "parent": None,
        "cf_unknown": "5",
    }


def test_what_is_no_text_stays_as_it_is():
    """Whole numbers given for text fields, null, and values of the right type are unchanged."""
    given = {"contact_name": 460000000000097, "payment_terms": None, "rate": 1.5, "is_taxable": False}

    assert typed_fields(given, CONTACT) == given


def test_blank_text_stays_as_it_is():
    """Whether empty text clears a number is the vendor's business."""
    assert typed_fields({"payment_terms": "", "rate": " "}, CONTACT) == {"payment_terms": "", "rate": " "}


def test_repeats_are_kept():
    """A query with a name twice keeps both values."""
    found = typed_fields(read_pairs("rate=1&rate=2"), CONTACT)

    assert found.pairs == (("rate", 1), ("rate", 2))


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("payment_terms", "soon", 'payment_terms: "soon" is not a number.'),
        ("payment_terms", "1.5", 'payment_terms: "1.5" is not a whole number.'),
        ("is_taxable", "perhaps", 'is_taxable: "perhaps" is neither yes nor no.'),
        ("billing_address", '{"city": }', "billing_address: the text is not JSON, in line 1, column 10"),
        ("billing_address", "Main Street 1", "billing_address: the text is not JSON"),
        ("contact_persons", "[1", "contact_persons: the text is not JSON, in line 1"),
    ],
)
def test_a_text_that_cannot_be_the_field_is_refused_by_name(field, text, words):
    """The message names the field, and the place in JSON."""
    with pytest.raises(InputError) as caught:
        typed_fields({field: text}, CONTACT)

    assert words in str(caught.value)
    assert caught.value.hint

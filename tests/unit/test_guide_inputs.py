"""The guide to inputs: every example in it is what really happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connector_runtime.base.values import File
from connector_runtime.errors import InputError
from connector_runtime.inputs.fields import typed_fields
from connector_runtime.inputs.inputs import build_inputs, take
from connector_runtime.inputs.keyvalues import Pairs, read_pairs
from connector_runtime.language.schemas.validator import Validator

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "inputs.md"
CONTACT = Validator(
    {
        "properties": {
            "contact_name": {"type": "string"},
            "payment_terms": {"type": "number"},
            "is_taxable": {"type": "boolean"},
            "billing_address": {"type": "object"},
        }
    }
)


def blocks():
    """Return (type, what is entered, what it means): all texts before a JSON block mean the same."""
    found, entered = [], []
    for kind, content in re.findall(
        r"^```(\w+ ?\w*)\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        if kind == "json":
            found += [(kind, text, json.loads(content)) for kind, text in entered]
            entered = []
        else:
            entered.append((kind.partition(" ")[2], content))
    return found


def rows():
    """Return (type, what is entered, the cell that says what it is taken as)."""
    found = []
    kind = ""
    for line in GUIDE.read_text("utf-8").splitlines():
        if heading := re.match(r"\| Enter \((\w+)\)", line):
            kind = heading[1]
        elif kind and (row := re.fullmatch(r"\| `(.+?)` \| (.+) \|", line)):
            found.append((kind, row[1], row[2]))
        elif not line.startswith("|"):
            kind = ""
    return found


def taken(kind, text):
    inputs = build_inputs({"it": {"type": kind, "label": "The Input"}}, {})
    found = take(inputs, {"it": text}, connection={}, tables={}, schemas=None, trust_paths=False)["it"]
    if isinstance(found, Pairs):
        return [[key, as_text(value)] for key, value in found.pairs]
    return found


def as_text(value):
    return value.source.decode() if isinstance(value, File) else value


def test_the_guide_has_examples():
    """The two tests below have something to test."""
    assert {kind for kind, _, _ in rows()} == {
        "keyvalue", "number", "integer", "boolean", "date", "datetime", "list", "object",
    }  # fmt: skip
    assert {kind for kind, _, _ in blocks()} == {"keyvalue", "record", "object", "files"}


@pytest.mark.parametrize(("kind", "entered", "meant"), blocks())
def test_what_is_entered_means_what_the_guide_says(kind, entered, meant):
    """Every block of text gives the JSON below it."""
    if kind == "record":
        assert typed_fields(read_pairs(entered), CONTACT) == meant
    else:
        assert taken(kind, entered) == meant


@pytest.mark.parametrize(("kind", "entered", "cell"), rows())
def test_every_row_of_the_guides_tables_is_true(kind, entered, cell):
    """A row gives the value, or the words with which it is refused."""
    if cell.startswith("refused: "):
        with pytest.raises(InputError) as caught:
            taken(kind, entered)
        assert cell.removeprefix("refused: ") in str(caught.value)
    else:
        expected = json.loads(cell.strip("`"))
        assert taken(kind, entered) == expected
        assert type(taken(kind, entered)) is type(expected)


def test_the_guide_has_one_sentence_a_line():
    """Changes to a sentence then change one line."""
    prose = [line for line in GUIDE.read_text("utf-8").splitlines() if line and line[0] not in "|`#[{ -"]

    assert not [line for line in prose if re.search(r"[a-z]\. [A-Z]", line)]

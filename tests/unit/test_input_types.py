"""What the language calls a type of inputs is known wherever types are looked up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector_runtime.definition.check.input_checks import _ANY, _KNOWS, _PYTHON, _WORDS
from connector_runtime.definition.check.reference_checks import _FLAT
from connector_runtime.inputs import input_types
from connector_runtime.inputs.forms import _BOUNDS, _TYPES
from meta.repository import SCHEMAS


def named_types() -> set[str]:
    """Return the types that `type` of an input may name."""
    parts = json.loads((SCHEMAS / "parts.schema.json").read_text("utf-8"))
    return set(parts["$defs"]["input"]["properties"]["type"]["enum"])


@pytest.mark.parametrize("table", [input_types.TYPES, _TYPES, _ANY], ids=["readers", "forms", "check"])
def test_every_type_of_the_schema_is_in_every_table(table: Any) -> None:
    """A new type is read, drawn and checked, or none of these would know it when it is used."""
    assert set(table) == named_types()


@pytest.mark.parametrize(
    "table",
    [
        input_types._CHOSEN,
        input_types._MEASURED,
        input_types._NEVER_NULL,
        _BOUNDS,
        _PYTHON,
        _WORDS,
        _FLAT,
        *_KNOWS.values(),
    ],
)
def test_no_table_knows_a_type_that_the_language_has_not(table: Any) -> None:
    """What is said of some types only is said of types that there are."""
    assert set(table) <= named_types()


def test_a_limit_that_is_read_is_also_checked_and_drawn() -> None:
    """Types that have a size are the same for who reads, who checks and who draws the form."""
    assert set(_BOUNDS) == input_types._MEASURED
    assert _KNOWS["min"] == _KNOWS["max"]
    assert set(_KNOWS["min"]) == input_types._MEASURED

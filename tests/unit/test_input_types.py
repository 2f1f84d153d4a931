"""A type of inputs is one file, and everybody who looks types up finds it there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector_runtime.inputs.types.input_type import BOUNDED
from connector_runtime.inputs.types.registry import NAMES, WIDGETS, input_type, types_with
from meta.repository import RUNTIME, SCHEMAS

HELPERS = {"__init__", "input_type", "registry"}


def test_a_type_is_a_file_a_name_and_a_word_of_the_language() -> None:
    """Whoever adds a type forgets none of the three."""
    parts = json.loads((SCHEMAS / "parts.schema.json").read_text("utf-8"))
    files = {path.stem for path in Path(RUNTIME / "inputs" / "types").glob("*.py")}

    assert set(NAMES) == set(parts["$defs"]["input"]["properties"]["type"]["enum"])
    assert files - HELPERS == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_type_says_all_of_itself(name: str) -> None:
    """It has its own name, a widget that forms know, and limits exactly where it has a size."""
    found = input_type(name)

    assert found.name == name
    assert found.widget in WIDGETS
    assert bool(found.bounds) is (found.keys >= BOUNDED)


def test_the_keys_that_only_some_types_know_are_known_by_some() -> None:
    """A misspelt key of a type would let an author write what nobody reads."""
    inputs = json.loads((SCHEMAS / "parts.schema.json").read_text("utf-8"))["$defs"]["input"]["properties"]
    keys = {key for name in NAMES for key in input_type(name).keys}

    assert keys <= set(inputs)
    assert all(types_with(key) for key in keys)

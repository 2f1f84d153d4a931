"""The guide to named values: every expression in it gives what the guide says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connector_runtime.inputs.keyvalues import Pairs
from connector_runtime.language.documents.yaml_reader import read
from connector_runtime.language.lets import Lets
from connector_runtime.language.templates import compile_text
from connector_runtime.language.visible_names import ALL_NAMES

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "named-values.md").read_text("utf-8")
VALUES = {
    name: value
    for block in re.findall(r"^```yaml let\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    for name, value in read(block)[0]["let"].items()
}
ROWS = re.findall(r"^\| `(.*\$\{.*)` \| `(.*)` \|$", GUIDE, re.MULTILINE)
SCOPE = {
    "tables": {"types": {"hounds": {"path": "dogs/hounds"}}},
    "inputs": {
        "recordType": "hounds",
        "branch": 17,
        "conditions": [
            {"field": "name", "value": "O'Neil"},
            {"field": "age", "value": 7},
            {"field": "paid", "value": True},
        ],
        "tags": ["small, brown", "(shy)"],
        "criteria": Pairs([("City", "Berlin"), ("Age", 7)]),
    },
}


@pytest.mark.parametrize(("expression", "value"), ROWS)
def test_the_guide_says_what_happens(expression: str, value: str) -> None:
    """Each row of a table is worked out with the values above it."""
    found = compile_text(expression, ALL_NAMES).render(Lets(VALUES).seen_by(dict(SCOPE)))

    assert found == json.loads(value)


def test_the_guide_has_examples() -> None:
    """None of them is lost to a change of the page's form."""
    assert len(ROWS) == 8

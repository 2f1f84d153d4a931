"""The guide about tests: every example on the page is a file's part that passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from connector_runtime.testing.cases import cases_of, run_case
from engine.shop import action, model_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "tests.md"
PARTS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
REQUEST = {
    "service": "api",
    "method": "POST",
    "path": "/orders",
    "body": {"json": {"name": "${ inputs.name }"}},
}


@pytest.mark.parametrize("part", PARTS, ids=range(len(PARTS)))
def test_what_the_guide_shows_passes(part: str) -> None:
    """As part of an action that sends a name."""
    model = model_of(action("create", request=REQUEST, **yaml.safe_load(part)))

    cases = list(cases_of(model))

    assert cases
    assert {case.name: run_case(model, case) for case in cases} == {case.name: [] for case in cases}


def test_the_guide_has_its_examples() -> None:
    """All of them were found on the page, and four combinations are four tests."""
    combined = next(part for part in PARTS if "colour: [" in part)
    model = model_of(action("create", request=REQUEST, **yaml.safe_load(combined)))

    assert len(PARTS) == 8
    assert len(list(cases_of(model))) == 4

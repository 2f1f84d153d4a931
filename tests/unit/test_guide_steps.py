"""The guide to actions of several requests: its example is a file's part that passes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector_runtime.testing.cases import Case, cases_of, run_case
from engine.shop import action, model_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "steps.md"
PARTS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def model_with(**changes: Any) -> Any:
    """Return a model whose action is the guide's, with some replies of its steps changed."""
    whole = {**action("read"), **yaml.safe_load(PARTS[0])}
    for key in ("request", "reply"):
        whole.pop(key)
    for step, reply in changes.items():
        whole["steps"][step]["reply"] = reply
    return model_of(whole)


def failed(model: Any) -> dict[str, list[str]]:
    """Return what is wrong, by the name of the test."""
    cases: list[Case] = list(cases_of(model))
    return {case.name: found for case in cases if (found := run_case(model, case))}


def test_what_the_guide_shows_passes() -> None:
    """All of its tests, and they are four."""
    model = model_with()

    assert len(PARTS) == 1
    assert len(list(cases_of(model))) == 4
    assert failed(model) == {}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"ok": "${ reply.json.state == 'DONE' }"}, "by `reply` of the step `wait`"),
        ({}, "a job that fails is an error, and nothing is fetched"),
    ],
)
def test_an_ok_that_is_wrong_is_noticed(reply: Any, said: str) -> None:
    """One that does not hold while the job is under way, and none: the tests of the guide tell."""
    assert said in str(failed(model_with(wait=reply)))

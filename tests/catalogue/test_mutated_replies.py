"""Whatever a vendor answers: a result, or an error of ours that says what is known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from catalogue.mutated_replies import outcome, trials
from connector_runtime import Component

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = {"catalogue": ROOT, "petshop": ROOT / "tests/components/petshop"}
NEVER = ("foreign", "chained", "no id")


def met(component: str, seed: int, count: int) -> tuple[Counter[str], list[str]]:
    """Return what came of so many mutated replies, and those that came out as nothing should."""
    model = Component.load(COMPONENTS[component]).model
    ends: Counter[str] = Counter()
    wrong = []
    for number, trial in enumerate(trials(model, Random(seed), count)):
        end, more = outcome(model, trial)
        ends[end] += 1
        if end in NEVER:
            wrong.append(
                f"{number}: {trial.case.owner}, {trial.case.name}: {end}: {more}: {trial.replies!r:.300}"
            )
    return ends, wrong


@pytest.mark.plan("S-165")
@pytest.mark.parametrize("component", COMPONENTS)
def test_no_reply_brings_out_a_fault_of_pythons(component: str, score: Callable[[str, int], None]) -> None:
    """Each embedded test with something wrong in its replies ends as ours, and no create without its record."""
    ends, wrong = met(component, seed=1, count=600)

    score("mutated_replies", ends.total())
    score("mutated_foreign", len(wrong))
    assert not wrong, "\n".join(wrong[:10])
    assert {"done", "contract", "outcome_unknown", "server"} <= ends.keys()


@pytest.mark.long
@pytest.mark.plan("S-165")
@pytest.mark.parametrize("seed", [2, 3, 4])
@pytest.mark.parametrize("component", COMPONENTS)
def test_none_of_15000_replies_does(component: str, seed: int) -> None:
    """The same, with other mistakes and many more of them."""
    _, wrong = met(component, seed=seed, count=2_500)

    assert not wrong, "\n".join(wrong[:10])

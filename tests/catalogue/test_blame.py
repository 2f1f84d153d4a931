"""Whoever fills in a form is told which field is wrong: each input of each action, given what cannot be sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import Component
from connector_runtime.errors import ConnectorError
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock, connection_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.definition.model import Action, Model

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = {"zoho": ROOT, "petshop": ROOT / "tests" / "components" / "petshop"}
MODELS = {name: Component.load(folder).model for name, folder in COMPONENTS.items()}

TEXTS = ["a\nb", "\x00", "..", "", " ", "\ud800", "x" * 40_000, "é", "a/../b", "https://evil.test/x", "%zz"]
MAPS = [
    {"a\nb": "x"}, {"X-Odd": "é\n"}, {"Authorization": "x"}, {"": "x"}, {"x": "\ud800"}, {"x" * 300: "y"},
    {"x": float("nan")}, {"x": {"y": ["z"]}}, {"x": "y" * 40_000}, {"nobody": "nothing.txt"},
]  # fmt: skip
OTHERS = [
    None,
    1.5,
    -1,
    10**30,
    True,
    [],
    ["x"],
    [1],
    {},
    "x",
    [{"key": "nobody", "value": "nothing.txt"}],
    object(),
]
CASES = [
    (name, key, item.key)
    for name, model in MODELS.items()
    for key, action in model.actions.items()
    for item in action.inputs
]


def refusals(model: Model, action: Action, key: str) -> Iterator[tuple[Any, ConnectorError]]:
    """Yield the values with which an example of the action is refused before anything is sent, and why."""
    for example in action.examples.values():
        definition = {"inputs": example.get("inputs", {}), "connection": example.get("connection")}
        connection = connection_of(model, action, {k: v for k, v in definition.items() if v is not None})
        for value in [*TEXTS, *MAPS, *OTHERS]:
            script = Script([{"status": 400, "json": {}}])
            options = Options(clock=StillClock(), trust_paths=False)
            session = Session(model, connection, options, sender=ScriptedSender(script))  # type: ignore[arg-type]
            try:
                session.run(action.key, {**definition["inputs"], key: value})
            except ConnectorError as problem:
                if not script.sent:
                    yield value, problem


@pytest.mark.parametrize(("name", "key", "item"), CASES)
def test_an_error_names_the_input_that_was_wrong(name: str, key: str, item: str) -> None:
    """Of an example that works, one input is spoiled: what is refused before it is sent names that input."""
    model = MODELS[name]
    action = model.actions[key]
    # An author's own rule names what he wants changed, and one input may ask for another.
    by_rules = {check.get("input") for check in action.definition.get("checks", ())}
    by_rules |= {one.key for one in action.inputs if one.required_if is not None}

    wrong = [
        f"{str(value)[:40]!r} blames {problem.input} {problem.details}: {problem}"[:400]
        for value, problem in refusals(model, action, item)
        if item not in named(problem) and problem.input not in by_rules
    ]

    assert not wrong, "\n".join(wrong)


RAW = {"url": "/things", "method": "POST"}
TOLD = {
    "a bad header is not the URL's fault": (
        "zoho",
        "crmRawRequest",
        RAW | {"headers": {"X-A": "é"}},
        "headers",
    ),
    "a name for a file that is not there": (
        "zoho",
        "crmRawRequest",
        RAW | {"fileData": {"a.txt": "x"}, "fileDataFileNames": {"b.txt": "report.txt"}},
        "fileDataFileNames",
    ),
    "a field in the first of two maps": (
        "petshop",
        "addPet",
        {"name": "Zoe", "species": "fish", "details": {"weight": "heavy"}, "moreDetails": {"colour": "red"}},
        "details",
    ),
    "a query that one value makes too long": (
        "zoho",
        "crmRawRequest",
        RAW | {"url": "/things?a=b", "queryParams": {"q": "x" * 40_000}},
        "queryParams",
    ),
}


@pytest.mark.parametrize("case", TOLD)
def test_of_several_inputs_the_one_at_fault_is_named(case: str) -> None:
    """What stands in one place may come of several inputs: only one of them cannot be sent."""
    name, key, inputs, culprit = TOLD[case]
    model = MODELS[name]
    connection = connection_of(model, model.actions[key], {})
    session = Session(model, connection, Options(clock=StillClock()), sender=ScriptedSender(Script([])))  # type: ignore[arg-type]

    with pytest.raises(ConnectorError) as caught:
        session.run(key, inputs)

    assert caught.value.input == culprit, caught.value


def named(problem: ConnectorError) -> set[str | None]:
    """Return the inputs that an error names."""
    details = problem.details if isinstance(problem.details, dict) else {}
    return {problem.input, *details.get("inputs", ())}

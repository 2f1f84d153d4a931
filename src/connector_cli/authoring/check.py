"""`check` and `test`: what an author runs while writing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from connector_cli.key_lookup import near_keys
from connector_cli.terminal.output import put, say
from connector_runtime.definition.component_files import locate
from connector_runtime.definition.load import find_problems, read_component
from connector_runtime.definition.model import Model
from connector_runtime.definition.problems.report import render_problems
from connector_runtime.language.documents.document import parse_json
from connector_runtime.testing.cases import cases_of, run_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector_runtime.definition.component_files import Source
    from connector_runtime.errors import Problem
    from connector_runtime.testing.cases import Case


def check(folders: Sequence[Any], style: str) -> int:
    """Print every problem; returns 1 when one of them is an error."""
    started = time.perf_counter()
    places = [locate(folders[0]), *folders[1:]]
    problems = find_problems(places)
    report(problems, style)
    errors = sum(problem.severity == "error" for problem in problems)
    if style == "text":
        took_s = time.perf_counter() - started
        warnings = len(problems) - errors
        say(f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')} ({took_s:.2f} s)")
    return 1 if errors else 0


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def report(problems: Sequence[Problem], style: str) -> None:
    """Print problems in one of the styles `text`, `json`, `github`."""
    text = render_problems(problems, style)
    if style == "json":
        put(parse_json(text), as_json=False)
    elif text:
        put(text.rstrip("\n"), as_json=False)


def _place_of(source: Source, case: Case) -> str:
    """Return file and line of a test, or of the example that is one."""
    kinds = (source.files["action"], source.files["datasource"], source.files["trigger"])
    document = next(files[case.owner] for files in kinds if case.owner in files)
    section = "examples" if case.is_example else "tests"
    # Behind the sentence of a test with `each` stand the values of the entry.
    shown = case.name.removeprefix("example: ") if case.is_example else case.name
    fitting = (name for name in document.read_data().get(section, {}) if shown.startswith(name))
    pointer = (section, max(fitting, key=len, default=""))
    return f"{document.origin(pointer).name}:{document.place(pointer, key=True)[0]}"


def test(folders: Sequence[Any], wanted: str, *, as_json: bool) -> int:
    """Run embedded tests; returns 1 when one fails.

    Raises:
        click.UsageError: None has the text that is wanted.
    """
    started = time.perf_counter()
    source = read_component([locate(folders[0]), *folders[1:]])
    model = Model(source)
    outcomes = []
    for case in cases_of(model):
        if wanted.casefold() not in f"{case.owner} {case.name}".casefold():
            continue
        failures = run_case(model, case)
        outcome = {"action": case.owner, "test": case.name, "failures": failures}
        outcomes.append(outcome)
        if failures:
            outcome["place"] = _place_of(source, case)
        if failures and not as_json:
            say(f"FAILED {case.owner}: {case.name}")
            say(f"    {outcome['place']}")
            for failure in failures:
                say(f"    {failure}")
    if wanted and not outcomes:
        near = near_keys(wanted, {**model.actions, **model.triggers})
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.UsageError(f"No test has `{wanted}` in its action or name.{meant}")
    failed = sum(bool(outcome["failures"]) for outcome in outcomes)
    if as_json:
        put({"passed": len(outcomes) - failed, "failed": failed, "tests": outcomes}, as_json=True)
    else:
        say(f"{len(outcomes) - failed} passed, {failed} failed ({time.perf_counter() - started:.2f} s)")
    return 1 if failed else 0

"""`check` and `test`: what an author runs while writing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from connector_cli.key_lookup import near_keys
from connector_cli.terminal.output import put, say
from connector_runtime.checks import EmbeddedTests, problems_in, render_problems
from connector_runtime.documents import parse_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector_runtime.errors import Problem


def check(folders: Sequence[Any], style: str) -> int:
    """Print every problem; returns 1 when one of them is an error."""
    started = time.perf_counter()
    problems = problems_in(folders)
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




def test(folders: Sequence[Any], wanted: str, *, as_json: bool) -> int:
    """Run embedded tests; returns 1 when one fails.

    Raises:
        click.UsageError: None has the text that is wanted.
    """
    started = time.perf_counter()
    tests = EmbeddedTests(folders)
    outcomes: list[dict[str, Any]] = []
    for one in tests.run(wanted):
        outcome = {"action": one.action, "test": one.test, "failures": one.failures}
        outcomes.append(outcome | ({"place": one.place} if one.failures else {}))
        if one.failures and not as_json:
            say(f"FAILED {one.action}: {one.test}")
            say(f"    {one.place}")
            for failure in one.failures:
                say(f"    {failure}")
    if wanted and not outcomes:
        near = near_keys(wanted, tests.owners)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.UsageError(f"No test has `{wanted}` in its action or name.{meant}")
    failed = sum(bool(outcome["failures"]) for outcome in outcomes)
    if as_json:
        put({"passed": len(outcomes) - failed, "failed": failed, "tests": outcomes}, as_json=True)
    else:
        say(f"{len(outcomes) - failed} passed, {failed} failed ({time.perf_counter() - started:.2f} s)")
    return 1 if failed else 0

"""`demo`: a component's `demo.yaml`, step by step, on its sandbox.

A step has `title`, `action`, `inputs` (which may use `steps.<name>` of earlier ones),
`shows` (what of the data to print) and `ends` (the outcome, or the kind of refusal).
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from connector_cli.sandboxes import sandbox_of
from connector_cli.terminal.output import jsonable, printable
from connector_runtime.checks import lies_inside
from connector_runtime.documents import dump_json, read_yaml, rendered
from connector_runtime.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime import Component, Session

FILE = "demo.yaml"
SHOWN_LINES = 14


def demo(component: Component) -> int:
    """Run every step; returns 1 when one did not end as the file says."""
    console = Console(highlight=False)
    folder = component.model.source.folders[0]
    file = folder / FILE
    if not file.is_file() or not lies_inside(file, folder):
        raise click.UsageError(f"The component `{component.key}` brings no {FILE}.")
    script = read_yaml(file, FILE).data
    started = time.perf_counter()
    with closing(sandbox_of(component).Sandbox(":memory:")) as sandbox:
        with sandbox.running() as url:
            console.print(f"[bold]{escape(script['title'])}[/bold]\nA local sandbox answers at {url}\n")
            wrong = _play(console, component, script["steps"], sandbox.connection())
        changes = sum(len(entry.get("effects", ())) for entry in sandbox.ledger())
        asked = f"{len(sandbox.ledger())} requests, {changes} changes in the sandbox"
    took_s = time.perf_counter() - started
    console.print(f"{len(script['steps'])} steps in {took_s:.1f} s, {asked}.")
    if wrong:
        console.print(f"[red]{wrong} steps did not end as {FILE} says.[/red]")
    return 1 if wrong else 0


def _play(
    console: Console, component: Component, steps: list[Mapping[str, Any]], connection: Mapping[str, Any]
) -> int:
    """Run the steps; returns how many did not end as promised."""
    kept: dict[str, Any] = {}
    wrong = 0
    with component.session(connection, numbers="exact") as session:
        stage = Stage(console, component, session, connection)
        for number, step in enumerate(steps, 1):
            outcome, as_promised = _step(stage, step, kept, number)
            kept[step.get("name", str(number))] = outcome
            wrong += not as_promised
    return wrong


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the steps are shown, and what they are done with."""

    console: Console
    component: Component
    session: Session
    connection: Mapping[str, Any]


def _step(
    stage: Stage, step: Mapping[str, Any], kept: Mapping[str, Any], number: int
) -> tuple[dict[str, Any], bool]:
    """Show one step: the action's file, the request, and what came of it."""
    console, component = stage.console, stage.component
    key = step["action"]
    inputs = rendered(step.get("inputs", {}), {"steps": kept})
    document = component.model.source.files["action"][key]
    console.rule(f"[bold]{number}. {escape(step['title'])}", align="left")
    console.print(f"[dim]action file[/dim]  {document.name}")
    try:
        plan = component.request(key, inputs, stage.connection)
        _block(console, "request", str(plan))
        result = stage.session.run(key, inputs)
    except ConnectorError as problem:
        _block(console, "refused", f"{problem.kind}: {problem}")
        return {"error": problem.to_dict(exact=True)}, step.get("ends") == problem.kind
    told = rendered(step.get("shows", "${ data }"), {"data": result.data})
    text = told if isinstance(told, str) else dump_json(jsonable(told), indent=2)
    _block(console, f"HTTP {result.status}", text)
    console.print(f"[dim]outcome[/dim]      [green]{result.outcome}[/green]\n")
    return result.to_dict(exact=True), step.get("ends", "done") == result.outcome


def _block(console: Console, label: str, text: str) -> None:
    lines = printable(text).splitlines()
    more = [f"… {len(lines) - SHOWN_LINES} more lines"] if len(lines) > SHOWN_LINES else []
    for at, line in enumerate([*lines[:SHOWN_LINES], *more]):
        console.print(f"[dim]{label if at == 0 else '':<13}[/dim]{escape(line)}", soft_wrap=True)
    if label == "refused":
        console.print()

"""Sandboxes that installed packages bring for components.

A package names its sandbox under the entry point group `connector_runtime.sandboxes`
by the component's key: a module with `Sandbox(path)`, whose objects have `running()`
(a context manager that gives a URL), `connection()`, `reset()`, `ledger()` and `close()`, and with
`serve(port, path=, json=)`, which serves until stopped.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector_runtime.errors import error_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GROUP = "connector_runtime.sandboxes"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A sandbox that runs inside this process: where it is kept, and how to reach it."""

    file: str
    url: str
    connection: Mapping[str, Any]
    sandbox: Any


def sandbox_of(component: str) -> Any:
    """Return the module of a component's sandbox.

    Raises:
        click.UsageError: No installed package brings one.
    """
    for entry in entry_points(group=GROUP, name=component):
        return entry.load()
    raise click.UsageError(f"No sandbox is installed for `{component}`; give --connection FILE.")


def state_file(component: str) -> Path:
    """Return where an embedded sandbox keeps its state: in the current folder."""
    return Path(f".{component}-sandbox.sqlite")


@contextmanager
def embedded(component: str, *, fresh: bool) -> Iterator[Embedded]:
    """Run a component's sandbox inside this process, with its state in a file."""
    path = state_file(component)
    with closing(_opened(sandbox_of(component), path)) as sandbox:
        if fresh:
            sandbox.reset()
        with sandbox.running() as url:
            yield Embedded(str(path), url, sandbox.connection(), sandbox)


def _opened(module: Any, path: Path) -> Any:
    """Open a sandbox with its state in a file."""
    from sqlite3 import Error as SqliteError  # noqa: PLC0415  accounts need no sandbox

    try:
        return module.Sandbox(str(path))
    except (OSError, SqliteError) as problem:
        why = str(problem)
    raise error_of(
        "config",
        f"The embedded sandbox cannot keep its state in {path}: {why}.",
        hint="Work in a folder that can be written, or give --connection NAME.",
    )

"""Sandboxes that installed packages bring for components.

A package names its sandbox under the entry point group `connector_runtime.sandboxes`
by the component's key: a module with `Sandbox(path)`, whose objects have `running()`
(a context manager that gives a URL), `connection()`, `reset()`, `ledger()` and `close()`, and with
`serve(port, path=, json=)`, which serves until stopped. It is a distribution of its own, which lies
in the component's folder, beside `component.yaml`, under `sandbox/`.
"""

from __future__ import annotations

import os
import shlex
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector_runtime.errors import error_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime import Component

GROUP = "connector_runtime.sandboxes"
FOLDER = "sandbox"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A sandbox that runs inside this process: where it is kept, and how to reach it."""

    file: str
    url: str
    connection: Mapping[str, Any]
    sandbox: Any


def sandbox_of(component: Component, *, otherwise: str = "") -> Any:
    """Return the module of a component's sandbox.

    Args:
        component: Whose.
        otherwise: What else the reader can do when there is none, a sentence.

    Raises:
        click.UsageError: No installed package brings one; the text has the command that installs it.
    """
    for entry in entry_points(group=GROUP, name=component.key):
        return entry.load()
    missing = f"No sandbox is installed for `{component.key}`. {_how_to_install(component)}"
    raise click.UsageError(f"{missing} {otherwise}".rstrip())


def _how_to_install(component: Component) -> str:
    folder = component.model.source.folders[0] / FOLDER
    if not (folder / "pyproject.toml").is_file():
        return f"Where the component's sources bring one, `pip install ./{FOLDER}` installs it from there."
    is_here = folder.parent.resolve() == Path.cwd()
    place = f".{os.sep}{FOLDER}" if is_here else str(folder)
    return f"Install it: pip install {shlex.quote(place)}"


def state_file(component: str) -> Path:
    """Return where an embedded sandbox keeps its state: in the current folder."""
    return Path(f".{component}-sandbox.sqlite")


@contextmanager
def embedded(component: Component, *, fresh: bool) -> Iterator[Embedded]:
    """Run a component's sandbox inside this process, with its state in a file."""
    path = state_file(component.key)
    module = sandbox_of(component, otherwise="Or give --connection NAME, which uses an account.")
    with closing(_opened(module, path)) as sandbox:
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

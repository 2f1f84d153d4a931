"""The command line: the same public API, for people and for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(
    component: str | None = None,
    program: str = "python -m connector_runtime",
    words: Sequence[str] | None = None,
) -> None:
    """Run the command line and exit with 0 done, 1 failed, 2 wrong use, 130 interrupted.

    Args:
        component: Name or folder of the component when `--component` is not given.
        program: What the command is called in its help.
        words: What was typed after it; default the process's own.
    """
    try:
        from connector_cli.terminal.signals import ended_by_signals  # noqa: PLC0415

        with ended_by_signals():
            code = _run(component, program, sys.argv[1:] if words is None else words)
    except KeyboardInterrupt:
        code = 130  # before anything was begun, or after all was done
    sys.exit(code)


def _run(component: str | None, program: str, words: Sequence[str]) -> int | str:
    try:
        from connector_cli.commands import program as commands  # noqa: PLC0415
        from connector_cli.terminal.exit_codes import run  # noqa: PLC0415
    except ModuleNotFoundError as problem:
        return f"The command line needs {problem.name}: install the extra `cli`."
    return run(commands, words, name=program, component=component)

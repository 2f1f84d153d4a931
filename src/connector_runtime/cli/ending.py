"""How a run ends: the exit code, and one shape for whatever went wrong.

0 done, 1 the action or the check failed, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import click

from connector_runtime.check.report import render_problems
from connector_runtime.cli.output import put, refuse, say
from connector_runtime.documents import parse_json
from connector_runtime.errors import ConnectorError, DefinitionError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


def run(program: click.Command, words: Sequence[str], *, name: str, component: str | None) -> int:
    """Run a command; returns the exit code.

    Args:
        program: The commands.
        words: What was typed.
        name: What the program is called in its help.
        component: Name or folder of the component, where `--component` does not say another.
    """
    as_json = "--json" in words
    try:
        ended = program.main(
            args=list(words), prog_name=name, obj={"component": component}, standalone_mode=False
        )
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; what is buffered must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, click.Abort, click.ClickException, ConnectorError) as end:
        return _told(end, as_json=as_json)
    return ended if isinstance(ended, int) else DONE


def _told(end: BaseException, *, as_json: bool) -> int:
    """Say why a run ended early; returns the exit code."""
    if isinstance(end, click.Abort) and isinstance(end.__context__, EOFError):
        end = click.UsageError("The answers ended before the questions.")
    if isinstance(end, click.ClickException):
        _explain(end, as_json=as_json)
        return WRONG_USE
    if isinstance(end, DefinitionError):
        _show_problems(end, as_json=as_json)
        return FAILED
    if isinstance(end, ConnectorError):
        refuse(end, as_json=as_json)
        return FAILED
    say("Interrupted.")
    return INTERRUPTED


def _explain(wrong: click.ClickException, *, as_json: bool) -> None:
    if not as_json:
        shown = io.StringIO()
        wrong.show(shown)
        say(shown.getvalue().rstrip("\n"))
        return
    context = getattr(wrong, "ctx", None)
    hint = f"`{context.command_path} --help` says how it is used." if context else None
    put({"error": InputError(wrong.format_message(), kind="input", hint=hint).to_dict()}, as_json=True)


def _show_problems(problem: DefinitionError, *, as_json: bool) -> None:
    if as_json:
        problems = parse_json(render_problems(problem.problems, "json"))
        put({"error": {**problem.to_dict(), "problems": problems}}, as_json=True)
        return
    say(render_problems(problem.problems, "text").rstrip("\n") if problem.problems else str(problem))

"""How a run ends: the exit code, and one shape for whatever went wrong.

0 done, 1 the action or the check failed, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import click

from connector_cli.terminal.output import OutputLostError, flush_output, ready_streams, refuse, say, tell
from connector_runtime.checks import render_problems
from connector_runtime.errors import ConnectorError, DefinitionError, InputError, error_of, problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


class InterruptedCommandError(Exception):
    """A command was interrupted, on its way past a library that would say so in its own words.

    Attributes:
        problem: What is known of the call that was under way, or None where there was none.
    """

    def __init__(self, problem: ConnectorError | None) -> None:
        super().__init__()
        self.problem = problem


class Commands(click.Group):
    """A group whose commands end in ways that `run` understands."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(context)
        except KeyboardInterrupt as end:
            problem = problem_of(end)
        raise InterruptedCommandError(problem)


def run(program: click.Command, words: Sequence[str], *, name: str, component: str | None) -> int:
    """Run a command; returns the exit code.

    Args:
        program: The commands.
        words: What was typed.
        name: What the program is called in its help.
        component: Name or folder of the component, where `--component` does not say another.
    """
    as_json = "--json" in words
    ready_streams()
    try:
        try:
            given = {"component": component}
            ended = program.main(args=list(words), prog_name=name, obj=given, standalone_mode=False)
            flush_output()
        except (*_ENDS, OSError) as end:
            return _told(end, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED  # once more, while the first time was told
    except SystemExit:
        return FAILED  # whoever read a command's help has seen enough
    return ended if isinstance(ended, int) else DONE


_ENDS = (InterruptedCommandError, OutputLostError, click.Abort, click.ClickException, ConnectorError)


def _told(end: BaseException, *, as_json: bool) -> int:
    """Say why a run ended early; returns the exit code."""
    if isinstance(end, click.Abort):
        if isinstance(end.__context__, EOFError):
            end = click.UsageError("The answers ended before the questions.")
        else:
            end = InterruptedCommandError(None)
    if isinstance(end, InterruptedCommandError):
        _show_interruption(end.problem, as_json=as_json)
        return INTERRUPTED
    if isinstance(end, OutputLostError):
        if not end.is_quiet:
            say(str(end))
        return INTERRUPTED if end.was_interrupted else FAILED
    if isinstance(end, click.ClickException):
        _explain(end, as_json=as_json)
        return WRONG_USE
    if isinstance(end, OSError):
        return _show_trouble(end, as_json=as_json)
    if isinstance(end, DefinitionError):
        _show_problems(end, as_json=as_json)
    elif isinstance(end, ConnectorError):
        refuse(end, as_json=as_json)
    return FAILED


def _show_interruption(problem: ConnectorError | None, *, as_json: bool) -> None:
    # What was typed stands on the line already, as ^C.
    say("")
    if problem is not None:
        refuse(problem, as_json=as_json)
        return
    words = "Interrupted."
    tell(error_of("timeout", words).to_dict() if as_json else None, words)


def _show_trouble(trouble: OSError, *, as_json: bool) -> int:
    """Say what the system refused: to a library that prints, or around a command."""
    try:
        flush_output()
    except OutputLostError as lost:
        return _told(lost, as_json=as_json)
    where = f" {trouble.filename}:" if trouble.filename else ""
    message = f"The command ended early:{where} {trouble.strerror or trouble}."
    refuse(error_of("config", message), as_json=as_json)
    return FAILED


def _explain(wrong: click.ClickException, *, as_json: bool) -> None:
    shown = io.StringIO()
    wrong.show(shown)
    shape = None
    if as_json:
        context = getattr(wrong, "ctx", None)
        hint = f"`{context.command_path} --help` says how it is used." if context else None
        shape = InputError(wrong.format_message(), kind="input", hint=hint).to_dict()
    tell(shape, shown.getvalue().rstrip("\n"))


def _show_problems(problem: DefinitionError, *, as_json: bool) -> None:
    shape = None
    if as_json:
        shape = problem.to_dict()
    words = render_problems(problem.problems, "text").rstrip("\n") if problem.problems else str(problem)
    tell(shape, words)

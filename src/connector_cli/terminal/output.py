"""What the commands print: data on standard output, words on standard error.

Words that cannot be printed are dropped, for they change nothing of what was done. Data that
cannot be printed is an error; whoever has it says on the other stream what was lost.
"""

from __future__ import annotations

import base64
import errno
import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

import click

from connector_runtime.documents import dump_json

if TYPE_CHECKING:
    from connector_runtime.errors import ConnectorError

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class OutputLostError(Exception):
    """Standard output takes no more; nothing else is written to it.

    Attributes:
        why: In a few words.
        is_quiet: Whether its reader has seen enough and went away.
        was_interrupted: Whether the wish to end came while it was written.
    """

    def __init__(self, why: str, *, is_quiet: bool = False, was_interrupted: bool = False) -> None:
        super().__init__(f"The output cannot be written: {why}.")
        self.why, self.is_quiet, self.was_interrupted = why, is_quiet, was_interrupted


def ready_streams() -> None:
    """Have characters that a stream does not know shown as escapes, also by libraries that print."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> bool:
    """Print words for a person; False when they cannot be printed."""
    try:
        _write(sys.stderr, printable(text) + "\n")
    except OSError:
        return False
    return True


def put(value: Any, *, as_json: bool, done: str = "") -> None:
    """Print data: JSON for programs, JSON made readable (or plain text) for people.

    Args:
        value: The data.
        as_json: Whether it is for a program.
        done: What has been done, said where the data is lost.

    Raises:
        OutputLostError: Standard output does not take it, or not all of it.
    """
    if isinstance(value, str) and not as_json:
        text = printable(value)
    else:
        text = _known(escaped(dump_json(jsonable(value), indent=None if as_json else 2)), sys.stdout)
    try:
        flush_output(text + "\n")
    except OutputLostError as lost:
        if done and not lost.is_quiet:
            say(done)
        raise


def flush_output(text: str = "") -> None:
    """Write what standard output still holds, after some more text; raises as `put`."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        lost = OutputLostError("its reader went away", is_quiet=True)
    except OSError as problem:
        lost = OutputLostError(problem.strerror or "it is closed")
    except KeyboardInterrupt:
        _abandon(sys.stdout)
        lost = OutputLostError("the command was interrupted", was_interrupted=True)
    else:
        return
    raise lost


def _write(stream: TextIO | None, text: str) -> None:
    """Write to a stream and hear at once whether it takes it; `OSError` when not."""
    if stream is None or stream.closed:
        if not text:
            return
        raise OSError(errno.EBADF, "it is closed")
    try:
        if text:
            stream.write(text)
        stream.flush()
    except OSError:
        _abandon(stream)
        raise


def _abandon(stream: TextIO) -> None:
    """Let what a broken stream still holds go nowhere: at its end Python would try once more."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def _known(text: str, stream: TextIO | None) -> str:
    """Return the same JSON with every character that a stream cannot show as an escape."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        known = {char: char.encode(encoding, "ignore") != b"" for char in set(text)}
        return "".join(char if known[char] else _escape(char) for char in text)
    return text


def jsonable(value: Any) -> Any:
    """Return data with bytes as `{base64: …}`, which inputs understand too."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, dict):
        return {str(key): jsonable(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(member) for member in value]
    return value


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: control characters are shown, not sent."""
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


def escaped(text: str) -> str:
    """Return the same JSON with every character that could steer a terminal as an escape."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else _escape(char) for char in text)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def refuse(problem: ConnectorError, *, as_json: bool) -> None:
    """Print an error in its one shape."""
    where = f"{problem.action}: " if problem.action else ""
    lines = [f"{where}{problem.message}"]
    if problem.hint:
        lines.append(f"  → {problem.hint}")
    facts = {
        "kind": problem.kind,
        "input": problem.input,
        "status": problem.status,
        "code": problem.code,
        "existing id": problem.existing_id,
        "look up": _listed(problem.identity),
        "retry at": problem.to_dict().get("retryAt"),
        "cursor": dump_json(problem.cursor) if problem.cursor else None,
    }
    lines.append("  " + ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None))
    if problem.items:
        count = len(problem.items)
        read = "1 record was" if count == 1 else f"{count} records were"
        lines.append(f"  {read} read; --json prints {'it' if count == 1 else 'them'} with the error.")
    tell(problem.to_dict(exact=True) if as_json else None, "\n".join(lines))


def _listed(identity: Any) -> Any:
    """Return what to look up as words: one thing, or the list of a call for many records."""
    if not isinstance(identity, list | tuple):
        return identity
    known = [str(one) for one in identity if one]
    words, lacking = ", ".join(known) or "nothing", len(identity) - len(known)
    return f"{words} ({lacking} of {len(identity)} records have nothing to look up by)" if lacking else words


def tell(shape: dict[str, Any] | None, words: str) -> None:
    """Print an error: its shape as data for a program, else words; on the other stream if one is lost."""
    if shape is not None:
        try:
            put({"error": shape}, as_json=True)
        except OutputLostError:
            say(words)
        return
    if not say(words):
        with suppress(OutputLostError):
            put(words, as_json=False)


class RecordHandler(logging.Handler):
    """Prints the records of Debug Request as JSON lines on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        shape = getattr(record, "connector", None)
        if shape is not None:
            say(_known(escaped(dump_json(jsonable(shape))), sys.stderr))


def debug_logger() -> logging.Logger:
    """Return a logger that prints what Debug Request says."""
    logger = logging.getLogger("connector_cli")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [RecordHandler()]
    return logger

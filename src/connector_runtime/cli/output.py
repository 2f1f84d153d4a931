"""What the commands print: data on standard output, words on standard error."""

from __future__ import annotations

import base64
import logging
import sys
from typing import TYPE_CHECKING, Any

import click

from connector_runtime.documents import dump_json

if TYPE_CHECKING:
    from connector_runtime.errors import ConnectorError

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def say(text: str) -> None:
    """Print words for a person."""
    click.echo(printable(text), err=True)


def put(value: Any, *, as_json: bool) -> None:
    """Print data: JSON for programs, JSON made readable (or plain text) for people."""
    if isinstance(value, str) and not as_json:
        click.echo(printable(value))
    else:
        click.echo(escaped(dump_json(jsonable(value), indent=None if as_json else 2)))


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
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def refuse(problem: ConnectorError, *, as_json: bool) -> None:
    """Print an error in its one shape."""
    if as_json:
        put({"error": problem.to_dict()}, as_json=True)
        return
    where = f"{problem.action}: " if problem.action else ""
    say(f"{where}{problem.message}")
    if problem.hint:
        say(f"  → {problem.hint}")
    facts = {
        "kind": problem.kind,
        "input": problem.input,
        "status": problem.status,
        "code": problem.code,
        "existing id": problem.existing_id,
        "look up": problem.identity,
        "retry at": problem.to_dict().get("retryAt"),
    }
    say("  " + ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None))


class RecordHandler(logging.Handler):
    """Prints the records of Debug Request as JSON lines on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        shape = getattr(record, "connector", None)
        if shape is not None:
            sys.stderr.write(escaped(dump_json(jsonable(shape))) + "\n")


def debug_logger() -> logging.Logger:
    """Return a logger that prints what Debug Request says."""
    logger = logging.getLogger("connector_runtime.cli")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [RecordHandler()]
    return logger

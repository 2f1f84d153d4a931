"""What was given on the command line: the component, inputs, a connection."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector_cli.connections.kept import is_file, kept, names_kept, unknown
from connector_cli.sandboxes import embedded
from connector_cli.terminal.output import debug_logger, say
from connector_runtime import Component
from connector_runtime.checks import render_problems
from connector_runtime.documents import JsonError, parse_json, parse_yaml, read_yaml
from connector_runtime.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from connector_runtime import Session
    from connector_runtime.component import Action

    Command = Callable[..., Any]

_FILE_MEMBERS = {"data", "base64", "path", "contentType", "name"}
_NAMES_A_FILE = re.compile(r"""[{,]\s*["']?(?:path|base64)["']?\s*:""")


def load(context: click.Context) -> Component:
    """Load the component that the command works on."""
    chosen = context.obj.get("component")
    if chosen is None:
        chosen = "." if Path("component.yaml").is_file() else None
    if chosen is None:
        raise click.UsageError("Say which component: --component FOLDER (or an installed one's name).")
    return Component.load(chosen, *context.obj.get("add", ()))


with_connection = click.option(
    "--connection", metavar="NAME", help="A kept connection, or a YAML or JSON file; else the sandbox."
)
with_proxy = click.option(
    "--proxy", metavar="URL",
    help="Where calls go through: http://host:port or socks5://host:port; default what the environment says.",
)  # fmt: skip
_INPUTS = (
    click.option("-i", "--input", "pairs", multiple=True, metavar="KEY=VALUE",
                 help="One input; repeatable. KEY=@FILE where it takes a file."),
    click.option("--inputs", "file", metavar="FILE", help="Inputs as YAML or JSON; - for standard input."),
    with_connection,
    click.option("--fresh", is_flag=True, help="Empty the embedded sandbox first."),
)


def with_inputs(command: Command) -> Command:
    """Give a command the options that say its inputs and its connection."""
    for option in reversed(_INPUTS):
        command = option(command)
    return command


def inputs_of(action: Action, pairs: Sequence[str], file: str | None) -> dict[str, Any]:
    """Gather inputs from a file or standard input, overlaid by `-i key=value`.

    For an input that takes a file, `key=@path` reads it from this machine, and so does the
    map that the guide has for it. An input that takes several values may be given several times.
    """
    found = read_map(file) if file else {}
    types = {entry.key: entry.type for entry in action.inputs}
    types |= {former: types[key] for former, key in action.inputs.former.items()}
    for key, values in named(pairs).items():
        found[key] = _meant(key, values, types.get(key, ""))
    return found


def named(pairs: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of `key=value` words by key, in order."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"`-i {pair}` has no `=`; write -i key=value.")
        found.setdefault(key, []).append(value)
    return found


def read_map(file: str) -> dict[str, Any]:
    """Return the map that a YAML or JSON file, or standard input for `-`, holds.

    Raises:
        click.UsageError: It cannot be read, or holds something else.
    """
    try:
        found = _read(file)
    except JsonError as problem:
        raise click.UsageError(f"{file}: {problem}") from None
    except DefinitionError as problem:
        raise click.UsageError(render_problems(problem.problems, "text").rstrip("\n")) from None
    except OSError as problem:
        raise click.UsageError(f"{file} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} is not UTF-8.") from None
    if not isinstance(found, dict):
        raise click.UsageError(f"{file}: a map of keys and values is wanted here.")
    return found


@dataclass(frozen=True, slots=True)
class Chosen:
    """The connection to use, and what its session is to be given."""

    connection: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def connection_of(component: Component, word: str | None, *, fresh: bool, quiet: bool) -> Iterator[Chosen]:
    """Give the connection to use: a kept one, one from a file, or the embedded sandbox's."""
    if word is not None:
        if fresh:
            raise click.UsageError("--fresh empties the embedded sandbox, which --connection does not use.")
        names = [] if is_file(word) else names_kept(component.key)
        if word in names:
            with kept(component.key) as store:
                yield Chosen(store.connection(word), {"token_store": store})
        elif is_file(word) or Path(word).exists():
            yield Chosen(read_map(word))
        else:
            raise unknown(word, names)
        return
    with embedded(component, fresh=fresh) as sandbox:
        if not quiet:
            say(f"Using the embedded sandbox, kept in {sandbox.file}; --connection NAME uses an account.")
        yield Chosen(sandbox.connection)


@contextmanager
def session_of(
    component: Component, given: Mapping[str, Any], *, quiet: bool, **options: Any
) -> Iterator[Session]:
    """Open a session on the connection that was chosen; what is printed has the digits that came."""
    how = {"numbers": "exact", "proxy": proxy_of(given), **options}
    with (
        connection_of(component, given["connection"], fresh=given.get("fresh", False), quiet=quiet) as chosen,
        component.session(chosen.connection, logger=debug_logger(), **how, **chosen.options) as session,
    ):
        yield session


def proxy_of(given: Mapping[str, Any]) -> str | None:
    """Return the proxy that was named; None leaves it to the environment.

    Raises:
        click.UsageError: The call would go to the sandbox on this machine, where no proxy leads.
    """
    proxy: str | None = given.get("proxy")
    if proxy and given.get("connection", "") is None:
        raise click.UsageError("--proxy is for accounts: say which with --connection.")
    return proxy


def _meant(key: str, values: list[str], kind: str) -> Any:
    if kind == "files":
        if len(values) == 1 and values[0].lstrip().startswith(("[", "{")):
            return values[0]  # all of them as JSON, which the reader of the input knows
        return [_keyed_file(key, value) for value in values]
    if kind == "file":
        values = [_file(key, value) for value in values]
    if len(values) == 1:
        return values[0]
    if kind == "list":
        return values
    if kind == "keyvalue":
        return [_entry(key, value) for value in values]
    raise click.UsageError(f"`-i {key}=…` stands {len(values)} times; this input takes one value.")


def _file(key: str, value: str) -> Any:
    """Return a file: what lies at `@path`, what a map like `{"path": …}` says, else the text itself."""
    if value.startswith("@"):
        return {"path": value[1:]}
    if not value.lstrip().startswith("{"):
        return value
    try:
        found = parse_json(value)
    except JsonError as problem:
        if not _NAMES_A_FILE.search(value):
            return value
        # A shell has eaten the quotes, mostly: sent as it stands it would be the wrong content.
        message = f"`-i {key}=…` looks like a map that names a file, and is no JSON: {problem}. "
        raise click.UsageError(f"{message}Write -i {key}=@FILE to send what lies in a file.") from None
    # Other JSON is the text of a file.
    is_map = found.keys() & {"path", "base64"} or ("data" in found and found.keys() <= _FILE_MEMBERS)
    return found if is_map else value


def _keyed_file(key: str, value: str) -> dict[str, Any]:
    entry = _entry(key, value)
    return {**entry, "value": _file(f"{key}={entry['key']}", entry["value"])}


def _entry(key: str, value: str) -> dict[str, Any]:
    name, equals, content = value.partition("=")
    if not equals:
        raise click.UsageError(f"`-i {key}={value}` has no name; write -i {key}=NAME=VALUE.")
    return {"key": name, "value": content}


def _read(file: str) -> Any:
    if file == "-":
        if sys.stdin is None:
            raise click.UsageError("Standard input is closed.")
        text = sys.stdin.read()
        return parse_json(text, numbers="written") if text.lstrip().startswith(("{", "[")) else _yaml(text)
    if file.endswith(".json"):
        return parse_json(Path(file).read_bytes(), numbers="written")
    return read_yaml(Path(file), file, exact=True).data


def _yaml(text: str) -> Any:
    try:
        return parse_yaml(text)
    except DefinitionError as problem:
        raise click.UsageError(problem.message) from None


def resume_of(given: str | None) -> Any:
    """Return what a run goes on from: JSON, or a file with it; the whole error that had it will do.

    Raises:
        click.UsageError: It cannot be read.
    """
    if given is None:
        return None
    if given.lstrip().startswith("{"):
        try:
            found = parse_json(given.encode())
        except JsonError as problem:
            raise click.UsageError(f"--resume: {problem}") from None
    else:
        found = read_map(given)
    found = found.get("error", found)
    resume = found.get("resume", found) if isinstance(found, dict) else found
    if not resume or (resume is found and "state" not in resume):
        # Without a word it would begin anew, and write again what was written.
        raise click.UsageError("--resume: this error has no `resume`, so nothing can be gone on from.")
    return resume

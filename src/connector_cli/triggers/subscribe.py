"""`subscribe`, `renew`, `catch-up`, `unsubscribe`: have a service push, and keep what was agreed in a file.

The secret that proves pushes is never printed. In the file it is sealed with the keys of the
kept connections, unless a program has kept it in clear there.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector_cli.arguments import inputs_of, load, session_of, with_connection, with_inputs, with_proxy
from connector_cli.connections.kept import keys_of
from connector_cli.key_lookup import trigger_of
from connector_cli.terminal.exit_codes import FAILED
from connector_cli.terminal.output import as_json, put, say
from connector_cli.triggers.kept import read_kept
from connector_cli.triggers.poll import put_poll
from connector_runtime import Secret, Subscription
from connector_runtime.component import new_secret
from connector_runtime.errors import ConnectorError, StoreError
from connector_runtime.stores import check_private, make_private, replace_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from connector_runtime.stores import Keys

    Command = Callable[..., Any]

_NOTHING_YET = b"null"


def _kept_in(words: str) -> Callable[[Command], Command]:
    return click.option(
        "--state", "kept_in", required=True, type=click.Path(path_type=Path), metavar="FILE", help=words
    )


@click.command()
@click.argument("trigger")
@with_inputs
@with_proxy
@click.option("--url", required=True, metavar="URL", help="Where to: the https address of your server.")
@_kept_in("Where the subscription is kept; there must be no such file yet.")
@click.option("--proof", "proof_in", type=click.Path(path_type=Path), metavar="FILE",
              help="A file with the secret that proves pushes; a fresh one is put into it where there is "
                   "none yet. Without it nobody sees the secret.")  # fmt: skip
@as_json
@click.pass_context
def subscribe(context: click.Context, /, trigger: str, *, url: str, kept_in: Path,
              proof_in: Path | None, as_json: bool, **given: Any) -> None:  # fmt: skip
    """Have a service push a trigger's changes to your server."""
    component = load(context)
    found = trigger_of(component, trigger, "webhook")
    is_asked = "subscribe" in found.definition["webhook"]
    if proof_in is None and not is_asked:
        raise click.UsageError(
            f"A person sets up `{trigger}` at the service, and enters its secret there: add --proof FILE."
        )
    inputs = inputs_of(found.asking, given["pairs"], given["file"])
    keys = keys_of(component.key)
    secret = None if proof_in is None else _secret(proof_in)
    with _claimed(kept_in), session_of(component, given, quiet=as_json) as session:
        subscription = session.subscribe(trigger, inputs, url, secret=secret)
        hint = f"It pushes: end {subscription.id} at the service, and subscribe again."
        _keep(kept_in, subscription, keys, hint)
    _tell(subscription, as_json=as_json)
    if not is_asked:
        say(f"Nobody was asked: enter the address at the service, and the secret from {proof_in}.")


@click.command()
@_kept_in("Where `subscribe` has kept the subscription.")
@with_connection
@with_proxy
@as_json
@click.pass_context
def renew(context: click.Context, /, *, kept_in: Path, as_json: bool, **given: Any) -> None:
    """Have a subscription last longer; to do so twice does no harm."""
    component = load(context)
    subscription, keys = _read(kept_in, keys_of(component.key))
    with session_of(component, given, quiet=as_json) as session:
        subscription = session.renew(subscription)
        _keep(kept_in, subscription, keys, "It is renewed; to renew it once more does no harm.")
    _tell(subscription, as_json=as_json)


@click.command(name="catch-up")
@_kept_in("Where `subscribe` has kept the subscription; how far it is told is kept there, too.")
@with_connection
@with_proxy
@as_json
@click.pass_context
def catch_up(context: click.Context, /, *, kept_in: Path, as_json: bool, **given: Any) -> None:
    """Tell what pushes may have missed since the subscription began, or was caught up with last.

    Run it now and then, and after your server was down. Some of it may have been pushed, too.
    """
    component = load(context)
    subscription, keys = _read(kept_in, keys_of(component.key))
    with session_of(component, given, quiet=as_json) as session:
        result = session.catch_up(subscription)
    put_poll(result, as_json=as_json)
    # Only what was printed is behind the reader: whoever stops before gets it again.
    _keep(kept_in, subscription.caught_up(result.state), keys, "The next time tells the same once more.")
    if result.error is not None:
        context.exit(FAILED)


@click.command()
@_kept_in("Where `subscribe` has kept the subscription; the file is taken away.")
@with_connection
@with_proxy
@as_json
@click.pass_context
def unsubscribe(context: click.Context, /, *, kept_in: Path, as_json: bool, **given: Any) -> None:
    """End a subscription; one that is gone already is ended."""
    component = load(context)
    subscription, _ = _read(kept_in, keys_of(component.key))
    with session_of(component, given, quiet=as_json) as session:
        result = session.unsubscribe(subscription)
        kept_in.unlink(missing_ok=True)
    shape = {"trigger": subscription.trigger, "id": subscription.id, "warnings": list(result.warnings)}
    is_asked = "unsubscribe" in component.triggers[subscription.trigger].definition["webhook"]
    became = "is ended" if is_asked else "is kept no longer"
    words = f"{subscription.trigger}: the subscription {subscription.id} {became}."
    put(shape if as_json else words, as_json=as_json, done=words)
    _warn(() if as_json else result.warnings)


def _read(file: Path, keys: Keys) -> tuple[Subscription, Keys | None]:
    """Return a subscription, and what seals its secret: nothing where a program has kept it in clear."""
    document, problem = read_kept(file)
    if document is None:
        raise click.UsageError(f"{file} holds no subscription: {problem}. `subscribe` makes one.")
    try:
        subscription = Subscription.from_dict(document, keys)
    except StoreError:
        raise
    except ConnectorError as wrong:
        wrong.hint = f"Is {file} what `subscribe` has kept? If it is lost, subscribe again."
        raise
    return subscription, None if isinstance(document["secret"], str) else keys


def _keep(file: Path, subscription: Subscription, keys: Keys | None, hint: str) -> None:
    """Keep what was agreed, while the session still stands open: nothing comes between."""
    try:
        replace_private(file, json.dumps(subscription.to_dict(keys)).encode())
    except StoreError as problem:
        problem.hint = hint
        raise


@contextmanager
def _claimed(file: Path) -> Iterator[None]:
    """Make the file before anything is sent: what cannot be kept must not be agreed."""
    if not file.parent.is_dir():
        raise click.UsageError(f"{file} cannot be made: there is no folder {file.parent}.")
    if not make_private(file, _NOTHING_YET):
        raise click.UsageError(
            f"{file} is there already: end its subscription with `unsubscribe`, or name another file."
        )
    try:
        yield
    except BaseException:
        with suppress(OSError):  # somebody else's by now
            if file.read_bytes() == _NOTHING_YET:
                file.unlink()
        raise


def _secret(file: Path) -> Secret:
    """Return the secret in a file; a fresh one is put there first where there is no file."""
    make_private(file, new_secret().reveal().encode())
    check_private(file)
    try:
        return Secret(file.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError):
        raise click.UsageError(f"{file} cannot be read as a text in UTF-8.") from None


def _tell(subscription: Subscription, *, as_json: bool) -> None:
    """Say what was agreed: neither the secret nor the address, which may hold one, too."""
    shape: Mapping[str, Any] = {
        "trigger": subscription.trigger,
        "id": subscription.id,
        "expires": _iso(subscription.expires),
        "renewAt": _iso(subscription.renew_at),
        "warnings": list(subscription.warnings),
    }
    until = f" until {shape['expires']}" if subscription.expires else ""
    later = f"; renew it from {shape['renewAt']} on" if subscription.renew_at else ""
    words = f"{subscription.trigger}: the subscription {subscription.id} is kept, and good{until}{later}."
    put(shape if as_json else words, as_json=as_json, done=words)
    _warn(() if as_json else subscription.warnings)


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat(timespec="seconds")


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        say(f"warning: {warning}")

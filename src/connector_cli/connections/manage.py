"""What one does with connections that are kept: list, test, change, rename, remove, look over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from connector_cli.arguments import load, named, with_proxy
from connector_cli.connections.form import fields_of, way_to_connect
from connector_cli.connections.kept import checked_name, find, kept, names_kept, unknown
from connector_cli.key_lookup import any_of
from connector_cli.pages import table_of
from connector_cli.terminal.output import as_json, put, say
from connector_runtime.component import Action, Refusal
from connector_runtime.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime import Component, Finding
    from connector_runtime.component import Trigger

_MARKS = {"good": "ok", "warning": "warning", "bad": "WRONG"}
a_name = click.argument("name")
narrowed = click.option(
    "-i",
    "--input",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="An input that narrows what is needed, such as a record type; repeatable.",
)


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def connections(context: click.Context, /, *, as_json: bool) -> None:
    """List the connections that are kept; or test, change, rename, remove one."""
    if context.invoked_subcommand is not None:
        return
    component = load(context)
    if not names_kept(component.key):
        say("No connection is kept yet; `connect` makes one.")
        shapes = []
    else:
        with kept(component.key) as store:
            shapes = [component.summary(store.connection(name)) for name in store.names()]
    if as_json:
        put(shapes, as_json=True)
    elif shapes:
        put(table_of(("name", "connection", "place", "fields"), list(map(_row, shapes))), as_json=False)


def _row(shape: dict[str, Any]) -> tuple[str, ...]:
    place = next((row["name"] for row in shape.get("chosen", {}).values()), "")
    fields = ", ".join(f"{key}={value}" for key, value in shape["fields"].items() if key != "scopes")
    return shape["name"], shape["key"], shape.get("problem") or place, fields


@connections.command()
@a_name
@with_proxy
@as_json
@click.pass_context
def test(context: click.Context, /, name: str, *, proxy: str | None, as_json: bool) -> None:
    """Ask the vendor whether a connection works."""
    component = load(context)
    with _opened(component, name) as store:
        connection = find(store, name)
        with component.session(connection, token_store=store, proxy=proxy) as session:
            result = session.check()
    put({"name": name, "status": result.status} if as_json else f"{name} works.", as_json=as_json)


@connections.command(name="set")
@a_name
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@as_json
@click.pass_context
def change(context: click.Context, /, name: str, pairs: tuple[str, ...], *, as_json: bool) -> None:
    """Change fields of a connection; an empty value takes one out."""
    component = load(context)
    with _opened(component, name, to_change=True) as store:
        connection = find(store, name)
        definition = component.connections[connection["key"]]
        emptied = {key for key, values in named(pairs).items() if values[-1] == ""}
        known = connection["fields"]
        fields = fields_of(definition, pairs, None, component=component.key, known=known)
        fields = {key: value for key, value in fields.items() if key not in emptied}
        connection = {**connection, "fields": fields}
        component.session(connection).close()  # refuses what does not fit
        store.save(name, connection)
    shape = component.summary(connection)
    words = f"{name} is changed."
    put({"connection": shape} if as_json else words, as_json=as_json, done=words)


@connections.command()
@a_name
@click.argument("new_name", callback=checked_name)
@as_json
@click.pass_context
def rename(context: click.Context, /, name: str, new_name: str, *, as_json: bool) -> None:
    """Give a connection another name."""
    with _opened(load(context), name, to_change=True) as store:
        find(store, name)
        store.rename(name, new_name)
    words = f"{name} is called {new_name} now."
    put({"name": new_name} if as_json else words, as_json=as_json, done=words)


@connections.command()
@a_name
@click.option("--keep-token", is_flag=True, help="Forget it here without giving the token back.")
@with_proxy
@as_json
@click.pass_context
def remove(
    context: click.Context, /, name: str, *, keep_token: bool, proxy: str | None, as_json: bool
) -> None:
    """Give a connection's token back to the vendor and forget the connection."""
    component = load(context)
    with _opened(component, name, to_change=True) as store:
        connection = find(store, name)
        was_given_back = False if keep_token else _give_back(component, connection, proxy)
        store.remove(name)
    shape = {"removed": name, "tokenGivenBack": was_given_back}
    words = f"{name} is removed."
    put(shape if as_json else words, as_json=as_json, done=words)


def _give_back(component: Component, connection: dict[str, Any], proxy: str | None) -> bool:
    """Revoke the token; a vendor that cannot be reached leaves the connection as it was."""
    definition = component.connections.get(connection["key"])
    if definition is None or definition.oauth2 is None:
        return False
    try:
        was_good = component.logins(proxy=proxy).revoke(connection)
    except ConnectorError as problem:
        if problem.kind == "unsupported":
            say("The vendor offers no way to give the token back; it ends by itself.")
            return False
        problem.hint = f"{problem.hint or ''} Or remove it with --keep-token.".strip()
        raise
    say("The token was given back." if was_good else "The token was not good any more.")
    return was_good


@click.command()
@click.argument("name", required=False)
@click.argument("actions", nargs=-1, metavar="[ACTION|TRIGGER]...")
@narrowed
@with_proxy
@as_json
@click.pass_context
def doctor(
    context: click.Context,
    /,
    name: str | None,
    actions: tuple[str, ...],
    pairs: tuple[str, ...],
    *,
    proxy: str | None,
    as_json: bool,
) -> None:
    """Say what is wrong with a connection, for the ACTIONS and triggers in use or for all.

    Without NAME every connection that is kept is looked over.
    """
    component = load(context)
    names = [name] if name is not None else names_kept(component.key)
    if not names:
        raise click.UsageError("No connection is kept yet; `connect` makes one.")
    uses = _uses(component, actions, pairs)
    findings = {}
    with _opened(component, names[0]) as store:
        for one in names:
            findings[one] = component.health(find(store, one), uses, token_store=store, proxy=proxy)
    if as_json:
        put({one: [finding.to_dict() for finding in found] for one, found in findings.items()}, as_json=True)
    else:
        for one, found in findings.items():
            put(f"{one}\n" + "\n".join(_line(finding) for finding in found), as_json=False)
    wrong = any(finding.state == "bad" for found in findings.values() for finding in found)
    context.exit(1 if wrong else 0)


def _line(finding: Finding) -> str:
    hint = f"\n{'':<9} → {finding.hint}" if finding.hint and finding.state != "good" else ""
    return f"{_MARKS[finding.state]:<9} {finding.message}{hint}"


@click.command()
@click.argument("actions", nargs=-1, metavar="[ACTION|TRIGGER]...")
@narrowed
@click.option("--way", "key", metavar="KEY", help="Way to connect whose scopes these are; default the first.")
@as_json
@click.pass_context
def scopes(
    context: click.Context,
    /,
    actions: tuple[str, ...],
    pairs: tuple[str, ...],
    *,
    key: str | None,
    as_json: bool,
) -> None:
    """Print the smallest list of scopes that some actions and triggers need.

    Without keys it is the list of all that there are.
    """
    component = load(context)
    if pairs and not actions:
        raise click.UsageError("-i narrows what some actions or triggers need: name them.")
    uses = _uses(component, actions or (*component.actions, *component.triggers), pairs)
    chosen = {one: any_of(component, one) for one in uses}
    needed = component.scopes(uses, way_to_connect(component, key).key)
    put(needed if as_json else " ".join(needed), as_json=as_json)
    for one in chosen.values():
        if not one.definition.get("scopes") and _asks(one):
            say(f"{one.key} needs whatever its request needs; that is not in the list.")
        if others := [other for other in _beside(one.definition) if other not in chosen]:
            listed = " and ".join(others)
            say(f"What {one.key} tells is completed by {listed}: name them, too, if you use that.")


def _asks(one: Action | Trigger) -> bool:
    """Return whether it sends a request: of some services a person has to set up the push."""
    return isinstance(one, Action) or one.webhook is None or bool(one.webhook.actions)


def _beside(definition: Mapping[str, Any]) -> list[str]:
    """Return what a pushed trigger's events lead to: the action that fetches, the poll that catches up."""
    webhook = definition.get("webhook", {})
    return [key for key in (webhook.get("events", {}).get("action"), webhook.get("catchUp")) if key]


def _uses(component: Component, words: tuple[str, ...], pairs: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return the actions and triggers that are meant, by key, with what is known of their inputs."""
    chosen = [any_of(component, word) for word in words]
    given = {name: values[-1] for name, values in named(pairs).items()}
    for name in given:
        if not any(entry.key == name for one in chosen for entry in one.inputs):
            raise click.UsageError(f"None of them has an input `{name}`: {', '.join(words)}.")
    return {one.key: _known(one, given) for one in chosen}


def _known(one: Action | Trigger, given: dict[str, str]) -> dict[str, Any]:
    """Return what is known of the inputs, as the action or trigger will see them."""
    known = {}
    for entry in one.inputs:
        if entry.key in given:
            try:
                known[entry.key] = entry.read(given[entry.key])
            except Refusal as refusal:
                message = f"{entry.label}: {refusal.message} {refusal.hint or ''}"
                raise click.UsageError(message.strip()) from None
    return known


def _opened(component: Component, name: str, *, to_change: bool = False) -> Any:
    """Open what is kept, without making a file for a name that cannot be in it."""
    if not names_kept(component.key):
        raise unknown(name, [])
    return kept(component.key, to_change=to_change)

"""`connect`: from a form to a connection that works, kept under a name."""

from __future__ import annotations

import sys
import threading
import webbrowser
from typing import TYPE_CHECKING, Any

import click

from connector_cli.arguments import load, with_proxy
from connector_cli.connections.callback import DEFAULT_PORT, waiting
from connector_cli.connections.form import fields_of, is_answered, way_to_connect
from connector_cli.connections.kept import checked_name, kept
from connector_cli.terminal.output import as_json, put, say
from connector_runtime import Secret
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.logins import is_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime import Component, Session
    from connector_runtime.component import ConnectionModel, Input
    from connector_runtime.logins import Logins

WAIT_S = 300.0


@click.command()
@click.argument("key", required=False)
@click.option("-i", "--input", "pairs", multiple=True, metavar="KEY=VALUE", help="One field; repeatable.")
@click.option("--inputs", "file", metavar="FILE", help="Fields as YAML or JSON; - for standard input.")
@click.option("--name", metavar="NAME", callback=checked_name, help="Keep it under this name.")
@click.option("--port", type=click.IntRange(0, 65_535), default=DEFAULT_PORT, show_default=True,
              help="Port of this machine that the login page sends you back to.")  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Print the login page's address instead of opening it.")
@click.option(
    "--self-client", "code", metavar="CODE", help="A code from the vendor's console; - asks for it."
)
@click.option("--wait", "wait_s", type=click.FloatRange(1), default=WAIT_S, show_default=True,
              metavar="SECONDS", help="How long to wait for the login.")  # fmt: skip
@with_proxy
@as_json
@click.pass_context
def connect(context: click.Context, /, key: str | None, *, as_json: bool, **given: Any) -> None:
    """Connect an account: log in, choose the organisation, keep it under a name.

    Secrets are asked for, or come from a file, standard input or the environment.
    """
    component = load(context)
    definition = way_to_connect(component, key)
    name = given["name"] or key or component.key
    with kept(component.key, to_change=True) as store:
        known = store.connection(name) if name in store.names() else {}
        same = known.get("fields", {}) if known.get("key") == definition.key else {}
        pairs, file = given["pairs"], given["file"]
        fields = fields_of(definition, pairs, file, component=component.key, known=same)
        form = {"key": definition.key, "name": name, "fields": fields}
        connection = _allowed(component, definition, form, given)
        connection = _chosen(component, definition, connection, given["proxy"])
        store.save(name, connection)
    shape = component.summary(connection)
    words = f"Connected. Use it with --connection {name}."
    put({"connection": shape} if as_json else name, as_json=as_json, done=words)
    say(words)


def _allowed(
    component: Component, definition: ConnectionModel, form: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the connection with the token that its kind of login gives."""
    logins = component.logins(proxy=given["proxy"])
    oauth2 = definition.oauth2
    if given["code"] is not None:
        return logins.with_code(form, _code(given["code"]))
    if oauth2 is None:
        return {**form, "token": {}, "context": {}}
    if "authorization_code" in oauth2.grants:
        return _logged_in(logins, form, given)
    if "client_credentials" in oauth2.grants:
        return logins.as_client(form)
    raise error_of("config", f"The connection `{definition.key}` cannot be made by logging in.")


def _code(word: str) -> Secret:
    if word != "-":
        return Secret(word)
    if is_answered():
        return Secret(str(click.prompt("Code", hide_input=True, err=True)))
    return Secret(sys.stdin.readline().strip() if sys.stdin is not None else "")


def _logged_in(logins: Logins, form: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Send a person to the login page and wait for them."""
    port, begun = given["port"], None
    with waiting(port, lambda query: begun is not None and is_answer(begun, query)) as place:
        begun = logins.begin(form, place.redirect_uri)
        say(f"The redirect URI to register with the vendor is {place.redirect_uri}")
        say(f"The login page, for a browser of this machine:\n{begun.url}")
        if not given["no_browser"]:
            # Some browsers come back only when they are closed.
            threading.Thread(target=webbrowser.open, args=(begun.url,), daemon=True).start()
        query = place.wait(given["wait_s"])
        try:
            connection = logins.finish(form, begun, query)
        except ConnectorError as problem:
            place.tell("Not connected", f"{problem.message} {problem.hint or ''}")
            raise
        place.tell("Connected", "You can close this page and go back to the terminal.")
    return connection


def _chosen(
    component: Component, definition: ConnectionModel, connection: dict[str, Any], proxy: str | None
) -> dict[str, Any]:
    """Fill in what the account itself offers: the only one, or the one that the person chooses."""
    fields = dict(connection["fields"])
    with component.session(connection, proxy=proxy) as session:
        for entry in definition.inputs:
            if "source" not in entry.definition.get("choicesFrom", {}):
                continue
            found = _choice(session, entry, fields, connection["name"])
            if found is None:
                fields.pop(entry.key, None)
            else:
                fields[entry.key] = found
    return {**connection, "fields": fields}


def _choice(session: Session, entry: Input, fields: Mapping[str, Any], name: str) -> Any:
    label, value = entry.label, fields.get(entry.key)
    try:
        options = session.connection_choices(entry.key, fields)
    except ConnectorError as problem:
        say(f"{label}: what there is cannot be read. {problem.message}")
        return value
    if value not in (None, ""):
        if str(value) in [str(option["value"]) for option in options]:
            return value
        say(f"{label}: the account has no {value}.")
    if len(options) == 1:
        say(f"{label}: {options[0]['value']} ({options[0]['label']})")
        return options[0]["value"]
    for option in options:
        say(f"  {option['value']}  {option['label']}")
    if not options or not is_answered():
        say(f"{label} is left open; `connections set {name} {entry.key}=…` chooses one.")
        return None
    values = [str(option["value"]) for option in options]
    return click.prompt(label, type=click.Choice(values), show_choices=False, err=True)

"""What is right and what is wrong with a connection, in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from connector_runtime.access.connections import Channel, Connection
from connector_runtime.base.values import ABSENT, SystemClock
from connector_runtime.definition.scopes import Coverage, split_scopes
from connector_runtime.errors import ConnectorError
from connector_runtime.session.session import Options, Session, SessionBase

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from connector_runtime.definition.model import Model
    from connector_runtime.inputs.inputs import Input

    T = TypeVar("T")
    # What is asked of a session of either kind: its answer, or the error, is sent back.
    Asking = Generator[Callable[[Any], Any], Any, T]

# A clock that is further off makes tokens look older or younger than they are.
SKEW_S = 30.0
LISTED = 8
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: `connection`, `place`, `token`, `login`, `scopes`, `clock`, or a field's key.
        state: `good`, `warning` (works, but) or `bad`.
        message: What was found.
        hint: What to do about it, or None.
    """

    subject: str
    state: str
    message: str
    hint: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        shape = {"subject": self.subject, "state": self.state, "message": self.message}
        return shape | ({"hint": self.hint} if self.hint else {})


def examine(
    model: Model,
    given: Mapping[str, Any],
    uses: Mapping[str, Mapping[str, Any]] | None = None,
    options: Options | None = None,
) -> list[Finding]:
    """Look a connection over: filled in, place, token, login, scopes, choices, clock.

    Args:
        model: The model.
        given: The connection as platforms store it.
        uses: What is known of the inputs of each action and trigger in use, by its key; default
            all of them, for whatever they may be given.
        options: What the session that asks is given.
    """
    options = options or Options()
    channel, findings = _before_asking(model, given)
    if channel is None:
        return findings
    with Session(model, Connection.from_dict(given), options) as session:
        asking = _asking(model, channel, session, uses or {}, options)
        answer: Any = None
        while True:
            try:
                question = asking.send(answer)
            except StopIteration as end:
                return [*findings, *end.value]
            try:
                answer = question(session)
            except ConnectorError as problem:
                answer = problem


async def examine_async(
    model: Model,
    given: Mapping[str, Any],
    uses: Mapping[str, Mapping[str, Any]] | None,
    options: Options,
) -> list[Finding]:
    """Do the same on an event loop; arguments as for `examine`."""
    from connector_runtime.session.async_session import AsyncSession  # noqa: PLC0415  threads need none

    channel, findings = _before_asking(model, given)
    if channel is None:
        return findings
    async with AsyncSession(model, Connection.from_dict(given), options) as session:
        asking = _asking(model, channel, session, uses or {}, options)
        answer: Any = None
        while True:
            try:
                question = asking.send(answer)
            except StopIteration as end:
                return [*findings, *end.value]
            try:
                answer = await question(session)
            except ConnectorError as problem:
                answer = problem


def _before_asking(model: Model, given: Mapping[str, Any]) -> tuple[Channel | None, list[Finding]]:
    """Return what is found without the vendor, and no channel where it need not be asked."""
    try:
        channel = Channel(model, Connection.from_dict(given))
    except ConnectorError as problem:
        return None, [_bad("connection", problem)]
    findings = [*_place(channel), *_token(channel)]
    return None if any(finding.state == "bad" for finding in findings) else channel, findings


def _asking(
    model: Model,
    channel: Channel,
    session: SessionBase,
    uses: Mapping[str, Mapping[str, Any]],
    options: Options,
) -> Asking[list[Finding]]:
    """Yield questions to a session, take answers or errors, and return what is found."""
    findings = yield from _login(options)
    findings += _scopes(model, channel, session, uses)
    if findings and not any(found.state == "bad" and found.subject == "login" for found in findings):
        findings += yield from _choices(channel)
    return findings


def granted_scopes(channel: Channel, token: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the vendor said it granted, else what was asked for."""
    said = split_scopes(token.get("scope"))
    oauth2 = channel.definition.oauth2
    asked = oauth2.scope(channel.scope()) if oauth2 else ABSENT
    return said or split_scopes(asked)


def coverage_of(model: Model, channel_or_key: Channel | str) -> Coverage:
    """Return which scopes contain which others, by the connection's own table."""
    key = channel_or_key if isinstance(channel_or_key, str) else channel_or_key.definition.key
    oauth2 = model.connections[key].oauth2
    table = oauth2.scopes if oauth2 else None
    return Coverage(model.tables.get(table, {}) if table else {})


def shown_of(model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be shown of a connection: nothing secret, and what its fields lead to."""
    shape: dict[str, Any] = {"name": given.get("name"), "key": given["key"]}
    definition = model.connections.get(given["key"])
    # What is no field any more may have been a secret.
    plain = {entry.key for entry in definition.inputs if entry.type != "secret"} if definition else set()
    shape["fields"] = {key: value for key, value in given["fields"].items() if key in plain}
    try:
        channel = Channel(model, Connection.from_dict(given))
    except ConnectorError as problem:
        return shape | {"problem": problem.message}
    rows = {name: channel.connection[name] for name in channel.definition.choose}
    shape["chosen"] = {name: {"key": row["key"], "name": row_name(row)} for name, row in rows.items()}
    shape["scopes"] = list(granted_scopes(channel, given.get("token") or {}))
    return shape


def row_name(row: Mapping[str, Any]) -> str:
    """Return what people call a row of a table."""
    return str(row.get("name") or row.get("label") or row["key"])


def _place(channel: Channel) -> Iterator[Finding]:
    for name in tuple(channel.definition.choose)[:1]:  # further ones only check what was entered
        row = channel.connection[name]
        words = _CAPITALS.sub(" ", name).capitalize()
        yield Finding("place", "good", f"{words}: {row_name(row)} (`{row['key']}`).")


def _token(channel: Channel) -> Iterator[Finding]:
    oauth2, token = channel.definition.oauth2, channel.token
    if oauth2 is None:
        return
    if not token.access and not token.refresh and "client_credentials" not in oauth2.grants:
        yield Finding("token", "bad", "The connection has no token.", "Connect the account.")
    elif not token.refresh and "refresh_token" in oauth2.grants:
        hint = "Connect the account again, with offline access and consent on the login page."
        yield Finding("token", "warning", "The token cannot be renewed when it expires.", hint)


def _login(options: Options) -> Asking[list[Finding]]:
    """Ask the vendor; one answer shows login and clock."""
    result = yield lambda session: session.check()
    if isinstance(result, ConnectorError):
        if result.kind == "unsupported":
            return []
        if result.kind == "permission":
            message = "The vendor accepts the token, but not for the check itself."
            return [Finding("login", "warning", message, result.hint)]
        return [_bad("login", result)]
    findings = [Finding("login", "good", "The vendor accepts the token.")]
    if date := result.headers.get("date"):
        findings.append(_clock(date, (options.clock or SystemClock()).now()))
    return findings


def _clock(date: str, now: float) -> Finding:
    try:
        ahead_s = now - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return Finding("clock", "warning", "The vendor's time cannot be read.")
    if abs(ahead_s) <= SKEW_S:
        return Finding("clock", "good", "This machine's clock agrees with the vendor's.")
    direction = "ahead of" if ahead_s > 0 else "behind"
    size = f"{abs(ahead_s):.0f} seconds" if abs(ahead_s) < 120 else f"{abs(ahead_s) / 60:.0f} minutes"
    message = f"This machine's clock is {size} {direction} the vendor's."
    return Finding("clock", "warning", message, "Set the clock, for example by network time.")


def _scopes(
    model: Model, channel: Channel, session: SessionBase, uses: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    granted = granted_scopes(channel, session.token)
    if not granted:
        return
    coverage = coverage_of(model, channel)
    keys = list(uses) or [*model.actions, *model.triggers]
    lacking = {}
    for key in keys:
        user = model.action(key) or model.triggers[key]
        missing = coverage.missing(granted, user.scopes_over(uses.get(key, {})))
        if missing:
            lacking[key] = missing
    if not lacking:
        which = _listed(keys) if uses else _everything(model)
        yield Finding("scopes", "good", f"The scopes are enough for {which}.")
        return
    wanted = coverage.smallest({scope for missing in lacking.values() for scope in missing})
    yield Finding(
        "scopes",
        "bad" if uses else "warning",
        f"Scopes are missing for {_listed(list(lacking))}.",
        f"Connect again with these scopes, too: {_listed(wanted)}.",
    )


def _everything(model: Model) -> str:
    triggers = len(model.triggers)
    more = f" and {triggers} trigger{'s' if triggers > 1 else ''}" if triggers else ""
    return f"all {len(model.actions)} actions{more}"


def _choices(channel: Channel) -> Asking[list[Finding]]:
    """Compare what was chosen with what the account has to choose from."""
    findings = []
    for entry in channel.definition.inputs:
        if "source" in entry.definition.get("choicesFrom", {}):
            options = yield partial(_offered, entry.key)
            if isinstance(options, ConnectorError):
                found = _bad(entry.key, options)
                message = f"{entry.label} cannot be checked: {found.message}"
                findings.append(replace(found, state="warning", message=message))
            else:
                findings.append(_choice(entry, options, channel.connection.get(entry.key)))
    return findings


def _offered(key: str, session: Any) -> Any:
    return session.connection_choices(key)


def _choice(entry: Input, options: list[dict[str, Any]], value: Any) -> Finding:
    key, label = entry.key, entry.label
    names = _listed([f"{option['value']} ({option['label']})" for option in options])
    if value in (None, ""):
        if len(options) <= 1:
            return Finding(key, "good", f"{label} need not be chosen: there is {len(options)}.")
        return Finding(
            key, "warning", f"{label} is not chosen; there are several.", f"Choose one of: {names}."
        )
    if str(value) in [str(option["value"]) for option in options]:
        return Finding(key, "good", f"{label} is {value}.")
    return Finding(
        key,
        "bad",
        f"{label} {value} is none of the account's.",
        f"Choose one of: {names}." if names else None,
    )


def _bad(subject: str, problem: ConnectorError) -> Finding:
    told = problem.to_dict().get("retryAt")
    message = f"{problem.message} Not before {told}." if told else problem.message
    return Finding(subject, "bad", message, problem.hint)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more

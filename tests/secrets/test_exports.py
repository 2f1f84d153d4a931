"""What leaves a session to be stored or sent on is free of secrets by the way it is made."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from canaries import canary, shows
from connector_runtime.access.connections import Connection
from connector_runtime.component.component import Component
from connector_runtime.errors import ConnectorError
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock
from engine.shop import action, model_of
from engine.test_tokens import OAUTH
from tokens.scene import component

SECRETS = {name: canary(name) for name in ("access token", "refresh token", "client secret", "cookie")}
GIVEN = {
    "key": "oauth",
    "name": "tenant",
    "fields": {"clientId": "c", "clientSecret": SECRETS["client secret"]},
    "token": {"access_token": SECRETS["access token"], "refresh_token": SECRETS["refresh token"]},
    "context": {},
}
ECHO = {
    "status": 400,
    "json": {
        "password": SECRETS["cookie"],
        "message": " ".join(value for name, value in SECRETS.items() if name != "cookie"),
        "nested": [{name.replace(" ", "_"): value for name, value in SECRETS.items()}],
    },
    "headers": {"Set-Cookie": f"a={SECRETS['cookie']}", "X-Request-Id": SECRETS["access token"]},
}


def listening() -> tuple[logging.Logger, list[logging.LogRecord]]:
    """Return a logger, and the list that it fills."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("tests.exports")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    return logger, records


def bundle() -> dict[str, Any]:
    """Run an action that fails and gather everything that a person would attach to a question."""
    logger, records = listening()
    events: list[Any] = []
    model = model_of(action("create"), connection=OAUTH, defaults={"debug": "${ true }"})
    connection = Connection.from_dict(GIVEN)
    options = Options(clock=StillClock(), logger=logger, on_event=events.append)
    session = Session(model, connection, options, sender=ScriptedSender(Script([ECHO])))  # type: ignore[arg-type]
    plan = Component(model).request("order", {"name": "x"}, GIVEN)
    with pytest.raises(ConnectorError) as caught:
        session.run("order", {"name": "x"})
    return {
        "error": caught.value.to_dict(),
        "attempts": [attempt.to_dict() for attempt in caught.value.attempts],
        "events": [[repr(event), event.to_dict()] for event in events],
        "records": [{**vars(record), "text": record.getMessage()} for record in records],
        "plan": plan.to_dict(),
        "curl": plan.curl(),
        "request": str(plan),
        "objects": [repr(one) for one in (connection, session, session._channel, plan, model)],
    }


@pytest.mark.plan("S-112")
@pytest.mark.parametrize(
    "part", ["error", "attempts", "events", "records", "plan", "curl", "request", "objects"]
)
def test_nothing_that_is_exported_holds_a_secret(part: str) -> None:
    """Each part says what happened, and masks what nobody may see."""
    found = json.dumps(bundle()[part], default=repr)

    assert len(found) > 20
    assert not shows(found.encode())


@pytest.mark.plan("S-112")
def test_every_shown_request_of_every_action_masks_who_calls() -> None:
    """All examples of all actions, as a map, as text and as curl."""
    zoho = component()
    shown = []
    for key, one in zoho.actions.items():
        for example in one.examples.values():
            name = example.get("connection", "zohoTemplatedConnection")
            name = name if isinstance(name, str) else "zohoTemplatedConnection"
            base = next(iter(zoho.connections[name].definition["examples"].values()))
            fields = {**base["fields"], "clientSecret": SECRETS["client secret"]}
            token = {"access_token": SECRETS["access token"], "refresh_token": SECRETS["refresh token"]}
            given = {**base, "key": name, "fields": fields, "token": token}
            try:
                plan = zoho.request(key, example.get("inputs", {}), given)
            except ConnectorError as problem:
                shown.append(repr(problem.to_dict()))
                continue
            shown += [json.dumps(plan.to_dict(), default=repr), str(plan), plan.curl()]

    assert len(shown) > 50
    assert not shows("\n".join(shown).encode())


@pytest.mark.plan("S-108")
@pytest.mark.parametrize("place", ["body", "header", "location", "request id", "cookie", "status line", "html", "key",
                                   "nested", "url encoded", "base64", "escaped"])  # fmt: skip
def test_a_token_that_the_vendor_repeats_is_masked_wherever(place: str) -> None:
    """Twelve places of a reply, in an error, its details, its attempts and the debugging records."""
    import base64
    from urllib.parse import quote

    token = SECRETS["access token"] + "/+="
    escaped = "".join(f"\\u{ord(char):04x}" if char in "/+=" else char for char in token)
    replies: dict[str, dict[str, Any]] = {
        "body": {"json": {"code": "x", "message": f"bad {token}"}},
        "header": {"json": {}, "headers": {"X-Debug": token}},
        "location": {"status": 302, "text": "", "headers": {"Location": f"https://x.example/{token}"}},
        "request id": {"json": {}, "headers": {"X-Request-Id": token}},
        "cookie": {"json": {}, "headers": {"Set-Cookie": f"a={token}"}},
        "status line": {"status": 418, "text": token},
        "html": {"status": 200, "text": f"<p>{token}</p>"},
        "key": {"json": {token: 1}},
        "nested": {"json": {"a": [{"b": {"c": [token]}}]}},
        "url encoded": {"text": quote(token, safe="")},
        "base64": {"text": base64.b64encode(f"Bearer {token}".encode()).decode()},
        "escaped": {"text": f'{{"message": "{escaped}"}}'},
    }
    logger, records = listening()
    rules = [
        {
            "when": "${ true }",
            "kind": "validation",
            "message": "Said: ${ reply.text }",
            "details": "${ fault }",
        }
    ]
    model = model_of(
        action("create"), connection=OAUTH, defaults={"debug": "${ true }"}, errors={"api": rules}
    )
    given = {**GIVEN, "token": {"access_token": token}}
    options = Options(clock=StillClock(), logger=logger)
    sender = ScriptedSender(Script([{"status": 400, **replies[place]}]))
    session = Session(model, Connection.from_dict(given), options, sender=sender)  # type: ignore[arg-type]

    with pytest.raises(ConnectorError) as caught:
        session.run("order", {})

    told = [repr(record.__dict__) for record in records] + [json.dumps(caught.value.to_dict(), default=repr)]
    assert not shows("\n".join(told).encode())

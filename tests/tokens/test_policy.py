"""A platform limits what a tenant may do; a refusal names the rule and comes before anything is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectionProblem, OutcomeUnknown
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import AsyncScriptedSender, Script, ScriptedSender, StillClock
from tokens.scene import component

EXPIRED = {"access_token": "old", "refresh_token": "grant", "expires_at": 1.0}
FOUND = {"status": 200, "json": {"data": [], "users": [], "contacts": [], "info": {"more_records": False}}}
TOKEN = {"status": 200, "json": {"access_token": "new", "expires_in": 3600}}
CONTACT = {"recordType": "Contacts", "recordId": "1"}


def given() -> Connection:
    """Return a connection whose token has died."""
    key = "zohoTemplatedConnection"
    example = next(iter(component().connections[key].definition["examples"].values()))
    return Connection.from_dict({**example, "key": key, "token": EXPIRED})


def opened(allow: dict[str, Any], *replies: dict[str, Any]) -> tuple[Session, Script]:
    """Open a session whose token has died, on a wire that is a script."""
    zoho, script = component(), Script(list(replies) or [TOKEN, FOUND])
    options = Options(clock=StillClock(), allow=allow)
    return Session(zoho.model, given(), options, sender=ScriptedSender(script)), script  # type: ignore[arg-type]


REFUSED = {
    "an effect": ({"effects": ["read"]}, "crmRemoveRecord", CONTACT, "effects"),
    "an effect of another action": ({"effects": ["read", "raw"]}, "crmUpdateRecord",
                                    {**CONTACT, "fieldValues": {"Last_Name": "X"}}, "effects"),
    "everything": ({"effects": []}, "crmGetRecord", CONTACT, "effects"),
    "an action": ({"actions": ["crmGetRecord"]}, "crmGetRecords", {"recordType": "Contacts", "fields": "Last_Name"}, "actions"),
    "a record type": ({"recordTypes": ["Leads"]}, "crmGetRecord", CONTACT, "recordTypes"),
    "a record type by its input": ({"inputs": {"recordType": ["Leads"]}}, "crmGetRecord", CONTACT, "inputs.recordType"),
    "every record type": ({"recordTypes": []}, "crmGetRecord", CONTACT, "recordTypes"),
    "a query of any record type": ({"recordTypes": ["Contacts"]}, "crmRunQuery",
                                   {"query": "select Last_Name from Deals where Last_Name is not null"}, "recordTypes"),
    "a raw request to any record type": ({"recordTypes": ["Contacts"]}, "crmRawRequest",
                                         {"url": "/Deals", "method": "GET"}, "recordTypes"),
    "a path": ({"rawPaths": ["/Contacts", "/Contacts/**"]}, "crmRawRequest", {"url": "/Deals", "method": "GET"}, "rawPaths"),
    "a longer path": ({"rawPaths": ["/Contacts/*"]}, "crmRawRequest", {"url": "/Contacts/1/Notes", "method": "GET"}, "rawPaths"),
    "a path of another service": ({"rawPaths": ["books:/contacts"]}, "crmRawRequest", {"url": "/contacts", "method": "GET"}, "rawPaths"),
    "a method": ({"rawPaths": ["GET /Contacts/**"]}, "crmRawRequest", {"url": "/Contacts/1", "method": "DELETE"}, "rawPaths"),
    "every path": ({"rawPaths": []}, "crmRawRequest", {"url": "/Contacts", "method": "GET"}, "rawPaths"),
    "an encoded slash": ({"rawPaths": ["/Contacts/*"]}, "crmRawRequest", {"url": "/Deals%2F1", "method": "GET"}, "rawPaths"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_allowed_is_refused_before_anything_is_sent(name: str) -> None:
    """Not even a token is renewed for it, and the error names the rule."""
    allow, action, inputs, rule = REFUSED[name]
    session, script = opened(allow)

    with pytest.raises(ConnectionProblem) as caught:
        session.run(action, inputs)

    assert caught.value.kind == "permission"
    assert caught.value.details["rule"] == rule
    assert f"`{rule}`" in caught.value.message
    assert caught.value.action == action
    assert script.sent == []


@pytest.mark.parametrize("name", REFUSED)
def test_pages_and_event_loops_refuse_the_same(name: str) -> None:
    """There is no way around the rules through another way of calling."""
    allow, action, inputs, _ = REFUSED[name]
    session, script = opened(allow)
    sender = AsyncScriptedSender(script)
    awaiting = AsyncSession(session._model, given(), session._options, sender=sender)  # type: ignore[arg-type]

    with pytest.raises(ConnectionProblem):
        list(session.pages(action, inputs))
    with pytest.raises(ConnectionProblem):
        asyncio.run(awaiting.run(action, inputs))

    assert script.sent == []


ALLOWED = {
    "nothing but reading": ({"effects": ["read"]}, "crmGetRecord", CONTACT),
    "one action": ({"actions": ["crmGetRecord"]}, "crmGetRecord", CONTACT),
    "a record type": ({"recordTypes": ["Contacts"]}, "crmGetRecord", CONTACT),
    "a query that is named": ({"recordTypes": ["Contacts"], "actions": ["crmRunQuery"]}, "crmRunQuery",
                              {"query": "select Last_Name from Deals where Last_Name is not null"}),
    "a raw request below a path": ({"recordTypes": ["Contacts"], "rawPaths": ["/Contacts/**"]}, "crmRawRequest",
                                   {"url": "/Contacts/1/actions/convert", "method": "POST"}),
    "a raw request to the path itself": ({"rawPaths": ["/Contacts/**"]}, "crmRawRequest", {"url": "/Contacts", "method": "GET"}),
    "a method of a service": ({"rawPaths": ["get crm:/users"]}, "crmRawRequest", {"url": "/users?type=x", "method": "GET"}),
    "any raw request": ({"effects": ["raw"]}, "crmRawRequest", {"url": "/Deals", "method": "GET"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_allowed_is_done(name: str) -> None:
    """Every rule that is given allows it."""
    allow, action, inputs = ALLOWED[name]
    session, script = opened(allow)

    assert session.run(action, inputs).status == 200
    assert len(script.sent) == 2


WRONG = {
    "a misspelt rule": {"effect": ["read"]},
    "an unknown rule": {"colours": ["red"]},
    "a misspelt plural": {"recordType": ["Contacts"]},
    "an unknown effect": {"effects": ["reading"]},
    "an unknown action": {"actions": ["crmGetRecrd"]},
    "an unknown input": {"inputs": {"recrdType": ["Contacts"]}},
    "a text for a list": {"recordTypes": "Contacts"},
    "a number in a list": {"effects": [1]},
    "no map": {"inputs": ["recordType"]},
    "an address for a path": {"rawPaths": ["https://www.zohoapis.com/crm/v8/Contacts"]},
    "no path": {"rawPaths": ["GET"]},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_that_is_none_is_refused_when_the_session_is_opened(name: str) -> None:
    """It would protect nothing, and nobody would notice."""
    with pytest.raises(ConnectionProblem) as caught:
        opened(WRONG[name])

    assert caught.value.kind == "config"
    assert "The policy is not right" in caught.value.message


def test_an_input_that_is_named_after_another_one_falls_under_its_rule() -> None:
    """A record type of the parent is a record type, too."""
    inputs = {"parentRecordType": "Deals", "parentRecordId": "1", "recordType": "Contacts", "recordId": "2"}
    taken = {
        key
        for key, action in component().actions.items()
        if {"parentRecordType"} <= {entry.key for entry in action.inputs}
    }
    assert taken
    session, script = opened({"recordTypes": ["Contacts"]})

    for key in taken:
        wanted = {entry.key for entry in component().actions[key].inputs}
        with pytest.raises(ConnectionProblem) as caught:
            session.run(key, {name: value for name, value in inputs.items() if name in wanted})
        assert caught.value.kind == "permission"

    assert script.sent == []


def test_the_probe_is_the_platforms_own() -> None:
    """Whether the connection works may be asked, whatever tenants may do."""
    session, script = opened({"effects": [], "recordTypes": []})

    assert session.check().status == 200
    assert len(script.sent) == 2


def test_a_look_up_that_may_not_read_finds_out_nothing() -> None:
    """The rules hold for what an action does on its own, too."""
    lookups = [key for key, action in component().actions.items() if "lookup" in action.definition]
    assert lookups
    key = lookups[0]
    example = next(iter(component().actions[key].examples.values()))
    effect = component().actions[key].effect
    session, script = opened({"effects": [effect]}, TOKEN, {"error": "disconnect"})

    with pytest.raises(OutcomeUnknown):
        session.run(key, example["inputs"])

    assert len(script.sent) == 2


def test_a_session_without_rules_is_free() -> None:
    """No policy is no policy; an empty one has no rule either."""
    for allow in (None, {}):
        session, _ = opened(allow)  # type: ignore[arg-type]
        assert session.run("crmRawRequest", {"url": "/Deals", "method": "GET"}).status == 200

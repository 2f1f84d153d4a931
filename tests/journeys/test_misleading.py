"""Replies that look like success and are none: pages, half answers, codes inside of a 200."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectorError, OutcomeUnknown
from connector_runtime.access.connections import Connection
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock

if TYPE_CHECKING:
    from connector_runtime import Component

TOKEN = "1000.sandbox.larkspur-access"
CONNECTION = {
    "key": "sandbox",
    "fields": {"port": 1, "clientId": "1000.SANDBOXCLIENT", "clientSecret": "a-sandbox-secret"},
    "token": {"access_token": TOKEN},
}
# One action for each effect, for each of the two products where it has one.
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "read a list": ("booksGetRecords", {"recordType": "contacts"}),
    "read a record": ("crmGetRecord", {"recordType": "Leads", "recordId": "5"}),
    "create": ("booksCreateRecord", {"recordType": "items", "fieldValues": {"name": "n", "rate": 1}}),
    "create in the other": ("crmCreateRecord", {"recordType": "Leads", "fieldValues": {"Last_Name": "n"}}),
    "update": ("booksUpdateRecord", {"recordType": "items", "recordId": "5", "fieldValues": {"rate": 1}}),
    "update in the other": ("crmUpdateRecord", {"recordType": "Leads", "recordId": "5", "fieldValues": {"City": "x"}}),
    "upsert": ("crmUpsertRecord", {"recordType": "Leads", "fieldValues": {"Last_Name": "n", "Email": "n@example.com"}}),
    "delete": ("booksRemoveRecord", {"recordType": "items", "recordId": "5"}),
    "delete in the other": ("crmRemoveRecord", {"recordType": "Leads", "recordId": "5"}),
    "raw": ("crmRawRequest", {"method": "POST", "url": "/Leads", "data": {"data": []}}),
}  # fmt: skip
PAGES: dict[str, dict[str, Any]] = {
    "a captive portal": {"text": f"<html><head><title>Sign in</title></head><body>{TOKEN}" + "<p>" * 500},
    "a page of maintenance": {"text": "<!DOCTYPE html><h1>We will be back soon</h1>", "headers": {"Content-Type": "text/html"}},
    "a page that calls itself JSON": {"text": "<html>ok</html>", "headers": {"Content-Type": "application/json"}},
    "a word": {"text": "OK"},
    "a sentence": {"text": "Access Denied"},
    "half an object": {"text": '{"code": 0, "message": "success"'},
    "two objects": {"text": '{"code": 0}{"code": 0}'},
    "an object and more": {"text": '{"code": 0} trailing'},
    "the same key twice": {"text": '{"code": 0, "code": 0}'},
    "a number that is none": {"text": '{"code": NaN}'},
    "JavaScript": {"text": 'callback({"code": 0})'},
    "XML": {"text": "<?xml version='1.0'?><code>0</code>"},
    "nothing but blanks": {"text": "   \n"},
    "bytes of another kind": {"text": "\x00\x01\x02PK"},
    "a byte order mark and a page": {"text": "\ufeff<html></html>"},
}  # fmt: skip


def session_of(zoho: Component, *replies: dict[str, Any]) -> tuple[Session, Script]:
    """Return a session whose wire is a script."""
    script = Script(list(replies))
    connection = Connection.from_dict(CONNECTION)
    return Session(zoho.model, connection, Options(clock=StillClock()), sender=ScriptedSender(script)), script


@pytest.mark.plan("S-34")
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("call", CALLS)
def test_a_page_is_never_a_success(zoho: Component, call: str, page: str) -> None:
    """Status 200 and no JSON: a read cannot be used, a write is unknown, and the error shows a short piece."""
    action, inputs = CALLS[call]
    session, script = session_of(zoho, {"status": 200, **PAGES[page]})

    with pytest.raises(ConnectorError) as caught:
        session.run(action, inputs)

    problem = caught.value
    effect = zoho.actions[action].effect
    assert problem.kind == ("contract" if effect in ("read", "raw") else "outcome_unknown")
    assert problem.status == 200
    assert len(script.sent) == 1
    assert TOKEN not in json.dumps(problem.to_dict())
    assert len(problem.message) < 500


@pytest.mark.plan("S-34")
@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
@pytest.mark.parametrize("call", CALLS)
def test_a_page_of_a_broken_server_is_told_as_one(zoho: Component, call: str, status: int) -> None:
    """A gateway's page is a failure of the server, with its status, headers and a short piece of the page."""
    action, inputs = CALLS[call]
    page = f"<html><title>{status}</title>Bad Gateway {TOKEN}" + "x" * 5_000
    headers = {"X-Gateway": "edge-7", "X-Echo": f"Bearer {TOKEN}", "Set-Cookie": "session=4711"}
    session, _ = session_of(zoho, {"status": status, "text": page, "headers": headers})

    with pytest.raises(ConnectorError) as caught:
        session.run(action, inputs)

    problem = caught.value
    assert problem.kind in ("server", "outcome_unknown")
    assert problem.status == status
    assert problem.headers == {"x-gateway": "edge-7", "x-echo": "Bearer ***"}
    assert "Bad Gateway" in problem.message
    assert TOKEN not in json.dumps(problem.to_dict())
    assert len(problem.message) < 500


@pytest.mark.plan("S-34")
@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/octet-stream", ""])
def test_json_under_another_name_is_read(zoho: Component, content_type: str) -> None:
    """What it is called does not matter where it is exactly what was promised."""
    body = '{"code": 0, "message": "success", "contacts": [{"contact_id": "1"}]}'
    session, _ = session_of(zoho, {"text": body, "headers": {"Content-Type": content_type}})

    result = session.run("booksGetRecords", {"recordType": "contacts"})

    assert result.data["contacts"] == [{"contact_id": "1"}]


def documented(zoho: Component) -> tuple[set[int], set[str]]:
    """Return the codes of failures that the component names, those of Books and those of CRM."""
    rules = json.dumps(
        [zoho.model.component, *(action.definition for action in zoho.actions.values())], default=str
    )
    conditions = re.findall(r"fault\.code (?:==|in) (\[[^\]]*\]|'[A-Z_]+'|[0-9]+)", rules)
    words = re.findall(r"'([A-Z][A-Z_]+)'", " ".join(conditions))
    numbers = re.findall(r"\b[0-9]+\b", " ".join(conditions))
    listed = [code for table in zoho.model.tables.values() for row in table.values() for code in row.get("codes", ())]
    numbers += [code for code in listed if isinstance(code, int)]
    words += [code for code in listed if isinstance(code, str)]
    return {int(number) for number in numbers} - {0}, set(words)


@pytest.mark.plan("S-35")
@pytest.mark.parametrize("call", [call for call in CALLS if call != "raw"])
def test_every_code_of_a_failure_is_a_failure_whatever_the_status(zoho: Component, call: str) -> None:
    """A 200 that says no in its body is a no, for every code that the component knows and for some it does not."""
    action, inputs = CALLS[call]
    numbers, words = documented(zoho)
    codes: list[Any] = [*sorted(numbers | {1, 9, 99_999, -1}), *sorted(words | {"SOMETHING_NEW"})]
    is_books = action.startswith("books")
    assert len(codes) > 60

    for code in codes:
        if isinstance(code, int) is not is_books:
            continue
        fault = {"code": code, "message": "no", "status": "error", "details": {}}
        body = fault if is_books or zoho.actions[action].effect == "read" else {"data": [fault]}
        session, _ = session_of(zoho, {"status": 200, "json": body})
        with pytest.raises(ConnectorError) as caught:
            session.run(action, inputs)
        assert caught.value.code in (code, None), code


@pytest.mark.plan("S-35")
@pytest.mark.parametrize("body", [{}, [], None, "text", 7, {"code": "0"}, {"code": None}, {"message": "success"}, {"data": []}, {"data": {}}, {"data": None}])  # fmt: skip
@pytest.mark.parametrize("call", [call for call in CALLS if call != "raw"])
def test_a_body_that_says_neither_yes_nor_no_is_no_yes(zoho: Component, call: str, body: Any) -> None:
    """Without the vendor's word for success there is none."""
    action, inputs = CALLS[call]
    session, _ = session_of(zoho, {"status": 200, "json": body})

    if body == {"data": []} and call == "read a record":
        return
    with pytest.raises(ConnectorError) as caught:
        session.run(action, inputs)

    # With a good status only a number or the word error is a no; of anything else nobody knows.
    assert isinstance(caught.value, OutcomeUnknown) is (zoho.actions[action].effect != "read")

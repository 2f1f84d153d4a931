"""What is entered is a value to the very end: it is never read as a piece of something else."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import pytest

from connector_runtime import ConnectorError
from connector_runtime.access.connections import Connection
from connector_runtime.base.bodies import opened
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock
from faults.faultserver import FaultServer, read_request, reply, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime import Component

PIECES = ["&", "=", "#", "+", "%", "%00", "%26", "?", "/", "\\", ";", ",", " ", '"', "'", "(", ")", "[]", "[0]", "{", "}",
          "${ inputs }", "{{ 7 }}", "a", "B", "7", "é", "日", "😀", "\u202e", "\n", "\t", "<", ">", "|", "^", "~", ":", "@"]  # fmt: skip


def hostile_text(chance: random.Random) -> str:
    """Return up to eight pieces, most of which mean something somewhere."""
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(9)))


@pytest.fixture
def echo() -> Iterator[FaultServer]:
    """A server that answers anything with an empty page of contacts, and keeps what it was asked."""

    def answer(peer: Any) -> None:
        while True:
            read_request(peer)
            send(reply(b'{"code":0,"message":"success","contacts":[]}'))(peer)

    server = FaultServer()
    server.play([answer])
    yield server
    server.close()


def connection_to(server: FaultServer) -> dict[str, Any]:
    """Return a connection with a server on this machine."""
    fields = {"port": server.port, "clientId": "1000.SANDBOXCLIENT", "clientSecret": "a-sandbox-secret"}
    return {"key": "sandbox", "fields": fields, "token": {"access_token": "1000.sandbox.token"}}


@pytest.mark.plan("S-84")
@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_query_values_arrive_once_and_intact(
    zoho: Component, echo: FaultServer, score: Any, count: int
) -> None:
    """Names and values cross the wire as they are: nothing is split, joined, dropped or read."""
    chance = random.Random(84)
    with zoho.session(connection_to(echo), clock=StillClock()) as session:
        for _ in range(count // 20):
            given = [(f"n{index}{hostile_text(chance)}", hostile_text(chance)) for index in range(20)]
            pairs = [{"key": name, "value": value} for name, value in given]
            session.run("crmRawRequest", {"method": "GET", "url": "/Leads", "queryParams": pairs})

            target = echo.requests[-1].split(b" ", 2)[1].decode("ascii")
            path, _, query = target.partition("?")
            assert path == "/crm/v8/Leads"
            assert parse_qsl(query, keep_blank_values=True, separator="&") == given

    assert len(echo.requests) == count // 20
    score("hostile", count - 1)


CRITERIA = ["'", '"', "\\", "(", ")", ",", "&", "=", "#", "*", "%", "_", "--", ";", "|", "or 1=1", ") or (1=1", "' or '1'='1",
            "&contact_name_contains=", "&organization_id=1", "#", "%26", "%00", "\u2028", "contact_name=", "A", "b", " "]  # fmt: skip


@pytest.mark.plan("S-85")
@pytest.mark.parametrize("count", [500, pytest.param(5_000, marks=pytest.mark.long)])
def test_a_search_value_finds_no_more_than_itself(
    sandbox: Any, session: Session, score: Any, count: int
) -> None:
    """Quotes, parentheses, operators: what is looked for is that text and nothing wider."""
    chance = random.Random(85)
    for number in range(40):
        name = "".join(chance.choice(CRITERIA) for _ in range(6)).strip() + f" {number}"
        sandbox.plant({"books": {"10234695": {"records": {"contacts": [{"contact_name": name}]}}}})
    names = [record["contact_name"] for record in sandbox.state.find("books/10234695/contacts")]
    matched = 0

    for _ in range(count):
        wanted = "".join(chance.choice(CRITERIA) for _ in range(chance.randrange(1, 4))).strip()
        how = chance.choice(["contains", "startswith"])
        if not wanted:
            continue
        inputs = {"recordType": "contacts", "searchFields": {f"contact_name_{how}": wanted}}
        found = session.run("booksGetRecords", inputs).data["contacts"]
        compare = str.__contains__ if how == "contains" else str.startswith
        expected = [name for name in names if compare(name.casefold(), wanted.casefold())]
        assert sorted(record["contact_name"] for record in found) == sorted(expected), wanted
        matched += len(expected)

    assert matched > 10
    score("hostile", count - 1)


NAMES = ["../../x", "/etc/passwd", "..\\x", "C:\\x", "x\0y", "", ".", "..", "CON", "nul.txt", ".ssh/authorized_keys", "a/b", "~/x",
         "x" * 300, "%2e%2e%2fx", "report.pdf", "\u202egpj.exe", "é.txt", "x;y", "x y"]  # fmt: skip
FORMS = ["attachment; filename={}", 'attachment; filename="{}"', "attachment; filename*=UTF-8''{}", 'inline; filename="{}"; filename*=UTF-8\'\'{}',
         "{}", 'attachment; FILENAME = "{}"', 'form-data; name="{}"', 'attachment; filename="{}', "attachment; filename=/{}", "; filename={}"]  # fmt: skip


@pytest.mark.plan("S-88")
@pytest.mark.parametrize("form", FORMS)
def test_a_download_is_written_where_the_caller_says(
    zoho: Component, tmp_path: Any, score: Any, form: str
) -> None:
    """Whatever name a server suggests, there is one file, under the name that was asked for."""
    server = FaultServer()
    named = [""]

    def answer(peer: Any) -> None:
        while True:
            read_request(peer)
            send(reply(b"content", headers=[f"Content-Disposition: {named[0]}"]))(peer)

    server.play([answer])
    asked = {"method": "GET", "url": "/files", "responseType": "arraybuffer"}
    folder = tmp_path / "kept"
    folder.mkdir()
    with zoho.session(connection_to(server), clock=StillClock()) as session:
        for name in NAMES:
            named[0] = form.replace("{}", name.replace("\0", "%00")).encode().decode("latin-1")

            session.run("crmRawRequest", asked, save_to=folder / "asked.bin")

            assert [path.name for path in tmp_path.rglob("*")] == ["kept", "asked.bin"]
            assert (folder / "asked.bin").read_bytes() == b"content"
    server.close()
    score("hostile", len(NAMES) - 1)


CODE = "${ 'ev' ~ 'il' }{{ 'ev' ~ 'il' }}{% if 1 %}evil{% endif %}"
QUIET = CODE.replace("evil", "ev-il")


def with_code(value: Any) -> Any:
    """Return a value in which every text is code of some template engine."""
    if isinstance(value, dict):
        return {key: with_code(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_code(item) for item in value]
    return QUIET if isinstance(value, str) else value


def everything(outgoing: Any) -> str:
    """Return what a request would put on the wire, decoded as far as anybody would."""
    body = b"".join(map(opened, outgoing.body.chunks())).decode("utf-8", "replace") if outgoing.body else ""
    headers = " ".join(f"{name}: {value}" for name, value in outgoing.headers)
    return f"{unquote_plus(outgoing.url)} {headers} {json.dumps(body)} {unquote_plus(body)}"


@pytest.mark.plan("S-91")
def test_no_input_is_read_as_an_expression(zoho: Component, score: Any) -> None:
    """Code in any input of any action is refused as a value or arrives letter by letter."""
    tried = arrived = 0
    for key, action in zoho.actions.items():
        for example in action.examples.values():
            for name in {entry.key for entry in action.inputs} | set(example["inputs"]):
                given = example["inputs"].get(name)
                for value in (QUIET, {QUIET: QUIET}, [QUIET], with_code(given)):
                    script = Script([{"status": 200, "json": {}}])
                    connection = Connection.from_dict(connection_to_nobody())
                    session = Session(
                        zoho.model, connection, Options(clock=StillClock()), sender=ScriptedSender(script)
                    )
                    problem = ""
                    try:
                        session.run(key, {**example["inputs"], name: value})
                    except ConnectorError as refusal:
                        problem = f"{refusal} {json.dumps(refusal.to_dict())}"
                    sent = " ".join(everything(outgoing) for outgoing in script.sent)
                    assert "evil" not in sent + problem, (key, name, value)
                    tried += 1
                    arrived += "'ev' ~ 'il'" in sent

    assert tried > 500
    assert arrived > 100
    score("hostile", tried - 1)


def connection_to_nobody() -> dict[str, Any]:
    """Return a connection that is never used."""
    fields = {"port": 1, "clientId": "1000.SANDBOXCLIENT", "clientSecret": "a-sandbox-secret"}
    return {"key": "sandbox", "fields": fields, "token": {"access_token": "1000.sandbox.token"}}


@pytest.mark.plan("S-91")
def test_no_reply_is_read_as_an_expression(zoho: Component, score: Any) -> None:
    """Code in a vendor's records, headers and error messages comes out letter by letter, too."""
    tried = 0
    for key, action in zoho.actions.items():
        for example in action.examples.values():
            replies = example.get("reply", {})
            for one in replies if isinstance(replies, list) else [replies]:
                coded = {
                    **one,
                    "json": with_code(one.get("json", {})),
                    "headers": {"X-Hint": QUIET, "Retry-After": QUIET},
                }
                error = {"status": 400, "json": {"code": 1, "message": QUIET, "details": {"api_name": QUIET}}}
                for scripted in (
                    coded,
                    error,
                    {"status": 500, "text": QUIET},
                    {"status": 200, "text": QUIET},
                ):
                    told = outcome_of(zoho, key, example["inputs"], scripted)
                    assert "evil" not in told, (key, told)
                    tried += 1

    assert tried > 100
    score("hostile", tried - 1)


def outcome_of(zoho: Component, key: str, inputs: dict[str, Any], scripted: dict[str, Any]) -> str:
    """Run an action once and return whatever it says."""
    connection = Connection.from_dict(connection_to_nobody())
    sender = ScriptedSender(Script([scripted]))
    session = Session(zoho.model, connection, Options(clock=StillClock()), sender=sender)
    try:
        return json.dumps(session.run(key, inputs).to_dict(), default=str)
    except ConnectorError as problem:
        return f"{problem} {json.dumps(problem.to_dict(), default=str)}"


@pytest.mark.plan("S-91")
def test_a_connection_is_not_read_as_an_expression(zoho: Component) -> None:
    """What stands in a connection's fields and token is sent as it is, or refused."""
    given = connection_to_nobody()
    given["token"]["access_token"] = QUIET
    given["fields"]["clientId"] = QUIET
    script = Script([{"status": 200, "json": {"data": []}}])
    session = Session(
        zoho.model, Connection.from_dict(given), Options(clock=StillClock()), sender=ScriptedSender(script)
    )

    session.run("crmRawRequest", {"method": "GET", "url": "/Leads"})

    headers = {
        name: getattr(value, "reveal", lambda value=value: value)() for name, value in script.sent[0].headers
    }
    assert headers["Authorization"] == f"Zoho-oauthtoken {QUIET}"
    assert urlsplit(script.sent[0].url).path == "/crm/v8/Leads"

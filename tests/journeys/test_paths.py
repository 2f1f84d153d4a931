"""Whatever is entered, every request of every action goes to its service's own address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from connector_runtime import ConnectorError, InputError
from connector_runtime.access.connections import Connection
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender
from faults.corpora import addresses, path_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime import Component
    from connector_runtime.definition.model import Action

CONNECTION = {
    "key": "sandbox",
    "fields": {"port": 8765, "clientId": "1000.SANDBOXCLIENT", "clientSecret": "a-sandbox-secret"},
    "token": {"access_token": "1000.sandbox.token"},
}
BASES = ("http://127.0.0.1:8765/crm/bulk/v8", "http://127.0.0.1:8765/crm/v8", "http://127.0.0.1:8765/books/v3")
TEXTS = path_texts()
# What is cut at its slashes on purpose: some of Books' record types have two segments.
CUT = {"recordType", "parentRecordType", "url"}


def inputs_of(action: Action) -> dict[str, Any]:
    """Return inputs with which an action works."""
    example: dict[str, Any] = next(iter(action.examples.values()))["inputs"]
    return dict(example)


def path_inputs(component: Component) -> Iterator[tuple[str, str]]:
    """Yield every action with each input that its path is made of."""
    for key, action in component.actions.items():
        # Of several requests, the first is what a preview shows.
        first = next(iter(action.definition.get("steps", {"": action.definition}).values()))
        named = {**component.model.component.get("let", {}), **action.definition.get("let", {})}
        words = re.findall(r"inputs\.(\w+)", written_out(str(first["request"]["path"]), named))
        yield from ((key, name) for name in dict.fromkeys(words))


def written_out(text: str, named: dict[str, Any]) -> str:
    """Return a text with what its named values say behind it, and what those read."""
    texts = [text]
    for one in texts:
        texts += [str(named[name]) for name in re.findall(r"let\.(\w+)", one) if str(named[name]) not in texts]
    return " ".join(texts)


def stays_below_its_base(url: str, base: str) -> bool:
    """Return whether an address lies where it was meant to, in whatever way it may be read."""
    pieces = [unquote(piece) for piece in urlsplit(url).path.split("/")[3:]]
    # Twice decoded, as some servers do, it must not climb either.
    climbs = any(unquote(piece) in (".", "..", "") or set(piece) & set("\0\r\n\t") for piece in pieces)
    is_below = url.startswith((f"{base}/", f"{base}?")) or url == base
    return is_below and urlsplit(url).fragment == "" and not climbs


@pytest.mark.plan("S-76")
def test_a_path_stays_below_its_base_whatever_is_entered(zoho, score):
    """Three hundred texts in every input that a path is made of: refused, or one place below the base."""
    tried = escaped = 0
    for key, name in path_inputs(zoho):
        inputs = inputs_of(zoho.actions[key])
        base = next(base for base in BASES if zoho.request(key, inputs, CONNECTION).url.startswith(base))
        for text in TEXTS:
            tried += 1
            try:
                url = zoho.request(key, {**inputs, name: text}, CONNECTION).url
            except InputError:
                continue
            escaped += not stays_below_its_base(url, base)
            assert stays_below_its_base(url, base), (key, name, text, url)
            assert name in CUT or text.strip() in unquote(url), (key, name, text, url)

    assert len(TEXTS) >= 300
    assert tried >= 20 * len(TEXTS)
    score("hostile", tried - 1)
    score("hostile_accepted", escaped)


@pytest.mark.plan("S-78")
@pytest.mark.parametrize("record_id", ["", " ", ".", "..", "../", "./", "%2e%2e", "\t", "\u2024\u2024"])
def test_no_record_is_changed_by_an_id_that_names_no_record(zoho, record_id):
    """An empty id or dots would address the whole module: every changing action refuses before it sends."""
    script = Script([{"status": 200, "json": {}}])
    session = Session(zoho.model, Connection.from_dict(CONNECTION), Options(), sender=ScriptedSender(script))
    changing = {
        key
        for key, name in path_inputs(zoho)
        if name == "recordId" and zoho.actions[key].effect in ("update", "delete", "create")
    }

    for key in changing:
        with pytest.raises(ConnectorError) as caught:
            session.run(key, {**inputs_of(zoho.actions[key]), "recordId": record_id})
        assert caught.value.kind == "input", key

    assert {"crmRemoveRecord", "booksRemoveRecord", "crmUpdateRecord", "booksUpdateRecord"} <= changing
    assert script.sent == []


@pytest.mark.plan("S-79")
@pytest.mark.parametrize("action", ["crmRawRequest", "booksRawRequest"])
def test_a_raw_request_takes_no_other_host(zoho, score, action):
    """An absolute address, however it is written, is refused with the path to enter instead."""
    script = Script([{"status": 200, "json": {}}])
    session = Session(zoho.model, Connection.from_dict(CONNECTION), Options(), sender=ScriptedSender(script))

    for address in addresses():
        with pytest.raises(ConnectorError) as caught:
            session.run(action, {"url": address, "method": "GET"})
        assert (caught.value.kind, caught.value.input) == ("input", "url"), address
        assert "pw" not in str(caught.value)
    with pytest.raises(ConnectorError, match="path only"):
        session.run(action, {"url": "https://evil.example/Leads", "method": "GET"})

    assert script.sent == []
    score("hostile", len(addresses()) - 1)


@pytest.mark.plan("S-79")
@pytest.mark.parametrize(
    "name", ["Authorization", "HOST", "cookie", "Content-Length", "Transfer-Encoding", "Proxy-Authorization"]
)
def test_a_raw_request_takes_no_header_of_the_connection(zoho, name):
    """The token cannot be replaced, and the frame of a request cannot be changed."""
    for action in ("crmRawRequest", "booksRawRequest"):
        with pytest.raises(ConnectorError) as caught:
            zoho.request(action, {"url": "/Leads", "method": "GET", "headers": {name: "x"}}, CONNECTION)
        assert (caught.value.kind, caught.value.input) == ("input", "headers")

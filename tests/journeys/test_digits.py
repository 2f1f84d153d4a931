"""Ids beyond 2 to the 53rd and amounts of money keep every digit, wherever they pass."""

from __future__ import annotations

import html
import json
import random
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from connector_cli.commands import program
from connector_cli.terminal.exit_codes import run
from connector_runtime.language.documents.document import dump_json, parse_json, read_yaml
from connector_runtime.testing.cases import StillClock
from faults.faultserver import FaultServer, read_request, reply, send
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector_runtime import Component

COUNTS = [1_000, pytest.param(10_000, marks=pytest.mark.long)]


def numbers(count: int) -> list[str]:
    """Return ids of 16 to 22 digits and amounts of up to 20 digits, as JSON writes them."""
    chance = random.Random(118)
    ids = [str(chance.randrange(2**53, 10**22)) for _ in range(count // 2)]
    amounts = [f"{chance.randrange(10 ** chance.randrange(1, 18))}.{chance.randrange(10**4):04}" for _ in ids]
    return ids + amounts


@pytest.fixture
def echo() -> Iterator[FaultServer]:
    """A server that answers with the body it was sent."""

    def answer(peer: Any) -> None:
        while True:
            read_request(peer)
            send(reply(peer.request.partition(b"\r\n\r\n")[2]))(peer)

    server = FaultServer()
    server.play([answer])
    yield server
    server.close()


def connection_to(server: FaultServer) -> dict[str, Any]:
    """Return a connection with a server on this machine."""
    fields = {"port": server.port, "clientId": "1000.SANDBOXCLIENT", "clientSecret": "a-sandbox-secret"}
    return {"key": "sandbox", "fields": fields, "token": {"access_token": "1000.sandbox.token"}}


@pytest.mark.plan("S-118")
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("given_as", ["text", "values"])
def test_numbers_cross_the_wire_and_come_back_digit_by_digit(
    zoho: Component, echo: FaultServer, given_as: str, count: int
) -> None:
    """Entered as JSON text or as values, sent, answered and handed on: not one digit differs."""
    digits = numbers(count)
    text = "[" + ",".join(digits) + "]"
    given = text if given_as == "text" else [int(one) if "." not in one else Decimal(one) for one in digits]

    with zoho.session(connection_to(echo), clock=StillClock(), numbers="exact") as session:
        result = session.run(
            "crmRawRequest",
            {"method": "POST", "url": "/Leads", "data": {"data": given} if given_as != "text" else text},
        )

    sent = echo.requests[0].partition(b"\r\n\r\n")[2].decode()
    shown = dump_json(result.data)
    assert re.findall(r"[0-9.]+", sent) == digits
    assert re.findall(r"[0-9.]+", shown) == digits
    assert shown in result.to_json()


@pytest.mark.plan("S-118")
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_numbers_in_files_keep_their_digits(
    echo: FaultServer, tmp_path: Path, capsys: Any, form: str
) -> None:
    """What a file of inputs says is what is sent and what the command line shows."""
    digits = numbers(200)
    body = {
        "yaml": "{records: [" + ", ".join(digits) + "]}",
        "json": '{"records": [' + ",".join(digits) + "]}",
    }[form]
    given = tmp_path / f"inputs.{form}"
    given.write_text(
        f"method: POST\nurl: /Leads\ndata: {body}\n"
        if form == "yaml"
        else f'{{"method": "POST", "url": "/Leads", "data": {body}}}'
    )
    kept = tmp_path / "connection.json"
    kept.write_text(json.dumps(connection_to(echo)))
    words = ["run", "crmRawRequest", "--inputs", str(given), "--connection", str(kept), "--json"]

    code = run(program, words, name="zoho-component", component=str(ROOT))

    told = capsys.readouterr()
    assert code == 0, told.out + told.err
    sent = echo.requests[0].partition(b"\r\n\r\n")[2].decode()
    assert re.findall(r"[0-9.]+", sent) == digits
    assert re.findall(r"[0-9.]+", dump_json(parse_json(told.out, numbers="written")["data"])) == digits


@pytest.mark.plan("S-118")
def test_a_definition_keeps_its_digits(tmp_path: Path) -> None:
    """A whole number in a component's file is that number, however long."""
    ids = [one for one in numbers(1_000) if "." not in one]
    path = tmp_path / "ids.yaml"
    path.write_text("ids:\n" + "".join(f"  - {one}\n" for one in ids))

    assert [str(one) for one in read_yaml(path, "ids.yaml").data["ids"]] == ids


@pytest.mark.plan("S-118")
def test_the_page_shows_every_digit(sandbox: Any) -> None:
    """A person compares an id by eye: what the page shows is what is stored."""
    digits = numbers(200)
    for index, one in enumerate(digits):
        sandbox.state.put("digits", str(index), {"amount": Decimal(one) if "." in one else int(one)})

    with httpx.Client(base_url=sandbox.base_url, trust_env=False) as browser:
        lists = [
            browser.get("/_sandbox/view/records", params={"kind": "digits", "page": page}).text
            for page in range(1, 5)
        ]
        whole = [
            browser.get("/_sandbox/view/record", params={"kind": "digits", "id": str(index)}).text
            for index in range(0, 200, 20)
        ]

    cells = re.findall(r"<td>([^<]*)</td>", html.unescape("".join(lists)))
    assert sorted(cells) == sorted(digits)
    for index, page in zip(range(0, 200, 20), whole, strict=True):
        assert digits[index] in html.unescape(page)


@pytest.mark.plan("S-118")
def test_without_being_asked_for_digits_a_session_keeps_every_value(zoho: Component, echo: FaultServer) -> None:
    """Floats where they are the very numbers, decimals beside them: only zeros at the end may go."""
    digits = numbers(1_000)
    with zoho.session(connection_to(echo), clock=StillClock()) as session:
        result = session.run(
            "crmRawRequest", {"method": "POST", "url": "/Leads", "data": f'{{"data": [{",".join(digits)}]}}'}
        )

    found = re.findall(r"[0-9.]+", dump_json(result.data))
    assert [Decimal(one) for one in found] == [Decimal(one) for one in digits]
    assert {type(one) for one in result.data["data"]} == {int, float, Decimal}
    assert json.loads(json.dumps(result.to_dict()))


@pytest.mark.plan("S-118")
@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"name": "Disk", "rate": "35.00"}, '{"name":"Disk","rate":35.00}'),
        ('{"name": "Disk", "rate": 35.00}', '{"name":"Disk","rate":35.00}'),
        ([{"key": "name", "value": "Disk"}, {"key": "rate", "value": "0.10"}], '{"name":"Disk","rate":0.10}'),
        ({"name": "Disk", "rate": Decimal("35.00")}, '{"name":"Disk","rate":35.00}'),
        ({"name": "Disk", "rate": 35.5}, '{"name":"Disk","rate":35.5}'),
    ],
)
def test_an_amount_goes_out_as_it_was_entered(zoho: Component, fields: Any, sent: str) -> None:
    """In a form's rows, as JSON text and by a program."""
    one = zoho.connections["zohoTemplatedConnection"].definition["examples"]
    connection = {**next(iter(one.values())), "key": "zohoTemplatedConnection", "token": {"access_token": "t"}}
    inputs = {"organizationId": "10234695", "recordType": "items", "fieldValues": fields}

    assert sent in str(zoho.request("booksCreateRecord", inputs, connection))

"""One code of Zoho Books has several meanings: its message decides what it says and what may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock

if TYPE_CHECKING:
    from connector_runtime import Component

ITEM = {"recordType": "items", "fieldValues": {"name": "Hard Drive", "rate": 120}, "organizationId": "1"}
REPEATS = {"maxRetries": 3, "retryAllErrors": False}
MEANINGS = [
    (1000, "Internal error", "outcome_unknown"),
    (1000, "Erreur interne", "outcome_unknown"),
    (1000, None, "outcome_unknown"),
    (1000, "Item name already exists.", "duplicate"),
    (1000, 'The item name "Hard Drive" Already Exists', "duplicate"),
    (1001, "Invoice number already exists", "duplicate"),
    (1001, "Record Not Found", "not_found"),
    (1002, "Invoice does not exist.", "not_found"),
    (1002, "Contact person does not exist", "not_found"),
    (1002, "Please enter valid expense account", "validation"),
    (3000, "The contact already exists.", "duplicate"),
    (3000, None, "duplicate"),
]


@pytest.mark.plan("S-151")
@pytest.mark.parametrize(("code", "message", "kind"), MEANINGS)
@pytest.mark.parametrize("status", [200, 400])
def test_the_message_decides_what_a_code_means(
    zoho: Component, code: int, message: str | None, kind: str, status: int
) -> None:
    """The words fit what happened, and with three repeats allowed the item is sent once."""
    body: dict[str, Any] = {"code": code} | ({"message": message} if message else {})
    script = Script([{"status": status, "json": body}])
    connection = Connection.from_dict({"key": "zohoTemplatedConnection", "fields": {"clientId": "1000.A", "clientSecret": "secret-of-a-client"},
                                       "token": {"access_token": "1000.token-of-a-test"}})  # fmt: skip
    session = Session(zoho.model, connection, Options(clock=StillClock()), sender=ScriptedSender(script))  # type: ignore[arg-type]

    with pytest.raises(ConnectorError) as caught:
        session.run("booksCreateRecord", {**ITEM, **REPEATS})

    assert (caught.value.kind, caught.value.code) == (kind, code)
    assert message is None or message in caught.value.message
    assert len(script.sent) == 1

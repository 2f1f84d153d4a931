"""A token that died is replaced once and the request sent once more; a missing right is another matter."""

from __future__ import annotations

import pytest

from connector_runtime.errors import ConnectionProblem
from connector_runtime.stores import MemoryStore
from tokens.scene import entries, renewals


@pytest.mark.plan("S-68")
def test_a_token_that_dies_in_the_middle_is_replaced_once(zoho, sandbox, clock, connection) -> None:
    """Of ten creates the token of the fourth is dead: it is sent twice, done once, and all are there."""
    inputs = {"recordType": "contacts"}
    names = [f"Customer {number}" for number in range(10)]

    with zoho.session(connection, clock=clock) as session:
        for number, name in enumerate(names):
            if number == 3:
                sandbox.tokens.expire_all()
            session.run("booksCreateRecord", {**inputs, "fieldValues": {"contact_name": name}})

    made = [entry for entry in entries(sandbox, "books") if entry["effects"]]
    assert len(made) == 10
    assert [entry["status"] for entry in entries(sandbox, "books")].count(401) == 1
    assert len(renewals(sandbox)) == 1


@pytest.mark.plan("S-68")
def test_a_token_that_another_process_replaced_is_taken_from_the_store(
    zoho, sandbox, clock, connection
) -> None:
    """The second session's token is refused, and the store has the newer one: nobody is asked."""
    store = MemoryStore()
    with (
        zoho.session(connection, clock=clock, token_store=store) as first,
        zoho.session(connection, clock=clock, token_store=store) as second,
    ):
        assert (first.check().status, second.check().status) == (200, 200)
        sandbox.tokens.expire_all()

        assert first.check().status == 200
        result = second.check()

    assert [attempt.why for attempt in result.attempts] == ["first", "token"]
    assert len(renewals(sandbox)) == 1


@pytest.mark.plan("S-68")
@pytest.mark.parametrize(
    ("action", "inputs"),
    [
        ("crmGetRecords", {"recordType": "Contacts", "fields": "Last_Name"}),
        ("booksGetRecords", {"recordType": "contacts"}),
    ],
)
def test_a_missing_scope_is_never_renewed(zoho, sandbox, clock, action: str, inputs: dict[str, str]) -> None:
    """Another token would have the same rights: the error names the scope, and no token is asked for."""
    connection = sandbox.connection(scopes=["ZohoCRM.users.READ"])

    with zoho.session(connection, clock=clock) as session, pytest.raises(ConnectionProblem) as caught:
        session.run(action, inputs)

    assert caught.value.kind == "permission"
    assert [entry["status"] for entry in sandbox.ledger()] == [401]

"""Everything that is wrong with what was entered is told at once, and nothing is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from components.petshop_server import PETSHOP
from connector_runtime import Component, ConnectionProblem, InputError
from connector_runtime.errors import ConnectorError
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

ZOHO = Component.load(ROOT)
SHOP = Component.load(PETSHOP)
CONNECTION = {
    "key": "zohoTemplatedConnection",
    "fields": {"zohoRegion": "https://accounts.zoho.com", "clientId": "an id", "clientSecret": "a secret"},
    "token": {"access_token": "a token", "refresh_token": "another"},
    "context": {"location": "us"},
}


def told(component: Component, key: str, inputs: Mapping[str, Any], connection: Any = None) -> list[str | None]:
    """Return the inputs at fault."""
    return [problem.input for problem in component.validate(key, inputs, connection)]


@pytest.mark.parametrize("connection", [None, CONNECTION])
def test_nothing_is_wrong_with_the_examples(connection: Mapping[str, Any] | None) -> None:
    """What a file gives as an example passes, with a connection and without."""
    for action in ZOHO.actions.values():
        for name, example in action.examples.items():
            found = ZOHO.validate(action.key, example.get("inputs", {}), connection)
            assert found == [], f"{action.key}: {name}"


def test_every_problem_is_told_as_data() -> None:
    """Two wrong inputs are two problems: which input, what is wrong, what to do."""
    found = ZOHO.validate("crmGetRecord", {"recordType": "Contacts", "recrodId": "1"}, CONNECTION)

    assert {problem.input for problem in found} == {"recordId", "recrodId"}
    for problem in found:
        assert problem.to_dict() == {"input": problem.input, "message": problem.message, "hint": problem.hint}
        assert problem.message


def test_the_inputs_of_a_trigger_are_validated_too() -> None:
    """A trigger has inputs as an action has."""
    assert told(ZOHO, "crmRecordChanged", {"recordTyp": "Contacts"}) == ["recordTyp", "recordType"]
    assert told(ZOHO, "crmRecordChanged", {"recordType": "Contacts"}, CONNECTION) == []


def test_what_a_connection_fills_in_is_not_missed_without_one() -> None:
    """An organisation that stands in the connection is only missing where a connection has none."""
    example = next(iter(ZOHO.actions["booksGetRecord"].examples.values()))["inputs"]
    inputs = {key: value for key, value in example.items() if key != "organizationId"}

    assert told(ZOHO, "booksGetRecord", inputs) == []


def test_a_key_that_is_none_and_a_connection_that_is_wrong_are_no_problems_of_inputs() -> None:
    """They are raised, as they are by a session."""
    with pytest.raises(InputError, match="no action"):
        ZOHO.validate("crmGetRecrod", {})
    with pytest.raises(ConnectionProblem):
        ZOHO.validate("crmGetRecord", {}, {**CONNECTION, "fields": {}})


def test_the_scopes_of_what_is_used_are_few() -> None:
    """One action needs less than all, and unknown keys are refused."""
    assert 0 < len(ZOHO.scopes(["crmGetRecord"])) < len(ZOHO.scopes())
    with pytest.raises(InputError, match="no action"):
        ZOHO.scopes(["crmGetRecrod"])
    with pytest.raises(InputError, match="no connection"):
        ZOHO.scopes(connection="nonsense")


def test_a_policy_is_read_before_any_session() -> None:
    """A rule that protects nothing is refused when it is made."""
    ZOHO.policy({"effects": ["read"]})
    with pytest.raises(ConnectionProblem, match="reed"):
        ZOHO.policy({"effects": ["reed"]})


@pytest.mark.parametrize("way", ["blocking", "awaiting"])
def test_the_account_offers_choices_for_the_connection(way: str) -> None:
    """What a connection leaves open is asked of its account, in a thread or an event loop."""
    wire = httpx.MockTransport(
        lambda _: httpx.Response(
            200, json={"code": 0, "organizations": [{"organization_id": "10", "name": "Zillum"}]}
        )
    )

    async def ask() -> list[dict[str, Any]]:
        async with ZOHO.async_session(CONNECTION, transport=wire) as session:
            return await session.connection_choices("organizationId")

    if way == "awaiting":
        found = asyncio.run(ask())
    else:
        with ZOHO.session(CONNECTION, transport=wire) as session:
            found = session.connection_choices("organizationId")

    assert found == [{"value": "10", "label": "Zillum"}]


def test_an_input_of_the_connection_that_offers_nothing_is_refused() -> None:
    """A client's id is entered, not chosen."""
    with ZOHO.session(CONNECTION, transport=httpx.MockTransport(lambda _: httpx.Response(500))) as session:
        with pytest.raises(InputError, match="nothing to choose from"):
            session.connection_choices("clientId")
        with pytest.raises(InputError, match="no input"):
            session.connection_choices("nonsense")


def test_a_trigger_offers_its_choices() -> None:
    """The picker of a trigger is asked as one of an action is."""
    with ZOHO.session(CONNECTION, transport=httpx.MockTransport(lambda _: httpx.Response(500))) as session:
        assert {"value": "Contacts", "label": "Contact"}.keys() == session.choices("crmRecordChanged", "recordType")[0].keys()


def test_a_login_of_an_event_loop_gets_the_same_connection() -> None:
    """Code and answer become a token without blocking; a refusal is the same error."""
    answers = iter([{"access_token": "new", "refresh_token": "kept", "expires_in": 3600}, {"error": "invalid_code"}])
    wire = httpx.MockTransport(lambda _: httpx.Response(200, json=next(answers)))
    form = {key: value for key, value in CONNECTION.items() if key in ("key", "fields")}
    logins = ZOHO.async_logins(transport=wire)
    begun = logins.begin(form, "https://platform.example/back")
    query = f"code=a-code&state={begun.state}&location=us"

    assert begun == type(begun).from_dict(begun.to_dict())
    assert asyncio.run(logins.finish(form, begun, query))["token"]["access_token"] == "new"
    with pytest.raises(ConnectorError):
        asyncio.run(logins.finish(form, begun, query))

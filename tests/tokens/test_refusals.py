"""No token for now, no token any more, or no token at all: who must act, and how often the vendor is asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from canaries import canary
from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectionProblem, ConnectorError, ReconnectNeeded, Throttled
from connector_runtime.session.session import Options, Session
from connector_runtime.stores import MemoryStore
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock
from engine.shop import SENT, Shop
from engine.test_tokens import DEAD, FRESH, MODEL, authorizations
from tokens.scene import HOUR_S, entries, renewals

THROTTLE_S = 600.0


def use_up(sandbox: Any, connection: dict[str, Any]) -> None:
    """Have the vendor issue as many tokens as it does in ten minutes, to somebody else with this grant."""
    record = sandbox.tokens.refresh_record(connection["token"]["refresh_token"])
    for _ in range(10):
        sandbox.tokens.new_access(record)


@pytest.mark.plan("S-65")
@pytest.mark.parametrize("status", [200, 400, 429])
def test_a_throttled_connection_cools_down(zoho, sandbox, clock, connection, status: int) -> None:
    """One refusal is enough: for ten minutes every call is told when to come back, and the vendor is left alone."""
    sandbox.settings.change({"oauth.throttle_status": status})
    sandbox.clock.advance(HOUR_S)
    use_up(sandbox, connection)
    throttled_at = sandbox.clock.now()
    back: set[datetime | None] = set()

    with zoho.session(connection, clock=clock) as session:
        for _ in range(50):
            with pytest.raises(Throttled) as caught:
                session.check()
            back.add(caught.value.retry_at)
            sandbox.clock.advance(10)
        assert len(renewals(sandbox)) == 1
        sandbox.clock.advance(THROTTLE_S)
        assert session.check().status == 200

    assert back == {datetime.fromtimestamp(throttled_at + THROTTLE_S, UTC)}
    assert len(renewals(sandbox)) == 2


@pytest.mark.plan("S-65")
def test_a_token_that_still_lives_is_used_while_there_is_no_other(zoho, sandbox, clock, connection) -> None:
    """In its last minute a newer one is asked for once, in vain; the calls go on with the old one to its end."""
    sandbox.clock.advance(HOUR_S - 50)
    use_up(sandbox, connection)

    with zoho.session(connection, clock=clock) as session:
        for _ in range(40):
            assert session.check().status == 200
            sandbox.clock.advance(1)

    assert len(renewals(sandbox)) == 1
    assert {entry["status"] for entry in entries(sandbox, "crm")} == {200}


@pytest.mark.plan("S-65")
def test_processes_hear_of_a_cool_down_through_the_store(zoho, sandbox, clock, connection) -> None:
    """The second session has never asked, and does not ask."""
    sandbox.clock.advance(HOUR_S)
    use_up(sandbox, connection)
    store = MemoryStore()

    for _ in range(5):
        with zoho.session(connection, clock=clock, token_store=store) as session, pytest.raises(Throttled):
            session.check()

    assert len(renewals(sandbox)) == 1


def test_a_token_that_another_process_got_ends_a_cool_down(zoho, sandbox, clock, connection) -> None:
    """The store is looked into before every refusal, because it costs the vendor nothing."""
    sandbox.clock.advance(HOUR_S)
    use_up(sandbox, connection)
    store = MemoryStore()

    with zoho.session(connection, clock=clock, token_store=store) as session:
        with pytest.raises(Throttled):
            session.check()
        put_newer(store, sandbox, connection)

        assert session.check().status == 200


def put_newer(store: MemoryStore, sandbox: Any, connection: dict[str, Any]) -> None:
    """Store a token as another process would."""
    record = sandbox.tokens.refresh_record(connection["token"]["refresh_token"])
    fresh = sandbox.tokens.new_access(record, is_counted=False)
    ((key, entry),) = store._entries.items()
    token = {
        "access_token": fresh["token"],
        "refresh_token": record["token"],
        "issued_at": fresh["issued_at"],
        "expires_at": fresh["expires_at"],
    }
    assert store.write(key, {"token": token}, entry.version)


@pytest.mark.plan("S-66")
def test_a_revoked_grant_is_asked_for_once(zoho, sandbox, clock, connection) -> None:
    """However many actions follow, one request finds it out; every action says to connect again."""
    sandbox.tokens.revoke(connection["token"]["refresh_token"])
    sandbox.clock.advance(HOUR_S)
    kinds = []

    with zoho.session(connection, clock=clock) as session:
        for _ in range(10_000):
            with pytest.raises(ReconnectNeeded) as caught:
                session.check()
            kinds.append(caught.value.kind)

    assert kinds == ["auth_revoked"] * 10_000
    assert len(renewals(sandbox)) == 1
    assert entries(sandbox, "crm") == []


@pytest.mark.plan("S-66")
def test_a_grant_revoked_while_its_token_lives_ends_with_the_refusal(
    zoho, sandbox, clock, connection
) -> None:
    """The token is refused, the renewal too; from then on nothing is sent at all."""
    with zoho.session(connection, clock=clock) as session:
        assert session.check().status == 200
        sandbox.tokens.revoke(connection["token"]["refresh_token"])
        for _ in range(20):
            with pytest.raises(ReconnectNeeded):
                session.check()

    assert len(renewals(sandbox)) == 1
    assert [entry["status"] for entry in entries(sandbox, "crm")] == [200, 401]


@pytest.mark.plan("S-66")
def test_processes_hear_of_a_revocation_through_the_store(zoho, sandbox, clock, connection) -> None:
    """A hundred sessions after the first one, in a loop and out of it, ask nobody."""
    sandbox.tokens.revoke(connection["token"]["refresh_token"])
    sandbox.clock.advance(HOUR_S)
    store = MemoryStore()

    async def awaiting() -> None:
        async with zoho.async_session(connection, clock=clock, token_store=store) as session:
            await session.check()

    for _ in range(50):
        with (
            zoho.session(connection, clock=clock, token_store=store) as session,
            pytest.raises(ReconnectNeeded),
        ):
            session.check()
        with pytest.raises(ReconnectNeeded):
            asyncio.run(awaiting())

    assert len(renewals(sandbox)) == 1


# Replies to the request for a token: what is done with each. None: the token is used.
LONG = "x" * 2_000_000
REPLIES: dict[str, tuple[dict[str, Any], str | None]] = {
    "a web page": ({"status": 200, "text": "<html>Maintenance</html>"}, "contract"),
    "a web page of an error": ({"status": 502, "text": "<html>Bad Gateway</html>"}, "server"),
    "nothing": ({"status": 200, "text": ""}, "contract"),
    "an empty map": ({"status": 200, "json": {}}, "contract"),
    "a list": ({"status": 200, "json": []}, "contract"),
    "null": ({"status": 200, "json": None}, "contract"),
    "a text": ({"status": 200, "json": "token"}, "contract"),
    "half of it": ({"status": 200, "text": '{"access_token": "new-token-2", "exp'}, "contract"),
    "an empty token": ({"status": 200, "json": {"access_token": ""}}, "contract"),
    "a number for a token": ({"status": 200, "json": {"access_token": 7}}, "contract"),
    "a list for a token": ({"status": 200, "json": {"access_token": ["a"]}}, "contract"),
    "a token with a line break": ({"status": 200, "json": {"access_token": "a\r\nX-Evil: 1"}}, "contract"),
    "a token that no header can hold": ({"status": 200, "json": {"access_token": "tökén"}}, "contract"),
    "a token of two megabytes": ({"status": 200, "json": {"access_token": LONG}}, "contract"),
    "two megabytes beside a token": ({"status": 200, "json": {"access_token": "a", "more": LONG}}, "contract"),
    "a redirect": ({"status": 302, "headers": {"Location": "https://evil.example/"}, "text": ""}, "contract"),
    "the standard's refusal": ({"status": 400, "json": {"error": "invalid_grant"}}, "auth_revoked"),
    "the standard's refusal of the client": ({"status": 401, "json": {"error": "invalid_client"}}, "config"),
    "too many requests": ({"status": 429, "text": "slow down"}, "auth_throttled"),
    "no life": ({"status": 200, "json": {"access_token": "new-token-2"}}, None),
    "a life in text": ({"status": 200, "json": {"access_token": "new-token-2", "expires_in": "3600"}}, None),
    "no life left": ({"status": 200, "json": {"access_token": "new-token-2", "expires_in": 0}}, None),
    "a life before birth": ({"status": 200, "json": {"access_token": "new-token-2", "expires_in": -1}}, None),
    "a life of geological length": ({"status": 200, "json": {"access_token": "new-token-2", "expires_in": 1e12}}, None),
    "a life in words": ({"status": 200, "json": {"access_token": "new-token-2", "expires_in": "soon"}}, None),
    "an end in the past": ({"status": 200, "json": {"access_token": "new-token-2", "expires_at": 1}}, None),
    "another place": ({"status": 200, "json": {"access_token": "new-token-2", "api_domain": "https://evil.example"}}, None),
    "status 201": ({"status": 201, "json": {"access_token": "new-token-2", "expires_in": 3600}}, None),
}  # fmt: skip


def shop(*replies: dict[str, Any], **token: Any) -> Shop:
    given = {
        "key": "oauth",
        "fields": {"clientId": "c", "clientSecret": canary("client secret")},
        "token": {"access_token": canary("access token"), "refresh_token": canary("refresh token")} | token,
    }
    return Shop(MODEL, *replies, given=given)


@pytest.mark.plan("S-67")
@pytest.mark.parametrize("name", REPLIES)
def test_every_reply_to_a_renewal_is_understood_or_refused(name: str) -> None:
    """A token that can be sent is sent; whatever else comes is an error of a kind that says who must act."""
    answer, kind = REPLIES[name]
    one = shop(answer, *([SENT] if kind is None else []), expires_at=1.0)

    if kind is None:
        assert one.run().status == 200
        assert authorizations(one) == ["Bearer new-token-2"]
        assert one.run().status == 200
        assert sum("token" in url for url in one.urls) == 1
    else:
        with pytest.raises(ConnectorError) as caught:
            one.run()
        assert caught.value.kind == kind
        assert authorizations(one) == []


@pytest.mark.plan("S-67")
@pytest.mark.parametrize(
    "place",
    [
        "https://www.zohoapis.com.evil.example",
        "https://www.zohoapis.eu",
        "http://www.zohoapis.ca",
        7,
        None,
        "",
    ],
)
def test_what_a_renewal_says_beside_the_token_never_moves_the_connection(zoho, place: object) -> None:
    """Another address in the reply is neither sent to nor kept for the next session."""
    reply = {"access_token": "new-token-2", "expires_in": 3600, "api_domain": place}
    script = Script([{"status": 200, "json": reply}, {"status": 200, "json": {"users": []}}])
    given = zoho.connections["zohoTemplatedConnection"].definition["examples"]
    canada = next(one for one in given.values() if one.get("context", {}).get("location") == "ca")
    token = {**canada["token"], "expires_at": 1.0}
    connection = Connection.from_dict({**canada, "key": "zohoTemplatedConnection", "token": token})

    session = Session(zoho.model, connection, Options(clock=StillClock()), sender=ScriptedSender(script))  # type: ignore[arg-type]
    session.check()

    assert [outgoing.url.split("/")[2] for outgoing in script.sent] == [
        "accounts.zohocloud.ca",
        "www.zohoapis.ca",
    ]
    assert session.token["access_token"] == "new-token-2"
    Session(
        zoho.model, Connection.from_dict({**canada, "key": connection.key, "token": session.token}), Options()
    )


def test_a_renewal_is_asked_for_once_more_when_the_line_breaks() -> None:
    """A lost reply is no reason to fail: the second one brings the token."""
    one = shop({"error": "disconnect"}, FRESH, SENT, expires_at=1.0)

    assert one.run().status == 200
    assert len(one.clock.waits) == 1


def test_a_renewal_that_takes_too_long_is_not_repeated() -> None:
    """Whoever hangs once will hang again; the caller is told."""
    one = shop({"error": "timeout"}, FRESH, SENT, expires_at=1.0)

    with pytest.raises(ConnectorError) as caught:
        one.run()

    assert caught.value.kind == "timeout"
    assert one.sent == 1


def test_a_fresh_token_that_is_refused_at_once_is_not_renewed_again_and_again() -> None:
    """The token is not the problem: for a minute nobody asks for another, however many calls are refused."""
    one = shop(DEAD, FRESH, DEAD)

    for _ in range(20):
        with pytest.raises(ConnectionProblem):
            one.run()

    assert sum("token" in url for url in one.urls) == 1


def test_a_connection_with_an_access_token_only_needs_no_store() -> None:
    """The platform renews: until it does, a refusal says so, and nobody is asked for a token."""
    one = shop(DEAD, refresh_token="")

    with pytest.raises(ConnectionProblem) as caught:
        one.run()

    assert caught.value.kind == "auth_expired"
    assert one.sent == 1


def test_a_connection_with_an_access_token_only_never_touches_a_store() -> None:
    """There is nothing to keep that the platform does not have."""

    class NoStore:
        def read(self, key: str) -> None:
            raise AssertionError(key)

        write = read

    given = {"key": "oauth", "fields": {"clientId": "c", "clientSecret": "s"}, "token": {"access_token": "a"}}
    one = Shop(MODEL, SENT, given=given, token_store=NoStore())

    assert one.run().status == 200

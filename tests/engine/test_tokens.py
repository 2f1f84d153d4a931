"""A token that has ended is renewed once; what cannot be renewed says who must act."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.base.bodies import opened
from connector_runtime.errors import ConnectionProblem, ConnectorError, ReconnectNeeded, Throttled
from engine.shop import SENT, Shop, action, model_of

OAUTH = {
    "connection": "oauth",
    "label": "OAuth",
    "inputs": {
        "clientId": {"type": "string", "label": "Client", "required": True},
        "clientSecret": {"type": "secret", "label": "Secret", "required": True},
    },
    "choose": {"site": {"from": "sites", "first": [{"key": "main"}]}},
    "oauth2": {
        "grants": ["refresh_token"],
        "tokenUrl": "${ connection.site.api }/token",
        "clientId": "${ inputs.clientId }",
        "clientSecret": "${ secrets.clientSecret }",
        "ok": "${ reply.json.access_token is defined }",
        "errors": [
            {"when": "${ fault.error == 'invalid_code' }", "kind": "auth_revoked", "message": "The grant is gone."},
            {"when": "${ fault.error == 'Access Denied' }", "kind": "auth_throttled", "message": "Too many tokens.",
             "retryAfter": "10m"},
        ],
    },
    "apply": {"headers": {"Authorization": "Bearer ${ token.access_token }"}, "hosts": ["${ connection.site.api }"]},
    "examples": {"one": {"fields": {"clientId": "c", "clientSecret": "client-secret-1"}, "token": {"access_token": "t"}}},
}  # fmt: skip
MODEL = model_of(action("create"), connection=OAUTH)
FRESH = {"status": 200, "json": {"access_token": "new-token-2", "expires_in": 3600}}
DEAD = {"status": 401, "json": {"code": "expired"}}


def shop(*replies: dict[str, Any], **token: Any) -> Shop:
    given = {
        "key": "oauth",
        "fields": {"clientId": "c", "clientSecret": "client-secret-1"},
        "token": {"access_token": "old-token-1", "refresh_token": "refresh-token-1"} | token,
    }
    return Shop(MODEL, *replies, given=given)


def authorizations(one: Shop) -> list[str]:
    return [
        value.reveal() if name == "Authorization" else ""
        for outgoing in one.script.sent
        for name, value in outgoing.headers
        if name == "Authorization"
    ]


def test_a_token_without_an_end_is_used_until_it_is_refused() -> None:
    """Nobody said when it ends, so it counts as valid."""
    one = shop(SENT)

    one.run()

    assert authorizations(one) == ["Bearer old-token-1"]


@pytest.mark.plan("S-68")
def test_a_refused_token_is_renewed_once_and_the_request_sent_once_more() -> None:
    """A 401 means that nothing happened, so even a create is sent again; it counts as no retry."""
    one = shop(DEAD, FRESH, SENT)

    result = one.run()

    assert authorizations(one) == ["Bearer old-token-1", "Bearer new-token-2"]
    assert [attempt.why for attempt in result.attempts] == ["first", "token"]


@pytest.mark.plan("S-68")
def test_a_second_refusal_is_final() -> None:
    """A fresh token that is refused too is not renewed again: there is no loop."""
    one = shop(DEAD, FRESH, DEAD)

    with pytest.raises(ConnectionProblem) as caught:
        one.run()

    assert caught.value.kind == "auth_expired"
    assert one.sent == 3


def test_an_expired_token_is_renewed_before_the_request() -> None:
    """A token known to be dead is never sent."""
    one = shop(FRESH, SENT, expires_at=1.0)

    one.run()

    assert authorizations(one) == ["Bearer new-token-2"]
    body = b"".join(map(opened, one.script.sent[0].body.chunks())).decode()
    assert (
        "grant_type=refresh_token&refresh_token=refresh-token-1&client_id=c&client_secret=client-secret-1"
        in body
    )
    assert one.script.sent[0].url == "https://api.example.com/token"


def test_expires_in_counts_from_when_the_token_was_issued() -> None:
    """`expires_in` without `issued_at` says nothing; with it the token ends."""
    undated, dated = shop(SENT, expires_in=1), shop(FRESH, SENT, expires_in="3600", issued_at=1_000.0)

    undated.run()
    dated.run()

    assert (undated.sent, dated.sent) == (1, 2)


@pytest.mark.plan("S-66")
def test_a_revoked_grant_asks_to_reconnect_although_the_status_is_200() -> None:
    """The status decides nothing: a refusal without a token is a refusal."""
    one = shop({"status": 200, "json": {"error": "invalid_code"}}, expires_at=1.0)

    with pytest.raises(ReconnectNeeded) as caught:
        one.run()

    assert caught.value.hint == "Connect the account again."
    assert one.sent == 1


@pytest.mark.plan("S-65")
def test_a_throttled_renewal_says_when_to_come_back() -> None:
    """The vendor gives no token for ten minutes, and the error carries the instant."""
    one = shop({"status": 200, "json": {"error": "Access Denied"}}, expires_at=1.0)

    with pytest.raises(Throttled) as caught:
        one.run()

    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == one.clock.now() + 600


@pytest.mark.plan("S-67")
@pytest.mark.parametrize(
    "reply",
    [
        {"status": 200, "text": "<html>Maintenance</html>"},
        {"status": 200, "json": {}},
        {"status": 200, "json": {"access_token": ""}},
        {"status": 200, "json": []},
        {"status": 200, "json": None},
        {"status": 200, "text": ""},
        {"status": 500, "text": "oops"},
        {"status": 400, "json": {"error": "something"}},
    ],
)
def test_a_renewal_that_brings_no_token_is_an_error_that_sends_nothing(reply: dict[str, Any]) -> None:
    """Whatever came instead of a token, the action itself is not tried without one."""
    one = shop(reply, expires_at=1.0)

    with pytest.raises(ConnectorError):
        one.run()

    assert authorizations(one) == []


@pytest.mark.parametrize("life", [None, "3600", 0, -1, 1e12, "soon", True, [], {}])
def test_a_strange_life_of_a_token_is_no_reason_to_fail(life: Any) -> None:
    """A token whose end makes no sense is used until it is refused, or renewed when it is over."""
    one = shop(
        {"status": 200, "json": {"access_token": "new-token-2", "expires_in": life}}, SENT, expires_at=1.0
    )

    assert one.run().status == 200


def test_without_any_token_the_error_says_to_connect() -> None:
    """Nothing is sent, and the next step is named."""
    one = shop(SENT, access_token="", refresh_token="")

    with pytest.raises(ConnectionProblem) as caught:
        one.run()

    assert caught.value.kind == "config"
    assert one.sent == 0


def test_the_renewed_token_can_be_kept_by_the_platform() -> None:
    """A session tells its current token, with the refresh token the vendor did not repeat."""
    one = shop(FRESH, SENT, expires_at=1.0)

    one.run()

    assert one.session.token["access_token"] == "new-token-2"
    assert one.session.token["refresh_token"] == "refresh-token-1"
    assert one.session.token["expires_at"] == one.clock.now() + 3600


def test_no_secret_stands_in_the_error() -> None:
    """An echo of the tokens in the vendor's answer is taken out."""
    one = shop({"status": 400, "text": "bad token old-token-1 of client-secret-1 with refresh-token-1"})

    with pytest.raises(ConnectorError) as caught:
        one.run()

    text = f"{caught.value} {caught.value.to_dict()}"
    assert "old-token-1" not in text
    assert "client-secret-1" not in text
    assert "refresh-token-1" not in text

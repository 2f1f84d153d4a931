"""The accounts server's limits, and what it and the products refuse."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

PATRICIA, DANIEL = "111111000000044700", "111111000000044800"
REAL = "1000." + "a1" * 16 + "." + "b2" * 16


def test_the_eleventh_refresh_in_ten_minutes_is_throttled(sandbox, accounts):
    """With Zoho's words; the status is a setting; later it works again."""
    token = sandbox.connection()["token"]["refresh_token"]
    for _ in range(10):
        assert "access_token" in accounts.refresh(token).json()

    refused = accounts.refresh(token)
    assert refused.status_code == 400
    assert refused.json()["error"] == "Access Denied"
    assert refused.json()["status"] == "failure"
    assert "too many requests continuously" in refused.json()["error_description"]

    sandbox.settings["oauth.throttle_status"] = 200
    assert accounts.refresh(token).status_code == 200
    sandbox.clock.advance(600)
    assert "access_token" in accounts.refresh(token).json()


def test_the_limit_counts_each_refresh_token_for_itself(sandbox, accounts):
    """One tenant's storm does not throttle another."""
    patricia = sandbox.connection(user_id=PATRICIA)["token"]["refresh_token"]
    daniel = sandbox.connection(user_id=DANIEL)["token"]["refresh_token"]
    for _ in range(11):
        last = accounts.refresh(patricia)

    assert "error" in last.json()
    assert "access_token" in accounts.refresh(daniel).json()


def test_the_sixteenth_live_token_ends_the_oldest(sandbox, accounts):
    """Fifteen may live at once."""
    token = sandbox.connection()["token"]["refresh_token"]
    first = sandbox.connection()["token"]["access_token"]
    for minted in range(15):
        if minted % 10 == 0:
            sandbox.clock.advance(601)
        assert accounts.call(first).status_code == 200
        newest = accounts.refresh(token).json()["access_token"]

    assert accounts.call(first).status_code == 401
    assert accounts.call(newest).status_code == 200


def test_the_twenty_first_refresh_token_deletes_the_first(sandbox, accounts):
    """Silently, and with the access tokens made from it."""
    grants = []
    for number in range(21):
        if number % 10 == 0:
            sandbox.clock.advance(601)
        grants.append(accounts.exchange(accounts.agree()["code"]).json())

    assert accounts.refresh(grants[0]["refresh_token"]).json() == {"error": "invalid_code"}
    assert accounts.call(grants[0]["access_token"]).status_code == 401
    assert "access_token" in accounts.refresh(grants[1]["refresh_token"]).json()


def test_the_eleventh_code_in_ten_minutes_is_denied(accounts):
    """The client gets access_denied for the rest of the window."""
    answers = [accounts.agree() for _ in range(11)]

    assert all("code" in answer for answer in answers[:10])
    assert answers[10] == {"error": "access_denied", "state": "s 1"}


def test_limits_can_be_switched_off(sandbox, accounts):
    """For tests that are about something else."""
    sandbox.settings["oauth.limits"] = False
    token = sandbox.connection()["token"]["refresh_token"]

    assert all("access_token" in accounts.refresh(token).json() for _ in range(12))


def test_serverinfo_knows_no_host_but_the_sandbox(accounts, url):
    """Nobody can be led to a real data centre."""
    info = accounts.get("/oauth/serverinfo").json()

    assert info["result"] == "success"
    assert {"us", "eu", "in", "au", "jp", "ca", "cn", "sa"} <= set(info["locations"])
    assert set(info["locations"].values()) == {url}


@pytest.mark.plan("S-121")
def test_a_token_that_looks_real_is_refused_everywhere(sandbox, accounts):
    """Neither a product nor the accounts server takes it, and the ledger keeps nothing of it."""
    api = accounts.call(REAL)
    assert api.status_code == 401
    assert "looks like a real one" in api.headers["x-sandbox-refused"]

    for reply in (
        accounts.refresh(REAL),
        accounts.exchange(REAL),
        accounts.post("/oauth/v2/token/revoke", params={"token": REAL}),
    ):
        assert reply.json() == {"error": "invalid_code"}
        assert "real" in reply.headers["x-sandbox-refused"]
    assert "a1a1a1" not in str(sandbox.ledger())


@pytest.mark.parametrize("header", [None, "", "Zoho-oauthtoken", "Basic abc", "Bearer", "garbage"])
def test_a_call_without_usable_header_is_refused_by_both_products(accounts, header):
    """401 in each product's own form."""
    headers = {} if header is None else {"Authorization": header}

    books = accounts.get("/books/v3/contacts", headers=headers)
    crm = accounts.get("/crm/v8/Contacts", headers=headers)

    assert (books.status_code, books.json()["code"]) == (401, 14)
    assert (crm.status_code, crm.json()["code"]) == (401, "AUTHENTICATION_FAILURE")


def test_a_bearer_header_is_a_matter_of_setting(sandbox, accounts):
    """Taken by default, as Zoho does; a test may want a strict sandbox."""
    token = sandbox.connection()["token"]["access_token"]
    ask = {
        "url": "/books/v3/contacts?organization_id=10234695",
        "headers": {"Authorization": f"Bearer {token}"},
    }

    assert accounts.get(**ask).status_code == 200
    sandbox.settings["auth.accept_bearer"] = False
    assert accounts.get(**ask).status_code == 401


def test_tokens_are_the_same_on_every_run(url, sandbox):
    """Determined by the seed, so that a run can be repeated."""
    before = sandbox.connection()["token"]
    sandbox.reset()
    after = sandbox.connection()["token"]

    assert before["access_token"] == after["access_token"]
    assert before["refresh_token"] == after["refresh_token"]


def test_a_connection_stays_the_same_while_its_token_lives(sandbox):
    """Asking for it twice does not use up tokens; after an hour there is a new one."""
    first, second = sandbox.connection(), sandbox.connection()
    sandbox.clock.advance(3600)
    third = sandbox.connection()

    assert first["token"]["access_token"] == second["token"]["access_token"]
    assert third["token"]["access_token"] != first["token"]["access_token"]
    assert third["token"]["refresh_token"] == first["token"]["refresh_token"]


def test_the_callback_can_name_a_hostile_accounts_server(sandbox, accounts):
    """A test of a client's own host check needs this."""
    sandbox.settings["oauth.accounts_server"] = "https://accounts.zoho.com.evil.example"

    assert accounts.agree()["accounts-server"] == "https://accounts.zoho.com.evil.example"


def test_the_query_of_the_callback_is_kept(accounts):
    """A redirect address may have a query of its own."""
    reply = accounts.post(
        "/oauth/v2/auth",
        data={
            **accounts.asked,
            "redirect_uri": accounts.asked["redirect_uri"] + "?a=1",
            "decision": "accept",
        },
    )

    assert parse_qs(urlsplit(reply.headers["location"]).query)["a"] == ["1"]

"""The accounts server: consent, codes, tokens, refusals with status 200."""

from __future__ import annotations

import base64
import hashlib

import pytest

CLIENT = "1000.SANDBOXCLIENT"
DANIEL = "111111000000044800"


def test_the_consent_page_names_client_scopes_and_users(accounts):
    """A person sees who asks for what before clicking."""
    page = accounts.get("/oauth/v2/auth", params=accounts.asked)

    assert page.status_code == 200
    for text in ("Sandbox client", "ZohoBooks.contacts.ALL", "ZohoCRM.modules.ALL", "Daniel Okafor"):
        assert text in page.text
    assert "form-action 'self' http://127.0.0.1:8123" in page.headers["content-security-policy"]


def test_consent_leads_back_with_code_location_and_accounts_server(accounts, url):
    """The multi data centre parameters come with the code; state is returned as sent."""
    answer = accounts.agree()

    assert set(answer) == {"code", "location", "accounts-server", "state"}
    assert answer["location"] == "us"
    assert answer["accounts-server"] == url
    assert answer["state"] == "s 1"


def test_a_user_elsewhere_brings_the_own_location(sandbox, accounts):
    """The callback names the data centre of whoever logged in."""
    daniel = sandbox.state.get("sandbox/users", DANIEL)
    sandbox.state.put("sandbox/users", DANIEL, {**daniel, "location": "eu"})

    assert accounts.agree(user=DANIEL)["location"] == "eu"


def test_a_rejection_leads_back_with_access_denied(accounts):
    """No code, and the state still there."""
    answer = accounts.agree(decision="reject")

    assert answer == {"error": "access_denied", "state": "s 1"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"client_id": "other"}, "invalid_client"),
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1@evil.example/"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, "invalid_redirect_uri"),
        ({"redirect_uri": "javascript:alert(1)"}, "invalid_redirect_uri"),
        ({"response_type": "token"}, "invalid_response_type"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": "x", "code_challenge_method": "S1"}, "invalid_code_challenge_method"),
    ],
)
def test_an_unusable_request_stays_on_an_error_page(accounts, change, reason):
    """Nobody is sent to an address that was not registered."""
    for method in ("GET", "POST"):
        fields = {**accounts.asked, "decision": "accept", **change}
        page = accounts.request(method, "/oauth/v2/auth", params=fields)

        assert page.status_code == 400
        assert reason in page.text
        assert "location" not in page.headers


def test_a_registered_address_may_be_anywhere(sandbox, accounts):
    """A hosted platform registers its own callback."""
    callback = "https://platform.example/cb?tenant=1"
    seed = {"clients": [{"client_id": "c2", "client_secret": "x", "name": "P", "redirect_uris": [callback]}]}
    sandbox.plant(seed)

    reply = accounts.post(
        "/oauth/v2/auth",
        data={**accounts.asked, "client_id": "c2", "redirect_uri": callback, "decision": "accept"},
    )

    assert reply.headers["location"].startswith(callback + "&code=")


def test_another_sites_page_cannot_give_consent(accounts):
    """A hidden form elsewhere is refused by its origin."""
    reply = accounts.post(
        "/oauth/v2/auth",
        data={**accounts.asked, "decision": "accept"},
        headers={"Origin": "https://evil.example"},
    )

    assert reply.status_code == 403


def test_a_code_becomes_tokens_once(accounts, url):
    """The reply has the fields Zoho's has; the second try is refused with status 200."""
    code = accounts.agree()["code"]

    first, second = accounts.exchange(code), accounts.exchange(code)

    tokens = first.json()
    assert first.status_code == 200
    assert set(tokens) == {
        "access_token",
        "refresh_token",
        "scope",
        "api_domain",
        "token_type",
        "expires_in",
    }
    assert tokens["api_domain"] == url
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"] == "ZohoBooks.contacts.ALL ZohoCRM.modules.ALL"
    assert accounts.call(tokens["access_token"]).status_code == 200
    assert (second.status_code, second.json()) == (200, {"error": "invalid_code"})


def test_a_code_lives_three_minutes(sandbox, accounts):
    """At 179 seconds it is good, at 180 it is not."""
    early, late = accounts.agree()["code"], accounts.agree()["code"]
    sandbox.clock.freeze()

    sandbox.clock.advance(178)
    assert "access_token" in accounts.exchange(early).json()
    sandbox.clock.advance(2)
    assert accounts.exchange(late).json() == {"error": "invalid_code"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "other"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client_secret"),
        ({"client_secret": ""}, "invalid_client_secret"),
        ({"redirect_uri": "http://127.0.0.1:1/"}, "invalid_redirect_uri"),
        ({"code": "other"}, "invalid_code"),
        ({"grant_type": "password"}, "general_error"),
    ],
)
def test_a_refused_exchange_has_status_200(accounts, change, error):
    """Clients must look for access_token, as with Zoho."""
    reply = accounts.exchange(accounts.agree()["code"], **change)

    assert (reply.status_code, reply.json()) == (200, {"error": error})


def test_a_code_of_one_client_is_no_good_to_another(sandbox, accounts):
    """Codes belong to the client that asked."""
    sandbox.plant({"clients": [{"client_id": "c2", "client_secret": "x", "name": "P"}]})
    code = accounts.agree()["code"]

    reply = accounts.exchange(code, client_id="c2", client_secret="x")

    assert reply.json() == {"error": "invalid_code"}


def test_fields_may_come_in_the_query(accounts):
    """Zoho takes the token fields either way."""
    refresh_token = accounts.exchange(accounts.agree()["code"]).json()["refresh_token"]

    reply = accounts.post(
        "/oauth/v2/token",
        params={
            "grant_type": "refresh_token",
            "client_id": CLIENT,
            "client_secret": "sandbox-secret",
            "refresh_token": refresh_token,
        },
    )

    assert "access_token" in reply.json()


def test_online_access_has_no_refresh_token(accounts):
    """Only access_type=offline brings one."""
    tokens = accounts.exchange(accounts.agree(access_type="online")["code"]).json()

    assert "refresh_token" not in tokens
    assert accounts.call(tokens["access_token"]).status_code == 200


def test_the_refresh_token_comes_with_the_first_consent_only(accounts):
    """Later consents bring one only with prompt=consent."""
    first = accounts.exchange(accounts.agree(prompt="")["code"]).json()
    again = accounts.exchange(accounts.agree(prompt="")["code"]).json()
    asked = accounts.exchange(accounts.agree(prompt="consent")["code"]).json()

    assert "refresh_token" in first
    assert "refresh_token" not in again
    assert "refresh_token" in asked


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_pkce_binds_the_code_to_its_verifier(accounts, method):
    """Without the right verifier the code is worth nothing."""
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    hashed = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    challenge = {
        "code_challenge": hashed if method == "S256" else verifier,
        "code_challenge_method": method,
    }

    good = accounts.exchange(accounts.agree(**challenge)["code"], code_verifier=verifier)
    wrong = accounts.exchange(accounts.agree(**challenge)["code"], code_verifier="w" * 50)
    none = accounts.exchange(accounts.agree(**challenge)["code"])

    assert "access_token" in good.json()
    assert wrong.json() == none.json() == {"error": "invalid_code"}


def test_a_self_client_code_needs_no_redirect_address(sandbox, accounts):
    """As issued by the API console, valid as long as chosen."""
    code = sandbox.self_client_code(["ZohoBooks.fullaccess.all"], minutes=10)
    sandbox.clock.advance(590)

    reply = accounts.exchange(code, redirect_uri="")

    assert reply.json()["scope"] == "ZohoBooks.fullaccess.all"
    assert "refresh_token" in reply.json()


def test_a_refresh_gives_an_access_token_alone(accounts):
    """No new refresh token; the old one stays good."""
    token = accounts.exchange(accounts.agree()["code"]).json()["refresh_token"]

    first, second = accounts.refresh(token).json(), accounts.refresh(token).json()

    assert set(first) == {"access_token", "scope", "api_domain", "token_type", "expires_in"}
    assert first["access_token"] != second["access_token"]
    assert accounts.call(first["access_token"]).status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_bad_refresh_token_is_an_invalid_code(accounts, token):
    """Zoho uses the same word for both."""
    reply = accounts.refresh(token)

    assert (reply.status_code, reply.json()) == (200, {"error": "invalid_code"})


def test_an_access_token_lives_an_hour(sandbox, accounts):
    """After that only a refresh helps."""
    tokens = accounts.exchange(accounts.agree()["code"]).json()

    sandbox.clock.advance(3599)
    assert accounts.call(tokens["access_token"]).status_code == 200
    sandbox.clock.advance(1)
    assert accounts.call(tokens["access_token"]).status_code == 401
    renewed = accounts.refresh(tokens["refresh_token"]).json()
    assert accounts.call(renewed["access_token"]).status_code == 200


def test_revoking_ends_the_refresh_token_and_its_access_tokens(accounts):
    """The grant is gone, all of it."""
    tokens = accounts.exchange(accounts.agree()["code"]).json()

    reply = accounts.post("/oauth/v2/token/revoke", data={"token": tokens["refresh_token"]})

    assert (reply.status_code, reply.json()) == (200, {"status": "success"})
    assert accounts.refresh(tokens["refresh_token"]).json() == {"error": "invalid_code"}
    assert accounts.call(tokens["access_token"]).status_code == 401


def test_revoking_an_unknown_token_is_no_success(accounts):
    """A client that checks for success learns the truth."""
    reply = accounts.post("/oauth/v2/token/revoke", params={"token": "nonsense"})

    assert "status" not in reply.json()

"""The accounts server: consent, codes, tokens, refusals with status 200, limits."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

CLIENT = "1000.SANDBOXCLIENT"
CALLBACK = "http://127.0.0.1:8123/callback"
PATRICIA, DANIEL = "111111000000044700", "111111000000044800"
ASKED = {
    "scope": "ZohoBooks.contacts.ALL,ZohoCRM.modules.ALL",
    "client_id": CLIENT,
    "response_type": "code",
    "access_type": "offline",
    "redirect_uri": CALLBACK,
    "state": "s 1",
    "prompt": "consent",
}
REAL = "1000." + "a1" * 16 + "." + "b2" * 16


@pytest.fixture
def accounts(url):
    """A client of the accounts server that follows nothing by itself."""
    with httpx.Client(base_url=url, trust_env=False) as made:
        yield made


def agree(accounts: httpx.Client, **changes: str) -> dict[str, str]:
    """Accept as a person would; return what the callback receives."""
    reply = accounts.post("/oauth/v2/auth", data={**ASKED, "decision": "accept", **changes})
    assert reply.status_code == 302
    return dict(parse_qsl(urlsplit(reply.headers["location"]).query))


def exchange(accounts: httpx.Client, code: str, /, **changes: str) -> httpx.Response:
    """Exchange a code for tokens."""
    fields = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": "sandbox-secret",
        "redirect_uri": CALLBACK,
        "code": code,
    }
    return accounts.post("/oauth/v2/token", data={**fields, **changes})


def refresh(accounts: httpx.Client, token: str, **changes: str) -> httpx.Response:
    """Ask for a new access token."""
    fields = {
        "grant_type": "refresh_token",
        "client_id": CLIENT,
        "client_secret": "sandbox-secret",
        "refresh_token": token,
    }
    return accounts.post("/oauth/v2/token", data={**fields, **changes})


def call(accounts: httpx.Client, token: str) -> httpx.Response:
    """Make any product call with an access token."""
    return accounts.get(
        "/books/v3/contacts",
        params={"organization_id": "10234695"},
        headers={"Authorization": f"Zoho-oauthtoken {token}"},
    )


def test_the_consent_page_names_client_scopes_and_users(accounts):
    """A person sees who asks for what before clicking."""
    page = accounts.get("/oauth/v2/auth", params=ASKED)

    assert page.status_code == 200
    for text in ("Sandbox client", "ZohoBooks.contacts.ALL", "ZohoCRM.modules.ALL", "Daniel Okafor"):
        assert text in page.text
    assert "form-action 'self' http://127.0.0.1:8123" in page.headers["content-security-policy"]


def test_consent_leads_back_with_code_location_and_accounts_server(accounts, url):
    """The multi data centre parameters come with the code; state is returned as sent."""
    answer = agree(accounts)

    assert set(answer) == {"code", "location", "accounts-server", "state"}
    assert answer["location"] == "us"
    assert answer["accounts-server"] == url
    assert answer["state"] == "s 1"


def test_a_user_elsewhere_brings_the_own_location(sandbox, accounts):
    """The callback names the data centre of whoever logged in."""
    daniel = sandbox.state.get("sandbox/users", DANIEL)
    sandbox.state.put("sandbox/users", DANIEL, {**daniel, "location": "eu"})

    assert agree(accounts, user=DANIEL)["location"] == "eu"


def test_a_rejection_leads_back_with_access_denied(accounts):
    """No code, and the state still there."""
    answer = agree(accounts, decision="reject")

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
        fields = {**ASKED, "decision": "accept", **change}
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
        data={**ASKED, "client_id": "c2", "redirect_uri": callback, "decision": "accept"},
    )

    assert reply.headers["location"].startswith(callback + "&code=")


def test_another_sites_page_cannot_give_consent(accounts):
    """A hidden form elsewhere is refused by its origin."""
    reply = accounts.post(
        "/oauth/v2/auth",
        data={**ASKED, "decision": "accept"},
        headers={"Origin": "https://evil.example"},
    )

    assert reply.status_code == 403


def test_a_code_becomes_tokens_once(accounts, url):
    """The reply has the fields Zoho's has; the second try is refused with status 200."""
    code = agree(accounts)["code"]

    first, second = exchange(accounts, code), exchange(accounts, code)

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
    assert call(accounts, tokens["access_token"]).status_code == 200
    assert (second.status_code, second.json()) == (200, {"error": "invalid_code"})


def test_a_code_lives_three_minutes(sandbox, accounts):
    """At 179 seconds it is good, at 180 it is not."""
    early, late = agree(accounts)["code"], agree(accounts)["code"]
    sandbox.clock.freeze()

    sandbox.clock.advance(178)
    assert "access_token" in exchange(accounts, early).json()
    sandbox.clock.advance(2)
    assert exchange(accounts, late).json() == {"error": "invalid_code"}


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
    reply = exchange(accounts, agree(accounts)["code"], **change)

    assert (reply.status_code, reply.json()) == (200, {"error": error})


def test_a_code_of_one_client_is_no_good_to_another(sandbox, accounts):
    """Codes belong to the client that asked."""
    sandbox.plant({"clients": [{"client_id": "c2", "client_secret": "x", "name": "P"}]})
    code = agree(accounts)["code"]

    reply = exchange(accounts, code, client_id="c2", client_secret="x")

    assert reply.json() == {"error": "invalid_code"}


def test_fields_may_come_in_the_query(accounts):
    """Zoho takes the token fields either way."""
    refresh_token = exchange(accounts, agree(accounts)["code"]).json()["refresh_token"]

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
    tokens = exchange(accounts, agree(accounts, access_type="online")["code"]).json()

    assert "refresh_token" not in tokens
    assert call(accounts, tokens["access_token"]).status_code == 200


def test_the_refresh_token_comes_with_the_first_consent_only(accounts):
    """Later consents bring one only with prompt=consent."""
    first = exchange(accounts, agree(accounts, prompt="")["code"]).json()
    again = exchange(accounts, agree(accounts, prompt="")["code"]).json()
    asked = exchange(accounts, agree(accounts, prompt="consent")["code"]).json()

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

    good = exchange(accounts, agree(accounts, **challenge)["code"], code_verifier=verifier)
    wrong = exchange(accounts, agree(accounts, **challenge)["code"], code_verifier="w" * 50)
    none = exchange(accounts, agree(accounts, **challenge)["code"])

    assert "access_token" in good.json()
    assert wrong.json() == none.json() == {"error": "invalid_code"}


def test_a_self_client_code_needs_no_redirect_address(sandbox, accounts):
    """As issued by the API console, valid as long as chosen."""
    code = sandbox.self_client_code(["ZohoBooks.fullaccess.all"], minutes=10)
    sandbox.clock.advance(590)

    reply = exchange(accounts, code, redirect_uri="")

    assert reply.json()["scope"] == "ZohoBooks.fullaccess.all"
    assert "refresh_token" in reply.json()


def test_a_refresh_gives_an_access_token_alone(accounts):
    """No new refresh token; the old one stays good."""
    token = exchange(accounts, agree(accounts)["code"]).json()["refresh_token"]

    first, second = refresh(accounts, token).json(), refresh(accounts, token).json()

    assert set(first) == {"access_token", "scope", "api_domain", "token_type", "expires_in"}
    assert first["access_token"] != second["access_token"]
    assert call(accounts, first["access_token"]).status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_bad_refresh_token_is_an_invalid_code(accounts, token):
    """Zoho uses the same word for both."""
    reply = refresh(accounts, token)

    assert (reply.status_code, reply.json()) == (200, {"error": "invalid_code"})


def test_an_access_token_lives_an_hour(sandbox, accounts):
    """After that only a refresh helps."""
    tokens = exchange(accounts, agree(accounts)["code"]).json()

    sandbox.clock.advance(3599)
    assert call(accounts, tokens["access_token"]).status_code == 200
    sandbox.clock.advance(1)
    assert call(accounts, tokens["access_token"]).status_code == 401
    renewed = refresh(accounts, tokens["refresh_token"]).json()
    assert call(accounts, renewed["access_token"]).status_code == 200


def test_revoking_ends_the_refresh_token_and_its_access_tokens(accounts):
    """The grant is gone, all of it."""
    tokens = exchange(accounts, agree(accounts)["code"]).json()

    reply = accounts.post("/oauth/v2/token/revoke", data={"token": tokens["refresh_token"]})

    assert (reply.status_code, reply.json()) == (200, {"status": "success"})
    assert refresh(accounts, tokens["refresh_token"]).json() == {"error": "invalid_code"}
    assert call(accounts, tokens["access_token"]).status_code == 401


def test_revoking_an_unknown_token_is_no_success(accounts):
    """A client that checks for success learns the truth."""
    reply = accounts.post("/oauth/v2/token/revoke", params={"token": "nonsense"})

    assert "status" not in reply.json()


def test_the_eleventh_refresh_in_ten_minutes_is_throttled(sandbox, accounts):
    """With Zoho's words; the status is a setting; later it works again."""
    token = sandbox.connection()["token"]["refresh_token"]
    for _ in range(10):
        assert "access_token" in refresh(accounts, token).json()

    refused = refresh(accounts, token)
    assert refused.status_code == 400
    assert refused.json()["error"] == "Access Denied"
    assert refused.json()["status"] == "failure"
    assert "too many requests continuously" in refused.json()["error_description"]

    sandbox.settings["oauth.throttle_status"] = 200
    assert refresh(accounts, token).status_code == 200
    sandbox.clock.advance(600)
    assert "access_token" in refresh(accounts, token).json()


def test_the_limit_counts_each_refresh_token_for_itself(sandbox, accounts):
    """One tenant's storm does not throttle another."""
    patricia = sandbox.connection(user_id=PATRICIA)["token"]["refresh_token"]
    daniel = sandbox.connection(user_id=DANIEL)["token"]["refresh_token"]
    for _ in range(11):
        last = refresh(accounts, patricia)

    assert "error" in last.json()
    assert "access_token" in refresh(accounts, daniel).json()


def test_the_sixteenth_live_token_ends_the_oldest(sandbox, accounts):
    """Fifteen may live at once."""
    token = sandbox.connection()["token"]["refresh_token"]
    first = sandbox.connection()["token"]["access_token"]
    for minted in range(15):
        if minted % 10 == 0:
            sandbox.clock.advance(601)
        assert call(accounts, first).status_code == 200
        newest = refresh(accounts, token).json()["access_token"]

    assert call(accounts, first).status_code == 401
    assert call(accounts, newest).status_code == 200


def test_the_twenty_first_refresh_token_deletes_the_first(sandbox, accounts):
    """Silently, and with the access tokens made from it."""
    grants = []
    for number in range(21):
        if number % 10 == 0:
            sandbox.clock.advance(601)
        grants.append(exchange(accounts, agree(accounts)["code"]).json())

    assert refresh(accounts, grants[0]["refresh_token"]).json() == {"error": "invalid_code"}
    assert call(accounts, grants[0]["access_token"]).status_code == 401
    assert "access_token" in refresh(accounts, grants[1]["refresh_token"]).json()


def test_the_eleventh_code_in_ten_minutes_is_denied(accounts):
    """The client gets access_denied for the rest of the window."""
    answers = [agree(accounts) for _ in range(11)]

    assert all("code" in answer for answer in answers[:10])
    assert answers[10] == {"error": "access_denied", "state": "s 1"}


def test_limits_can_be_switched_off(sandbox, accounts):
    """For tests that are about something else."""
    sandbox.settings["oauth.limits"] = False
    token = sandbox.connection()["token"]["refresh_token"]

    assert all("access_token" in refresh(accounts, token).json() for _ in range(12))


def test_serverinfo_knows_no_host_but_the_sandbox(accounts, url):
    """Nobody can be led to a real data centre."""
    info = accounts.get("/oauth/serverinfo").json()

    assert info["result"] == "success"
    assert {"us", "eu", "in", "au", "jp", "ca", "cn", "sa"} <= set(info["locations"])
    assert set(info["locations"].values()) == {url}


@pytest.mark.plan("S-121")
def test_a_token_that_looks_real_is_refused_everywhere(sandbox, accounts):
    """Neither a product nor the accounts server takes it, and the ledger keeps nothing of it."""
    api = call(accounts, REAL)
    assert api.status_code == 401
    assert "looks like a real one" in api.headers["x-sandbox-refused"]

    for reply in (
        refresh(accounts, REAL),
        exchange(accounts, REAL),
        accounts.post("/oauth/v2/token/revoke", params={"token": REAL}),
    ):
        assert reply.json() == {"error": "invalid_code"}
        assert "real" in reply.headers["x-sandbox-refused"]
    assert "a1a1a1" not in str(sandbox.ledger())


@pytest.mark.parametrize("header", [None, "", "Zoho-oauthtoken", "Basic abc", "Bearer abc", "garbage"])
def test_a_call_without_usable_header_is_refused_by_both_products(accounts, header):
    """401 in each product's own form."""
    headers = {} if header is None else {"Authorization": header}

    books = accounts.get("/books/v3/contacts", headers=headers)
    crm = accounts.get("/crm/v8/Contacts", headers=headers)

    assert (books.status_code, books.json()["code"]) == (401, 14)
    assert (crm.status_code, crm.json()["code"]) == (401, "AUTHENTICATION_FAILURE")


def test_a_bearer_header_is_a_matter_of_setting(sandbox, accounts):
    """Off by default, because Zoho documents its own scheme."""
    token = sandbox.connection()["token"]["access_token"]
    ask = {
        "url": "/books/v3/contacts?organization_id=10234695",
        "headers": {"Authorization": f"Bearer {token}"},
    }

    assert accounts.get(**ask).status_code == 401
    sandbox.settings["auth.accept_bearer"] = True
    assert accounts.get(**ask).status_code == 200


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

    assert agree(accounts)["accounts-server"] == "https://accounts.zoho.com.evil.example"


def test_the_query_of_the_callback_is_kept(accounts):
    """A redirect address may have a query of its own."""
    reply = accounts.post(
        "/oauth/v2/auth",
        data={**ASKED, "redirect_uri": CALLBACK + "?a=1", "decision": "accept"},
    )

    assert parse_qs(urlsplit(reply.headers["location"]).query)["a"] == ["1"]

"""The sandbox's own addresses: reset, seed, ledger, clock, settings, connections."""

from __future__ import annotations

import httpx
import pytest

from sandbox.conftest import PLAIN

CONTACTS = "/contacts?organization_id=10234695"
SEED = """
organizations:
  - {organization_id: "5", name: Fifth, time_zone: UTC, currency_code: USD}
users:
  - {id: "7", first_name: Ada, last_name: Seven, email: ada@example.com, role: CEO,
     profile: Administrator, time_zone: UTC, location: eu, organization_ids: ["5"]}
settings: {oauth.throttle_status: 429}
"""


@pytest.fixture
def control(url):
    """A client of the control addresses."""
    with httpx.Client(base_url=f"{url}/_sandbox", trust_env=False, verify=PLAIN) as made:
        yield made


def test_reset_forgets_what_was_done(sandbox, control, books):
    """Records, ledger, clock and settings are as at the start; the tokens stay good."""
    books.post(CONTACTS, json={"contact_name": "A"})
    sandbox.clock.advance(1000)
    sandbox.settings["server.latency_ms"] = 1
    before = sandbox.state.count("books/10234695/contacts")

    assert control.post("/reset").status_code == 200

    assert sandbox.state.count("books/10234695/contacts") == before - 1
    assert sandbox.ledger() == []
    assert sandbox.settings["server.latency_ms"] == 0
    assert "sandbox/control" in sandbox.state.kinds()
    sandbox.connection()
    assert books.get(CONTACTS).status_code == 200


def test_reset_to_a_seed_of_ones_own(sandbox, control):
    """A name or a document; a bad one changes nothing."""
    control.post("/reset", json={"seed": "empty"})
    assert sandbox.state.count("books/10234695/contacts") == 0

    kinds = sandbox.state.kinds()
    refused = control.post("/reset", json={"seed": {"bokks": {}}})
    assert refused.status_code == 400
    assert "bokks" in refused.json()["error"]
    assert sandbox.state.kinds() == kinds


def test_seed_adds_people_organisations_and_settings_from_yaml(sandbox, control, url):
    """Somebody new can log in at once."""
    reply = control.post("/seed", content=SEED)

    assert reply.status_code == 200
    assert sandbox.settings["oauth.throttle_status"] == 429
    connection = sandbox.connection(user_id="7")
    assert connection["fields"]["organizationId"] == "5"
    assert connection["context"]["location"] == "eu"


def test_a_wrong_seed_changes_nothing(sandbox, control):
    """All of it or nothing, and the reason in words."""
    kinds = sandbox.state.kinds()

    for wrong in ("users: [", "[]", "settings: {no.such: 1}", SEED + "crm: {modules: 5}"):
        reply = control.post("/seed", content=wrong)
        assert reply.status_code == 400
        assert reply.json()["error"]

    assert sandbox.state.kinds() == kinds


def test_the_ledger_tells_who_did_what(sandbox, control, books):
    """Time, method, path, product, organisation, tenant, token and effect."""
    sandbox.clock.freeze()
    sandbox.clock.set(1_700_000_000)
    token = sandbox.connection()
    books.headers["Authorization"] = f"Zoho-oauthtoken {token['token']['access_token']}"

    reply = books.post(CONTACTS, json={"contact_name": "A"})
    [entry] = control.get("/ledger").json()["ledger"]

    contact_id = reply.json()["contact"]["contact_id"]
    assert entry["time"] == "2023-11-14T22:13:20.000Z"
    assert (entry["method"], entry["path"]) == ("POST", "/books/v3/contacts")
    assert (entry["product"], entry["organization"]) == ("books", "10234695")
    assert entry["tenant"] == token["fields"]["clientId"]
    assert entry["token_id"]
    assert (entry["status"], entry["fault"]) == (201, None)
    assert [effect["id"] for effect in entry["effects"]] == [contact_id]
    assert entry["effects"][0]["effect"] == "create"


def test_the_ledger_holds_no_secret(control, url, sandbox):
    """OAuth fields in a query are masked; bodies and tokens are not kept at all."""
    secret = sandbox.connection()["token"]["refresh_token"]
    httpx.post(f"{url}/oauth/v2/token", params={"refresh_token": secret, "scope": "a"})
    httpx.post(f"{url}/oauth/v2/token", data={"refresh_token": secret, "client_secret": "geheim"})

    text = control.get("/ledger").text
    assert secret not in text
    assert "geheim" not in text
    assert control.get("/ledger").json()["ledger"][0]["query"] == "refresh_token=***&scope=a"


def test_the_ledger_can_be_narrowed(control, url, books):
    """By product, method, path pattern, and what came after a number."""
    books.get(CONTACTS)
    books.post(CONTACTS, json={"contact_name": "A"})
    httpx.get(f"{url}/oauth/serverinfo")

    def numbers(**query: object) -> list[int]:
        return [entry["n"] for entry in control.get("/ledger", params=query).json()["ledger"]]

    assert numbers() == [1, 2, 3]
    assert numbers(product="books") == [1, 2]
    assert numbers(method="POST") == [2]
    assert numbers(path="/oauth/*") == [3]
    assert numbers(after=1) == [2, 3]
    assert numbers(limit=1) == [1]
    control.delete("/ledger")
    assert numbers() == []


def test_the_ledger_forgets_the_oldest(sandbox, url):
    """A long run does not fill the memory."""
    sandbox.settings["ledger.keep"] = 10
    with httpx.Client(base_url=url) as client:
        for _ in range(1000):
            client.get("/oauth/serverinfo")

    assert [entry["n"] for entry in sandbox.ledger()] == list(range(991, 1001))


def test_the_clock_moves_stands_and_runs(sandbox, control):
    """Advance, set, freeze and go on."""
    control.post("/clock", json={"freeze": True, "set": "2026-01-01T00:00:00+00:00"})
    assert control.get("/clock").json()["time"].startswith("2026-01-01T00:00:00")
    assert control.post("/clock", json={"advance_s": 90.5}).json()["now"] == 1767225690.5
    assert control.get("/clock").json()["is_frozen"] is True

    running = control.post("/clock", json={"freeze": False}).json()
    assert running["is_frozen"] is False
    assert 0 <= running["now"] - 1767225690.5 < 60


def test_settings_are_listed_changed_and_restored(sandbox, control):
    """Each with its default and what it does; null restores."""
    listed = control.get("/settings").json()
    assert listed["settings"]["oauth.access_life_s"] == 3600
    assert "access token" in listed["definitions"]["oauth.access_life_s"]["about"]

    control.post("/settings", json={"oauth.access_life_s": 60})
    assert sandbox.settings["oauth.access_life_s"] == 60
    control.post("/settings", json={"oauth.access_life_s": None})
    assert sandbox.settings["oauth.access_life_s"] == 3600


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"oauth.acess_life_s": 1}, "did you mean 'oauth.access_life_s'"),
        ({"oauth.throttle_status": 500}, "is one of"),
        ({"oauth.limits": 1}, "is like True"),
        ({"oauth.access_life_s": "60"}, "is like 3600"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(sandbox, control, values, message):
    """And nothing else of the same request is changed."""
    reply = control.post("/settings", json={"ledger.keep": 5, **values})

    assert reply.status_code == 400
    assert message in reply.json()["error"]
    assert sandbox.settings["ledger.keep"] == 250000


def test_every_setting_says_what_it_does():
    """Name, default, and a sentence; the default is a legal choice."""
    from zoho_sandbox.core.settings import definitions

    for name, about in definitions().items():
        assert name.partition(".")[0] in {"auth", "server", "ledger", "oauth", "limits", "books", "crm"}
        assert about["about"].endswith(".")
        assert about["default"] in about.get("choices", [about["default"]])


def test_connections_are_issued_for_users_and_scopes(sandbox, control, url):
    """A test in another process logs in this way."""
    body = {"user_id": "111111000000044800", "scopes": "ZohoBooks.contacts.READ"}
    connection = control.post("/connections", json=body).json()["connection"]
    headers = {"Authorization": f"Zoho-oauthtoken {connection['token']['access_token']}"}

    read = httpx.get(f"{url}/books/v3{CONTACTS}", headers=headers)
    write = httpx.post(f"{url}/books/v3{CONTACTS}", headers=headers, json={"contact_name": "A"})

    assert (read.status_code, write.status_code) == (200, 401)
    assert write.json()["code"] == 57
    assert sandbox.ledger()[-1]["user_id"] == "111111000000044800"


def test_a_self_client_code_is_issued(control):
    """For as many minutes as the API console offers."""
    assert control.post("/self-client", json={"scopes": "A.b.C", "minutes": 10}).json()["code"]
    assert control.post("/self-client", json={"minutes": 4}).status_code == 400
    assert control.post("/self-client", json={"user_id": "nobody"}).status_code == 400


def test_tokens_can_be_ended(sandbox, control, books):
    """All expire at once, or one grant is revoked."""
    assert books.get(CONTACTS).status_code == 200
    control.post("/tokens", json={"expire": "all"})
    assert books.get(CONTACTS).status_code == 401

    token = sandbox.connection()["token"]
    assert control.post("/tokens", json={"revoke": token["refresh_token"]}).status_code == 200
    assert control.post("/tokens", json={"revoke": token["refresh_token"]}).status_code == 400
    assert sandbox.tokens.check(token["access_token"]) == "revoked"


def test_records_can_be_looked_at(control):
    """Kinds with their numbers, and the records of one kind."""
    assert control.get("/records").json()["kinds"]["sandbox/users"] == 2
    found = control.get("/records", params={"kind": "sandbox/users", "limit": 1}).json()
    assert (found["total"], len(found["records"])) == (2, 1)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_site_controls_nothing(sandbox, control, origin):
    """A form that posts to this machine is known by its origin."""
    reply = control.post("/reset", headers={"Origin": origin})

    assert reply.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", "", 404),
        ("DELETE", "/clock", "", 405),
        ("POST", "/clock", '{"advance": 5}', 400),
        ("POST", "/clock", '{"set": "yesterday"}', 400),
        ("POST", "/clock", "[1]", 400),
        ("POST", "/faults", "5", 400),
        ("POST", "/settings", "{", 400),
        ("GET", "/ledger?after=x", "", 400),
    ],
)
def test_a_wrong_use_is_told_so(control, method, path, body, status):
    """Never a 500."""
    reply = control.request(method, path, content=body)

    assert reply.status_code == status
    assert reply.json()["error"]


def test_a_defect_is_a_500_in_the_products_words(sandbox, books, monkeypatch, capfd):
    """The request is undone, the ledger says so, and the server lives on."""
    from zoho_sandbox.serving import gateway

    class Broken:
        @staticmethod
        def handle(call):
            call.sandbox.state.put("k", "1", {})
            call.effects.append({"effect": "create", "kind": "k", "id": "1"})
            raise RuntimeError("planted defect")

    with monkeypatch.context() as patched:
        patched.setattr(gateway, "product", lambda _: Broken)
        reply = books.get(CONTACTS)

    assert (reply.status_code, reply.json()["code"]) == (500, 1000)
    assert sandbox.state.get("k", "1") is None
    assert sandbox.ledger()[-1]["fault"] == "defect"
    assert sandbox.ledger()[-1]["effects"] == []
    assert "planted defect" in capfd.readouterr().err
    assert books.get(CONTACTS).status_code == 200


def test_the_first_connection_keeps_its_tokens_over_a_reset(sandbox, control, crm):
    """A client goes on as if nothing had happened; one of a user whom the new seed has not does not."""
    token = sandbox.connection()["token"]
    crm.post("/Leads", json={"data": [{"Last_Name": "L", "Company": "C"}]})

    control.post("/reset")

    headers = {"Authorization": f"Zoho-oauthtoken {token['access_token']}"}
    assert crm.get("/users", params={"type": "CurrentUser"}, headers=headers).status_code == 200
    assert sandbox.connection()["token"]["refresh_token"] == token["refresh_token"]

"""Many clients and processes at once, on one sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sandbox.conftest import PLAIN

CONTACTS = "/books/v3/contacts?organization_id=10234695"


@pytest.fixture
def two_servers(tmp_path):
    """Two processes that serve one state file; their announcements."""
    path = str(tmp_path / "state.sqlite")
    command = [sys.executable, "-m", "zoho_sandbox", "--json", "--path", path]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    yield [json.loads(process.stdout.readline()) for process in started]
    for process in started:
        process.terminate()
        process.wait()
        process.stdout.close()


def client_of(said: dict) -> httpx.Client:
    """Return a logged-in client of an announced sandbox."""
    token = said["connection"]["token"]["access_token"]
    headers = {"Authorization": f"Zoho-oauthtoken {token}"}
    return httpx.Client(base_url=said["url"], headers=headers, timeout=60, trust_env=False)


def test_both_servers_announce_the_same_connection(two_servers):
    """Tokens are issued once, not once for each process."""
    first, second = (said["connection"]["token"] for said in two_servers)

    assert first["access_token"] == second["access_token"]
    assert first["refresh_token"] == second["refresh_token"]


def test_no_record_is_lost_or_doubled_under_load(two_servers):
    """Eight clients on two processes create 160 contacts: 160 ids, 160 records, 160 effects."""

    def create(worker: int) -> list[str]:
        with client_of(two_servers[worker % 2]) as client:
            replies = [
                client.post(CONTACTS, json={"contact_name": f"Worker {worker} contact {n}"})
                for n in range(20)
            ]
        assert {reply.status_code for reply in replies} == {201}
        return [reply.json()["contact"]["contact_id"] for reply in replies]

    with ThreadPoolExecutor(8) as pool:
        ids = [contact_id for made in pool.map(create, range(8)) for contact_id in made]

    assert len(set(ids)) == 160
    with client_of(two_servers[0]) as client:
        kind = {"kind": "books/10234695/contacts", "limit": 1000}
        stored = client.get("/_sandbox/records", params=kind).json()["records"]
        entries = client.get("/_sandbox/ledger").json()["ledger"]
    named = [one["contact_id"] for one in stored if one["contact_name"].startswith("Worker")]
    created = [
        effect["id"]
        for entry in entries
        for effect in entry["effects"]
        if effect["effect"] == "create" and effect["id"] in set(ids)
    ]
    assert sorted(named) == sorted(ids)
    assert sorted(created) == sorted(ids)


def test_one_refresh_limit_holds_across_processes(two_servers):
    """Eleven refreshes, taken in turn: ten succeed."""
    fields = two_servers[0]["connection"]["fields"]
    form = {
        "grant_type": "refresh_token",
        "client_id": fields["clientId"],
        "client_secret": fields["clientSecret"],
        "refresh_token": two_servers[0]["connection"]["token"]["refresh_token"],
    }

    replies = [
        httpx.post(f"{two_servers[n % 2]['accountsUrl']}/oauth/v2/token", data=form).json() for n in range(11)
    ]

    assert ["access_token" in reply for reply in replies] == [True] * 10 + [False]


def test_many_clients_are_served_at_once(sandbox, url):
    """Thirty-two clients ask two hundred different things; every reply is the right one."""
    for number in range(200):
        sandbox.state.put("sandbox/clients", f"c{number}", {"client_secret": "s"})

    def ask(number: int) -> str:
        form = {"client_id": f"c{number}", "client_secret": "s", "grant_type": "other"}
        return httpx.post(f"{url}/oauth/v2/token", data=form, timeout=60, verify=PLAIN).json()["error"]

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(200))) == {"general_error"}
    assert {entry["tenant"] for entry in sandbox.ledger()} == {f"c{n}" for n in range(200)}

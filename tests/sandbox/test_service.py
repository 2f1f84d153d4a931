"""The sandbox as a process, as a context manager, and as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys

import httpx
import pytest

from zoho_sandbox import Sandbox, serve
from zoho_sandbox.serving.server import loopback_socket


@pytest.fixture
def process(tmp_path):
    """Start ``python -m zoho_sandbox`` and return it with its announcement."""
    started = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], dict]:
        command = [sys.executable, "-m", "zoho_sandbox", "--json", *arguments]
        one = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(one)
        return one, json.loads(one.stdout.readline())

    yield start
    for one in started:
        one.kill()
        one.wait()
        one.stdout.close()


def stop(process: subprocess.Popen[str], name: signal.Signals) -> int:
    """Send a signal and return the exit code."""
    process.send_signal(name)
    return process.wait(timeout=10)


def test_one_line_tells_a_program_all_it_needs(process):
    """Addresses and a connection with live tokens; a signal ends it cleanly."""
    served, said = process()

    token = said["connection"]["token"]["access_token"]
    reply = httpx.get(
        f"{said['url']}/books/v3/contacts",
        params={"organization_id": said["connection"]["fields"]["organizationId"]},
        headers={"Authorization": f"Zoho-oauthtoken {token}"},
    )
    renewed = httpx.post(
        f"{said['accountsUrl']}/oauth/v2/token",
        data={
            "grant_type": "refresh_token",
            "client_id": said["connection"]["fields"]["clientId"],
            "client_secret": said["connection"]["fields"]["clientSecret"],
            "refresh_token": said["connection"]["token"]["refresh_token"],
        },
    )

    assert said["connection"]["key"] == "sandbox"
    assert said["url"].endswith(f":{said['connection']['fields']['port']}")
    assert reply.status_code == 200
    assert "access_token" in renewed.json()
    assert stop(served, signal.SIGTERM) == 0


def test_state_in_a_file_outlives_the_process(process, tmp_path):
    """The same records and tokens afterwards; --fresh empties them."""
    path = ["--path", str(tmp_path / "state.sqlite")]
    first, said = process(*path)
    httpx.post(f"{said['url']}/_sandbox/settings", json={"ledger.keep": 77})
    assert stop(first, signal.SIGINT) == 0

    second, again = process(*path)
    kept = httpx.get(f"{again['url']}/_sandbox/settings").json()["settings"]["ledger.keep"]
    assert kept == 77
    assert again["connection"]["token"] == {
        **said["connection"]["token"],
        "api_domain": again["url"],
    }
    assert stop(second, signal.SIGTERM) == 0

    _, fresh = process(*path, "--fresh")
    settings = httpx.get(f"{fresh['url']}/_sandbox/settings").json()["settings"]
    assert settings["ledger.keep"] == 250000


def test_two_processes_serve_one_file(process, tmp_path):
    """What one is told, the other knows; no token is issued twice."""
    path = ["--path", str(tmp_path / "state.sqlite")]
    _, one = process(*path)
    _, two = process(*path)

    httpx.post(f"{one['url']}/_sandbox/settings", json={"ledger.keep": 55})
    httpx.post(f"{one['url']}/_sandbox/clock", json={"advance_s": 86400})
    seen = httpx.get(f"{two['url']}/_sandbox/settings").json()["settings"]["ledger.keep"]
    times = [httpx.get(f"{where['url']}/_sandbox/clock").json()["now"] for where in (one, two)]

    assert seen == 55
    assert abs(times[0] - times[1]) < 60


@pytest.mark.plan("S-117")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", ""])
def test_only_loopback_addresses_are_bound(host):
    """The sandbox cannot be offered to a network, not even by mistake."""
    with pytest.raises(ValueError, match="loopback"):
        loopback_socket(host, 0)
    with pytest.raises(ValueError, match="loopback"):
        serve(0, host=host)


@pytest.mark.plan("S-117")
def test_a_wrong_host_is_an_error_in_words():
    """Exit code 2, no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "zoho_sandbox", "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "loopback" in done.stderr
    assert "Traceback" not in done.stderr


def test_leaving_the_context_frees_the_port():
    """A connection that is still open does not hold it up."""
    sandbox = Sandbox(seed="empty")
    with sandbox.running() as url, httpx.Client(base_url=url) as client:
        client.get("/oauth/serverinfo")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/oauth/serverinfo")

    port = int(url.rpartition(":")[2])
    with sandbox.running(port) as again:
        assert again == url
        assert httpx.get(f"{url}/oauth/serverinfo").status_code == 200
    sandbox.close()


def test_the_asgi_application_answers_without_a_socket(sandbox):
    """For tests that want no port at all."""
    token = sandbox.connection()["token"]["access_token"]

    async def talk() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=sandbox.app)
        headers = {"Authorization": f"Zoho-oauthtoken {token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=headers
        ) as client:
            where = "/books/v3/contacts?organization_id=10234695"
            sandbox.faults(fault="delay", delay_s=0.01)
            return [await client.post(where, json={"contact_name": "Ü"}), await client.get(where)]

    made, listed = asyncio.run(talk())

    assert made.status_code == 201
    assert made.json()["contact"]["contact_name"] == "Ü"
    assert "Ü" in listed.text
    assert made.headers["x-sandbox"] == "zoho-sandbox"


def test_a_cut_line_is_an_exception_in_asgi(sandbox):
    """There is no line to cut, but the caller must not see a reply."""
    sandbox.faults(fault="drop")

    async def talk() -> None:
        transport = httpx.ASGITransport(app=sandbox.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            await client.get("/oauth/serverinfo")

    with pytest.raises(ConnectionResetError):
        asyncio.run(talk())


def test_a_given_clock_and_settings_are_used():
    """Everything a test may want to hold in its hands."""

    class Fixed:
        def now(self) -> float:
            return 1000.0

    sandbox = Sandbox(clock=Fixed(), settings={"oauth.access_life_s": 5}, seed="empty")

    assert sandbox.connection()["token"]["issued_at"] == 1000
    assert sandbox.connection()["token"]["expires_in"] == 5
    sandbox.reset()
    assert sandbox.settings["oauth.access_life_s"] == 5
    sandbox.close()


def test_a_file_of_another_version_is_refused_or_emptied(tmp_path):
    """Never read as if it were understood."""
    path = tmp_path / "state.sqlite"
    old = Sandbox(path, seed="empty")
    old.state.put("sandbox/control", "born", {"format": 0})
    old.state.put("k", "1", {})
    old.close()

    with pytest.raises(ValueError, match="another version"):
        Sandbox(path, seed="empty")

    fresh = Sandbox(path, seed="empty", fresh=True)
    assert fresh.state.get("k", "1") is None
    fresh.close()


def test_a_seed_file_can_be_given(tmp_path):
    """YAML from anywhere."""
    path = tmp_path / "seed.yaml"
    path.write_text(
        "users: [{id: '1', first_name: A, last_name: B, email: a@example.com, organization_ids: []}]"
    )

    sandbox = Sandbox(seed=path)

    assert sandbox.state.ids("sandbox/users") == ["1"]
    sandbox.close()


def test_a_copy_goes_on_by_itself():
    """A copy has records, settings, time and tokens of its original; neither sees the other's changes."""
    with contextlib.closing(Sandbox(seed="empty")) as original:
        original.settings["crm.page_limit"] = 20
        original.clock.advance(1_000_000)
        token = original.connection()["token"]
        original.state.put("k", "1", {"name": "first"})

        with contextlib.closing(original.copy()) as copy:
            assert copy.connection()["token"] == token
            assert copy.settings["crm.page_limit"] == 20
            assert abs(copy.clock.now() - original.clock.now()) < 60
            assert copy.random.random() == original.random.random()
            copy.state.put("k", "2", {"name": "second"})
            assert original.state.count("k") == 1
            copy.reset()
            assert copy.state.count("k") == 0
            assert original.state.count("k") == 1

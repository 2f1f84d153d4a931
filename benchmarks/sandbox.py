"""The sandbox against a server that answers hello: small replies a second, time to start, a page of 200.

Both are processes of their own, asked over one connection in interleaved rounds; the peers are the
standard library's `http.server` and, where it is installed, uvicorn.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS, CALLS, STARTS, PAGES = 7, 1_000, 5, 30
RECORDS, ON_A_PAGE, AT_ONCE = 10_000, 200, 100

SANDBOX = ["-m", "zoho_sandbox", "--json"]
STDLIB = """
import http.server, json
class Hello(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b'{"hello": "world"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
    wbufsize = -1
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
print(json.dumps({"url": "http://127.0.0.1:%d" % server.server_port}), flush=True)
server.serve_forever()
"""
UVICORN = """
import asyncio, json, socket, uvicorn
async def hello(scope, receive, send):
    body = b'{"hello": "world"}'
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})
# With its protocol named, asyncio switches Nagle's algorithm off.
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listener.bind(("127.0.0.1", 0))
listener.listen()
print(json.dumps({"url": "http://127.0.0.1:%d" % listener.getsockname()[1]}), flush=True)
config = uvicorn.Config(hello, log_level="error", access_log=False, lifespan="off", timeout_keep_alive=600)
server = uvicorn.Server(config)
asyncio.run(server.serve([listener]))
"""


@contextmanager
def serving(words: list[str]) -> Iterator[tuple[dict[str, Any], float]]:
    """Run a server; give what it announces, and how many seconds passed until its first reply."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        Client(said).get("/")
        yield said, time.perf_counter() - started
    finally:
        process.terminate()
        process.communicate()


class Client:
    """One kept connection to a server."""

    def __init__(self, said: dict[str, Any]) -> None:
        token = said.get("connection", {}).get("token", {}).get("access_token", "none")
        self._headers = {"Authorization": f"Zoho-oauthtoken {token}"}
        self._line = http.client.HTTPConnection(said["url"].removeprefix("http://"))

    def get(self, path: str) -> bytes:
        """Return the body of a reply."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """Send JSON; return the body of a reply that must be a yes."""
        self._line.request(method, path, None if body is None else json.dumps(body), self._headers)
        reply = self._line.getresponse()
        text = reply.read()
        assert reply.status in (200, 201), (reply.status, text[:200])
        return text


def per_second(call: Callable[[], Any]) -> float:
    """Return how often a call was made in a second."""
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return CALLS / (time.perf_counter() - started)


def page_ms(call: Callable[[], Any]) -> float:
    """Return the median time of a call in milliseconds."""
    times = []
    for _ in range(PAGES):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def fill(client: Client) -> None:
    """Make 10,000 contacts in CRM and in Books."""
    for start in range(0, RECORDS, AT_ONCE):
        names = [f"Contact {number:05}" for number in range(start, start + AT_ONCE)]
        client.ask("POST", "/crm/v8/Contacts", {"data": [{"Last_Name": name} for name in names]})
        records = {"contacts": [{"contact_name": name} for name in names]}
        client.ask("POST", "/_sandbox/seed", {"books": {"10234695": {"records": records}}})


def compare_replies(client: Client, peers: dict[str, Client]) -> None:
    """Print replies a second, side by side."""
    small = {
        "a CRM record": "/crm/v8/Contacts/111111000000150101?fields=Last_Name",
        "Books currencies": "/books/v3/settings/currencies?organization_id=10234695",
    }
    for what, path in small.items():
        for name, peer in peers.items():
            rows = [
                (per_second(lambda path=path: client.get(path)), per_second(lambda peer=peer: peer.get("/")))
                for _ in range(ROUNDS)
            ]
            ratios = sorted(ours / theirs for ours, theirs in rows)
            ours, theirs = (statistics.median(column) for column in zip(*rows, strict=True))
            print(
                f"{what:17} {ours:6.0f}/s   hello by {name:11} {theirs:6.0f}/s   "
                f"ratio {statistics.median(ratios):.2f} (min {ratios[0]:.2f}, max {ratios[-1]:.2f})"
            )


def measure_pages(client: Client) -> None:
    """Print the time of pages of 200 among 10,000 records."""
    fill(client)
    crm = f"/crm/v8/Contacts?fields=Last_Name,Email&per_page={ON_A_PAGE}"
    books = f"/books/v3/contacts?organization_id=10234695&per_page={ON_A_PAGE}"
    for what, path in {
        "CRM, first": crm,
        "CRM, tenth, by change": f"{crm}&sort_by=Modified_Time&page=10",
        "Books, first": books,
        "Books, last, by name": f"{books}&page=50&sort_column=contact_name",
        "Books, filtered": f"{books}&contact_name_contains=Contact&page=10",
        "Books, searched": f"{books}&search_text=Contact+0&page=10",
    }.items():
        print(f"page of {ON_A_PAGE}: {what:24} {page_ms(lambda path=path: client.get(path)):6.1f} ms")


def starts(words: list[str]) -> float:
    """Return the median time from start to first reply, in seconds."""
    found = []
    for _ in range(STARTS):
        with serving(words) as (_, seconds):
            found.append(seconds)
    return statistics.median(found)


def main() -> int:
    """Measure and print."""
    peers = {"http.server": ["-c", STDLIB]}
    if importlib.util.find_spec("uvicorn"):
        peers["uvicorn"] = ["-c", UVICORN]
    ours = starts(SANDBOX)
    for name, words in peers.items():
        theirs = starts(words)
        print(f"start {ours:.2f} s   hello by {name} {theirs:.2f} s   ratio {ours / theirs:.2f}")
    with ExitStack() as running:
        client = Client(running.enter_context(serving(SANDBOX))[0])
        others = {name: Client(running.enter_context(serving(words))[0]) for name, words in peers.items()}
        compare_replies(client, others)
        measure_pages(client)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Fresh processes: the first answer, the first action of many, what an import costs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kit.loopback import answering
from kit.measure import Row, amount, ratio, show
from kit.sides import CREATED
from kit.wheel import install, ship

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 15
# Each wire with its bounds: of CPU and of memory beside H, and of modules.
WIRES = (("httpx", 1.15, 1.2, 500), ("fast", 0.75, 1.05, 300))
_LOAD = "from connector_runtime import Component; component = Component.load('zoho'); "
_CONNECTION = """{"key": "sandbox", "fields": {"port": PORT, "clientId": "id", "clientSecret": "secret"},
"token": {"access_token": "1000.benchmark"}}"""
# The kernel's own count of this process: a parent's does not come into it.
_PEAK = "next(int(line.split()[1]) / 1024 for line in open('/proc/self/status') if line.startswith('VmHWM'))"
_TELL = f"import sys; print(len(sys.modules), {_PEAK})"
_INPUTS = (
    """{"organizationId": "10234695", "recordType": "items", "fieldValues": {"name": "Disk", "rate": 120}}"""
)
PLAIN = f"""
{_LOAD}
from connector_runtime.transport.tls import tls_context
# The sandbox's connection is plain HTTP; a real one makes the context of TLS, as httpx.Client does.
tls_context()
session = component.session({_CONNECTION}, transport="WIRE")
assert session.run("booksCreateRecord", {_INPUTS}).data["item"]["item_id"]
{_TELL}
"""
HAND = f"""
import httpx
client = httpx.Client(base_url="http://127.0.0.1:PORT/books/v3", timeout=60.0)
reply = client.post("/items", params={{"organization_id": "10234695"}},
    headers={{"Authorization": "Zoho-oauthtoken 1000.benchmark"}}, json={{"name": "Hard Drive", "rate": 120}})
data = reply.json()
assert reply.status_code < 300 and data["code"] == 0 and data["item"]["item_id"]
{_TELL}
"""
REQUEST = f"""
import time
from connector_runtime import Component
import connector_runtime.access.connections, connector_runtime.session.dry_run
before = {_PEAK}
started = time.process_time()
component = Component.load("zoho")
component.request("booksMarkRecordActive", {{"recordType": "items", "recordId": "1"}}, {_CONNECTION})
print((time.process_time() - started) * 1e3, {_PEAK} - before)
"""


def spent(code: str, site: Path) -> tuple[float, list[float]]:
    """Return the CPU of a fresh process in milliseconds, and the numbers it prints."""
    # `-S` leaves out the packages of this environment: what is installed is what counts.
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(site)}
    process = subprocess.Popen([sys.executable, "-S", "-c", code], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    printed = process.stdout.read().decode().split()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"a measured program failed: {code}")
    return (usage.ru_utime + usage.ru_stime) * 1e3, [float(word) for word in printed]


def rows() -> Iterator[Row]:
    """Compare fresh processes of an environment that holds the wheel and what it needs."""
    with tempfile.TemporaryDirectory() as place, answering(CREATED, status=201) as port:
        site = install(Path(place) / "installed")
        yield from _imports(site)
        plain, hand = PLAIN.replace("PORT", str(port)), HAND.replace("PORT", str(port))
        fast, plain = plain.replace("WIRE", "fast"), plain.replace("WIRE", "httpx")
        few = [_first(site) for _ in range(ROUNDS)]
        ship(site, 2_000)
        spent(plain, site), spent(fast, site), spent(hand, site)
        rounds = [(spent(plain, site), spent(fast, site), spent(hand, site)) for _ in range(ROUNDS)]
        for at, (wire, most, most_memory, most_modules) in enumerate(WIRES):
            pairs = [(one[at], one[2]) for one in rounds]
            yield ratio(
                f"first answer of a fresh process, 2,000 actions shipped, {wire}",
                ("<=", most),
                [(ours[0], theirs[0]) for ours, theirs in pairs],
                "ms CPU",
            )
            yield ratio(
                f"memory at the first answer, {wire}",
                ("<=", most_memory),
                [(ours[1][1], theirs[1][1]) for ours, theirs in pairs],
                "MiB",
            )
            modules = pairs[0][0][1][0]
            yield amount(f"modules at the first answer, {wire}", ("<=", most_modules), [modules], "modules")
        ship(site, 10_000)
        _first(site)
        many = [_first(site) for _ in range(ROUNDS)]
        yield ratio(
            "first action out of 10,000 against out of 20",
            ("<=", 1.1),
            [(ours[0], theirs[0]) for ours, theirs in zip(many, few, strict=True)],
            "ms CPU",
        )
        yield amount("first action out of 10,000", ("<=", 5), [one[0] for one in many], "ms CPU")
        yield amount("first action out of 10,000, memory", ("<=", 3), [one[1] for one in many], "MiB")


def _imports(site: Path) -> Iterator[Row]:
    spent("import connector_runtime", site)
    pairs = [(spent("import connector_runtime", site)[0], spent("pass", site)[0]) for _ in range(ROUNDS)]
    yield ratio("import connector_runtime against an empty program", ("<=", 2.5), pairs, "ms CPU")


def _first(site: Path) -> tuple[float, float]:
    time_ms, memory_mib = spent(REQUEST.replace("PORT", "1"), site)[1]
    return time_ms, memory_mib


if __name__ == "__main__":
    sys.exit(show(rows()))

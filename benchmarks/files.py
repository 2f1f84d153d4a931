"""A gibibyte up and down, from a path and to a path: the most memory, and the CPU beside httpx streaming."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from kit.loopback import streaming
from kit.measure import Row, amount, number, ratio, show
from kit.sides import TOKEN, component, connection

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL_MIB, LARGE_MIB, ROUNDS = 64, 1024, 3
CHUNK_BYTES = 65_536
# Loaded beforehand: what is measured is how content moves.
LOADED = component()
WIRE = os.environ.get("WIRE", "fast")


def up(port: int, path: Path) -> None:
    """Send a file with crmAddAttachment."""
    session = LOADED.session(connection(port), trust_paths=True, transport=WIRE)
    inputs = {"recordType": "Leads", "recordId": "1", "file": {"path": str(path)}, "fileName": "file.bin"}
    session.run("crmAddAttachment", inputs)


def down(port: int, path: Path) -> None:
    """Save a reply with crmRawRequest."""
    session = LOADED.session(connection(port), transport=WIRE)
    inputs = {"url": "/files", "method": "GET", "responseType": "binary"}
    session.run("crmRawRequest", inputs, save_to=path)


def up_by_hand(port: int, path: Path) -> None:
    """Send a file with `httpx.Client`."""
    with httpx.Client(timeout=300.0) as client, path.open("rb") as file:
        headers = {"Authorization": f"Zoho-oauthtoken {TOKEN}"}
        url = f"http://127.0.0.1:{port}/crm/v8/Leads/1/Attachments"
        client.post(url, files={"file": ("file.bin", file)}, headers=headers).raise_for_status()


def down_by_hand(port: int, path: Path) -> None:
    """Save a reply with `httpx.Client`."""
    with (
        httpx.Client(timeout=300.0) as client,
        client.stream("GET", f"http://127.0.0.1:{port}/crm/v8/files") as reply,
        path.open("wb") as file,
    ):
        for chunk in reply.iter_bytes(CHUNK_BYTES):
            file.write(chunk)


WAYS = {"up": up, "down": down, "up_by_hand": up_by_hand, "down_by_hand": down_by_hand}


def child(way: str, port: str, path: str) -> None:
    """Do one way in this process and print the most memory in MiB and the CPU in seconds."""
    started = time.process_time()
    WAYS[way](int(port), Path(path))
    spent_s = time.process_time() - started
    status = Path("/proc/self/status").read_text("utf-8").splitlines()
    peak_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(json.dumps([peak_kib / 1024, spent_s]))


def measured(way: str, port: int, path: Path) -> tuple[float, float]:
    """Return what a process of its own printed."""
    command = [sys.executable, __file__, "--child", way, str(port), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    peak_mib, spent_s = json.loads(done.stdout)
    return peak_mib, spent_s


def rows() -> Iterator[Row]:
    """Move 64 MiB and 1 GiB both ways, by action and by hand."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sources = {}
        for mib in (SMALL_MIB, LARGE_MIB):
            sources[mib] = folder / f"{mib}.bin"
            with sources[mib].open("wb") as file:
                file.truncate(mib * 2**20)
            # Whoever reads it first would pay for the system's cache.
            with sources[mib].open("rb") as file:
                while file.read(2**20):
                    pass
        for way in ("up", "down"):
            peaks, pairs = {}, []
            for mib in (SMALL_MIB, LARGE_MIB):
                with streaming(mib * 2**20) as port:
                    path = sources[mib] if way == "up" else folder / "out.bin"
                    for _ in range(ROUNDS if mib == LARGE_MIB else 1):
                        peaks[mib], ours_s = measured(way, port, path)
                        if mib == LARGE_MIB:
                            (folder / "out.bin").unlink(missing_ok=True)
                            pairs.append((mib / ours_s, mib / measured(f"{way}_by_hand", port, path)[1]))
                        (folder / "out.bin").unlink(missing_ok=True)
            note = f"{number(peaks[LARGE_MIB])} against {number(peaks[SMALL_MIB])} MiB"
            more = peaks[LARGE_MIB] - peaks[SMALL_MIB]
            yield amount(f"1 GiB {way}: peak beyond that of 64 MiB", ("<=", 2), [more], "MiB", note)
            yield ratio(f"1 GiB {way} against httpx streaming", (">=", 0.95), pairs, "MiB a second of CPU")


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(*sys.argv[2:])
        sys.exit()
    sys.exit(show(rows()))

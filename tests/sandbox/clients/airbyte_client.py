"""Airbyte's source for Zoho CRM as it is: check, discover, and a read of every stream it finds, twice."""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from steps import Steps

step = Steps()
fields = step.connection["fields"]
Path("config.json").write_text(
    json.dumps(
        {
            "client_id": fields["clientId"],
            "client_secret": fields["clientSecret"],
            "refresh_token": step.connection["token"]["refresh_token"],
            "dc_region": "US",
            "environment": "Production",
        }
    )
)


def run(*words):
    """Run a command of the source; return its messages. It must end with status 0."""
    code = "from source_zoho_crm.run import run; run()"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *words], check=False, capture_output=True, text=True, timeout=200
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    traces = [line["trace"] for line in lines if line["type"] == "TRACE" and line["trace"]["type"] == "ERROR"]
    if done.returncode or traces:
        raise RuntimeError(f"{words[0]}: {done.returncode} {traces[:2]} {done.stderr[-300:]}")
    return lines


def check():
    """Ask whether the connection works."""
    (told,) = [
        line["connectionStatus"]
        for line in run("check", "--config", "config.json")
        if "connectionStatus" in line
    ]
    assert told["status"] == "SUCCEEDED", told


def discover():
    """Find the streams and choose all of them."""
    (catalog,) = [line["catalog"] for line in run("discover", "--config", "config.json") if "catalog" in line]
    chosen = [
        {"stream": one, "sync_mode": "incremental", "destination_sync_mode": "append"}
        for one in catalog["streams"]
    ]
    Path("catalog.json").write_text(json.dumps({"streams": chosen}))
    assert len(chosen) >= 20, [one["name"] for one in catalog["streams"]]
    return catalog


def read(*more):
    """Read every stream to its end; return how many records came, and the last states."""
    lines = run("read", "--config", "config.json", "--catalog", "catalog.json", *more)
    states = [line["state"] for line in lines if line["type"] == "STATE"]
    Path("state.json").write_text(json.dumps(states))
    return sum(line["type"] == "RECORD" for line in lines)


def again():
    """A second read goes on from the states of the first: a few of the last second at most."""
    assert read("--state", "state.json") < step_count


step("check", check)
step("discover", discover)
step_count = step("read", read) or 0
if step_count:
    step("read again", again)

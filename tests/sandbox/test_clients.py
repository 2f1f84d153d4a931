"""Public clients run against the sandbox as they are: installed, and nothing patched.

Their hosts are fixed, so each gets a house of its own (:mod:`clients.house`): a network namespace
where the vendor's names mean the sandbox, under a certificate authority of the test's own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CLIENTS = Path(__file__).parent / "clients"
NEEDED = ("unshare", "openssl", "ip", "mount")
# What a client does that no page of Books has: a picture of an item is Inventory's.
BEYOND = {"pyzohoapi": {"picture of an item"}}

pytestmark = pytest.mark.long


def install(folder: Path, package: str) -> str:
    """Install a package into an environment of its own; return its Python."""
    # pip looks at what else is installed, and some of that writes into the home folder.
    own = {**os.environ, "HOME": str(folder.parent)}
    subprocess.run([sys.executable, "-m", "venv", str(folder)], env=own, check=True, timeout=120)
    python = str(folder / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=own,
    )
    if done.returncode:
        pytest.skip(f"{package} cannot be installed here: {done.stderr[-200:]}")
    return python


def in_a_house(folder: Path, python: str, script: Path) -> dict[str, Any]:
    """Run a client's script in a house of its own; return what became of each step."""
    house = [sys.executable, str(CLIENTS / "house.py"), str(folder), python, str(script)]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "--mount", *house],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize(
    ("package", "count"),
    [("zohopy", 60), ("pyzohoapi", 25), ("arcade-zoho-books-api", 45), ("airbyte-source-zoho-crm", 4)],
)
def test_a_client_does_what_its_pages_show(tmp_path, package, count):
    """On every type of record that it knows; it is not told that this is no Zoho."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or subprocess.run(["unshare", "-rnm", "true"], capture_output=True, check=False).returncode:
        pytest.skip(f"no network namespace can be made here; missing: {missing}")
    name = package.partition("-")[0]

    told = in_a_house(tmp_path, install(tmp_path / "env", package), CLIENTS / f"{name}_client.py")

    assert {
        step: problem for step, problem in told["failed"].items() if step not in BEYOND.get(name, ())
    } == {}
    assert len(told["done"]) >= count

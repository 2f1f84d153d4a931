"""The watch over the whole run works: what a test shows of a planted secret is found, wherever and however."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
# The inner run has a mark of its own, or the outer one would find what the inner one leaks.
MARK = "1nnerM4rk"
LEAKS = """
import base64, gzip, json, logging, sys, urllib.parse, zlib

import pytest

from canaries import canary

SECRET = canary("token")


def test_printed():
    print("token", SECRET)


def test_on_standard_error():
    sys.stderr.write(SECRET)


def test_logged():
    logging.getLogger("any").warning("%s", SECRET)


def test_raised():
    raise ValueError(SECRET)


def test_compared():
    assert SECRET == "another"


def test_written(tmp_path):
    (tmp_path / "file.bin").write_bytes(b"\\0" + SECRET.encode() + b"\\0")


def test_zipped(tmp_path):
    (tmp_path / "file.gz").write_bytes(gzip.compress(SECRET.encode()))


def test_deflated(tmp_path):
    (tmp_path / "file.pdf").write_bytes(b"%PDF" + zlib.compress(SECRET.encode()))


def test_in_hexadecimal():
    print(SECRET.encode().hex())


def test_percent_encoded():
    print("".join(f"%{byte:02x}" for byte in SECRET.encode()))


def test_as_json_escapes():
    print("".join(f"\\\\u{ord(char):04x}" for char in SECRET))


@pytest.mark.parametrize("lead", range(3))
def test_in_base64(lead):
    print(base64.b64encode(b"x" * lead + SECRET.encode() + b"yy").decode())


@pytest.mark.parametrize("secret", [SECRET])
def test_as_a_name(secret):
    pass


def test_handed_over_rightly(tmp_path):
    (tmp_path / "connection.given.json").write_text(json.dumps({"token": SECRET}))


def test_not_shown():
    print("token", "***")
"""
FINE = """
from canaries import canary


def test_nothing_is_shown(tmp_path, capsys):
    secret = canary("token")
    (tmp_path / "note.txt").write_text("nothing")
    print(len(secret))
"""
# Planted by the module, once in each process, and by tests, each in one process.
MANY = """
import pytest

from canaries import canary

AT_IMPORT = [canary("token") for _ in range(5)]


@pytest.mark.parametrize("number", range(9))
def test_some_plant(number, tmp_path):
    secret = canary("token")
    (tmp_path / "note.txt").write_text(secret if number == SHOWN else "nothing")
"""


def run_inner(folder: Path, program: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a process of their own, watched by the plugin."""
    path = folder / "test_inner.py"
    path.write_text(program)
    command = [sys.executable, "-m", "pytest", "-p", "canaries", "-p", "no:cacheprovider", "-c", os.devnull]
    options = [f"--rootdir={folder}", f"--junitxml={folder / 'junit.xml'}", f"--basetemp={folder / 'temp'}"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "CANARY_MARK": MARK}
    return subprocess.run(
        [*command, *options, *more, str(path)],
        env=environment,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.plan("S-105")
def test_every_way_of_showing_a_secret_is_found(tmp_path: Path) -> None:
    """Printed, logged, raised, written, zipped or encoded: each is named, and the run fails."""
    ran = run_inner(tmp_path, LEAKS)

    found = [line for line in ran.stdout.splitlines() if line.startswith("a planted secret was written: ")]
    shown = {
        "test_printed", "test_on_standard_error", "test_logged", "test_raised", "test_compared", "file.bin",
        "file.gz", "file.pdf", "test_in_hexadecimal", "test_percent_encoded", "test_as_json_escapes",
        "test_in_base64[0]", "test_in_base64[1]", "test_in_base64[2]", "the name of a test", "--xmlpath",
    }  # fmt: skip
    assert ran.returncode != 0
    assert [word for word in shown if not any(word in line for line in found)] == []
    assert not [line for line in found if "rightly" in line or "not_shown" in line or "given.json" in line]


@pytest.mark.plan("S-105")
def test_a_run_that_shows_nothing_passes(tmp_path: Path) -> None:
    """And says how much was planted and searched."""
    ran = run_inner(tmp_path, FINE)

    assert ran.returncode == 0, ran.stdout
    assert "canaries: 1 planted" in ran.stdout
    assert "0 found" in ran.stdout


@pytest.mark.plan("S-105")
def test_a_find_alone_makes_a_run_fail(tmp_path: Path) -> None:
    """Every test may pass, and the run still fails for what they have written."""
    ran = run_inner(tmp_path, FINE.replace('write_text("nothing")', "write_text(secret)"))

    assert "1 passed" in ran.stdout
    assert "1 found" in ran.stdout
    assert ran.returncode == 1


SPREAD = ("-n", "2", "--dist", "load")


@pytest.mark.plan("S-105")
def test_every_way_is_found_in_other_processes_too(tmp_path: Path) -> None:
    """Spread over processes, a run names the same places as in one."""
    places = []
    for name, more in (("alone", ()), ("spread", SPREAD)):
        folder = tmp_path / name
        folder.mkdir()
        ran = run_inner(folder, LEAKS, *more)
        assert ran.returncode != 0
        named = [line for line in ran.stdout.splitlines() if line.startswith("a planted secret")]
        # Each process has a folder of its own below the run's.
        places.append(sorted(re.sub(r"popen-gw\d/", "", line) for line in named))

    assert places[0] == places[1]
    assert len(places[0]) > 15


@pytest.mark.plan("S-105")
@pytest.mark.parametrize(("shown", "found"), [("None", 0), ("7", 1)])
def test_what_other_processes_leave_behind_is_searched(tmp_path: Path, shown: str, found: int) -> None:
    """Every test passes; what one of them has written in its process decides, and all that was planted is counted."""
    ran = run_inner(tmp_path, MANY.replace("SHOWN", shown), *SPREAD)

    assert "9 passed" in ran.stdout
    assert "canaries: 14 planted" in ran.stdout
    assert f"{found} found" in ran.stdout
    assert ran.returncode == found

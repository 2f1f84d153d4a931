"""The guards around the tests hold: no other machine, no home folder, no unknown marker."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from meta.repository import ROOT


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.com"])
def test_no_test_reaches_another_machine(host: str) -> None:
    """A connection to anything but this machine is refused before a packet leaves."""
    with pytest.raises(PermissionError, match="stay on this machine"):
        socket.create_connection((host, 80), timeout=0.1)


def test_no_event_loop_reaches_another_machine() -> None:
    """The guard holds for event loops, too."""

    async def reach() -> None:
        await asyncio.open_connection("192.0.2.1", 80)

    with pytest.raises(PermissionError, match="stay on this machine"):
        asyncio.run(reach())


def test_this_machine_is_reached() -> None:
    """Loopback is open: tests prefer real sockets to imitated ones."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_home_is_a_folder_of_the_tests(home: Path) -> None:
    """Whoever asks for the home folder gets an empty one that is thrown away."""
    assert Path.home() == home
    assert Path("~/settings").expanduser().parent == home


def test_an_unknown_marker_is_an_error(tmp_path: Path) -> None:
    """A misspelt marker stops the run instead of being ignored."""
    path = tmp_path / "test_marked.py"
    path.write_text("import pytest\n\n\n@pytest.mark.lnog\ndef test_nothing():\n    pass\n")

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", path],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert run.returncode != 0
    assert "'lnog' not found in `markers`" in run.stdout


def test_a_warning_is_an_error() -> None:
    """What a library warns of today is broken tomorrow: no test may cause a warning."""
    import warnings

    with pytest.raises(DeprecationWarning):
        warnings.warn("soon gone", DeprecationWarning, stacklevel=1)

"""Guards around every test: nothing leaves this machine, nobody's home is touched."""

from __future__ import annotations

import ipaddress
import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.stores.budget import process_budget

if TYPE_CHECKING:
    from collections.abc import Iterator

# Test folders share a few modules: `from components.petshop_server import …`.
sys.path.insert(0, str(Path(__file__).parent))

pytest_plugins = ["canaries", "scoreboard"]

_HERE = frozenset({"localhost", "", None, "0.0.0.0", "::"})
_HOME_VARIABLES = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")


def is_here(host: Any) -> bool:
    """Return whether a host's name or address means this machine."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in _HERE:
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to look up or reach any other machine, whoever asks and through whatever library."""
    if event not in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        return
    address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
    host = address[0] if isinstance(address, tuple) else address
    # A text that is an address of its own kind is a socket in the file system.
    is_file = event != "socket.getaddrinfo" and not isinstance(address, tuple)
    if not is_file and not is_here(host):
        raise PermissionError(f"a test wanted to reach {host!r}; tests stay on this machine")


sys.addaudithook(_guard)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what is missing where commands cannot find the sandbox, whose code tests import from its folder."""
    if not entry_points(group="connector_runtime.sandboxes", name="zoho"):
        terminalreporter.write_line("The sandbox is not installed, so that tests of commands which use it fail.")
        terminalreporter.write_line("Install it: pip install --editable ./sandbox (python3 dev.py test does).")


@pytest.fixture(autouse=True)
def _process_budget() -> None:
    """Start each test with a budget of which no other test has taken anything."""
    process_budget.forget_parent()


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of the tests' own; at the end it must be as empty as it was."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in _HOME_VARIABLES:
            patch.setenv(name, str(folder))
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        yield folder
    left = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert not left, f"tests have written into the home folder: {left}"

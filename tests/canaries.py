"""Planted secrets: every test may plant some, and at the end nothing written may hold one.

A pytest plugin. `canary("refresh token")` gives a text that no test may show. What tests
print, log, raise and leave in temporary files is searched for all of them at once, however
encoded, because all of them hold one mark.

The vendor's sandbox gives out tokens of its own; they are no canaries.

Tests may be spread over processes (pytest-xdist): each says what it has planted, and the one
that leads the run searches, because it receives every report and every process writes below
its temporary folder.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import os
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Letters and digits only: no encoding that leaves texts readable changes it.
MARK = os.environ.get("CANARY_MARK", "C4n4ryQx7")
# What tests hand to a program as its input holds secrets rightly.
GIVEN = ".given"
_numbers = itertools.count(1)
_planted: list[str] = []


def canary(label: str = "secret") -> str:
    """Return a new secret that must never be seen in anything written."""
    number = next(_numbers)
    digest = hashlib.sha256(f"{number}/{label}".encode()).hexdigest()[:24]
    word = re.sub(r"\W+", "-", label)
    _planted.append(label)
    return f"{MARK}-{word}-{digest}"


def encodings(text: str) -> Iterator[bytes]:
    """Yield the ways in which a part of a text may stand in something written."""
    raw = text.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    yield "".join(f"%{byte:02x}" for byte in raw).encode()
    yield quote(text).encode()
    yield "".join(f"\\u{ord(char):04x}" for char in text).encode()
    yield text.encode("utf-16-le")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for lead in range(3):
            encoded = encode(b"\0" * lead + raw)
            # What shares its bits with neighbours differs from text to text.
            yield encoded[(0, 2, 3)[lead] : len(encoded) - (4 if (lead + len(raw)) % 3 else 0)]


_SEEN = re.compile(b"|".join(re.escape(one) for one in set(encodings(MARK))))
_ZIPPED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


def shows(content: bytes) -> bool:
    """Return whether something written holds a canary, plain, encoded or compressed."""
    if _SEEN.search(content):
        return True
    for start in itertools.islice(_ZIPPED.finditer(content), 100):
        if _SEEN.search(_unzipped(content[start.start() :])):
            return True
    return False


def _unzipped(content: bytes) -> bytes:
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.decompress(content)
        return zlib.decompressobj().decompress(content, 1 << 20)
    except (OSError, EOFError, zlib.error):
        return b""


class Watch:
    """Looks at everything a run writes; `found` says where, never what."""

    def __init__(self) -> None:
        self.scanned_bytes = 0
        self.found: list[str] = []
        self._while_importing = 0
        self._in_tests = 0

    @property
    def planted(self) -> int:
        """How many secrets there are, in all processes of the run."""
        return len(_planted) or self._while_importing + self._in_tests

    def pytest_collection_finish(self) -> None:
        """Tell what modules plant from what tests plant."""
        self._while_importing = len(_planted)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a process has planted; all of them import the same modules."""
        importing, in_tests = getattr(node, "workeroutput", {}).get("planted", (0, 0))
        self._while_importing = max(self._while_importing, importing)
        self._in_tests += in_tests

    def look(self, where: str, content: bytes) -> None:
        """Search something written."""
        self.scanned_bytes += len(content)
        if shows(content):
            self.found.append(where)

    def look_into(self, folder: Path) -> None:
        """Search every file below a folder that was not handed to a program as its input."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and GIVEN not in path.name:
                self.look(f"file {path.relative_to(folder)}", path.read_bytes())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Search what a test has printed, logged and raised."""
        for title, content in report.sections:
            self.look(f"{report.nodeid}: {title}", content.encode("utf-8", "surrogatepass"))
        self.look(f"{report.nodeid}: what it raised", report.longreprtext.encode("utf-8", "surrogatepass"))
        self.look("the name of a test", report.nodeid.encode("utf-8", "surrogatepass"))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Search what the run leaves behind; a find makes it fail."""
        if hasattr(session.config, "workerinput"):
            told: Any = session.config
            told.workeroutput["planted"] = (self._while_importing, len(_planted) - self._while_importing)
            yield
            return
        factory: Any = getattr(session.config, "_tmp_path_factory", None)
        if factory is not None and getattr(factory, "_basetemp", None) is not None:
            self.look_into(factory.getbasetemp())
        board: Any = session.config.pluginmanager.get_plugin("scoreboard-of-the-run")
        if board is not None:
            board.figures.update({"secrets": self.planted, "secrets_found": len(self.found)})
        yield
        # Written by now.
        for option in ("xmlpath", "log_file"):
            given = getattr(session.config.option, option, None)
            if given and Path(given).is_file():
                self.look(f"--{option}", Path(given).read_bytes())
        if self.found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say how much was planted, searched and found."""
        size_mb = self.scanned_bytes / 1e6
        line = f"canaries: {self.planted} planted, {size_mb:.1f} MB searched, {len(self.found)} found"
        terminalreporter.write_line(line)
        for where in self.found[:50]:
            terminalreporter.write_line(f"a planted secret was written: {where}")


def pytest_configure(config: pytest.Config) -> None:
    """Watch this run."""
    config.pluginmanager.register(Watch(), "canary-watch")

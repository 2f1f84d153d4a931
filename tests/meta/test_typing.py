"""The public interface holds for whoever checks types strictly."""

from __future__ import annotations

import subprocess
import sys

from meta.repository import ROOT


def test_the_public_interface_satisfies_a_strict_checker() -> None:
    """A file that uses everything public, as users write it, has no type error."""
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "tests/typing/api.py"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr

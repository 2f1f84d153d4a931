"""Running the tools of editors, where they are installed: `npm install --prefix tests/node`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
SECONDS = 60


def run_node(script: str, given: str = "", *arguments: str) -> str:
    """Return what a script of this folder prints; the test is skipped without node or its packages.

    Raises:
        AssertionError: The script has failed.
    """
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").is_dir():
        pytest.skip("needs node, and `npm install --prefix tests/node`")
    environment = {"PATH": os.environ["PATH"], "NO_COLOR": "1"}
    done = subprocess.run(
        [node, script, *arguments],
        input=given,
        capture_output=True,
        text=True,
        cwd=FOLDER,
        env=environment,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

"""A library with known holes is not worked with, however it came to be installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector_runtime.errors import ConnectionProblem
from connector_runtime.language.expressions.grammar import check_release

ROOT = Path(__file__).resolve().parents[2]
LOAD = """
import sys
from connector_runtime import Component, ConnectorError
try:
    Component.load(sys.argv[1])
except ConnectorError as problem:
    print(problem.kind, problem)
else:
    print("loaded")
"""


def load_with(folder: Path, release: str) -> str:
    """Load a component where Jinja says that it is of some release."""
    told = folder / f"jinja2-{release}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: jinja2\nVersion: {release}\n")
    places = os.pathsep.join([str(folder), str(ROOT / "src")])
    done = subprocess.run(
        [sys.executable, "-c", LOAD, ROOT / "tests" / "components" / "petshop"],
        env={**os.environ, "PYTHONPATH": places},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.mark.plan("S-96")
@pytest.mark.parametrize("release", ["3.0.3", "3.1.5"])
def test_a_jinja_with_known_holes_is_refused(tmp_path: Path, release: str) -> None:
    """Nothing is loaded, and the message names the release to install."""
    told = load_with(tmp_path, release)

    assert told.startswith("config ")
    assert release in told
    assert "3.1.6" in told


@pytest.mark.plan("S-96")
@pytest.mark.parametrize("release", ["3.1.10"])
def test_a_release_without_known_holes_is_taken(tmp_path: Path, release: str) -> None:
    """The floor is a floor and no ceiling."""
    assert load_with(tmp_path, release) == "loaded\n"


@pytest.mark.plan("S-96")
def test_releases_are_compared_as_numbers() -> None:
    """3.1.10 is newer than 3.1.6, and a post-release of an old one is old."""
    for release in ("2.11.3", "3", "3.1", "3.1.5", "3.1.5.post1", "unknown"):
        with pytest.raises(ConnectionProblem, match="security holes"):
            check_release(release)
    for release in ("3.1.6", "3.1.6rc1", "3.1.10", "3.2.0", "4"):
        check_release(release)

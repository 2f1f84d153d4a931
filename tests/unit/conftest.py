"""A good component, small enough to break in every way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

KENNEL = Path(__file__).resolve().parents[1] / "cases" / "kennel"


@pytest.fixture
def kennel(tmp_path: Path) -> Path:
    """A copy of the good component."""
    return Path(shutil.copytree(KENNEL, tmp_path / "kennel"))

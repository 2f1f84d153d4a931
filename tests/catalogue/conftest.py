"""The component as its users load it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector_runtime import Component


@pytest.fixture(scope="session")
def zoho() -> Component:
    """The catalogue of this repository."""
    return Component.load(Path(__file__).resolve().parents[2])

"""The public interface holds for whoever checks types strictly."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from connector_runtime import Component
from connector_runtime.session.session import Options
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("file", ["api.py", "platform.py", "refused.py"])
def test_the_public_interface_satisfies_a_strict_checker(file: str) -> None:
    """What users write has no type error, and what they misspell has the one that is expected."""
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"tests/typing/{file}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("opening", [Component.session, Component.async_session])
def test_every_option_of_a_session_has_its_keyword(opening: Callable[..., object]) -> None:
    """Both ways to open a session take what a session can be given, by name, and mean the same without it."""
    parameters = list(inspect.signature(opening).parameters.values())[2:]

    assert {one.name: one.default for one in parameters} == Options._field_defaults
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters)

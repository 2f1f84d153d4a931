"""The Zoho component as an installed package: where its files lie, and its command."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["main", "root"]


def root() -> Path:
    """Return the folder that holds `component.yaml`.

    The environment variable `ZOHO_COMPONENT_FOLDER` wins, then the files inside
    the installed package, then the nearest parent folder (a checkout).

    Raises:
        FileNotFoundError: None of the three has a `component.yaml`.
    """
    from pathlib import Path  # noqa: PLC0415  an interrupt of the command finds it not yet begun

    override = os.environ.get("ZOHO_COMPONENT_FOLDER")
    here = Path(__file__).resolve()
    places = [Path(override)] if override else [here.parent / "_component", *here.parents[1:]]
    for place in places:
        if (place / "component.yaml").is_file():
            return place
    raise FileNotFoundError(f"no component.yaml in {places[0] if override else here.parent}")


def main() -> None:
    """Run the command line on this component."""
    try:
        from connector_cli import main as run  # noqa: PLC0415  the command line is an extra

        run(component="zoho", program="zoho-component")
    except KeyboardInterrupt:
        sys.exit(130)  # before the command line was there to catch it

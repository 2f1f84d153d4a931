"""What a command keeps in a file of `--state`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def read_kept(file: Path) -> tuple[Any, str]:
    """Return the JSON in a file and an empty text; or None, and why it holds nothing."""
    try:
        found = json.loads(file.read_bytes())
    except RecursionError:
        return None, "it is nested too deeply"
    except (OSError, ValueError) as fault:
        return None, getattr(fault, "strerror", None) or str(fault)
    return found, "" if found is not None else "it says no more than `null`"

"""JSON in which a secret stands: it goes out whole, and is shown masked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import Secret
from connector_runtime.errors.json_writing import dump_json

if TYPE_CHECKING:
    from collections.abc import Callable

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def sealed_json(value: Any) -> Secret:
    """Return a value with its secrets as JSON that is Latin-1 as well, as what is sealed must be.

    Raises:
        ValueError: As `dump_json`.
    """
    text = dump_json(_told(value, lambda secret: secret.reveal()))
    return Secret(_NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text))


def masked(value: Any, mask: str) -> Any:
    """Return a copy of a value in which a mask stands for each secret."""
    return _told(value, lambda _secret: mask)


def _told(value: Any, tell: Callable[[Secret], str]) -> Any:
    if isinstance(value, Secret):
        return tell(value)
    if isinstance(value, Mapping):
        return {key: _told(member, tell) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_told(item, tell) for item in value]
    return value

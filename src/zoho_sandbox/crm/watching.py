"""Notifications."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from zoho_sandbox.crm.visit import Visit


def callbacks(visit: Visit) -> Callable[[], Awaitable[None]] | None:
    """Return what delivers the notifications a visit caused, None when there are none."""
    return None

"""What may wait for a disk is done in a thread, so that an event loop does not stand still."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from connector_runtime.transport.intake import ReplyError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def offload(method: Callable[..., T], *arguments: object) -> T:
    """Call in a thread of the loop's own; what has begun is finished, even if the caller is cancelled.

    Raises:
        ReplyError: There is no thread to be had.
    """
    try:
        future = asyncio.get_running_loop().run_in_executor(None, method, *arguments)
    except RuntimeError:
        raise ReplyError("network", "The machine gives no thread to read and write files in.") from None
    try:
        # A thread cannot be cancelled: given up half-way, it would go on writing to a file somebody else has.
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        future.add_done_callback(_note)
        raise


def _note(future: asyncio.Future[T]) -> None:
    """Take note of how it ended, or asyncio would complain that nobody has."""
    if not future.cancelled():
        future.exception()


async def offload_if_possible(method: Callable[..., T], *arguments: object) -> T:
    """Call in a thread, or here where there is none; only for what may be done twice."""
    try:
        return await offload(method, *arguments)
    except ReplyError:
        return method(*arguments)

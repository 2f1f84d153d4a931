"""The frames of an error, and what their names hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meta.repository import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


def frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames of an error."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def is_ours(frame: FrameType) -> bool:
    """Return whether a frame is one of the runtime's, scripts of tests apart."""
    return frame.f_code.co_filename.startswith(str(RUNTIME)) and not frame.f_code.co_filename.endswith(
        "cases.py"
    )


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object of the runtime holds, and what containers hold."""
    if isinstance(value, dict):
        yield from ((str(key), member) for key, member in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((str(number), member) for number, member in enumerate(value))
    elif type(value).__module__.startswith("connector_runtime") and "cases" not in type(value).__module__:
        names = [
            *getattr(value, "__dict__", {}),
            *(slot for one in type(value).__mro__ for slot in getattr(one, "__slots__", ())),
        ]
        yield from ((name, getattr(value, name)) for name in names if hasattr(value, name))

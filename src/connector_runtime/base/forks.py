"""Objects that forget, in a forked process, what belongs to the process it came from.

A lock that another thread held at the moment of the fork would never be opened again, and
what the parent holds nobody gives back in the child.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class _Forgetful(Protocol):
    def forget_parent(self) -> None:
        """Start anew."""


_forgetful: WeakSet[_Forgetful] = WeakSet()


def forget_after_fork(one: _Forgetful) -> None:
    """Have `one.forget_parent()` called in every process that is forked from this one."""
    _forgetful.add(one)


def _forget() -> None:
    for one in list(_forgetful):
        one.forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

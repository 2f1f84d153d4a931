"""What a platform may bring of its own: a place for tokens, and a count of requests.

Both are small on purpose. Whoever can read a row, and replace it only if nobody else has
done so meanwhile, can keep tokens for any number of processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from connector_runtime.stores.budget import Pause, Rule


@dataclass(frozen=True, slots=True)
class Entry:
    """What a token store holds under a key.

    Attributes:
        version: Grows by one with every write; never starts again, not even after a removal.
        document: A JSON map with secrets in clear; its members are the runtime's business.
        now: Seconds since the epoch by the store's own clock, or None where it has none.
    """

    version: int
    document: Mapping[str, Any] = field(repr=False)
    now: float | None = None


class TokenStore(Protocol):
    """Keeps tokens for threads; `AsyncTokenStore` is the same for event loops.

    Both methods may be called from any thread. They raise `errors.StoreError` or `OSError`
    when the store does not answer; any other exception counts as that, too. A method that takes
    the keyword `limit_s`, seconds, answers within it by itself; others are asked in a thread, of at
    most eight for one store, that is left behind when they take too long.
    """

    def read(self, key: str) -> Entry | None:
        """Return what is kept under a key, or None.

        A store with a clock of its own says its time even then: version 0 and an empty document.
        """

    def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:
        """Replace the document that has `version` by another, which has `version + 1`.

        Args:
            key: Printable text: the connection's name and a mark of its grant.
            document: What to keep; it holds secrets.
            version: Of the document that was read; 0 where there was none.

        Returns:
            False, and nothing is changed, when another version is there.
        """


class AsyncTokenStore(Protocol):
    """Keeps tokens for event loops; methods as in `TokenStore`."""

    async def read(self, key: str) -> Entry | None:
        """Return what is kept under a key, or None."""

    async def write(self, key: str, document: Mapping[str, Any], version: int) -> bool:
        """Replace the document that has `version`; False when another is there."""


class RequestBudget(Protocol):
    """Counts what is asked of services, for one process or for many.

    Attributes:
        is_shared: Whether other processes count in it, too. Then `now` is in seconds since
            the epoch, and event loops ask in a thread.
        keeps_order: Optional, False where it is not there. Whether callers are served in the
            order of arrival: whoever was refused, for whatever reason, keeps his place, known by
            his `wake`, until he is served or forgotten, and every wake-up reaches one who waits.
            To give back or to forget what was never had does no harm then.

    A shared budget whose methods all take the keyword `limit_s`, seconds, answers within it by
    itself; others are asked in a thread, of at most eight for one budget, that is left behind when
    they take too long. What `take` raises ends the call as an `errors.StoreError`; what the other
    methods raise is the budget's own business: what was answered is not lost for it.
    """

    is_shared: bool

    def take(
        self,
        key: Hashable,
        rule: Rule,
        *,
        now: float,
        wake: Callable[[], None],
        holder: str = "",
        hold_s: float = 0.0,
    ) -> float | None:
        """Take one slot.

        Args:
            key: Whose budget it is: texts and None.
            rule: What is allowed.
            now: A reading of the caller's clock, in seconds.
            wake: Called once when a slot comes free, if this call had to be refused for that.
            holder: Who takes it; unique.
            hold_s: After this the slot counts as given back: its holder has died.

        Returns:
            None when the slot was taken; else the seconds after which to ask again, not negative,
            infinite when only `wake` will tell; a `budget.AskAgain` when it may tell sooner.
        """

    def give_back(self, key: Hashable, holder: str = "", *, now: float = 0.0) -> None:
        """Free a slot taken before; what was sent counts from `now` on, in which it has arrived."""

    def forget(self, key: Hashable, wake: Callable[[], None]) -> None:
        """Stop waiting to be woken."""

    def pause(self, key: Hashable, pause: Pause, *, now: float) -> None:
        """Let nobody take a slot for a while; a longer pause outlives a shorter one."""

    def paused(self, key: Hashable, *, now: float) -> Pause | None:
        """Return what is left of the pause, or None."""

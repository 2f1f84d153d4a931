"""Which changes of the overlap were told already: exactly while they are few, bounded when they are many.

Each is known by a number of 64 bits. When there are too many, the oldest are put together in
a zone: a span of time whose changes are sorted into pots, each known by the
exclusive or of its numbers. Read again, a pot with the same one was told; one with another
holds something new, and all of it is told again. So nothing is lost, and nothing is told twice
unless more than `EXACT_MAX` changes lie within the overlap.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# With six zones, about 29 KB of JSON; while a window is gone through, two of these are kept.
EXACT_MAX = 600
ZONES_MAX = 6
POTS = 256
_ENTRY = struct.Struct("<Qq")
_POTS = struct.Struct(f"<{POTS}Q")


@dataclass(eq=False)
class Zone:
    """A span of time, both ends included, and the exclusive or of each pot of its changes."""

    start: int
    end: int
    sums: list[int] = field(default_factory=lambda: [0] * POTS)

    def add(self, number: int) -> None:
        """Put a change into its pot."""
        self.sums[number % POTS] ^= number

    def to_json(self) -> list[Any]:
        """Return what is to be kept."""
        return [self.start, self.end, _text(_POTS.pack(*self.sums))]

    @classmethod
    def from_json(cls, given: Any) -> Zone:
        """Return what was kept.

        Raises:
            ValueError: It is not what `to_json` gives.
        """
        try:
            start, end, sums = given
            # What is kept as a moment of its own has as many bits.
            (_, first), (_, last) = (_ENTRY.unpack(_ENTRY.pack(0, micro)) for micro in (start, end))
            return cls(first, last, list(_POTS.unpack(base64.b64decode(sums, validate=True))))
        except (TypeError, struct.error) as problem:
            raise ValueError(str(problem)) from None


class ToldChanges:
    """The changes that were told; moments are in microseconds."""

    def __init__(self) -> None:
        self._exact: dict[int, int] = {}
        self._zones: list[Zone] = []

    def add(self, number: int, micro: int) -> None:
        """Note that a change was told."""
        zone = self.zone_at(micro)
        if zone is None:
            self._exact[number] = micro
        else:
            zone.add(number)

    def has(self, number: int) -> bool:
        """Return whether a change outside all zones was told."""
        return number in self._exact

    def zone_at(self, micro: int) -> Zone | None:
        """Return the zone that a moment lies in, or None."""
        for zone in self._zones:
            if zone.start <= micro <= zone.end:
                return zone
        return None

    def new_in(self, zone: Zone, numbers: Iterable[int]) -> set[int]:
        """Compare a zone with all the changes that were read of it; returns those to be told."""
        found = Zone(zone.start, zone.end)
        pots: list[set[int]] = [set() for _ in range(POTS)]
        for number in set(numbers):
            found.add(number)
            pots[number % POTS].add(number)
        return set().union(*(pots[at] for at in range(POTS) if found.sums[at] != zone.sums[at]))

    def again(self, told: Zone, numbers: set[int]) -> set[int]:
        """Return which changes of one moment are to be told, of which `told` were told in this window.

        Where some are known, the source has told the moment anew: what shares a pot with
        something new is told again, and must not be put into its zone a second time.
        """
        new = self.new_in(told, numbers)
        zone = self.zone_at(told.start)
        if zone is not None and len(new) < len(numbers):
            for pot in {number % POTS for number in new}:
                zone.sums[pot] ^= told.sums[pot]
        return new

    def shrink(self, before: int | None) -> None:
        """Forget what was before a moment, and put together what is still too much.

        A zone goes as a whole, and what is read again with it stays.
        """
        if before is not None:
            start = self.since(before)
            self._exact = {number: micro for number, micro in self._exact.items() if micro >= start}
            self._zones = [zone for zone in self._zones if zone.end >= before]
        while len(self._exact) > EXACT_MAX:
            self._put_together()

    def since(self, micro: int) -> int:
        """Return from where to read so that every zone behind a moment is read as a whole."""
        return min([micro, *(zone.start for zone in self._zones if zone.end >= micro)])

    def _put_together(self) -> None:
        """Make a zone of the older half, and of whatever lies within the same span."""
        moments = sorted(self._exact.values())
        start, end = moments[0], moments[len(moments) // 2]
        made = Zone(start, end)
        touched = [zone for zone in self._zones if zone.start <= end and start <= zone.end]
        self._zones = [zone for zone in self._zones if zone not in touched]
        for zone in touched:
            _merge(made, zone)
        self._pull_in(made)
        self._zones.append(made)
        self._zones.sort(key=lambda zone: zone.start)
        while len(self._zones) > ZONES_MAX:
            first, second = self._zones[:2]
            _merge(first, second)
            self._zones.remove(second)
            self._pull_in(first)

    def _pull_in(self, zone: Zone) -> None:
        inside = [number for number, micro in self._exact.items() if zone.start <= micro <= zone.end]
        for number in inside:
            del self._exact[number]
            zone.add(number)

    def to_json(self) -> dict[str, Any]:
        """Return what is to be kept."""
        entries = sorted(self._exact.items(), key=lambda entry: (entry[1], entry[0]))
        packed = b"".join(_ENTRY.pack(*entry) for entry in entries)
        return {"told": _text(packed), "zones": [zone.to_json() for zone in self._zones]}

    @classmethod
    def from_json(cls, told: Any, zones: Sequence[Any]) -> ToldChanges:
        """Return what was kept.

        Raises:
            ValueError: It is not what `to_json` gives.
        """
        made = cls()
        try:
            packed = base64.b64decode(told, validate=True)
            made._exact = dict(_ENTRY.iter_unpack(packed))
            made._zones = [Zone.from_json(zone) for zone in zones]
        except (TypeError, struct.error, binascii.Error) as problem:
            raise ValueError(str(problem)) from None
        return made


def _merge(into: Zone, other: Zone) -> None:
    into.start, into.end = min(into.start, other.start), max(into.end, other.end)
    into.sums = [ours ^ theirs for ours, theirs in zip(into.sums, other.sums, strict=True)]


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()

"""One source of a trigger gone through, window by window.

A window begins at the mark of the last one, less the overlap, and ends where the source has
no more. A source goes on from page to page by (time, identity): records that change meanwhile
move to its end and hide nothing. One with page numbers only is read whole, and twice where it
has several pages, until nothing that was read has moved: only then can no row have slipped
from a page that was still to come to one that was read. The mark moves when a window is
finished, and not before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.errors import error_of
from connector_runtime.triggers.changes import ask_page, change_of, worked_out
from connector_runtime.triggers.moments import EARLIEST, FIRST, FIRST_MICRO, HOUR, SECOND, text_of, written
from connector_runtime.triggers.state import Window
from connector_runtime.triggers.told_changes import Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.definition.program.reply import PagingProgram
    from connector_runtime.definition.program.trigger import PollSource
    from connector_runtime.triggers.changes import Ask, Batch, Row
    from connector_runtime.triggers.state import SourceState

# A clock of ours that is further off is not used to say where "now" is.
_CLOCK_MAX = 30 * SECOND
_PASSES_MAX = 3


class Gap(NamedTuple):
    """A time of which the vendor tells nothing any more; moments are texts in UTC."""

    source: str
    start: str
    end: str


@dataclass(eq=False)
class WindowReading:
    """Reads one source until it has no more, or enough was told.

    Attributes:
        overlap: In microseconds.
        here: Our own clock, in microseconds, whole seconds.
        enough: So many events end a poll early.
        events: What is to be told, as `(moment, event)`.
        is_finished: Whether the source has no more for now.
    """

    source: PollSource
    state: SourceState
    overlap: int
    ask: Ask
    here: Callable[[], int]
    enough: int
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    is_finished: bool = False
    _zone: Zone | None = None
    _in_zone: list[tuple[Row, Batch]] = field(default_factory=list)
    _same: Zone | None = None

    def run(self) -> Conversation[None]:
        """Go through the source; what was read is in the state, also when this raises."""
        go = self._read_whole if self.source.paging is not None else self._walk
        with worked_out(self.source):
            yield from go()

    # Where a window begins and ends.

    def _back(self, mark: int) -> int:
        # Not every vendor takes fractions of a second; a little earlier does no harm.
        return (mark - self.overlap) // SECOND * SECOND

    def _went_back(self, theirs: int | None) -> bool:
        """Return whether the vendor's clock was wrong, or is now: what it has made us pass is read again."""
        last = self.state.clock
        return theirs is not None and last is not None and theirs < last - self.overlap

    def _begin(self, here: int, theirs: int | None = None) -> Window:
        state = self.state
        if state.mark is None:
            return Window(self._back(here) if state.is_quiet else None, here)
        mark = state.before if self._went_back(theirs) and state.before is not None else state.mark
        since = state.told.since(self._back(mark))
        if self.source.memory_s is not None:
            since = max(since, here - int(self.source.memory_s * SECOND))
        since = since // SECOND * SECOND
        # Where no vendor could be asked from, all of it is asked for.
        return Window(since if since >= EARLIEST else None, here)

    def _lower_start(self, clock: int) -> None:
        """Begin no later than now: a moment that somebody gave may lie ahead."""
        state = self.state
        if state.before is None and state.mark is not None and state.mark > clock:
            state.mark = state.clock = clock

    def _first(self, page: Mapping[str, Any] | None = None) -> Conversation[tuple[Window, Batch]]:
        """Ask for the first page of a window; the vendor's clock says when that was."""
        state, here = self.state, self.here()
        window = state.window
        if window is not None and (window.cursor is not None or state.is_quiet):
            answer = yield from self._page(window, page)
            self._go_on(window, here if answer.clock is None else answer.clock, here)
            return window, answer
        # One that was begun and of which nothing was read begins again: now counts, not then.
        window = self._begin(here)
        answer = yield from self._page(window, page)
        clock = here if answer.clock is None else answer.clock
        self._lower_start(min(clock, here))
        again = self._begin(clock, answer.clock)
        is_late = window.since is not None and (again.since is None or again.since < window.since)
        if is_late and (not state.is_quiet or here - clock > _CLOCK_MAX):
            window, answer = again, (yield from self._page(again, page))
        window.clock, window.here, window.is_ours = clock, here, answer.clock is None
        last = state.mark if state.clock is None else state.clock
        known_from = self._tell_gap(last, _gone_on(clock, here, state.clock, state.here))
        if known_from is not None:
            # Said once, also where this window breaks off.
            state.clock, state.here = known_from, here + known_from - clock
        state.window = window
        return window, answer

    def _go_on(self, window: Window, clock: int, here: int) -> None:
        """Say what a vendor has forgotten since a window broke off."""
        last = window.clock if window.cursor is None else window.cursor[0]
        known_from = self._tell_gap(last, _gone_on(clock, here, window.clock, window.here))
        if known_from is not None and window.cursor is None:
            window.since = window.clock = known_from
            window.here = here + known_from - clock

    def _tell_gap(self, last: int | None, clock: int) -> int | None:
        """Say what lies between the last that is known and what the vendor still tells; returns its end."""
        if last is None or self.source.memory_s is None:
            return None
        known_from = clock - int(self.source.memory_s * SECOND)
        if last >= known_from:
            return None
        self.gaps.append(Gap(self.source.key, text_of(last), text_of(known_from)))
        return known_from

    def _finish(self, window: Window) -> None:
        state = self.state
        self._judge_zone()
        # What rows have made of the mark holds, whatever clocks say later.
        sure = [FIRST_MICRO] if window.top is None else [min(window.top, window.clock)]
        if state.mark is not None:
            sure.append(state.mark if state.before is None else state.before)
        elif state.is_quiet and window.since is not None:
            # As far back as was read, and no further: what lies before was there already.
            sure.append(min(window.since + self.overlap, window.lower_clock))
        marks = [max(sure)]
        if not window.is_ours:
            marks.append(window.lower_clock - self.overlap)
        if state.mark is not None and not self._went_back(None if window.is_ours else window.clock):
            marks.append(state.mark)
        state.before, state.mark = marks[0], max(marks)
        state.clock, state.here = window.clock, window.here
        state.is_quiet, state.window, state.told = False, None, window.told
        state.told.shrink(self._back(state.mark))
        self.is_finished = True

    # A source that goes on from its last change.

    def _walk(self) -> Conversation[None]:
        """Go on from change to change."""
        window, answer = yield from self._first()
        at_cursor = self._known_at_cursor(window, answer)
        cursor, longest = window.cursor, 0
        while True:
            fresh = [row for row in answer.rows if row.number not in at_cursor]
            cursor = self._take_each(window, fresh, answer, cursor)
            if fresh and cursor is not None:
                same = {row.number for row in answer.rows if row.at.micro == cursor[0]}
                at_cursor = same | (at_cursor if fresh[0].at.micro == cursor[0] else set())
            if not fresh and answer.has_more:
                raise self._stuck()
            longest = max(longest, len(answer.rows))
            if not fresh and answer.has_more is None and cursor is not None and len(answer.rows) == longest:
                again = yield from self._beyond(window, answer, cursor, at_cursor)
                if again is not None:
                    answer = again
                    continue
            if self._zone is None:
                # What is compared as a whole is read again as a whole.
                window.cursor, window.same = cursor, self._same
            self._shrink(window)
            if answer.has_more is False or not fresh:
                break
            if len(self.events) >= self.enough and self._zone is None:
                return
            answer = yield from self._page(window, None, cursor)
        self._finish(window)

    def _take_each(
        self, window: Window, rows: list[Row], answer: Batch, cursor: tuple[int, Any] | None
    ) -> tuple[int, Any] | None:
        for row in rows:
            if cursor is not None and row.at.micro < cursor[0]:
                raise self._disorder()
            zone, before, same = self._zone, cursor, self._same
            cursor = (row.at.micro, row.identity)
            self._note_same(row)
            self._take(window, row, answer)
            if self._zone is not zone:
                # A zone that was judged is behind us, also where the next one has begun.
                window.cursor, window.same = before, same
        return cursor

    def _known_at_cursor(self, window: Window, answer: Batch) -> set[int]:
        """Return which rows of the page that a window goes on with were told before it broke off."""
        moment = None if window.cursor is None else window.cursor[0]
        rows = [row for row in answer.rows if row.at.micro == moment]
        known = {row.number for row in rows if window.told.has(row.number)}
        if window.same is not None:
            numbers = {row.number for row in rows}
            known |= numbers - window.told.again(window.same, numbers)
        for row in rows:
            if row.number in known:
                self._note_same(row)
        return known

    def _note_same(self, row: Row) -> None:
        if self._same is None or self._same.start != row.at.latest:
            self._same = Zone(row.at.latest, row.at.latest)
        self._same.add(row.number)

    def _beyond(
        self, window: Window, answer: Batch, cursor: tuple[int, Any], at_cursor: set[int]
    ) -> Conversation[Batch | None]:
        """Look behind a page of one time that may be full; returns the page again where it has grown.

        Only a later change shows that the page was too short for its time: what is left out is never
        passed over in silence for longer than until then.
        """
        if not answer.rows or any(row.at.micro != cursor[0] for row in answer.rows):
            return None
        step = 24 * HOUR if self.source.form == "date" else SECOND
        later = yield from self._page(window, None, (cursor[0] + step, None))
        if not any(row.at.micro > cursor[0] for row in later.rows):
            return None
        again = yield from self._page(window, None, cursor)
        if all(row.number in at_cursor for row in again.rows):
            raise self._stuck()
        return again

    def _disorder(self) -> Exception:
        return error_of(
            "contract",
            f"The source `{self.source.key}` does not tell its changes in the order of time.",
            hint="Let the request sort them, or read the source with `paginate`.",
        )

    def _stuck(self) -> Exception:
        return error_of(
            "contract",
            f"The source `{self.source.key}` does not go on: the same page came twice.",
            hint="Let the request go on from `since.at` and, where times are equal, from `since.id`.",
        )

    # A source with page numbers only.

    def _read_whole(self) -> Conversation[None]:
        """Read all pages, as often as something moves meanwhile."""
        window, answer = yield from self._first()
        rows, is_one_page = yield from self._pass(window, answer)
        found, is_settled = {row.number: (row, page) for row, page in rows}, is_one_page
        for _ in range(_PASSES_MAX - 1):
            if is_settled:
                break
            again, _ = yield from self._pass(window, (yield from self._page(window, None)))
            is_settled = _is_within([row.number for row, _ in rows], [row.number for row, _ in again])
            found |= {row.number: (row, page) for row, page in again}
            rows = again
        for row, page in sorted(found.values(), key=lambda entry: entry[0].at.micro):
            self._take(window, row, page)
        if is_settled:
            self._finish(window)
            return
        # It is read again the next time; what was told is known then.
        self._judge_zone()
        self.state.told, window.told = window.told, type(window.told)()
        self.state.told.shrink(None)

    def _pass(self, window: Window, answer: Batch) -> Conversation[tuple[list[tuple[Row, Batch]], bool]]:
        paging = self.source.paging
        assert paging is not None  # noqa: S101  `run` has looked
        rows: list[tuple[Row, Batch]] = []
        pages, seen = 1, []
        while True:
            rows += [(row, answer) for row in answer.rows]
            if answer.following is None:
                return rows, pages == 1
            if pages >= paging.max_pages or len(rows) >= paging.max_items:
                raise self._too_much(paging)
            if answer.following in seen:
                raise self._stuck()
            seen.append(answer.following)
            answer = yield from self._page(window, answer.following)
            pages += 1

    def _too_much(self, paging: PagingProgram) -> Exception:
        window = self.state.window
        begun = "" if window is None or window.since is None else f" since {text_of(window.since)}"
        return error_of(
            "limit",
            f"The source `{self.source.key}` has more changes{begun} than its `max` lets one poll read: "
            f"{paging.max_pages} pages, {paging.max_items} changes.",
            hint="Polling again does not help, for a source with `paginate` is read to its end in one poll. "
            "Raise its `paginate.max`, as far as the vendor gives pages, or begin at a later moment.",
        )

    # A page, and what becomes of its rows.

    def _page(
        self, window: Window, page: Mapping[str, Any] | None, cursor: tuple[int, Any] | None = None
    ) -> Conversation[Batch]:
        at, identity = cursor or window.cursor or (window.since, None)
        since: dict[str, Any] = {"reported": self._reported(window)}
        if at is not None:
            since["at"] = written(at, self.source.form)
        if identity is not None:
            since["id"] = identity
        return (yield from ask_page(self.source, self.ask, since, page))

    def _reported(self, window: Window) -> str:
        """Return up to which moment everything was told before."""
        if self.state.mark is not None:
            return text_of(self.state.mark)
        return text_of(window.clock) if self.state.is_quiet else FIRST

    def _take(self, window: Window, row: Row, answer: Batch) -> None:
        """Tell a change, unless it is too old or was told; a zone waits until it is read as a whole."""
        window.top = row.at.micro if window.top is None else max(window.top, row.at.micro)
        latest = row.at.latest
        if window.since is not None and latest < window.since:
            return
        if self._zone is not None and latest > self._zone.end:
            self._judge_zone()
        zone = self.state.told.zone_at(latest)
        if zone is not None:
            self._zone = zone
            self._in_zone.append((row, answer))
            return
        self._settle(window, row, answer, is_new=not self.state.told.has(row.number))

    def _judge_zone(self) -> None:
        """Compare a zone that was read as a whole, and tell what is new in it."""
        if self._zone is None or self.state.window is None:
            return
        new = self.state.told.new_in(self._zone, [row.number for row, _ in self._in_zone])
        waiting = {row.number: (row, answer) for row, answer in self._in_zone}
        self._zone, self._in_zone = None, []
        for row, answer in waiting.values():
            self._settle(self.state.window, row, answer, is_new=row.number in new)

    def _settle(self, window: Window, row: Row, answer: Batch, *, is_new: bool) -> None:
        if window.told.has(row.number):
            return
        is_before = self.state.is_quiet and row.at.latest < window.clock
        if is_new and not is_before:
            event = {
                "id": str(row.identity),
                "at": row.at.text(),
                "change": self._change(window, row, answer),
                "data": row.data,
            }
            self.events.append((row.at.micro, event))
        # Behind the event, that may not be worked out. A day is kept as long as it may come again.
        window.told.add(row.number, row.at.latest)

    def _change(self, window: Window, row: Row, answer: Batch) -> str:
        since, reported = answer.scope["since"], self._reported(window)
        if since["reported"] == reported:
            return row.change
        # Only the reply to the first question has said what the vendor's clock is.
        scope = {**answer.scope, "since": {**since, "reported": reported}, "item": row.item}
        return change_of(self.source, row.identity, scope)

    def _shrink(self, window: Window) -> None:
        top = window.top
        window.told.shrink(None if top is None else self._back(min(top, window.clock)))


def _gone_on(clock: int, here: int, clock_then: int | None, here_then: int | None) -> int:
    """Return a vendor's clock, that has gone on by no more than ours has: one of them may be wrong once."""
    return clock if clock_then is None or here_then is None else min(clock, clock_then + here - here_then)


def _is_within(before: list[int], after: list[int]) -> bool:
    """Return whether all that was read once stands unmoved at the beginning or the end of what came next."""
    count = len(before)
    return after[:count] == before or after[len(after) - count :] == before

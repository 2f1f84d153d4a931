"""Examples and tests as they are meant: one test for `each` entry, replies by name, repeated items.

What stands in them is data, and sent as it is: only a test with `each`, and an item that is
repeated, may hold expressions, and those know nothing but `each`.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT
from connector_runtime.errors.json_writing import dump_json
from connector_runtime.language.expressions.grammar import ExpressionError
from connector_runtime.language.expressions.operators import EvaluationError
from connector_runtime.language.schemas.violations import meant
from connector_runtime.language.templates import SPREAD, Template, compile_text

if TYPE_CHECKING:
    from collections.abc import Iterator

Pointer = tuple[str | int, ...]

# As an output: what the reply holds.
SAME = "same"
# More than any test needs; items within repeated items count together.
MAX_TIMES = 10_000
# Enough to tell the entries of a test apart.
_SHOWN_CHARACTERS = 80
_EACH = re.compile(r"\$\{\s*each\b")
_NAMES = frozenset({"each"})
# A reply, and a request that must go out, say with this how often they stand there.
_TIMES = "requests"
# What a change of a reply puts an end to: a reply has one body, or does not come at all.
_ANSWERED = ("status", "headers", "json", "text")
_INSTEAD_OF = {
    "json": ("text", "error"),
    "text": ("json", "error"),
    "status": ("error",),
    "headers": ("error",),
    "error": _ANSWERED,
}
# What says nothing when it is empty: any error would do, and any request.
_CLAIMS = ("error", "sends")
_NO_CLAIMS: tuple[dict[str, Any], ...] = ({"headers": {}}, {})


class WrittenTestError(ValueError):
    """Something in an example, a test or a named reply that cannot be meant.

    Attributes:
        pointer: Leads to the place, from the top of the file.
        kind: `reply` for a name that there is not, `circle`, `each` for a value that no entry
            has, `expression`, or `times`.
        offset: Characters into the text that stands there.
    """

    def __init__(
        self, kind: str, pointer: Pointer, message: str, hint: str | None = None, offset: int = 0
    ) -> None:
        super().__init__(message)
        self.kind, self.pointer, self.message, self.hint, self.offset = kind, pointer, message, hint, offset


class WrittenTest(NamedTuple):
    """One test as it is run: `name` is its sentence and, of several, the entry's values."""

    name: str
    definition: Mapping[str, Any]


class _Entry(NamedTuple):
    """What a test runs once with: named values, where they stand, and what people call it."""

    values: Mapping[str, Any]
    pointer: Pointer
    name: str = ""

    def places(self) -> Iterator[tuple[str, Pointer]]:
        """Yield each value's name and the place where it is given."""
        for key in self.values:
            yield key, (*self.pointer, key)


def _entries(each: Any, pointer: Pointer) -> list[_Entry]:
    """Return the entries of a test: those of a list, those with names, or all combinations of lists."""
    if isinstance(each, list):
        return [_Entry(values, (*pointer, index)) for index, values in enumerate(each)]
    lists = [key for key, values in each.items() if isinstance(values, list)]
    if not lists:
        return [_Entry(values, (*pointer, key), key) for key, values in each.items()]
    if len(lists) < len(each):
        message = "`each` has maps and lists side by side"
        raise WrittenTestError(
            "each", pointer, message, "name every entry, or give a list of values for each name"
        )
    count = math.prod(map(len, each.values()))
    if count > MAX_TIMES:
        raise WrittenTestError(
            "times", pointer, f"a test runs with {MAX_TIMES:,} entries at most, not {count:,}"
        )
    rows = itertools.product(*each.values())
    return [_Entry(dict(zip(each, row, strict=True)), pointer) for row in rows]


class _Scope(NamedTuple):
    """What expressions know: the values of this entry, and which names any entry has.

    `read` gathers the names that they read, and `most` is how often an item may still stand.
    """

    values: Mapping[str, Any]
    names: frozenset[str]
    read: set[str]
    most: int = MAX_TIMES


class WrittenTests:
    """The examples and tests of one file.

    Args:
        definition: The file's content.
        shared: Replies by name that several files share.

    Attributes:
        used: The names of replies that were needed so far.
        unread: Places of values of `each` that no expression has read, by the tests so far.
    """

    def __init__(self, definition: Mapping[str, Any], shared: Mapping[str, Any]) -> None:
        self._examples: Mapping[str, Any] = definition.get("examples") or {}
        self._tests: Mapping[str, Any] = definition.get("tests") or {}
        self._own: Mapping[str, Any] = definition.get("replies") or {}
        self._shared = shared
        self.used: set[str] = set()
        self.unread: list[Pointer] = []
        self._told: dict[str, list[WrittenTest]] = {}

    def examples(self) -> dict[str, dict[str, Any]]:
        """Return every example by name."""
        return {name: self.example(name) for name in self._examples}

    def example(self, name: str) -> dict[str, Any]:
        """Return one example; raises `WrittenTestError`, as everything here does."""
        pointer: Pointer = ("examples", name)
        return self._whole(_written(self._examples[name], None, pointer), pointer)

    def tests(self) -> Iterator[WrittenTest]:
        """Yield every test as it is run."""
        for name in self._tests:
            yield from self.test(name)

    def test(self, name: str) -> list[WrittenTest]:
        """Return one test: once, or once for each of its entries."""
        if name not in self._told:
            self._told[name] = list(self._tell(name))
        return self._told[name]

    def _tell(self, name: str) -> Iterator[WrittenTest]:
        pointer: Pointer = ("tests", name)
        definition = {key: value for key, value in self._tests[name].items() if key != "each"}
        each = self._tests[name].get("each")
        if each is None:
            yield WrittenTest(name, self._whole(_written(definition, None, pointer), pointer))
            return
        entries = _entries(each, (*pointer, "each"))
        names = frozenset(key for entry in entries for key in entry.values)
        read: set[str] = set()
        for entry in entries:
            # Repeated items within an entry are written out, too.
            known = _written(entry.values, None, entry.pointer)
            rendered = _written(definition, _Scope(known, names, read), pointer)
            _expect_claims(definition, rendered, entry, pointer)
            yield WrittenTest(f"{name} [{_shown(entry)}]", self._whole(rendered, pointer))
        places = {key: place for entry in entries for key, place in entry.places()}
        self.unread += [place for key, place in places.items() if key not in read]

    def _whole(self, entry: dict[str, Any], pointer: Pointer) -> dict[str, Any]:
        if "reply" in entry:
            entry["reply"] = self.reply(entry["reply"], (*pointer, "reply"))
        return entry

    def reply(self, given: Any, pointer: Pointer, within: tuple[str, ...] = ()) -> Any:
        """Return a reply, or a list of some, with those that have names in their place."""
        if isinstance(given, list):
            found = [self.reply(one, (*pointer, index), within) for index, one in enumerate(given)]
            return [one for reply in found for one in (reply if isinstance(reply, list) else [reply])]
        if isinstance(given, str):
            return self._named(given, pointer, within)
        if not isinstance(given, Mapping) or "use" not in given:
            return given
        base = self._named(given["use"], (*pointer, "use"), within)
        changes = {key: value for key, value in given.items() if key != "use"}
        if changes and isinstance(base, list):
            message = f"`{given['use']}` is several replies"
            raise WrittenTestError("reply", (*pointer, "use"), message, "only one reply can be changed")
        gone = {other for key in changes for other in _INSTEAD_OF.get(key, ())} - changes.keys()
        if isinstance(base, Mapping):
            base = {key: value for key, value in base.items() if key not in gone}
        return laid_over(base, changes)

    def _named(self, name: str, pointer: Pointer, within: tuple[str, ...]) -> Any:
        known = {**self._shared, **self._own}
        if name in within:
            raise WrittenTestError("circle", pointer, f"the reply `{name}` uses itself", "take one `use` out")
        if name not in known:
            hint = meant(name, known, "replies") or "there are no `replies`"
            raise WrittenTestError("reply", pointer, f"no reply is called `{name}`", hint)
        self.used.add(name)
        place: Pointer = ("replies", name) if name in self._own else pointer
        # What is written in another file has its place there.
        return self.reply(_replies(known[name], None, place), place, (*within, name))


def laid_over(base: Any, changes: Any) -> Any:
    """Return a value with changes on top: maps are merged, lists item by item.

    A list ends where the list of the changes ends; what is neither map nor list is replaced.
    """
    if isinstance(base, Mapping) and isinstance(changes, Mapping):
        merged = {key: laid_over(base[key], value) for key, value in changes.items() if key in base}
        return {**base, **changes, **merged}
    if isinstance(base, list) and isinstance(changes, list):
        return [*map(laid_over, base, changes), *changes[len(base) :]]
    return changes


def _written(entry: Mapping[str, Any], scope: _Scope | None, pointer: Pointer) -> dict[str, Any]:
    """Return an example or a test with its expressions rendered and its repeated items written out."""
    found = {}
    for key, value in entry.items():
        make = _replies if key in ("reply", "sends") else _rendered
        rendered = make(value, scope, (*pointer, key))
        if rendered is not ABSENT:
            found[key] = rendered
    return found


def _expect_claims(
    definition: Mapping[str, Any], rendered: Mapping[str, Any], entry: _Entry, pointer: Pointer
) -> None:
    """Refuse an entry that leaves nothing of what a test says must be sent or fail: all would do."""
    for key in _CLAIMS:
        is_said, is_left = (_all_say_something(one.get(key)) for one in (definition, rendered))
        if key in rendered and is_said and not is_left:
            message = f"an entry of `each` leaves nothing of `{key}`, so that anything fits"
            raise WrittenTestError(
                "each", (*pointer, key), message, f"[{_shown(entry)}] needs a test of its own"
            )


def _all_say_something(claims: Any) -> bool:
    """Return whether each claim can be untrue: an empty one cannot."""
    maps = [one for one in (claims if isinstance(claims, list) else [claims]) if isinstance(one, Mapping)]
    return all({key: value for key, value in one.items() if key != _TIMES} not in _NO_CLAIMS for one in maps)


def _replies(given: Any, scope: _Scope | None, pointer: Pointer) -> Any:
    """Return replies, or requests that must go out: what stands for several is a list of them."""
    if isinstance(given, list):
        items = [
            one
            for index, item in enumerate(given)
            for one in _repeated(item, scope, (*pointer, index), _TIMES)
        ]
        return [item for item in items if item is not ABSENT]
    if isinstance(given, Mapping) and _TIMES in given:
        return _repeated(given, scope, pointer, _TIMES)
    return _rendered(given, scope, pointer)


def _rendered(node: Any, scope: _Scope | None, pointer: Pointer) -> Any:
    if isinstance(node, str):
        return _text(node, scope, pointer)
    if isinstance(node, list):
        items = [
            one
            for index, item in enumerate(node)
            for one in _repeated(item, scope, (*pointer, index), SPREAD)
        ]
        return [item for item in items if item is not ABSENT]
    if isinstance(node, Mapping):
        members = {key: _rendered(value, scope, (*pointer, key)) for key, value in node.items()}
        return {key: value for key, value in members.items() if value is not ABSENT}
    return node


def _repeated(item: Any, scope: _Scope | None, pointer: Pointer, key: str) -> list[Any]:
    """Return an item of a list as often as it says, each time with its number, from 1."""
    times = item.get(key) if isinstance(item, Mapping) else None
    if type(times) is not int:
        return [_rendered(item, scope, pointer)]
    most = MAX_TIMES if scope is None else scope.most
    if not 1 <= times <= most:
        message = f"an item stands 1 to {most:,} times here, not {times:,}"
        raise WrittenTestError("times", (*pointer, key), message)
    one = {name: value for name, value in item.items() if name != key}
    outer = _Scope({}, frozenset(), set()) if scope is None else scope
    names, most = outer.names | {"number"}, most // times
    return [
        _rendered(one, _Scope({**outer.values, "number": number}, names, outer.read, most), pointer)
        for number in range(1, times + 1)
    ]


def _text(text: str, scope: _Scope | None, pointer: Pointer) -> Any:
    if "${" not in text:
        return text
    if scope is None:
        if _EACH.search(text):
            where = "add `each` to the test, or `...` with a number to the item of a list"
            raise WrittenTestError("each", pointer, "there is no `each` here", where)
        return text
    try:
        template = _compiled(text)
        for reference in template.references:
            name = reference.path[1] if len(reference.path) > 1 else None
            scope.read.update(scope.names if name is None else {str(name)})
            if name is not None and name not in scope.names:
                hint = meant(str(name), scope.names, "values of `each`")
                raise WrittenTestError("each", pointer, f"`each` has no `{name}`", hint, reference.offset)
        return template.render({"each": scope.values})
    except (ExpressionError, EvaluationError) as error:
        offset = getattr(error, "offset", 0)
        raise WrittenTestError("expression", pointer, error.message, error.hint, offset) from None


@functools.lru_cache(maxsize=1024)
def _compiled(text: str) -> Template:
    return compile_text(text, _NAMES)


def _shown(entry: _Entry) -> str:
    texts = [
        f"{name}: {value if isinstance(value, str) else dump_json(value)}"
        for name, value in entry.values.items()
    ]
    shown = ", ".join([entry.name, *texts] if entry.name else texts)
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "…"

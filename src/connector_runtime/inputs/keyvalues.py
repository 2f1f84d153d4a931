"""Key/value lists, in every shape a platform or a person sends; order and repeats are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector_runtime.inputs.plain import MAX_DEPTH, plain
from connector_runtime.inputs.refusals import Refusal, is_broken_text, nearest, plain_kind_of, shown, too_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHAPES = (
    'Write it as [{"key": "Name", "value": "Text"}], as {"Name": "Text"}, as one `Name: Text` a line, '
    "or as Name=Text&Other=Text."
)


# More than any form, query or record has; each costs time wherever it goes.
ENTRIES_MAX = 10_000


class Pairs(dict[str, Any]):
    """A map that remembers every entry it was made of; never changed once made.

    As a map, the last entry of a name counts.

    Attributes:
        pairs: Every (name, value), in order, repeats included.
    """

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[tuple[str, Any]] = ()) -> None:
        self.pairs: tuple[tuple[str, Any], ...] = tuple(pairs)
        super().__init__(self.pairs)

    def as_map(self) -> dict[str, Any]:
        """Return a plain map; the last entry of a name counts."""
        return dict(self)

    def __repr__(self) -> str:
        return f"Pairs({list(self.pairs)!r})"


def read_pairs(value: Any, read_value: Callable[[Any], Any] | None = None) -> Pairs:
    """Return the entries of a key/value list.

    An entry that is only a key, and an entry with neither key nor value, are left out:
    the first has no value to send, the second is an empty row of a form.

    Args:
        value: `[{key, value}]`, `[[key, value]]`, a map, or a text (see `pairtext`).
        read_value: Makes each value what it must be; default: values as in JSON.

    Raises:
        Refusal: Not a key/value list; names the entry, never shows a value.
    """
    if isinstance(value, str):
        from connector_runtime.inputs.pairtext import parse_pairs  # noqa: PLC0415  only for texts

        value = parse_pairs(value, ENTRIES_MAX)
    if isinstance(value, Mapping | list | tuple) and len(value) > ENTRIES_MAX:
        raise too_many(ENTRIES_MAX)
    read = read_value or _plain_value
    if isinstance(value, Pairs):
        entries: Iterable[tuple[Any, Any]] = value.pairs
    elif isinstance(value, Mapping):
        _refuse_single_entry(value)
        entries = value.items()
    elif isinstance(value, list | tuple):
        entries = filter(None, (_entry(item, number) for number, item in enumerate(value, 1)))
    else:
        raise Refusal(f"{plain_kind_of(value)} is not a list of names and values.", SHAPES)
    return Pairs(
        [
            # What most entries are needs no closer look.
            (key, content)
            if type(content) is str
            and type(key) is str
            and key.isidentifier()
            and content.isascii()
            and read is _plain_value
            else _checked(key, content, read)
            for key, content in entries
        ]
    )


def _entry(item: Any, number: int) -> tuple[Any, Any] | None:
    if isinstance(item, list | tuple) and len(item) == 2:
        return item[0], item[1]
    if not isinstance(item, Mapping):
        raise Refusal(f"entry {number} is {plain_kind_of(item)}, not a key with a value.", SHAPES)
    for member in ("key", "value"):
        if member not in item and (member == "key" or len(item) > 1):
            near = nearest(member, (str(name) for name in item if name not in ("key", "value")))
            hint = f"Write `{member}` instead of {shown(near)}." if near else SHAPES
            raise Refusal(f"entry {number} has no `{member}`.", hint)
    if "value" not in item:
        return None
    if item["key"] in ("", None) and item["value"] in ("", None):
        return None
    return item["key"], item["value"]


def _checked(key: Any, content: Any, read: Callable[[Any], Any]) -> tuple[str, Any]:
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str):
        raise Refusal(f"a key is {plain_kind_of(key)}, not a text.", SHAPES)
    if not key.strip():
        raise Refusal("an entry has a value but no key.", "Enter its key, or remove the entry.")
    if is_broken_text(key):
        raise Refusal("a key holds half a character.", "Copy it again from where it comes from.")
    try:
        return key, read(content)
    except Refusal as refusal:
        problem = refusal
    raise Refusal(f"the value of {shown(key)}: {problem.message}", problem.hint)


def _plain_value(content: Any) -> Any:
    if type(content) is str and content.isascii():
        return content
    if isinstance(content, bytes | bytearray):
        try:
            return bytes(content).decode()
        except UnicodeDecodeError:
            pass
        raise Refusal("it is the content of a file, not text.", "Send files with an input for files.")
    return plain(content, MAX_DEPTH - 1)


def _refuse_single_entry(value: Mapping[Any, Any]) -> None:
    """Refuse {key: …, value: …}, which may be one entry or two fields with unlucky names."""
    if len(value) == 2 and "key" in value and "value" in value:
        raise Refusal(
            "{key: …, value: …} can mean one entry or two fields called key and value.",
            "Put one entry in a list: [{key: …, value: …}].",
        )

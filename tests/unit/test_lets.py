"""Named values: worked out when they are read, and again only where what they read is another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.inputs.keyvalues import Pairs
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.lets import Lets
from connector_runtime.language.templates import compile_text
from connector_runtime.language.visible_names import ALL_NAMES


class Counted(Mapping[str, Any]):
    """A map that counts how often its members are read."""

    def __init__(self, **members: Any) -> None:
        self.members = members
        self.reads = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.reads += 1
        return self.members.get(key, default)

    def __getitem__(self, key: str) -> Any:
        return self.members[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)


def value_of(text: str, scope: Mapping[str, Any]) -> Any:
    """Return what an expression gives in a scope."""
    return compile_text(text, ALL_NAMES).render(scope)


def test_a_value_is_worked_out_when_it_is_first_read() -> None:
    """Nobody reads it, nothing happens; many read it, it happens once."""
    inputs = Counted(name="Rex")
    scope = Lets({"name": "${ inputs.name }"}).seen_by({"inputs": inputs})
    assert inputs.reads == 0

    assert [value_of("${ let.name }!", scope) for _ in range(3)] == ["Rex!"] * 3
    assert inputs.reads == 1


def test_each_page_and_each_item_has_its_own() -> None:
    """Only what reads the item is worked out again for the next one."""
    inputs = Counted(name="Rex")
    lets = Lets({"name": "${ inputs.name }", "both": "${ let.name ~ item.id }"})
    scope = lets.seen_by({"inputs": inputs})

    found = [value_of("${ let.both }", {**scope, "item": {"id": number}}) for number in range(3)]

    assert found == ["Rex0", "Rex1", "Rex2"]
    assert inputs.reads == 1


def test_scopes_do_not_share_what_they_have_read() -> None:
    """Two calls of one action never see each other's values."""
    lets = Lets({"name": "${ inputs.name }"})

    found = [value_of("${ let.name }", lets.seen_by({"inputs": {"name": name}})) for name in ("Rex", "Ada")]

    assert found == ["Rex", "Ada"]


def test_a_secret_is_gone_where_the_reader_has_none() -> None:
    """What was read beside a secret is not remembered where there is no secret."""
    scope = Lets({"key": "${ secrets.key }"}).seen_by({"secrets": {"key": Secret("hush")}})
    assert isinstance(value_of("${ let.key }", scope), Secret)

    assert value_of("${ let.key }", {**scope, "secrets": ABSENT}) is ABSENT


def test_a_value_keeps_its_type_and_can_be_a_whole_map() -> None:
    """A value is anything that YAML can say; absent members are left out."""
    lets = Lets({"place": {"branch": "${ inputs.branch }", "room": "${ inputs.room }", "fixed": [1, True]}})
    scope = lets.seen_by({"inputs": {"branch": 17}})

    assert value_of("${ let.place }", scope) == {"branch": 17, "fixed": [1, True]}
    assert value_of("${ let.place.fixed[0] }", scope) == 1
    assert value_of("${ let.place.room }", scope) is ABSENT


def test_nothing_is_there_without_named_values() -> None:
    """A scope without any, or without this one, gives absent."""
    assert value_of("${ let.name is defined }", {}) is False
    assert value_of("${ let.other is defined }", Lets({"name": "x"}).seen_by({})) is False


def test_the_files_own_values_stand_beside_the_components() -> None:
    """A file's value can read one of the component's."""
    lets = Lets({"name": "${ inputs.name }"}, {"greeting": "Hello ${ let.name }"})

    assert value_of("${ let.greeting }", lets.seen_by({"inputs": {"name": "Rex"}})) == "Hello Rex"


def test_what_is_read_through_a_value_is_known() -> None:
    """References to a value stand for what it reads, its guards kept."""
    lets = Lets(
        {"both": "${ let.name ~ inputs.b }", "name": "${ inputs.a | default('x') }", "one": "${ item.id }"}
    )
    template = compile_text("${ let.both ~ let.one }", ALL_NAMES)

    found = {
        reference.path: (reference.guarded, reference.needed)
        for reference in lets.expanded(template.references)
    }

    assert found == {
        ("inputs", "a"): (True, False),
        ("inputs", "b"): (False, True),
        ("item", "id"): (False, True),
    }


@pytest.mark.parametrize(
    ("is_pairwise", "text"), [(False, "a=1 and b=2 and c=3"), (True, "((a=1 and b=2) and c=3)")]
)
def test_rows_become_one_text(is_pairwise: bool, text: str) -> None:
    """The rows' texts stand in order with the word between them, in brackets two by two where wanted."""
    rows = {
        "of": "${ inputs.rows }",
        "text": "${ row.f }=${ row.v }",
        "join": " and ",
        "pairwise": is_pairwise,
    }
    scope = Lets({"where": rows}).seen_by(
        {"inputs": {"rows": [{"f": name, "v": number} for number, name in enumerate("abc", 1)]}}
    )

    assert value_of("${ let.where }", scope) == text


@pytest.mark.parametrize("rows", [ABSENT, None, []])
def test_no_rows_are_no_text(rows: Any) -> None:
    """Without rows there is nothing, so that the key which would hold it is left out."""
    lets = Lets({"where": {"of": "${ inputs.rows }", "text": "${ row }", "join": ","}})

    assert value_of("${ let.where }", lets.seen_by({"inputs": {"rows": rows}})) is ABSENT


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "entry 2 of `rows` lacks `v`"),
        ({"v": None}, "`v` of entry 2 of `rows` is null"),
        ({"v": ["x"]}, "`v` of entry 2 of `rows` is a list"),
        ("x", "entry 2 of `rows` is a text, not a map"),
    ],
)
def test_an_entry_that_makes_no_text_is_named(row: Any, words: str) -> None:
    """A value that is missing, null or a list is said to whoever entered it, never pasted."""
    lets = Lets({"where": {"of": "${ inputs.rows }", "text": "${ row.v | escaped('()') };", "join": ","}})
    scope = lets.seen_by({"inputs": {"rows": [{"v": "a"}, row]}})

    with pytest.raises(EvaluationError, match=words) as caught:
        value_of("${ let.where }", scope)

    assert (caught.value.kind, caught.value.inputs) == ("input", ("rows",))
    assert caught.value.hint == "Give every entry a text or a number as `v`."


def test_a_row_of_a_reply_that_makes_no_text_is_named() -> None:
    """Of what the vendor has sent the author is told, with the row and the expression."""
    lets = Lets({"where": {"of": "${ reply.json }", "text": "${ row.v };", "join": ","}})

    with pytest.raises(EvaluationError, match="row 2: an absent value cannot be part of a text") as caught:
        value_of("${ let.where }", lets.seen_by({"reply": {"json": [{"v": "a"}, {}]}}))

    assert (caught.value.kind, str(caught.value.source).strip()) == ("contract", "row.v")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (Pairs([("a", "1"), ("b", 2), ("a", "3")]), "(a:1)and(b:2)and(a:3)"),
        ({"a": "1", "b": 2}, "(a:1)and(b:2)"),
        (Pairs([]), ABSENT),
    ],
)
def test_names_and_values_are_rows(given: Any, text: Any) -> None:
    """Of a key/value list each entry is a row with `key` and `value`, in order, repeats included."""
    lets = Lets({"where": {"of": "${ inputs.rows }", "text": "(${ row.key }:${ row.value })", "join": "and"}})

    assert value_of("${ let.where }", lets.seen_by({"inputs": {"rows": given}})) == text


def test_rows_are_a_list() -> None:
    """A text in place of the rows is refused: its characters are no rows."""
    lets = Lets({"where": {"of": "${ reply.json }", "text": "${ row }", "join": ","}})

    with pytest.raises(EvaluationError, match="rows are a list, or a map of names and values, and not a text") as caught:
        value_of("${ let.where }", lets.seen_by({"reply": {"json": "abc"}}))

    assert caught.value.kind == "contract"


def test_a_secret_does_not_get_into_rows() -> None:
    """A text made of rows is data, which a secret must not become."""
    lets = Lets({"where": {"of": "${ inputs.rows }", "text": "${ secrets.key }", "join": ","}})

    with pytest.raises(EvaluationError, match="a secret cannot be part"):
        value_of(
            "${ let.where }", lets.seen_by({"inputs": {"rows": [1]}, "secrets": {"key": Secret("hush")}})
        )


def test_a_map_with_other_keys_is_a_map() -> None:
    """Only `of`, `text` and `join` together make a text of rows."""
    lets = Lets({"part": {"of": "a", "text": "b"}})

    assert value_of("${ let.part }", lets.seen_by({})) == {"of": "a", "text": "b"}


@pytest.mark.parametrize("key", ["of", "text", "join"])
@pytest.mark.parametrize("value", [None, 5, True, ["${ inputs.rows }"], {"a": "b"}])
def test_rows_of_another_shape_are_read_like_any_map(key: str, value: Any) -> None:
    """The schema says what is wrong with them; nobody who only looks at them breaks."""
    rows = {"of": "${ inputs.rows }", "text": "${ row }", "join": ",", key: value}

    assert {str(one.path[0]) for one in Lets({"where": rows}).of("where")} <= {"inputs", "row"}

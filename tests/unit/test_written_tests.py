"""What examples and tests mean: entries of `each`, replies by name, repeated items."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.definition.written_tests import WrittenTestError, WrittenTests, laid_over


def told(test: dict[str, Any], **parts: Any) -> list[tuple[str, Any]]:
    """Return one test as it is run: names and definitions."""
    return [tuple(one) for one in WrittenTests({"tests": {"t": test}, **parts}, {}).tests()]


def reply_of(given: Any, shared: Any = None, **replies: Any) -> Any:
    """Return the reply of an example in a file with these named replies."""
    written = WrittenTests({"examples": {"one": {"reply": given}}, "replies": replies}, shared or {})
    return written.example("one")["reply"]


def refused(test: dict[str, Any], **parts: Any) -> WrittenTestError:
    """Return why a test cannot be meant."""
    with pytest.raises(WrittenTestError) as caught:
        told(test, **parts)
    return caught.value


def test_a_test_runs_once_for_each_entry() -> None:
    """The entry's values stand in the name and wherever the test reads them, with their types."""
    test = {"each": [{"v": 7}, {"v": "b"}], "inputs": {"a": "${ each.v }", "b": ["x${ each.v }"]}}

    assert told(test) == [
        ("t [v: 7]", {"inputs": {"a": 7, "b": ["x7"]}}),
        ("t [v: b]", {"inputs": {"a": "b", "b": ["xb"]}}),
    ]


def test_entries_may_have_names() -> None:
    """A map of entries says in the test's name which one it was, and with which values."""
    test = {"each": {"small": {"v": 1}, "none": {"v": None}}, "output": "${ each.v }"}

    assert told(test) == [("t [small, v: 1]", {"output": 1}), ("t [none, v: null]", {"output": None})]


def test_lists_of_values_are_combined() -> None:
    """Each version with each module: no combination is written out."""
    test = {"each": {"v": ["v7", "v8"], "m": [{"n": 1}, {"n": 2}]}, "output": "${ each.v }/${ each.m.n }"}

    assert [one["output"] for _, one in told(test)] == ["v7/1", "v7/2", "v8/1", "v8/2"]
    assert told(test)[0][0] == 't [v: v7, m: {"n":1}]'


def test_named_entries_and_lists_do_not_mix() -> None:
    """It would not be clear what is combined with what; nor may they be too many."""
    assert refused({"each": {"v": ["v7"], "small": {"n": 1}}, "output": 1}).kind == "each"
    assert refused({"each": {"a": [0] * 101, "b": [0] * 100}, "output": 1}).kind == "times"


def test_a_value_that_an_entry_lacks_is_left_out() -> None:
    """Key or item, as everywhere in the language."""
    test = {"each": [{"a": 1}, {"b": 2}], "inputs": {"a": "${ each.a }", "l": ["${ each.b }"]}}

    assert [one for _, one in told(test)] == [{"inputs": {"a": 1, "l": []}}, {"inputs": {"l": [2]}}]


def test_what_looks_like_an_expression_is_data_without_each() -> None:
    """Tests may show what people type: nothing is computed where there is no `each`."""
    test = {"inputs": {"a": "${ inputs.b }", "b": "{{ x }}"}}

    assert told(test) == [("t", test)]


def test_each_is_known_where_there_is_one() -> None:
    """A test without `each` that reads it is a mistake, and so is a value that no entry has."""
    assert refused({"inputs": {"a": "${ each.v }"}}).pointer == ("tests", "t", "inputs", "a")
    misspelt = refused({"each": [{"version": 1}], "output": "v${ each.verson }"})
    assert (misspelt.pointer, misspelt.offset) == (("tests", "t", "output"), 4)
    assert "did you mean `version`?" in str(misspelt.hint)


def test_an_expression_of_a_test_reads_nothing_but_each() -> None:
    """A test is no part of a call: inputs and replies are not there."""
    assert refused({"each": [{"v": 1}], "output": "${ inputs.v }"}).kind == "expression"


def test_a_value_that_no_expression_reads_is_known() -> None:
    """The check warns about it."""
    written = WrittenTests({"tests": {"t": {"each": [{"a": 1, "b": 2}], "output": "${ each.a }"}}}, {})

    list(written.tests())

    assert written.unread == [("tests", "t", "each", 0, "b")]


def test_an_item_stands_as_often_as_it_says() -> None:
    """`...` with a number repeats an item of a list; `each.number` counts from 1."""
    test = {"inputs": {"rows": [{"...": 3, "id": "p-${ each.number }"}, {"id": "z"}]}}

    assert told(test)[0][1]["inputs"]["rows"] == [{"id": "p-1"}, {"id": "p-2"}, {"id": "p-3"}, {"id": "z"}]


def test_a_repeated_item_knows_the_entry_as_well() -> None:
    """Its number stands beside the values of `each`, and hides none of the others."""
    test = {"each": [{"v": "x"}], "output": [{"...": 2, "a": "${ each.v }${ each.number }"}]}

    assert told(test)[0][1]["output"] == [{"a": "x1"}, {"a": "x2"}]


def test_replies_and_requests_say_how_many_requests_they_stand_for() -> None:
    """`requests` in a reply or in `sends` makes a list of it."""
    test = {
        "reply": [{"requests": 2, "json": {"n": "${ each.number }"}}, {"status": 500}],
        "sends": {"requests": 2, "url": "/${ each.number }"},
    }

    assert told(test)[0][1] == {
        "reply": [{"json": {"n": 1}}, {"json": {"n": 2}}, {"status": 500}],
        "sends": [{"url": "/1"}, {"url": "/2"}],
    }


@pytest.mark.parametrize("rows", [[{"...": 0}], [{"...": 10_001}], [{"...": 200, "l": [{"...": 51}]}]])
def test_repeated_items_are_bounded(rows: Any) -> None:
    """Ten thousand are the most, those within others counted together."""
    assert refused({"inputs": {"rows": rows}}).kind == "times"


def test_a_reply_has_a_name() -> None:
    """Its own file's first, then those that files share; alone and in lists."""
    shared = {"down": {"status": 503}, "known": {"status": 1}}

    assert reply_of("known", shared, known={"json": 1}) == {"json": 1}
    assert reply_of(["down", {"json": 2}], shared) == [{"status": 503}, {"json": 2}]


def test_a_name_may_stand_for_several_replies() -> None:
    """They take their places among the others."""
    twice = {"requests": 2, "status": 503}

    assert reply_of(["twice", "fine"], twice=twice, fine={"json": 1}) == [
        {"status": 503},
        {"status": 503},
        {"json": 1},
    ]


def test_a_named_reply_is_changed_where_it_is_used() -> None:
    """Maps are merged, lists item by item; everything else is replaced."""
    known = {"json": {"data": [{"id": 1, "tags": ["a", "b"]}, {"id": 2}], "more": True}}
    given = {"use": "known", "status": 400, "json": {"data": [{"id": 3, "tags": ["c"]}]}}

    assert reply_of(given, known=known) == {
        "json": {"data": [{"id": 3, "tags": ["c"]}], "more": True},
        "status": 400,
    }
    assert known["json"]["more"] is True
    assert known["json"]["data"][0]["id"] == 1


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"text": "no"}, {"status": 201, "text": "no"}),
        ({"error": "timeout"}, {"error": "timeout"}),
    ],
)
def test_another_body_takes_the_place_of_the_first(changes: Any, left: Any) -> None:
    """A reply has one body, and none where nothing came back."""
    assert reply_of({"use": "known", **changes}, known={"status": 201, "json": {"a": 1}}) == left


def test_a_named_reply_may_change_another() -> None:
    """Names lead to names; one that leads back to itself does not."""
    assert reply_of("b", a={"json": 1}, b={"use": "a", "status": 404}) == {"json": 1, "status": 404}
    with pytest.raises(WrittenTestError, match="uses itself"):
        reply_of("a", a="b", b={"use": "a"})


def test_several_replies_cannot_be_changed_at_once() -> None:
    """It would not be clear which one is meant."""
    with pytest.raises(WrittenTestError, match="several replies"):
        reply_of({"use": "two", "status": 1}, two=[{"json": 1}, {"json": 2}])


def test_each_may_choose_among_named_replies() -> None:
    """A name is a text like any other."""
    test = {"each": [{"r": "a"}, {"r": "b"}], "reply": "${ each.r }"}

    replies = {"a": {"json": 1}, "b": {"json": 2}}

    assert [one for _, one in told(test, replies=replies)] == [{"reply": {"json": 1}}, {"reply": {"json": 2}}]


def test_a_longer_list_of_changes_goes_on() -> None:
    """Items beyond the first list are added."""
    assert laid_over([{"a": 1}], [{"b": 2}, {"c": 3}]) == [{"a": 1, "b": 2}, {"c": 3}]
    assert laid_over([1, 2], []) == []


@pytest.mark.parametrize(
    "change",
    [{"json": {"id": "7"}}, {"text": "no"}, {"status": 404}, {"headers": {"X-A": "b"}}],
)
def test_a_reply_that_fails_can_be_changed_into_an_answer(change: dict[str, Any]) -> None:
    """What an answer has takes the place of the failure on the wire, and the other way round."""
    assert reply_of({"use": "lost", **change}, lost={"error": "timeout"}) == change
    assert reply_of({"use": "there", "error": "timeout"}, there=change) == {"error": "timeout"}


@pytest.mark.parametrize(
    "claim",
    [
        {"error": {"kind": "${ each.v }"}},
        {"sends": {"url": "${ each.v }"}},
        {"sends": {"headers": {"X-A": "${ each.v }"}}},
        {"sends": [{"method": "GET"}, {"url": "${ each.v }"}]},
        {"sends": {"requests": 2, "url": "${ each.v }"}},
    ],
)
def test_an_entry_that_leaves_nothing_to_be_untrue_is_refused(claim: dict[str, Any]) -> None:
    """Without its value any error would do, and any request."""
    (key,) = claim

    assert len(told({"each": [{"v": "a"}], **claim})) == 1
    problem = refused({"each": [{"v": "a"}, {"w": 1}], "inputs": {"w": "${ each.w }"}, **claim})
    assert (problem.kind, problem.pointer) == ("each", ("tests", "t", key))


def test_what_says_nothing_by_itself_may_stay() -> None:
    """Any error at all, or any request, can be what is meant."""
    test = {"each": [{"v": 1}], "inputs": {"v": "${ each.v }"}, "error": {}, "sends": [{}]}

    assert told(test)[0][1]["error"] == {}

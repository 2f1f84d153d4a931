"""Push and catch-up may both tell of a change: it is handed on once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime import ConnectorError
from connector_runtime.triggers.webhooks.seen import Seen


def told(number, change, second):
    """Return an event of a record, so many seconds after noon."""
    return {"id": number, "change": change, "at": f"2026-06-01T12:00:{second:02}+00:00"}


@pytest.mark.plan("S-275")
def test_a_push_that_is_repeated_is_told_once():
    """A vendor that missed our answer sends the push again."""
    seen = Seen()

    assert [len(seen.new([told("7", "updated", 1)])) for _ in range(3)] == [1, 0, 0]


def test_a_copy_of_an_old_push_tells_nothing_whenever_it_comes():
    """Whoever has kept pushes with their proof can send them again: what has happened since does not matter."""
    changes = ["created", "updated", "updated", "deleted", "created", "updated"]
    bare = [told("7", change, second) for second, change in enumerate(changes)]
    full = [{**event, "id": "8", "data": {"name": event["at"]}} for event in bare]
    seen = Seen()
    first = seen.new([*bare, *full])
    kept = Seen(json.loads(json.dumps(seen.to_dict())))

    assert len(first) == 2 * len(changes)
    assert [kept.new([event]) for event in [*full, *reversed(bare), *bare]] == [[]] * 3 * len(changes)


def test_a_copy_that_names_a_record_long_forgotten_says_when_it_was_made():
    """Of more than eight states the oldest is no longer known: `at` shows that it is older than what was told since."""
    seen = Seen()
    states = [{**told("7", "updated", second), "data": {"name": second}} for second in range(10)]
    seen.new(states)

    assert [event["at"] for event in seen.new([states[0], states[9]])] == [states[0]["at"]]


@pytest.mark.plan("S-275")
def test_a_poll_behind_a_push_tells_nothing_new():
    """The push names the moment it was sent, the poll that of the change a little earlier."""
    seen = Seen()
    seen.new([told("7", "updated", 5)])

    assert seen.new([told("7", "updated", 4)]) == []


@pytest.mark.plan("S-275")
def test_a_later_change_is_new():
    """Of the same record, and of another one."""
    seen = Seen()
    seen.new([told("7", "updated", 5)])

    assert len(seen.new([told("7", "updated", 6), told("8", "updated", 5)])) == 2


@pytest.mark.plan("S-275")
def test_another_kind_of_change_is_never_taken_for_known():
    """A push that was lost may be the one that told of the record's making."""
    seen = Seen()
    seen.new([told("7", "updated", 5)])

    assert [event["change"] for event in seen.new([told("7", "created", 1), told("7", "deleted", 3)])] == ["created", "deleted"]


@pytest.mark.plan("S-275")
def test_a_record_is_created_once():
    """A poll that sees it made and changed since calls it created; whoever knows it is told of the change."""
    seen = Seen()
    seen.new([told("7", "created", 1)])

    assert seen.new([told("7", "created", 1)]) == []
    assert seen.new([told("7", "created", 4)]) == [told("7", "updated", 4)]
    assert seen.new([told("7", "updated", 3)]) == []


@pytest.mark.plan("S-275")
def test_a_record_that_comes_back_is_new():
    """Made, deleted, made again: three changes."""
    seen = Seen()

    assert len(seen.new([told("7", "created", 1), told("7", "deleted", 2), told("7", "created", 3)])) == 3


def poll_of(name, second, change="updated"):
    """Return an event with its data, as a poll tells it."""
    return {**told("7", change, second), "data": {"name": name}}


@pytest.mark.plan("S-275")
def test_other_data_within_the_same_second_are_new():
    """A record that changes twice in a second is told twice by a poll, also over a restart."""
    seen = Seen()
    seen.new([poll_of("one", 5)])
    seen = Seen(json.loads(json.dumps(seen.to_dict())))

    assert [len(seen.new([poll_of("two", 5)])) for _ in range(2)] == [1, 0]
    assert seen.new([poll_of("one", 5)]) == []


@pytest.mark.plan("S-275")
def test_a_push_that_was_sent_late_does_not_hide_the_next_change():
    """It names when it was sent; the change after it may have been made before that."""
    seen = Seen()
    seen.new([poll_of("one", 5)])

    assert len(seen.new([poll_of("two", 4)])) == 1
    assert seen.new([poll_of("one", 5), poll_of("two", 4)]) == []


@pytest.mark.plan("S-275")
def test_the_same_change_in_other_words_is_known():
    """Where push and poll tell different members, their data say nothing about each other."""
    seen = Seen()
    seen.new([{**told("7", "updated", 5), "data": {"title": "one"}}])

    assert seen.new([poll_of("one", 4)]) == []


@pytest.mark.plan("S-275")
def test_a_deletion_that_was_pushed_late_does_not_hide_a_return():
    """Deleted, restored and changed, and only then the push of the deletion was sent."""
    seen = Seen()
    seen.new([told("7", "updated", 0), told("7", "deleted", 10)])

    assert len(seen.new([told("7", "updated", 8)])) == 1
    assert seen.new([told("7", "deleted", 6)]) == []


@pytest.mark.plan("S-275")
def test_what_is_made_and_deleted_in_one_second_and_made_again_is_created():
    """Whoever was told of the deletion does not know the record any more."""
    seen = Seen()
    seen.new([told("7", "created", 5), told("7", "deleted", 5)])

    assert seen.new([told("7", "created", 7)]) == [told("7", "created", 7)]


@pytest.mark.plan("S-275")
def test_what_was_seen_can_be_kept():
    """As JSON, over a restart; times are compared as instants, whatever their offset."""
    seen = Seen()
    seen.new([told("7", "updated", 5)])
    again = Seen(json.loads(json.dumps(seen.to_dict())))

    assert again.new([{"id": "7", "change": "updated", "at": "2026-06-01T14:00:05+02:00"}]) == []


@pytest.mark.plan("S-275")
def test_an_event_without_an_instant_is_always_new():
    """Nothing says that it is the one that was told."""
    seen = Seen()

    assert len(seen.new([{"id": "7", "change": "updated"}] * 2)) == 2


@pytest.mark.plan("S-275")
def test_the_longest_ago_is_forgotten_first():
    """What is remembered has a bound."""
    seen = Seen(limit=2)
    seen.new([told("1", "updated", 1), told("2", "updated", 1), told("1", "updated", 2), told("3", "updated", 1)])

    assert list(seen.to_dict()) == ["1", "3"]


@pytest.mark.plan("S-275")
@pytest.mark.parametrize("state", [[], "x", {"7": "x"}, {"7": {"updated": 5}}, {"7": {"updated": "noon"}}, {"7": {"": "x"}}, {"7": {"": [5]}}, {"7": {"": ["0123456789abcdef@"]}}, {"7": {"": ["0123456789abcdef@1e9"]}}])
def test_a_spoiled_state_is_said_to_be_one(state):
    """And not taken for an empty one, which would tell everything again."""
    with pytest.raises(ConnectorError, match="cannot be read"):
        Seen(state)


# One change: of which record, what happens, and what becomes of its push.
HISTORY = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.booleans(), st.sampled_from(["lost", "told", "told twice"]), st.booleans()
    ),
    max_size=25,
)


@pytest.mark.plan("S-275")
@settings(max_examples=200, deadline=None)
@given(history=HISTORY)
def test_of_any_history_nothing_is_lost_and_nothing_told_twice(history):
    """Pushes lost or repeated, polls in between: the last change of each record is told, and no event again."""
    seen, handed_on, alive, last = Seen(), [], {}, {}

    def poll():
        """Return how every record stands: what is there was created since the beginning."""
        return [told(number, "created" if number in alive else "deleted", at) for number, at in last.items()]

    for second, (number, removes, push, polls) in enumerate(history):
        change = "updated" if number in alive else "created"
        if removes and number in alive:
            change = "deleted"
            del alive[number]
        else:
            alive[number] = second
        last[number] = second
        for _ in range({"lost": 0, "told": 1, "told twice": 2}[push]):
            handed_on += seen.new([told(number, change, second)])
        handed_on += seen.new(poll()) if polls else []
    handed_on += seen.new(poll())

    keys = [(event["id"], event["change"], event["at"]) for event in handed_on]
    assert len(keys) == len(set(keys))
    for number, second in last.items():
        at = told(number, "", second)["at"]
        # Where the push of its making was lost, the poll tells that beside the change that was pushed.
        final = {event["change"] for event in handed_on if (event["id"], event["at"]) == (number, at)}
        assert final
        assert (final == {"deleted"}) == (number not in alive)


def test_a_record_that_goes_back_to_what_it_was_is_told():
    """Between, a push was sent late and names a later instant: only the last data that were told are known."""
    seen = Seen()
    seen.new([poll_of("one", 0), poll_of("two", 10)])
    seen = Seen(json.loads(json.dumps(seen.to_dict())))

    assert [len(seen.new([poll_of("one", 5)])) for _ in range(2)] == [1, 0]
    assert seen.new([poll_of("two", 10), poll_of("one", 0)]) == []


def test_what_an_earlier_version_has_kept_is_read():
    """It knows data without their instant: what is no longer the last is told once more at most."""
    seen = Seen()
    seen.new([poll_of("one", 0), poll_of("two", 10)])
    kept = json.loads(json.dumps(seen.to_dict()).replace("@1780315200", "").replace("@1780315210", ""))
    seen = Seen(kept)

    assert "@" not in json.dumps(kept)
    assert seen.new([poll_of("two", 10)]) == []
    assert [len(seen.new([poll_of("one", 0)])) for _ in range(2)] == [1, 0]

"""Embedded tests fail when what they promise does not hold, one keyword at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector_runtime.testing.cases import cases_of, run_case
from engine.shop import SENT, action, model_of


def failures(test: dict[str, Any], kind: str = "read", component: Any = None, **parts: Any) -> list[str]:
    """Return what is wrong with one test of an action: both drivers agree on it."""
    # Each value written out: what is shared would be an alias in YAML.
    definition = json.loads(json.dumps(action(kind, tests={"t": test}, **parts)))
    model = model_of(definition, **(component or {}))
    return [failure for case in cases_of(model) for failure in run_case(model, case)]


BASE = {"example": "one"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"output": {"id": "7"}}, {"output": {"id": "8"}}),
        ({"output": "same"}, {"output": "other"}),
        ({"output": {"...": "same", "id": "7"}}, {"output": {"...": "same", "more": 1}}),
        ({"requests": 1}, {"requests": 2}),
        ({"waits": []}, {"waits": [1.0]}),
        ({"sends": {"method": "GET"}}, {"sends": {"method": "PUT"}}),
        (
            {"sends": {"url": "https://api.example.com/v1/orders?n=n"}},
            {"sends": {"url": "https://api.example.com/v1/orders"}},
        ),
        ({"sends": {"headers": {"X-Key": "shop-key-123456"}}}, {"sends": {"headers": {"X-Key": None}}}),
        ({"sends": [{}]}, {"sends": [{}, {}]}),
        ({"sends": {"requests": 1}}, {"sends": {"requests": 2}}),
        ({"reply": {"json": {"id": "8"}}, "output": {"id": "8"}}, {"reply": SENT, "output": {"id": "8"}}),
        ({"inputs": {"name": "n"}, "sends": {"url": "https://api.example.com/v1/orders?n=n"}},
         {"inputs": {"name": "m"}, "sends": {"url": "https://api.example.com/v1/orders?n=n"}}),
        ({"connection": {"fields": {"key": "another-key"}}, "sends": {"headers": {"X-Key": "another-key"}}},
         {"connection": {"fields": {"key": "another-key"}}, "sends": {"headers": {"X-Key": "shop-key-123456"}}}),
        ({"reply": {"status": 404}, "error": {"kind": "not_found"}}, {"reply": {"status": 404}, "error": {"kind": "server"}}),
        ({"reply": {"text": "no"}, "error": {"kind": "contract"}}, {"reply": {"text": "{}"}, "error": {"kind": "contract"}}),
        ({"reply": {"error": "connect"}, "error": {"kind": "network"}}, {"reply": {"error": "timeout"}, "error": {"kind": "network"}}),
        ({"reply": {"headers": {"Retry-After": "9"}, "status": 429}, "inputs": {"retries": 1}, "waits": [9.0]},
         {"reply": {"headers": {"Retry-After": "8"}, "status": 429}, "inputs": {"retries": 1}, "waits": [9.0]}),
        ({"reply": [{"requests": 2, "status": 429}, SENT], "inputs": {"retries": 3}, "requests": 3, "output": "same"},
         {"reply": [{"requests": 1, "status": 429}, SENT], "inputs": {"retries": 3}, "requests": 3, "output": "same"}),
    ],
)  # fmt: skip
def test_a_promise_is_kept_or_the_test_fails(right: dict[str, Any], wrong: dict[str, Any]) -> None:
    """Each keyword of a test and of its replies says something that can be untrue."""
    error = {} if {"output", "error"} & right.keys() or "reply" not in right else {"error": {}}

    assert failures({**BASE, **error, **right}) == []
    assert failures({**BASE, **error, **wrong}) != []


@pytest.mark.parametrize(
    ("body", "right", "wrong"),
    [
        ({"json": {"a": 1}}, {"json": {"a": 1}}, {"json": {"a": "1"}}),
        ({"json": {"a": 1}}, {"json": {"a": 1.0}}, {"json": {"a": True}}),
        ({"json": {"a": 1}}, {"json": {"a": 1}}, {"form": {"a": "1"}}),
        ({"json": {"a": 1}}, {"json": {"a": 1}}, {"multipart": {"a": "1"}}),
        ({"form": {"a": "b c"}}, {"form": {"a": "b c"}}, {"form": {"a": "b"}}),
        ({"form": {"a": ["1", "2"]}}, {"form": {"a": ["1", "2"]}}, {"form": {"a": "2"}}),
        ({"form": {"a": "b"}}, {"text": "a=b"}, {"json": {"a": "b"}}),
        ({"text": "hello"}, {"text": "hello"}, {"text": "hullo"}),
        ({"multipart": {"a": "b"}}, {"multipart": {"a": "b"}}, {"multipart": {"a": "c"}}),
        ({"multipart": {"a": "b"}}, {"multipart": {"a": "b"}}, {"multipart": {"a": {"fileName": "b"}}}),
        ({"multipart": {"a": "b"}}, {"multipart": {"a": "b"}}, {"form": {"a": "b"}}),
    ],
)
def test_a_body_is_compared_in_its_form(body: Any, right: Any, wrong: Any) -> None:
    """All of it, whichever form it has."""
    request = {**action("create")["request"], "body": body}

    assert failures({**BASE, "sends": right}, "create", request=request) == []
    assert failures({**BASE, "sends": wrong}, "create", request=request) != []


def test_an_example_that_a_test_starts_from_counts() -> None:
    """Without it neither its inputs nor its reply are there."""
    examples = {"one": {"inputs": {"name": "m"}, "reply": SENT}, "two": {"inputs": {}, "reply": SENT}}
    sends = {"url": "https://api.example.com/v1/orders?n=m"}

    assert failures({"example": "one", "sends": sends}, examples=examples) == []
    assert failures({"example": "two", "sends": sends}, examples=examples) != []


def test_a_failure_of_one_entry_names_its_values() -> None:
    """The others are not blamed."""
    test = {**BASE, "each": [{"name": "a"}, {"name": "b"}], "inputs": {"name": "${ each.name }"},
            "sends": {"url": "https://api.example.com/v1/orders?n=a"}}  # fmt: skip
    model = model_of(action("read", tests={"it is sent": test}))

    failed = [case.name for case in cases_of(model) if run_case(model, case)]

    assert failed == ["it is sent [name: b]"]


def test_replies_have_names_in_the_file_and_in_the_component() -> None:
    """Both are found, in tests and in examples."""
    component = {"replies": {"down": {"status": 404}}}
    examples = {"one": {"inputs": {}, "reply": "sent"}}
    known = {"component": component, "examples": examples, "replies": {"sent": SENT}}

    assert failures({**BASE, "output": {"id": "7"}}, **known) == []
    assert failures({**BASE, "reply": "down", "error": {"kind": "not_found"}}, **known) == []
    assert failures({**BASE, "reply": "down", "error": {"kind": "server"}}, **known) != []


RETRIED = {**BASE, "inputs": {"retries": 3}, "output": {"id": "7"}}


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ([{"status": 429}, SENT], None),
        ([{"requests": 3, "status": 429}, SENT], None),
        (SENT, None),
        ([{"status": 429}, SENT, SENT], "1 of the 3 replies were not used: 2 requests were sent"),
        ([{"status": 429}, {"status": 429}], "4 requests were sent, and there are 2 replies"),
    ],
)
def test_each_reply_of_a_list_is_for_one_request(replies: Any, said: str | None) -> None:
    """One too many and one too few are told; a reply alone is for all requests."""
    found = failures({**RETRIED, "reply": replies})

    assert (said in found) if said else found == []


def test_the_list_of_an_example_is_held_to_as_well() -> None:
    """A reply too many shows also where it stands in the example, unless a test changes the inputs."""
    examples = {"one": {"inputs": {"retries": 3}, "reply": [{"status": 429}, SENT, SENT]}}
    unused = ["1 of the 3 replies were not used: 2 requests were sent"]

    assert failures({"example": "one", "output": {"id": "7"}}, examples=examples) == unused
    assert failures({"example": "one", "requests": 2}, examples=examples) == unused
    fewer = {"example": "one", "inputs": {"retries": 0}, "error": {}}
    assert failures(fewer, examples=examples) == []


def test_a_list_of_requests_has_all_of_them() -> None:
    """What goes out behind the last one that is listed would be seen by nobody."""
    test = {**RETRIED, "reply": [{"status": 429}, SENT]}

    assert failures({**test, "sends": {"method": "GET"}}) == []
    assert failures({**test, "sends": [{}]}) == ["2 requests were sent, and `sends` has 1"]


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        ({"info": {"count": 2}}, {"info": {"count": 3}}, "output.info.count is 2, not 3"),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": False}]}, "output.a[1].b is null, not false"),
        ({"a": [1, 2]}, {"a": [1]}, "output.a has 2 items, not 1"),
        ({"a": {"b": 1}}, {"a": "same"}, 'output.a is {"b":1}, not "same" (only as the whole `output` is it the reply)'),
        ({"id": "7"}, {"id": "7", "more": True}, "output.more is missing, not true"),
        ({"id": "7", "more": True}, {"id": "7"}, "output.more is true, and should not be there"),
    ],
)
def test_a_difference_is_told_by_its_place(found: Any, wanted: Any, said: str) -> None:
    """The first one, in the words of JSON, and once where both drivers agree."""
    definition = action("read", tests={"t": {**BASE, "reply": {"json": found}, "output": wanted}})
    model = model_of(json.loads(json.dumps(definition)))

    assert [run_case(model, case) for case in cases_of(model)] == [[said]]


def test_same_is_what_the_last_reply_holds() -> None:
    """Of several replies the last one counts."""
    replies = [{"status": 429}, {"json": {"id": "9", "more": 1}}]
    test = {**BASE, "inputs": {"retries": 1}, "reply": replies}

    assert failures({**test, "output": "same"}) == []
    assert failures({**test, "output": {"...": "same", "more": 2}}) != []


YES = {"json": {"id": "7", "ok": True, "list": [False, {"n": 1}]}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"...": "same", "ok": 1},
        {"...": "same", "list": [0, {"n": 1}]},
        {"...": "same", "list": [False, {"n": True}]},
    ],
)
def test_true_is_no_number(wrong: dict[str, Any]) -> None:
    """Neither at the top nor in lists, nor among what `...` lays over a reply."""
    assert failures({**BASE, "reply": YES, "output": {"...": "same", "ok": True}}) == []
    assert failures({**BASE, "reply": YES, "output": wrong}) != []


def test_members_of_an_error_keep_their_type() -> None:
    """A status of 1 is not true, and a number is no part of a message: both fail, and nothing breaks."""
    refused = {**BASE, "reply": {"status": 404}}

    assert failures({**refused, "error": {"kind": "not_found", "status": 404, "code": None}}) == []
    for wrong in ({"status": True}, {"message": 1}, {"message": ["no"]}, {"hint": 404}):
        assert failures({**refused, "error": wrong}) != [], wrong


def test_a_number_from_each_in_place_of_a_message_fails() -> None:
    """The test fails; the run of all tests goes on."""
    test = {**BASE, "each": [{"m": 1}], "reply": {"status": 404}, "error": {"message": "${ each.m }"}}

    assert failures(test)[0].startswith("error.message is ")


def test_numbers_of_a_test_may_come_from_each() -> None:
    """How many requests there are, and what was waited."""
    test = {**BASE, "each": [{"n": 2, "s": 0.2}], "inputs": {"retries": 1}, "reply": [{"status": 429}, SENT]}

    assert failures({**test, "requests": "${ each.n }", "waits": ["${ each.s }"]}) == []
    assert failures({**test, "requests": "${ each.n }", "waits": ["${ each.n }"]}) != []


@pytest.mark.parametrize(
    "example",
    [
        {"inputs": {"retries": "many"}, "reply": SENT},
        {"inputs": {}, "reply": {"status": 500}},
        {"inputs": {}, "reply": {"json": {"id": 7}}},
    ],
)
def test_an_example_that_gives_no_output_fits_no_schema(example: dict[str, Any]) -> None:
    """Where the file says what shape the output has, the call of every example must succeed."""
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    parts = {"reply": {"schema": schema}, "examples": {"one": {"inputs": {}, "reply": SENT}}}
    test = {**BASE, "output": "same"}

    assert failures(test, **parts) == []
    assert failures(test, **{**parts, "examples": {**parts["examples"], "two": example}}) != []

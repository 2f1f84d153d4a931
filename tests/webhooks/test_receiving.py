"""What becomes of pushes: events, answers, challenges, and bodies of every bad kind."""

from __future__ import annotations

import json
import time

import pytest

from connector_runtime import ConnectorError
from connector_runtime.language.documents.document import dump_json
from connector_runtime.triggers.webhooks.pushes import MAX_BODY_BYTES, MAX_PAIRS
from webhooks.pushed import BODY, EVENT, EVENTS, SECRET, hex_of, push

ECHO = {"reply": [{"when": "${ query.challenge is defined }", "text": "${ query.challenge }"}]}


def signed(body, **how):
    """Push something that the vendor has signed."""
    headers = {"Content-Type": "application/json", "X-Sign": hex_of(body), **how.pop("headers", {})}
    return push(body, headers, **how)


@pytest.mark.plan("S-270")
def test_an_event_has_id_instant_and_change():
    """The shape is that of a poll, so that one de-duplication serves both; everything is JSON."""
    received = signed(BODY)

    assert received.to_dict() == {"reply": {"status": 200, "headers": {}, "body": ""}, "events": [EVENT]}
    assert json.loads(dump_json(received.to_dict()))["events"] == [EVENT]


@pytest.mark.plan("S-270")
def test_an_event_can_bring_its_record_or_say_how_it_is_fetched():
    """`data` is what the push brought; `fetch` is what `session.run` takes."""
    events = {**EVENTS, "output": "${ item }", "action": "getPet", "inputs": {"pet": "${ item.id }", "branch": "${ inputs.branch }"}}
    (event,) = signed(BODY, events=events, inputs={"branch": "17"}).events

    assert event["data"] == {"id": "7", "at": "2026-06-01T12:00:00+02:00"}
    assert event["fetch"] == {"action": "getPet", "inputs": {"pet": "7", "branch": "17"}}


@pytest.mark.plan("S-270")
@pytest.mark.parametrize(
    ("at", "instant"),
    [
        ("2026-06-01T12:00:00+02:00", "2026-06-01T10:00:00+00:00"),
        ("2026-06-01T10:00:00.250Z", "2026-06-01T10:00:00.250000+00:00"),
        (1780308000, "2026-06-01T10:00:00+00:00"),
        ("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999999+00:00"),
        ("0001-01-01T00:00:00+12:00", "0001-01-01T00:00:00+00:00"),
    ],
)
def test_instants_are_told_in_one_way(at, instant):
    """Whatever the vendor writes, an event's `at` is ISO 8601 in UTC."""
    body = json.dumps({"changes": [{"id": 7, "at": at}]}).encode()

    assert signed(body).events == [{**EVENT, "at": instant}]


@pytest.mark.plan("S-271")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"changes": null}',
        b'{"changes": {}}',
        b'{"changes": "7"}',
        b'{"changes": [null]}',
        b'{"changes": [{"id": ""}]}',
        b'{"changes": [{"id": null}]}',
        b'{"changes": [{"id": {"a": 1}, "at": 1}]}',
        b'{"changes": [{"id": "7", "at": "yesterday"}]}',
        b'{"changes": [{"id": "7", "at": "2026-06-01T12:00:00"}]}',
        b'{"changes": [{"id": "7", "at": 1e400}]}',
        b'{"changes": [{"id": "7", "at": 99999999999999999999}]}',
        b'{"changes": [{"id": "7", "at": [1]}]}',
        b'{"changes": [{"id": "7"}], "changes": []}',
        b'{"changes": ' + b"[" * 500 + b"]" * 500 + b"}",
        b"\x00\x01\x02",
        b"<xml/>",
        "{\u201cchanges\u201d: []}".encode(),
    ],
)
def test_a_proven_push_that_cannot_be_read_is_not_swallowed(body):
    """The vendor is told no, so that it repeats or shows it; the caller is told to run the catch-up."""
    received = signed(body)

    assert (received.reply.status, received.events) == (400, [])
    assert received.problem.kind == "contract"
    assert "catch-up" in received.problem.hint


@pytest.mark.plan("S-271")
@pytest.mark.parametrize("items", [None, ["${ body.json }"], ["${ body.json.change }"], "${ body.json.changes }"])
def test_a_change_that_is_not_there_is_not_passed_over(items):
    """Wherever the changes stand: a push that tells nothing because it has another form is refused."""
    events = {**EVENTS, **({"items": items} if items else {})}
    if items is None:
        del events["items"]

    assert signed(b"{", events=events).reply.status == 400


@pytest.mark.plan("S-271")
def test_one_change_without_an_id_spoils_the_push():
    """Nothing is handed on of a push that is only half understood: nobody would miss the other half."""
    body = json.dumps({"changes": [{"id": "7", "at": 1}, {"at": 2}]}).encode()

    assert signed(body).events == []


@pytest.mark.plan("S-271")
@pytest.mark.parametrize("kind", ["", "text/plain", "application/vnd.x+json", "application/json; charset=utf-16", "nonsense", ";", "application/json; charset=no-such"])
def test_json_is_read_whatever_it_calls_itself(kind):
    """Vendors forget the type, or give a wrong one; only a form is not taken for JSON."""
    assert signed(BODY, headers={"Content-Type": kind}).events == [EVENT]


@pytest.mark.plan("S-271")
def test_a_form_is_not_taken_for_json():
    """What calls itself a form is read as one."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    events = {"items": ["${ body.form }"], "identity": "${ item.id }", "change": "${ item.what }"}

    assert signed(BODY, headers=form).problem.kind == "contract"
    assert signed(b"id=7&what=deleted", headers=form, events=events).events == [{"id": "7", "change": "deleted"}]


@pytest.mark.plan("S-271")
def test_text_is_read_in_its_charset():
    """For people; the signature goes by the bytes."""
    events = {"items": ["${ body.text }"], "identity": "${ item }", "change": "said"}
    body = "Mäx".encode("latin-1")

    assert signed(body, headers={"Content-Type": 'text/plain; Charset="ISO-8859-1"'}, events=events).events[0]["id"] == "Mäx"
    assert signed(body, headers={"Content-Type": "text/plain"}, events=events).events[0]["id"] == "M\ufffdx"


@pytest.mark.plan("S-272")
def test_a_body_of_ten_megabytes_is_refused_unread():
    """Nobody computes or parses anything for whoever sends more than a push can be."""
    started = time.monotonic()
    received = push(b"[" * 10_000_000, {"X-Sign": "0" * 64})

    assert (received.reply.status, received.problem.kind) == (413, "limit")
    assert f"{MAX_BODY_BYTES:,}" in received.problem.message
    assert time.monotonic() - started < 2


@pytest.mark.plan("S-272")
@pytest.mark.parametrize(
    ("body", "headers", "query"),
    [
        (b"", {}, "&".join(f"a{n}=1" for n in range(MAX_PAIRS + 1))),
        (b"", [(f"x-{n}", "1") for n in range(300)], ""),
        ("&".join(f"a{n}=1" for n in range(MAX_PAIRS + 1)).encode(), {"content-type": "application/x-www-form-urlencoded"}, ""),
    ],
)
def test_names_without_end_are_refused(body, headers, query):
    """A query, a form and headers have as many names as anybody needs."""
    verify = {"hmac": "sha256", "of": "${ [query, body.form] | sortedPairs }", "equals": "${ headers['x-sign'] }"}

    assert push(body, headers, query, verify=verify).reply.status == 400


@pytest.mark.plan("S-272")
def test_more_changes_than_a_push_can_tell_of_are_refused():
    """Ten thousand at once are no push."""
    body = json.dumps({"changes": [{"id": 1, "at": 1}] * 10_001}).encode()

    assert signed(body).problem.kind == "contract"


@pytest.mark.plan("S-273")
def test_a_challenge_is_answered_before_anything_is_proven():
    """Some vendors first ask whether somebody listens, unsigned, and want their own words back."""
    received = push(b"", {}, "?challenge=a%20b", **ECHO)

    assert (received.reply.status, received.reply.body, received.events, received.problem) == (200, b"a b", [], None)
    assert received.reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert received.reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.plan("S-273")
def test_a_challenge_in_the_body_is_answered_with_json():
    """What is repeated may stand in the body, and the answer may be JSON with headers of its own."""
    reply = {"when": "${ body.json.type == 'challenge' }", "status": 201, "json": {"challenge": "${ body.json.word }"}, "headers": {"X-Seen": "yes"}}
    received = push(b'{"type": "challenge", "word": "<b>"}', reply=reply)

    assert received.reply.status == 201
    assert received.reply.body == b'{"challenge":"<b>"}'
    assert received.reply.headers["X-Seen"] == "yes"
    assert received.reply.headers["Content-Type"] == "application/json"


@pytest.mark.plan("S-273")
@pytest.mark.parametrize("query", ["", "challenge=" + "x" * 5000, [("other", "x")]])
def test_what_is_no_challenge_needs_its_proof(query):
    """Nothing to repeat, or more than a challenge has: that is a push like any other."""
    assert push(b"", {}, query, **ECHO).reply.status == 401


@pytest.mark.plan("S-273")
def test_a_challenge_never_tells_events():
    """Whoever adds a challenge to a push gets his word back, and nothing happens."""
    received = push(BODY, {"X-Sign": hex_of(BODY)}, "challenge=x", **ECHO)

    assert (received.reply.body, received.events) == (b"x", [])


@pytest.mark.plan("S-273")
def test_a_line_break_in_a_challenge_makes_no_header():
    """What is repeated in a header cannot begin another one."""
    reply = {"when": "${ query.c is defined }", "headers": {"X-Word": "${ query.c }"}}

    assert push(b"", {}, "c=a%0d%0aSet-Cookie:x", reply=reply).reply.status == 401


@pytest.mark.plan("S-270")
def test_a_good_push_gets_the_answer_that_the_vendor_wants():
    """An entry without `when` is the answer to every push that was understood."""
    received = signed(BODY, reply=[*ECHO["reply"], {"status": 202, "json": {"ok": True}}])

    assert (received.reply.status, received.reply.body) == (202, b'{"ok":true}')
    assert received.events == [EVENT]


@pytest.mark.plan("S-271")
@pytest.mark.parametrize("body", ["{}", {"a": 1}, 7])
def test_a_body_that_was_parsed_already_is_not_taken(body):
    """A signature holds for bytes; who hands over something else is told so at once."""
    with pytest.raises(ConnectorError, match="needed as bytes"):
        push(body)


@pytest.mark.plan("S-274")
def test_nothing_that_comes_back_shows_the_secret():
    """Neither the answer, nor the events, nor a refusal, nor how they print themselves."""
    hostile = {"items": ["${ subscription }"], "identity": "${ item.id }", "change": "x", "output": "${ subscription }"}
    for received in (signed(BODY, events=hostile), push(SECRET.encode()), push(BODY, {"X-Sign": SECRET})):
        assert SECRET not in repr(received)
        assert SECRET not in dump_json(received.to_dict())
        assert hex_of(BODY) not in repr(received)


@pytest.mark.plan("S-270")
def test_a_push_without_headers_or_query_is_judged():
    """Not every server has a query to hand over."""
    assert push(headers={"X-Sign": hex_of(BODY)}, query=None).events == [EVENT]
    assert push(headers=None).problem.kind == "permission"


@pytest.mark.plan("S-270")
@pytest.mark.parametrize("pairs", [5, "x", b"x", ["x"], [("a",)], [("a", "b", "c")], [None], [5], [("a", {})], {"a": [[]]}])
def test_headers_that_are_no_pairs_are_said_to_be_none(pairs):
    """It is the platform's own mistake, and no push of anybody's."""
    with pytest.raises(ConnectorError, match="map or pairs") as caught:
        push(headers=pairs)
    assert caught.value.kind == "input"

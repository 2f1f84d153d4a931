"""A list of any length through a request that takes ten: each chunk is judged alone."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector_runtime.base.bodies import opened
from connector_runtime.errors import ConnectorError, DefinitionError, problem_of
from engine.shop import Shop, action, model_of

RECORDS = [{"n": number} for number in range(35)]


def chunked(effect: str = "upsert", **more: Any) -> dict[str, Any]:
    """Return an action that sends records ten at once."""
    whole = action(effect, **more)
    whole["inputs"] = whole["inputs"] | {"records": {"type": "list", "label": "Records"}}
    whole["identity"] = "${ item.n }"
    whole["chunks"] = {"of": "${ inputs.records }", "max": 10}
    whole["request"] = {**whole["request"], "body": {"json": {"records": "${ chunk }"}}}
    results = {
        "items": "${ reply.json.results }", "of": "${ chunk }", "ok": "${ item.ok }",
        "errors": "api", "output": {"id": "${ item.id }"},
    }  # fmt: skip
    whole["reply"] = {"ok": "${ reply.json.results is list }", "results": results}
    whole["errors"] = [{"when": "${ fault.code == 'mad' }", "kind": "permission"}, {"use": "api"}]
    whole.pop("tests")
    return whole


class Till:
    """Answers record by record, and keeps what it was sent; told to end some chunks otherwise."""

    def __init__(self, *, ends: dict[int, Any] | None = None, refused: tuple[int, ...] = ()) -> None:
        self.ends = dict(ends or {})
        self.refused = refused
        self.written: list[int] = []
        self.asked: list[list[int]] = []

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return 2

    def pop(self, _at: int) -> Any:
        outgoing = self.script.sent[-1]
        sent = [
            record["n"] for record in json.loads(b"".join(map(opened, outgoing.body.chunks())))["records"]
        ]
        self.asked.append(sent)
        end = self.ends.pop(sent[0], None)
        if end is not None and not end.get("works"):
            return end
        self.written += [number for number in sent if number not in self.refused]
        if end is not None:
            return {key: value for key, value in end.items() if key != "works"}
        return {"json": {"results": [self._result(number) for number in sent]}}

    def _result(self, number: int) -> dict[str, Any]:
        return (
            {"code": "taken", "id": f"r-{number}"}
            if number in self.refused
            else {"ok": True, "id": f"r-{number}"}
        )

    def shop(self, model: Any, **options: Any) -> Shop:
        shop = Shop(model, **options)
        shop.script.replies = self  # type: ignore[assignment]
        self.script = shop.script
        return shop


def failing(shop: Shop, records: Any = RECORDS, **how: Any) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        shop.session.run("order", {"records": records}, **how)
    return caught.value


def test_a_long_list_goes_out_in_order_and_comes_back_in_order() -> None:
    """Four requests for 35 records, one result each, and word of how far it is."""
    till = Till()
    shop = till.shop(model_of(chunked()))

    result = shop.run(records=RECORDS)

    assert result.data == [{"id": f"r-{number}"} for number in range(35)]
    assert [len(sent) for sent in till.asked] == [10, 10, 10, 5]
    assert [attempt.why for attempt in result.attempts] == ["first", "chunk", "chunk", "chunk"]
    assert [event.progress for event in shop.events if event.kind == "progress"] == [
        {"done": done, "of": 35} for done in (10, 20, 30, 35)
    ]


@pytest.mark.parametrize("count", [1, 10])
def test_a_list_that_fits_is_one_request_as_ever(count: int) -> None:
    """Where one request takes them all, nothing is different from an action without chunks."""
    till = Till()

    result = till.shop(model_of(chunked())).run(records=RECORDS[:count])

    assert result.data == [{"id": f"r-{number}"} for number in range(count)]
    assert [attempt.why for attempt in result.attempts] == ["first"]


@pytest.mark.plan("S-235")
def test_records_that_fail_are_counted_in_the_whole_list() -> None:
    """Refused records, even all of one chunk, do not keep the others from being sent."""
    till = Till(refused=(3, 14, *range(20, 30)))

    result = till.shop(model_of(chunked())).run(records=RECORDS)

    wanted = [3, 14, *range(20, 30)]
    assert result.outcome == "partial"
    assert [entry["index"] for entry in result.failed] == wanted
    assert [number for number, one in enumerate(result.data) if "error" in one] == wanted
    assert result.data[14]["error"]["index"] == 14
    assert len(till.written) == 35 - len(wanted)


@pytest.mark.plan("S-235")
def test_when_every_record_fails_the_call_does() -> None:
    """It says so of each of them."""
    problem = failing(Till(refused=tuple(range(35))).shop(model_of(chunked())))

    assert (problem.kind, len(problem.failed), problem.failed[34]["index"]) == ("duplicate", 35, 34)


ENDS = {
    "refused": ({"status": 429, "json": {}}, "rate_limited", "rate_limited"),
    "forbidden": ({"status": 403, "json": {"code": "mad"}}, "permission", "permission"),
    "not sent": ({"error": "connect"}, "network", "network"),
    "unknown, undone": ({"error": "timeout"}, "outcome_unknown", "outcome_unknown"),
    "unknown, done": ({"error": "disconnect", "works": True}, "outcome_unknown", "outcome_unknown"),
}


@pytest.mark.parametrize("kind", ["map", "id"])
@pytest.mark.parametrize("judged_by", ["reply", "results"])
def test_one_word_for_a_whole_chunk_is_each_records_own(kind: str, judged_by: str) -> None:
    """Where `items` are the records that were sent, a refusal of the reply is what is said of each."""
    whole = chunked("update")
    word, results = "${ reply.json.code == 0 }", {"items": "${ chunk }", "of": "${ chunk }", "errors": "api"}
    whole["reply"] = {
        "reply": {"ok": word, "results": {**results, "ok": "${ true }"}},
        "results": {"results": {**results, "ok": word}},
    }[judged_by]
    records = RECORDS[:20] if kind == "map" else [f"7{number}" for number in range(20)]
    whole["identity"] = "${ item.n }" if kind == "map" else "${ item }"
    shop = Shop(model_of(whole))
    shop.script.replies = [{"json": {"code": 0}}, {"json": {"code": "taken"}}]

    result = shop.run(records=records)

    assert result.outcome == "partial"
    assert [entry["index"] for entry in result.failed] == list(range(10, 20))
    assert {(entry["kind"], entry["message"]) for entry in result.failed} == {
        ("duplicate", "There is one already.")
    }


@pytest.mark.plan("S-236")
@pytest.mark.parametrize("first", [0, 10, 30])
@pytest.mark.parametrize("end", ENDS)
def test_what_was_not_sent_is_named_and_taken_up(end: str, first: int) -> None:
    """After a chunk that ends the call each record has its word; a resumed call does the rest, once."""
    answer, kind, entry = ENDS[end]
    till = Till(ends={first: answer})
    model = model_of(chunked("create"))

    problem = failing(till.shop(model))

    here = range(first, min(first + 10, 35))
    assert problem.kind == kind
    assert list(problem.items) == [{"id": f"r-{number}"} for number in range(first)]
    is_unknown = kind == "outcome_unknown"
    if first == 0 and not is_unknown:
        assert problem.resume is None
        return
    assert [one["index"] for one in problem.failed] == list(range(first, 35))
    assert {one["kind"] for one in problem.failed if one["index"] in here} == {entry}
    assert {one["kind"] for one in problem.failed if one["index"] not in here} <= {"not_sent"}
    if first == 30 and is_unknown:
        assert problem.resume is None
        return
    result = till.shop(model).session.run("order", {"records": RECORDS}, resume=problem.resume)
    again = list(range(first + 10 if is_unknown else first, 35))
    assert result.data == [{"id": f"r-{number}"} for number in again]
    assert sorted(till.written) == sorted(set(till.written))
    assert set(range(35)) - set(till.written) <= (set(here) if end == "unknown, undone" else set())


@pytest.mark.plan("S-236")
def test_a_chunk_that_may_be_there_names_each_record() -> None:
    """Whoever looks them up needs what each can be found by, and where it stands in the list."""
    problem = failing(Till(ends={10: {"error": "timeout"}}).shop(model_of(chunked("create"))))

    entry = problem.failed[0]
    assert (entry["index"], entry["identity"]) == (10, "10")
    assert "Look for 10, made at about" in entry["hint"]
    assert problem.to_dict()["failed"][-1].items() >= {"index": 34, "kind": "not_sent"}.items()


@pytest.mark.plan("S-236")
def test_a_resumed_list_fails_with_places_of_the_whole() -> None:
    """Indexes are those of the list that was given, not of what was left."""
    till = Till(ends={10: {"error": "connect"}}, refused=(12,))
    model = model_of(chunked("create"))
    problem = failing(till.shop(model))

    result = till.shop(model).session.run("order", {"records": RECORDS}, resume=problem.resume)

    assert [entry["index"] for entry in result.failed] == [12]
    assert len(result.data) == 25


@pytest.mark.plan("S-236")
def test_a_stopped_list_says_where_it_was() -> None:
    """An interrupt in the second chunk leaves the third unsent, and names all three."""
    till = Till()
    shop = till.shop(model_of(chunked("create")))
    plain = till.pop

    def stopped(at: int) -> Any:
        answer = plain(at)
        if len(till.asked) == 2:
            raise KeyboardInterrupt
        return answer

    till.pop = stopped  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt) as caught:
        shop.run(records=RECORDS)

    problem = problem_of(caught.value)
    assert problem is not None
    assert [entry["kind"] for entry in problem.failed] == ["outcome_unknown"] * 10 + ["not_sent"] * 15
    till.pop = plain  # type: ignore[method-assign]
    rest = till.shop(model_of(chunked("create"))).session.run(
        "order", {"records": RECORDS}, resume=problem.resume
    )
    assert len(rest.data) == 15
    assert sorted(till.written) == list(range(35))


def test_an_upsert_repeats_a_chunk_and_not_the_others() -> None:
    """Retries are the chunk's own: what was done before is not sent again."""
    till = Till(ends={10: {"error": "timeout"}})

    result = till.shop(model_of(chunked())).run(records=RECORDS, retries=1)

    assert result.outcome == "done"
    assert [sent[0] for sent in till.asked] == [0, 10, 10, 20, 30]


def test_the_deadline_ends_a_list_between_chunks() -> None:
    """What does not fit into the time is not sent, and can be taken up."""
    till = Till()
    shop = till.shop(model_of(chunked("create")))
    plain = till.pop

    def slowly(at: int) -> Any:
        shop.clock.sleep(4.0)
        return plain(at)

    till.pop = slowly  # type: ignore[method-assign]
    problem = failing(shop, deadline_s=10.0)

    assert (problem.kind, len(problem.items)) == ("timeout", 30)
    assert {entry["kind"] for entry in problem.failed} == {"not_sent"}
    assert shop.session.run("order", {"records": RECORDS}, resume=problem.resume).data == [
        {"id": f"r-{number}"} for number in range(30, 35)
    ]
    assert parse_qs(urlsplit(shop.urls[0]).query) == {"n": ["n"]}


@pytest.mark.plan("S-235")
def test_a_chunk_that_is_refused_as_a_whole_is_counted_in_the_whole_list() -> None:
    """What stands in the data and what stands in `failed` name the same record."""
    till = Till(ends={10: {"status": 400, "json": {"code": "odd"}}}, refused=tuple(range(20, 30)))

    result = till.shop(model_of(chunked())).run(records=RECORDS)

    for entry in result.failed:
        assert result.data[entry["index"]]["error"] == entry
    assert [entry["index"] for entry in result.failed] == list(range(10, 30))


@pytest.mark.plan("S-236")
@pytest.mark.parametrize("effect", ["create", "upsert"])
def test_a_call_that_is_stopped_between_two_chunks_goes_on_with_the_second(effect: str) -> None:
    """What was not begun is not sent, and never skipped as something that may be there."""
    till, stopped = Till(), []

    def stop(event: Any) -> None:
        if event.kind == "progress" and not stopped:
            stopped.append(event)
            raise KeyboardInterrupt

    model = model_of(chunked(effect))
    shop = till.shop(model, on_event=stop)
    with pytest.raises(KeyboardInterrupt) as caught:
        shop.session.run("order", {"records": RECORDS})
    problem = problem_of(caught.value)

    assert problem is not None
    assert problem.items == [{"id": f"r-{number}"} for number in range(10)]
    assert {entry["kind"] for entry in problem.failed} == {"not_sent"}
    assert [entry["index"] for entry in problem.failed] == list(range(10, 35))
    till.shop(model).session.run("order", {"records": RECORDS}, resume=problem.resume)
    assert till.written == list(range(35))


def test_raw_requests_have_no_chunks() -> None:
    """A chunk of unknown outcome could be sent again then, whatever it does."""
    with pytest.raises(DefinitionError, match="a raw request cannot be sent in chunks"):
        model_of(chunked("raw"))


def test_a_first_chunk_that_ends_the_call_names_every_record() -> None:
    """Nothing was done, and each record says so."""
    problem = failing(Till(ends={0: {"status": 429, "json": {}}}).shop(model_of(chunked())))

    assert [entry["index"] for entry in problem.failed] == list(range(35))


def removing() -> dict[str, Any]:
    """Return an action that removes records; one that is not there is refused as `gone`."""
    whole = chunked("delete")
    whole["errors"] = [{"when": "${ fault.code == 'gone' }", "kind": "not_found"}, {"use": "api"}]
    whole["reply"]["results"]["errors"] = [dict(rule) for rule in whole["errors"]]
    return whole


@pytest.mark.parametrize("count", [10, 35])
def test_what_a_repeated_delete_finds_gone_is_no_error_in_the_data_either(count: int) -> None:
    """The first attempt has removed it, and its answer was lost: its place in the data is empty."""
    gone = {"json": {"results": [{"code": "gone"}] + [{"ok": True, "id": f"r-{n}"} for n in range(1, 10)]}}
    till = Till(ends={0: {"error": "timeout"}})
    shop = till.shop(model_of(removing()))
    plain, asked = till.pop, []

    def pop(at: int) -> Any:
        asked.append(at)
        return gone if len(asked) == 2 else plain(at)

    till.pop = pop  # type: ignore[method-assign]
    result = shop.run(records=RECORDS[:count], retries=1)

    assert (result.outcome, result.failed) == ("done", ())
    assert result.data == [None, *({"id": f"r-{number}"} for number in range(1, count))]


def test_a_chunk_of_refused_records_gives_what_any_other_chunk_gives() -> None:
    """Where no `output` says what a record gives, it is the service's own words, also if all are refused."""
    whole = chunked()
    whole["reply"]["results"].pop("output")
    result = Till(refused=(3, *range(10, 20))).shop(model_of(whole)).run(records=RECORDS)

    for number in (3, 10, 19):
        assert result.data[number] == {"code": "taken", "id": f"r-{number}"}
    assert result.data[9] == {"ok": True, "id": "r-9"}
    assert [entry["index"] for entry in result.failed] == [3, *range(10, 20)]


def test_of_records_that_all_failed_the_unknown_one_says_what_the_call_came_to() -> None:
    """What may have been written weighs more than what was refused, whichever comes first."""
    till = Till(refused=tuple(range(20)))
    lost = {"json": {"results": [{"code": "taken", "id": f"r-{n}"} for n in range(10, 15)]}}
    till.ends = {10: lost}

    problem = failing(till.shop(model_of(chunked("create"))), RECORDS[:20])

    assert problem.kind == "outcome_unknown"
    assert [entry["kind"] for entry in problem.failed] == ["duplicate"] * 15 + ["outcome_unknown"] * 5


def test_a_delete_whose_answer_was_lost_is_done_when_it_is_taken_up() -> None:
    """Records that the first attempt has removed are not reported as missing."""
    till = Till(ends={10: {"error": "timeout"}})
    model = model_of(removing())
    problem = failing(till.shop(model))
    gone = {"code": "gone", "id": "r-10"}
    till.ends = {10: {"json": {"results": [gone] + [{"ok": True, "id": f"r-{n}"} for n in range(11, 20)]}}}

    result = till.shop(model).session.run("order", {"records": RECORDS}, resume=problem.resume)

    assert (result.outcome, result.failed) == ("done", ())


def test_what_every_chunk_would_warn_of_is_said_once() -> None:
    """A rule that fails on each of many records is one mistake in the component's files."""
    whole = chunked()
    whole["reply"]["results"]["errors"] = [{"when": "${ fault.code > 5 }", "kind": "conflict"}, {"use": "api"}]
    result = Till(refused=(3, 14, 25)).shop(model_of(whole)).run(records=RECORDS)

    assert len([one for one in result.warnings if "cannot judge every record" in one]) == 1

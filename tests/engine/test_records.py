"""Many-record calls are judged record by record; rules across inputs hold before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.conversation.replies.results import JUDGED_MAX, REFUSED_MAX
from connector_runtime.errors import ConnectorError
from engine.shop import SENT, Shop, action, model_of

RESULTS = {
    "items": "${ reply.json.data }",
    "of": "${ inputs.records }",
    "ok": "${ item.status == 'success' }",
    "errors": [
        {"when": "${ fault.code == 'DUP' }", "kind": "duplicate", "code": "${ fault.code }", "message": "Taken.",
         "existingId": "${ fault.id }"},
        {"when": "${ true }", "kind": "validation", "code": "${ fault.code }", "message": "Refused.", "hint": "Mend it."},
    ],
}  # fmt: skip
RECORDS = {"records": {"type": "list", "label": "Records", "required": True}}


def many(effect: str = "create", **parts: Any) -> Any:
    request = {
        "service": "api",
        "method": "POST",
        "path": "/orders",
        "body": {"json": {"data": "${ inputs.records }"}},
    }
    return model_of(
        action(
            effect,
            inputs=action("read")["inputs"] | RECORDS,
            request={**request, "query": {"n": "${ inputs.name }"}},
            reply={"ok": "${ reply.json.data is list }", "results": RESULTS},
            examples={"one": {"label": "One", "inputs": {"records": [1]}, "reply": answered("ok")}},
            **parts,
        )
    )


def answered(*words: str, status: int = 200) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "ok": {"status": "success", "id": "1"},
        "dup": {"status": "error", "code": "DUP", "id": "9"},
        "bad": {"status": "error", "code": "BAD"},
    }
    return {"status": status, "json": {"data": [kinds[word] for word in words]}}


@pytest.mark.parametrize("status", [200, 201, 202, 207, 400])
def test_a_mixed_answer_is_partial_whatever_its_status(status: int) -> None:
    """A plain success is claimed only when every record succeeded (B7)."""
    shop = Shop(many(), answered("ok", "dup", "bad", status=status))

    result = shop.run(records=[1, 2, 3])

    assert result.outcome == "partial"
    assert [dict(entry) for entry in result.failed] == [
        {"index": 1, "kind": "duplicate", "code": "DUP", "message": "Taken.", "existingId": "9"},
        {"index": 2, "kind": "validation", "code": "BAD", "message": "Refused.", "hint": "Mend it."},
    ]


def test_when_no_record_succeeded_the_first_error_is_raised_with_all() -> None:
    """Nothing was done, so nothing is returned; the list says what became of each."""
    shop = Shop(many(), answered("dup", "bad", status=200))

    with pytest.raises(ConnectorError) as caught:
        shop.run(records=[1, 2])

    assert (caught.value.kind, caught.value.existing_id, len(caught.value.failed)) == ("duplicate", "9", 2)


def test_a_record_without_an_answer_is_unknown() -> None:
    """A missing entry is never taken for a success."""
    shop = Shop(many(), answered("ok", "ok"))

    result = shop.run(records=[1, 2, 3])

    assert [(entry["index"], entry["kind"]) for entry in result.failed] == [(2, "outcome_unknown")]


def test_more_answers_than_records_cannot_be_attributed() -> None:
    """Which answer belongs to which record is then anybody's guess."""
    shop = Shop(many(), answered("ok", "ok"))

    with pytest.raises(ConnectorError) as caught:
        shop.run(records=[1])

    assert caught.value.kind == "outcome_unknown"


def test_a_batch_is_repeated_only_if_every_record_has_an_identity() -> None:
    """One record without identity makes the whole batch as risky as a create."""
    model = many("upsert", identity="${ item.key }")
    safe, risky = (Shop(model, {"error": "timeout"}, answered("ok", "ok")) for _ in range(2))

    assert safe.run(records=[{"key": "a"}, {"key": "b"}], retries=1).outcome == "done"
    with pytest.raises(ConnectorError) as caught:
        risky.run(records=[{"key": "a"}, {"name": "b"}], retries=1)

    assert caught.value.kind == "outcome_unknown"
    assert risky.sent == 1


def test_a_rule_across_inputs_refuses_before_anything_is_sent() -> None:
    """A check names the input it is about."""
    checks = [{"when": "${ inputs.name == 'x' }", "message": "Not x.", "input": "name"}]
    shop = Shop(model_of(action("create", checks=checks)), SENT)

    with pytest.raises(ConnectorError) as caught:
        shop.run(name="x")

    assert (caught.value.kind, caught.value.input, shop.sent) == ("input", "name", 0)


UNCOUNTED = {
    "items": "${ reply.json.data }",
    "ok": "${ item.status != 'error' }",
    "errors": [{"when": "${ true }", "kind": "validation", "message": "Refused."}],
}


@pytest.mark.plan("S-225")
@pytest.mark.parametrize(
    ("count", "record"),
    [(JUDGED_MAX + 1, "a"), (JUDGED_MAX + 1, {}), (REFUSED_MAX + 1, {"status": "error"})],
    ids=["texts", "records", "refusals"],
)
def test_more_results_than_anybody_sends_are_not_judged(count: int, record: Any) -> None:
    """A few kilobytes may hold millions, and while each is looked at nobody else has a turn."""
    shop = Shop(model_of(action("raw", reply={"results": UNCOUNTED})), {"json": {"data": [record] * count}})

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert (caught.value.kind, caught.value.failed) == ("contract", ())
    assert f"{count - 1 if count == REFUSED_MAX + 1 else count:,}" in str(caught.value)


@pytest.mark.plan("S-225")
def test_as_many_results_as_are_judged_are_judged_each() -> None:
    """The bound is far above what one call writes; the last of them counts as the first does."""
    answers = [{}] * (JUDGED_MAX - 1) + [{"status": "error"}]
    shop = Shop(model_of(action("raw", reply={"results": UNCOUNTED})), {"json": {"data": answers}})

    assert [entry["index"] for entry in shop.run().failed] == [JUDGED_MAX - 1]

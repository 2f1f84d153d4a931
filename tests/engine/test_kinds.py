"""Every kind of error and every certainty can happen, is of its class, and has the one shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import errors
from connector_runtime.base.values import Certainty
from connector_runtime.errors import KINDS, ConnectorError, DefinitionError
from engine.shop import Shop, action, model_of
from engine.test_paging import listing, page
from engine.test_tokens import DEAD, FRESH
from engine.test_tokens import shop as oauth_shop

if TYPE_CHECKING:
    from collections.abc import Callable

LEADING = ["kind", "message", "hint", "action"]
FURTHER = {
    "input",
    "status",
    "code",
    "retryAt",
    "existingId",
    "identity",
    "cursor",
    "items",
    "details",
    "attempts",
    "failed",
    "problems",
}
READ = model_of(action("read"))
RULES = {
    "api": [
        {"when": f"${{ fault.code == '{kind}' }}", "kind": kind, "message": "The vendor says so."}
        for kind in KINDS
        if kind not in ("definition", "input", "outcome_unknown")
    ]
}
TOLD = model_of(action("read"), errors=RULES)


def told(kind: str) -> Callable[[], Any]:
    """Have the vendor say no in words that the component knows."""
    return lambda: Shop(TOLD, {"status": 400, "json": {"code": kind}}).run()


def asked(*replies: dict[str, Any], effect: str = "read", **inputs: Any) -> Callable[[], Any]:
    """Do an action whose wire is a script."""
    return lambda: Shop(model_of(action(effect)), *replies).run(**inputs)


def status(number: int) -> Callable[[], Any]:
    """Have the vendor say no without a word that the component knows."""
    return asked({"status": number, "json": {}})


def mistaken() -> Any:
    """Load a component with a mistake in it."""
    return model_of(action("read", label=[]))


WAYS: dict[str, Callable[[], Any]] = {
    "definition": mistaken,
    "input": asked(retries="many"),
    "config": told("config"),
    "auth_expired": lambda: oauth_shop(DEAD, FRESH, DEAD).run(),
    "auth_revoked": lambda: oauth_shop(DEAD, {"status": 200, "json": {"error": "invalid_code"}}).run(),
    "auth_throttled": lambda: oauth_shop(DEAD, {"status": 200, "json": {"error": "Access Denied"}}).run(),
    "permission": status(403),
    "not_found": status(404),
    "duplicate": told("duplicate"),
    "conflict": status(409),
    "validation": status(422),
    "rate_limited": status(429),
    "quota_exhausted": told("quota_exhausted"),
    "unsupported": told("unsupported"),
    "limit": lambda: Shop(listing(), *[page(n, more=True) for n in range(1, 5)]).run(all=True),
    "cursor_expired": told("cursor_expired"),
    "server": status(500),
    "network": asked({"error": "connect"}),
    "timeout": asked({"error": "timeout"}),
    "contract": asked({"status": 200, "text": "<html>"}),
    "outcome_unknown": asked({"error": "disconnect"}, effect="create"),
}


@pytest.mark.plan("S-124")
@pytest.mark.plan("S-133")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_happens_and_has_the_one_shape(kind: str) -> None:
    """Each is raised by something real, as the class that says who must act, in a shape that JSON can carry."""
    with pytest.raises(ConnectorError) as caught:
        WAYS[kind]()

    problem = caught.value
    shape = json.loads(json.dumps(problem.to_dict()))
    assert problem.kind == kind
    assert type(problem) is (DefinitionError if kind == "definition" else type(errors.error_of(kind, "x")))
    assert list(shape)[:4] == LEADING
    assert set(shape) - set(LEADING) <= FURTHER
    assert shape["message"]
    for attempt in shape.get("attempts", ()):
        assert {"number", "why", "certainty", "waitedS", "durationS"} <= set(attempt)


CERTAIN = {
    Certainty.NOT_SENT: asked({"error": "connect"}),
    Certainty.REJECTED: status(429),
    Certainty.UNKNOWN: asked({"error": "timeout"}),
    Certainty.ANSWERED: status(404),
}


@pytest.mark.plan("S-133")
@pytest.mark.parametrize("certainty", Certainty, ids=lambda certainty: certainty.value)
def test_every_certainty_happens(certainty: Certainty) -> None:
    """An attempt can end in each of the four ways, and in no other."""
    with pytest.raises(ConnectorError) as caught:
        CERTAIN[certainty]()

    assert [attempt.certainty for attempt in caught.value.attempts] == [certainty.value]


@pytest.mark.parametrize(
    ("hint", "read"), [("Did you mean `a`? ", "Did you mean `a`?"), (" ", None), ("", None)]
)
def test_a_hint_is_words_or_nothing(hint: str, read: str | None) -> None:
    """A guess without a list behind it ends at its last word, and no guess is no hint."""
    problem = errors.error_of("input", "There is no `b`.", hint=hint)

    assert problem.hint == read
    assert str(problem) == ("There is no `b`." if read is None else f"There is no `b`. ({read})")

"""Effect and certainty alone decide what is sent twice: the whole table, generated."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.errors import ConnectorError
from engine import retry_page
from engine.shop import SENT, Shop, action, model_of

# What can come of an attempt, and which certainty that is.
OUTCOMES: dict[str, tuple[dict[str, Any], str]] = {
    "no connection": ({"error": "connect"}, "not_sent"),
    "no reply in time": ({"error": "timeout"}, "unknown"),
    "connection lost": ({"error": "disconnect"}, "unknown"),
    "500": ({"status": 500, "text": "oops"}, "unknown"),
    "501": ({"status": 501, "text": ""}, "unknown"),
    "502 as HTML": ({"status": 502, "text": "<html>Bad Gateway</html>"}, "unknown"),
    "503": ({"status": 503, "text": "busy"}, "unknown"),
    "504": ({"status": 504, "text": ""}, "unknown"),
    "408": ({"status": 408, "json": {}}, "unknown"),
    "a good status that is no JSON": ({"status": 200, "text": "<html>Welcome</html>"}, "unknown"),
    "a good status that is half JSON": ({"status": 201, "text": '{"id": "7"'}, "unknown"),
    "refused before work": ({"status": 503, "json": {"code": "full"}}, "rejected"),
    "429": ({"status": 429, "json": {}}, "rejected"),
    "token refused": ({"status": 401, "json": {"code": "expired"}}, "rejected"),
    "400": ({"status": 400, "json": {}}, "answered"),
    "403": ({"status": 403, "json": {}}, "answered"),
    "404": ({"status": 404, "json": {}}, "answered"),
    "405": ({"status": 405, "json": {}}, "answered"),
    "409": ({"status": 409, "json": {}}, "answered"),
    "413": ({"status": 413, "json": {}}, "answered"),
    "415": ({"status": 415, "json": {}}, "answered"),
    "422": ({"status": 422, "json": {}}, "answered"),
    "302": ({"status": 302, "headers": {"Location": "https://evil.example/"}, "text": ""}, "unknown"),
    "an error of its own with status 400": ({"status": 400, "json": {"code": "broken"}}, "unknown"),
    "an error of its own with status 200": ({"status": 200, "json": {"code": "broken"}}, "unknown"),
    "given up with status 400": ({"status": 400, "json": {"code": "slow"}}, "unknown"),
}
# Kinds the policy of the test component repeats.
REPEATED = {
    "no connection", "no reply in time", "connection lost", "500", "501", "502 as HTML", "503", "504", "408",
    "refused before work", "429", "an error of its own with status 400", "an error of its own with status 200",
    "given up with status 400",
}  # fmt: skip
EFFECTS = ("read", "create", "update", "upsert", "upsert with identity", "delete", "raw")
MODELS = {
    effect: model_of(
        action(effect.split()[0], **({"identity": "name=${ inputs.name }"} if "identity" in effect else {}))
    )
    for effect in EFFECTS
}


def may_be_repeated(effect: str, certainty: str) -> bool:
    """Say it once more, in other words than the runtime: the rule of the language."""
    if certainty != "unknown":
        return True
    return effect not in ("create", "upsert")


@pytest.mark.plan("S-11")
@pytest.mark.plan("S-150")
@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("effect", EFFECTS)
def test_an_attempt_is_repeated_only_where_that_can_do_no_harm(effect: str, outcome: str) -> None:
    """With two retries allowed, exactly the harmless repeats go out."""
    reply, certainty = OUTCOMES[outcome]
    shop = Shop(MODELS[effect], reply)

    with pytest.raises(ConnectorError) as caught:
        shop.run(retries=2)

    repeats = 2 if outcome in REPEATED and may_be_repeated(effect, certainty) else 0
    assert shop.sent == 1 + repeats
    assert {attempt.certainty for attempt in caught.value.attempts} == {certainty}
    assert len(caught.value.attempts) == shop.sent


@pytest.mark.plan("S-11")
@pytest.mark.parametrize(
    "outcome", [name for name, (_, certainty) in OUTCOMES.items() if certainty == "unknown"]
)
@pytest.mark.parametrize("effect", ["create", "upsert"])
def test_a_write_that_may_have_happened_ends_as_outcome_unknown(effect: str, outcome: str) -> None:
    """Whoever catches it knows that it may be there, and is told to look."""
    shop = Shop(MODELS[effect], OUTCOMES[outcome][0])

    with pytest.raises(ConnectorError) as caught:
        shop.run(retries=2)

    assert caught.value.kind == "outcome_unknown"
    assert "Look" in str(caught.value.hint)


@pytest.mark.plan("S-12")
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 415, 422])
def test_a_plain_no_is_repeated_only_at_the_users_word(effect: str, status: int) -> None:
    """A readable refusal is final, unless the user asked for a retry on all errors."""
    final, asked = (Shop(MODELS[effect], {"status": status, "json": {}}) for _ in range(2))

    with pytest.raises(ConnectorError):
        final.run(retries=2)
    with pytest.raises(ConnectorError):
        asked.run(retries=2, anyError=True)

    assert (final.sent, asked.sent) == (1, 3)


@pytest.mark.plan("S-17")
@pytest.mark.plan("S-150")
@pytest.mark.parametrize(
    "outcome", [name for name, (_, certainty) in OUTCOMES.items() if certainty == "unknown"]
)
def test_retry_on_all_errors_never_repeats_a_create_that_may_have_happened(outcome: str) -> None:
    """The user's wish for a blanket retry stops at what could double a record."""
    shop = Shop(MODELS["create"], OUTCOMES[outcome][0])

    with pytest.raises(ConnectorError):
        shop.run(retries=5, anyError=True)

    assert shop.sent == 1


def test_a_repeated_raw_post_says_that_it_may_have_doubled() -> None:
    """At the user's word a raw POST is repeated after anything, and the attempts say so."""
    shop = Shop(MODELS["raw"], {"status": 500, "text": ""}, {"status": 200, "json": {}})

    result = shop.run(retries=1)

    assert [attempt.may_double for attempt in result.attempts] == [False, True]


def test_a_repeated_delete_that_finds_nothing_is_done() -> None:
    """The first delete worked, only its answer was lost."""
    shop = Shop(MODELS["delete"], {"error": "disconnect"}, {"status": 404, "json": {"code": "gone"}})

    result = shop.run(retries=1)

    assert (result.outcome, result.data) == ("done", {"code": "gone"})
    assert [attempt.kind for attempt in result.attempts] == ["network", "not_found"]


def test_a_first_delete_that_finds_nothing_is_not_found() -> None:
    """Nothing was lost on the way, so nothing was there."""
    shop = Shop(MODELS["delete"], {"status": 404, "json": {}})

    with pytest.raises(ConnectorError) as caught:
        shop.run(retries=1)

    assert caught.value.kind == "not_found"


def test_a_duplicate_after_an_unknown_outcome_may_be_our_own() -> None:
    """The record that is there already may be the one an earlier attempt made."""
    shop = Shop(
        MODELS["upsert with identity"],
        {"error": "timeout"},
        {"status": 400, "json": {"code": "taken", "id": "9"}},
    )

    with pytest.raises(ConnectorError) as caught:
        shop.run(retries=1)

    assert (caught.value.kind, caught.value.existing_id) == ("outcome_unknown", "9")
    assert caught.value.identity == "name=n"


def test_a_duplicate_at_once_is_a_duplicate() -> None:
    """Without an unknown attempt before it, the vendor's word stands."""
    shop = Shop(MODELS["create"], {"status": 400, "json": {"code": "taken", "id": "9"}})

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert (caught.value.kind, caught.value.existing_id) == ("duplicate", "9")


@pytest.mark.parametrize(
    ("effect", "kind"), [("read", "contract"), ("update", "outcome_unknown"), ("raw", "contract")]
)
def test_an_unreadable_good_reply_is_never_a_success(effect: str, kind: str) -> None:
    """A write whose answer cannot be read is unknown; a read is a broken contract (S-34)."""
    shop = Shop(MODELS[effect], {"status": 200, "text": "<html>Sign in</html>"})

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert caught.value.kind == kind
    assert "Sign in" in caught.value.message


def test_a_retry_policy_that_cannot_be_worked_out_hides_no_outcome() -> None:
    """Nothing is repeated then, and a create that may have happened is still said to be unknown."""
    broken = {"retries": 3, "delay": "${ inputs.name | ms }", "on": ["network"]}
    shop = Shop(model_of(action("create", retry=broken)), {"error": "disconnect"}, SENT)

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert (caught.value.kind, shop.sent) == ("outcome_unknown", 1)


def test_the_page_about_repeats_says_what_the_code_does() -> None:
    """Its tables are made by `python tests/engine/retry_page.py`."""
    assert retry_page.PAGE.read_text("utf-8") == retry_page.page()

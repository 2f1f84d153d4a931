"""A vendor that stumbles where tokens are issued: nothing is ended, the token is asked for again, nobody connects anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.conversation.tokens.renewal import LEASE_S, REQUEST_TIMEOUT_S
from connector_runtime.errors import ConnectorError, Throttled
from connector_runtime.stores import MemoryStore
from engine.shop import SENT, Shop, action, model_of
from engine.test_tokens import FRESH, MODEL, OAUTH
from tokens.scene import HOUR_S, NoJitter, SandboxClock, entries, renewals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.base.messages import Outgoing, Reply
    from connector_runtime.stores.ports import Entry

KEPT = {"token": {"access_token": "old-token-1", "refresh_token": "refresh-token-1", "expires_at": 1.0}}
TRANSIENT = ("server", "auth_throttled", "contract", "network")
# The word that the component knows as the end, and words that nobody knows, in replies that say "not now".
STUMBLES: dict[str, dict[str, Any]] = {
    "503 temporarily_unavailable": {"status": 503, "json": {"error": "temporarily_unavailable"}},
    "500 server_error": {"status": 500, "json": {"error": "server_error"}},
    "502 with the word for the end": {"status": 502, "json": {"error": "invalid_code"}},
    "503 with the standard's word": {"status": 503, "json": {"error": "invalid_grant"}},
    "504 with the word for a client": {"status": 504, "json": {"error": "invalid_client"}},
    "429 with a word": {"status": 429, "json": {"error": "invalid_code"}},
    "429 without": {"status": 429, "text": "slow down"},
    "408 with the word for the end": {"status": 408, "json": {"error": "invalid_code"}},
    "a redirect with the word for the end": {"status": 302, "json": {"error": "invalid_code"}},
    "200 general_error": {"status": 200, "json": {"error": "general_error"}},
    "200 null": {"status": 200, "json": {"error": None}},
    "200 a list for a word": {"status": 200, "json": {"error": ["invalid_code"]}},
    "400 an unknown word": {"status": 400, "json": {"error": "no_such_thing"}},
    "403 a web page": {"status": 403, "text": "<html>Are you human?</html>"},
    "502 a web page longer than any token": {"status": 502, "text": "<p>" * 200_000},
    "no line": {"error": "connect"},
}


class FullJitter:
    """Randomness that makes every wait its longest."""

    def random(self) -> float:
        return 0.999


def shop(*replies: Mapping[str, Any], store: MemoryStore | None = None, **options: Any) -> Shop:
    """Return a session whose token has ended."""
    given = {
        "key": "oauth",
        "name": "tenant",
        "fields": {"clientId": "c", "clientSecret": "client-secret-1"},
        "token": KEPT["token"],
    }
    more = {"token_store": store} if store is not None else {}
    return Shop(MODEL, *replies, given=given, **{"random": NoJitter(), **more, **options})


def kept(store: MemoryStore) -> Entry:
    ((_, entry),) = store._entries.items()
    return entry


def filled(document: Any = KEPT) -> MemoryStore:
    """Return a store that has a document for the shop's connection."""
    store, one = MemoryStore(), shop()
    one.session._channel.use_store()
    assert store.write(str(one.session._channel.store_key), document, 0)
    return store


@pytest.mark.plan("S-141")
@pytest.mark.parametrize("name", STUMBLES)
def test_no_stumble_ends_a_connection(name: str, score: Any) -> None:
    """The call ends with a failure that passes, the stored document is as it was, and the next call works."""
    store = filled()
    one = shop(STUMBLES[name], store=store)

    with pytest.raises(ConnectorError) as caught:
        one.run()
    document = kept(store).document
    later = shop(FRESH, SENT, store=store)
    is_ended = document != KEPT or later.run().status != 200

    score("stumbles", 1)
    score("stumbles_ended", int(is_ended))
    assert caught.value.kind in TRANSIENT
    assert "onnect the account" not in str(caught.value)
    assert document == KEPT
    assert not is_ended
    assert later.sent == 2


@pytest.mark.plan("S-141")
def test_words_of_the_end_in_a_refusal_still_end_it() -> None:
    """The component's word and the standard's, with the statuses of refusals; each is kept for all who share the store."""
    for status, word in (
        (200, "invalid_code"),
        (400, "invalid_code"),
        (400, "invalid_grant"),
        (401, "invalid_grant"),
    ):
        store = filled()
        one = shop({"status": status, "json": {"error": word}}, store=store)

        with pytest.raises(ConnectorError) as caught:
            one.run()

        assert (caught.value.kind, one.sent) == ("auth_revoked", 1)
        assert kept(store).document["trouble"]["kind"] == "auth_revoked"
        assert kept(store).document["token"] == KEPT["token"]


GREEDY = (
    {"when": "${ fault.error is defined }"},
    {"when": "${ fault.error != 'slow_down' }"},
    {"when": "${ fault }"},
    {"when": "${ reply.status >= 200 }"},
    {"message": "Whatever it is."},
)


@pytest.mark.plan("S-147")
@pytest.mark.parametrize("said", [{"error": "anything"}, {"error": None}, {"error": ["a"], "more": 7}])
@pytest.mark.parametrize("rule", GREEDY, ids=lambda rule: rule.get("when", "always"))
def test_a_rule_that_holds_for_any_word_ends_nothing(rule: dict[str, str], said: dict[str, Any]) -> None:
    """Whatever a component's author wrote: its word for the end does end a connection, and nothing else."""
    word = {"when": "${ fault.error == 'gone' or fault.code == 7 }", "kind": "auth_revoked"}
    greedy = {**OAUTH, "oauth2": {**OAUTH["oauth2"], "errors": [word, {**rule, "kind": "auth_revoked"}]}}  # type: ignore[dict-item]
    model = model_of(action("create"), connection=greedy)

    kinds = []
    for answer in (said, {"error": "gone"}, {"code": 7}):
        given = {"key": "oauth", "fields": {"clientId": "c", "clientSecret": "client-secret-1"}, **KEPT}
        with pytest.raises(ConnectorError) as caught:
            Shop(model, {"status": 400, "json": answer}, given=given).run()
        kinds.append(caught.value.kind)

    assert kinds == ["server", "auth_revoked", "auth_revoked"]


def test_what_an_administrator_must_mend_is_never_kept() -> None:
    """A client that the vendor does not know is told once, not repeated, and asked about again by the next call."""
    store = filled()
    one = shop({"status": 400, "json": {"error": "invalid_client"}}, store=store)

    for _ in range(2):
        with pytest.raises(ConnectorError) as caught:
            one.run()
        assert caught.value.kind == "config"

    assert one.sent == 2
    assert kept(store).document == KEPT


@pytest.mark.plan("S-148")
def test_a_stumble_is_asked_about_again_within_the_call() -> None:
    """Three stumbles cost one call three waits, each twice as long, and no failure."""
    stumbles = [STUMBLES["503 temporarily_unavailable"], STUMBLES["200 null"], STUMBLES["429 without"]]
    one = shop(*stumbles, FRESH, SENT)

    assert one.run().status == 200
    assert one.clock.waits == [0.5, 1.0, 2.0]


@pytest.mark.plan("S-148")
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_the_vendor_asks_for_is_waited(status: int) -> None:
    """`Retry-After` goes before our own back-off, where the flight may last so long."""
    one = shop({"status": status, "headers": {"Retry-After": "7"}, "text": "later"}, FRESH, SENT)

    assert one.run().status == 200
    assert one.clock.waits == [7.0]


@pytest.mark.plan("S-148")
@pytest.mark.parametrize(("status", "is_told"), [(429, True), (503, False)])
def test_a_wait_that_is_too_long_is_told_and_kept(status: int, is_told: bool) -> None:
    """Until the instant that the error names nobody of the session asks; a throttle is told to others, too."""
    store = filled()
    one = shop({"status": status, "headers": {"Retry-After": "120"}, "text": "later"}, store=store)
    began = one.clock.now()

    for _ in range(3):
        with pytest.raises(ConnectorError) as caught:
            one.run()
        assert caught.value.retry_at is not None
        assert caught.value.retry_at.timestamp() == began + 120
    assert one.sent == 1
    assert ("trouble" in kept(store).document) is is_told

    one.clock.sleep(120)
    one.script.replies[:] = [FRESH, SENT]
    assert one.run().status == 200


def test_no_wish_for_a_wait_is_longer_than_an_hour() -> None:
    """A vendor that asks for a year is asked again after an hour: a wish must not end a connection either."""
    one = shop({"status": 429, "headers": {"Retry-After": "31536000"}, "text": "later"}, store=filled())

    with pytest.raises(Throttled):
        one.run()
    one.clock.sleep(HOUR_S)
    one.script.replies[:] = [FRESH, SENT]

    assert one.run().status == 200


@pytest.mark.plan("S-149")
@pytest.mark.parametrize("name", ["503 temporarily_unavailable", "no line"])
def test_all_requests_of_a_renewal_end_before_its_lease(name: str) -> None:
    """However much time the call has: nobody may take the lease over while its holder still asks."""
    one = shop(STUMBLES[name], store=filled(), random=FullJitter(), deadline_s=3_600.0)
    began = one.clock.now()
    ends: list[float] = []
    send = one.session._sender.send

    def watched(outgoing: Outgoing, *, timeout_s: float, **more: Any) -> Reply:
        ends.append(one.clock.now() + timeout_s)
        return send(outgoing, timeout_s=timeout_s, **more)  # type: ignore[return-value]

    one.session._sender.send = watched  # type: ignore[method-assign,assignment]
    with pytest.raises(ConnectorError):
        one.run()

    assert 3 < len(ends) < 12
    assert max(ends) < began + LEASE_S


@pytest.mark.plan("S-149")
@pytest.mark.parametrize("deadline_s", [0.3, 2.0, 10.0])
def test_repeats_stay_within_the_deadline(deadline_s: float) -> None:
    """The last failure is told in time; no wait is begun that the call would not live to see."""
    one = shop(STUMBLES["503 temporarily_unavailable"], random=FullJitter(), deadline_s=deadline_s)
    began = one.clock.now()

    with pytest.raises(ConnectorError) as caught:
        one.run()

    assert caught.value.kind == "server"
    assert one.clock.now() <= began + deadline_s
    assert sum(one.clock.waits) <= deadline_s


def test_a_token_that_still_lives_waits_for_no_repeat() -> None:
    """In its last minute a stumble costs one request; the call goes on with the old token at once."""
    one = shop(STUMBLES["503 temporarily_unavailable"], SENT)
    channel = one.session._channel
    token = channel.token._replace(expires_at=one.clock.now() + 30, issued_at=one.clock.now() - 3_570)
    channel.token = token

    assert one.run().status == 200
    assert one.clock.waits == []
    assert one.sent == 2


class Endless(SandboxClock):
    """The sandbox's time; whoever waits in a loop waits for ever."""

    def __init__(self, sandbox: Any) -> None:
        super().__init__(sandbox)
        self.rests = asyncio.Event()

    async def asleep(self, seconds: float) -> None:
        del seconds
        self.rests.set()
        await asyncio.Event().wait()


def test_closing_does_not_wait_for_a_vendor_to_come_back(zoho, sandbox, connection) -> None:
    """A renewal between two requests is given up with its session, and its lease with it."""
    sandbox.clock.advance(HOUR_S)
    sandbox.faults(fault="status", path="/oauth/*", count=None, status=503)
    store = MemoryStore()

    async def cancel_and_close() -> None:
        clock = Endless(sandbox)
        async with zoho.async_session(connection, clock=clock, token_store=store) as session:
            call = asyncio.create_task(session.check())
            await clock.rests.wait()
            call.cancel()

    asyncio.run(asyncio.wait_for(cancel_and_close(), 30))

    assert len(renewals(sandbox)) == 1
    assert kept(store).document == {}


def test_a_call_whose_session_is_closed_meanwhile_ends_in_our_words(zoho, sandbox, connection) -> None:
    """It waits for a token when the session is closed beneath it: an error of ours, and no cancellation."""
    sandbox.clock.advance(HOUR_S)
    sandbox.faults(fault="status", path="/oauth/*", count=None, status=503)

    async def close_beneath() -> None:
        clock = Endless(sandbox)
        session = zoho.async_session(connection, clock=clock)
        call = asyncio.create_task(session.check())
        await clock.rests.wait()
        await session.aclose()
        await call

    with pytest.raises(ConnectorError):
        asyncio.run(asyncio.wait_for(close_beneath(), 30))


def test_a_renewal_that_hangs_is_cut_off() -> None:
    """One request for a token takes a part of the flight only."""
    assert 2 * REQUEST_TIMEOUT_S < LEASE_S


TENANTS = 20


@pytest.mark.plan("S-141")
@pytest.mark.parametrize("how", ["threads", "loop"])
def test_an_outage_of_a_minute_costs_nobody_a_connection(
    zoho, sandbox, clock, store, how: str, score
) -> None:
    """The tokens of twenty tenants end while the accounts server is down; when it is back, all of them work."""
    sandbox.settings.change({"oauth.refresh_tokens": TENANTS + 1})
    scopes = [["ZohoCRM.users.READ", *["ZohoCRM.org.READ"] * number] for number in range(TENANTS)]
    tenants = [{**sandbox.connection(scopes=scopes[n]), "name": f"tenant-{n}"} for n in range(TENANTS)]
    assert len({tenant["token"]["refresh_token"] for tenant in tenants}) == TENANTS
    sandbox.clock.advance(HOUR_S)
    broken = {"status": 503, "body": {"error": "temporarily_unavailable"}}
    sandbox.faults(fault="status", path="/oauth/*", count=None, **broken)

    hints: set[str | None] = set()

    def outcome(tenant: dict[str, Any]) -> str:
        async def awaited() -> None:
            async with zoho.async_session(tenant, clock=clock, token_store=store) as session:
                await session.check()

        try:
            if how == "loop":
                asyncio.run(awaited())
            else:
                with zoho.session(tenant, clock=clock, token_store=store) as session:
                    session.check()
        except ConnectorError as problem:
            hints.add(problem.hint)
            return problem.kind
        return "works"

    during = [outcome(tenant) for tenant in tenants]
    sandbox.planted_faults.clear()
    after = [outcome(tenant) for tenant in tenants]

    score("outage_tenants", TENANTS)
    score("outage_lost", TENANTS - after.count("works"))
    assert during == ["server"] * TENANTS
    assert hints == {"Try again later; the connection itself is kept."}
    assert after == ["works"] * TENANTS
    assert {entry["status"] for entry in entries(sandbox, "crm")} == {200}
    assert len([entry for entry in renewals(sandbox) if entry["status"] == 200]) == TENANTS

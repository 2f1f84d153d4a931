"""What a store says of a permission is believed for a time, and only from who knew what revokes one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector_runtime.errors import ReconnectNeeded, Throttled
from connector_runtime.stores import MemoryStore
from connector_runtime.stores.token_state import BELIEVED_S
from tokens.scene import HOUR_S, SteppedClock, renewals

DAY_S = BELIEVED_S["auth_revoked"]
CODES = ("temporarily_unavailable", "server_error", "general_error", "invalid_code", None)


def written_before(store: Any, zoho: Any, connection: dict[str, Any], **more: Any) -> str:
    """Put the verdict of an older version into a store; returns its key."""
    verdict = {
        "kind": "auth_revoked",
        "message": "The vendor answered something where an access token was asked for.",
        "hint": "Connect again.",
        **more,
    }
    with zoho.session(connection, token_store=store) as session:
        key = str(session._channel.store_key)
    entry = store.read(key)
    assert store.write(key, {"token": connection["token"], "trouble": verdict}, entry.version if entry else 0)
    return key


@pytest.mark.plan("S-142")
@pytest.mark.parametrize("code", CODES)
def test_a_verdict_of_an_older_version_is_asked_about_once(
    zoho, sandbox, clock, connection, store, code: str | None
) -> None:
    """It may have been a stumble: the vendor is asked, and the connection that was given up works again."""
    key = written_before(store, zoho, connection, **({"code": code} if code else {}))
    sandbox.clock.advance(HOUR_S)

    for _ in range(3):
        with zoho.session(connection, clock=clock, token_store=store) as session:
            assert session.check().status == 200

    assert len(renewals(sandbox)) == 1
    assert set(store.read(key).document) == {"token"}


@pytest.mark.plan("S-142")
def test_sessions_that_find_an_old_verdict_ask_once_together(zoho, sandbox, connection) -> None:
    """Twenty sessions at once: one of them asks, the others wait for the lease to end."""
    store, clock = MemoryStore(), SteppedClock(sandbox.clock.now() + HOUR_S)
    sandbox.clock.advance(HOUR_S)
    written_before(store, zoho, connection, code="general_error")

    def work(_: int) -> int | None:
        with zoho.session(connection, clock=clock, token_store=store) as session:
            return session.check().status

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(work, range(20))) == [200] * 20

    assert len(renewals(sandbox)) == 1


@pytest.mark.plan("S-142")
def test_a_true_verdict_is_found_again_and_then_believed(zoho, sandbox, clock, connection, store) -> None:
    """A permission that is gone indeed costs one request, whoever wrote it down before."""
    written_before(store, zoho, connection, code="invalid_code")
    sandbox.tokens.revoke(connection["token"]["refresh_token"])
    sandbox.clock.advance(HOUR_S)

    for _ in range(10):
        with (
            zoho.session(connection, clock=clock, token_store=store) as session,
            pytest.raises(ReconnectNeeded) as caught,
        ):
            session.check()

    assert len(renewals(sandbox)) == 1
    assert caught.value.retry_at is None
    assert "Connect to Zoho again" in str(caught.value.hint)


@pytest.mark.plan("S-142")
@pytest.mark.parametrize("is_shared", [True, False])
def test_a_verdict_is_asked_about_once_a_day(zoho, sandbox, clock, connection, is_shared: bool) -> None:
    """A vendor that erred is found out, at the price of one request a day for each connection in use."""
    record = sandbox.tokens.refresh_record(connection["token"]["refresh_token"])
    sandbox.tokens.revoke(record["token"])
    sandbox.clock.advance(HOUR_S)
    options = {"token_store": MemoryStore()} if is_shared else {}

    with zoho.session(connection, clock=clock, **options) as session:
        for _ in range(3):
            for _ in range(24):
                with pytest.raises(ReconnectNeeded):
                    session.check()
                sandbox.clock.advance(DAY_S / 24)
        assert len(renewals(sandbox)) == 3


@pytest.mark.plan("S-142")
@pytest.mark.parametrize("until", [9e11, 1e300, float("inf"), float("nan"), "for ever", -1, True, [], None])
def test_no_verdict_is_believed_for_ever(zoho, sandbox, clock, connection, until: Any) -> None:
    """An end that no version of ours writes counts as none: the vendor is asked."""
    store = MemoryStore()
    for kind in ("auth_revoked", "auth_throttled"):
        written_before(store, zoho, connection, kind=kind, until=until)
        sandbox.clock.advance(HOUR_S)

        with zoho.session(connection, clock=clock, token_store=store) as session:
            assert session.check().status == 200


def test_a_cool_down_of_an_older_version_is_believed(zoho, sandbox, clock, connection) -> None:
    """It has an end, and always had."""
    store = MemoryStore()
    sandbox.clock.advance(HOUR_S)
    written_before(store, zoho, connection, kind="auth_throttled", until=sandbox.clock.now() + 500)

    with zoho.session(connection, clock=clock, token_store=store) as session:
        with pytest.raises(Throttled) as caught:
            session.check()
        assert caught.value.retry_at is not None
        sandbox.clock.advance(501)
        assert session.check().status == 200

    assert len(renewals(sandbox)) == 1

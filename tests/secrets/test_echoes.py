"""What a vendor repeats or hands out stays out of results, errors, events and logs."""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary
from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.testing.cases import AsyncScriptedSender, Script, StillClock
from engine.shop import Shop, action, model_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY, COOKIE = canary("echoed key"), canary("handed out cookie")
GIVEN = {"key": "key", "fields": {"key": KEY}}
ECHO = {
    "Set-Cookie": f"session={COOKIE}",
    "Set-Cookie2": f"session={COOKIE}",
    "X-Echo": f"you sent {KEY}",
    "X-Request-Id": f"r-{KEY}",
    "Date": "Mon, 05 Jan 2026 10:20:30 GMT",
}
FOUND = {"id": "7", "made": "2026-01-05T10:20:30Z"}
READ = model_of(action("read"))
LOOKED_UP = model_of(
    action("read"),
    {
        **action("create"),
        "action": "made",
        "lookup": {
            "action": "order", "inputs": {}, "made": "${ item.made }", "sent": {"id": "7"}, "found": "${ item.id }",
        },
    },
)


def blocking(model: Any, key: str, *replies: dict[str, Any]) -> Any:
    """Do an action in a thread."""
    return Shop(model, *replies, given=GIVEN).run(key)


def awaiting(model: Any, key: str, *replies: dict[str, Any]) -> Any:
    """Do it in an event loop."""
    sender: Any = AsyncScriptedSender(Script(list(replies)))
    session = AsyncSession(model, Connection.from_dict(GIVEN), Options(clock=StillClock()), sender=sender)
    return asyncio.run(session.run(key, {}))


def found(run: Callable[..., Any]) -> Any:
    """Look a record up after its creation was lost."""
    return run(
        LOOKED_UP, "made", {"error": "disconnect"}, {"status": 200, "json": FOUND, "headers": ECHO}
    )


def refused(run: Callable[..., Any]) -> Any:
    """Return the error that a refusal becomes."""
    with pytest.raises(ConnectorError) as caught:
        run(READ, "order", {"status": 404, "json": {}, "headers": ECHO})
    return caught.value


ENDS = {
    "done": lambda run: run(READ, "order", {"status": 200, "json": {"id": "7"}, "headers": ECHO}),
    "found": found,
    "refused": refused,
}


@pytest.mark.plan("S-186")
@pytest.mark.plan("S-187")
@pytest.mark.parametrize("run", [blocking, awaiting])
@pytest.mark.parametrize("end", ENDS)
def test_headers_that_are_given_back_have_no_cookie_and_no_secret(end, run):
    """Cookies are left out, a secret is masked, and the rest is as it came."""
    headers = ENDS[end](run).headers

    assert not any(name.startswith("set-cookie") for name in headers)
    assert headers["x-echo"] == "you sent ***"
    assert headers["date"] == ECHO["Date"]


@pytest.mark.plan("S-186")
def test_no_log_has_a_cookie_or_a_secret(caplog):
    """A debug log tells of the reply's headers without them."""
    caplog.set_level(logging.DEBUG)
    shop = Shop(
        model_of(action("read"), defaults={"debug": True}),
        {"status": 200, "json": {}, "headers": ECHO},
        given=GIVEN,
    )

    shop.run()

    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "x-echo" in logged
    assert "set-cookie" not in logged
    assert COOKIE not in logged
    assert KEY not in logged
    assert [event.request_id for event in shop.events] == [None, "r-***", "r-***"]


@pytest.mark.plan("S-184")
@pytest.mark.parametrize("before", [10_200, 10_239, 10_240])
def test_a_log_shows_no_half_of_a_secret(caplog, before):
    """Bodies are logged to a length; where they are cut, no secret is cut in two."""
    caplog.set_level(logging.DEBUG)
    text = "." * before + KEY + "." * 10_000
    request = {"service": "api", "method": "POST", "path": "/orders", "body": {"text": "${ inputs.name }"}}
    model = model_of(action("create", request=request), defaults={"debug": True})
    shop = Shop(model, {"status": 200, "json": {"echo": text}}, given=GIVEN)

    shop.run(name=text)

    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "bytes)" in logged
    assert not [length for length in range(6, len(KEY)) if "." + KEY[:length] in logged]


def kept_texts() -> Iterator[str]:
    """Yield every text that a pattern, or a cache of `re` or `functools`, holds now."""
    for thing in gc.get_objects():
        if isinstance(thing, re.Pattern):
            yield str(thing.pattern)
        elif isinstance(thing, functools._lru_cache_wrapper):
            yield from texts_in(thing, 6)
    for name, cache in vars(re).items():
        if "cache" in name and isinstance(cache, dict):
            yield from texts_in(cache, 4)


def texts_in(thing: object, levels: int) -> Iterator[str]:
    """Yield the texts that a thing refers to, in so many steps."""
    for inner in gc.get_referents(thing) if levels else ():
        if isinstance(inner, str):
            yield inner
        elif not isinstance(inner, type | ModuleType) and not callable(inner):
            yield from texts_in(inner, levels - 1)


@pytest.mark.plan("S-188")
@pytest.mark.parametrize("run", [blocking, awaiting])
def test_no_cache_of_the_process_keeps_a_secret_after_its_session(run):
    """A process that holds many customers' keys forgets those of a session that has ended."""
    for end in ENDS.values():
        end(run)
    gc.collect()

    texts = set(kept_texts())

    assert len(texts) > 100
    assert not [text for text in texts for part in (KEY, re.escape(KEY)) if part in text]

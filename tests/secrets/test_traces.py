"""Whatever goes wrong, neither the error nor its trace shows a secret: not in words, locals or objects."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import pickle
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canaries import MARK, canary, shows
from connector_runtime.base.values import Secret
from connector_runtime.component.component import Component
from connector_runtime.errors import ConnectorError
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.stores import MemoryStore
from connector_runtime.testing.cases import AsyncScriptedSender, Script, ScriptedSender, StillClock
from engine.shop import action, model_of
from engine.test_tokens import OAUTH
from frames import frames, is_ours, members
from meta.repository import FACES, RUNTIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL = model_of(action("create"), connection=OAUTH)
ACCESS, REFRESH, CLIENT = canary("access token"), canary("refresh token"), canary("client secret")
FRESH_TOKEN = canary("fresh token")
COOKIE = canary("cookie")
EVERYTHING = f"{ACCESS} {REFRESH} {CLIENT}"
ECHO = {"code": "odd", "message": f"bad token {ACCESS}", "client_secret": CLIENT, "all": EVERYTHING}
HEADERS = {
    "Set-Cookie": f"session={COOKIE}",
    "X-Echo": ACCESS,
    "Location": f"https://x.example/?token={ACCESS}",
}
TOKEN = {"status": 200, "json": {"access_token": FRESH_TOKEN, "expires_in": 3600}}


def given(**more: Any) -> dict[str, Any]:
    """Return a connection full of canaries."""
    token = {"access_token": ACCESS, "refresh_token": REFRESH, **more.pop("token", {})}
    return {"key": "oauth", "fields": {"clientId": "c", "clientSecret": CLIENT}, "token": token, **more}


def run(*replies: dict[str, Any], store: Any = None, **connection: Any) -> Callable[[], Any]:
    """Return what runs an action over a script, blocking."""

    def act() -> Any:
        component = Component(MODEL)
        session = component.session(given(**connection), clock=StillClock(), token_store=store)
        session._driver = type(session._driver)(
            ScriptedSender(Script(list(replies))),
            session._clock,
            session._budget,
            store,  # type: ignore[arg-type]
        )
        return session.run("order", {"name": "x"})

    return act


def run_awaiting(*replies: dict[str, Any], **connection: Any) -> Callable[[], Any]:
    """Return what runs an action over a script, in an event loop."""

    def act() -> Any:
        from connector_runtime.access.connections import Connection

        async def awaited() -> Any:
            sender = AsyncScriptedSender(Script(list(replies)))
            connected = Connection.from_dict(given(**connection))
            session = AsyncSession(MODEL, connected, Options(clock=StillClock()), sender=sender)  # type: ignore[arg-type]
            return await session.run("order", {})

        return asyncio.run(awaited())

    return act


class _BrokenStore(MemoryStore):
    def read(self, key: str) -> Any:
        raise OSError(5, f"cannot read {key}")


DEAD = {"expires_at": 1.0}
FAULTS: dict[str, Callable[[], Any]] = {
    "a refusal that repeats the token": run({"status": 400, "json": ECHO, "headers": HEADERS}),
    "a server error that repeats the token": run({"status": 500, "text": EVERYTHING, "headers": HEADERS}),
    "a page instead of JSON": run({"status": 200, "text": f"<html>{EVERYTHING}</html>", "headers": HEADERS}),
    "a redirect with the token": run({"status": 302, "text": "", "headers": HEADERS}),
    "a broken line": run({"error": "disconnect"}),
    "a token refused twice": run({"status": 401, "json": {**ECHO, "code": "expired"}}, TOKEN, {"status": 401, "json": {**ECHO, "code": "expired"}}),
    "an echo of the token that was just issued": run(TOKEN, {"status": 400, "text": f"{EVERYTHING} {FRESH_TOKEN}"}, token=DEAD),
    "a renewal refused with an echo": run({"status": 400, "json": {"error": "invalid_grant", **ECHO}}, token=DEAD),
    "a renewal answered with a page": run({"status": 200, "text": f"<html>{EVERYTHING}</html>"}, token=DEAD),
    "a renewal with a token that cannot be sent": run({"status": 200, "json": {"access_token": f"{FRESH_TOKEN}\r\n"}}, token=DEAD),
    "a renewal that is throttled": run({"status": 429, "json": ECHO}, token=DEAD),
    "a renewal over a broken line": run({"error": "disconnect"}, token=DEAD),
    "a renewal in a store": run({"status": 400, "json": {"error": "invalid_code", **ECHO}}, token=DEAD, store=MemoryStore()),
    "a store that does not answer": run(token=DEAD, store=_BrokenStore()),
    "a grant without a way to renew": run(token={**DEAD, "refresh_token": ""}),
    "the same in an event loop": run_awaiting({"status": 400, "json": ECHO, "headers": HEADERS}),
    "a renewal in an event loop": run_awaiting({"status": 400, "json": {"error": "invalid_code", **ECHO}}, token=DEAD),
    "an action that is not there": lambda: Component(MODEL).session(given()).run("nothing", {}),
    "an input that is not there": lambda: Component(MODEL).session(given()).run("order", {"nothing": 1}),
    "a form with a wrong field": lambda: Component(MODEL).session(given(fields={"clientSecret": CLIENT, "colour": ACCESS})),
    "a form that lacks a field": lambda: Component(MODEL).session(given(fields={"clientSecret": CLIENT})),
    "a connection of no kind": lambda: Component(MODEL).session({**given(), "key": "nothing"}),
    "a connection without a kind": lambda: Component(MODEL).session({**given(), "key": None}),
    "a connection of a wrong shape": lambda: Component(MODEL).session({**given(), "fields": [CLIENT]}),
    "a dry run of nothing": lambda: Component(MODEL).request("nothing", {}, given()),
    "a dry run of a wrong form": lambda: Component(MODEL).request("order", {}, given(fields={"clientSecret": CLIENT})),
    "a rule that is none": lambda: Component(MODEL).session(given(), allow={"nothing": []}),
}  # fmt: skip


@pytest.mark.plan("S-107")
@pytest.mark.plan("S-108")
@pytest.mark.parametrize("name", FAULTS)
def test_no_trace_of_an_error_shows_a_secret(name: str) -> None:
    """Its words, its facts, and everything in the frames that it carries."""
    error = caught(FAULTS[name])

    shown = f"{error} {error!r} {error.args!r} {error.__dict__!r} {json.dumps(error.to_dict(), default=str)}"
    printed = io.StringIO()
    traceback.TracebackException.from_exception(error, capture_locals=True).print(file=printed)
    ours = without_the_tests_own(printed.getvalue())
    assert not shows(shown.encode())
    assert not shows(ours.encode())
    assert leaks(error) == []


@pytest.mark.plan("S-107")
@pytest.mark.parametrize("name", FAULTS)
def test_an_error_carries_no_foreign_exception_and_no_frame_of_the_wire(name: str) -> None:
    """What the HTTP library or a store has raised stays there; its cause is told in words."""
    error = caught(FAULTS[name])

    assert error.__cause__ is None
    assert error.__context__ is None or isinstance(error.__context__, ConnectorError)
    files = [frame.f_code.co_filename for frame in frames(error)]
    assert not [
        file
        for file in files
        if "/transport/" in file or "httpx" in file or "httpcore" in file or "h11" in file
    ]


def caught(act: Callable[[], Any]) -> ConnectorError:
    with pytest.raises(ConnectorError) as found:
        act()
    return found.value


def leaks(error: BaseException) -> list[str]:
    """Return the locals of the runtime's frames that show a canary, themselves or in what they hold."""
    return [
        f"{frame.f_code.co_name}.{name}{path}"
        for frame in frames(error)
        if is_ours(frame)
        for name, value in frame.f_locals.items()
        for path in shown_in(value, seen=set())
    ]


def shown_in(value: Any, *, seen: set[int], path: str = "") -> Iterator[str]:
    """Yield the ways from an object to texts with a canary, short of a secret's own slot."""
    if id(value) in seen or isinstance(value, Secret | type) or len(path) > 200:
        return
    seen.add(id(value))
    for text in (repr(value), str(value)):
        if shows(text.encode("utf-8", "surrogatepass")):
            yield path or " itself"
            return
    for step, member in members(value):
        yield from shown_in(member, seen=seen, path=f"{path}.{step}")


def without_the_tests_own(text: str) -> str:
    """Return a printed trace without the frames of test files, which hold what they plant."""
    kept, is_kept = [], True
    for line in text.splitlines():
        if line.startswith("  File "):
            is_kept = "/tests/" not in line and "cases.py" not in line
        kept.append(line if is_kept else "")
    return "\n".join(kept)


@pytest.mark.plan("S-107")
def test_the_walk_through_objects_finds_what_is_there() -> None:
    """The tests above would see a secret that lies open in an object."""

    class Holder:
        __module__ = "connector_runtime.made_up"
        __slots__ = ("inner",)

        def __init__(self, inner: Any) -> None:
            self.inner = inner

    open_, sealed = Holder({"a": [Holder((1, ACCESS))]}), Holder({"a": [Secret(ACCESS)]})

    assert list(shown_in(open_, seen=set())) == [".inner.a.0.inner"]
    assert list(shown_in(sealed, seen=set())) == []


@pytest.mark.plan("S-108")
def test_a_result_and_what_is_told_of_it_repeat_no_secret() -> None:
    """A vendor that answers with the token in a header or request id finds it in no attempt and no event."""
    events: list[Any] = []
    component = Component(MODEL)
    session = component.session(given(), clock=StillClock(), on_event=events.append)
    reply = {"status": 200, "json": {"id": "7"}, "headers": {"X-Request-Id": ACCESS}}
    session._driver = type(session._driver)(ScriptedSender(Script([reply])), session._clock, session._budget)  # type: ignore[arg-type]

    result = session.run("order", {})

    told = (
        json.dumps([attempt.to_dict() for attempt in result.attempts]) + repr(events) + repr(result.attempts)
    )
    assert not shows(told.encode())


@pytest.mark.plan("S-106")
def test_debugging_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Debug Request writes request and reply as they were, secrets masked, whoever repeats them."""
    caplog.set_level(logging.DEBUG)
    model = model_of(action("create"), connection=OAUTH, defaults={"debug": "${ true }"})
    echo = {"status": 200, "json": ECHO, "headers": HEADERS}
    session = Component(model).session(given(token=DEAD), clock=StillClock())
    session._driver = type(session._driver)(
        ScriptedSender(Script([TOKEN, echo])), session._clock, session._budget
    )  # type: ignore[arg-type]

    session.run("order", {})

    records = [record.__dict__["connector"] for record in caplog.records if "connector" in record.__dict__]
    assert {record["event"] for record in records} >= {"request", "reply", "attempt"}
    assert not shows(repr(records).encode())
    assert not shows(caplog.text.encode())


WAYS = {
    "repr": repr,
    "str": str,
    "a format": lambda secret: f"{secret} {secret!r} {secret:>40} {secret!s}" + f"{secret} {secret!r}",
    "a list": lambda secret: repr([secret, {"a": secret}, (secret,)]),
    "dir": lambda secret: repr(
        [repr(getattr(secret, name, None)) for name in dir(secret) if name not in ("_text", "reveal")]
    ),
    "logging": lambda secret: logging.makeLogRecord({"msg": "%s %r", "args": (secret, secret)}).getMessage(),
    "an error": lambda secret: str(ValueError(secret)),
    "a trace": lambda secret: "".join(traceback.format_exception(ValueError(secret))),
}


@pytest.mark.plan("S-107")
@pytest.mark.parametrize("way", WAYS)
def test_a_secret_does_not_show_itself(way: str) -> None:
    """Printed, formatted, listed or logged, it is a short mark of its content."""
    shown = WAYS[way](Secret(ACCESS))

    assert MARK not in shown


@pytest.mark.plan("S-107")
def test_a_secret_cannot_be_copied_out_by_accident() -> None:
    """Pickles, deep copies, JSON and joined texts refuse it."""
    import copy
    import dataclasses
    import marshal

    @dataclasses.dataclass
    class Holder:
        secret: Secret

    secret: Any = Secret(ACCESS)
    attempts: list[Callable[[], Any]] = [
        lambda: pickle.dumps(secret),
        lambda: pickle.dumps([secret], protocol=0),
        lambda: copy.copy(secret),
        lambda: copy.deepcopy({"a": secret}),
        lambda: dataclasses.asdict(Holder(secret)),
        lambda: json.dumps(secret),
        lambda: marshal.dumps(secret),
        lambda: "a" + secret,
        lambda: "".join([*"a", secret]),
        lambda: bytes(secret),
        lambda: list(secret),
        lambda: secret[0],
        lambda: Path(secret),
        lambda: {**secret},
    ]
    for attempt in attempts:
        with pytest.raises((TypeError, ValueError)):
            attempt()


def test_secrets_are_equal_by_content() -> None:
    """They can be compared and looked up, in constant time, without being shown."""
    assert Secret(ACCESS) == Secret(ACCESS)
    assert Secret(ACCESS) != Secret(REFRESH)
    assert Secret(ACCESS) != ACCESS
    assert len({Secret(ACCESS), Secret(ACCESS)}) == 1
    assert not Secret("")


def test_only_a_few_places_reveal_a_secret() -> None:
    """Where it goes on the wire, where it is kept, where it is taken out of texts, and where it is marked."""
    callers = {
        path.relative_to(package).as_posix()
        for package in (RUNTIME, *FACES)
        for path in package.rglob("*.py")
        if ".reveal()" in path.read_text("utf-8")
    }

    assert callers == {
        "base/bodies.py",  # forms
        "transport/wire_headers.py",  # whether a header can be sent
        "transport/httpx/given.py",  # headers of a transport that is given
        "transport/httpx/lines.py", "transport/wires.py",  # the address of a proxy, which may hold a password
        "language/expressions/operators.py",  # texts made of secrets, which are secrets
        "stores/token_state.py",  # for keeping
        "stores/keys.py",  # keys of stores
        "conversation/tokens/oauth.py",  # the proof of a login
        "inputs/reading.py", "base/urls.py",  # whether it can be sent
        "testing/comparison.py", "testing/pushed_cases.py",  # embedded tests compare what was sent, and prove a push
        "language/expressions/filters.py",  # base64, which gives a secret
        "base/secret_forms.py",  # what to take out where it was written otherwise
        "base/sealed_json.py",  # bodies that hold one
        "conversation/request.py",  # keys in a query
        "access/connections.py", "conversation/sequence/resume.py",  # what binds a resume to a connection and its inputs
        "triggers/subscribe.py",  # for the file that a person copies it from
        "triggers/webhooks/proof.py",  # whether a push is proven
        "triggers/webhooks/subscribing.py",  # whether one is long enough
        "triggers/webhooks/subscription.py",  # for keeping
    }  # fmt: skip

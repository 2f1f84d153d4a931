"""A small reply has a small price: memory, time and turns of an event loop are bounded."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.base import urls
from connector_runtime.base.json_text import count_values
from connector_runtime.base.long_json import SLICE_CHARS
from connector_runtime.base.messages import DEFAULT_LIMITS, Failure, Limits, Outgoing, Reply
from connector_runtime.base.values import Deadline
from connector_runtime.conversation.replies.long_reply import read_long
from connector_runtime.errors import DeadlineExceeded, InputError, ReplyTooLarge
from connector_runtime.inputs.keyvalues import read_pairs
from connector_runtime.inputs.refusals import Refusal
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.testing.cases import AsyncScriptedSender, Script, StillClock
from engine.shop import CONNECTION, Shop, action, model_of
from faults.contents import MEBIBYTE
from faults.faultserver import read_request, reply, send

KEY = {"key": "key", "fields": {"key": "shop-key-123456"}}
READ = model_of(action("read"), connection=CONNECTION)
REFUSED_MIB = 80
TAKEN_PERCENT = 130
# Each takes seconds and gigabytes where nobody counts.
COSTLY = {
    "lists of empty lists": lambda: b"[" + b"[]," * (7 * MEBIBYTE) + b"1]",
    "objects in objects": lambda: b"[" + b'{"a":{}},' * (4 * MEBIBYTE) + b"1]",
    "towers of brackets": lambda: b"[" + (b"[" * 190 + b"]" * 190 + b",") * (MEBIBYTE // 16) + b"1]",
    "many numbers": lambda: b"[" + b"1," * (20 * MEBIBYTE) + b"1]",
}
_CHILD = """
import asyncio, json, sys
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError
from connector_runtime.session.session import Options, Session
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.sync_transport import SyncSender
from engine.shop import action, model_of
kind, origin = sys.argv[1:]
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
def here(outgoing):
    return outgoing._replace(url=outgoing.url.replace("https://api.example.com", origin))
class Sync(SyncSender):
    def send(self, outgoing, **how): return super().send(here(outgoing), **how)
class Async(AsyncSender):
    async def send(self, outgoing, **how): return await super().send(here(outgoing), **how)
parts = model_of(action("read")), Connection.from_dict({"key": "key", "fields": {"key": "shop-key-123456"}}), Options()
def do(go):
    try:
        return len(go().data)
    except ConnectorError as problem:
        return problem.kind
if kind == "json":
    import urllib.request
    go = lambda: urllib.request.urlopen(origin).read()
    # Its own copy of the content counts, as ours does.
    json.loads(go()); before = peak(); body = go(); count = len(json.loads(body))
elif kind == "sync":
    session = Session(*parts, sender=Sync({origin}, loopback=True))
    go = lambda: session.run("order", {})
    do(go); before = peak(); count = do(go)
else:
    session = AsyncSession(*parts, sender=Async({origin}, loopback=True))
    with asyncio.Runner() as runner:
        go = lambda: runner.run(session.run("order", {}))
        do(go); before = peak(); count = do(go)
print(count, peak() - before)
"""


def told(kind: str, origin: str) -> tuple[str, int]:
    """Return what a process of its own makes of the second reply, and the MiB it grew by."""
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _CHILD, kind, origin],
        env={"PYTHONPATH": f"{root / 'src'}:{root / 'tests'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    found, grown_kib = ran.stdout.split()
    return found, int(grown_kib) // 1024


@pytest.mark.plan("S-180")
@pytest.mark.parametrize(("name", "kind"), [*zip(COSTLY, ["sync", "async"] * 2, strict=True)])
def test_a_reply_of_too_many_values_is_refused_before_it_is_whole(faults, score, name, kind):
    """A few hundred kilobytes of gzip that would become millions of values cost next to nothing."""
    zipped = gzip.compress(COSTLY[name](), 1)
    answer = reply(zipped, headers=["Content-Encoding: gzip"])
    faults.play([read_request, send(reply(b"{}")), read_request, send(answer)])

    found, grown_mib = told(kind, faults.origin)

    assert found == "limit"
    assert grown_mib < REFUSED_MIB
    score("costly_replies", 1)
    score("refused_mib", REFUSED_MIB)


@pytest.mark.plan("S-180")
@pytest.mark.parametrize("form", ["json", "text", "binary"])
def test_values_count_where_json_is_wanted(faults, caller, form):
    """A table with commas is no JSON; a refusal is read as such whatever was asked for."""
    table = b"1,2,3,4,5,6,7\n" * 1_000
    faults.play(
        [read_request, send(reply(table)), read_request, send(reply(table, status="400 Bad Request"))]
    )
    limits = Limits(values=500, values_from_bytes=1_000)
    get = Outgoing("GET", faults.origin + "/x", form=form)

    good, bad = caller.send(get, limits=limits), caller.send(get, limits=limits)

    assert isinstance(good, Failure if form == "json" else Reply)
    assert isinstance(bad, Failure)
    assert (bad.kind, bad.message) == ("limit", "The reply has more than 500 values.")


def records(count: int) -> list[dict[str, object]]:
    """Return rows as a vendor sends them."""
    return [
        {
            "id": f"{460_000_000_000 + number}",
            "Full_Name": f"Customer {number}",
            "Owner": {"id": "460000000000007", "name": "Patricia"},
            "Email": f"customer.{number}@example.com",
            "Created_Time": "2026-01-05T10:20:30+01:00",
            "Description": None,
            "Tag": [],
            "$approved": True,
            "Phone": None,
        }
        for number in range(count)
    ]


@pytest.mark.plan("S-180")
def test_any_records_that_the_wire_may_bring_are_taken():
    """Values are bounded where no honest reply comes near: one in eight bytes."""
    body = json.dumps(records(100), separators=(",", ":")).encode()

    assert count_values(body) * 8 < len(body)
    assert DEFAULT_LIMITS.values * 8 == DEFAULT_LIMITS.wire_bytes


@pytest.mark.plan("S-181")
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_long_reply_takes_little_more_memory_than_its_json(faults, score, kind):
    """Content, text and values are there once each, as when `json.loads` reads them."""
    body = json.dumps(records(40_000)).encode()
    scripts = [read_request, send(reply(b"[1]"))], [read_request, send(reply(body))]
    faults.play([step for script in scripts for step in script])
    _, ours = told(kind, faults.origin)
    faults.play(*scripts)

    count, plain = told("json", faults.origin)

    assert count == "40000"
    assert ours * 100 < plain * TAKEN_PERCENT
    score("taken_percent", TAKEN_PERCENT)


@pytest.mark.plan("S-181")
def test_others_have_their_turns_while_a_long_reply_is_read(score):
    """An event loop goes on after each slice."""
    script = Script([{"json": records(30_000)}])
    size_chars = len(json.dumps(records(30_000), separators=(",", ":")))
    session = AsyncSession(
        READ,
        Connection.from_dict(KEY),
        Options(clock=Turns()),
        sender=AsyncScriptedSender(script),  # type: ignore[arg-type]
    )

    async def beating() -> tuple[int, int]:
        beats = 0
        call = asyncio.create_task(session.run("order", {}))
        while not call.done():
            beats += 1
            await asyncio.sleep(0)
        return beats, len(call.result().data)

    beats, count = asyncio.run(beating())

    assert count == 30_000
    assert beats > size_chars / SLICE_CHARS
    score("turn_kib", SLICE_CHARS // 1024)


@pytest.mark.plan("S-181")
def test_a_long_text_is_decoded_in_pieces_to_the_same_text():
    """A letter that two pieces share is none the worse for it, and broken ones are replaced as ever."""
    content = ("\u20ac" * 400_000).encode() + b"\xff\xe2\x82" + b"x" * 400_000 + b"\xe2"
    steps = read_long(
        Reply(200, (), content),
        numbers=None,
        as_text=True,
        deadline=Deadline.after(60.0, StillClock()),
    )

    count = 0
    try:
        while True:
            next(steps)
            count += 1
    except StopIteration as end:
        got = end.value

    assert got.early == {"text": content.decode("utf-8", "replace")}
    assert count > 4


class Turns(StillClock):
    """Costs no time, but gives way as the real one does."""

    async def asleep(self, seconds: float) -> None:
        """Let others have their turn."""
        await asyncio.sleep(seconds)


class Ticking(StillClock):
    """Each look at it takes ten milliseconds."""

    def monotonic(self) -> float:
        """Return ten milliseconds more than before."""
        self._now += 0.01
        return self._now


@pytest.mark.plan("S-182")
def test_the_deadline_is_looked_at_between_slices():
    """A reply that came in time and takes too long to read ends the call when its time is up."""
    clock = Ticking()
    shop = Shop(READ, {"json": records(30_000)}, clock=clock)
    began = clock.now()

    with pytest.raises(DeadlineExceeded, match="while the reply was read"):
        shop.session.run("order", {}, deadline_s=0.3)

    assert 0.3 <= clock.now() - began < 0.4


@pytest.mark.plan("S-182")
def test_a_write_whose_reply_takes_too_long_to_read_is_unknown():
    """It may have been made: nobody has read what the vendor said."""
    shop = Shop(model_of(action("create")), {"json": records(30_000)}, clock=Ticking())

    with pytest.raises(Exception, match="not known whether") as caught:
        shop.session.run("order", {}, deadline_s=0.3)

    assert caught.value.kind == "outcome_unknown"


@pytest.mark.plan("S-180")
def test_a_long_refusal_in_another_form_is_counted_too():
    """What did not come over a line of our own is counted before it is read."""
    many = "[" + "[]," * 1_200_000 + "1]"
    shop = Shop(READ, {"status": 500, "text": many})

    with pytest.raises(ReplyTooLarge, match="more than 4,194,304 values"):
        shop.run()


MANY = 10_000_000
LONG = {
    "one piece": ("path", "/" + "a" * MANY),
    "many pieces": ("path", "/a" * (MANY // 2)),
    "percent codes": ("path", "/" + "%2e" * (MANY // 3)),
    "letters to encode": ("path", "/" + "\u00e9" * MANY),
    "a query behind the path": ("path", "/x?" + "a=b&" * (MANY // 4)),
    "a whole address": ("path", "https://" + "x/" * (MANY // 2)),
    "blanks": ("path", " " * MANY + "/x"),
    "a query": ("query", "\u00e9" * MANY),
    "a header": ("header", "\u00e9" * MANY),
    "an id": ("id", "\u00e9" * MANY),
}
PLACES = {
    "path": {"path": "${ inputs.name | urlPath }", "query": {"...": "${ inputs.name | urlQuery }"}},
    "query": {"path": "/orders", "query": {"search": "${ inputs.name }"}},
    "header": {"path": "/orders", "headers": {"X-Name": "${ inputs.name }"}},
    "id": {"path": "/orders/${ inputs.name }"},
}


@pytest.mark.plan("S-189")
@pytest.mark.parametrize("name", LONG)
def test_ten_megabytes_where_an_address_goes_are_refused_unread(monkeypatch, name):
    """What no URL or header can hold is refused by its length, naming the input, before any work on it."""
    place, value = LONG[name]
    request = {"service": "api", "method": "GET", **PLACES[place]}
    shop = Shop(model_of(action("read", request=request)))
    for worker in ("quote", "unquote", "unquote_plus"):
        monkeypatch.setattr(
            urls, worker, lambda text, **_: pytest.fail(f"{len(text)} characters were worked on")
        )

    with pytest.raises(InputError) as caught:
        shop.run(name=value)

    assert caught.value.input == "name"
    assert "characters" in caught.value.message
    assert len(str(caught.value)) < 500
    assert shop.sent == 0


@pytest.mark.plan("S-189")
@pytest.mark.parametrize(
    "value",
    [
        "a=b&" * 2_000_000,
        "a: b\n" * 2_000_000,
        [{"key": "a", "value": "b"}] * 20_000,
        dict.fromkeys(map(str, range(20_000)), 1),
    ],
    ids=["a query", "lines", "entries", "a map"],
)
def test_more_entries_than_any_form_has_are_refused_uncounted(value):
    """A list of names and values has an end."""
    with pytest.raises(Refusal, match="more than 10,000 entries"):
        read_pairs(value)


@pytest.mark.plan("S-189")
def test_more_headers_than_servers_take_are_refused():
    """A header that repeats counts each time."""
    with pytest.raises(urls.UrlError, match="more than 256"):
        urls.header_pairs({"X-A": ["a"] * 200, "X-B": ["b"] * 100})

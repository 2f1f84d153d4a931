"""Notification channels and the callbacks they deliver."""

from __future__ import annotations

import json
import queue
import socket
import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from zoho_sandbox.products.crm.notices import callbacks

from .asking import Json, create

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

WAIT_S = 10


class Receiver:
    """A small server on loopback that keeps what is posted to it."""

    def __init__(self) -> None:
        self.posts: queue.Queue[Json] = queue.Queue()
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.put(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def next(self) -> Json:
        """Return the next post, waiting for it."""
        return self.posts.get(timeout=WAIT_S)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running receiver."""
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def watch(crm: httpx.Client, *channels: Json, method: str = "POST") -> httpx.Response:
    """Ask for channels."""
    return crm.request(method, "/actions/watch", json={"watch": channels})


def channel(url: str = "https://hooks.example.com/x", **more: Any) -> Json:
    """Return a channel that watches the custom module."""
    return {"channel_id": "1000000068001", "events": ["CM1.all"], "notify_url": url, "token": "T", **more}


def test_changes_are_told_to_the_channel(crm: httpx.Client, receiver: Receiver) -> None:
    """Create, edit and delete arrive as insert, update and delete, with all ids of a request."""
    assert watch(crm, channel(receiver.url)).status_code == 201
    ids = create(crm, "CM1", {"Name": "1"}, {"Name": "2"})
    inserted = receiver.next()
    crm.put(f"/CM1/{ids[0]}", json={"data": [{"Name": "3"}]})
    updated = receiver.next()
    crm.delete(f"/CM1/{ids[0]}")
    deleted = receiver.next()

    assert inserted["ids"] == ids
    assert (inserted["operation"], inserted["module"]) == ("insert", "CM1")
    assert (inserted["channel_id"], inserted["token"]) == ("1000000068001", "T")
    assert inserted["resource_uri"].endswith("/crm/v2/CM1")
    assert inserted["affected_fields"] == []
    assert isinstance(inserted["server_time"], int)
    assert (updated["operation"], deleted["operation"]) == ("update", "delete")


def test_changed_fields_are_told_on_request(crm: httpx.Client, receiver: Receiver) -> None:
    """return_affected_field_values names the changed fields of an update."""
    (record,) = create(crm, "CM1", {"Name": "1"})
    watch(crm, channel(receiver.url, events=["CM1.edit"], return_affected_field_values=True))

    crm.put(f"/CM1/{record}", json={"data": [{"Quantity": 5}]})

    assert receiver.next()["affected_fields"] == [{record: ["Quantity"]}]


def test_a_condition_on_fields_silences_other_changes(crm: httpx.Client, receiver: Receiver) -> None:
    """Only a change of the selected fields is told."""
    (record,) = create(crm, "CM1", {"Name": "1"})
    selection = {"group_operator": "or", "group": [{"field": {"api_name": "Quantity"}}]}
    condition = {"type": "field_selection", "module": {"api_name": "CM1"}, "field_selection": selection}
    watch(crm, channel(receiver.url, notification_condition=[condition]))

    crm.put(f"/CM1/{record}", json={"data": [{"Name": "2"}]})
    crm.put(f"/CM1/{record}", json={"data": [{"Quantity": 3}]})
    crm.put(f"/CM1/{record}", json={"data": [{"Quantity": 4}]})

    told = [receiver.next(), receiver.next()]
    assert [post["ids"] for post in told] == [[record], [record]]
    assert receiver.posts.empty()


def test_nothing_leaves_the_machine(sandbox: Any, crm: httpx.Client, receiver: Receiver) -> None:
    """A channel to another host is kept, but nothing is sent there."""
    watch(crm, channel(), channel(receiver.url, channel_id="2"))

    create(crm, "CM1", {"Name": "1"})
    receiver.next()

    told = {one["about"]: one["outcome"] for one in sandbox.state.scan("crm/callbacks")}
    assert told["channel 1000000068001"] == "not sent: not on this machine"


def test_a_push_reads_no_certificates(
    crm: httpx.Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take long enough for fifty channels to keep everybody else waiting for seconds."""

    def read(*_: Any, **__: Any) -> None:
        raise AssertionError("the certificates of the world were read")

    watch(crm, channel(receiver.url))
    monkeypatch.setattr(ssl, "create_default_context", read)
    ids = create(crm, "CM1", {"Name": "1"})

    assert receiver.next()["ids"] == ids


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_a_receiver_that_never_comes_to_an_end_holds_up_nobody(
    sandbox: Any, crm: httpx.Client, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """Silent or byte by byte: the request is answered, the next one as well, and the post ends at its limit."""
    monkeypatch.setattr(callbacks, "_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_drip, args=(listener, answer))
        thread.start()
        watch(crm, channel(f"http://127.0.0.1:{listener.getsockname()[1]}/hook"))
        begun = time.monotonic()
        create(crm, "CM1", {"Name": "1"})
        create(crm, "Contacts", {"Last_Name": "2"})
        took = time.monotonic() - begun
        thread.join(WAIT_S)

    assert took < 0.5
    assert not thread.is_alive()
    while not (told := list(sandbox.state.scan("crm/callbacks"))) and time.monotonic() < begun + WAIT_S:
        time.sleep(0.01)
    assert [one["outcome"].startswith("failed: ") and "Timeout" in one["outcome"] for one in told] == [True]


def _drip(listener: socket.socket, answer: bytes) -> None:
    """Take one post and answer it with a header that has no end, or not at all, until it is given up."""
    connection, _ = listener.accept()
    connection.settimeout(0.05)
    with connection, suppress(OSError):
        connection.sendall(answer)
        while True:
            try:
                if not connection.recv(4096):
                    return
            except TimeoutError:
                connection.sendall(b"X: 1\r\n" if answer else b"")


def test_an_expired_channel_is_silent(crm: httpx.Client, later: Any, receiver: Receiver) -> None:
    """After its hour a channel is neither listed nor served, and cannot be updated."""
    watch(crm, channel(receiver.url))
    later(3601)
    create(crm, "CM1", {"Name": "1"})

    assert crm.get("/actions/watch").status_code == 204
    assert watch(crm, {"channel_id": "1000000068001", "token": "U"}, method="PATCH").json()["code"] == (
        "NOT_SUBSCRIBED"
    )
    assert receiver.posts.empty()


@pytest.mark.parametrize(("days", "lasts_s"), [(None, 3600), (2, 2 * 86400), (7, 7 * 86400), (8, 3600)])
def test_a_channel_lasts_an_hour_or_up_to_a_week(
    sandbox: Any, crm: httpx.Client, days: int | None, lasts_s: int
) -> None:
    """Without an end, or with one beyond a week, it silently ends after an hour."""
    from datetime import timedelta

    sandbox.clock.freeze()
    now = sandbox.clock.at()
    asked = {} if days is None else {"channel_expiry": (now + timedelta(days=days)).isoformat()}

    (item,) = watch(crm, channel(**asked)).json()["watch"]

    from datetime import datetime

    (event,) = item["details"]["events"]
    assert datetime.fromisoformat(event["channel_expiry"]) - now == timedelta(seconds=lasts_s)
    assert (event["resource_name"], event["channel_id"]) == ("CM1", "1000000068001")


def test_channels_are_listed_changed_and_closed(crm: httpx.Client) -> None:
    """GET shows them, PUT replaces, PATCH changes a part or drops events, DELETE closes."""
    watch(crm, channel(events=["CM1.create", "Leads.all"]), channel(channel_id="2"))
    listed = crm.get("/actions/watch", params={"channel_id": "1000000068001"}).json()["watch"]
    replaced = watch(crm, channel(events=["Deals.all"]), method="PUT")
    changed = watch(crm, {"channel_id": "2", "token": "U"}, method="PATCH")
    dropped = watch(crm, {"channel_id": "2", "events": ["CM1.all"], "_delete_events": True}, method="PATCH")
    left = crm.get("/actions/watch").json()["watch"]
    closed = crm.delete("/actions/watch", params={"channel_ids": "1000000068001,2"})

    assert [(row["resource_name"], row["events"]) for row in listed] == [
        ("CM1", ["CM1.create"]),
        ("Leads", ["Leads.all"]),
    ]
    assert (replaced.status_code, changed.status_code, dropped.status_code) == (200, 200, 200)
    assert [(row["channel_id"], row["events"]) for row in left] == [("1000000068001", ["Deals.all"])]
    assert closed.status_code == 207
    assert [item["code"] for item in closed.json()["watch"]] == ["SUCCESS", "NOT_SUBSCRIBED"]


def test_some_channels_may_be_refused(crm: httpx.Client) -> None:
    """Several in one request stand for themselves: 207."""
    bad = channel()
    del bad["channel_id"]

    reply = watch(crm, channel(), bad)

    assert reply.status_code == 207
    assert reply.json()["watch"][1] == {
        "code": "MANDATORY_NOT_FOUND",
        "details": {"api_name": "channel_id", "json_path": "$.watch[1].channel_id"},
        "message": "required field not found",
        "status": "error",
    }


CM1 = {"api_name": "CM1"}
SELECTION = {"group_operator": "or", "group": [{"field": {"api_name": "Name"}}]}


def condition(**more: Any) -> list[Json]:
    """Return one condition on fields."""
    return [{"type": "field_selection", "module": CM1, "field_selection": SELECTION, **more}]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"notify_url": None}, "MANDATORY_NOT_FOUND"),
        ({"notify_url": "nowhere"}, "INVALID_DATA"),
        ({"notify_url": "https://x.example/" + "a" * 255}, "INVALID_DATA"),
        ({"events": ["Nothing.all"]}, "INVALID_DATA"),
        ({"events": ["CM1.read"]}, "INVALID_DATA"),
        ({"channel_expiry": "2026-01-01T10:00:00.500+05:30"}, "INVALID_DATA"),
        ({"channel_expiry": "2000-01-01T10:00:00+05:30"}, "INVALID_DATA"),
        ({"token": "x" * 51}, "INVALID_DATA"),
        ({"notification_condition": condition() * 3}, "INVALID_DATA"),
        ({"notification_condition": condition(type="other")}, "INVALID_DATA"),
        ({"notification_condition": condition(module={})}, "EXPECTED_FIELD_MISSING"),
        ({"notification_condition": condition(module={**CM1, "id": "1"})}, "AMBIGUITY_DURING_PROCESSING"),
        ({"notification_condition": condition(field_selection=None)}, "DEPENDENT_FIELD_MISSING"),
        (
            {"notification_condition": condition(field_selection={"group": SELECTION["group"] * 11})},
            "INVALID_DATA",
        ),
    ],
)
def test_a_channel_without_sense_is_refused(crm: httpx.Client, more: Json, code: str) -> None:
    """One channel alone is refused flat."""
    reply = watch(crm, channel(**more))

    assert (reply.status_code, reply.json()["code"]) == (400, code)


def test_conditions_came_with_v6(client: Any) -> None:
    """v5 does not look at them."""
    old = watch(client("/crm/v5"), channel(notification_condition=["nonsense"]))
    new = watch(client("/crm/v6"), channel(notification_condition=["nonsense"]))

    assert (old.status_code, new.status_code) == (201, 400)


def test_at_most_fifty_channels_are_asked_for(crm: httpx.Client) -> None:
    """51 in one request are refused."""
    assert watch(crm, *[channel()] * 51).json()["code"] == "LIMIT_EXCEEDED"

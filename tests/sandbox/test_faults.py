"""Planted faults: they meet the right request, and happen on the wire."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from zoho_sandbox import Sandbox

CONTACTS = "/contacts?organization_id=10234695"


def create(books: httpx.Client, name: str) -> httpx.Response:
    """Create a contact."""
    return books.post(CONTACTS, json={"contact_name": name})


def names(sandbox: Sandbox) -> list[str]:
    """Return the contact names that are really in the state."""
    return [record["contact_name"] for record in sandbox.state.scan("books/10234695/contacts")]


def created(sandbox: Sandbox) -> int:
    """Return how many creations the ledger knows."""
    effects = [effect for entry in sandbox.ledger() for effect in entry["effects"]]
    return sum(effect["effect"] == "create" for effect in effects)


def test_a_status_fault_answers_instead_of_the_product(sandbox, books):
    """Nothing is done; the next request is honest again."""
    sandbox.faults(fault="status", status=503, headers={"Retry-After": "7"})

    spoiled, honest = create(books, "A"), create(books, "B")

    assert spoiled.status_code == 503
    assert spoiled.headers["retry-after"] == "7"
    assert honest.status_code == 201
    assert "A" not in names(sandbox)
    assert [entry["fault"] for entry in sandbox.ledger()] == ["status", None]


def test_a_fault_may_let_the_product_work_first(sandbox, books):
    """500 after the commit: the worst kind of answer."""
    sandbox.faults(fault="status", status=500, commit=True)

    assert create(books, "A").status_code == 500
    assert "A" in names(sandbox)
    assert created(sandbox) == 1


def test_a_body_fault_sends_what_it_is_given(sandbox, books):
    """A value is sent as JSON, a text as it is."""
    sandbox.faults(
        {"fault": "body", "status": 200, "body": {"code": 0, "odd": True}},
        {"fault": "body", "status": 418, "body": "short", "content_type": "text/plain"},
    )

    assert create(books, "A").json() == {"code": 0, "odd": True}
    assert (create(books, "B").text, create(books, "C").status_code) == ("short", 201)


def test_an_html_fault_looks_like_a_gateway(sandbox, books):
    """A page where JSON was expected."""
    sandbox.faults(fault="html", status=502)

    reply = create(books, "A")

    assert reply.status_code == 502
    assert reply.headers["content-type"].startswith("text/html")
    assert "<html>" in reply.text


def test_a_drop_before_the_commit_leaves_nothing(sandbox, books):
    """The line is cut and the work was not done."""
    sandbox.faults(fault="drop")

    with pytest.raises(httpx.RemoteProtocolError):
        create(books, "A")

    assert "A" not in names(sandbox)
    assert sandbox.ledger()[-1]["status"] is None
    assert sandbox.ledger()[-1]["fault"] == "drop"


def test_a_drop_after_the_commit_leaves_the_record(sandbox, books):
    """The line is cut although the work was done."""
    sandbox.faults(fault="drop", commit=True)

    with pytest.raises(httpx.RemoteProtocolError):
        create(books, "A")

    assert "A" in names(sandbox)
    assert created(sandbox) == 1


def test_a_dropped_reply_still_has_its_consequences(sandbox, url, monkeypatch):
    """What a product does after a reply is done although the client never hears it."""
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.serving import gateway

    heard = []

    class Notifying:
        @staticmethod
        def handle(call):
            async def tell() -> None:
                heard.append(call.path)

            return Answer(200, {}, after=tell)

    sandbox.faults(fault="drop", commit=True)
    token = sandbox.connection()["token"]["access_token"]
    monkeypatch.setattr(gateway, "product", lambda _: Notifying)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}/crm/v8/Leads", headers={"Authorization": f"Zoho-oauthtoken {token}"})

    httpx.get(f"{url}/oauth/serverinfo")
    assert heard == ["/Leads"]


def test_a_reset_is_a_tcp_reset(sandbox, url, books):
    """The client's socket sees ECONNRESET, not an orderly end."""
    sandbox.faults(fault="drop", reset=True)

    with pytest.raises(httpx.ReadError, match="reset"):
        create(books, "A")


def test_a_truncated_reply_announces_more_than_it_sends(sandbox, books):
    """The body ends early; the record is there."""
    sandbox.faults(fault="truncate", keep_bytes=10)

    with pytest.raises(httpx.RemoteProtocolError, match="received 10 bytes"):
        create(books, "A")

    assert "A" in names(sandbox)


def test_wrong_json_has_an_honest_frame(sandbox, books):
    """Status and length are right, the text is no JSON."""
    sandbox.faults(fault="wrong_json")

    reply = create(books, "A")

    assert reply.status_code == 201
    with pytest.raises(ValueError, match="line 1"):
        reply.json()
    assert "A" in names(sandbox)


def test_a_drip_sends_the_reply_in_pieces(sandbox, url):
    """Several packets arrive, and together they are the honest reply."""
    sandbox.faults(fault="drip", drip_bytes=40, drip_every_s=0.01)
    place = urlsplit(url)

    pieces = []
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        line.sendall(b"GET /oauth/serverinfo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while piece := line.recv(65536):
            pieces.append(piece)

    assert len(pieces) > 3
    assert b"".join(pieces).endswith(b"}}")
    assert b"".join(pieces).startswith(b"HTTP/1.1 200 OK")


def test_a_dripped_connection_can_be_used_again(sandbox, books):
    """The line is slow, not broken."""
    sandbox.faults(fault="drip", drip_bytes=400, drip_every_s=0.001)

    assert create(books, "A").status_code == 201
    assert create(books, "B").status_code == 201


@pytest.mark.parametrize(("after_work", "is_done"), [(False, False), (True, True)])
def test_a_delay_lies_before_or_after_the_work(sandbox, books, after_work, is_done):
    """While the client still waits, the record is or is not there."""
    sandbox.faults(fault="delay", delay_s=0.4, after_work=after_work)

    with pytest.raises(httpx.ReadTimeout):
        books.post(CONTACTS, json={"contact_name": "A"}, timeout=0.1)
    assert ("A" in names(sandbox)) is is_done

    deadline = time.monotonic() + 10
    while "A" not in names(sandbox) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "A" in names(sandbox), "the work goes on although the client has left"


def test_raw_bytes_replace_the_reply(sandbox, books):
    """Anything at all can be sent."""
    sandbox.faults(fault="raw", body="HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    assert create(books, "A").text == "hi"
    assert "A" not in names(sandbox)


def test_expire_token_ends_the_callers_token(sandbox, books):
    """The request fails with 401, and so does the next with the same token."""
    sandbox.faults(fault="expire_token")

    assert create(books, "A").status_code == 401
    assert create(books, "A").status_code == 401


@pytest.mark.parametrize(("limit", "code"), [("minute", 44), ("day", 45), ("concurrent", 1070)])
def test_throttle_speaks_books(sandbox, books, limit, code):
    """Each limit has its code."""
    sandbox.faults(fault="throttle", limit=limit)

    reply = create(books, "A")

    assert (reply.status_code, reply.json()["code"]) == (429, code)
    assert "A" not in names(sandbox)


def test_throttle_speaks_crm_and_oauth(sandbox, url, crm):
    """One refusal each."""
    sandbox.faults(fault="throttle", count=None)

    reply = crm.get("/Contacts", params={"fields": "Last_Name"})
    assert (reply.status_code, reply.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert httpx.post(f"{url}/oauth/v2/token").json()["error"] == "Access Denied"


def test_a_fault_meets_its_path_and_method_only(sandbox, url, books):
    """Others pass, and are not counted."""
    sandbox.faults(fault="status", path="/books/v3/contacts/*", method="delete", status=500)

    assert create(books, "A").status_code == 201
    assert books.get(CONTACTS).status_code == 200
    assert books.delete("/contacts/1?organization_id=10234695").status_code == 500
    assert sandbox.planted_faults.planted()[0]["met"] == 1


def test_skip_and_count_choose_which_requests(sandbox, books):
    """The second and the third of five."""
    sandbox.faults(fault="status", skip=1, count=2, status=500)

    statuses = [create(books, f"A{n}").status_code for n in range(5)]

    assert statuses == [201, 500, 500, 201, 201]


def test_a_probability_is_drawn_from_the_seed():
    """The same seed spoils the same requests; another seed others."""

    def spoiled(random_seed: int) -> list[int]:
        sandbox = Sandbox(seed="empty", random_seed=random_seed)
        sandbox.faults(fault="status", status=500, count=None, probability=0.5)
        with sandbox.running() as url, httpx.Client(base_url=url) as client:
            statuses = [client.get("/oauth/serverinfo").status_code for _ in range(40)]
        sandbox.close()
        return statuses

    first = spoiled(7)
    assert first == spoiled(7)
    assert first != spoiled(8)
    assert 8 < first.count(500) < 32


def test_faults_apply_one_after_the_other(sandbox, books):
    """The first in the schedule that is not used up wins."""
    sandbox.faults({"fault": "status", "status": 500}, {"fault": "status", "status": 502})

    assert [create(books, "A").status_code for _ in range(3)] == [500, 502, 201]


def test_control_addresses_are_never_spoiled(sandbox, url):
    """Whoever plants a fault can still remove it."""
    sandbox.faults(fault="drop", count=None)

    assert httpx.get(f"{url}/_sandbox/faults").status_code == 200
    assert httpx.delete(f"{url}/_sandbox/faults").json() == {"faults": []}
    assert httpx.get(f"{url}/oauth/serverinfo").status_code == 200


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"fault": "explode"}, "no fault 'explode'"),
        ({}, "no fault None"),
        ({"fault": "drop", "comit": True}, "did you mean 'commit'"),
        ({"fault": "drop", "commit": "yes"}, "commit of a fault is boolean"),
        ({"fault": "status", "status": "500"}, "status of a fault is number"),
        ({"fault": "delay", "delay_s": -1}, "delay_s of a fault is number"),
        ({"fault": "drop", "path": 1}, "path of a fault is text"),
        ({"fault": "throttle", "limit": "week"}, "one of"),
    ],
)
def test_a_wrong_fault_is_refused_in_words(sandbox, spec, message):
    """Nothing is planted half."""
    with pytest.raises(ValueError, match=message):
        sandbox.faults({"fault": "drop"}, spec)

    assert sandbox.planted_faults.planted() == []


def test_what_is_planted_comes_between_two_pages(sandbox, crm):
    """The first page is as it was, the second finds what somebody else has made; nothing is spoiled."""
    crm.post("/Leads", json={"data": [{"Last_Name": name, "Company": "C"} for name in "ABC"]})
    new = {"crm": {"records": {"Leads": [{"Last_Name": "D", "Company": "C"}]}}}
    sandbox.faults(fault="plant", path="/crm/v8/Leads", method="GET", seed=new)

    def page(number: int) -> list[str]:
        asked = {"fields": "Last_Name", "sort_order": "asc", "page": number, "per_page": 200}
        return [row["Last_Name"] for row in crm.get("/Leads", params=asked).json()["data"]]

    assert "D" not in page(1)
    assert "D" in page(1)
    assert [entry["fault"] for entry in sandbox.ledger()][-2:] == ["plant", None]


def test_a_seed_that_is_none_is_not_planted_half(sandbox, crm, capsys):
    """The request fails loudly, and nothing has changed."""
    sandbox.faults(fault="plant", path="/crm/*", seed={"crm": {"records": {"Nowhere": [{}]}}})

    assert crm.get("/Leads", params={"fields": "id"}).status_code == 500
    assert "Nowhere" in capsys.readouterr().err
    assert crm.get("/Leads", params={"fields": "id"}).status_code in (200, 204)

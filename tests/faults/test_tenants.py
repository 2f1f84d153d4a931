"""Two tenants behind one host never read each other's bytes, and no request is repeated."""

from __future__ import annotations

import random
import threading
import time

import pytest

from connector_runtime.base.bodies import BytesBody
from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.values import Certainty, Secret
from faults.conftest import WIRES, Caller
from faults.faultserver import close, drip, hang, read_request, reply, reset, send, serving


@pytest.mark.plan("S-26")
@pytest.mark.parametrize(
    "left_over",
    [
        reply(b'{"tenant":"first"}'),
        reply(b'{"tenant":"first"}') * 2,
        b'{"tenant":"first"}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n",
        b"\r\n\r\n",
    ],
)
@pytest.mark.parametrize("kind", WIRES)
def test_a_tenant_never_reads_what_was_left_for_another(faults, kind, left_over):
    """Each sender has connections of its own, so a faulty proxy cannot hand over a reply."""
    answer = reply(b'{"tenant":"second"}')
    faults.play([read_request, send(reply() + left_over)], serving(answer, answer))
    first, second = Caller(kind, faults.origin), Caller(kind, faults.origin)

    first.get()
    results = [second.get() for _ in range(2)]
    first.close()
    second.close()

    assert [result.body for result in results] == [b'{"tenant":"second"}'] * 2
    assert faults.accepted == 2


@pytest.mark.plan("S-72")
def test_a_request_carries_only_its_own_tenants_secrets(faults):
    """Tokens and cookies of one sender are never sent by another, however they interleave."""
    faults.play([*serving(*[reply(headers=["Set-Cookie: session=of-somebody"])] * 50)])
    callers = [Caller("sync", faults.origin) for _ in range(5)]

    def work(number: int) -> None:
        for _ in range(40):
            token = (("Authorization", Secret(f"Bearer tenant-{number}")),)
            callers[number].send(Outgoing("GET", f"{faults.origin}/tenant-{number}", token))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for caller in callers:
        caller.close()

    assert len(faults.requests) == 200
    for request in faults.requests:
        path, token = request.split(b" ")[1][1:], request.partition(b"Bearer ")[2].partition(b"\r\n")[0]
        assert path == token
        assert b"cookie" not in request.lower()


@pytest.mark.plan("S-25")
@pytest.mark.parametrize("seed", range(5))
def test_a_create_reaches_a_restless_server_at_most_once(faults, caller, seed):
    """A server that closes connections at any moment sees no create twice, and none is reported wrongly."""
    chance = random.Random(seed)
    endings = [[close], [reset], [read_request, close], [read_request, reset], [], []]
    scripts = [
        [*serving(*[reply()] * chance.randrange(5)), *chance.choice(endings), close] for _ in range(200)
    ]
    faults.play(*scripts, serving(*[reply()] * 200))

    outcomes = {}
    for number in range(100):
        create = Outgoing("POST", f"{faults.origin}/things", body=BytesBody(b'{"number":%d}' % number))
        outcomes[number] = caller.send(create)

    seen = [int(request.rpartition(b":")[2].rstrip(b"}")) for request in faults.requests]
    assert len(seen) == len(set(seen))
    for number, outcome in outcomes.items():
        if isinstance(outcome, Reply):
            assert number in seen
        elif outcome.certainty is Certainty.NOT_SENT:
            assert number not in seen


@pytest.mark.plan("S-25")
def test_a_connection_that_has_waited_for_long_is_not_used_again(monkeypatch, faults, caller):
    """Five seconds later the server may be about to close it: the next request gets another one."""
    faults.play(serving(reply(), reply()), serving(reply()))
    caller.get()
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 5.0)

    got = caller.get()

    assert isinstance(got, Reply)
    assert faults.accepted == 2


@pytest.mark.plan("S-14")
def test_a_hanging_tenant_does_not_stop_the_others(faults):
    """One tenant's server hangs; calls of others, and of the same sender, go on."""
    faults.play([read_request, hang], [read_request, drip(b"H", every_s=0.02)], serving(*[reply()] * 20))
    stuck, healthy = Caller("sync", faults.origin), Caller("sync", faults.origin)
    failures: list[object] = []
    threads = [threading.Thread(target=lambda: failures.append(stuck.get(timeout_s=0.5))) for _ in range(2)]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        assert faults.wait_for_requests(number)

    results = [*(healthy.get() for _ in range(10)), stuck.get()]
    for thread in threads:
        thread.join()
    stuck.close()
    healthy.close()

    assert all(isinstance(result, Reply) for result in results)
    assert [type(failure) for failure in failures] == [Failure, Failure]

"""Send a request once: allowed hosts only, one deadline, bounded reading.

A sender raises nothing about the network: an attempt ends in a `Reply`, or in a
`Failure` that says whether the request may have arrived. Redirects and cookies do not exist here;
of the environment nothing is read but which proxy it wants.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from connector_runtime.base.bodies import BodyError
from connector_runtime.base.messages import DEFAULT_LIMITS, Failure, Limits, Outgoing, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.transport.host_check import Address, read_address
from connector_runtime.transport.intake import Intake, ReplyError
from connector_runtime.transport.lines import KEEP_ALIVE_S
from connector_runtime.transport.wire_attempt import WireAttempt
from connector_runtime.transport.wire_headers import wire_headers
from connector_runtime.transport.wires import Wires, load_given

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection
    from types import TracebackType

    from connector_runtime.base.saved_files import FileDraft
    from connector_runtime.base.values import Secret
    from connector_runtime.transport.wires import Route

# Connections are opened when needed, so a high bound costs nothing.
SLOTS = 256
# How long a thread sleeps before it looks again whether a connection is free.
_TURN_S = 0.005
_ADDRESSES_KEPT = 64
_READ_AHEAD_BYTES = 1024 * 1024


class Idle:
    """Open connections that wait for work, the most recently used first.

    Attributes:
        is_closed: Whether none is kept any more.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._lock = threading.Lock()
        self._lines: dict[str, deque[Any]] = {}

    def take(self, origin: str) -> Any:
        """Return a connection to `origin`, or None."""
        with self._lock:
            lines = self._lines.get(origin)
            # The one used last: it is the least likely to have been closed by the peer.
            return lines.pop() if lines else None

    def give(self, origin: str, line: Any) -> None:
        """Keep a connection, and close those that have waited too long; after `close`, this one."""
        now = line.idle_at = time.monotonic()
        stale = []
        with self._lock:
            lines = self._lines.setdefault(origin, deque())
            lines.append(line)
            # Whoever closes may come between the end of a request and this.
            while lines and (self.is_closed or now - lines[0].idle_at > KEEP_ALIVE_S):
                stale.append(lines.popleft())
        for old in stale:
            old.close()

    def drain(self) -> None:
        """Close what waits."""
        with self._lock:
            idle = [line for lines in self._lines.values() for line in lines]
            self._lines.clear()
        for line in idle:
            line.close()

    def close(self) -> None:
        """Close what waits and whatever is still given."""
        with self._lock:
            self.is_closed = True
        self.drain()


class Sender:
    """What both senders share: who may be addressed, and how a request is dressed."""

    def __init__(
        self,
        hosts: Collection[str],
        *,
        loopback: bool = False,
        transport: Any = None,
        proxy: str | Secret | None = None,
        ssl_context: ssl.SSLContext | None = None,
        size: int = SLOTS,
    ) -> None:
        # No option takes this away: unverified, a token goes to whoever answers.
        if ssl_context is not None and not (ssl_context.check_hostname and ssl_context.verify_mode):
            raise ValueError("the TLS context must verify certificates and host names")
        self._hosts = frozenset(hosts)
        self._loopback = loopback
        named = transport if isinstance(transport, str) else None
        self._given: Any = transport if named is None else None
        self._wires = Wires(named, proxy, loopback=loopback)
        self._ssl_context = ssl_context
        self._size = size
        self._idle = Idle()
        self._addresses: dict[str, Address] = {}
        self._routes: dict[str, Route] = {}

    def _dressed(self, outgoing: Outgoing, timeout_s: float) -> tuple[Address, Any]:
        """Return where a request goes, and its headers or the request of a given transport.

        Raises:
            ReplyError: It must not go.
        """
        if self._idle.is_closed:
            raise ReplyError("config", "The session is closed.")
        address = self._addresses.get(outgoing.url)
        if address is None:
            # Emptied whole, not entry by entry: reading an address is cheap, keeping an order of use is not.
            if len(self._addresses) >= _ADDRESSES_KEPT:
                self._addresses.clear()
            address = read_address(outgoing.url, self._hosts, loopback=self._loopback)
            self._addresses[outgoing.url] = address
        headers = wire_headers(outgoing, address)
        if self._given is None:
            if address.origin not in self._routes:
                self._routes[address.origin] = self._wires.route_to(address)
            return address, headers
        request = load_given().request_of(outgoing, address, headers, timeout_s)
        if outgoing.body is None or outgoing.body.size_bytes <= _READ_AHEAD_BYTES:
            # Some transports send whatever is not read yet in chunks, even nothing at all.
            try:
                request.read()
            except BodyError as error:
                raise ReplyError("input", error.message) from None
        return address, request

    def _context_for(self, address: Address) -> ssl.SSLContext | None:
        if address.origin.startswith("http:"):
            return None
        from connector_runtime.transport.tls import tls_context  # noqa: PLC0415  plain HTTP needs no TLS

        return self._ssl_context or tls_context()

    def _put_back(self, line: Any, address: Address, result: Reply | Failure | None) -> None:
        """Keep a line for the next request if this one has ended well, else close it."""
        if type(result) is Reply and line.reset():
            self._idle.give(address.origin, line)
        else:
            line.close()

    def _close_idle(self) -> None:
        """Send nothing more, and close what waits for work."""
        self._idle.close()

    def _busy(self) -> Failure:
        return Failure(Certainty.NOT_SENT, "timeout", f"All {self._size} connections were busy.")


class SyncSender(Sender):
    """Sends from threads; safe to share between them.

    Args:
        hosts: Allowed origins, `https://host`; for loopback `http://127.0.0.1:port`.
        loopback: Whether only this machine is addressed, by number.
        transport: An httpx transport to use as it is; `httpx`, `fast`, or None for connections of our own.
        proxy: Which proxy is wanted, as `wires.Wires` takes it.
        ssl_context: A verifying TLS context, or None for the shared one.
        size: How many requests may be under way at once.
    """

    def __init__(self, hosts: Collection[str], **options: Any) -> None:
        super().__init__(hosts, **options)
        # Marks of who is inside. A semaphore of Python's, interrupted at the wrong instruction, stays locked.
        self._inside: set[object] = set()

    def send(
        self,
        outgoing: Outgoing,
        *,
        timeout_s: float,
        sink: FileDraft | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Reply | Failure:
        """Send once and return the whole reply, or why there is none.

        Args:
            outgoing: The request.
            timeout_s: Seconds from now to the last byte of the reply.
            sink: Where the content of a 2xx reply goes, or None.
            limits: How much is read.
        """
        started_at = time.monotonic()
        try:
            address, dress = self._dressed(outgoing, timeout_s)
        except ReplyError as refusal:
            return Failure(Certainty.NOT_SENT, refusal.kind, refusal.message)
        mark = object()
        try:
            if not self._enters(mark, started_at + timeout_s):
                return self._busy()
            intake = Intake(limits, sink, form=outgoing.form)
            attempt = WireAttempt(address, outgoing, started_at, started_at + timeout_s, intake)
            if self._given is not None:
                return self._through_given(dress, attempt)
            return self._through_line(outgoing, address, dress, attempt)
        finally:
            self._inside.discard(mark)

    def _enters(self, mark: object, end_at: float) -> bool:
        """Wait until no more than `size` are inside; returns whether that was in time."""
        inside = self._inside
        # First in, then counted: two who counted first would both find the last place free.
        inside.add(mark)
        while len(inside) > self._size:
            inside.discard(mark)
            left_s = end_at - time.monotonic()
            if left_s <= 0:
                return False
            time.sleep(min(_TURN_S, left_s))
            inside.add(mark)
        return True

    def close(self) -> None:
        """Close idle connections; a given transport stays open, it is its giver's."""
        self._close_idle()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _through_line(
        self,
        outgoing: Outgoing,
        address: Address,
        headers: list[tuple[str, str | Secret]],
        attempt: WireAttempt,
    ) -> Reply | Failure:
        route = self._routes[address.origin]
        line = self._idle.take(address.origin) or route.line(self._context_for(address))
        attempt.use(line.network.traffic, route.module)
        result: Reply | Failure | None = None
        try:
            attempt.start(line.begin(outgoing, address, headers))
            while line.read(attempt.feed):
                pass
            result = attempt.finish()
        except route.module.CAUGHT as error:
            result = attempt.failure(error)
        finally:
            self._put_back(line, address, result)
        return result

    def _through_given(self, request: Any, attempt: WireAttempt) -> Reply | Failure:
        given = load_given()
        quiet = given.is_sending.set(True)
        attempt.course = given.Course()
        request.extensions["trace"] = attempt.course.note
        try:
            response = self._given.handle_request(request)
            try:
                attempt.start(given.head_of(response))
                for chunk in response.stream:
                    attempt.feed(chunk)
                    del chunk  # it may be a token, and the next one is waited for
            finally:
                response.stream.close()
            return attempt.finish()
        except given.CAUGHT as error:
            return attempt.failure(error)
        finally:
            given.is_sending.reset(quiet)

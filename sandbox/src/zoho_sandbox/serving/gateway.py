"""The way of one request through the sandbox, from arrival to ledger."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core import limits
from zoho_sandbox.core.clock import http_date
from zoho_sandbox.core.exchange import Reply, Request
from zoho_sandbox.core.ledger import Entry, record, without_secrets
from zoho_sandbox.core.wire import NOT_COVERED, Answer, Call, Grant, Query
from zoho_sandbox.oauth import accounts as oauth
from zoho_sandbox.products.product import INTERNAL_ERRORS, WRONG_ADDRESS, product

if TYPE_CHECKING:
    from zoho_sandbox.core.faults import Fault
    from zoho_sandbox.world import World

_BOOKS_PATH = re.compile(r"/(?:books|api)/(v3)(/.*)?")
# Bulk jobs live under /crm/bulk/v8 and nowhere else; below /crm/v8 nothing is called bulk.
_CRM_PATH = re.compile(r"/crm(/bulk)?/(v2|v2\.1|v3|v4|v5|v6|v7|v8)((?!/bulk(?:/|$))/.*)?")
# Zoho keeps the settings of its mail composer here; the sandbox does not.
_MAIL_PATH = re.compile(r"/crm/email/v\d")
_HINT_REAL = ("X-Sandbox-Refused", "this token looks like a real one; the sandbox wants none")

Face = Callable[["World", Request, Entry], Reply]


@dataclass(slots=True)
class Exchange:
    """A request on its way: what awaits it, and its line in the ledger."""

    request: Request
    product: str
    entry: Entry | None
    fault: Fault | None = None
    wait_before_s: float = 0.0
    wait_after_s: float = 0.0
    holders: tuple[str, ...] = ()
    refusal: Answer | None = None

    @property
    def waits(self) -> bool:
        """Whether the reply cannot be given at once."""
        return self.wait_before_s > 0 or self.wait_after_s > 0


class Gateway:
    """Takes requests from a server front and gives replies, one transaction each."""

    def __init__(self, sandbox: World, faces: dict[str, Face]) -> None:
        self._sandbox = sandbox
        self._faces = faces
        self._places = limits.Places({})
        self._date = (0, "")
        self.connections: set[Any] = set()

    # -- what a front asks -----------------------------------------------------

    @property
    def max_body_bytes(self) -> int:
        """How large a request body may be."""
        return int(self._sandbox.settings["server.max_body_bytes"])

    @property
    def compresses(self) -> bool:
        """Whether replies are sent gzipped to those who accept it."""
        return bool(self._sandbox.settings["server.gzip"])

    def date(self) -> str:
        """Return the Date header: the sandbox's time, not the machine's."""
        now = int(self._sandbox.clock.now())
        if now != self._date[0]:
            self._date = (now, http_date(now))
        return self._date[1]

    def arrive(self, request: Request) -> Exchange:
        """Take a request in: name its product, meet its fault, learn its waits."""
        name = _product_of(request.path)
        exchange = Exchange(request, name, None)
        if name in ("books", "crm", "oauth"):
            query = without_secrets(request.query_text)
            exchange.entry = Entry(request.method, request.path, query, product=name)
            exchange.fault = self._sandbox.planted_faults.next_for(request)
            if exchange.fault is not None:
                exchange.entry.fault = exchange.fault.name
                exchange.wait_before_s = exchange.fault.wait_before_s
                exchange.wait_after_s = exchange.fault.wait_after_s
        if name in ("books", "crm"):
            exchange.wait_before_s += self._sandbox.settings["server.latency_ms"] / 1000
            if exchange.waits:
                self._take_places(exchange)
        return exchange

    def leave(self, exchange: Exchange) -> None:
        """Note that the reply is on its way."""
        for holder in exchange.holders:
            self._places.give_back(holder)
        exchange.holders = ()

    def answer(self, exchange: Exchange) -> Reply:
        """Do the work inside one transaction, write the ledger, spoil what is planted."""
        try:
            with self._sandbox.state.transaction():
                reply = self._reply(exchange)
                self._note(exchange, reply)
        except Exception:  # noqa: BLE001
            traceback.print_exc(file=sys.stderr)
            reply = self._answer_defect(exchange)
        reply.guard()
        return reply

    # -- inside ----------------------------------------------------------------

    def _take_places(self, exchange: Exchange) -> None:
        most = self._sandbox.limits.concurrency(exchange.product)
        grant = self._grant(exchange.request)
        if not most or isinstance(grant, str) or exchange.entry is None:
            return
        _name_caller(exchange.entry, grant, exchange.request.query)
        holder = f"{exchange.product}/{exchange.entry.organization or grant.client_id}"
        rooms = [(holder, most)]
        if exchange.product == "crm" and limits.is_heavy(exchange.request):
            rooms.append((f"{holder}/heavy", limits.rules("crm")["sub_concurrency"]))
        exchange.holders = tuple(name for name, _ in rooms)
        taken = [(self._places.take(name), size) for name, size in rooms]
        if any(count > size for count, size in taken):
            exchange.refusal = limits.refusal(exchange.product, "concurrent")
            exchange.wait_before_s = exchange.wait_after_s = 0.0
            self.leave(exchange)

    def _reply(self, exchange: Exchange) -> Reply:
        fault = exchange.fault
        if exchange.refusal is not None:
            return Reply.of(exchange.refusal)
        if fault is None:
            return self._work(exchange)
        if fault.name == "expire_token":
            self._sandbox.tokens.expire(_bearer(exchange.request, takes_bearer=True) or "")
        honest = self._work(exchange) if fault.commits else None
        if fault.name == "plant":
            self._sandbox.plant(fault.value("seed"))
        if fault.name == "throttle":
            return Reply.of(self._throttle(exchange.product, fault))
        spoiled = fault.spoil(honest)
        # What was done has its consequences, whether or not the client hears of it.
        spoiled.after = honest.after if honest else None
        return spoiled

    def _throttle(self, name: str, fault: Fault) -> Answer:
        if name == "oauth":
            return oauth.throttled(self._sandbox)
        number = limits.rules("books")["editions"]["free"]["per_day"]
        return limits.refusal(name, fault.value("limit"), number=number)

    def _work(self, exchange: Exchange) -> Reply:
        request = exchange.request
        entry = exchange.entry or Entry(request.method, request.path)
        if exchange.product in self._faces:
            return self._faces[exchange.product](self._sandbox, request, entry)
        return Reply.of(self._product_answer(exchange, entry))

    def _product_answer(self, exchange: Exchange, entry: Entry) -> Answer:
        request, name = exchange.request, exchange.product
        place = _place(name, request.path)
        # choice: an address of no version is refused before the token is looked at.
        if place is None:
            return _with(WRONG_ADDRESS[name], (NOT_COVERED,) if _MAIL_PATH.match(request.path) else ())
        grant = self._grant(request)
        if isinstance(grant, str):
            refusal = product(name).auth_error(grant)
            return _with(refusal, (_HINT_REAL,)) if grant == "real" else refusal
        version, path = place
        segments = Request("", path, "", {}).segments
        call = Call(
            method=request.method,
            path="/" + "/".join(segments),
            segments=segments,
            query=request.query,
            headers=request.headers,
            body=request.body,
            version=version,
            grant=grant,
            sandbox=self._sandbox,
            effects=entry.effects,
        )
        _name_caller(entry, grant, call.query)
        return self._limited(call, name)

    def _limited(self, call: Call, name: str) -> Answer:
        if name == "crm":
            refused = self._sandbox.limits.refuse_crm()
            answer = refused or product(name).handle(call)
            extra = () if refused else self._sandbox.limits.charge_crm(answer.cost)
        else:
            organization = _organization(call.query, call.grant)
            if organization not in call.grant.organization_ids:
                # choice: a call that names no organisation of the user's counts for none.
                return product(name).handle(call)
            refused, extra = self._sandbox.limits.charge_books(organization)
            answer = refused or product(name).handle(call)
        return _with(answer, extra)

    def _grant(self, request: Request) -> Grant | str:
        takes_bearer = self._sandbox.settings["auth.accept_bearer"]
        token = _bearer(request, takes_bearer=takes_bearer)
        return "missing" if token is None else self._sandbox.tokens.check(token)

    def _note(self, exchange: Exchange, reply: Reply) -> None:
        if exchange.entry is not None:
            exchange.entry.status = reply.status or None
            record(self._sandbox, exchange.entry, self._sandbox.clock.now())

    def _answer_defect(self, exchange: Exchange) -> Reply:
        reply = Reply.of(INTERNAL_ERRORS[exchange.product if exchange.entry else "sandbox"])
        if exchange.entry is not None:
            exchange.entry.effects.clear()
            exchange.entry.fault = exchange.entry.fault or "defect"
        with self._sandbox.state.transaction():
            self._note(exchange, reply)
        return reply


def _with(answer: Answer, extra: limits.Headers) -> Answer:
    """Return the answer with more headers; the given one may be a product's constant."""
    return replace(answer, headers=(*answer.headers, *extra)) if extra else answer


def _product_of(path: str) -> str:
    first = path[1:].partition("/")[0]
    known = {"books": "books", "api": "books", "crm": "crm", "oauth": "oauth"}
    return known.get(first, "sandbox")


def _place(name: str, path: str) -> tuple[str, str] | None:
    """Return version and path below the product's prefix, or None for a wrong address."""
    if name == "books":
        found = _BOOKS_PATH.fullmatch(path)
        return (found[1], found[2] or "/") if found else None
    found = _CRM_PATH.fullmatch(path)
    return (found[2], (found[1] or "") + (found[3] or "/")) if found else None


def _bearer(request: Request, *, takes_bearer: bool) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    schemes = ("zoho-oauthtoken", "bearer") if takes_bearer else ("zoho-oauthtoken",)
    return token.strip() or None if scheme.lower() in schemes else None


def _name_caller(entry: Entry, grant: Grant, query: Query) -> None:
    entry.tenant, entry.user_id, entry.token_id = grant.client_id, grant.user_id, grant.token_id
    if entry.product == "books":
        entry.organization = _organization(query, grant)


def _organization(query: Query, grant: Grant) -> str:
    """Return the organisation a Books call names, or the only one its user has."""
    own = grant.organization_ids
    return query.get("organization_id") or (own[0] if len(own) == 1 else "")

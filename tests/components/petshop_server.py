"""Whisker, the vendor of the pet shop: a small stateful server on loopback.

It imports nothing of the runtime, keeps a ledger of requests and of effects, and can be
told to misbehave.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

from components.petshop_changes import ChangeBook
from components.petshop_counting import Counting, listed
from components.petshop_desk import CLIENT, FIELDS, FIELDS_OF, REFRESH_TOKEN, Desk
from components.petshop_hooks import Hooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The component that this shop is the vendor of.
PETSHOP = Path(__file__).parent / "petshop"

__all__ = ["CLIENT", "KEY", "PETSHOP", "PICTURE", "REFRESH_TOKEN", "Mishap", "PetShop", "open_shop"]

KEY = "an-example-not-a-key"
PICTURE = bytes(range(256)) * 40


@dataclass(frozen=True, slots=True)
class Mishap:
    """What goes wrong with one request.

    Attributes:
        work: Whether the shop does what it was asked for.
        status: Answered with this status and `text`; 0 hangs up instead.
        text: Body of that answer.
        headers: Headers of that answer.
    """

    work: bool = False
    status: int = 0
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    tickets: list[str] = field(default_factory=list)

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class PetShop:
    """The shop: what it knows, what it was asked, what it did."""

    port: int = 0
    # Seconds since the epoch by the shop's own clock, which the tests' own starts from, too.
    now: float = 1_750_000_000.0
    pets: dict[str, dict[str, Any]] = field(default_factory=dict)
    visits: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    photos: list[dict[str, Any]] = field(default_factory=list)
    vaccinations: dict[tuple[str, str], int] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=lambda: {"17": "Old Town"})
    # What the shop writes down about its pets; None: it does not tell.
    fields: list[dict[str, Any]] | None = field(default_factory=lambda: [dict(one) for one in FIELDS])
    desk: Desk = field(default_factory=Desk)
    book: ChangeBook = field(default_factory=ChangeBook)
    hooks: Hooks = field(default_factory=Hooks)
    asked: list[Asked] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    mishaps: list[Mishap] = field(default_factory=list)
    meanwhile: list[Callable[[], Any]] = field(default_factory=list)
    counting: Counting = field(default_factory=Counting)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1001))
    gate: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.gate.set()

    def by_key(self) -> dict[str, Any]:
        """Return a connection with a key."""
        return {"key": "localKey", "fields": {"port": self.port, "branch": "17", "apiKey": KEY}}

    def by(self, key: str) -> dict[str, Any]:
        """Return a connection with a name and a password, or with a key in the query."""
        return {"key": key, "fields": {"port": self.port, "branch": "17", **FIELDS_OF[key]}}

    def by_login(self, access_token: str | None = None) -> dict[str, Any]:
        """Return a connection with a token, a good one where none is given."""
        token = {"access_token": access_token or self.desk.new_token(), "refresh_token": REFRESH_TOKEN}
        client_id, client_secret = CLIENT
        fields = {"port": self.port, "branch": "17", "clientId": client_id, "clientSecret": client_secret}
        return {"key": "localLogin", "fields": fields, "token": token}

    def put(self, name: str, species: str = "dog", **more: Any) -> str:
        """Put a pet into the shop without asking anybody; returns its id."""
        number = f"p-{next(self.numbers)}"
        new = {"id": number, "name": name, "species": species, "branch": "17", "version": 1, "added": self.now}
        self.pets[number] = new | more
        return number

    def stock(self) -> None:
        """Take in four dogs and a cat, each with a chip."""
        for name, species in (("Ada", "dog"), ("Rex", "dog"), ("Tom", "cat"), ("Ivy", "dog"), ("Max", "dog")):
            self.put(name, species, chip=f"98200012345678{len(self.pets)}", weight=10)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """Do what was asked; returns the status and the body."""
        where = f"{asked.method} {asked.path}"
        if "/login/" not in where and not self._knows(asked):
            return 401, {"ok": False, "error": {"code": "stranger"}}
        for door, name in _DOORS:
            found = door.fullmatch(where)
            if found:
                reply = getattr(self, name)(asked, *found.groups())
                return reply if isinstance(reply, tuple) else (200, reply)
        return 200, {"ok": True, "echo": asked.body.decode(), "type": asked.headers.get("content-type")}

    def _me(self, _asked: Asked) -> dict[str, Any]:
        return {"ok": True, "you": "me"}

    def _hooks(self, asked: Asked, number: str | None = None) -> Any:
        return self.hooks.asked(asked.method, number, asked.body, self.now)

    def _paper(self, asked: Asked, number: str) -> Any:
        if number not in self.pets:
            return 404, refusal("no_such_paper")
        pet = self.pets[number]
        return PICTURE if asked.query["form"] == ["picture"] else f"{pet['name']}, a {pet['species']}"

    def _authorize(self, asked: Asked) -> Any:
        return 302, self.desk.authorize({name: values[0] for name, values in asked.query.items()})

    def _token(self, asked: Asked) -> dict[str, Any]:
        return self.desk.token(asked.body)

    def _revoke(self, asked: Asked) -> dict[str, Any]:
        return self.desk.revoke(asked.body)

    def _told(self, asked: Asked, what: str) -> dict[str, Any]:
        """Tell what has changed, or who is gone; the book may be written in by whoever waits for the reply."""
        self.book.now = self.now
        query = {name: values[0] for name, values in asked.query.items()}
        page: dict[str, Any] = getattr(self.book, what)(query)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return page

    def _branches(self, _asked: Asked) -> dict[str, Any]:
        branches = [{"number": number, "name": name} for number, name in self.branches.items()]
        return {"ok": True, "branches": branches}

    def _fields(self, asked: Asked) -> dict[str, Any]:
        if self.fields is None:
            return refusal("not_yours", text="you may not see the fields")
        return {"ok": True, "fields": self.fields}

    def _knows(self, asked: Asked) -> bool:
        known = asked.headers.get("x-pet-key") == KEY
        return known or self.desk.knows(asked.headers.get("authorization", ""), asked.tickets)

    def _listed(self, asked: Asked) -> dict[str, Any]:
        wanted = {name: values[-1] for name, values in asked.query.items()}
        after, size = wanted.pop("after", ""), int(wanted.pop("size", "50"))
        if after and after not in self.pets:
            return refusal("cursor_gone")
        fitting = [
            pet
            for pet in self.pets.values()
            if pet["id"] > after and all(str(pet.get(name)) == value for name, value in wanted.items())
        ]
        page = {"ok": True, "pets": fitting[:size]}
        return page | ({"next": fitting[size - 1]["id"]} if len(fitting) > size else {})

    def _searched(self, asked: Asked) -> dict[str, Any]:
        wanted = asked.json()["wanted"].items()
        return {"ok": True, "pets": [pet for pet in self.pets.values() if wanted <= pet.items()]}

    def _added(self, asked: Asked) -> Any:
        pet = asked.json()
        there = self._with_chip(pet.get("chip"))
        if there is not None:
            return refusal("chip_taken", chip=pet["chip"], pet=there["id"])
        return self._new(asked, pet)

    def _new(self, asked: Asked, pet: dict[str, Any]) -> Any:
        number = self.put(**{"branch": asked.query["branch"][0], **pet})
        self.effects.append(f"add {number}")
        self.hooks.tell("added", self.pets[number], self.now)
        return 201, {"ok": True, "pet": self.pets[number]}

    def _by_chip(self, asked: Asked, chip: str) -> Any:
        pet = self._with_chip(chip)
        if asked.method == "GET":
            return {"ok": True, "pet": pet} if pet else refusal("no_such_pet")
        if pet is None:
            return self._new(asked, {"name": "?", "species": "dog", **asked.json(), "chip": chip})
        return self._changed(pet, asked.json())

    def _one(self, asked: Asked, number: str) -> dict[str, Any]:
        pet = self.pets.get(number)
        if pet is None:
            return refusal("no_such_pet")
        if asked.method == "DELETE":
            self.effects.append(f"remove {number}")
            del self.pets[number]
            self.hooks.tell("gone", pet, self.now)
            return {"ok": True}
        if asked.method == "PATCH":
            version = asked.headers.get("x-whisker-version")
            if version and int(version) != pet["version"]:
                return refusal("changed_meanwhile", now=pet["version"])
            return self._changed(pet, dict(parse_qsl(asked.body.decode())))
        fields = asked.query.get("fields")
        return {"ok": True, "pet": {key: pet[key] for key in fields[0].split(",")} if fields else pet}

    def _changed(self, pet: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        pet.update(changes, version=pet["version"] + 1)
        self.effects.append(f"change {pet['id']}")
        self.hooks.tell("changed", pet, self.now)
        return {"ok": True, "pet": pet}

    def _photo(self, asked: Asked, number: str) -> dict[str, Any]:
        head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
        parts = {
            part.get_param("name", header="content-disposition"): part
            for part in message_from_bytes(head + asked.body).get_payload()  # type: ignore[union-attr]
        }
        photo = parts["photo"]
        kept = {"name": photo.get_filename(), "type": photo.get_content_type(), "of": number}
        self.photos.append(kept | {"content": photo.get_payload(decode=True)})
        self.effects.append(f"photo of {number}")
        return {"ok": True, "photo": kept}

    def _visits(self, asked: Asked, number: str) -> dict[str, Any]:
        offset, limit = (int(asked.query[name][0]) for name in ("offset", "limit"))
        visits = self.visits.get(number, [])
        following = f"{asked.path}?offset={offset + limit}&limit={limit}"
        following += "".join(f"&ticket={quote(ticket, '')}" for ticket in asked.tickets)
        links = {"next": following} if offset + limit < len(visits) else {}
        return {"ok": True, "visits": visits[offset : offset + limit], "links": links}

    def _vaccinations(self, asked: Asked) -> dict[str, Any]:
        return {"results": [self._vaccinated(one) for one in asked.json()["vaccinations"]]}

    def _vaccinated(self, one: dict[str, Any]) -> dict[str, Any]:
        if self._with_chip(one["chip"]) is None:
            return refusal("no_such_pet")
        key = (one["chip"], one["vaccine"])
        if key not in self.vaccinations:
            self.vaccinations[key] = 51 + len(self.vaccinations)
            self.effects.append(f"vaccinate {one['chip']}")
        return {"ok": True, "number": self.vaccinations[key]}

    def _count(self, _asked: Asked) -> Any:
        return 202, self.counting.begin()

    def _counting(self, _asked: Asked, number: str) -> Any:
        return self.counting.look(number, len(self.pets))

    def _counted(self, asked: Asked, _number: str) -> dict[str, Any]:
        return listed(self.pets, asked.query.get("after", [""])[0])

    def _with_chip(self, chip: str | None) -> dict[str, Any] | None:
        return next((pet for pet in self.pets.values() if chip and pet.get("chip") == chip), None)


# Who answers what; whatever fits nothing is echoed.
_DOORS = [
    (re.compile(door), name)
    for door, name in (
        (r"GET /login/authorize", "_authorize"),
        (r"POST /login/token", "_token"),
        (r"POST /login/revoke", "_revoke"),
        (r"GET /v2/branches", "_branches"),
        (r"GET /v2/(changes|gone)", "_told"),
        (r"GET /v2/fields", "_fields"),
        (r"GET /v2/me", "_me"),
        (r"(?:GET|POST) /v2/hooks", "_hooks"),
        (r"\w+ /v2/hooks/([^/]+)", "_hooks"),
        (r"GET /v2/pets", "_listed"),
        (r"POST /v2/pets", "_added"),
        (r"POST /v2/pets/search", "_searched"),
        (r"\w+ /v2/pets/by-chip/(\d+)", "_by_chip"),
        (r"\w+ /v2/pets/([^/]+)", "_one"),
        (r"POST /v2/pets/([^/]+)/photos", "_photo"),
        (r"GET /v2/pets/([^/]+)/visits", "_visits"),
        (r"POST /v2/vaccinations", "_vaccinations"),
        (r"POST /v2/counts", "_count"),
        (r"GET /v2/counts/([^/]+)", "_counting"),
        (r"GET /v2/counts/([^/]+)/pets", "_counted"),
        (r"GET /paper/.*?([^/]+)", "_paper"),
    )
]


def refusal(code: str, **more: Any) -> dict[str, Any]:
    """Return a refusal as the counter words it."""
    return {"ok": False, "error": {"code": code, "text": code.replace("_", " "), **more}}


class Counter(BaseHTTPRequestHandler):
    """Takes requests to the shop, one thread each."""

    protocol_version = "HTTP/1.1"
    # Small replies are not to wait for the peer's acknowledgement.
    disable_nagle_algorithm = True
    shop: PetShop

    def serve(self) -> None:
        """Answer one request, or do what a mishap says."""
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(address.query)
        asked = Asked(self.command, address.path, query, headers, body, query.pop("ticket", []))
        with self.shop.lock:
            self.shop.asked.append(asked)
            mishap = self.shop.mishaps.pop(0) if self.shop.mishaps else None
            status, reply = self.shop.answer(asked) if mishap is None or mishap.work else (0, b"")
            number = len(self.shop.asked)
        self.shop.gate.wait(30)
        if mishap is not None and mishap.status == 0:
            self.close_connection = True
        elif mishap is not None:
            self._say(mishap.status, mishap.text.encode(), dict(mishap.headers))
        else:
            content, kind = _encoded(reply)
            headers = {"Content-Type": kind, "X-Request-Id": f"r-{number}"}
            self._say(status, content, headers | ({"Location": reply} if status == 302 else {}))

    def _say(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815  the library's own names

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Go by the shop's own clock."""
        return super().date_time_string(self.shop.now if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
        """Say nothing: the ledger says it."""


def _encoded(reply: Any) -> tuple[bytes, str]:
    if isinstance(reply, bytes):
        return reply, "image/png"
    if isinstance(reply, str):
        return reply.encode(), "text/plain; charset=utf-8"
    return json.dumps(reply).encode(), "application/json"


class _Quiet(ThreadingHTTPServer):
    """A server whose clients may hang up whenever they like."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients hang up on purpose here."""


@contextmanager
def open_shop() -> Iterator[PetShop]:
    """Serve a fresh shop on a free port of 127.0.0.1."""
    shop = PetShop()
    server = _Quiet(("127.0.0.1", 0), type("Counter", (Counter,), {"shop": shop}))
    shop.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        shop.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()

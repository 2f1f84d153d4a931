"""The sandbox's own addresses under ``/_sandbox/``: JSON (or YAML) in, JSON out."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import parse_yaml
from zoho_sandbox.core.exchange import Reply, Request
from zoho_sandbox.core.settings import definitions
from zoho_sandbox.core.tokens import ThrottledError
from zoho_sandbox.core.wire import Answer
from zoho_sandbox.pages import views

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zoho_sandbox.core.ledger import Entry
    from zoho_sandbox.world import World

_MAX_ROWS = 1000
_SELF_CLIENT_MINUTES = (3, 5, 7, 10)


def answer(sandbox: World, request: Request, _: Entry) -> Reply:
    """Answer a request that is meant for the sandbox itself."""
    if request.method not in ("GET", "HEAD") and request.is_from_elsewhere:
        return Reply.of(Answer(403, {"error": "a page of another site may not do this"}))
    page = views.answer(sandbox, request)
    if page is not None:
        return page
    path = request.path.rstrip("/")
    methods = {method: work for (place, method), work in _ROUTES.items() if place == path}
    if not methods:
        known = sorted({place for place, _ in _ROUTES})
        return Reply.of(Answer(404, {"error": "no such address", "addresses": known}))
    work = methods.get("GET" if request.method == "HEAD" else request.method)
    if work is None:
        return Reply.of(Answer(405, {"error": f"use {sorted(methods)}"}))
    try:
        with sandbox.state.savepoint():
            return Reply.of(Answer(200, work(sandbox, request)))
    except (ValueError, LookupError, TypeError) as problem:
        return Reply.of(Answer(400, {"error": str(problem)}))


def _body(request: Request) -> dict[str, Any]:
    parsed = parse_yaml(request.body) if request.body.strip() else {}
    if not isinstance(parsed, dict):
        raise TypeError("the body is a mapping, in JSON or YAML")
    return parsed


def _only(body: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise ValueError(f"unknown {unknown[0]!r}; known are {sorted(names)}")
    return body


def _reset(sandbox: World, request: Request) -> dict[str, Any]:
    body = _only(_body(request), "seed")
    sandbox.reset(body.get("seed"))
    return {"kinds": sandbox.state.kinds()}


def _seed(sandbox: World, request: Request) -> dict[str, Any]:
    sandbox.plant(_body(request))
    return {"kinds": sandbox.state.kinds()}


def _ledger(sandbox: World, request: Request) -> dict[str, Any]:
    query = request.query
    after, limit = int(query.get("after", "0") or 0), query.get("limit")
    entries = sandbox.ledger(after=after)
    for name in ("product", "method", "organization", "tenant", "token_id", "user_id"):
        if name in query:
            entries = [entry for entry in entries if entry[name] == query.get(name)]
    pattern = query.get("path")
    if pattern is not None:
        entries = [entry for entry in entries if fnmatchcase(entry["path"], pattern)]
    return {"ledger": entries[: int(limit)] if limit else entries}


def _clear_ledger(sandbox: World, _: Request) -> dict[str, Any]:
    sandbox.state.forget_entries()
    return {"ledger": []}


def _faults(sandbox: World, _: Request) -> dict[str, Any]:
    return {"faults": sandbox.planted_faults.planted()}


def _plant_faults(sandbox: World, request: Request) -> dict[str, Any]:
    parsed = parse_yaml(request.body)
    if isinstance(parsed, dict) and set(parsed) == {"faults"}:
        parsed = parsed["faults"]
    specs = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(spec, dict) for spec in specs):
        raise ValueError("a fault is a mapping; several are a list")
    sandbox.planted_faults.plant(*specs)
    return _faults(sandbox, request)


def _clear_faults(sandbox: World, request: Request) -> dict[str, Any]:
    sandbox.planted_faults.clear()
    return _faults(sandbox, request)


def _clock(sandbox: World, _: Request) -> dict[str, Any]:
    now = sandbox.clock.now()
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    return {"now": now, "time": moment, "is_frozen": sandbox.clock.is_frozen}


def _move_clock(sandbox: World, request: Request) -> dict[str, Any]:
    body = _only(_body(request), "advance_s", "set", "freeze")
    if body.get("freeze") is True:
        sandbox.clock.freeze()
    if body.get("freeze") is False:
        sandbox.clock.thaw()
    if "set" in body:
        sandbox.clock.set(_seconds(body["set"]))
    sandbox.clock.advance(float(body.get("advance_s", 0)))
    return _clock(sandbox, request)


def _seconds(moment: Any) -> float:
    if isinstance(moment, int | float):
        return float(moment)
    parsed = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def _settings(sandbox: World, _: Request) -> dict[str, Any]:
    return {"settings": dict(sandbox.settings), "definitions": dict(definitions())}


def _change_settings(sandbox: World, request: Request) -> dict[str, Any]:
    sandbox.settings.change(_body(request))
    return {"settings": dict(sandbox.settings)}


def _records(sandbox: World, request: Request) -> dict[str, Any]:
    kind = request.query.get("kind")
    if kind is None:
        return {"kinds": sandbox.state.kinds()}
    offset = int(request.query.get("offset", "0") or 0)
    limit = min(int(request.query.get("limit", "200") or 200), _MAX_ROWS)
    found = sandbox.state.find(kind, limit=limit, offset=offset)
    return {"records": found, "total": sandbox.state.count(kind)}


def _connection(sandbox: World, request: Request) -> dict[str, Any]:
    body = dict(_only(_body(request), "key", "user_id", "scopes", "organization_id"))
    if "scopes" in body:
        body["scopes"] = tuple(_scopes(body["scopes"]))
    return {"connection": sandbox.connection(**body)}


def _self_client(sandbox: World, request: Request) -> dict[str, Any]:
    """Issue a grant code as the API console's self client does, without any redirect."""
    body = _only(_body(request), "client_id", "user_id", "scopes", "minutes")
    minutes = body.get("minutes", _SELF_CLIENT_MINUTES[0])
    if minutes not in _SELF_CLIENT_MINUTES:
        raise ValueError(f"minutes is one of {_SELF_CLIENT_MINUTES}")
    try:
        code = sandbox.self_client_code(
            _scopes(body.get("scopes", "")),
            client_id=body.get("client_id"),
            user_id=body.get("user_id"),
            minutes=minutes,
        )
    except ThrottledError:
        raise ValueError("too many codes in ten minutes") from None
    return {"code": code}


def _scopes(given: Any) -> list[str]:
    parts = given if isinstance(given, list) else str(given).replace(",", " ").split()
    return [str(part) for part in parts]


def _end_tokens(sandbox: World, request: Request) -> dict[str, Any]:
    body = _only(_body(request), "expire", "revoke")
    expire = body.get("expire")
    if expire == "all":
        sandbox.tokens.expire_all()
    elif expire:
        sandbox.tokens.expire(str(expire))
    if body.get("revoke") and not sandbox.tokens.revoke(str(body["revoke"])):
        raise LookupError("no such token")
    return {"done": True}


_ROUTES: dict[tuple[str, str], Callable[[World, Request], dict[str, Any]]] = {
    ("/_sandbox/reset", "POST"): _reset,
    ("/_sandbox/seed", "POST"): _seed,
    ("/_sandbox/ledger", "GET"): _ledger,
    ("/_sandbox/ledger", "DELETE"): _clear_ledger,
    ("/_sandbox/faults", "GET"): _faults,
    ("/_sandbox/faults", "POST"): _plant_faults,
    ("/_sandbox/faults", "DELETE"): _clear_faults,
    ("/_sandbox/clock", "GET"): _clock,
    ("/_sandbox/clock", "POST"): _move_clock,
    ("/_sandbox/settings", "GET"): _settings,
    ("/_sandbox/settings", "POST"): _change_settings,
    ("/_sandbox/records", "GET"): _records,
    ("/_sandbox/connections", "POST"): _connection,
    ("/_sandbox/self-client", "POST"): _self_client,
    ("/_sandbox/tokens", "POST"): _end_tokens,
}


def addresses() -> set[tuple[str, str]]:
    """Return path and method of every control address."""
    return set(_ROUTES)

"""Composite requests: up to five calls in one, which may use each other's replies.

source: https://www.zoho.com/crm/developer/docs/api/v8/composite-api.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit

from zoho_sandbox.core.jsontext import dump_json
from zoho_sandbox.core.wire import Answer, Call, FormData, Query
from zoho_sandbox.products.crm.model.answers import INVALID_DATA, Json, error, refuse, success
from zoho_sandbox.products.crm.model.visit import Visit, too_many

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

_KEY = "__composite_requests"
_MAX_REQUESTS = 5
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_URI = re.compile(r"/crm/(v[\d.]+)(/.+)")
_REFERENCE = re.compile(r"@\{([\w-]+):(\$[^}]*)\}")
_STEP = re.compile(r"\.([\w$]+)|\[(\d+)\]")


class _RolledBackError(Exception):
    """A sub-request failed and wants all to be undone; carries its index."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


@dataclass(slots=True)
class _Progress:
    """What is known so far: items of the reply by index, and bodies by request id."""

    items: dict[int, Json] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)
    effects: list[Json] = field(default_factory=list)
    after: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


def composite(visit: Visit) -> Answer:
    """Answer the requests in an order in which each finds what it refers to."""
    requests = visit.body().get(_KEY)
    if not isinstance(requests, list) or not requests:
        details = {"api_name": _KEY, "json_path": f"$.{_KEY}"}
        raise refuse("MANDATORY_NOT_FOUND", "required field not found", details)
    if len(requests) > _MAX_REQUESTS:
        raise too_many(_KEY, _MAX_REQUESTS)
    names = _checked(visit, requests)
    order = _order(requests, names)
    progress = _Progress()
    try:
        with visit.state.savepoint():
            _run(visit, (requests, names, order), progress)
    except _RolledBackError as failed:
        _undo(progress, order, failed.index)
    visit.call.effects.extend(progress.effects)
    items = [progress.items[n] for n in range(len(requests))]
    refused = sum(item["status"] != "success" for item in items)
    status = 200 if not refused else 400 if refused == len(items) else 207
    return Answer(status, {_KEY: items}, after=_together(progress.after))


def _checked(visit: Visit, requests: Sequence[Any]) -> list[str]:
    """Return the requests' ids after checking each request.

    Raises:
        RefusedError: one is no request this API can make.
    """
    names: list[str] = []
    for n, request in enumerate(requests):
        path = f"$.{_KEY}[{n}]"
        if not isinstance(request, dict):
            details = {"expected_data_type": "jsonobject", "api_name": _KEY, "json_path": path}
            raise refuse("INVALID_DATA", INVALID_DATA, details)
        for key in ("method", "uri"):
            if not request.get(key):
                details = {"api_name": key, "json_path": f"{path}.{key}"}
                raise refuse("MANDATORY_NOT_FOUND", "required field not found", details)
        for key in ("params", "headers"):
            if not isinstance(request.get(key) or {}, dict):
                details = {"api_name": key, "json_path": f"{path}.{key}"}
                raise refuse("INVALID_DATA", INVALID_DATA, {"expected_data_type": "jsonobject", **details})
        uri = _URI.fullmatch(urlsplit(str(request["uri"])).path)
        if request["method"] not in _METHODS or uri is None:
            key = "uri" if uri is None else "method"
            details = {"api_name": key, "json_path": f"{path}.{key}"}
            raise refuse("INVALID_DATA", INVALID_DATA, details)
        if uri[1] != visit.call.version or uri[2].startswith(f"/{_KEY}"):
            raise refuse("NOT_SUPPORTED", "the sub request is not supported", {"api_name": "uri"})
        name = str(request.get("sub_request_id", n + 1))
        if name in names:
            details = {"api_name": "sub_request_id", "json_path": f"{path}.sub_request_id"}
            raise refuse("DUPLICATE_DATA", "duplicate data", details)
        names.append(name)
    return names


def _order(requests: Sequence[Json], names: list[str]) -> list[int]:
    """Return indexes such that every request comes after those it refers to."""
    referred = [{found[0] for found in _REFERENCE.findall(dump_json(r))} for r in requests]
    order: list[int] = []
    while len(order) < len(names):
        done = {names[n] for n in order}
        ready = [n for n in range(len(names)) if n not in order and not (referred[n] & set(names)) - done]
        if not ready:
            loops = [
                {"sub_request_id": names[n], "referred_sub_request_ids": sorted(referred[n])}
                for n in range(len(names))
                if n not in order
            ]
            raise refuse("LOOPING_FOUND", "looping found", {"dependent_data": loops})
        order.append(ready[0])
    return order


def _run(visit: Visit, plan: tuple[Sequence[Json], list[str], list[int]], progress: _Progress) -> None:
    requests, names, order = plan
    undoes = visit.body().get("rollback_on_fail") is True
    for n in order:
        bad: list[str] = []
        request = _filled(requests[n], progress.bodies, bad)
        if bad:
            details = {"api_name": "uri", "json_path": f"$.{_KEY}[{n}]", "reference": bad[0]}
            progress.items[n] = error("INVALID_REFERENCE", "invalid reference", details)
        else:
            answer = _answer(visit, request, progress)
            progress.bodies[names[n]] = answer.body
            progress.items[n] = _item(answer)
        if undoes and (bad or answer.status >= 400):
            raise _RolledBackError(n)


def _answer(visit: Visit, request: Json, progress: _Progress) -> Answer:
    call = _call(visit.call, request)
    answer = visit.serve(call)
    progress.effects += call.effects
    if answer.after is not None:
        progress.after.append(answer.after)
    return answer


def _call(outer: Call, request: Json) -> Call:
    place = urlsplit(str(request["uri"]))
    below = place.path.removeprefix(f"/crm/{outer.version}")
    segments = tuple(unquote(part) for part in below.split("/") if part)
    params = urlencode({key: str(value) for key, value in (request.get("params") or {}).items()})
    headers = {k.lower(): str(v) for k, v in (request.get("headers") or {}).items()}
    body = request.get("body")
    return replace(
        outer,
        method=str(request["method"]),
        path="/" + "/".join(segments),
        segments=segments,
        query=Query("&".join(part for part in (place.query, params) if part)),
        headers=headers,
        body=b"" if body is None else dump_json(body).encode(),
        effects=[],
        _form=FormData(),
    )


def _item(answer: Answer) -> Json:
    # choice: whatever was answered, a request that was carried out is a success here.
    body = answer.body if isinstance(answer.body, dict | list) else None
    headers = dict(answer.headers)
    response = {"status_code": answer.status, "headers": headers, "body": body}
    return success("composite sub request executed", {"response": response})


def _filled(value: Any, bodies: dict[str, Any], bad: list[str]) -> Any:
    """Return a request with its references replaced; unknown ones are added to ``bad``."""
    if isinstance(value, dict):
        return {key: _filled(one, bodies, bad) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, bodies, bad) for one in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _looked_up(whole, bodies, bad)
    return _REFERENCE.sub(lambda found: str(_looked_up(found, bodies, bad)), value)


def _looked_up(reference: re.Match[str], bodies: dict[str, Any], bad: list[str]) -> Any:
    value = bodies.get(reference[1])
    for name, index in _STEP.findall(reference[2]):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            value = None
    if value is None:
        bad.append(reference[0])
    return value


def _undo(progress: _Progress, order: list[int], failed: int) -> None:
    progress.effects.clear()
    progress.after.clear()
    details = {"rollbacked_by_sub_request_index": failed}
    for n in order:
        if n == failed:
            continue
        code = "ROLLBACK_PERFORMED" if n in progress.items else "PROCESSING_STOPPED"
        message = "rollback performed" if n in progress.items else "processing stopped"
        progress.items[n] = error(code, message, details)


def _together(
    deliveries: list[Callable[[], Awaitable[None]]],
) -> Callable[[], Awaitable[None]] | None:
    if not deliveries:
        return None

    async def deliver() -> None:
        for one in deliveries:
            await one()

    return deliver

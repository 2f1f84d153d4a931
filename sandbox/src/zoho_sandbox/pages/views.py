"""What a person sees in a browser: records, requests, settings, and the API console."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.exchange import BANNER, Reply
from zoho_sandbox.core.forms import parse_form
from zoho_sandbox.core.settings import definitions
from zoho_sandbox.core.tokens import ThrottledError
from zoho_sandbox.pages.html import html_reply, style_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoho_sandbox.core.exchange import Request
    from zoho_sandbox.world import World

_ROWS = 50
_COLUMNS = 6
_SHOWN_CHARACTERS = 60
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def answer(sandbox: World, request: Request) -> Reply | None:
    """Return a page, or what a page's form asks for; None when it is no page."""
    if request.path == "/_sandbox/style.css":
        return style_reply()
    pages = _FORMS if request.method == "POST" else _PAGES
    page = pages.get(request.path.rstrip("/") or "/")
    return None if page is None else page(sandbox, request)


def _overview(sandbox: World, _: Request) -> Reply:
    return _page(sandbox, "overview.html", _overview_facts(sandbox))


def _overview_facts(sandbox: World) -> dict[str, Any]:
    return {
        "entries": _newest(sandbox, 10, 0),
        "users": list(sandbox.state.scan("sandbox/users")),
        "organizations": list(sandbox.state.scan("sandbox/organizations")),
        "client": next(sandbox.state.scan("sandbox/clients"), None),
        "faults": sandbox.planted_faults.planted(),
        "code": "",
        "problem": "",
    }


def _records(sandbox: World, request: Request) -> Reply:
    kind = request.query.get("kind")
    if kind is None:
        has_all = "all" in request.query
        return _page(sandbox, "kinds.html", {"groups": _groups(sandbox, has_all=has_all), "has_all": has_all})
    page = _page_number(request)
    found = sandbox.state.find(kind, limit=_ROWS, offset=(page - 1) * _ROWS)
    ids = sandbox.state.ids(kind)[(page - 1) * _ROWS :]
    columns = _columns(found)
    rows = [
        (record_id, [_short(record.get(column)) for column in columns])
        for record_id, record in zip(ids, found, strict=False)
    ]
    total = sandbox.state.count(kind)
    seen = {"kind": kind, "columns": columns, "rows": rows, "total": total}
    return _page(sandbox, "records.html", {**seen, **_turns(page, total)})


def _record(sandbox: World, request: Request) -> Reply:
    kind, record_id = request.query.get("kind") or "", request.query.get("id") or ""
    found = sandbox.state.get(kind, record_id)
    text = json.dumps(found, indent=2, ensure_ascii=False, default=_plain)
    seen = {"kind": kind, "id": record_id, "text": text}
    return _page(sandbox, "record.html", seen, status=404 if found is None else 200)


def _requests(sandbox: World, request: Request) -> Reply:
    page = _page_number(request)
    total = sandbox.state.last_entry()
    seen = {"entries": _newest(sandbox, _ROWS, (page - 1) * _ROWS), "total": total}
    return _page(sandbox, "requests.html", {**seen, **_turns(page, total)})


def _settings(sandbox: World, _: Request, *, problem: str = "") -> Reply:
    changed = sandbox.settings.changed()
    rows = [
        {"name": name, "value": sandbox.settings[name], "is_changed": name in changed, **about}
        for name, about in definitions().items()
    ]
    status = 400 if problem else 200
    return _page(sandbox, "settings.html", {"rows": rows, "problem": problem}, status=status)


# -- forms -------------------------------------------------------------------------


def _change_setting(sandbox: World, request: Request) -> Reply:
    fields = _fields(request)
    name, text = fields.get("name", ""), fields.get("value", "")
    try:
        default = definitions()[name]["default"]
        value = None if "restore" in fields else _typed(text, default)
        sandbox.settings.change({name: value})
    except (KeyError, ValueError) as problem:
        return _settings(sandbox, request, problem=f"{name}: {problem}")
    return _see_other("/_sandbox/view/settings")


def _typed(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        return {"true": True, "false": False}[text]
    if isinstance(default, int | float):
        return float(text) if "." in text else int(text)
    return text


def _reset(sandbox: World, _: Request) -> Reply:
    sandbox.reset()
    return _see_other("/")


def _advance(sandbox: World, request: Request) -> Reply:
    sandbox.clock.advance(_SECONDS.get(_fields(request).get("by", ""), 0))
    return _see_other("/")


def _self_client(sandbox: World, request: Request) -> Reply:
    fields, facts = _fields(request), _overview_facts(sandbox)
    scopes = fields.get("scopes", "").replace(",", " ").split()
    try:
        user_id = fields.get("user") or None
        facts["code"] = sandbox.self_client_code(scopes, user_id=user_id, minutes=10)
    except (LookupError, ThrottledError) as problem:
        facts["problem"] = f"No code: {problem}"
    return _page(sandbox, "overview.html", facts)


_PAGES: dict[str, Callable[[Any, Any], Reply]] = {
    "/": _overview,
    "/_sandbox": _overview,
    "/_sandbox/view/records": _records,
    "/_sandbox/view/record": _record,
    "/_sandbox/view/requests": _requests,
    "/_sandbox/view/settings": _settings,
}
_FORMS: dict[str, Callable[[Any, Any], Reply]] = {
    "/_sandbox/view/settings": _change_setting,
    "/_sandbox/view/reset": _reset,
    "/_sandbox/view/clock": _advance,
    "/_sandbox/view/self-client": _self_client,
}


def _page(sandbox: World, template: str, seen: dict[str, Any], *, status: int = 200) -> Reply:
    clock = sandbox.clock.at().strftime("%Y-%m-%d %H:%M:%S UTC")
    shell = {"base_url": sandbox.base_url, "clock": clock, "page_name": template}
    return html_reply(template, {**shell, **seen}, status=status)


def _see_other(location: str) -> Reply:
    return Reply(303, [BANNER, ("Location", location)])


def _fields(request: Request) -> dict[str, str]:
    form = parse_form(request.headers.get("content-type", ""), request.body)
    return dict(form.fields)


def _groups(sandbox: World, *, has_all: bool) -> dict[str, list[tuple[str, str, int]]]:
    """Return ``(kind, name, number)`` of every kind by product and organisation.

    Args:
        has_all: Also what the products keep beside the records, to find them by.
    """
    names = {one["organization_id"]: one["name"] for one in sandbox.state.scan("sandbox/organizations")}
    groups: dict[str, list[tuple[str, str, int]]] = {}
    for kind, count in sandbox.state.kinds().items():
        product, _, name = kind.partition("/")
        is_beside = ":" in kind or name.startswith("keys/") or kind == "sandbox/control"
        if is_beside and not has_all:
            continue
        title = {"crm": "CRM", "sandbox": "Accounts server"}.get(product, product)
        if product == "books" and "/" in name:
            organization, _, name = name.partition("/")
            title = f"Books: {names.get(organization, organization)}"
        groups.setdefault(title, []).append((kind, name, count))
    return groups


def _newest(sandbox: World, count: int, skip: int) -> list[dict[str, Any]]:
    last = sandbox.state.last_entry() - skip
    entries = sandbox.state.entries(after=max(last - count, 0), limit=min(count, max(last, 0)))
    return entries[::-1]


def _page_number(request: Request) -> int:
    text = request.query.get("page", "1") or "1"
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _turns(page: int, total: int) -> dict[str, Any]:
    return {"page": page, "has_more": page * _ROWS < total, "first": (page - 1) * _ROWS + 1}


def _columns(records: list[dict[str, Any]]) -> list[str]:
    names: dict[str, None] = {}
    for record in records[:_COLUMNS]:
        names.update(dict.fromkeys(key for key, value in record.items() if _is_plain(value)))
    return list(names)[:_COLUMNS]


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | Decimal) and value != ""


def _short(value: Any) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _plain(value: Any) -> Any:
    return str(value)

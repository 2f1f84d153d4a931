"""Search and count: by criteria, email, phone or word.

source: https://www.zoho.com/crm/developer/docs/api/v7/search-records.html
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import paging, store, times, views
from zoho_sandbox.products.crm.model.answers import Json, bad_param, no_content, refuse
from zoho_sandbox.products.crm.model.presenting import Presenter
from zoho_sandbox.products.crm.model.visit import MAX_PER_PAGE, Visit
from zoho_sandbox.products.crm.records import reading
from zoho_sandbox.products.crm.searching.searchcriteria import Matches, criteria

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoho_sandbox.products.crm.model.schema import Module

_ASKED = ("criteria", "email", "phone", "word")
_MAX_ROWS = 2000
_MIN_WORD = 2
_SPECIAL = re.compile(r"[^\w\s@.\-+*]")


def search(visit: Visit) -> Answer:
    """Return the records that the first of criteria, email, phone and word finds."""
    module = visit.module(visit.call.segments[0])
    page = visit.number("page", 1)
    per_page = visit.number("per_page", MAX_PER_PAGE, most=MAX_PER_PAGE)
    matches = _matches(visit, module)
    if matches is None:
        message = "one of the expected parameter is missing"
        raise refuse("EXPECTED_PARAM_MISSING", message, {"param_names": list(_ASKED)})
    if page * per_page > _MAX_ROWS:
        raise _limit_reached()
    views.check(visit, module)
    sort = paging.sort_of(visit)
    found = reading.keys_of([r for r in _candidates(visit, module) if matches(r)], sort)
    chosen = found[(page - 1) * per_page : page * per_page]
    if not chosen:
        return no_content()
    names = _names(visit)
    show = Presenter(visit)
    records = (store.find(visit.state, module, record_id) for _, record_id in chosen)
    rows = [show.row(module, record, names) for record in records if record]
    info: Json = {"per_page": per_page, "count": len(rows), "page": page}
    info["more_records"] = page * per_page < len(found)
    if visit.call.query.get("criteria"):
        info |= sort.info
    return Answer(200, {"data": rows, "info": info})


def count(visit: Visit) -> Answer:
    """Count a module's records, or those that a search would find."""
    module = visit.module(visit.call.segments[0])
    views.check(visit, module)
    matches = _matches(visit, module)
    if matches is None and not visit.setting("search_delay_s"):
        found = store.count(visit.state, module, converted=reading.converted_of(visit))
    else:
        found = sum(1 for r in _candidates(visit, module) if matches is None or matches(r))
    return Answer(200, {"count": found})


def _candidates(visit: Visit, module: Module) -> list[Json]:
    """Return the records that the search index knows by now."""
    found = list(store.records(visit.state, module, converted=reading.converted_of(visit)))
    delay = timedelta(seconds=float(visit.setting("search_delay_s")))
    if not delay:
        return found
    known_until = times.show(visit.call.sandbox.clock.at(times.OFFSET) - delay)
    return [record for record in found if record["Modified_Time"] <= known_until]


def _matches(visit: Visit, module: Module) -> Matches | None:
    for name in _ASKED:
        text = visit.call.query.get(name)
        if text:
            return _BY[name](module, text)
    return None


def _by_email(module: Module, text: str) -> Matches:
    if "@" not in text:
        raise bad_param("email", "Please check the value of the field")
    return _any_field(module, ("email",), lambda value: value == text.casefold())


def _by_phone(module: Module, text: str) -> Matches:
    wanted = _digits(text)
    if not wanted:
        raise bad_param("phone", "Please check the value of the field")
    return _any_field(module, ("phone",), lambda value: wanted in _digits(value))


def _by_word(module: Module, text: str) -> Matches:
    if len(text.strip("*")) < _MIN_WORD:
        raise bad_param("word", "provide atleast 2 letters for search")
    if _SPECIAL.search(text):
        raise bad_param("word", "special characters are not allowed")
    if text.count("*") > 1:
        raise bad_param("word", "More than one wildcard(*) not allowed in a searchword")
    words = [word.strip("*") for word in text.casefold().split()]
    kinds = ("text", "textarea", "email", "phone", "website", "picklist", "autonumber")
    return _any_field(module, kinds, lambda value: all(word in value for word in words))


def _any_field(module: Module, types: tuple[str, ...], test: Callable[[str], bool]) -> Matches:
    names = [field.api_name for field in module.fields.values() if field.type in types]

    def matches(record: Json) -> bool:
        values = (record.get(name) for name in names)
        return any(test(value.casefold()) for value in values if isinstance(value, str))

    return matches


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _names(visit: Visit) -> list[str] | None:
    text = visit.call.query.get("fields")
    return [name.strip() for name in text.split(",")] if text else None


def _limit_reached() -> Exception:
    message = "maximum response iteration limit reached"
    return refuse("LIMIT_REACHED", message, {"limit": _MAX_ROWS})


_BY: dict[str, Callable[[Module, str], Matches]] = {
    "criteria": criteria,
    "email": _by_email,
    "phone": _by_phone,
    "word": _by_word,
}

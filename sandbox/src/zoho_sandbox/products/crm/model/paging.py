"""Pages of a list: by number up to 2,000 rows, by page token up to 100,000.

A token remembers the row it goes on from, so records made meanwhile neither repeat nor
hide rows. It holds for one user, one list and one set of parameters, for a day.

source: https://www.zoho.com/crm/developer/docs/api/v7/get-records.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, overload

from zoho_sandbox.core.jsontext import dump_json, parse_json
from zoho_sandbox.products.crm.model import times
from zoho_sandbox.products.crm.model.answers import Json, bad_param, refuse
from zoho_sandbox.products.crm.model.visit import MAX_PER_PAGE, Visit

SORT_FIELDS = ("id", "Created_Time", "Modified_Time")
_TOKEN_LIFE = timedelta(hours=24)
_SIGNATURE_LENGTH = 20
# Parameters that may differ between a page and the next one.
_UNBOUND = {"page_token", "page"}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of a list: ``by`` one of :data:`SORT_FIELDS`."""

    by: str
    is_descending: bool

    @property
    def info(self) -> Json:
        """How the reply's ``info`` tells the order."""
        return {"sort_by": self.by, "sort_order": "desc" if self.is_descending else "asc"}


class Downward(Sequence[Key]):
    """An ascending list from its end, without a copy of it."""

    def __init__(self, keys: list[Key]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> Key: ...

    @overload
    def __getitem__(self, place: slice) -> list[Key]: ...

    def __getitem__(self, place: int | slice) -> Key | list[Key]:
        if isinstance(place, int):
            return self._keys[-1 - place]
        start, stop, _ = place.indices(len(self._keys))
        return self._keys[len(self._keys) - stop : len(self._keys) - start][::-1]


def sort_of(visit: Visit) -> Sort:
    """Read sort_by and sort_order; the default is the newest id first.

    Raises:
        RefusedError: an unknown field or order, or sort_by beside cvid.
    """
    query = visit.call.query
    by = query.get("sort_by") or "id"
    if by not in SORT_FIELDS:
        raise bad_param("sort_by", supported_values=list(SORT_FIELDS))
    order = query.get("sort_order") or "desc"
    if order not in ("asc", "desc"):
        raise bad_param("sort_order", supported_values=["asc", "desc"])
    if "cvid" in query and "sort_by" in query:
        raise _ambiguous("cvid", "sort_by")
    return Sort(by, order == "desc")


def ordered(rows: Sequence[Key], sort: Sort) -> list[Key]:
    """Return ``(sort text, id)`` pairs in their order."""
    return sorted(rows, reverse=sort.is_descending)


def cut(visit: Visit, keys: Sequence[Key], sort: Sort) -> tuple[list[str], Json]:
    """Return the ids of the page that the request wants, and the reply's ``info``.

    Raises:
        RefusedError: the page lies beyond what may be read so, or the token does not fit.
    """
    per_page = visit.number("per_page", MAX_PER_PAGE, most=MAX_PER_PAGE)
    if not visit.rules["page_token"]:
        return _numbered(visit, keys, per_page)
    token = visit.call.query.get("page_token")
    if token:
        if "page" in visit.call.query:
            raise _ambiguous("page", "page_token")
        start, page = _position(visit, token, keys, sort, per_page)
    else:
        page = visit.number("page", 1)
        start = (page - 1) * per_page
        limit = int(visit.setting("page_limit"))
        # choice: a page that reaches beyond the limit is refused, however much of it lies below.
        if page * per_page > limit:
            message = f"You can only get the first {limit} records without using page_token param"
            raise refuse("DISCRETE_PAGINATION_LIMIT_EXCEEDED", message, {"limit": limit})
    chosen = keys[start : start + per_page]
    has_more = start + per_page < len(keys)
    expiry = visit.call.sandbox.clock.at(times.OFFSET) + _TOKEN_LIFE
    following = _token(visit, chosen[-1], "after", start + per_page, page + 1) if has_more else None
    before = _token(visit, chosen[0], "before", start, page - 1) if chosen and start else None
    info = {
        "per_page": per_page,
        "next_page_token": following,
        "count": len(chosen),
        "page": page,
        "previous_page_token": before,
        "page_token_expiry": times.show(expiry) if following or before else None,
        "more_records": has_more,
    }
    return [record_id for _, record_id in chosen], info


def _numbered(visit: Visit, keys: Sequence[Key], per_page: int) -> tuple[list[str], Json]:
    page = visit.number("page", 1)
    chosen = keys[(page - 1) * per_page : page * per_page]
    info = {
        "per_page": per_page,
        "count": len(chosen),
        "page": page,
        "more_records": page * per_page < len(keys),
    }
    return [record_id for _, record_id in chosen], info


def _position(visit: Visit, token: str, keys: Sequence[Key], sort: Sort, per_page: int) -> tuple[int, int]:
    """Return the index of the first row and the page number that a token means."""
    meant = _read(visit, token)
    if meant is None:
        raise bad_param("page_token")
    if meant["user"] != visit.call.grant.user_id or meant["bound"] != _bound(visit):
        message = "The page_token given seems to be invalid or input param is added or altered or deleted"
        raise refuse("TOKEN_BOUND_DATA_MISMATCH", message, {"param_name": "page_token"})
    if meant["expires"] <= visit.call.sandbox.clock.now():
        details = {"api_name": "page_token", "json_path": "$.query.page_token"}
        raise refuse("EXPIRED_VALUE", "Page token expired", details)
    limit = int(visit.setting("token_limit"))
    if meant["rows"] + per_page > limit and meant["way"] == "after":
        message = f"You can only get upto {limit} records using page_token param"
        raise refuse("PAGINATION_LIMIT_EXCEEDED", message, {"param_name": "page_token"})
    row = (str(meant["key"][0]), str(meant["key"][1]))
    if meant["way"] == "before":
        return max(0, _index(keys, row, sort) - per_page), max(1, int(meant["page"]))
    is_there = _index(keys, row, sort)
    passed = is_there < len(keys) and keys[is_there] == row
    return is_there + (1 if passed else 0), int(meant["page"])


def _index(keys: Sequence[Key], row: Key, sort: Sort) -> int:
    """Return where a row stands, or would stand."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        is_before = keys[middle] > row if sort.is_descending else keys[middle] < row
        low, high = (middle + 1, high) if is_before else (low, middle)
    return low


def _token(visit: Visit, row: Key, way: str, rows: int, page: int) -> str:
    expires = visit.call.sandbox.clock.now() + _TOKEN_LIFE.total_seconds()
    meant = {
        "user": visit.call.grant.user_id,
        "bound": _bound(visit),
        "expires": int(expires),
        "rows": rows,
        "page": page,
        "way": way,
        "key": list(row),
    }
    payload = base64.urlsafe_b64encode(dump_json(meant).encode()).decode().rstrip("=")
    return f"{_signature(visit, payload)}{payload}"


def _read(visit: Visit, token: str) -> dict[str, Any] | None:
    signature, payload = token[:_SIGNATURE_LENGTH], token[_SIGNATURE_LENGTH:]
    if not hmac.compare_digest(signature.encode(), _signature(visit, payload).encode()):
        return None
    meant: dict[str, Any] = parse_json(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return meant


def _signature(visit: Visit, payload: str) -> str:
    secret = f"page token {visit.call.sandbox.random_seed}".encode()
    return hmac.new(secret, payload.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE_LENGTH]


def _bound(visit: Visit) -> str:
    pairs = sorted((key, value) for key, value in visit.call.query if key not in _UNBOUND)
    return hashlib.sha256(dump_json([visit.call.path, pairs]).encode()).hexdigest()[:16]


def _ambiguous(*names: str) -> Exception:
    details = {"ambiguity_due_to": [{"param_name": name} for name in names]}
    return refuse("AMBIGUITY_DURING_PROCESSING", "AMBIGUITY_DURING_PROCESSING", details)

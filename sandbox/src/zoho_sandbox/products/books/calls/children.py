"""Things that belong to a record: comments, refunds, project tasks, exchange rates, cards…"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.kinds.settlement import SOURCES, show_rest
from zoho_sandbox.products.books.records.records import save
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.records.request import Request
from zoho_sandbox.products.books.records.store import Record
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import ZERO, amount, rounded

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer, Query

# Completes a child before it is kept.
Completer = Callable[[Request, Record, Record], None]
_DEFAULT_PER_PAGE = 200


def kind_of(request: Request) -> str:
    """Return the state's name for this kind of children."""
    return request.books.kind(f"{request.module.name}/{request.option('kind')}")


def _child(request: Request) -> Record:
    found = request.books.state.get(kind_of(request), request.ids[-1])
    if found is None or found.get("parent_id") != request.ids[0]:
        raise request.unknown(_noun(request), request.ids[-1])
    return found


def _noun(request: Request) -> str:
    return str(request.option("id")).removesuffix("_id").replace("_", " ").capitalize()


def shown_child(child: Mapping[str, Any]) -> dict[str, Any]:
    """Return a child as replies show it."""
    return {name: value for name, value in child.items() if name != "parent_id"}


def page_of(records: list[Record], query: Query) -> tuple[list[Record], dict[str, Any]]:
    """Return one page of a short list, and its page_context.

    Raises:
        RefusedError: page or per_page is no number.
    """
    numbers = []
    for name, default in (("page", 1), ("per_page", _DEFAULT_PER_PAGE)):
        text = query.get(name) or str(default)
        if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**9:
            raise refusal("invalid_value", value=name)
        numbers.append(int(text))
    page, size = numbers[0], min(numbers[1], _DEFAULT_PER_PAGE)
    cut = records[(page - 1) * size : page * size]
    has_more = len(records) > page * size
    return cut, {"page": page, "per_page": size, "has_more_page": has_more}


def _listed(request: Request, children: list[Record]) -> Answer:
    cut, context = page_of(children, request.call.query)
    payload: dict[str, Any] = {request.option("key"): [shown_child(child) for child in cut]}
    if request.option("paged", True):
        # source: zoho-books-cli, live notes: project users come without page_context
        payload["page_context"] = context
    return request.answer(**payload)


# -- handlers ------------------------------------------------------------------------------


@handles("child_list")
def list_children(request: Request) -> Answer:
    """Answer the children of one record."""
    request.record()
    return _listed(request, request.books.state.find(kind_of(request), parent=request.id))


@handles("child_list_all")
def list_all_children(request: Request) -> Answer:
    """Answer the children of all records of a module."""
    return _listed(request, list(request.books.state.scan(kind_of(request))))


@handles("child_get")
def get_child(request: Request) -> Answer:
    """Answer one child."""
    request.record()
    return request.answer(**{request.option("key"): shown_child(_child(request))})


@handles("child_get_any")
def get_any_child(request: Request) -> Answer:
    """Answer one child whose record the path does not name."""
    found = request.books.state.get(kind_of(request), request.ids[-1])
    if found is None:
        raise request.unknown(_noun(request), request.ids[-1])
    return request.answer(**{request.option("key"): shown_child(found)})


@handles("child_create")
def create_child(request: Request) -> Answer:
    """Make a child of the body; a list of several may come under the plural key."""
    record, body = request.record(), request.checked_body()
    many = body.get(request.option("key")) if request.option("many") else None
    made = [_make(request, record, one) for one in (many if isinstance(many, list) else [body])]
    shown = [shown_child(child) for child in made]
    return request.answer(**{request.option("key"): shown if request.option("many") else shown[0]})


def _make(request: Request, record: Record, body: Mapping[str, Any]) -> Record:
    id_key = request.option("id")
    child: Record = {id_key: str(body.get(id_key) or request.books.new_id()), **body}
    child[id_key] = str(child[id_key])
    child["parent_id"] = request.id
    _complete(request, child, record)
    request.books.state.put(kind_of(request), child[id_key], child, parent=request.id)
    request.note("create", child[id_key], kind=request.option("kind"))
    _after(request, record)
    return child


@handles("child_update")
def update_child(request: Request) -> Answer:
    """Change a child by the body."""
    record, before = request.record(), _child(request)
    child = {**before, **request.body_fields()}
    _complete(request, child, record)
    request.books.state.put(kind_of(request), request.ids[-1], child, parent=request.id)
    request.note("update", request.ids[-1], kind=request.option("kind"))
    _after(request, record)
    shown: Any = shown_child(child)
    return request.answer(**{request.option("key"): [shown] if request.option("many") else shown})


@handles("child_set")
def set_on_child(request: Request) -> Answer:
    """Set what the operation's row of data says on a child."""
    request.record()
    found = request.books.state.get(kind_of(request), request.ids[1])
    if found is None or found.get("parent_id") != request.id:
        raise request.unknown(_noun(request), request.ids[1])
    child = {**found, **request.option("set")}
    request.books.state.put(kind_of(request), request.ids[1], child, parent=request.id)
    request.note("update", request.ids[1], kind=request.option("kind"))
    return request.answer()


@handles("child_delete")
def delete_child(request: Request) -> Answer:
    """Delete a child."""
    record = request.record()
    _child(request)
    request.books.state.delete(kind_of(request), request.ids[-1])
    request.note("delete", request.ids[-1], kind=request.option("kind"))
    _after(request, record)
    return request.answer()


# -- children without a record: organisation addresses, match filters --------------------------


@handles("free_list")
def list_free(request: Request) -> Answer:
    """Answer all things of a kind that belong to the organisation itself."""
    found = request.books.state.find(kind_of(request))
    return request.answer(**{request.option("key"): [shown_child(one) for one in found]})


@handles("free_create")
def create_free(request: Request) -> Answer:
    """Make a thing of the body."""
    record_id = request.books.new_id()
    thing = {request.option("id"): record_id, **request.checked_body()}
    request.books.state.put(kind_of(request), record_id, thing)
    request.note("create", record_id, kind=request.option("kind"))
    return request.answer(**{request.option("key"): thing})


@handles("free_update")
def update_free(request: Request) -> Answer:
    """Change a thing by the body."""
    before = request.books.state.get(kind_of(request), request.id)
    if before is None:
        raise request.unknown(_noun(request), request.id)
    thing = {**before, **request.body_fields()}
    request.books.state.put(kind_of(request), request.id, thing)
    request.note("update", request.id, kind=request.option("kind"))
    return request.answer(**{request.option("key"): thing})


@handles("free_delete")
def delete_free(request: Request) -> Answer:
    """Delete a thing."""
    if not request.books.state.delete(kind_of(request), request.id):
        raise request.unknown(_noun(request), request.id)
    request.note("delete", request.id, kind=request.option("kind"))
    return request.answer()


# -- what single kinds add -----------------------------------------------------------------------


def _complete(request: Request, child: Record, record: Record) -> None:
    completer = _COMPLETERS.get(request.option("kind"))
    if completer is not None:
        completer(request, child, record)


def _comment(request: Request, child: Record, record: Record) -> None:
    moment = request.books.moment()
    child.setdefault("comment_type", "internal")
    child.setdefault("commented_by_id", request.call.grant.user_id)
    child.setdefault("commented_by", request.call.grant.user_name)
    child.setdefault("date", moment.strftime("%Y-%m-%d"))
    child.setdefault("time", moment.strftime("%I:%M %p").lstrip("0"))
    child.setdefault("operation_type", "Added")
    child.setdefault("transaction_type", request.module.key)
    child.setdefault(request.module.id, record[request.module.id])


def _project_task(request: Request, child: Record, record: Record) -> None:
    child.setdefault("project_id", request.id)
    child.setdefault("project_name", record.get("project_name", ""))
    child.setdefault("status", "active")
    child.setdefault("description", "")


def _project_user(request: Request, child: Record, record: Record) -> None:
    user = request.books.get("users", child["user_id"]) or {}
    child.setdefault("user_name", user.get("name", ""))
    child.setdefault("email", user.get("email", ""))
    child.setdefault("user_role", "staff")
    child.setdefault("status", "active")
    child.setdefault("project_id", record["project_id"])


def _exchange_rate(request: Request, child: Record, record: Record) -> None:
    child.setdefault("currency_id", request.id)
    child.setdefault("currency_code", record.get("currency_code", ""))
    child.setdefault("effective_date", request.books.today())


def _refund(request: Request, child: Record, _: Record) -> None:
    child.setdefault("date", request.books.today())
    child["amount"] = rounded(amount(child.get("amount")))
    if child["amount"] <= 0:
        raise refusal("missing_value", value="Amount")


_COMPLETERS: Mapping[str, Completer] = {
    "comments": _comment,
    "project_tasks": _project_task,
    "project_users": _project_user,
    "exchange_rates": _exchange_rate,
    "refunds": _refund,
}


def _after(request: Request, before: Record) -> None:
    """Let refunds lessen what a payment or credit note still has to give."""
    if request.option("kind") != "refunds":
        return
    refunds = request.books.state.find(kind_of(request), parent=request.id)
    given = sum((amount(refund["amount"]) for refund in refunds), ZERO)
    current = request.books.get(request.module.name, request.id) or before
    record = {**current, "refunded": rounded(given)}
    show_rest(SOURCES[request.module.name], record)
    save(request.books, request.module, record, current)

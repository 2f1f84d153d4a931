"""From a call to the handler of its operation, and from a refusal to its reply."""

from __future__ import annotations

from dataclasses import replace

from zoho_sandbox.core.wire import NOT_COVERED, Answer, Call, allows
from zoho_sandbox.products.books.records.organizations import call_books
from zoho_sandbox.products.books.records.overdue import follow_calendar
from zoho_sandbox.products.books.records.registry import HANDLERS
from zoho_sandbox.products.books.records.request import Request
from zoho_sandbox.products.books.records.store import Actor, Books
from zoho_sandbox.products.books.rules.catalogue import Match, Operation, catalogue
from zoho_sandbox.products.books.rules.errors import RefusedError, refusal

# source: live recording, 2026-06
_HEADERS = (
    ("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0, post-check=0, pre-check=0"),
    ("Pragma", "no-cache"),
    ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Server", "ZGS"),
)


def auth_error(reason: str) -> Answer:
    """Refuse a token, whatever is wrong with it: code 14.

    source: live, all data centres, 2026-08
    """
    del reason
    return refusal("invalid_token").answer()


def handle(call: Call) -> Answer:
    """Answer one authenticated call; a refused one changes nothing."""
    try:
        with call.sandbox.state.savepoint():
            answer = _handle(call)
    except RefusedError as no:
        call.effects.clear()
        answer = no.answer()
    answer.headers = (*answer.headers, *_HEADERS)
    return answer


def _handle(call: Call) -> Answer:
    match = catalogue().match(call.segments)
    if match is None:
        match = _custom_match(call)
    operation = match.operations.get(call.method)
    if call.method == "OPTIONS":
        return Answer(200, headers=(("Allow", _allowed(match)),))
    if operation is None:
        raise _wrong_method(call, match)
    is_organization = operation.module.name == "organizations" and match.values != ()
    books = call_books(
        call,
        is_needed=operation.needs_organization,
        path_id=match.values[0] if is_organization and "{organization_id}" in operation.template else None,
    )
    if not allows(call.grant.scopes, operation.scope):
        raise refusal("not_authorized")
    follow_calendar(books)
    if operation.module.name == "custom_modules":
        operation, match = _in_custom_module(books, operation, match)
    request = _request(call, operation, match, books)
    answer = HANDLERS[operation.do](request)
    answer.headers = (*answer.headers, ("Allow", _allowed(match)))
    return answer


def _custom_match(call: Call) -> Match:
    """Return the routes of a custom module; whether it exists is seen once the books are open.

    Raises:
        RefusedError: 404, no such route.
    """
    if not call.segments or not call.segments[0].startswith("cm_"):
        raise _not_covered()
    match = catalogue().custom(call.segments)
    if not match.operations:
        raise _not_covered()
    return match


def _not_covered() -> RefusedError:
    no = refusal("unknown_route")
    no.headers = (NOT_COVERED,)
    return no


def _in_custom_module(books: Books, operation: Operation, match: Match) -> tuple[Operation, Match]:
    """Return the operation of one custom module: its records are a kind of their own.

    Raises:
        RefusedError: 404, the organisation has no such module.
    """
    name = match.values[0]
    definition = books.get("custom_module_definitions", name)
    if definition is None:
        raise refusal("unknown_route")
    module = replace(operation.module, name=name, path=f"/{name}")
    say = operation.say.format(name=str(definition["module_name"]).lower())
    return replace(operation, module=module, say=say), Match(match.operations, match.values[1:])


def _wrong_method(call: Call, match: Match) -> RefusedError:
    no = refusal("wrong_method", value=call.method)
    no.headers = (("Allow", _allowed(match)),)
    return no


def _allowed(match: Match) -> str:
    return ", ".join(sorted({*match.operations, "OPTIONS"}))


def _request(call: Call, operation: Operation, match: Match, books: Books) -> Request:
    grant = call.grant
    books.actor = Actor(grant.user_id, grant.user_name, grant.user_email)
    return Request(
        call=call,
        operation=operation,
        module=operation.module,
        books=books,
        ids=match.values,
        call_operations=match.operations,
    )

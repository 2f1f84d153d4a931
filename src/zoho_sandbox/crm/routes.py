"""Which handler answers which path and verb, and which scopes it wants.

A pattern's ``*`` matches any segment. The first pattern that fits decides. A scope may
say ``{module}``; ``+`` joins scopes that are all needed, ``|`` scopes of which one is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zoho_sandbox.crm import attachments, people, querying, reading, records, trash
from zoho_sandbox.crm.answers import UNSUPPORTED_MODULE, refuse
from zoho_sandbox.crm.visit import Visit, unknown_url
from zoho_sandbox.wire import Answer, allows

Handler = Callable[[Visit], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One path with its verbs: ``verb -> (handler, scopes)``."""

    pattern: tuple[str, ...]
    verbs: Mapping[str, tuple[Handler, str]]

    def fits(self, segments: tuple[str, ...]) -> bool:
        """Say whether the pattern matches a path of the same length."""
        return all(want in ("*", got) for want, got in zip(self.pattern, segments, strict=True))


def _route(path: str, **verbs: tuple[Handler, str]) -> Route:
    return Route(tuple(path.split("/")), verbs)


_READ, _CREATE = "modules.{module}.READ", "modules.{module}.CREATE"
_UPDATE, _DELETE = "modules.{module}.UPDATE", "modules.{module}.DELETE"


def _attached(verb: str) -> str:
    return f"modules.attachments.{verb}|modules.{{module}}.{verb}"


ROUTES = (
    _route("users", GET=(people.get_users, "users.READ")),
    _route("users/*", GET=(people.get_user, "users.READ")),
    _route("org", GET=(people.get_org, "org.READ")),
    _route("coql", POST=(querying.query, "coql.READ")),
    _route(
        "*",
        GET=(reading.get_many, _READ),
        POST=(records.create_many, _CREATE),
        PUT=(records.update_many, _UPDATE),
        DELETE=(records.delete_many, _DELETE),
    ),
    _route("*/upsert", POST=(records.upsert_many, f"{_CREATE}+{_UPDATE}")),
    _route("*/deleted", GET=(trash.get_deleted, _READ)),
    _route(
        "*/*",
        GET=(reading.get_one, _READ),
        PUT=(records.update_one, _UPDATE),
        DELETE=(records.delete_one, _DELETE),
    ),
    _route("*/*/actions/clone", POST=(records.clone, _CREATE)),
    _route(
        "*/*/Attachments",
        GET=(attachments.get_many, _attached("READ")),
        POST=(attachments.upload, _attached("CREATE")),
        DELETE=(attachments.delete_many, _attached("DELETE")),
    ),
    _route(
        "*/*/Attachments/*",
        GET=(attachments.download, _attached("READ")),
        DELETE=(attachments.delete_one, _attached("DELETE")),
    ),
)
_BY_LENGTH: dict[int, list[Route]] = {}
for _one in ROUTES:
    _BY_LENGTH.setdefault(len(_one.pattern), []).append(_one)


def dispatch(visit: Visit) -> Answer:
    """Answer a visit, or refuse its path, verb, module or scope.

    Raises:
        Refused: with the reply.
    """
    segments = visit.call.segments
    route = next((r for r in _BY_LENGTH.get(len(segments), ()) if r.fits(segments)), None)
    if route is None:
        raise unknown_url()
    if visit.call.method not in route.verbs:
        message = "The http request method type is not a valid one"
        raise refuse("INVALID_REQUEST_METHOD", message)
    handler, scopes = route.verbs[visit.call.method]
    if route.pattern[0] == "*" and segments[0] == "Attachments":
        raise refuse("INVALID_MODULE", UNSUPPORTED_MODULE)
    if scopes:
        require(visit, scopes)
    return handler(visit)


def require(visit: Visit, scopes: str) -> None:
    """Refuse a token without the scopes.

    Raises:
        Refused: 401 OAUTH_SCOPE_MISMATCH, or INVALID_MODULE for an unknown module.
    """
    granted = visit.call.grant.scopes
    if "{module}" in scopes:
        scopes = scopes.replace("{module}", visit.module(visit.call.segments[0]).scope)
    for part in scopes.split("+"):
        wanted = [s if s.startswith("Zoho") else f"ZohoCRM.{s}" for s in part.split("|")]
        if not any(allows(granted, scope) for scope in wanted):
            raise scope_mismatch(is_record=".modules." in wanted[-1])


def scope_mismatch(*, is_record: bool) -> Exception:
    """Return the refusal of a token without scope; records have their own words."""
    message = "Unauthorized" if is_record else "invalid oauth scope to access this URL"
    return refuse("OAUTH_SCOPE_MISMATCH", message, status=401)

"""Which handler answers which path and verb, and which scopes it wants.

A pattern's ``*`` matches any segment. The first pattern that fits decides. A scope may
say ``{module}``; ``+`` joins scopes that are all needed, ``|`` scopes of which one is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm import composite
from zoho_sandbox.products.crm.bulk import bulkreading, bulkwriting, filing
from zoho_sandbox.products.crm.model import people
from zoho_sandbox.products.crm.model.answers import UNSUPPORTED_MODULE, refuse
from zoho_sandbox.products.crm.model.scopes import require
from zoho_sandbox.products.crm.model.visit import Visit, unknown_url
from zoho_sandbox.products.crm.notices import watching
from zoho_sandbox.products.crm.records import (
    attachments,
    converting,
    metadata,
    notes,
    reading,
    records,
    related,
    tagging,
    trash,
)
from zoho_sandbox.products.crm.searching import querying, searching

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


# choice: creating wants CREATE, editing WRITE or UPDATE, upserting both; the pages list the
# verbs without saying which call wants which.
_READ, _CREATE = "modules.{module}.READ", "modules.{module}.CREATE"
_UPDATE, _DELETE = "modules.{module}.UPDATE", "modules.{module}.DELETE"


def _attached(verb: str) -> str:
    return f"modules.attachments.{verb}|modules.{{module}}.{verb}"


ROUTES = (
    _route("users", GET=(people.get_users, "users.READ")),
    _route("users/*", GET=(people.get_user, "users.READ")),
    _route("org", GET=(people.get_org, "org.READ")),
    _route("coql", POST=(querying.query, "coql.READ")),
    _route("files", GET=(filing.download, "files.READ"), POST=(filing.upload, "files.CREATE")),
    _route("upload", POST=(filing.upload_import, "bulk.CREATE")),
    _route("__composite_requests", POST=(composite.composite, "composite_requests.CUSTOM")),
    # settings
    _route("settings/modules", GET=(metadata.get_modules, "settings.modules.READ")),
    _route("settings/modules/*", GET=(metadata.get_module, "settings.modules.READ")),
    _route("settings/fields", GET=(metadata.get_fields, "settings.fields.READ")),
    _route("settings/fields/*", GET=(metadata.get_field, "settings.fields.READ")),
    _route("settings/layouts", GET=(metadata.get_layouts, "settings.layouts.READ")),
    _route("settings/layouts/*", GET=(metadata.get_layout, "settings.layouts.READ")),
    _route("settings/related_lists", GET=(metadata.get_related_lists, "settings.related_lists.READ")),
    _route("settings/custom_views", GET=(metadata.get_views, "settings.custom_views.READ")),
    _route("settings/custom_views/*", GET=(metadata.get_view, "settings.custom_views.READ")),
    _route(
        "settings/tags",
        GET=(tagging.get_tags, "settings.tags.READ"),
        POST=(tagging.create_tags, "settings.tags.CREATE"),
        PUT=(tagging.update_tags, "settings.tags.UPDATE"),
    ),
    _route(
        "settings/tags/actions/mass_delete",
        GET=(tagging.get_mass_delete, "settings.tags.READ"),
        POST=(tagging.mass_delete, "settings.tags.DELETE"),
    ),
    _route(
        "settings/tags/*",
        PUT=(tagging.update_tags, "settings.tags.UPDATE"),
        DELETE=(tagging.delete_tag, "settings.tags.DELETE"),
    ),
    _route("settings/tags/*/actions/records_count", GET=(tagging.count_records, "settings.tags.READ")),
    _route("settings/tags/*/actions/merge", POST=(tagging.merge_tags, "settings.tags.UPDATE")),
    # notifications and bulk
    _route(
        "actions/watch",
        GET=(watching.get_many, "notifications.READ"),
        POST=(watching.enable, "notifications.CREATE"),
        PUT=(watching.replace, "notifications.UPDATE"),
        PATCH=(watching.update, "notifications.UPDATE"),
        DELETE=(watching.disable, "notifications.DELETE"),
    ),
    _route("bulk/read", POST=(bulkreading.create, "bulk.READ")),
    _route("bulk/read/*", GET=(bulkreading.get, "bulk.READ")),
    _route("bulk/read/*/result", GET=(bulkreading.result, "bulk.READ")),
    _route("bulk/write", POST=(bulkwriting.create, "bulk.CREATE")),
    _route("bulk/write/*", GET=(bulkwriting.get, "bulk.READ")),
    _route("bulk/write/*/result", GET=(bulkwriting.result, "bulk.READ")),
    # notes
    _route(
        "Notes",
        GET=(notes.get_many, "modules.notes.READ"),
        POST=(notes.create_many, "modules.notes.CREATE"),
        PUT=(notes.update_many, "modules.notes.UPDATE"),
        DELETE=(notes.delete_many, "modules.notes.DELETE"),
    ),
    _route(
        "Notes/*",
        GET=(notes.get_one, "modules.notes.READ"),
        PUT=(notes.update_one, "modules.notes.UPDATE"),
        DELETE=(notes.delete_one, "modules.notes.DELETE"),
    ),
    _route(
        "*/*/Notes",
        GET=(notes.get_many, "modules.notes.READ"),
        POST=(notes.create_many, "modules.notes.CREATE"),
        PUT=(notes.update_many, "modules.notes.UPDATE"),
        DELETE=(notes.delete_many, "modules.notes.DELETE"),
    ),
    _route(
        "*/*/Notes/*",
        GET=(notes.get_one, "modules.notes.READ"),
        PUT=(notes.update_one, "modules.notes.UPDATE"),
        DELETE=(notes.delete_one, "modules.notes.DELETE"),
    ),
    # records
    _route(
        "*",
        GET=(reading.get_many, _READ),
        POST=(records.create_many, _CREATE),
        PUT=(records.update_many, _UPDATE),
        DELETE=(records.delete_many, _DELETE),
    ),
    _route("*/upsert", POST=(records.upsert_many, f"{_CREATE}+{_UPDATE}")),
    _route("*/search", GET=(searching.search, f"{_READ}+ZohoSearch.securesearch.READ")),
    _route("*/deleted", GET=(trash.get_deleted, _READ)),
    _route("*/actions/count", GET=(searching.count, _READ)),
    _route("*/actions/add_tags", POST=(tagging.add_tags, _UPDATE)),
    _route("*/actions/remove_tags", POST=(tagging.remove_tags, _UPDATE)),
    _route(
        "*/*",
        GET=(reading.get_one, _READ),
        PUT=(records.update_one, _UPDATE),
        DELETE=(records.delete_one, _DELETE),
    ),
    _route("Leads/*/actions/convert", POST=(converting.convert, _CREATE)),
    _route("*/*/actions/clone", POST=(records.clone, _CREATE)),
    _route("*/*/actions/add_tags", POST=(tagging.add_tags, _UPDATE)),
    _route("*/*/actions/remove_tags", POST=(tagging.remove_tags, _UPDATE)),
    _route("*/*/actions/get_related_records_count", POST=(related.count, _READ)),
    # what belongs to a record
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
    _route("*/deleted/*/*", GET=(related.get_of_deleted, _READ)),
    _route(
        "*/*/*",
        GET=(related.get_many, _READ),
        PUT=(related.put_many, _UPDATE),
        DELETE=(related.delete_many, _UPDATE),
    ),
    _route(
        "*/*/*/*",
        GET=(related.get_one, _READ),
        PUT=(related.put_one, _UPDATE),
        DELETE=(related.delete_one, _UPDATE),
    ),
)
_BY_LENGTH: dict[int, list[Route]] = {}
for _one in ROUTES:
    _BY_LENGTH.setdefault(len(_one.pattern), []).append(_one)


def dispatch(visit: Visit) -> Answer:
    """Answer a visit, or refuse its path, verb, module or scope.

    Raises:
        RefusedError: with the reply.
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

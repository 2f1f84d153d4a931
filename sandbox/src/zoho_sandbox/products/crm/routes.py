"""Which handler answers which path and verb, and which scopes it wants."""

from __future__ import annotations

from zoho_sandbox.core.wire import NOT_COVERED, Answer
from zoho_sandbox.products.crm import composite
from zoho_sandbox.products.crm.around import addresses as around
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
from zoho_sandbox.products.crm.routing import CREATE, DELETE, READ, UPDATE, Table, is_left_out, route
from zoho_sandbox.products.crm.searching import querying, searching
from zoho_sandbox.products.crm.settings import addresses as settings


def _attached(verb: str) -> str:
    return f"modules.attachments.{verb}|modules.{{module}}.{verb}"


ROUTES = (
    *settings.ROUTES,
    *around.ROUTES,
    route("users", GET=(people.get_users, "users.READ")),
    route("users/*", GET=(people.get_user, "users.READ")),
    route("org", GET=(people.get_org, "org.READ")),
    route("coql", POST=(querying.query, "coql.READ")),
    route("files", GET=(filing.download, "files.READ"), POST=(filing.upload, "files.CREATE")),
    route("upload", POST=(filing.upload_import, "bulk.CREATE")),
    route("__composite_requests", POST=(composite.composite, "composite_requests.CUSTOM")),
    # settings
    route("settings/modules", GET=(metadata.get_modules, "settings.modules.READ")),
    route("settings/modules/*", GET=(metadata.get_module, "settings.modules.READ")),
    route("settings/fields", GET=(metadata.get_fields, "settings.fields.READ")),
    route("settings/fields/*", GET=(metadata.get_field, "settings.fields.READ")),
    route("settings/layouts", GET=(metadata.get_layouts, "settings.layouts.READ")),
    route("settings/layouts/*", GET=(metadata.get_layout, "settings.layouts.READ")),
    route("settings/related_lists", GET=(metadata.get_related_lists, "settings.related_lists.READ")),
    route("settings/custom_views", GET=(metadata.get_views, "settings.custom_views.READ")),
    route("settings/custom_views/*", GET=(metadata.get_view, "settings.custom_views.READ")),
    route(
        "settings/tags",
        GET=(tagging.get_tags, "settings.tags.READ"),
        POST=(tagging.create_tags, "settings.tags.CREATE"),
        PUT=(tagging.update_tags, "settings.tags.UPDATE"),
    ),
    route(
        "settings/tags/actions/mass_delete",
        GET=(tagging.get_mass_delete, "settings.tags.READ"),
        POST=(tagging.mass_delete, "settings.tags.DELETE"),
    ),
    route(
        "settings/tags/*",
        PUT=(tagging.update_tags, "settings.tags.UPDATE"),
        DELETE=(tagging.delete_tag, "settings.tags.DELETE"),
    ),
    route("settings/tags/*/actions/records_count", GET=(tagging.count_records, "settings.tags.READ")),
    route("settings/tags/*/actions/merge", POST=(tagging.merge_tags, "settings.tags.UPDATE")),
    # notifications and bulk
    route(
        "actions/watch",
        GET=(watching.get_many, "notifications.READ"),
        POST=(watching.enable, "notifications.CREATE"),
        PUT=(watching.replace, "notifications.UPDATE"),
        PATCH=(watching.update, "notifications.UPDATE"),
        DELETE=(watching.disable, "notifications.DELETE"),
    ),
    route("bulk/read", POST=(bulkreading.create, "bulk.READ")),
    route("bulk/read/*", GET=(bulkreading.get, "bulk.READ")),
    route("bulk/read/*/result", GET=(bulkreading.result, "bulk.READ")),
    route("bulk/write", POST=(bulkwriting.create, "bulk.CREATE")),
    route("bulk/write/*", GET=(bulkwriting.get, "bulk.READ")),
    route("bulk/write/*/result", GET=(bulkwriting.result, "bulk.READ")),
    # notes
    route(
        "Notes",
        GET=(notes.get_many, "modules.notes.READ"),
        POST=(notes.create_many, "modules.notes.CREATE"),
        PUT=(notes.update_many, "modules.notes.UPDATE"),
        DELETE=(notes.delete_many, "modules.notes.DELETE"),
    ),
    route(
        "Notes/*",
        GET=(notes.get_one, "modules.notes.READ"),
        PUT=(notes.update_one, "modules.notes.UPDATE"),
        DELETE=(notes.delete_one, "modules.notes.DELETE"),
    ),
    route(
        "*/*/Notes",
        GET=(notes.get_many, "modules.notes.READ"),
        POST=(notes.create_many, "modules.notes.CREATE"),
        PUT=(notes.update_many, "modules.notes.UPDATE"),
        DELETE=(notes.delete_many, "modules.notes.DELETE"),
    ),
    route(
        "*/*/Notes/*",
        GET=(notes.get_one, "modules.notes.READ"),
        PUT=(notes.update_one, "modules.notes.UPDATE"),
        DELETE=(notes.delete_one, "modules.notes.DELETE"),
    ),
    # records
    route(
        "*",
        GET=(reading.get_many, READ),
        POST=(records.create_many, CREATE),
        PUT=(records.update_many, UPDATE),
        DELETE=(records.delete_many, DELETE),
    ),
    route("*/upsert", POST=(records.upsert_many, f"{CREATE}+{UPDATE}")),
    route("*/search", GET=(searching.search, f"{READ}+ZohoSearch.securesearch.READ")),
    route("*/deleted", GET=(trash.get_deleted, READ)),
    route("*/actions/count", GET=(searching.count, READ)),
    route("*/actions/add_tags", POST=(tagging.add_tags, UPDATE)),
    route("*/actions/remove_tags", POST=(tagging.remove_tags, UPDATE)),
    route(
        "*/*",
        GET=(reading.get_one, READ),
        PUT=(records.update_one, UPDATE),
        DELETE=(records.delete_one, DELETE),
    ),
    route("Leads/*/actions/convert", POST=(converting.convert, CREATE)),
    route("*/*/actions/clone", POST=(records.clone, CREATE)),
    route("*/*/actions/add_tags", POST=(tagging.add_tags, UPDATE)),
    route("*/*/actions/remove_tags", POST=(tagging.remove_tags, UPDATE)),
    route("*/*/actions/get_related_records_count", POST=(related.count, READ)),
    # what belongs to a record
    route("Attachments", GET=(attachments.get_all, "modules.attachments.READ")),
    route(
        "*/*/Attachments",
        GET=(attachments.get_many, _attached("READ")),
        POST=(attachments.upload, _attached("CREATE")),
        DELETE=(attachments.delete_many, _attached("DELETE")),
    ),
    route(
        "*/*/Attachments/*",
        GET=(attachments.download, _attached("READ")),
        DELETE=(attachments.delete_one, _attached("DELETE")),
    ),
    route("*/deleted/*/*", GET=(related.get_of_deleted, READ)),
    route(
        "*/*/*",
        GET=(related.get_many, READ),
        PUT=(related.put_many, UPDATE),
        DELETE=(related.delete_many, UPDATE),
    ),
    route(
        "*/*/*/*",
        GET=(related.get_one, READ),
        PUT=(related.put_one, UPDATE),
        DELETE=(related.delete_one, UPDATE),
    ),
)
_TABLE = Table(ROUTES)


def dispatch(visit: Visit) -> Answer:
    """Answer a visit, or refuse its path, verb, module or scope.

    Raises:
        RefusedError: with the reply.
    """
    call = visit.call
    module = visit.schema.named(call.segments[0]) if call.segments else None
    if module is not None:
        call.segments = (module.api_name, *call.segments[1:])
    found = _TABLE.find(call.segments)
    if call.segments and is_left_out(call.method, call.segments, found):
        raise unknown_url(NOT_COVERED)
    if found is None:
        raise unknown_url()
    if found.pattern[0] == "*" and call.segments[0] == "Attachments":
        raise refuse("INVALID_MODULE", UNSUPPORTED_MODULE)
    if call.method not in found.verbs:
        message = "The http request method type is not a valid one"
        raise refuse("INVALID_REQUEST_METHOD", message)
    handler, scopes = found.verbs[call.method]
    if scopes:
        require(visit, scopes)
    return handler(visit)

"""The addresses of what is done around records."""

from __future__ import annotations

from zoho_sandbox.products.crm.around import (
    blueprints,
    fulldata,
    jobs,
    mails,
    many,
    merging,
    owners,
    photo,
    roles,
    sharing,
    timeline,
)
from zoho_sandbox.products.crm.routing import READ, UPDATE, route

_ROLES_READ, _ROLES = (
    "modules.contacts.READ+modules.deals.READ",
    "modules.contacts.UPDATE+modules.deals.UPDATE",
)


def _action(action: str, verb: str) -> str:
    """Return the scopes of an action, for all modules or the one of the path."""
    return f"{action}.{verb}|{action}.{{module}}.{verb}|modules.{{module}}.{verb}"


ROUTES = (
    route(
        "Deals/*/Contact_Roles",
        GET=(roles.get_many, _ROLES_READ),
        PUT=(roles.put_many, _ROLES),
        DELETE=(roles.delete_many, _ROLES),
    ),
    route(
        "Deals/*/Contact_Roles/*",
        GET=(roles.get_one, _ROLES_READ),
        PUT=(roles.put_one, _ROLES),
        DELETE=(roles.delete_one, _ROLES),
    ),
    route("*/*/actions/change_owner", POST=(owners.change_one, _action("change_owner", "CREATE"))),
    route("*/actions/change_owner", POST=(owners.change_many, _action("change_owner", "CREATE"))),
    route(
        "*/actions/mass_change_owner",
        GET=(jobs.get, _action("mass_change_owner", "READ")),
        POST=(owners.change_view, _action("mass_change_owner", "CREATE")),
    ),
    route(
        "*/actions/mass_update",
        GET=(jobs.get, _action("mass_update", "READ")),
        POST=(many.update, _action("mass_update", "UPDATE")),
    ),
    route(
        "*/actions/mass_delete",
        GET=(jobs.get, _action("mass_delete", "READ")),
        POST=(many.delete, _action("mass_delete", "DELETE")),
    ),
    route("*/*/__timeline", GET=(timeline.get, READ)),
    route("*/*/actions/blueprint", GET=(blueprints.get, READ), PUT=(blueprints.put, UPDATE)),
    route(
        "*/*/actions/send_mail",
        POST=(mails.send, "send_mail.{module}.CREATE|send_mail.all.CREATE|modules.{module}.CREATE"),
    ),
    route("*/*/Emails", GET=(mails.get_many, f"{READ}+modules.emails.READ")),
    route("*/*/Emails/*", GET=(mails.get_one, f"{READ}+modules.emails.READ")),
    route("settings/emails/actions/from_addresses", GET=(mails.get_from_addresses, "settings.emails.READ")),
    route("*/*/actions/merge", GET=(merging.get, UPDATE), POST=(merging.merge, UPDATE)),
    route(
        "*/*/photo", GET=(photo.download, READ), POST=(photo.upload, UPDATE), DELETE=(photo.delete, UPDATE)
    ),
    route("*/actions/fetch_full_data", GET=(fulldata.get_many, READ)),
    route("*/*/actions/fetch_full_data", GET=(fulldata.get_one, READ)),
    route(
        "*/*/actions/share",
        GET=(sharing.get, _action("share", "READ")),
        POST=(sharing.share, _action("share", "CREATE")),
        PUT=(sharing.change, _action("share", "UPDATE")),
        DELETE=(sharing.revoke, _action("share", "DELETE")),
    ),
)

"""The addresses of settings, those of keyed lists among them."""

from __future__ import annotations

from zoho_sandbox.products.crm.model import people, shelves
from zoho_sandbox.products.crm.routing import Route, route
from zoho_sandbox.products.crm.settings import keyedlists, pipelines, recyclebin

_VERBS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "DELETE": "DELETE"}


def _of_list(name: str) -> list[Route]:
    spec, handlers = shelves.lists()[name], keyedlists.handlers(name)

    def routed(kind: str, path: str, verbs: str) -> Route:
        scopes = {verb: spec["scope"].format(verb=_VERBS[verb]) for verb in verbs.split()}
        return route(path, **{verb: (handlers[f"{kind} {verb}"], scope) for verb, scope in scopes.items()})

    many, one = spec["verbs"]
    return [routed("many", spec["address"], many), routed("one", f"{spec['address']}/*", one)]


_BIN = "settings.recycle_bin.{}"
ROUTES = (
    *(one for name in shelves.lists() for one in _of_list(name)),
    route("settings/profiles/*/actions/clone", POST=(keyedlists.clone_profile, "settings.profiles.CREATE")),
    route(
        "settings/territories/*/__child_territories",
        GET=(keyedlists.get_child_territories, "settings.territories.READ"),
    ),
    route("org/currencies/actions/enable", POST=(keyedlists.enable_currencies, "settings.currencies.CREATE")),
    route("users/actions/count", GET=(people.count_users, "users.READ")),
    route(
        "settings/pipeline",
        GET=(pipelines.get_many, "settings.pipeline.READ"),
        POST=(pipelines.create_many, "settings.pipeline.CREATE"),
        PUT=(pipelines.update_many, "settings.pipeline.UPDATE"),
    ),
    route(
        "settings/pipeline/*",
        GET=(pipelines.get_one, "settings.pipeline.READ"),
        PATCH=(pipelines.update_many, "settings.pipeline.UPDATE"),
        PUT=(pipelines.update_many, "settings.pipeline.UPDATE"),
    ),
    route("settings/fields/*/pick_list_values", GET=(pipelines.get_pick_list, "settings.fields.READ")),
    route(
        "settings/recycle_bin",
        GET=(recyclebin.get_many, _BIN.format("READ")),
        DELETE=(recyclebin.delete_many, _BIN.format("DELETE")),
    ),
    route(
        "settings/recycle_bin/*",
        GET=(recyclebin.get_one, _BIN.format("READ")),
        DELETE=(recyclebin.delete_one, _BIN.format("DELETE")),
    ),
    route("settings/recycle_bin/actions/count", GET=(recyclebin.count, _BIN.format("READ"))),
    route("settings/recycle_bin/actions/restore", POST=(recyclebin.restore_many, _BIN.format("UPDATE"))),
    route("settings/recycle_bin/*/actions/restore", POST=(recyclebin.restore_one, _BIN.format("UPDATE"))),
    route("settings/recycle_bin/actions/empty", POST=(recyclebin.empty, _BIN.format("DELETE"))),
)

"""The CRM part of a seed document: modules, fields, the organisation, records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer, Call, Grant, Query
from zoho_sandbox.products.crm.model import people, schema, store
from zoho_sandbox.products.crm.model.answers import ItemRefusedError, Json, RefusedError
from zoho_sandbox.products.crm.model.visit import Visit
from zoho_sandbox.products.crm.records import processes
from zoho_sandbox.products.crm.records.drafting import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.site import Site

_KNOWN = {"modules", "fields", "org", "records", "blueprints"}
# What a seed may say of a record although no client can write it.
_SYSTEM_KEYS = ("id", "Created_Time", "Modified_Time", "Locked__s", "$approval_state")


def seed(sandbox: Site, data: Mapping[str, Any]) -> None:
    """Add a seed's modules, fields and records to the state.

    ``records`` maps a module to records as a client would send them. Besides they may
    give ``id``, ``Created_By`` (a user's id), ``Created_Time``, ``Modified_Time``,
    ``Locked__s`` and ``$approval_state``.

    Raises:
        ValueError: an unknown key, field type or module, or a record that is refused.
    """
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        raise ValueError(f"crm: unknown key {unknown[0]!r}; there are {sorted(_KNOWN)}")
    schema.add(sandbox.state, data.get("modules", {}), data.get("fields", {}))
    modules = schema.schema_of(sandbox.state).modules
    for name in data.get("fields", {}):
        store.rekey(sandbox.state, modules[name])
    if "org" in data:
        sandbox.state.put("crm/org", "org", people.organisation(sandbox.state) | data["org"])
    for name, process in data.get("blueprints", {}).items():
        if name not in modules:
            raise ValueError(f"crm: no module {name!r} for a blueprint")
        processes.plant(sandbox.state, modules[name], process)
    for name, records in data.get("records", {}).items():
        if name not in modules:
            raise ValueError(f"crm: no module {name!r} for records")
        for n, record in enumerate(records):
            _plant(sandbox, name, n, dict(record))


def _plant(sandbox: Site, module_name: str, n: int, item: Json) -> None:
    visit = _visit(sandbox, module_name, item.pop("Created_By", None))
    module = visit.module(module_name)
    system = {key: item.pop(key) for key in _SYSTEM_KEYS if key in item}
    try:
        record = Writer.of(visit, module).draft(n, item, None)
    except (ItemRefusedError, RefusedError) as refused:
        raise ValueError(f"crm: records: {module_name}[{n}]: {refused}") from refused
    record.update(system)
    record["id"] = str(record.get("id") or visit.new_id())
    old = store.find(sandbox.state, module, record["id"])
    store.keep(sandbox.state, module, record, old=old)


def _serve_nothing(call: Call) -> Answer:
    raise LookupError(f"a seed makes no request to {call.path}")


def _visit(sandbox: Site, module_name: str, user_id: str | None) -> Visit:
    """Return the visit of a user who writes a seed's records."""
    state = sandbox.state
    user = people.find(state, user_id) if user_id else next(state.scan(people.KIND), None)
    if user is None:
        raise ValueError(f"crm: no user {user_id!r} to create records")
    grant = Grant(
        user_id=user["id"],
        user_name=people.full_name(user),
        user_email=user.get("email", ""),
        scopes=frozenset(),
        client_id="seed",
        organization_ids=(),
        token_id="seed",  # noqa: S106 - not a token
    )
    call = Call(
        method="POST",
        path=f"/{module_name}",
        segments=(module_name,),
        query=Query(""),
        headers={},
        body=b"",
        version="v8",
        grant=grant,
        sandbox=sandbox,
    )
    return Visit.of(call, _serve_nothing)

"""The ``books`` part of a seed document: custom fields and records, by organisation.

.. code-block:: yaml

    books:
      "10234695":
        organization: {plan_name: Professional}
        custom_fields:
          contacts:
            - {api_name: cf_external_id, label: External ID, is_unique: true}
        records:
          contacts:
            - {contact_name: Bowman and Co, contact_id: "460000000026049"}
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.jsontext import parse_json
from zoho_sandbox.products.books.records.compose import compose
from zoho_sandbox.products.books.records.organizations import KIND, open_books
from zoho_sandbox.products.books.records.records import save
from zoho_sandbox.products.books.rules.catalogue import Module, catalogue
from zoho_sandbox.products.books.rules.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.site import Site
    from zoho_sandbox.products.books.records.store import Books

_PARTS = {"organization", "custom_fields", "records"}


def seed_books(sandbox: Site, data: Mapping[str, Any]) -> None:
    """Plant organisations' custom fields and records.

    Raises:
        ValueError: an unknown organisation, part, module or field, or a refused value.
    """
    for record_id, part in data.items():
        unknown = sorted(set(part) - _PARTS)
        if unknown:
            raise ValueError(f"books has no part {unknown[0]!r}, only {sorted(_PARTS)}")
        try:
            books = open_books(sandbox, str(record_id))
        except KeyError:
            raise ValueError(f"no organisation {record_id!r}") from None
        if part.get("organization"):
            sandbox.state.put(KIND, books.id, {**books.organization, **part["organization"]})
        _plant_fields(books, part.get("custom_fields") or {})
        _plant_records(books, part.get("records") or {})


def _plant_fields(books: Books, fields: Mapping[str, Any]) -> None:
    for names, definitions in fields.items():
        for name in names.split():
            for definition in definitions:
                plant_field(books, name, definition)


def plant_field(books: Books, module: str, definition: Mapping[str, Any]) -> None:
    """Give a module a custom field; one of the same name is replaced.

    Args:
        definition: ``api_name`` and, where they differ from the defaults, ``label``,
            ``data_type``, ``is_unique``, ``values``, ``customfield_id``.

    Raises:
        ValueError: an unknown module, or a name that no custom field has.
    """
    owner, known = _module(module), books.definitions(module)
    api_name = str(definition.get("api_name", ""))
    if not api_name.startswith("cf_"):
        raise ValueError(f"{module}: a custom field's api_name starts with cf_, not {api_name!r}")
    same = next((one for one in known if one["api_name"] == api_name), None)
    record = {
        "label": api_name.removeprefix("cf_").replace("_", " ").capitalize(),
        "data_type": "string",
        "is_unique": False,
        "index": same["index"] if same else len(known) + 1,
        **definition,
        "entity": owner.key if owner.name in catalogue().modules else owner.name,
        "customfield_id": str(
            definition.get("customfield_id") or (same or {}).get("customfield_id") or books.new_id()
        ),
    }
    record_id = f"{module}/{record['customfield_id']}"
    books.state.put(books.kind("custom_fields"), record_id, record, parent=module)
    if record["is_unique"]:
        books.make_unique(owner, api_name)


def _plant_records(books: Books, records: Mapping[str, Any]) -> None:
    for name, bodies in records.items():
        module = _module(name)
        for body in bodies:
            try:
                record = _seeded(books, module, body)
                save(books, module, record)
            except RefusedError as no:
                raise ValueError(f"{name}: {no.message} (code {no.code})") from no


def _seeded(books: Books, module: Module, body: Mapping[str, Any]) -> dict[str, Any]:
    """Compose a record; a seed may also set what no request can: its id, status and times."""
    record_id = str(body[module.id]) if body.get(module.id) else None
    record = compose(books, module, _as_json(body), record_id=record_id)
    settable = {*module.initial, "created_time", "last_modified_time"} - module.fields.keys()
    record.update({key: body[key] for key in settable if key in body})
    return record


def _as_json(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body as a request would bring it: decimals exact, dates as text."""
    copied: dict[str, Any] = parse_json(json.dumps(body, default=str))
    return copied


def _module(name: str) -> Module:
    """Return a module of the catalogue, or a custom module by its API name."""
    modules = catalogue().modules
    if name.startswith("cm_"):
        return replace(modules["custom_modules"], name=name, path=f"/{name}")
    if name not in modules:
        raise ValueError(f"Books has no module {name!r}")
    return modules[name]

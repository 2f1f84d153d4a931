"""What an action gives back, as JSON Schema: a file below `schemas/`, or written where it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.language.schemas.validator import Validator, address_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.language.schemas.schema_grammar import Misuse
    from connector_runtime.language.schemas.validator import Schemas

# Where a schema lies that stands in a file of another kind: its references are relative to `schemas/`.
_HERE = address_of("output")


def output_validator(given: str | Mapping[str, Any], schemas: Schemas) -> Validator | None:
    """Return what judges an output, or None where there is no file of that name.

    Args:
        given: A JSON Schema, or a file's name as `Schemas.find` takes it.
        schemas: The component's schema files.
    """
    if isinstance(given, str):
        return schemas.find(given)

    def judge() -> Any:
        from connector_runtime.language.schemas.bounded import judge_of  # noqa: PLC0415

        return judge_of({"$ref": _HERE}, _with(given, schemas))

    return Validator(given, judge=judge)


def output_misuses(given: Mapping[str, Any], schemas: Schemas) -> list[Misuse]:
    """Return what makes a schema that stands in another file unusable."""
    from connector_runtime.language.schemas.bounded import misuses  # noqa: PLC0415

    return misuses(given, _with(given, schemas), _HERE)


def bundled(given: str | Mapping[str, Any], schemas: Schemas) -> dict[str, Any]:
    """Return a schema that needs no other file: those that it refers to stand in its `$defs`."""
    start, schema = _HERE, given
    if isinstance(given, str):
        name, _, anchor = given.partition("#")
        start, schema = address_of(name), schemas.document(name).data
        if anchor:
            start, schema = _HERE, {"$ref": f"{start}#{anchor}"}
    assert not isinstance(schema, str)  # noqa: S101  a file's name was replaced by its content
    pending, found = schemas.linked(schema, start), dict[str, Any]()
    while pending:
        address = pending.pop()
        if address not in found and address != start:
            found[address] = schemas.content(address)
            pending |= schemas.linked(found[address], address)
    own = {key: value for key, value in schema.items() if key != "$schema"}
    if not found:
        return own
    parts = {address: {"$id": address, **content} for address, content in sorted(found.items())}
    return {"$id": start, **own, "$defs": {**own.get("$defs", {}), **parts}}


def _with(given: Mapping[str, Any], schemas: Schemas) -> Any:
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415  slow to load, and no call needs it

    return schemas.registry().with_resource(_HERE, DRAFT202012.create_resource(given))

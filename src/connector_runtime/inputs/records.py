"""Where a record schema comes from that is not packaged: the account's own metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.language.templates import compile_node

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    Evaluate = Callable[[Mapping[str, Any]], Any]


class SchemaFrom(NamedTuple):
    """A data source that knows a record's fields, its inputs, and the packaged schema that stands in."""

    source: str
    inputs: Evaluate
    fallback: Evaluate | None


def compile_schema_from(definition: Mapping[str, Any] | None, names: Collection[str]) -> SchemaFrom | None:
    """Return where a record schema comes from, as `schemaFrom` says.

    Raises:
        ExpressionError: An expression in it is wrong.
    """
    if definition is None:
        return None
    return SchemaFrom(
        source=definition["source"],
        inputs=compile_node(definition.get("inputs", {}), names).render,
        fallback=compile_node(definition["fallback"], names).render if "fallback" in definition else None,
    )

"""Record schemas: where one comes from that is not packaged, and what fits to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT
from connector_runtime.inputs.fields import fitted
from connector_runtime.inputs.keyvalues import Pairs
from connector_runtime.inputs.refusals import Refusal
from connector_runtime.language.templates import compile_node

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from connector_runtime.language.schemas.validator import Schemas

    Evaluate = Callable[[Mapping[str, Any]], Any]


# More than a person mends before trying again.
MAX_VIOLATIONS = 5


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


def fitting(value: Any, reference: Any, schemas: Schemas) -> Any:
    """Return a value judged by a record schema, texts of rows with the types of its fields.

    Raises:
        Refusal: It does not fit.
    """
    validator = schemas.find(reference) if isinstance(reference, str) else None
    if validator is None:
        return value
    if isinstance(value, Pairs):
        value = fitted(value, validator)
    violations = validator.violations(value)
    if not violations:
        return value
    message = "; ".join(violation.message for violation in violations[:MAX_VIOLATIONS])
    hint = violations[0].hint
    raise Refusal(f"{message}.", f"{hint[0].upper()}{hint[1:]}." if hint else None)


def known_to_fit(value: Any, origin: SchemaFrom, scope: Mapping[str, Any], schemas: Any) -> Any:
    """Give texts of rows the types of the account's own fields; without those, judge by the fall-back."""
    live = schemas.live(origin, scope) if hasattr(schemas, "live") else None
    if live is None:
        return fitting(value, origin.fallback(scope) if origin.fallback else ABSENT, schemas)
    if not isinstance(value, Pairs):
        return value
    try:
        return fitted(value, live)
    except Refusal:
        return value  # the vendor has the last word; whoever sends it is warned

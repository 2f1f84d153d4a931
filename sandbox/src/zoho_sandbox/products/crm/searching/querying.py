"""POST /coql: the request round a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.coql import refusals
from zoho_sandbox.products.crm.coql.answering import Run
from zoho_sandbox.products.crm.coql.parser import parse
from zoho_sandbox.products.crm.model import scopes
from zoho_sandbox.products.crm.model.answers import INVALID_DATA, Json, no_content, refuse
from zoho_sandbox.products.crm.records import metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoho_sandbox.products.crm.coql.syntax import Column
    from zoho_sandbox.products.crm.model.visit import Visit

# Credits by LIMIT. source: https://www.zoho.com/crm/developer/docs/api/v8/COQL-Limitations.html
_PRICES = ((200, 1), (1000, 2), (2000, 3))


def query(visit: Visit) -> Answer:
    """Answer a COQL query."""
    body = visit.body()
    text = body.get("select_query")
    if text is None:
        details = {"api_name": "select_query"}
        raise refuse("MANDATORY_NOT_FOUND", "mandatory key not found", details)
    if not isinstance(text, str):
        details = {"api_name": "select_query", "expected_data_type": "string"}
        raise refuse("INVALID_DATA", INVALID_DATA, details)
    wants_fields = _wants_fields(visit, body)
    tree = parse(text)
    _check_columns(tree.columns)
    run = Run(visit, tree)
    scopes.require(visit, f"modules.{run.module.scope}.READ")
    rows, has_more = run.rows()
    if not rows:
        return no_content()
    answer: Json = {"data": rows}
    if wants_fields:
        plain = [(column, route) for column, route in run.columns if not column.aggregate]
        answer["fields"] = {c.key: metadata.field(visit, run.module, r.field) for c, r in plain}
    answer["info"] = {"count": len(rows), "more_records": has_more}
    cost = next(price for limit, price in _PRICES if tree.limit <= limit)
    return Answer(200, answer, cost=cost)


def _wants_fields(visit: Visit, body: Json) -> bool:
    wanted: Any = body.get("include_meta")
    if wanted is None:
        return False
    details: Json = {"api_name": "include_meta", "json_path": "$.include_meta"}
    if not isinstance(wanted, list):
        raise refuse("INVALID_DATA", INVALID_DATA, {"expected_data_type": "jsonarray", **details})
    if set(wanted) - {"fields"}:
        raise refuse("INVALID_DATA", INVALID_DATA, {**details, "supported_values": ["fields"]})
    scopes.require(visit, "settings.fields.READ")
    return bool(wanted)


def _check_columns(columns: Sequence[Column]) -> None:
    """Refuse columns and aliases that stand in each other's way."""
    seen: set[str] = set()
    aliases: dict[str, str] = {}
    for column in columns:
        if column.alias is None and column.text in seen:
            raise _repeated(column)
        seen.add(column.text)
        if column.alias is None:
            continue
        if column.alias in aliases:
            referred = [aliases[column.alias], column.path.text]
            details = {"referred_columns": referred, "alias": column.alias}
            message = "same alias cannot refer more than one column"
            raise refuse("DUPLICATE_ALIAS", message, details)
        aliases[column.alias] = column.path.text
    for column in columns:
        if column.alias is None and column.text in aliases:
            raise refusals.query(
                "column name or property name given in select columns without alias name "
                "cannot be an alias name for other select columns",
                column_name=aliases[column.text],
                alias=column.text,
            )


def _repeated(column: Column) -> Exception:
    details = {"column_name": column.path.text}
    if column.aggregate is None:
        return refuse("DUPLICATE_DATA", "duplicate select column", details)
    details["aggregate"] = column.aggregate
    return refuse("DUPLICATE_DATA", "duplicate aggregate function", details)

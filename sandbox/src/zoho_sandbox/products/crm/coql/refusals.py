"""The refusals of COQL, all HTTP 400 and flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model.answers import INVALID_DATA, RefusedError, refuse

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.coql.lexer import Token

INVALID_OPERATOR = "invalid operator found"


def syntax(message: str, **details: Any) -> RefusedError:
    """Return a SYNTAX_ERROR."""
    return refuse("SYNTAX_ERROR", message, details)


def query(message: str, **details: Any) -> RefusedError:
    """Return an INVALID_QUERY."""
    return refuse("INVALID_QUERY", message, details)


def unexpected(token: Token) -> RefusedError:
    """Refuse a token where the grammar has no place for it."""
    return syntax("unexpected token", line=token.line, column=token.column, near=token.text)


def missing_clause(name: str) -> RefusedError:
    """Refuse a query without a compulsory clause."""
    return syntax("missing clause", clause=name)


def unparsable(near: str) -> RefusedError:
    """Refuse a query that cannot be read from some point on."""
    return syntax("error occured while parsing the query", near=near)


def unsupported() -> RefusedError:
    """Refuse what the language has and this imitation has not."""
    return syntax("given coql query not supported")


def bad_operator(operator: str) -> RefusedError:
    """Refuse an operator that the language does not have."""
    return syntax("operator not supported", operator=operator)


def wrong_operator(column: str, operator: str) -> RefusedError:
    """Refuse an operator that does not go with a column's type."""
    return query("Invalid query formed", reason=INVALID_OPERATOR, column_name=column, operator=operator)


def wrong_value(column: str) -> RefusedError:
    """Refuse a value that does not go with a column's type."""
    return query("value given seems to be invalid for the column", column_name=column)


def bad_aggregate(text: str) -> RefusedError:
    """Refuse a function that is none, or not for this column."""
    details = {"reason": "unsupported aggregate function", "column": text}
    return refuse("INVALID_DATA", INVALID_DATA, details)


def too_many(what: str, limit: int) -> RefusedError:
    """Refuse a query that exceeds one of the language's numbers."""
    # choice: the code is published, its details are not.
    return refuse("LIMIT_EXCEEDED", "limit exceeded", {"limit": limit, "clause": what})

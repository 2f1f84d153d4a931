"""What was given for a connection, judged by its definition: fields, token, chosen rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.urls import UrlError
from connector_runtime.base.values import ABSENT
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.inputs.inputs import take
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.stores.token_state import Token, is_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.access.connections import Connection
    from connector_runtime.definition.model import ConnectionModel, Model


def definition_of(model: Model, given: Connection) -> ConnectionModel:
    """Return the kind of connection that was meant."""
    definition = model.connections.get(given.key)
    if definition is None:
        raise error_of(
            "config",
            f"There is no connection called `{given.key}`.",
            hint=f"Use one of: {', '.join(sorted(model.connections))}.",
        )
    return definition


def token_of(definition: ConnectionModel, given: Connection) -> Token:
    """Return the token that was given, or say that it is none."""
    for name in ("access_token", "refresh_token"):
        value = given.token.get(name)
        if definition.oauth2 is not None and value not in (None, "") and not is_token(value):
            raise error_of(
                "config",
                f"The connection's {name} is none: it is no text, too long, or holds what no header can.",
                hint="Give the token as it was stored, or connect the account again.",
            )
    return Token.from_dict(given.token)


def fields_of(definition: ConnectionModel, given: Connection, model: Model) -> dict[str, Any]:
    """Return what was entered, as it is meant."""
    try:
        return take(
            definition.inputs,
            given.fields,
            connection={},
            tables=model.tables,
            schemas=None,
            trust_paths=False,
        )
    except ConnectorError as refusal:
        problem = refusal
    raise error_of("config", problem.message, hint=problem.hint, input=problem.input)


def chosen_rows(definition: ConnectionModel, scope: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Pick rows from tables; the first entry that has a value decides, and must be in a row."""
    rows: dict[str, Any] = {}
    for name, choice in definition.choose.items():
        for column, render in choice.first:
            value = _origin_or_error(render, scope, name)
            if value is ABSENT or value is None or value == "":
                continue
            rows[name] = _row(choice.rows, scope, column, value, name)
            break
        else:
            raise error_of(
                "config",
                f"Nothing in the connection says which {name} to use.",
                hint=f"Fill in the connection `{key}` again, or connect anew.",
            )
    return rows


def _origin_or_error(render: Any, scope: Mapping[str, Any], name: str) -> Any:
    try:
        return render(scope)
    except (UrlError, EvaluationError) as refusal:
        problem = refusal
    raise error_of("config", f"The connection's {name}: {problem.message}", hint=problem.hint)


def _row(
    rows: Mapping[str, Mapping[str, Any]], scope: Mapping[str, Any], column: str, value: Any, name: str
) -> dict[str, Any]:
    known = []
    for key, row in rows.items():
        cells = {label: cell(scope) if callable(cell) else cell for label, cell in row.items()}
        if cells.get(column) == value or (column == "key" and key == value):
            return {**cells, "key": key}
        known.append(str(cells.get(column, key)))
    raise error_of(
        "config",
        f"The connection's {name} cannot be {str(value)[:100]!r}: it is not in the list.",
        hint=f"Known are: {', '.join(known)}.",
    )


def check_field_rules(definition: ConnectionModel, scope: Mapping[str, Any]) -> None:
    """Refuse fields that break a rule across them."""
    for check in definition.checks:
        try:
            broken = check.when(scope)
        except (UrlError, EvaluationError) as refusal:
            problem = error_of("config", refusal.message, hint=refusal.hint, input=check.input)
        else:
            if not broken:
                continue
            problem = error_of("config", str(check.message(scope)), input=check.input)
        raise problem


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"

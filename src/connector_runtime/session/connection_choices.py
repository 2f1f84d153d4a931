"""What the vendor's account offers for the fields of a connection, such as its organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import ConnectorError
from connector_runtime.language.templates import compile_node
from connector_runtime.language.visible_names import names_for
from connector_runtime.session.pickers import options_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.model import ConnectionModel, Model
    from connector_runtime.inputs.inputs import Input
    from connector_runtime.session.session import Session


@dataclass(frozen=True, slots=True)
class Offer:
    """Values for one field.

    Attributes:
        field: The connection's input.
        options: `{value, label}` each.
        problem: Why there are none, or None.
    """

    field: Input
    options: list[dict[str, Any]]
    problem: ConnectorError | None = None

    def has(self, value: Any) -> bool:
        """Return whether a value is one of the options."""
        return any(str(option["value"]) == str(value) for option in self.options)


def offers_of(
    model: Model, definition: ConnectionModel, fields: Mapping[str, Any], session: Session
) -> Iterator[Offer]:
    """Ask the vendor for the options of every field whose choices a data source knows.

    Args:
        model: The component.
        definition: The way to connect.
        fields: What has been filled in, by input key.
        session: The connection, with a token.
    """
    for entry in definition.inputs:
        wanted = entry.definition.get("choicesFrom", {})
        if "source" not in wanted:
            continue
        source = model.datasources[wanted["source"]]
        names = names_for("connection", ("inputs", entry.key, "choicesFrom", "inputs"))
        scope = {"inputs": fields, "connection": {}, "tables": model.tables}
        inputs = compile_node(wanted.get("inputs", {}), names).render(scope)
        try:
            found = session.run_action(source.action, inputs)
        except ConnectorError as problem:
            yield Offer(entry, [], problem)
        else:
            yield Offer(entry, options_of(source, found, source.action.scope(inputs=inputs)))

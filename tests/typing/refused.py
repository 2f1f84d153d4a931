"""What a type checker must refuse, line by line: read by one, never run.

Every comment names what is refused; a strict checker complains of one that refuses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_runtime.errors import ConnectorError, DefinitionError, StoreError, error_of

if TYPE_CHECKING:
    from connector_runtime import Component, Connection
    from connector_runtime.stores import AsyncTokenStore


def open_sessions(component: Component, connection: Connection, store: AsyncTokenStore) -> None:
    """Misspell an option, take a wrong unit, give what belongs to an event loop."""
    component.session(connection, dedline_s=3)  # type: ignore[call-arg]
    component.async_session(connection, dedline_s=3)  # type: ignore[call-arg]
    component.session(connection, deadline_s="3 s")  # type: ignore[arg-type]
    component.session(connection, token_store=store)  # type: ignore[arg-type]
    component.async_session(connection, token_store=store)
    component.session(connection, None)  # type: ignore[call-arg]


def run(component: Component, connection: Connection) -> None:
    """Misspell what a call may be given."""
    session = component.session(connection)
    session.run("crmGetRecord", {}, dedline_s=3)  # type: ignore[call-arg]
    session.poll("crmRecordChanged", {}, deadline="3 s")  # type: ignore[call-arg]
    session.subscribe("crmRecordNotifications", {}, "https://a.example", sercet="s")  # type: ignore[call-arg]


def make_errors() -> list[ConnectorError]:
    """Misspell what is told about an error."""
    return [
        error_of("input", "It is wrong.", inptu="name"),  # type: ignore[call-arg]
        error_of("input", "It is wrong.", input=1),  # type: ignore[arg-type]
        ConnectorError("It is wrong.", kind="input", statsu=404),  # type: ignore[call-arg]
        StoreError("It is gone.", hnt="Look."),  # type: ignore[call-arg]
        DefinitionError("It is wrong.", problem=()),  # type: ignore[call-arg]
        error_of("input", "It is wrong.", input="name", hint="Enter it.", status=400, done=("first",)),
    ]

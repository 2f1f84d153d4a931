"""From a filled-in form to a connection that works: logins, codes, clients, giving back.

A hosted platform sends people to `begin(…).url`, keeps what `to_dict()` gives until its own
redirect address is called, and stores what `finish` returns. The command line does the same
on this machine.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from connector_runtime.access.connections import Channel, Connection
from connector_runtime.base.redaction import Redactor
from connector_runtime.base.values import Secret, SystemClock
from connector_runtime.conversation.tokens.oauth import (
    authorization,
    read_callback,
    revoke,
    token_for_client,
    token_for_code,
)
from connector_runtime.session.drivers import SyncDriver
from connector_runtime.stores.budget import Budget
from connector_runtime.transport import SyncSender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.tokens.oauth import Authorization
    from connector_runtime.definition.model import Model

T = TypeVar("T")


class Logins:
    """Gets, exchanges and gives back the permission that a connection stands for.

    Args:
        model: The component.
        transport: `httpx`, `fast`, or any httpx transport, used as it is; default as for a session.
        proxy: As for a session.
        clock: Dates tokens; default the machine's.
    """

    def __init__(
        self, model: Model, *, transport: Any = None, proxy: str | None = None, clock: Clock | None = None
    ) -> None:
        self._model = model
        self._transport = transport
        self._proxy = None if proxy is None else Secret(proxy)
        self._clock: Clock = clock or SystemClock()

    def begin(self, connection: Mapping[str, Any], redirect_uri: str) -> Authorization:
        """Return the way to the login page; whatever token the connection had is not looked at.

        Raises:
            ConnectionProblem: The form is not filled in, or the connection has no login page.
        """
        return authorization(self._channel(connection, {}, {}), redirect_uri)

    def finish(self, connection: Mapping[str, Any], begun: Authorization, query: str) -> dict[str, Any]:
        """Return the connection with the token that the person brought from the login page.

        Parameters that the connection keeps may lead to another row of its tables, never
        to a place that stands in none: then nothing is sent.

        Args:
            connection: As it was given to `begin`.
            begun: What `begin` returned.
            query: The callback's query.

        Raises:
            ConnectorError: The answer is a stranger's or a refusal, or there is no token.
        """
        answer = read_callback(self._channel(connection, {}, {}), begun, query)
        return self._exchange(connection, answer.code, begun, answer.context)

    def with_code(self, connection: Mapping[str, Any], code: Secret) -> dict[str, Any]:
        """Return the connection with the token for a code that the vendor's console gave out."""
        return self._exchange(connection, code, None, connection.get("context") or {})

    def as_client(self, connection: Mapping[str, Any]) -> dict[str, Any]:
        """Return the connection with a token of the client itself, where the vendor offers that."""
        channel = self._channel(connection, {}, {})
        redactor = Redactor(channel.secrets())
        token = self._run(channel, token_for_client(channel, redactor=redactor, now=self._clock.now()))
        return self._connected(connection, token, {})

    def revoke(self, connection: Mapping[str, Any]) -> bool:
        """Give the connection's token back; returns whether it was still good.

        Raises:
            ConnectorError: The vendor did not take it back, or offers no way to.
        """
        channel = Channel(self._model, Connection.from_dict(connection))
        redactor = Redactor(channel.secrets())
        return self._run(channel, revoke(channel, redactor=redactor, now=self._clock.now()))

    def _exchange(
        self,
        connection: Mapping[str, Any],
        code: Secret,
        begun: Authorization | None,
        context: Mapping[str, Any],
    ) -> dict[str, Any]:
        channel = self._channel(connection, {}, context)
        verifier = [begun.verifier] if begun and begun.verifier else []
        redactor = Redactor([*channel.secrets(), code, *verifier])
        asked = token_for_code(channel, code, begun, redactor=redactor, now=self._clock.now())
        return self._connected(connection, self._run(channel, asked), context)

    def _connected(
        self, connection: Mapping[str, Any], token: Mapping[str, Any], context: Mapping[str, Any]
    ) -> dict[str, Any]:
        self._channel(connection, token, context)  # what came with the token must be in the tables, too
        return {**connection, "token": dict(token), "context": dict(context)}

    def _channel(
        self, connection: Mapping[str, Any], token: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Channel:
        given = {**connection, "token": token, "context": context}
        return Channel(self._model, Connection.from_dict(given))

    def _run(self, channel: Channel, conversation: Conversation[T]) -> T:
        """Hold a conversation with the hosts that stand in the connection's OAuth part."""
        oauth2, scope = channel.definition.oauth2, channel.scope()
        pages = [oauth2.token_url, oauth2.revoke_url] if oauth2 else []
        hosts = {_origin(str(page(scope))) for page in pages if page}
        how = {"transport": self._transport, "proxy": self._proxy}
        sender = SyncSender(hosts, loopback=channel.definition.loopback, **how)
        with closing(sender):
            return SyncDriver(sender, self._clock, Budget()).run(conversation)


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"

"""From a filled-in form to a connection that works: logins, codes, clients, giving back.

A hosted platform sends people to `begin(…).url`, keeps what `to_dict()` gives until its own
redirect address is called, and stores what `finish` returns. The command line does the same
on this machine.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from connector_runtime.access.connections import Channel, Connection
from connector_runtime.access.given_fields import origin_of
from connector_runtime.base.redaction import Redactor
from connector_runtime.base.values import Secret, SystemClock
from connector_runtime.conversation.tokens.oauth import (
    Authorization,
    authorization,
    is_answer,
    read_callback,
    revoke,
    token_for_client,
    token_for_code,
)
from connector_runtime.session.drivers import SyncDriver
from connector_runtime.stores.budget import Budget
from connector_runtime.transport.sync_transport import SyncSender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.definition.model import Model

__all__ = ["AsyncLogins", "Authorization", "Logins", "is_answer"]

T = TypeVar("T")


class _Asked(NamedTuple, Generic[T]):
    """What is asked of the vendor for a connection, and what the connection keeps beside the token."""

    connection: Mapping[str, Any]
    channel: Channel
    conversation: Conversation[T]
    context: Mapping[str, Any]


class _LoginsBase:
    """What both kinds share: everything but who sends."""

    def __init__(
        self, model: Model, *, transport: Any = None, proxy: str | None = None, clock: Clock | None = None
    ) -> None:
        self._model = model
        self._transport = transport
        self._proxy = None if proxy is None else Secret(proxy)
        self._clock: Clock = clock or SystemClock()

    def begin(self, connection: Mapping[str, Any], redirect_uri: str) -> Authorization:
        """Return the way to the login page; whatever token the connection had is not looked at.

        Args:
            connection: As platforms store it, filled in, without a token.
            redirect_uri: Registered with the vendor: https, or http on this machine.

        Raises:
            ConnectionProblem: The form is not filled in, or the connection has no login page.
        """
        return authorization(self._channel(connection, {}, {}), redirect_uri)

    def _finishing(
        self, connection: Mapping[str, Any], begun: Authorization, query: str
    ) -> _Asked[Mapping[str, Any]]:
        answer = read_callback(self._channel(connection, {}, {}), begun, query)
        return self._exchange(connection, answer.code, begun, answer.context)

    def _as_client(self, connection: Mapping[str, Any]) -> _Asked[Mapping[str, Any]]:
        channel = self._channel(connection, {}, {})
        asked = token_for_client(channel, redactor=Redactor(channel.secrets()), now=self._clock.now())
        return _Asked(connection, channel, asked, {})

    def _revoking(self, connection: Mapping[str, Any]) -> _Asked[bool]:
        channel = Channel(self._model, Connection.from_dict(connection))
        asked = revoke(channel, redactor=Redactor(channel.secrets()), now=self._clock.now())
        return _Asked(connection, channel, asked, {})

    def _exchange(
        self,
        connection: Mapping[str, Any],
        code: Secret,
        begun: Authorization | None,
        context: Mapping[str, Any],
    ) -> _Asked[Mapping[str, Any]]:
        channel = self._channel(connection, {}, context)
        verifier = [begun.verifier] if begun and begun.verifier else []
        redactor = Redactor([*channel.secrets(), code, *verifier])
        asked = token_for_code(channel, code, begun, redactor=redactor, now=self._clock.now())
        return _Asked(connection, channel, asked, context)

    def _connected(self, asked: _Asked[Mapping[str, Any]], token: Mapping[str, Any]) -> dict[str, Any]:
        connection, context = asked.connection, asked.context
        self._channel(connection, token, context)  # what came with the token must be in the tables, too
        return {**connection, "token": dict(token), "context": dict(context)}

    def _channel(
        self, connection: Mapping[str, Any], token: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Channel:
        given = {**connection, "token": token, "context": context}
        return Channel(self._model, Connection.from_dict(given))

    def _how(self, channel: Channel) -> dict[str, Any]:
        loopback = channel.definition.loopback
        return {"loopback": loopback, "transport": self._transport, "proxy": self._proxy}


class Logins(_LoginsBase):
    """Gets, exchanges and gives back the permission that a connection stands for.

    `Component.logins` makes one.

    Args:
        model: The component's `model`.
        transport: `httpx`, `fast`, or any httpx transport, used as it is; default as for a session.
        proxy: As for a session.
        clock: Dates tokens; default the machine's.
    """

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
        return self._token_of(self._finishing(connection, begun, query))

    def with_code(self, connection: Mapping[str, Any], code: Secret) -> dict[str, Any]:
        """Return the connection with the token for a code that the vendor's console gave out."""
        return self._token_of(self._exchange(connection, code, None, connection.get("context") or {}))

    def as_client(self, connection: Mapping[str, Any]) -> dict[str, Any]:
        """Return the connection with a token of the client itself, where the vendor offers that."""
        return self._token_of(self._as_client(connection))

    def revoke(self, connection: Mapping[str, Any]) -> bool:
        """Give the connection's token back; returns whether it was still good.

        Raises:
            ConnectorError: The vendor did not take it back, or offers no way to.
        """
        return self._run(self._revoking(connection))

    def _token_of(self, asked: _Asked[Mapping[str, Any]]) -> dict[str, Any]:
        return self._connected(asked, self._run(asked))

    def _run(self, asked: _Asked[T]) -> T:
        sender = SyncSender(_hosts(asked.channel), **self._how(asked.channel))
        with closing(sender):
            return SyncDriver(sender, self._clock, Budget()).run(asked.conversation)


class AsyncLogins(_LoginsBase):
    """The same for event loops; `Component.async_logins` makes one, `Logins` says what its methods do."""

    async def finish(self, connection: Mapping[str, Any], begun: Authorization, query: str) -> dict[str, Any]:
        """Return the connection with the token that the person brought, as `Logins.finish`."""
        return await self._token_of(self._finishing(connection, begun, query))

    async def with_code(self, connection: Mapping[str, Any], code: Secret) -> dict[str, Any]:
        """Return the connection with the token for a code of the vendor's console."""
        return await self._token_of(self._exchange(connection, code, None, connection.get("context") or {}))

    async def as_client(self, connection: Mapping[str, Any]) -> dict[str, Any]:
        """Return the connection with a token of the client itself, as `Logins.as_client`."""
        return await self._token_of(self._as_client(connection))

    async def revoke(self, connection: Mapping[str, Any]) -> bool:
        """Give the connection's token back, as `Logins.revoke`."""
        return await self._run(self._revoking(connection))

    async def _token_of(self, asked: _Asked[Mapping[str, Any]]) -> dict[str, Any]:
        return self._connected(asked, await self._run(asked))

    async def _run(self, asked: _Asked[T]) -> T:
        from connector_runtime.session.async_drivers import AsyncDriver  # noqa: PLC0415  threads need none
        from connector_runtime.transport.async_transport import AsyncSender  # noqa: PLC0415

        sender = AsyncSender(_hosts(asked.channel), **self._how(asked.channel))
        try:
            return await AsyncDriver(sender, self._clock, Budget()).run(asked.conversation)
        finally:
            await sender.aclose()


def _hosts(channel: Channel) -> set[str]:
    """Return the hosts that stand in the connection's OAuth part: no others are spoken to."""
    oauth2, scope = channel.definition.oauth2, channel.scope()
    pages = [oauth2.token_url, oauth2.revoke_url] if oauth2 else []
    return {origin_of(str(page(scope))) for page in pages if page}

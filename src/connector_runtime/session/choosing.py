"""Pickers of a session: the choices of an input, of an action, a trigger or the connection itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_runtime.conversation.exchange import converse
from connector_runtime.session.given_inputs import find_action
from connector_runtime.session.pickers import offered, pick, pick_for_connection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from functools import cached_property
    from typing import Any

    from connector_runtime.access.connections import Channel
    from connector_runtime.conversation.call import Call
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.session.async_drivers import AsyncDriver
    from connector_runtime.session.drivers import SyncDriver
    from connector_runtime.session.pickers import Pick


class ChoosingBase:
    """What is to be asked."""

    if TYPE_CHECKING:
        _model: Model
        _channel: Channel

        def _call_of(self, action: Action, inputs: Mapping[str, Any], **how: Any) -> Call:
            """Return the call of an action."""

        def _allowed(self, call: Call, *, is_picker: bool = False) -> Call:
            """Return a call that the platform's policy allows."""

    def _pick(self, key: str, input_key: str, given: Mapping[str, Any], search: str | None) -> Pick:
        trigger = self._model.triggers.get(key)
        owner = find_action(self._model, key) if trigger is None else trigger.asking
        return pick(owner, input_key, given, search, model=self._model)

    def _connection_pick(self, input_key: str, given: Mapping[str, Any] | None, search: str | None) -> Pick:
        known = {**self._channel.connection, **(given or {})}
        return pick_for_connection(self._channel.definition, input_key, known, search, model=self._model)

    def _picking(self, wanted: Pick) -> Call | None:
        """Return the call that asks for options; None where they stand in the file."""
        if wanted.source is None:
            return None
        return self._allowed(self._call_of(wanted.source.action, wanted.inputs), is_picker=True)


class Choosing(ChoosingBase):
    """The same for threads."""

    if TYPE_CHECKING:

        @cached_property
        def _driver(self) -> SyncDriver:
            """Return what does the work."""

    def choices(
        self,
        action: str,
        input: str,  # noqa: A002
        inputs: Mapping[str, Any] | None = None,
        *,
        search: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return what an input offers to choose from: `{value, label}` each, and `schema` where one is said.

        Args:
            action: Key of the action, or of the trigger, that the input belongs to.
            input: Key of the input.
            inputs: What has been entered so far, by input key.
            search: What the person typed; the service searches, where it can.

        Raises:
            InputError: There is no such input, or it offers nothing to choose from.
            ConnectorError: The service did not tell.
        """
        return self._chosen_from(self._pick(action, input, inputs or {}, search))

    def connection_choices(
        self,
        input: str,  # noqa: A002
        inputs: Mapping[str, Any] | None = None,
        *,
        search: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return what the account offers for an input of the connection itself, such as its organisations.

        Args:
            input: Key of the connection's input.
            inputs: What has been entered since the session was opened, by input key.
            search: As for `choices`.

        Raises:
            InputError: There is no such input, or it offers nothing to choose from.
            ConnectorError: The service did not tell.
        """
        return self._chosen_from(self._connection_pick(input, inputs, search))

    def _chosen_from(self, wanted: Pick) -> list[dict[str, Any]]:
        call = self._picking(wanted)
        return wanted.options if call is None else offered(wanted, self._driver.run(converse(call)))


class AsyncChoosing(ChoosingBase):
    """The same for event loops."""

    if TYPE_CHECKING:

        @cached_property
        def _driver(self) -> AsyncDriver:
            """Return what does the work."""

    async def choices(
        self,
        action: str,
        input: str,  # noqa: A002
        inputs: Mapping[str, Any] | None = None,
        *,
        search: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return what an input offers to choose from, as `Session.choices`."""
        return await self._chosen_from(self._pick(action, input, inputs or {}, search))

    async def connection_choices(
        self,
        input: str,  # noqa: A002
        inputs: Mapping[str, Any] | None = None,
        *,
        search: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return what the account offers for an input of the connection, as `Session.connection_choices`."""
        return await self._chosen_from(self._connection_pick(input, inputs, search))

    async def _chosen_from(self, wanted: Pick) -> list[dict[str, Any]]:
        call = self._picking(wanted)
        return wanted.options if call is None else offered(wanted, await self._driver.run(converse(call)))

"""The facade: load a component, describe it, plan a request, open a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from connector_runtime.access.connections import Channel, Connection
from connector_runtime.component.opening import Opening, opened
from connector_runtime.component.validation import asked_of, problems_of
from connector_runtime.definition.compiled import read_compiled
from connector_runtime.definition.component_files import locate, overlay
from connector_runtime.definition.model import Model
from connector_runtime.errors import ConnectorError, DefinitionError, InputError
from connector_runtime.inputs.problems import InputProblem
from connector_runtime.session.given_inputs import find_action, take_inputs, warnings_of
from connector_runtime.session.session import Options, Session
from connector_runtime.session.subscriptions import find_trigger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector_runtime.definition.model import Action, ConnectionModel
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.session.dry_run import Plan
    from connector_runtime.triggers.webhooks.receiving import Received
    from connector_runtime.triggers.webhooks.subscription import Subscription


class Component(Opening):
    """A component ready to run; holds no tenant's data and may be shared by all threads."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @classmethod
    def load(cls, component: str | Path | Sequence[str | Path], *overlays: str | Path) -> Component:
        """Load an installed component by name, or a folder with `component.yaml`.

        Args:
            component: Its name or folder; or a list of it and its overlays.
            overlays: Folders that add or replace actions, inputs and connections.

        Raises:
            DefinitionError: With every problem of every file.
        """
        if not isinstance(component, str | Path):
            if not component:
                raise DefinitionError("no folder of a component was named")
            component, *listed = component
            overlays = (*listed, *overlays)
        folders = [locate(component), *(overlay(folder) for folder in overlays)]
        source = read_compiled(folders[0]) if len(folders) == 1 else None
        if source is None:
            from connector_runtime.definition.load import (  # noqa: PLC0415  an installed one needs no parser
                read_component,
            )

            source = read_component(folders)
        return cls(Model(source))

    @property
    def key(self) -> str:
        """Return the component's key."""
        return self.model.key

    @property
    def actions(self) -> Mapping[str, Action]:
        """Return the actions by key."""
        return self.model.actions

    @property
    def triggers(self) -> Mapping[str, Trigger]:
        """Return the triggers by key."""
        return self.model.triggers

    @property
    def connections(self) -> Mapping[str, ConnectionModel]:
        """Return the ways to connect by key."""
        return self.model.connections

    def describe(self) -> dict[str, Any]:
        """Return the JSON-ready catalogue: all a platform needs to draw its own forms."""
        from connector_runtime.component.describe import (  # noqa: PLC0415  not needed to run an action
            describe,
        )

        return describe(self.model)

    def request(
        self,
        action: str,
        inputs: Mapping[str, Any],
        connection: Connection | Mapping[str, Any],
        *,
        trust_paths: bool = False,
        state: Mapping[str, Any] | str | None = None,
    ) -> Plan:
        """Return the exact request an action would send first; nothing is sent.

        Args:
            action: Its key; or that of a trigger, whose next poll would begin with the request.
            inputs: Values by input key.
            connection: As for a session.
            trust_paths: Whether `{path: …}` in inputs may name a file of this machine.
            state: Of a trigger, as `Session.poll` takes it.

        Raises:
            ConnectorError: As the action would, before sending.
        """
        if action in self.model.triggers:
            return self._poll_request(action, inputs, connection, state)
        from connector_runtime.session.dry_run import (  # noqa: PLC0415  not needed to run an action
            make_plan,
        )

        channel = opened(Channel, self.model, connection)
        del connection  # no frame of an error is to hold it
        if isinstance(channel, ConnectorError):
            raise channel
        found = find_action(self.model, action)
        values = take_inputs(self.model, found, inputs, channel, trust_paths=trust_paths)
        plan = make_plan(self.model, found, values, channel)
        outdated = warnings_of(found, inputs, values, channel)
        return replace(plan, warnings=(*outdated, *plan.warnings)) if outdated else plan

    def validate(
        self,
        action: str,
        inputs: Mapping[str, Any],
        connection: Connection | Mapping[str, Any] | None = None,
        *,
        trust_paths: bool = False,
    ) -> list[InputProblem]:
        """Return everything that is wrong with what was entered; nothing is sent.

        Args:
            action: Key of an action or a trigger.
            inputs: Values by input key.
            connection: As for a session. Without one nothing is said of what depends on it: defaults
                that it gives, conditions that read it, and what only the request itself shows.
            trust_paths: Whether `{path: …}` in inputs may name a file of this machine.

        Returns:
            One `InputProblem` (`input`, `message`, `hint`) for each; an empty list where all is well.

        Raises:
            InputError: There is no such action or trigger.
            ConnectionProblem: The connection itself is not filled in, or is not one for this action.
        """
        trigger = self.model.triggers.get(action)
        found = find_action(self.model, action) if trigger is None else trigger.asking
        if connection is None:
            return problems_of(self.model, found, inputs, None, trust_paths=trust_paths)
        channel = opened(Channel, self.model, connection)
        if isinstance(channel, ConnectorError):
            del connection  # no frame of an error is to hold it
            raise channel
        problems = problems_of(self.model, found, inputs, channel, trust_paths=trust_paths)
        if problems or (trigger is not None and trigger.poll is None):
            return problems
        try:
            self.request(action, inputs, connection, trust_paths=trust_paths)
        except InputError as problem:
            return InputProblem.all_of(problem)
        return []

    def asked(
        self,
        action: str,
        inputs: Mapping[str, Any],
        connection: Connection | Mapping[str, Any] | None = None,
    ) -> dict[str, dict[str, bool | None]]:
        """Return which inputs a form shows, and which must be given, once some are entered.

        It judges `showIf` and `requiredIf` as a call does, those too that `describe` says no data for.

        Args:
            action: Key of an action or a trigger.
            inputs: What has been entered so far, by input key; what is wrong counts as not given.
            connection: As for a session; without it a condition that reads the connection has no answer.

        Returns:
            By input key `{"shown": …, "required": …}`, each true, false, or None where it has no answer.

        Raises:
            InputError: There is no such action or trigger, or an input is given by two of its names.
            ConnectionProblem: The connection itself is not filled in.
        """
        trigger = self.model.triggers.get(action)
        found = find_action(self.model, action) if trigger is None else trigger.asking
        channel = None if connection is None else opened(Channel, self.model, connection)
        del connection  # no frame of an error is to hold it
        if isinstance(channel, ConnectorError):
            raise channel
        known = None if channel is None else channel.connection
        asked = asked_of(found.inputs, inputs, known, self.model.tables)
        return {key: one._asdict() for key, one in asked.items()}

    def scopes(
        self,
        uses: Iterable[str] | Mapping[str, Mapping[str, Any]] | None = None,
        connection: str | None = None,
    ) -> list[str]:
        """Return the smallest list of scopes that some actions and triggers need.

        Args:
            uses: Their keys, or by key what is known of their inputs; default all that there are.
            connection: Key of the way to connect; default the first.

        Raises:
            InputError: There is no such action, trigger or way to connect.
        """
        from connector_runtime.component.health import coverage_of  # noqa: PLC0415  for reading only

        known = dict(uses) if isinstance(uses, Mapping) else {key: {} for key in uses or self._keys()}
        users = [(self.triggers.get(key) or find_action(self.model, key), known[key]) for key in known]
        way = next(iter(self.connections)) if connection is None else connection
        if way not in self.connections:
            hint = f"Use one of: {', '.join(self.connections)}."
            raise InputError(f"There is no connection called `{way[:200]}`.", kind="input", hint=hint)
        needed = (scope for user, inputs in users for scope in user.scopes_over(inputs))
        return coverage_of(self.model, way).smallest(needed)

    def _keys(self) -> list[str]:
        return [*self.actions, *self.triggers]

    def _poll_request(
        self,
        trigger: str,
        inputs: Mapping[str, Any],
        connection: Connection | Mapping[str, Any],
        state: Mapping[str, Any] | str | None,
    ) -> Plan:
        session = opened(Session, self.model, connection, Options())
        del connection  # no frame of an error is to hold it
        if isinstance(session, ConnectorError):
            raise session
        with session:
            return session.plan_poll(trigger, inputs, state)

    def receive(
        self,
        trigger: str,
        subscription: Subscription | Mapping[str, Any],
        *,
        headers: Any,
        query: Any = "",
        body: bytes = b"",
        numbers: Literal["float", "exact"] = "float",
    ) -> Received:
        """Prove a push and return what to answer and its events; nothing is sent, and nothing waits.

        Args:
            trigger: The trigger's key.
            subscription: As `session.subscribe` returned it, or kept.
            headers: A map or pairs; names in any case, several of one name each for itself.
            query: As it stood in the address, a map, or pairs.
            body: The raw bytes, before anything has parsed them.
            numbers: What a fraction in JSON becomes, as for a session.

        Returns:
            `reply` for the service, to be sent once the events are safe; `events`, as a poll gives
            them; `problem` where the push was refused. A push may come twice: `Seen` drops what
            was told before.

        Raises:
            InputError: There is no such trigger, or the body is not given as bytes.
            ConnectionProblem: The subscription is another trigger's, or cannot be read.
        """
        from connector_runtime.triggers.webhooks.receiving import (  # noqa: PLC0415  most are never pushed
            Pushed,
            receive,
        )

        found = find_trigger(self.model, trigger)
        return receive(found, subscription, Pushed(headers, query, body, numbers), self.model.tables)

"""The facade: load a component, describe it, plan a request, open a session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from connector_runtime.access.connections import Channel, Connection
from connector_runtime.base.values import Secret
from connector_runtime.definition.compiled import read_compiled
from connector_runtime.definition.component_files import locate, overlay
from connector_runtime.definition.model import Model
from connector_runtime.errors import ConnectorError, DefinitionError
from connector_runtime.session.given_inputs import find_action, take_inputs, warnings_of
from connector_runtime.session.session import Options, Session
from connector_runtime.session.subscriptions import find_trigger

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence

    from connector_runtime.base.values import Clock, Random
    from connector_runtime.conversation.call import Event
    from connector_runtime.conversation.dry_run import Plan
    from connector_runtime.definition.model import Action, ConnectionModel
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.session.async_session import AsyncSession
    from connector_runtime.stores.ports import AsyncTokenStore, RequestBudget, TokenStore
    from connector_runtime.triggers.webhooks.receiving import Received
    from connector_runtime.triggers.webhooks.subscription import Subscription

T = TypeVar("T")


class Component:
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
        from connector_runtime.conversation.dry_run import (  # noqa: PLC0415  not needed to run an action
            make_plan,
        )

        channel = _opened(Channel, self.model, connection)
        del connection  # no frame of an error is to hold it
        if isinstance(channel, ConnectorError):
            raise channel
        found = find_action(self.model, action)
        values = take_inputs(self.model, found, inputs, channel, trust_paths=trust_paths)
        plan = make_plan(self.model, found, values, channel)
        outdated = warnings_of(found, inputs, values, channel)
        return replace(plan, warnings=(*outdated, *plan.warnings)) if outdated else plan

    def _poll_request(
        self,
        trigger: str,
        inputs: Mapping[str, Any],
        connection: Connection | Mapping[str, Any],
        state: Mapping[str, Any] | str | None,
    ) -> Plan:
        session = _opened(Session, self.model, connection, Options())
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

    def session(  # noqa: PLR0913  all of them are said by name
        self,
        connection: Connection | Mapping[str, Any],
        *,
        transport: Any = None,
        proxy: str | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        budget: RequestBudget | None = None,
        token_store: TokenStore | None = None,
        allow: Mapping[str, Any] | None = None,
        logger: logging.Logger | None = None,
        on_event: Callable[[Event], None] | None = None,
        deadline_s: float | None = None,
        metadata: bool = False,
        numbers: Literal["float", "exact"] = "float",
        trust_paths: bool = False,
    ) -> Session:
        """Open a connection for threads.

        Args:
            connection: As platforms store it, or read by `Connection.from_dict`.
            transport: `httpx`, `fast` (the default where the extra `speed` is installed and no proxy is
                wanted), or any httpx transport, used as it is: docs/reference/transports.md.
            proxy: `http://host:port` or `socks5://host:port`, with `name:password@` where it wants them;
                default what the environment says (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`; not for
                connections to this machine), an empty text for none at all.
            clock: Time; a test's own clock makes waits cost nothing.
            random: Source of jitter.
            budget: Shared between sessions, or between processes (`connector_runtime.stores`), to
                keep to one budget together; the connection's `name` says who belongs together.
            token_store: Where tokens are kept for all sessions and processes of a connection.
            allow: What may be done, as `Component.policy` says it; default everything.
            logger: Where Debug Request writes; default the logger `connector_runtime`.
            on_event: Called once an attempt and once an action with an `Event`.
            deadline_s: Bound of a whole call in seconds; None for 300 s, and more where a step of
                the action waits for the service.
            metadata: Whether the fields of the account's own records are asked for where an action
                wants them (`schemaFrom`): one read for each record type, kept for a quarter of an
                hour. Without it the packaged schemas judge.
            numbers: What a fraction in JSON becomes: with `float` a float of the very same value,
                and a `decimal.Decimal` where there is none; with `exact` always a `Decimal`, with
                all digits.
            trust_paths: Whether `{path: …}` in inputs may name a file of this machine; a platform
                that passes on what people enter leaves it off.

        Raises:
            ConnectionProblem: The connection is not filled in, or what was given does not fit.
        """
        options = Options(
            transport=transport, proxy=_sealed(proxy), clock=clock, random=random, budget=budget,
            token_store=token_store, allow=allow, logger=logger, on_event=on_event, deadline_s=deadline_s,
            metadata=metadata, numbers=numbers, trust_paths=trust_paths,
        )  # fmt: skip
        session = _opened(Session, self.model, connection, options)
        del connection, proxy  # no frame of an error is to hold them
        if isinstance(session, ConnectorError):
            raise session
        return session

    def async_session(  # noqa: PLR0913  all of them are said by name
        self,
        connection: Connection | Mapping[str, Any],
        *,
        transport: Any = None,
        proxy: str | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        budget: RequestBudget | None = None,
        token_store: TokenStore | AsyncTokenStore | None = None,
        allow: Mapping[str, Any] | None = None,
        logger: logging.Logger | None = None,
        on_event: Callable[[Event], None] | None = None,
        deadline_s: float | None = None,
        metadata: bool = False,
        numbers: Literal["float", "exact"] = "float",
        trust_paths: bool = False,
    ) -> AsyncSession:
        """Open a connection for one event loop; `session` says what may be given.

        Its `token_store` may also be one for event loops (`AsyncTokenStore`).
        """
        from connector_runtime.session.async_session import (  # noqa: PLC0415  threads need no event loop
            AsyncSession,
        )

        options = Options(
            transport=transport, proxy=_sealed(proxy), clock=clock, random=random, budget=budget,
            token_store=token_store, allow=allow, logger=logger, on_event=on_event, deadline_s=deadline_s,
            metadata=metadata, numbers=numbers, trust_paths=trust_paths,
        )  # fmt: skip
        session = _opened(AsyncSession, self.model, connection, options)
        del connection, proxy  # no frame of an error is to hold them
        if isinstance(session, ConnectorError):
            raise session
        return session


def _sealed(proxy: str | None) -> Secret | None:
    """Return a proxy's address, which may hold a password, so that nothing shows it."""
    return None if proxy is None else Secret(proxy)


def _opened(
    make: Callable[..., T], model: Model, given: Connection | Mapping[str, Any], *more: Any
) -> T | ConnectorError:
    """Return what is made of a connection, or the error without the frames in which it lies open."""
    try:
        connection = given if isinstance(given, Connection) else Connection.from_dict(given)
        return make(model, connection, *more)
    except ConnectorError as problem:
        return problem.with_traceback(None)

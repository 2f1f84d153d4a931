"""What is done with a connection: sessions, logins, policies, a look at its health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from connector_runtime.access.connections import Connection
from connector_runtime.base.values import Secret
from connector_runtime.errors import ConnectorError
from connector_runtime.session.session import Options, Session

if TYPE_CHECKING:
    import logging
    from collections.abc import Awaitable, Callable, Mapping

    from connector_runtime.access.policy import Policy
    from connector_runtime.base.values import Clock, Random
    from connector_runtime.component.health import Finding
    from connector_runtime.conversation.telemetry import Event
    from connector_runtime.definition.model import Model
    from connector_runtime.logins import AsyncLogins, Logins
    from connector_runtime.session.async_session import AsyncSession
    from connector_runtime.stores.ports import AsyncTokenStore, RequestBudget, TokenStore

T = TypeVar("T")


class Opening:
    """What a component can do with a connection."""

    if TYPE_CHECKING:
        model: Model

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
        on_token: Callable[[dict[str, Any]], None] | None = None,
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
            proxy: `http://host:port` or `socks5://host:port`, `name:password@` before the host; default
                what the environment says (`HTTPS_PROXY` …; never to this machine), empty for none.
            clock: Time; a session with one of its own counts requests alone, unless given a `budget`.
            random: Source of jitter.
            budget: Who counts requests; default one for the process, in which all sessions of one
                connection (by `name`, else fields and grant) keep to its limits; see `stores`.
            token_store: Where tokens are kept for all sessions and processes of a connection.
            allow: What may be done, as `Component.policy` says it; default everything.
            logger: Where Debug Request writes (level `INFO`); default the logger `connector_runtime`.
            on_event: Called with each `Event`: starts, attempts, waits, renewals, progress, ends.
            on_token: Called with each token that is issued, shaped as `Session.token`, secrets in
                clear, before the call that renewed it goes on. What it raises fails no call: the
                token is handed over again with the next call, and on closing. Never twice at once.
            deadline_s: Bound of a whole call in seconds; None for 300 s, and more where a step of
                the action waits for the service.
            metadata: Whether to ask for the fields of the account's own records (`schemaFrom`): one
                read a record type, kept for a quarter of an hour; else packaged schemas judge.
            numbers: What a fraction in JSON becomes: `float`, where one has the very same value, and
                else a `decimal.Decimal`; with `exact` always that.
            trust_paths: Whether `{path: …}` in inputs may name a file of this machine; a platform
                that passes on what people enter leaves it off.

        Raises:
            ConnectionProblem: The connection is not filled in, or what was given does not fit.
        """
        options = Options(
            transport=transport, proxy=_sealed(proxy), clock=clock, random=random, budget=budget,
            token_store=token_store, allow=allow, logger=logger, on_event=on_event, on_token=on_token,
            deadline_s=deadline_s, metadata=metadata, numbers=numbers, trust_paths=trust_paths,
        )  # fmt: skip
        session = opened(Session, self.model, connection, options)
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
        on_token: Callable[[dict[str, Any]], Awaitable[None] | None] | None = None,
        deadline_s: float | None = None,
        metadata: bool = False,
        numbers: Literal["float", "exact"] = "float",
        trust_paths: bool = False,
    ) -> AsyncSession:
        """Open a connection for one event loop; `session` says what may be given.

        Its `token_store` may also be one for event loops (`AsyncTokenStore`), and its `on_token` a
        coroutine function.
        """
        from connector_runtime.session.async_session import (  # noqa: PLC0415  threads need no event loop
            AsyncSession,
        )

        options = Options(
            transport=transport, proxy=_sealed(proxy), clock=clock, random=random, budget=budget,
            token_store=token_store, allow=allow, logger=logger, on_event=on_event, on_token=on_token,
            deadline_s=deadline_s, metadata=metadata, numbers=numbers, trust_paths=trust_paths,
        )  # fmt: skip
        session = opened(AsyncSession, self.model, connection, options)
        del connection, proxy  # no frame of an error is to hold them
        if isinstance(session, ConnectorError):
            raise session
        return session

    def logins(
        self, *, transport: Any = None, proxy: str | None = None, clock: Clock | None = None
    ) -> Logins:
        """Return what gets, exchanges and gives back the permission that a connection stands for.

        Args:
            transport: As for a session.
            proxy: As for a session.
            clock: Dates tokens; default the machine's.
        """
        from connector_runtime.logins import Logins  # noqa: PLC0415  not needed to run an action

        return Logins(self.model, transport=transport, proxy=proxy, clock=clock)

    def async_logins(
        self, *, transport: Any = None, proxy: str | None = None, clock: Clock | None = None
    ) -> AsyncLogins:
        """Return the same for event loops; arguments as for `logins`."""
        from connector_runtime.logins import AsyncLogins  # noqa: PLC0415  not needed to run an action

        return AsyncLogins(self.model, transport=transport, proxy=proxy, clock=clock)

    def policy(self, allow: Mapping[str, Any]) -> Policy:
        """Read what a tenant may do, as a session takes it for `allow`.

        Args:
            allow: Any of `effects` (`read`, `create`, `update`, `upsert`, `delete`, `raw`), `actions`
                (keys, of triggers, too), `inputs` (a map of inputs and the values that they may
                have), the plural of an input's key, and `rawPaths` (`[METHOD ][service:]/path`).
                Every rule that is given must allow a call.

        Raises:
            ConnectionProblem: A rule that is none: it would protect nothing.
        """
        from connector_runtime.access.policy import Policy  # noqa: PLC0415  most tenants may do everything

        return Policy(self.model, allow)

    def summary(self, connection: Mapping[str, Any]) -> dict[str, Any]:
        """Return what may be shown of a connection: nothing secret, and what its fields lead to.

        Args:
            connection: As platforms store it.

        Returns:
            `{name, key, fields, chosen, scopes}`; instead of the last two `problem`, where it is
            not filled in.
        """
        from connector_runtime.component.health import shown_of  # noqa: PLC0415  not needed to run an action

        return shown_of(self.model, connection)

    def health(  # noqa: PLR0913  all of them are said by name
        self,
        connection: Mapping[str, Any],
        uses: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        transport: Any = None,
        proxy: str | None = None,
        clock: Clock | None = None,
        token_store: TokenStore | None = None,
        on_token: Callable[[dict[str, Any]], None] | None = None,
        deadline_s: float | None = None,
    ) -> list[Finding]:
        """Look a connection over: filled in, place, token, login, scopes, choices, clock.

        It asks the vendor, and blocks; `async_health` is for event loops. A token that had to be
        renewed is in the `token_store`, is handed to `on_token`, and is nowhere else.

        Args:
            connection: As platforms store it.
            uses: What is known of the inputs of each action and trigger in use, by its key; default
                all of them, for whatever they may be given.
            transport: As for a session.
            proxy: As for a session.
            clock: The clock that is compared with the vendor's.
            token_store: Where the token is kept.
            on_token: As for a session.
            deadline_s: Bound of each question in seconds.
        """
        from connector_runtime.component.health import examine  # noqa: PLC0415  not needed to run an action

        options = Options(
            transport=transport, proxy=_sealed(proxy), clock=clock, token_store=token_store,
            on_token=on_token, deadline_s=deadline_s,
        )  # fmt: skip
        return examine(self.model, connection, uses, options)

    async def async_health(  # noqa: PLR0913  all of them are said by name
        self,
        connection: Mapping[str, Any],
        uses: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        transport: Any = None,
        proxy: str | None = None,
        clock: Clock | None = None,
        token_store: TokenStore | AsyncTokenStore | None = None,
        on_token: Callable[[dict[str, Any]], Awaitable[None] | None] | None = None,
        deadline_s: float | None = None,
    ) -> list[Finding]:
        """Look a connection over on an event loop; arguments as for `health`.

        Its `token_store` may also be one for event loops (`AsyncTokenStore`), and its `on_token` a
        coroutine function.
        """
        from connector_runtime.component.health import (  # noqa: PLC0415  not needed to run an action
            examine_async,
        )

        options = Options(
            transport=transport, proxy=_sealed(proxy), clock=clock, token_store=token_store,
            on_token=on_token, deadline_s=deadline_s,
        )  # fmt: skip
        return await examine_async(self.model, connection, uses, options)


def _sealed(proxy: str | None) -> Secret | None:
    """Return a proxy's address, which may hold a password, so that nothing shows it."""
    return None if proxy is None else Secret(proxy)


def opened(
    make: Callable[..., T], model: Model, given: Connection | Mapping[str, Any], *more: Any
) -> T | ConnectorError:
    """Return what is made of a connection, or the error without the frames in which it lies open."""
    try:
        connection = given if isinstance(given, Connection) else Connection.from_dict(given)
        return make(model, connection, *more)
    except ConnectorError as problem:
        return problem.with_traceback(None)

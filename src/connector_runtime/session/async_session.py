"""A session for one event loop; see `session`."""

from __future__ import annotations

import functools
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from connector_runtime.conversation.exchange import converse
from connector_runtime.conversation.unexpected_errors import tell_what_is_undecided
from connector_runtime.session.account_fields import learn_async, own_deadline
from connector_runtime.session.async_drivers import AsyncDriver
from connector_runtime.session.choosing import AsyncChoosing
from connector_runtime.session.session import SessionBase
from connector_runtime.session.subscriptions import AsyncSubscribing
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.offload import offload_if_possible
from connector_runtime.triggers.poll import ENOUGH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from connector_runtime.access.connections import Connection
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.replies.results import Page, Result
    from connector_runtime.definition.account_schemas import Wanted
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.session.session import Options
    from connector_runtime.triggers.poll import Poll


class AsyncSession(AsyncSubscribing, AsyncChoosing, SessionBase, AbstractAsyncContextManager["AsyncSession"]):
    """A session for one event loop."""

    def __init__(
        self, model: Model, connection: Connection, options: Options, *, sender: AsyncSender | None = None
    ) -> None:
        super().__init__(model, connection, options)
        self._sender = sender or AsyncSender(
            self._hosts,
            loopback=self._channel.definition.loopback, transport=options.transport, proxy=options.proxy,
        )  # fmt: skip

    @functools.cached_property
    def _driver(self) -> AsyncDriver:
        """What does the work; most sessions of a platform wait for theirs."""
        options = self._options
        return AsyncDriver(self._sender, self._clock, self._budget, options.token_store, options.on_token)

    async def run(
        self,
        action: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        deadline_s: float | None = None,
        save_to: str | Path | None = None,
        resume: Mapping[str, str] | None = None,
    ) -> Result:
        """Do an action, as `Session.run`."""
        wanted = self._wanted_fields(action, inputs or {})
        deadline = own_deadline(deadline_s, self._options.deadline_s, self._clock)
        missed = await learn_async(self._fields, wanted, deadline, self._ask_fields, self._model)
        how = {"deadline_s": deadline_s, "deadline": deadline, "save_to": save_to, "resume": resume}
        called = functools.partial(self._call, action, inputs or {}, **how)
        # Where paths are trusted, checking the inputs looks at files.
        call = await offload_if_possible(called) if self._options.trust_paths else called()
        call.warnings += missed
        return await self._run(call)

    async def _ask_fields(self, wanted: Wanted, limit_s: float) -> Result:
        return await self._driver.run(converse(self._asking_fields(wanted, limit_s)))

    async def fields(
        self,
        action: str,
        input: str,  # noqa: A002
        inputs: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON Schema of the record that an input holds, as `Session.fields`."""
        form = self._form(action, input, inputs or {})
        await learn_async(self._fields, form.unknown, None, self._ask_fields, self._model)
        return form.schema()

    async def run_action(self, action: Action, inputs: Mapping[str, Any]) -> Result:
        """Do an action that need not stand in the catalogue, as `Session.run_action`."""
        return await self._run(self._allowed(self._call_of(action, inputs)))

    async def _run(self, call: Call) -> Result:
        try:
            return await self._driver.run(converse(call))
        except BaseException as stop:
            tell_what_is_undecided(call, stop)
            raise

    def pages(
        self, action: str, inputs: Mapping[str, Any] | None = None, *, deadline_s: float | None = None
    ) -> AsyncIterator[Page]:
        """Read a listing page by page to its end, as `Session.pages`."""
        call = self._call(action, inputs or {}, deadline_s=deadline_s, stream=True)
        return self._driver.pages(converse(call), self._check_process)

    async def poll(
        self,
        trigger: str,
        inputs: Mapping[str, Any] | None = None,
        state: Mapping[str, Any] | str | None = None,
        *,
        deadline_s: float | None = None,
        enough: int = ENOUGH,
    ) -> Poll:
        """Ask what has changed since the last poll, as `Session.poll`."""
        polling = self._polling(trigger, inputs or {}, state, deadline_s=deadline_s, enough=enough)
        return await self._driver.run(polling)

    async def check(self) -> Result:
        """Ask the vendor whether the connection works, as `Session.check`."""
        return await self._driver.run(converse(self._call_of(self._probe(), {})))

    async def aclose(self) -> None:
        """Close every connection of the session; a renewal that is under way is kept first.

        In a forked process nothing is closed: event loops of both would watch the same sockets, and
        closing one here would make the parent deaf on it.
        """
        if not self._is_own_process():
            return
        try:
            await self._driver.aclose()
            if self._channel.unstored is not None or self._channel.is_unhanded:
                await self._driver.run(self._stored_late())
        finally:
            await self._sender.aclose()

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()

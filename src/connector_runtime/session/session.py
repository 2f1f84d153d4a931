"""One connection in use: its own pool, token and budget; `run` does an action."""

from __future__ import annotations

import functools
import inspect
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from connector_runtime.access.connections import Channel
from connector_runtime.access.policy import Policy
from connector_runtime.base.values import Deadline, SystemClock, system_random
from connector_runtime.conversation.call import DEFAULT_DEADLINE_S, Call
from connector_runtime.conversation.exchange import converse
from connector_runtime.conversation.sequence.repeated_step import extra_time_s
from connector_runtime.conversation.sequence.resume import prepare
from connector_runtime.conversation.telemetry import Listener
from connector_runtime.conversation.tokens import ensuring as tokens
from connector_runtime.conversation.unexpected_errors import tell_what_is_undecided
from connector_runtime.definition.account_schemas import Fields
from connector_runtime.errors import ConnectorError, StoreError, error_of
from connector_runtime.session import given_inputs
from connector_runtime.session.account_fields import (
    Form,
    learn,
    note_fields,
    origins_of,
    own_deadline,
    unknown_to,
)
from connector_runtime.session.choosing import Choosing
from connector_runtime.session.drivers import SyncDriver
from connector_runtime.session.given_inputs import check_pages, find_action, take_inputs, warnings_of
from connector_runtime.session.polling import Polling
from connector_runtime.session.store_calls import is_awaited
from connector_runtime.session.subscriptions import Subscribing, Subscriptions
from connector_runtime.stores.budget import Budget, process_budget
from connector_runtime.transport.sync_transport import SyncSender
from connector_runtime.triggers.poll import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector_runtime.access.connections import Connection
    from connector_runtime.base.values import Clock, Random, Secret
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.replies.results import Page, Result
    from connector_runtime.conversation.telemetry import Event
    from connector_runtime.definition.account_schemas import Wanted
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.stores.ports import AsyncTokenStore, RequestBudget, TokenStore
    from connector_runtime.triggers.poll import Poll


class Options(NamedTuple):
    """What a session was given; `Component.session` says what each is, and has a keyword for it."""

    transport: Any = None
    proxy: Secret | None = None
    clock: Clock | None = None
    random: Random | None = None
    budget: RequestBudget | None = None
    token_store: TokenStore | AsyncTokenStore | None = None
    allow: Mapping[str, Any] | None = None
    logger: Any = None
    on_event: Callable[[Event], None] | None = None
    on_token: Callable[[dict[str, Any]], Any] | None = None
    deadline_s: float | None = None
    trust_paths: bool = False
    metadata: bool = False
    numbers: Literal["float", "exact"] = "float"


class SessionBase(Polling):
    """What both kinds of session share."""

    def __init__(self, model: Model, connection: Connection, options: Options) -> None:
        self._model = model
        self._options = options
        self._clock: Clock = options.clock or SystemClock()
        self._random = options.random or system_random()
        self._numbers = given_inputs.numbers_of(options.numbers)
        self._channel = Channel(model, connection)
        self._fields = Fields(model.schemas, self._clock)
        # With a clock of its own a session counts alone: its instants mean nothing to others.
        self._budget: RequestBudget = options.budget or (Budget() if options.clock else process_budget)
        self._policy = Policy(model, options.allow) if options.allow is not None else None
        self._process = os.getpid()
        if options.token_store is not None:
            self._channel.use_store()
        self._channel.hands_tokens = options.on_token is not None
        self._listener = Listener(options.on_event, options.logger)
        self._hosts = frozenset(filter(None, (*self._channel.hosts, self._channel.token_host)))

    @property
    def token(self) -> dict[str, Any]:
        """Return the current token in the platform's shape, to be kept; secrets in clear."""
        return self._channel.token.to_dict()

    def _call(self, key: str, inputs: Mapping[str, Any], **how: Any) -> Call:
        return check_pages(self._allowed(self._call_of(find_action(self._model, key), inputs, **how)))

    def _allowed(self, call: Call, *, is_picker: bool = False) -> Call:
        """Return a call that the platform's policy allows; the probe is asked by the platform itself."""
        if is_picker:
            call.numbers = "float"  # what is offered, and what forms are judged by, is JSON
        if self._policy is not None:
            self._policy.judge(call.action, call.scope(), is_picker=is_picker)
        return call

    def _call_of(
        self,
        action: Action,
        inputs: Mapping[str, Any],
        *,
        deadline_s: float | None = None,
        save_to: str | Path | None = None,
        resume: Mapping[str, str] | None = None,
        **how: Any,
    ) -> Call:
        """Return a call; `how` may have a `deadline` that another one gives it, and `stream` for pages."""
        self._check_process()
        own_s = self._options.deadline_s if deadline_s is None else deadline_s
        limit_s = DEFAULT_DEADLINE_S if own_s is None else own_s
        trust_paths = self._options.trust_paths
        values = take_inputs(
            self._model, action, inputs, self._channel, trust_paths=trust_paths, schemas=self._fields
        )
        call = Call(
            action=action,
            inputs=values,
            warnings=warnings_of(action, inputs, values, self._channel),
            channel=self._channel,
            model=self._model,
            clock=self._clock,
            random=self._random,
            deadline=how.get("deadline") or Deadline.after(limit_s, self._clock),
            limit_s=limit_s,
            redactor=self._channel.redactor,
            listener=self._listener,
            read_action=self._reading,
            save_to=Path(save_to) if save_to is not None else None,
            stream=how.get("stream", False),
            fields=self._fields if self._options.metadata else None,
            numbers=self._numbers,
        )
        note_fields(call)
        if action.program.is_sequence or resume is not None:
            prepare(call, resume)
            # A limit of somebody's own is not ours to lengthen.
            if how.get("deadline") is None and own_s is None:
                call.extend(extra_time_s(call))
        return call

    def _form(self, key: str, input_key: str, inputs: Mapping[str, Any]) -> Form:
        action = find_action(self._model, key)
        return Form(self._fields, self._model, action, input_key, inputs, connection=self._channel.connection)

    def _wanted_fields(self, key: str, inputs: Mapping[str, Any]) -> list[Wanted]:
        """Return the record types whose fields have to be asked for before an action is done."""
        action = self._model.action(key) if self._options.metadata else None
        if action is None or not any(origins_of(action)):
            return []
        try:
            values = take_inputs(self._model, action, inputs, self._channel, trust_paths=False, judges=False)
        except ConnectorError:
            return []  # the call itself will say so
        scope = action.scope(inputs=values, connection=self._channel.connection)
        return unknown_to(self._fields, action, scope)

    def _asking_fields(self, wanted: Wanted, limit_s: float) -> Call:
        source = self._model.datasources[wanted.source]
        call = self._call_of(source.action, wanted.inputs, deadline_s=limit_s)
        return self._allowed(call, is_picker=True)

    def _subscriptions(self, deadline_s: float | None = None) -> Subscriptions:
        def call_of(action: Action, inputs: Mapping[str, Any], beside: Mapping[str, Any]) -> Call:
            call = self._call_of(action, inputs, deadline_s=deadline_s)
            call.names = beside
            return self._allowed(call)

        def take_for(trigger: Trigger, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
            return take_inputs(self._model, trigger.asking, inputs, self._channel, trust_paths=False)

        return Subscriptions(self._model, self._channel, self._clock, self._random, take_for, call_of)

    def _is_own_process(self) -> bool:
        return os.getpid() == self._process

    def _check_process(self) -> None:
        """Refuse to work in a forked process: its parent has the same connections."""
        if not self._is_own_process():
            raise error_of(
                "config",
                "The session was opened before the process was forked.",
                hint="Open one session in each process.",
            )

    def _reading(self, key: str, inputs: Mapping[str, Any], deadline: Deadline) -> Call:
        """Return the call of another action within the time of one that is under way."""
        return self._call(key, inputs, deadline=deadline)

    def _stored_late(self) -> Conversation[None]:
        """Store a token that could not be stored when it was renewed; tell the log if that fails."""
        try:
            yield from tokens.store_late(self._channel, self._clock, self._random)
        except StoreError as problem:
            text = "a renewed token is in this session only: %s"
            self._listener.note(text, problem.message, level="warning")

    def _probe(self) -> Action:
        probe = self._channel.definition.probe
        if probe is None:
            raise error_of("unsupported", "This kind of connection has no way to be checked.")
        return probe


class Session(Subscribing, Choosing, SessionBase, AbstractContextManager["Session"]):
    """A session for threads; safe to share between them."""

    def __init__(
        self, model: Model, connection: Connection, options: Options, *, sender: SyncSender | None = None
    ) -> None:
        super().__init__(model, connection, options)
        if is_awaited(options.token_store):
            raise error_of(
                "config", "A session for threads cannot use a token store for event loops.",
                hint="Give one whose methods block, or open an async session.",
            )  # fmt: skip
        if inspect.iscoroutinefunction(options.on_token):
            raise error_of(
                "config", "A session for threads cannot await on_token.",
                hint="Give a function that returns once the token is kept, or open an async session.",
            )  # fmt: skip
        self._sender = sender or SyncSender(
            self._hosts,
            loopback=self._channel.definition.loopback, transport=options.transport, proxy=options.proxy,
        )  # fmt: skip

    @functools.cached_property
    def _driver(self) -> SyncDriver:
        """What does the work; most sessions of a platform wait for theirs."""
        store: Any = self._options.token_store
        return SyncDriver(self._sender, self._clock, self._budget, store, self._options.on_token)

    def run(
        self,
        action: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        deadline_s: float | None = None,
        save_to: str | Path | None = None,
        resume: Mapping[str, str] | None = None,
    ) -> Result:
        """Do an action.

        Args:
            action: Its key.
            inputs: Values by input key.
            deadline_s: Bound of the whole call in seconds; default 300, and more where a step of the
                action waits for the service.
            save_to: File for the reply's content, written whole or not at all, and only with
                what was judged to be good. Folder and name are proved before anything is sent.
                An older file keeps its mode; a link by that name is replaced, not followed.
            resume: What an error of the same action with the same inputs and connection carries:
                goes on behind what was done then. A record that may have been made is looked up
                where the action can do that, and never sent again. Keep it where nobody changes
                it: of a connection without secrets it is not proof against that.

        Raises:
            ConnectorError: Of the class that says who must act.
        """
        wanted = self._wanted_fields(action, inputs or {})
        deadline = own_deadline(deadline_s, self._options.deadline_s, self._clock)
        missed = learn(self._fields, wanted, deadline, self._ask_fields, self._model)
        how = {"deadline_s": deadline_s, "deadline": deadline, "save_to": save_to, "resume": resume}
        call = self._call(action, inputs or {}, **how)
        call.warnings += missed
        return self._run(call)

    def _ask_fields(self, wanted: Wanted, limit_s: float) -> Result:
        return self._driver.run(converse(self._asking_fields(wanted, limit_s)))

    def fields(
        self, action: str, input: str, inputs: Mapping[str, Any] | None = None  # noqa: A002
    ) -> dict[str, Any]:
        """Return the JSON Schema of the record that an input holds, for a form.

        Where the component takes it from the account's metadata, that is asked, or what is known
        for less than a quarter of an hour; the packaged schema stands in without an answer.

        Args:
            action: Its key.
            input: Key of the input, of the type `keyvalue`, `object` or `list`.
            inputs: What has been entered so far, by input key.

        Raises:
            InputError: There is no such action or input, or nothing is known of its fields.
        """
        form = self._form(action, input, inputs or {})
        learn(self._fields, form.unknown, None, self._ask_fields, self._model)
        return form.schema()

    def run_action(self, action: Action, inputs: Mapping[str, Any]) -> Result:
        """Do an action that need not stand in the catalogue."""
        return self._run(self._allowed(self._call_of(action, inputs)))

    def _run(self, call: Call) -> Result:
        try:
            return self._driver.run(converse(call))
        except BaseException as stop:
            tell_what_is_undecided(call, stop)
            raise

    def pages(
        self, action: str, inputs: Mapping[str, Any] | None = None, *, deadline_s: float | None = None
    ) -> Iterator[Page]:
        """Read a listing page by page to its end; `deadline_s` bounds each page. Others are refused."""
        call = self._call(action, inputs or {}, deadline_s=deadline_s, stream=True)
        return self._driver.pages(converse(call), self._check_process)

    def poll(
        self,
        trigger: str,
        inputs: Mapping[str, Any] | None = None,
        state: Mapping[str, Any] | str | None = None,
        *,
        deadline_s: float | None = None,
        enough: int = ENOUGH,
    ) -> Poll:
        """Ask what has changed since the last poll.

        Args:
            trigger: Its key.
            inputs: Values by input key.
            state: The `state` of the last poll; for the first one `from now` (or None), `from the
                beginning`, or the moment up to which all is known (`2026-06-01T12:00:00Z`).
                Keep the new one after the events are handed on: whoever stops in between gets
                them again, and loses none.
            deadline_s: Bound of the whole poll in seconds; what was read by then is given.
            enough: A source that has told so many events goes on with the next poll.

        Raises:
            InputError: The state is none, or belongs to another trigger, other inputs or another
                connection; names `state`.
            ConnectorError: Nothing was read, and the state that was given holds on.
        """
        polling = self._polling(trigger, inputs or {}, state, deadline_s=deadline_s, enough=enough)
        return self._driver.run(polling)

    def check(self) -> Result:
        """Ask the vendor whether the connection works.

        Raises:
            ConnectionProblem: It does not, or the component has no way to ask.
        """
        return self._driver.run(converse(self._call_of(self._probe(), {})))

    def close(self) -> None:
        """Close every connection of the session; a token that is not stored yet is stored first."""
        try:
            if self._channel.unstored is not None or self._channel.is_unhanded:
                self._driver.run(self._stored_late())
        finally:
            if "_driver" in self.__dict__:
                self._driver.close()
            self._sender.close()

    def __exit__(self, *_exc: object) -> None:
        self.close()

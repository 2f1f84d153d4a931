"""What both kinds of session do to poll: up to the conversation, and the request it begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector_runtime.base.values import Deadline
from connector_runtime.conversation.call import DEFAULT_DEADLINE_S
from connector_runtime.session.account_fields import own_deadline
from connector_runtime.session.subscriptions import find_trigger
from connector_runtime.triggers.poll import first_asked, poll_changes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from connector_runtime.access.connections import Channel
    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.session.dry_run import Plan
    from connector_runtime.session.session import Options
    from connector_runtime.triggers.changes import Ask
    from connector_runtime.triggers.poll import Poll


class Polling:
    """What a session can do about triggers that are polled."""

    if TYPE_CHECKING:
        _model: Model
        _channel: Channel
        _clock: Clock
        _options: Options

        def _call_of(self, action: Action, inputs: Mapping[str, Any], **how: Any) -> Call:
            """Return the call of an action."""

        def _allowed(self, call: Call) -> Call:
            """Return a call that the platform's policy allows."""

    def plan_poll(
        self, trigger: str, inputs: Mapping[str, Any], state: Mapping[str, Any] | str | None = None
    ) -> Plan:
        """Return the request that a poll would begin with; nothing is sent.

        Args:
            trigger: Its key.
            inputs: Values by input key.
            state: As `poll` takes it.

        Raises:
            ConnectorError: As the poll would, before sending.
        """
        from connector_runtime.session.dry_run import make_plan  # noqa: PLC0415  not needed to poll

        ask = self._asking_changes(inputs, None)
        call = first_asked(find_trigger(self._model, trigger), state, ask, self._clock)
        plan = make_plan(self._model, call.action, call.inputs, self._channel, call.names)
        return replace(plan, warnings=(*call.warnings, *plan.warnings))

    def _polling(
        self, key: str, inputs: Mapping[str, Any], state: Any, *, deadline_s: float | None, enough: int
    ) -> Conversation[Poll]:
        """Return the conversation of a poll; all its pages have one deadline."""
        ask = self._asking_changes(inputs, deadline_s)
        return poll_changes(find_trigger(self._model, key), state, ask, self._clock, enough=enough)

    def _asking_changes(self, inputs: Mapping[str, Any], deadline_s: float | None) -> Ask:
        own = own_deadline(deadline_s, self._options.deadline_s, self._clock)
        deadline = own or Deadline.after(DEFAULT_DEADLINE_S, self._clock)

        def ask(action: Action, names: Mapping[str, Any]) -> Call:
            call = self._allowed(self._call_of(action, inputs, deadline=deadline))
            call.names = names
            return call

        return ask

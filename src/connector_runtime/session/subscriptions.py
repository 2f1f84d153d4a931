"""What both kinds of session do about subscriptions: up to the request, and from the reply on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from connector_runtime.conversation.replies.results import Result
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.inputs.refusals import did_you_mean
from connector_runtime.stores.token_state import as_secret
from connector_runtime.triggers.webhooks.subscribing import Begun, agreed, begin, begin_again, is_gone
from connector_runtime.triggers.webhooks.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from connector_runtime.access.connections import Channel
    from connector_runtime.base.values import Clock, Random, Secret
    from connector_runtime.conversation.call import Call
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.triggers.poll import Poll

    KnownSubscription = Subscription | Mapping[str, Any]
    CallOf = Callable[[Action, Mapping[str, Any], Mapping[str, Any]], Call]
    Take = Callable[[Trigger, Mapping[str, Any]], Mapping[str, Any]]

_NAMELESS = "The service never said by which id it knows the subscription: it may push still. End it there."
_BY_HAND = "Nobody was asked: of this service a person has to end a subscription."


class SubscriptionCall(NamedTuple):
    """A subscription on its way: the call that asks the service, or None where a person does it."""

    begun: Begun
    call: Call | None


class Missed(NamedTuple):
    """What `session.poll` is asked for: the polled trigger, its inputs, and from when on."""

    trigger: str
    inputs: Mapping[str, Any]
    state: Any


def find_trigger(model: Model, key: str) -> Trigger:
    """Return a trigger by its key.

    Raises:
        InputError: There is none.
    """
    found = model.triggers.get(key) if isinstance(key, str) else None
    if found is None:
        wanted = key[:200] if isinstance(key, str) else type(key).__name__
        hint = did_you_mean(wanted, model.triggers)
        raise error_of("input", f"There is no trigger called `{wanted}`.", hint=hint)
    return found


@dataclass(frozen=True, slots=True, repr=False)
class Subscriptions:
    """The subscriptions of one session.

    Attributes:
        call_of: Gives the call of an action from its inputs and what it sees beside.
        take: Checks the inputs of a trigger.
    """

    model: Model
    channel: Channel
    clock: Clock
    random: Random
    take: Take
    call_of: CallOf

    def subscribe(
        self, key: str, inputs: Mapping[str, Any], url: str, secret: Secret | str | None
    ) -> SubscriptionCall:
        """Return a new subscription and what asks for it."""
        trigger = find_trigger(self.model, key)
        begun = begin(
            trigger,
            self.take(trigger, inputs),
            url,
            secret=secret,
            now=self.clock.now(),
            random=self.random,
            is_loopback=self.channel.definition.loopback,
        )
        return self._asking(begun, begun.program.subscribe)

    def renew(self, kept: KnownSubscription) -> SubscriptionCall:
        """Return a subscription that is to last longer and what asks for it."""
        begun = self._again(kept)
        if begun.program.renew is None and begun.program.lasts_s is not None:
            raise error_of(
                "unsupported",
                f"A subscription of `{begun.subscription.trigger}` cannot be renewed.",
                hint="Subscribe again before it ends, then end this one.",
            )
        return self._asking(begun, begun.program.renew)

    def unsubscribe(self, kept: KnownSubscription) -> SubscriptionCall:
        """Return a subscription that is to end and what asks for it."""
        begun = self._again(kept)
        return self._asking(begun, begun.program.unsubscribe)

    def agreed(self, asking: SubscriptionCall, result: Result | None) -> Subscription:
        """Return the subscription that the service, or a person, has agreed to."""
        found = agreed(asking.begun, result, now=self.clock.now())
        self.channel.redactor.add(found.secret)
        return found

    def missed(self, kept: KnownSubscription) -> Missed:
        """Return what to ask for what pushes have missed.

        Raises:
            ConnectionProblem: The trigger has no catch-up, or nobody knows from when on.
        """
        subscription = Subscription.from_dict(kept)
        program = self._again(subscription).program
        if program.catch_up is None:
            message = f"The trigger `{subscription.trigger}` has no catch-up."
            hint = "Read the records anew where something may be missing."
            raise error_of("unsupported", message, hint=hint)
        if subscription.state is None:
            message = f"Nobody knows from when on pushes of `{subscription.trigger}` may be missing."
            hint = "Give it the moment, or the state of the last catch-up: `subscription.caught_up(state)`."
            raise error_of("config", message, hint=hint)
        taken = {item.key for item in find_trigger(self.model, program.catch_up).inputs}
        inputs = {key: value for key, value in subscription.inputs.items() if key in taken}
        return Missed(program.catch_up, inputs, subscription.state)

    def ended(self, asking: SubscriptionCall, result: Result | ConnectorError | None) -> Result:
        """Return what became of ending a subscription: one that is gone already is ended."""
        if isinstance(result, ConnectorError):
            subscription = asking.begun.subscription
            if result.kind == "not_found" and not subscription.is_id_known:
                result.hint = _NAMELESS
            if not is_gone(result, subscription):
                raise result
            return Result(None, result.status, attempts=result.attempts, warnings=("It was gone already.",))
        return result if result is not None else Result(None, warnings=(_BY_HAND,))

    def _again(self, kept: KnownSubscription) -> Begun:
        subscription = Subscription.from_dict(kept)
        return begin_again(find_trigger(self.model, subscription.trigger), subscription, now=self.clock.now())

    def _asking(self, begun: Begun, action: Action | None) -> SubscriptionCall:
        subscription = begun.subscription
        if action is None:
            return SubscriptionCall(begun, None)
        # A vendor may repeat it in a refusal.
        self.channel.redactor.add(subscription.secret)
        seen = {"subscription": subscription.seen(secret=True)}
        return SubscriptionCall(begun, self.call_of(action, subscription.inputs, seen))


def undecided(asking: SubscriptionCall, problem: ConnectorError) -> ConnectorError:
    """Return an error that says by what to look for a subscription that may have been made."""
    if problem.kind == "outcome_unknown" and problem.identity is None:
        problem.identity = asking.begun.subscription.id
    return problem


class Subscribing:
    """What a session for threads can do about pushed triggers."""

    if TYPE_CHECKING:

        def _run(self, call: Call) -> Result:
            """Do a call."""

        def _subscriptions(self, deadline_s: float | None = None) -> Subscriptions:
            """Return what knows the session's subscriptions."""

        def poll(self, trigger: str, inputs: Any, state: Any, *, deadline_s: float | None) -> Poll:
            """Ask what has changed."""

    def subscribe(
        self,
        trigger: str,
        inputs: Mapping[str, Any] | None = None,
        url: str = "",
        *,
        secret: Secret | str | None = None,
        deadline_s: float | None = None,
    ) -> Subscription:
        """Have the service push a trigger's changes to an address.

        Args:
            trigger: Its key.
            inputs: Values by input key.
            url: Where to: the https address of your server, which hands what comes to
                `Component.receive`.
            secret: What pushes are proven by; a fresh one where you give none. Give one that was
                kept before where a lost answer must not leave pushes that nobody can prove.
            deadline_s: Bound of the whole call in seconds.

        Returns:
            What to keep. Where a person has to set it up at the service, nothing was sent, and
            its `secret` is what the person enters there.

        Raises:
            OutcomeUnknown: The service may push, or not; `identity` says what to look for.
            ConnectorError: Of the class that says who must act.
        """
        # No frame of an error is to hold it.
        secret = None if secret is None else as_secret(secret)
        asks = self._subscriptions(deadline_s)
        asking = asks.subscribe(trigger, inputs or {}, url, secret)
        try:
            return asks.agreed(asking, None if asking.call is None else self._run(asking.call))
        except ConnectorError as problem:
            raise undecided(asking, problem)  # noqa: B904  it is the same

    def renew(
        self, subscription: Subscription | Mapping[str, Any], *, deadline_s: float | None = None
    ) -> Subscription:
        """Have a subscription last longer; to do so twice does no harm.

        Args:
            subscription: As it was returned, or kept; keep what comes back instead.
            deadline_s: Bound of the whole call in seconds.

        Raises:
            CallFailed: Of kind `not_found`: it has ended. Subscribe again, give the new one the state of
                this one, `new.caught_up(subscription.state)`, and catch up.
            ConnectorError: Of the class that says who must act.
        """
        asks = self._subscriptions(deadline_s)
        asking = asks.renew(subscription)
        return asks.agreed(asking, None if asking.call is None else self._run(asking.call))

    def catch_up(
        self, subscription: Subscription | Mapping[str, Any], *, deadline_s: float | None = None
    ) -> Poll:
        """Ask what has changed since the subscription began, or was caught up with last.

        Run it now and then, and after your server was down: it tells what pushes have missed, and
        again some of what they have told; `Seen` drops that.

        Args:
            subscription: Keep it with the new state, `subscription.caught_up(poll.state)`, once
                the events are handed on.
            deadline_s: Bound of the whole poll in seconds.

        Raises:
            ConnectorError: As `poll`; of kind `unsupported` where the trigger has no catch-up.
        """
        missed = self._subscriptions().missed(subscription)
        return self.poll(*missed, deadline_s=deadline_s)

    def unsubscribe(
        self, subscription: Subscription | Mapping[str, Any], *, deadline_s: float | None = None
    ) -> Result:
        """End a subscription; one that is gone already is ended, and a warning says so.

        Raises:
            ConnectorError: Of the class that says who must act.
        """
        asks = self._subscriptions(deadline_s)
        asking = asks.unsubscribe(subscription)
        try:
            return asks.ended(asking, None if asking.call is None else self._run(asking.call))
        except ConnectorError as problem:
            return asks.ended(asking, problem)


class AsyncSubscribing:
    """The same for event loops."""

    if TYPE_CHECKING:

        async def _run(self, call: Call) -> Result:
            """Do a call."""

        def _subscriptions(self, deadline_s: float | None = None) -> Subscriptions:
            """Return what knows the session's subscriptions."""

        async def poll(self, trigger: str, inputs: Any, state: Any, *, deadline_s: float | None) -> Poll:
            """Ask what has changed."""

    async def subscribe(
        self,
        trigger: str,
        inputs: Mapping[str, Any] | None = None,
        url: str = "",
        *,
        secret: Secret | str | None = None,
        deadline_s: float | None = None,
    ) -> Subscription:
        """Have the service push a trigger's changes to an address, as `Session.subscribe`."""
        # No frame of an error is to hold it.
        secret = None if secret is None else as_secret(secret)
        asks = self._subscriptions(deadline_s)
        asking = asks.subscribe(trigger, inputs or {}, url, secret)
        try:
            return asks.agreed(asking, None if asking.call is None else await self._run(asking.call))
        except ConnectorError as problem:
            raise undecided(asking, problem)  # noqa: B904  it is the same

    async def renew(
        self, subscription: Subscription | Mapping[str, Any], *, deadline_s: float | None = None
    ) -> Subscription:
        """Have a subscription last longer, as `Session.renew`."""
        asks = self._subscriptions(deadline_s)
        asking = asks.renew(subscription)
        return asks.agreed(asking, None if asking.call is None else await self._run(asking.call))

    async def catch_up(
        self, subscription: Subscription | Mapping[str, Any], *, deadline_s: float | None = None
    ) -> Poll:
        """Ask what pushes may have missed, as `Session.catch_up`."""
        missed = self._subscriptions().missed(subscription)
        return await self.poll(*missed, deadline_s=deadline_s)

    async def unsubscribe(
        self, subscription: Subscription | Mapping[str, Any], *, deadline_s: float | None = None
    ) -> Result:
        """End a subscription, as `Session.unsubscribe`."""
        asks = self._subscriptions(deadline_s)
        asking = asks.unsubscribe(subscription)
        try:
            return asks.ended(asking, None if asking.call is None else await self._run(asking.call))
        except ConnectorError as problem:
            return asks.ended(asking, problem)

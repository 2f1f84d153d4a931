"""A trigger compiled: what asks for changes, and how they are read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.program.reply import compile_paging
from connector_runtime.definition.program.webhook import compile_webhook
from connector_runtime.language.durations import seconds_of
from connector_runtime.language.lets import Lets
from connector_runtime.language.templates import compile_node
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.definition.model import Action
    from connector_runtime.definition.program.common import Evaluate
    from connector_runtime.definition.program.reply import PagingProgram
    from connector_runtime.definition.program.webhook import WebhookProgram
    from connector_runtime.inputs.inputs import Input

    Reading = Callable[[str, Mapping[str, Any]], Action]

# What the requests of a trigger share with its file.
_SHARED = ("group", "connection", "scopes", "let", "inputs", "errors", "retry", "replies", "examples")


class PollSource(NamedTuple):
    """Where a trigger is told one kind of change.

    Attributes:
        action: The reading action that asks for one page.
        form: How `since.at` is written: `instant`, `date`, `seconds` or `milliseconds`.
        paging: How a source with page numbers only goes on; None where it goes on from a change.
        memory_s: How long the vendor tells of a change, in seconds, or None for ever.
    """

    key: str
    action: Action
    when: Evaluate | None
    form: str
    items: Evaluate
    more: Evaluate | None
    paging: PagingProgram | None
    identity: Evaluate
    made: Evaluate
    change: Evaluate
    output: Evaluate | None
    memory_s: float | None


class PollProgram(NamedTuple):
    """How changes are asked for; `overlap_s` is in seconds."""

    overlap_s: float
    sources: tuple[PollSource, ...]


class Trigger:
    """One trigger of a component, as its file describes it.

    Attributes:
        key, label, description, documentation: For people.
        definition: The file's content.
        lets: Its named values, and those of the component.
    """

    def __init__(
        self, definition: Mapping[str, Any], reading: Reading, shared: Mapping[str, Any] | None = None
    ) -> None:
        self.definition = definition
        self.key: str = definition["trigger"]
        self.label: str = definition["label"]
        self.description: str = definition.get("description", "")
        self.documentation: str | None = definition.get("documentation")
        self.connections: tuple[str, ...] = tuple(definition.get("connection", ()))
        self._reading = reading
        self.lets = Lets(shared or {}, definition.get("let", {}))

    def __repr__(self) -> str:
        return f"Trigger({self.key!r})"

    def action_for(self, parts: Mapping[str, Any]) -> Action:
        """Return the action that sends one of the trigger's requests.

        Args:
            parts: What is said of it: `request`, `reply` and the like, and `effect` where it
                does not only read; inputs, scopes and errors are the trigger's own.
        """
        shared = {key: self.definition[key] for key in _SHARED if key in self.definition}
        return self._reading(self.key, {**shared, **parts})

    @cached_property
    def asking(self) -> Action:
        """Return an action that knows the inputs: every request of the trigger takes the same."""
        return self.action_for({})

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Return the inputs, in the order of the form."""
        return self.asking.inputs

    @property
    def input_schema(self) -> dict[str, Any]:
        """Return a plain JSON Schema of what a form or an agent may send."""
        return self.asking.input_schema

    @property
    def examples(self) -> Mapping[str, Any]:
        """Return the named examples."""
        return self.asking.examples

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return every permission the trigger can need, over all choices of its inputs."""
        return self.scopes_over({})

    def scopes_over(self, known: Mapping[str, Any]) -> tuple[str, ...]:
        """Return every permission it can need where some inputs are known, as `Action.scopes_over`."""
        # They are the trigger's own, the same for each of its requests, and stand there also
        # where it sends none because a person sets it up.
        return self.action_for({"request": {"service": "", "path": "/"}}).scopes_over(known)

    @cached_property
    def webhook(self) -> WebhookProgram | None:
        """Return how changes are pushed, compiled, or None for a trigger that is not pushed."""
        webhook = self.definition.get("webhook")
        return compile_webhook(webhook, self.action_for, self.lets) if webhook is not None else None

    @cached_property
    def poll(self) -> PollProgram | None:
        """Return how changes are asked for, compiled, or None for a trigger that is not polled."""
        poll = self.definition.get("poll")
        if poll is None:
            return None
        sources = (self._source(key, source) for key, source in poll["sources"].items())
        return PollProgram(seconds_of(poll["overlap"]) or 0.0, tuple(sources))

    def _source(self, key: str, source: Mapping[str, Any]) -> PollSource:
        def part(name: str) -> Evaluate | None:
            names = names_for("trigger", ("poll", "sources", key, name))
            return compile_node(source[name], names).render if name in source else None

        def needed(name: str) -> Evaluate:
            found = part(name)
            assert found is not None, name  # noqa: S101  the schema demands it
            return found

        paging = compile_paging(source.get("paginate"))
        parts = {name: source[name] for name in ("request", "reply", "errors") if name in source}
        # What else reads the reply stands here: whether its text is decoded is decided by it.
        parts["poll"] = {name: source[name] for name in source.keys() - parts.keys()}
        return PollSource(
            key=key,
            action=self.action_for(parts),
            when=part("when"),
            form=source.get("since", {}).get("as", "instant"),
            items=paging.items if paging else needed("items"),
            more=part("while"),
            paging=paging,
            identity=needed("identity"),
            made=needed("made"),
            change=needed("change"),
            output=part("output"),
            memory_s=seconds_of(source["memory"]) if "memory" in source else None,
        )

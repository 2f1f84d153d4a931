"""An action compiled: every expression a closure, made once, on first use.

Nothing here checks the author's work: `check` has done that, with file and line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.program.common import maybe, node, value
from connector_runtime.definition.program.sequence import compile_chunks, compile_steps
from connector_runtime.definition.program.unit import compile_unit
from connector_runtime.language.lets import Lets
from connector_runtime.language.paths import inputs_in
from connector_runtime.language.templates import compile_node
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.program.common import Evaluate
    from connector_runtime.definition.program.sequence import ActionStep, Chunks
    from connector_runtime.definition.program.unit import Unit


class Check(NamedTuple):
    """A rule across inputs: where `when` holds, the call is refused."""

    when: Evaluate
    message: Evaluate
    input: str | None


class Program(NamedTuple):
    """Everything the conversation of one action needs.

    `unit` is its request, or that of its first step; `output` is what steps together give back.
    """

    checks: tuple[Check, ...]
    unit: Unit
    steps: tuple[ActionStep, ...]
    chunks: Chunks | None
    output: Evaluate | None
    scopes: tuple[Evaluate, ...]
    scope_inputs: frozenset[str]
    debug: Evaluate | None
    lets: Lets

    @property
    def is_sequence(self) -> bool:
        """Return whether the action has several requests."""
        return bool(self.steps) or self.chunks is not None


def compile_program(definition: Mapping[str, Any], component: Mapping[str, Any]) -> Program:
    """Compile one action of a checked component.

    Args:
        definition: The action file's content.
        component: The content of `component.yaml`, for defaults, policies and error tables.
    """
    defaults = component.get("defaults", {})
    scopes = [compile_node(text, names_for("action", ("scopes",))) for text in definition.get("scopes", ())]
    lets = Lets(component.get("let", {}), definition.get("let", {}))
    steps = compile_steps(definition, component, lets)
    return Program(
        checks=tuple(_check(item) for item in definition.get("checks", ())),
        # Whoever asks for "the request" of a sequence, such as a dry run, means the one it begins with.
        unit=steps[0].unit if steps else compile_unit(definition, component, lets),
        steps=steps,
        chunks=compile_chunks(definition.get("chunks")),
        output=maybe(definition.get("reply", {}), "output", ("reply", "output")) if steps else None,
        scopes=tuple(scope.render for scope in scopes),
        # Only these can change which scopes are needed; all combinations of all inputs would be too many.
        scope_inputs=frozenset(key for scope in scopes for key in inputs_in(lets.expanded(scope.references))),
        debug=node(defaults.get("debug"), "component", ("defaults", "debug")),
        lets=lets,
    )


def _check(check: Mapping[str, Any]) -> Check:
    return Check(
        when=value(check["when"], ("checks", "when")),
        message=value(check["message"], ("checks", "message")),
        input=check.get("input"),
    )

"""Actions of several requests: do their steps and chunks fit together?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.definition.problems.component_draft import as_map, at
from connector_runtime.definition.program.sequence import STRENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document

# What is said of each step, and of nothing else.
_OF_STEPS = ("request", "paginate", "identity", "adds", "lookup", "because", "chunks")
_OF_ALL = ("output", "schema")


def check_steps(draft: Draft, document: Document) -> None:
    """Note steps and chunks that cannot be done as they are written."""
    data = as_map(document.data)
    steps = as_map(data.get("steps"))
    if steps:
        _check_whole(draft, document, data, steps)
        for name in steps:
            _check_step(draft, document, name, as_map(steps[name]), is_last=name == [*steps][-1])
    elif "request" not in data and "steps" not in data:
        hint = "say under `request` what is sent, or under `steps` what one after the other"
        draft.note(document, ("action",), "R055", "the action sends nothing", hint=hint)
    if "chunks" in data:
        _check_chunks(draft, document, data)


def _check_whole(draft: Draft, document: Document, data: Mapping[str, Any], steps: Mapping[str, Any]) -> None:
    for key in _OF_STEPS:
        if key in data:
            hint = "write it into the step that it belongs to"
            draft.note(document, (key,), "R055", f"`{key}` stands beside `steps`", hint=hint, key=True)
    for key in as_map(data.get("reply")):
        if key not in _OF_ALL:
            hint = "each step has a `reply` of its own; that of the action has `output` only"
            message = f"`{key}` stands beside `steps`"
            draft.note(document, ("reply", key), "R055", message, hint=hint, key=True)
    effects = [str(as_map(step).get("effect")) for step in steps.values()]
    strongest = max((STRENGTH.get(effect, -1) for effect in effects), default=-1)
    wanted = [effect for effect in effects if STRENGTH.get(effect) == strongest]
    own = str(data.get("effect"))
    # What is missing or misspelt is told as such.
    if strongest >= 0 and own in STRENGTH and own not in wanted:
        message = f"the strongest step's effect is `{wanted[0]}`, and the action's is `{own}`"
        draft.note(document, ("effect",), "R055", message, hint=f"write `effect: {wanted[0]}`")


def _check_step(
    draft: Draft, document: Document, name: str, step: Mapping[str, Any], *, is_last: bool
) -> None:
    own: Pointer = ("steps", name)
    if not is_last:
        for place in (("paginate",), ("reply", "results")):
            if at(step, place) is not None:
                message = f"only the last step may have `{place[-1]}`"
                hint = "make it the last step, or another action"
                draft.note(document, (*own, *place), "R055", message, hint=hint, key=True)
    effect = str(step.get("effect"))
    if "poll" in step and effect in STRENGTH and effect != "read":
        message = f"a step with the effect `{effect}` cannot be polled"
        hint = "poll with a step that reads; failures are repeated by `retry`"
        draft.note(document, (*own, "poll"), "R055", message, hint=hint, key=True)
    if "poll" in step and "paginate" in step:
        message = "a step is polled or has pages, not both"
        draft.note(document, (*own, "paginate"), "R055", message, hint="make it two steps", key=True)


def _check_chunks(draft: Draft, document: Document, data: Mapping[str, Any]) -> None:
    if data.get("effect") == "raw":
        message = "a raw request cannot be sent in chunks: one that may have been done would be sent again"
        hint = "say what it does: `effect: create`, `update`, `upsert` or `delete`"
        draft.note(document, ("effect",), "R055", message, hint=hint)
    for key in ("lookup", "paginate"):
        if key in data:
            hint = "take it out: records of a chunk are judged by `reply.results`"
            draft.note(document, (key,), "R055", f"`{key}` stands beside `chunks`", hint=hint, key=True)
    if as_map(as_map(data.get("reply")).get("results")).get("of") is None:
        message = "records that go out in chunks need `reply.results` with `of`"
        hint = "write `of: ${ chunk }` there: so each record is judged"
        draft.note(document, ("chunks",), "R055", message, hint=hint, key=True)

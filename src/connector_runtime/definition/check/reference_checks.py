"""What an expression refers to: is there such an input, table, row, member?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_runtime.definition.check.webhook_checks import check_body, check_header, check_subscription
from connector_runtime.definition.problems.component_draft import as_map, at, is_in
from connector_runtime.inputs.types.registry import NAMES, input_type
from connector_runtime.language.kinds import KEYED
from connector_runtime.language.schemas.violations import meant
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document
    from connector_runtime.language.expressions.references import Reference

_REPLY_PARTS = ("status", "headers", "json", "text", "body", "unreadable")
_ONLY_IN_CONNECTIONS = frozenset({"secrets", "token", "context"})
_WHY_NOT = {
    "reply": "the reply is only there once the request has been sent",
    "items": "the records are only there once the request has been sent",
    "fault": "what went wrong is only known in `errors`",
    "page": "`page` belongs to `request` and `paginate`",
    "item": "`item` belongs to `reply.results`, `identity`, options of data sources, sources of triggers",
    "subscription": "`subscription` belongs to the webhook of a trigger",
    "body": "`body` is what was pushed, and belongs to the webhook of a trigger",
    "headers": "`headers` are what was pushed, and belong to the webhook of a trigger",
    "query": "`query` is what was pushed, and belongs to the webhook of a trigger",
    "steps": "`steps` belongs to actions of several requests",
    "chunk": "`chunk` belongs to actions that send a list in `chunks`",
    "since": "`since` belongs to the sources of a trigger",
    "let": "inputs are defined before anything has a name: write the expression out",
    "row": "`row` belongs to `choicesFrom.where`, and to the `text` of rows",
}
_NOUNS = {
    "action": "this action",
    "datasource": "this data source",
    "trigger": "this trigger",
    "connection": "this connection",
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where an expression stands; `via` is the named value through which it reads."""

    draft: Draft
    kind: str
    document: Document
    pointer: Pointer
    is_path: bool = False
    via: str | None = None

    @property
    def is_let(self) -> bool:
        """Return whether it stands in a named value: what may be absent is judged where that is read."""
        return self.pointer[0] == "let"

    def note(self, reference: Reference, code: str, message: str, hint: str | None = None) -> None:
        """Add a problem at a reference."""
        message = message if self.via is None else f"{message}; `let.{self.via}` reads it"
        self.draft.note(self.document, self.pointer, code, message, hint=hint, offset=reference.offset)


def check_reference(site: Site, reference: Reference, *, is_guarded: bool) -> None:
    """Note what is wrong with one reference.

    Args:
        site: Where it stands.
        reference: What is referred to.
        is_guarded: Whether the author has thought of its absence.
    """
    check = _CHECKS.get(str(reference.path[0]))
    if check is not None:
        check(site, reference, is_guarded)


def names_in(document: Document, kind: str, pointer: Pointer) -> frozenset[str]:
    """Return the names that an expression at a place of this very file may use."""
    own = as_map(document.data)
    lacking = {root for root, key in (("steps", "steps"), ("chunk", "chunks")) if key not in own}
    return names_for(kind, pointer) - lacking


def note_foreign(site: Site, reference: Reference, names: frozenset[str]) -> None:
    """Note a name that is not known where the expression stands.

    Args:
        site: Where it stands.
        reference: What is referred to.
        names: What is known there.
    """
    name = str(reference.path[0])
    if name in _ONLY_IN_CONNECTIONS:
        hint = "secrets stay in the connection: its `apply` sets the headers of every request"
        site.note(reference, "R006", f"`{name}` only exists in a connection", hint)
        return
    hint = f"{_WHY_NOT[name]}; " if name in _WHY_NOT else ""
    hint += f"names here: {', '.join(sorted(names))}"
    site.note(reference, "R002", f"`{name}` is not known here", hint)


def _check_input(site: Site, reference: Reference, is_guarded: bool) -> None:
    key = _step(reference, 1)
    if key is None:
        return
    inputs = _inputs_at(site)
    if inputs is None:
        return
    if key not in inputs:
        hint = meant(key, inputs, f"inputs of {_NOUNS.get(site.kind, 'the component')}")
        site.note(reference, "R003", f"no input is called `{key}`", hint or "there are no inputs here")
        return
    definition = inputs[key]
    if definition.get("type") == "secret":
        if site.kind == "connection":  # elsewhere the definition is the mistake
            site.note(reference, "R006", f"`{key}` is a secret", f"write `secrets.{key}`")
        return
    _check_flat(site, reference, key, definition)
    if site.kind in _NOUNS and _is_optional(definition):
        _check_presence(site, reference, f"inputs.{key}", is_guarded)


def _inputs_at(site: Site) -> Mapping[str, Any] | None:
    """Return the inputs an expression can mean; None where that cannot be told."""
    if site.kind in _NOUNS:
        return site.draft.inputs_of(site.kind, site.document)
    if site.draft.unreadable & {"inputs", *KEYED}:
        return None
    known: dict[str, Any] = {}
    for kind in KEYED:
        for document in site.draft.files[kind].values():
            # One name can stand for several inputs: what differs between them is not judged here.
            known.update(dict.fromkeys(site.draft.inputs_of(kind, document), as_map({})))
    return {**dict.fromkeys(site.draft.shared, as_map({})), **known}


def _check_flat(site: Site, reference: Reference, key: str, definition: Mapping[str, Any]) -> None:
    kind = definition.get("type")
    flat = input_type(str(kind)).flat if is_in(kind, NAMES) else None
    if len(reference.path) > 2 and flat is not None:
        what = f"`{key}` is {flat} and has no members"
        site.note(reference, "R004", what, f"write `{reference.path[0]}.{key}`")


def _is_optional(definition: Mapping[str, Any]) -> bool:
    if not definition or definition.get("required") not in (None, False):
        return False
    default = definition.get("default")
    return default is None or (isinstance(default, str) and "${" in default)


def _check_presence(site: Site, reference: Reference, name: str, is_guarded: bool) -> None:
    if is_guarded or not (reference.needed or site.is_path) or site.is_let:
        return
    shown = f"let.{site.via}" if site.via else name
    if site.is_path:
        hint = f"to leave the piece out, write ${{ {shown} | optional }}"
        message = f"`{name}` is optional, and this piece of the path needs a value"
    else:
        hint = f"write ${{ {shown} | default('') }}, or make the input required"
        message = f"`{name}` is optional, and a text cannot hold nothing"
    site.note(reference, "R011", message, hint)


def _check_connection(site: Site, reference: Reference, is_guarded: bool) -> None:
    name = _step(reference, 1)
    draft = site.draft
    if name is None or "connection" in draft.unreadable or "inputs" in draft.unreadable:
        return
    own = {"": site.document} if site.kind == "connection" else draft.connections_of(site.document)
    with_it = {key: document for key, document in own.items() if name in _members(draft, document)}
    if not with_it:
        known = {member for document in own.values() for member in _members(draft, document)}
        hint = meant(name, known, "there are")
        site.note(reference, "R005", f"no connection has `{name}`", hint)
        return
    if len(with_it) < len(own) and reference.needed and not is_guarded and not site.is_let:
        lacking = ", ".join(f"`{key}`" for key in own if key not in with_it)
        hint = f"write ${{ connection.{name} | default(…) }}"
        site.note(reference, "R005", f"the connection {lacking} has no `{name}`", hint)
        return
    for document in with_it.values():
        definition = draft.inputs_of("connection", document).get(name)
        # A chosen row hides an input of the same name.
        if definition is None or name in as_map(as_map(document.data).get("choose")):
            _check_column(site, reference, _chosen_rows(draft, document, name), 2, f"connection.{name}")
        elif definition.get("type") == "secret":
            hint = f"in a connection write `secrets.{name}`; nowhere else can a secret be used"
            site.note(reference, "R006", f"`{name}` is a secret", hint)
            return
        else:
            _check_flat(site, reference, name, definition)
            if _is_optional(definition):
                _check_presence(site, reference, f"connection.{name}", is_guarded)


def _members(draft: Draft, document: Document) -> list[str]:
    return [*draft.inputs_of("connection", document), *as_map(as_map(document.data).get("choose"))]


def _chosen_rows(draft: Draft, document: Document, name: str) -> Mapping[str, Any] | None:
    choice = as_map(at(document.data, ("choose", name)))
    rows = as_map(choice.get("rows"))
    if "from" not in choice:
        return rows
    table = draft.table(choice["from"])
    return None if table is None else {**table, **rows}


def _check_table(site: Site, reference: Reference, is_guarded: bool) -> None:
    del is_guarded  # a key without a row gives absent, which run time handles
    name = _step(reference, 1)
    if name is None or "component" in site.draft.unreadable:
        return
    rows = site.draft.table(name)
    if rows is None:
        hint = meant(name, site.draft.part("tables"), "tables")
        site.note(reference, "R007", f"there is no table `{name}`", hint)
        return
    row = _step(reference, 2)
    if row is not None and row not in rows:
        site.note(reference, "R008", f"the table `{name}` has no row `{row}`", meant(row, rows, "rows"))
        return
    _check_column(site, reference, rows, 3, f"tables.{name}")


def _check_column(
    site: Site, reference: Reference, rows: Mapping[str, Any] | None, depth: int, owner: str
) -> None:
    column = _step(reference, depth)
    if rows is None or column is None:
        return
    own = {"key"} if owner.startswith("connection") or owner == "row" else set()
    if column not in own and not any(column in as_map(row) for row in rows.values()):
        known = columns_of(rows) | own
        site.note(reference, "R008", f"no row of `{owner}` has `{column}`", meant(column, known, "columns"))


def columns_of(rows: Mapping[str, Any]) -> set[str]:
    """Return the columns that the rows of a table have."""
    return {column for row in rows.values() for column in as_map(row)}


def _check_row(site: Site, reference: Reference, is_guarded: bool) -> None:
    del is_guarded
    if site.is_let:
        return  # a row of a list, which may have anything
    table = at(site.document.data, (*site.pointer[:-1], "table"))
    _check_column(site, reference, site.draft.table(table), 1, "row")


def _check_page(site: Site, reference: Reference, is_guarded: bool) -> None:
    del is_guarded
    if site.is_let:
        return  # judged where the value is read
    # A source of a trigger has pages of its own, and so has a step.
    own = site.pointer[:3] if site.pointer[:2] == ("poll", "sources") else ()
    own = site.pointer[:2] if site.pointer[0] == "steps" else own
    paginate = as_map(at(site.document.data, own)).get("paginate")
    if paginate is None:
        site.note(reference, "R009", "`page` needs `paginate`", "say there how the listing goes on")
        return
    member = _step(reference, 1)
    known = {*as_map(as_map(paginate).get("start")), *as_map(as_map(paginate).get("next"))}
    if member is not None and member not in known:
        hint = meant(member, known, "keys of `start` and `next`")
        site.note(reference, "R009", f"`page` has no `{member}`", hint)


def _check_reply(site: Site, reference: Reference, is_guarded: bool) -> None:
    del is_guarded
    part = _step(reference, 1)
    if part is not None and part not in _REPLY_PARTS:
        near = str(meant(part, _REPLY_PARTS, "parts of a reply"))
        hint = near if near.startswith("did") else f"write `reply.json.{part}`; {near}"
        site.note(reference, "R010", f"a reply has no part `{part}`", hint)


def _check_secret(site: Site, reference: Reference, is_guarded: bool) -> None:
    del is_guarded
    if site.kind == "component":
        return  # a shared named value: each connection that reads it is judged
    key = _step(reference, 1)
    inputs = site.draft.inputs_of(site.kind, site.document)
    secrets = [name for name, definition in inputs.items() if definition.get("type") in ("secret", None)]
    if key is not None and key not in secrets:
        hint = str(meant(key, secrets, "secrets here") or "an input of the type `secret` is one")
        site.note(reference, "R006", f"no secret is called `{key}`", hint)


def _step(reference: Reference, depth: int) -> str | None:
    """Return a key of a reference's path as text; None where there is none or it is computed."""
    step = reference.path[depth] if len(reference.path) > depth else None
    return None if step is None else str(step)


_STEP_PARTS = ("output", "json", "status", "headers")


def _check_step(site: Site, reference: Reference, is_guarded: bool) -> None:
    steps = as_map(as_map(site.document.data).get("steps"))
    name, part = _step(reference, 1), _step(reference, 2)
    if name is None or (site.is_let and name in steps):
        return
    order = list(steps)
    if site.pointer[0] == "steps" and site.pointer[1] in steps:
        order = order[: order.index(str(site.pointer[1]))]
    if name not in order:
        message = f"`steps.{name}` is not there yet" if name in steps else f"no step is called `{name}`"
        hint = meant(name, order, "steps before this") or "there is no step before this"
        site.note(reference, "R056", message, hint)
        return
    step = as_map(steps[name])
    if part is not None and part not in _STEP_PARTS:
        message = f"a step has no part `{part}`"
        site.note(reference, "R056", message, meant(part, _STEP_PARTS, "parts of a step"))
    elif part not in (None, "output") and "lookup" in step:
        message = f"where its look-up finds it, `steps.{name}` has no reply"
        site.note(reference, "R056", message, f"read `steps.{name}.output`")
    elif "when" in step and reference.needed and not is_guarded:
        hint = f"write ${{ … if steps.{name} is defined else … }}"
        site.note(reference, "R011", f"`steps.{name}` is left out where its `when` is false", hint)


_CHECKS: dict[str, Callable[[Site, Reference, bool], None]] = {
    "inputs": _check_input,
    "connection": _check_connection,
    "tables": _check_table,
    "row": _check_row,
    "page": _check_page,
    "reply": _check_reply,
    "steps": _check_step,
    "secrets": _check_secret,
    "subscription": check_subscription,
    "body": check_body,
    "headers": check_header,
}

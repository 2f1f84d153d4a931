"""A checked component, ready to run: actions, connections, services, tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import cached_property, reduce
from operator import getitem
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from connector_runtime.base.lazy import LazyMap
from connector_runtime.base.values import ABSENT
from connector_runtime.definition.program.action import Check, compile_program
from connector_runtime.definition.program.errors import ErrorRules
from connector_runtime.definition.program.trigger import Trigger
from connector_runtime.inputs.inputs import build_inputs, input_schema
from connector_runtime.language.durations import seconds_of
from connector_runtime.language.lets import Lets
from connector_runtime.language.templates import compile_node
from connector_runtime.language.visible_names import names_for
from connector_runtime.stores.budget import Rule

if TYPE_CHECKING:
    from connector_runtime.definition.component_files import Source
    from connector_runtime.definition.program.action import Program
    from connector_runtime.definition.written_tests import WrittenTests
    from connector_runtime.inputs.inputs import Inputs
    from connector_runtime.language.schemas.validator import Schemas

Evaluate = Callable[[Mapping[str, Any]], Any]
T = TypeVar("T")

MAX_LISTED_SCOPES = 200


class ServiceBudget(NamedTuple):
    """A limit of a service's, and what beside the connection shares it."""

    rule: Rule
    key: Evaluate | None


class Service(NamedTuple):
    """An API of the vendor's: where it is, and how much may be asked of it."""

    url: Evaluate
    budgets: tuple[ServiceBudget, ...]


class Choose(NamedTuple):
    """How a connection picks a row of a table; the first value present decides."""

    rows: Mapping[str, Mapping[str, Any]]
    first: tuple[tuple[str, Evaluate], ...]


class OAuth2(NamedTuple):
    """How a connection comes to a token, renews it and gives it back.

    Attributes:
        grants: Ways to a token; `pkce` adds a challenge to the first.
        authorize_url, revoke_url: None where the vendor has no such page.
        scope: The permissions asked for, as the vendor wants them written.
        keep: Parameters of the callback that go into the connection's context.
        scopes: Table that says which permission covers which others, or None.
    """

    grants: tuple[str, ...]
    token_url: Evaluate
    client_id: Evaluate
    client_secret: Evaluate
    ok: Evaluate | None
    errors: ErrorRules
    scope: Evaluate
    authorize_url: Evaluate | None = None
    revoke_url: Evaluate | None = None
    keep: tuple[str, ...] = ()
    scopes: str | None = None


class ConnectionModel(NamedTuple):
    """A way to connect, compiled."""

    key: str
    definition: Mapping[str, Any]
    inputs: Inputs
    checks: tuple[Check, ...]
    choose: Mapping[str, Choose]
    oauth2: OAuth2 | None
    headers: tuple[tuple[str, Evaluate], ...]
    query: tuple[tuple[str, Evaluate], ...]
    hosts: tuple[Evaluate, ...]
    probe: Action | None
    loopback: bool
    lets: Lets


class Action:
    """One action of a component, as its file describes it.

    Attributes:
        key, label, group, description, documentation: For people.
        effect: `read`, `create`, `update`, `upsert`, `delete` or `raw`; of several steps the strongest.
        effects: Those of all its steps.
        definition, model: The file's content, defaults not filled in; what it belongs to.
    """

    def __init__(self, definition: Mapping[str, Any], model: Model) -> None:
        self.definition = definition
        self.key: str = definition["action"]
        self.label: str = definition["label"]
        self.group: str = definition.get("group", "")
        self.description: str = definition.get("description", "")
        self.documentation: str | None = definition.get("documentation")
        self.effect: str = definition["effect"]
        steps = definition.get("steps", {}).values()
        self.effects = frozenset([self.effect, *(step["effect"] for step in steps)])
        self.deprecated: str | None = definition.get("deprecated")
        self.connections: tuple[str, ...] = tuple(definition.get("connection", ()))
        self.model = model

    def __repr__(self) -> str:
        return f"Action({self.key!r})"

    @cached_property
    def input_definitions(self) -> dict[str, Any]:
        """Return the inputs with shared ones filled in and the component's defaults behind."""
        return self.model.resolve_inputs(self.definition.get("inputs", {}), defaults=True)

    @cached_property
    def inputs(self) -> Inputs:
        """Return the inputs, in the order of the form."""
        return build_inputs(self.input_definitions, self.model.tables)

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """Return a plain JSON Schema of what a form or an agent may send."""
        return input_schema(self.inputs)

    @cached_property
    def program(self) -> Program:
        """Return the compiled action."""
        return compile_program(self.definition, self.model.component)

    @cached_property
    def examples(self) -> Mapping[str, Any]:
        """Return the named examples, replies that have names in their place."""
        return self.model.written_tests(self.definition).examples()

    @cached_property
    def scopes(self) -> tuple[str, ...]:
        """Return every permission the action can need, over all choices of its inputs."""
        return self.scopes_over({})

    def scopes_over(self, known: Mapping[str, Any]) -> tuple[str, ...]:
        """Return every permission it can need; once one input is known, optional others are absent."""
        wanted = {
            item.key: [choice.value for choice in item.choices]
            for item in self.inputs
            if item.choices and item.key not in known and (item.required or not known)
        }
        wanted = {key: values for key, values in wanted.items() if key in self.program.scope_inputs}
        found: set[str] = set()
        for combination in itertools.islice(itertools.product(*wanted.values()), MAX_LISTED_SCOPES):
            chosen = dict(zip(wanted, combination, strict=True))
            found.update(self.scopes_for({**known, **chosen}, {}))
        return tuple(sorted(found))

    def scopes_for(self, inputs: Mapping[str, Any], connection: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the permissions that one call needs."""
        scope = self.scope(inputs=inputs, connection=connection)
        found = [_tolerant(evaluate, scope) for evaluate in self.program.scopes]
        return tuple(str(text) for text in found if isinstance(text, str) and text)

    def scope(self, **names: Any) -> dict[str, Any]:
        """Return what expressions of the action may see: some names, tables and named values."""
        return self.program.lets.seen_by({**names, "tables": self.model.tables})


class DataSource(NamedTuple):
    """A picker: a reading action, and how its records become options."""

    key: str
    definition: Mapping[str, Any]
    action: Action
    value: Evaluate
    label: Evaluate
    schema: Evaluate | None


class Model:
    """Everything of a component that running an action needs."""

    def __init__(self, source: Source) -> None:
        component: Mapping[str, Any] = source.component.data
        self.source = source
        self.component = component
        self.key: str = component["component"]
        self.schemas: Schemas = source.schemas
        self.tables: Mapping[str, Mapping[str, Any]] = {
            name: table["rows"] for name, table in component.get("tables", {}).items()
        }
        self.shared_inputs = {
            key: reduce(getitem, pointer, document.data) for key, (document, pointer) in source.inputs.items()
        }
        self.services = {name: _service(entry) for name, entry in component["services"].items()}
        self.connections = LazyMap(source.files["connection"], self._connection)
        self.actions = LazyMap(source.files["action"], lambda definition: Action(definition, self))
        self.datasources = LazyMap(source.files["datasource"], self._datasource)
        self.triggers = LazyMap(
            source.files["trigger"], lambda one: Trigger(one, self.reading, component.get("let"))
        )

    def action(self, key: str) -> Action | None:
        """Return an action by its key, or by one that it had before."""
        found = self.actions.get(key)
        return found if found is not None else self.actions.get(self._former_keys.get(key, key))

    @cached_property
    def _former_keys(self) -> Mapping[str, str]:
        if self.source.former is not None:
            return self.source.former
        return {
            former: key
            for key, action in self.actions.items()
            for former in action.definition.get("aliases", ())
            if former not in self.actions
        }

    def written_tests(self, definition: Mapping[str, Any]) -> WrittenTests:
        """Return what the examples and tests of a file mean."""
        from connector_runtime.definition.written_tests import WrittenTests  # noqa: PLC0415  no call needs them

        return WrittenTests(definition, self.component.get("replies", {}))

    def resolve_inputs(self, own: Mapping[str, Any], *, defaults: bool = False) -> dict[str, Any]:
        """Return definitions with shared inputs in place, the own words on top."""
        found = {key: self._resolve(definition) for key, definition in own.items()}
        if defaults:
            for key in self.component.get("defaults", {}).get("inputs", ()):
                if key not in found:
                    found[key] = self._resolve({"use": key})
        return found

    def _datasource(self, definition: Mapping[str, Any]) -> DataSource:
        options = definition["options"]
        parts = {
            key: definition[key]
            for key in ("let", "inputs", "request", "paginate", "errors", "replies", "examples")
            if key in definition
        }
        output = "${ items }" if "paginate" in definition else options["items"]
        names = names_for("datasource", ("options", "value"))
        return DataSource(
            key=definition["datasource"],
            definition=definition,
            action=self.reading(
                definition["datasource"],
                {**parts, "reply": {**definition.get("reply", {}), "output": output}},
            ),
            value=compile_node(options["value"], names).render,
            label=compile_node(options["label"], names).render,
            schema=compile_node(options["schema"], names).render if "schema" in options else None,
        )

    def reading(self, key: str, parts: Mapping[str, Any]) -> Action:
        """Return a reading action that stands in no file of its own."""
        return Action({"action": key, "label": key, "effect": "read", **parts}, self)

    def _resolve(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        own = dict(definition)
        shared = own.pop("use", None)
        return {**self._resolve(self.shared_inputs[shared]), **own} if shared else own

    def _connection(self, definition: Mapping[str, Any]) -> ConnectionModel:
        apply = definition.get("apply", {})
        probe = definition.get("probe")
        loopback = bool(definition.get("loopback", False))
        return ConnectionModel(
            key=definition["connection"],
            definition=definition,
            inputs=build_inputs(self.resolve_inputs(definition.get("inputs", {})), self.tables),
            checks=tuple(_check(item) for item in definition.get("checks", ())),
            choose={
                name: self._choose(name, choice, loopback=loopback)
                for name, choice in definition.get("choose", {}).items()
            },
            oauth2=_oauth2(definition["oauth2"], self.component) if "oauth2" in definition else None,
            headers=_applied(apply, "headers"),
            query=_applied(apply, "query"),
            hosts=tuple(_closure(text, ("apply", "hosts")) for text in apply.get("hosts", ())),
            probe=self.reading(f"{definition['connection']} check", {"request": probe}) if probe else None,
            loopback=loopback,
            lets=Lets(self.component.get("let", {}), definition.get("let", {})),
        )

    def _choose(self, name: str, choice: Mapping[str, Any], *, loopback: bool) -> Choose:
        rows: dict[str, Mapping[str, Any]] = {}
        for key, row in {**self.tables.get(choice.get("from", ""), {}), **choice.get("rows", {})}.items():
            computed = any(isinstance(cell, str) and "${" in cell for cell in row.values())
            if computed and not loopback:
                continue  # only a loopback connection may have an address that is not written out
            rows[key] = {label: _cell(cell) for label, cell in row.items()} if computed else row
        first = [
            (column, _closure(text, ("choose", name)))
            for entry in choice["first"]
            for column, text in entry.items()
        ]
        return Choose(rows, tuple(first))


def _applied(apply: Mapping[str, Any], part: str) -> tuple[tuple[str, Evaluate], ...]:
    return tuple((name, _closure(text, ("apply", part))) for name, text in apply.get(part, {}).items())


def _cell(cell: Any) -> Any:
    return _closure(cell, ("choose", "rows")) if isinstance(cell, str) and "${" in cell else cell


def _service(entry: Mapping[str, Any]) -> Service:
    given = entry.get("budget", [])
    budgets = [_budget(one) for one in (given if isinstance(given, list) else [given])]
    # Nobody holds a place among those at work while waiting for a window.
    budgets.sort(key=lambda budget: budget.rule.concurrency is not None)
    url = compile_node(entry["url"], names_for("component", ("services",))).render
    return Service(url=url, budgets=tuple(budgets))


def _budget(given: Mapping[str, Any]) -> ServiceBudget:
    rule = Rule(
        requests=given.get("requests"),
        per_s=seconds_of(given.get("per", 60)) or 60.0,
        concurrency=given.get("concurrency"),
    )
    key = given.get("key")
    names = names_for("component", ("services",))
    return ServiceBudget(rule, compile_node(key, names).render if key else None)


def _oauth2(definition: Mapping[str, Any], component: Mapping[str, Any]) -> OAuth2:
    errors = definition.get("errors", [])

    def page(key: str) -> Evaluate | None:
        return _closure(definition[key], ("oauth2", key)) if key in definition else None

    return OAuth2(
        grants=tuple(definition.get("grants", ())),
        authorize_url=page("authorizeUrl"),
        token_url=_closure(definition["tokenUrl"], ("oauth2", "tokenUrl")),
        revoke_url=page("revokeUrl"),
        client_id=_closure(definition.get("clientId"), ("oauth2", "clientId")),
        client_secret=_closure(definition.get("clientSecret"), ("oauth2", "clientSecret")),
        ok=_closure(definition["ok"], ("oauth2", "ok")) if "ok" in definition else None,
        errors=ErrorRules([{"use": errors}] if isinstance(errors, str) else errors, component),
        scope=_closure(definition.get("scope"), ("oauth2", "scope")),
        keep=tuple(definition.get("keep", ())),
        scopes=definition.get("scopes", {}).get("table"),
    )


def _check(check: Mapping[str, Any]) -> Check:
    return Check(
        _closure(check["when"], ("checks",)), _closure(check["message"], ("checks",)), check.get("input")
    )


def _closure(node: Any, pointer: tuple[str, ...]) -> Evaluate:
    if node is None:
        return lambda _scope: ABSENT
    return compile_node(node, names_for("connection", pointer)).render


def _tolerant(evaluate: Evaluate, scope: Mapping[str, Any]) -> Any:
    """Evaluate a text whose inputs may not all be known."""
    from connector_runtime.language.expressions.expression import (  # noqa: PLC0415  only for listings
        EvaluationError,
    )

    try:
        return evaluate(scope)
    except EvaluationError:
        return None

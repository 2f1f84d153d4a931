"""What an action asks for, and how what was entered becomes what is meant.

Absent, null and empty text are three things. Absent leaves a field alone, null clears
it, and empty text is sent as it is. For an input with a default or choices, and wherever
the type has no such value, null and empty text count as not given.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT
from connector_runtime.errors import DefinitionError, InputError
from connector_runtime.inputs.choices import Choice, choices_of
from connector_runtime.inputs.fields import typed_fields
from connector_runtime.inputs.former import outdated, renamed
from connector_runtime.inputs.forms import form_fields, input_schema
from connector_runtime.inputs.reading import choice_reader, reader_of
from connector_runtime.inputs.records import SchemaFrom, compile_schema_from, fitting, known_to_fit
from connector_runtime.inputs.refusals import Refusal, did_you_mean, listed, shown
from connector_runtime.inputs.types.registry import NAMES
from connector_runtime.language.expressions.expression import EvaluationError, ExpressionError
from connector_runtime.language.templates import compile_expression_text, compile_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connector_runtime.base.values import Absent
    from connector_runtime.language.schemas.validator import Schemas
    from connector_runtime.language.templates import Template

    Reader = Callable[[Any], Any]

__all__ = [
    "Choice",
    "Input",
    "Inputs",
    "build_inputs",
    "form_fields",
    "input_schema",
    "outdated",
    "take",
    "take_plain",
    "take_shown",
    "typed_fields",
]

_CONDITION_NAMES = frozenset({"inputs", "connection", "tables"})
_DEFAULT_NAMES = frozenset({"connection"})


@dataclass(eq=False, repr=False)
class Input:
    """One input, ready to be read.

    Attributes:
        key: Its name in expressions and in what is sent.
        definition: The definition as written, `use` resolved.
        type: One of `NAMES`.
        required: Whether a call without it is refused.
        choices: Values to choose from; empty when any value is possible or they come from a picker.
        constant: The default when it needs no connection, already read; else ABSENT.
        default: The default when it depends on the connection.
        schema: The name of the record schema that judges the value, may depend on other inputs.
        schema_from: Where the account's own record schema comes from.
        show_if: Whether the input is asked for at all; hidden ones count as not given.
        required_if: When it must be given.
        where: Which rows of its table may be chosen, where that depends on the call.
        read: Makes a value what is meant; ABSENT means not given. Raises `Refusal`.
        read_trusted: The same for someone who may name files of this machine.
    """

    key: str
    definition: Mapping[str, Any]
    type: str
    required: bool
    choices: tuple[Choice, ...]
    constant: Any
    default: Template | None
    schema: Template | None
    schema_from: SchemaFrom | None
    show_if: Template | None
    required_if: Template | None
    where: Template | None
    read: Reader
    read_trusted: Reader

    @property
    def label(self) -> str:
        """Return what people know the input by."""
        return str(self.definition.get("label") or self.key)

    def is_shown(self, scope: Mapping[str, Any]) -> bool:
        """Return whether a call asks for the input at all."""
        return self.show_if is None or bool(self.show_if.render(scope))


class Inputs(tuple[Input, ...]):  # noqa: SLOT001  a tuple has no slots for more
    """The inputs of one action or connection, with everything that can be known beforehand."""

    def __init__(self, _inputs: Iterable[Input] = ()) -> None:
        plain = [entry for entry in self if entry.show_if is None]
        self.by_key = {entry.key: entry for entry in self}
        self.readers = {entry.key: entry.read for entry in plain}
        self.trusted_readers = {entry.key: entry.read_trusted for entry in plain}
        self.constants = {entry.key: entry.constant for entry in plain if entry.constant is not ABSENT}
        self.defaults = [entry for entry in plain if entry.default is not None]
        self.required = [entry for entry in plain if entry.required]
        self.conditional = {entry.key: entry for entry in self if entry.show_if is not None}
        self.required_if = [entry for entry in self if entry.required_if is not None]
        self.judged = [
            entry
            for entry in self
            if entry.schema is not None or entry.schema_from is not None or entry.where is not None
        ]
        self.former = {name: entry.key for entry in self for name in entry.definition.get("renamedFrom", ())}
        self.deprecated = [entry for entry in self if _is_deprecated(entry)]
        self.has_conditions = bool(self.conditional or self.required_if or self.judged)


def _is_deprecated(entry: Input) -> bool:
    return "deprecated" in entry.definition or any(choice.deprecated for choice in entry.choices)


def build_inputs(
    definitions: Mapping[str, Mapping[str, Any]], tables: Mapping[str, Mapping[str, Any]]
) -> Inputs:
    """Return inputs ready to be taken.

    Args:
        definitions: Definitions by key, in the order of the form, `use` resolved.
        tables: The component's tables: rows by key, columns by name.

    Raises:
        DefinitionError: An unknown type, table or expression, or a default that the input refuses.
    """
    return Inputs([_build(key, definition, tables) for key, definition in definitions.items()])


def take(
    inputs: Inputs | tuple[Input, ...],
    given: Mapping[str, Any],
    *,
    connection: Mapping[str, Any],
    tables: Mapping[str, Any],
    schemas: Schemas | None,
    trust_paths: bool,
) -> dict[str, Any]:
    """Return what is meant by what was given: checked, of the right types, defaults filled in.

    An input that is absent has no member.

    Args:
        inputs: What `build_inputs` returned.
        given: Values by key, as a form, a platform or a program sends them.
        connection: What `connection` stands for in defaults and conditions.
        tables: What `tables` stands for in conditions.
        schemas: Record schemas; None skips the checks of `schema`.
        trust_paths: Whether `{path: …}` may name a file of this machine.

    Raises:
        InputError: A value is missing, unknown or unusable. With several problems the first
            is raised, and `details` lists them all as `{input, message, hint}`.
        EvaluationError: A condition cannot be evaluated.
    """
    plan = inputs if isinstance(inputs, Inputs) else Inputs(inputs)
    problems: list[InputError] = []
    given = renamed(plan, given) if plan.former else given
    values = take_plain(plan, given, connection, problems, trust_paths=trust_paths)
    for entry in plan.required:
        _require(entry, values, problems)
    if plan.has_conditions:
        scope = {"inputs": values, "connection": connection, "tables": tables}
        for entry in plan.conditional.values():
            if entry.is_shown(scope):
                take_shown(entry, given, scope, problems, trust_paths=trust_paths)
        for entry in plan.required_if:
            if entry.required_if and entry.is_shown(scope) and entry.required_if.render(scope):
                _require(entry, values, problems)
        _judge(plan, scope, schemas, problems)
    if problems:
        raise _first_of(problems)
    return values


def take_plain(
    plan: Inputs,
    given: Mapping[str, Any],
    connection: Mapping[str, Any],
    problems: list[InputError],
    *,
    trust_paths: bool,
) -> dict[str, Any]:
    """Read what is asked for in any case."""
    readers = plan.trusted_readers if trust_paths else plan.readers
    values = dict(plan.constants)
    for key, value in given.items():
        reader = readers.get(key)
        try:
            found = reader(value) if reader else _unread(key, plan)
        except Refusal as refusal:
            problems.append(_refused(plan.by_key.get(key), refusal, key))
            continue
        if found is not ABSENT:
            values[key] = found
    for entry in plan.defaults:
        _fill(entry, connection, values, problems)
    return values


def take_shown(
    entry: Input,
    given: Mapping[str, Any],
    scope: Mapping[str, Any],
    problems: list[InputError],
    *,
    trust_paths: bool,
) -> None:
    """Read what is only asked for under a condition, which holds."""
    values = scope["inputs"]
    if entry.constant is not ABSENT:
        values[entry.key] = entry.constant
    try:
        found = (entry.read_trusted if trust_paths else entry.read)(given.get(entry.key, ABSENT))
    except Refusal as refusal:
        problems.append(_refused(entry, refusal))
        return
    if found is not ABSENT:
        values[entry.key] = found
    _fill(entry, scope["connection"], values, problems)
    if entry.required:
        _require(entry, values, problems)


def _judge(
    plan: Inputs, scope: Mapping[str, Any], schemas: Schemas | None, problems: list[InputError]
) -> None:
    """Check what depends on several inputs: rows that fit only some, and record schemas."""
    values = scope["inputs"]
    wrong = {problem.input for problem in problems}
    for entry in plan.judged:
        if values.get(entry.key) is None or entry.key in wrong:
            continue
        try:
            # Whether a row fits to an input that is wrong itself nobody can say.
            if entry.where is not None and not wrong:
                _check_row(entry, scope)
            if entry.schema is not None and schemas is not None:
                values[entry.key] = fitting(values[entry.key], entry.schema.render(scope), schemas)
            if entry.schema_from is not None and schemas is not None:
                values[entry.key] = known_to_fit(values[entry.key], entry.schema_from, scope, schemas)
        except Refusal as refusal:
            problems.append(_refused(entry, refusal))
        except EvaluationError:
            if not wrong:
                raise


def _check_row(entry: Input, scope: Mapping[str, Any]) -> None:
    value = scope["inputs"][entry.key]
    row = scope["tables"].get(entry.definition["choicesFrom"]["table"], {}).get(value)
    if row is not None and entry.where is not None and not entry.where.render({**scope, "row": row}):
        raise Refusal(
            f"{shown(value)} is not possible together with the other inputs.", "Choose another one."
        )


def _fill(
    entry: Input, connection: Mapping[str, Any], values: dict[str, Any], problems: list[InputError]
) -> None:
    """Give an input that has no value its default from the connection."""
    if entry.default is None or entry.key in values:
        return
    try:
        found = entry.read(entry.default.render({"connection": connection}))
    except Refusal as refusal:
        problems.append(_refused(entry, refusal))
        return
    if found is not ABSENT:
        values[entry.key] = found


def _require(entry: Input, values: Mapping[str, Any], problems: list[InputError]) -> None:
    value = values.get(entry.key)
    is_missing = value is None or (isinstance(value, str | list | dict) and not value)
    if is_missing and not any(problem.input == entry.key for problem in problems):
        problems.append(
            InputError(f"{entry.label} is missing.", kind="input", input=entry.key, hint=_how_to_enter(entry))
        )


def _how_to_enter(entry: Input) -> str:
    if entry.choices:
        return f"Choose one of: {listed(str(choice.value) for choice in entry.choices)}."
    example = entry.definition.get("example")
    if example is None or entry.type == "secret":
        return "Enter a value."
    if isinstance(example, list | dict):
        return f"Enter a value such as {json.dumps(example, ensure_ascii=False)}."
    return f"Enter a value such as {shown(example)}."


def _refused(entry: Input | None, refusal: Refusal, key: Any = None) -> InputError:
    message = f"{entry.label}: {refusal.message}" if entry else refusal.message
    name = entry.key if entry else str(key)[:100]
    return InputError(message, kind="input", input=name, hint=refusal.hint)


def _unread(key: Any, plan: Inputs) -> Absent:
    """Leave what is asked for under a condition for later; refuse what nothing asks for."""
    if key in plan.conditional:
        return ABSENT
    labels = {entry.label: entry.key for entry in plan}
    guess = did_you_mean(str(key), plan.by_key)
    if not guess and (named := labels.get(str(key))):
        guess = f"Did you mean `{named}`? "
    hint = f"{guess}The inputs are: {listed(plan.by_key)}." if plan else "There are no inputs."
    raise Refusal(f"There is no input called {shown(str(key))}.", hint)


def _first_of(problems: list[InputError]) -> InputError:
    first = problems[0]
    if len(problems) > 1:
        first.details = [
            {"input": problem.input, "message": problem.message, "hint": problem.hint} for problem in problems
        ]
    return first


def _build(key: str, definition: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> Input:
    if definition.get("type") not in NAMES:
        raise DefinitionError(f"the input `{key}` has no type that is known")
    try:
        choices, where = choices_of(definition, tables, choice_reader(definition["type"]))
        default = _template("default", definition, _DEFAULT_NAMES)
        show_if, required_if = (
            compile_expression_text(definition[name], _CONDITION_NAMES) if name in definition else None
            for name in ("showIf", "requiredIf")
        )
        schema = _template("schema", definition, _CONDITION_NAMES)
        schema_from = compile_schema_from(definition.get("schemaFrom"), _CONDITION_NAMES)
    except ExpressionError as error:
        problem = error
    else:
        read = reader_of(definition, choices, trust_paths=False)
        constant = ABSENT
        if default is not None and default.constant:
            constant, default = _read_default(key, read, default.render({})), None
        return Input(
            key=key,
            definition=definition,
            type=definition["type"],
            required=definition.get("required") is True,
            choices=choices,
            constant=constant,
            default=default,
            schema=schema,
            schema_from=schema_from,
            show_if=show_if,
            required_if=required_if,
            where=where,
            read=read,
            read_trusted=reader_of(definition, choices, trust_paths=True),
        )
    raise DefinitionError(f"the input `{key}`: {problem.message}", hint=problem.hint)


def _template(name: str, definition: Mapping[str, Any], names: frozenset[str]) -> Template | None:
    return compile_node(definition[name], names) if name in definition else None


def _read_default(key: str, read: Reader, value: Any) -> Any:
    try:
        return read(value)
    except Refusal as refusal:
        problem = refusal
    raise DefinitionError(f"the default of the input `{key}`: {problem.message}", hint=problem.hint)

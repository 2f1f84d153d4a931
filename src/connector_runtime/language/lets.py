"""Named values of a file: `let.name` is worked out when it is first read.

A value is kept beside the objects that it was made of, such as the present page or item, and
used again while those that its reader sees are the same. So each is worked out at most once a
call, page or item, without anybody saying which of them it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.expressions.operators import is_list, kind_of, text_of
from connector_runtime.language.paths import inputs_in
from connector_runtime.language.templates import compile_expression_text, compile_node, compile_text
from connector_runtime.language.visible_names import ALL_NAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from connector_runtime.language.expressions.references import Reference
    from connector_runtime.language.templates import Render, Template

ROOT = "let"
# What a map must have to be a text made of rows; any other map is a map.
ROWS_KEYS = frozenset({"of", "text", "join"})
# A value that reads others, which read others, grows with each: so often may one read in all.
MAX_READS = 1_000
# They are the same for every reader, so that no value depends on which are seen.
_FIXED = frozenset({ROOT, "tables"})


class Let(NamedTuple):
    """One named value, compiled.

    Attributes:
        render: Gives the value for a mapping of names.
        roots: The names whose objects decide whether a value that was kept still holds.
    """

    render: Render
    roots: tuple[str, ...]


class Lets:
    """The named values that expressions of one file can read, each compiled when it is first needed."""

    __slots__ = ("_compiled", "_expanded", "values")

    def __init__(self, *groups: Mapping[str, Any]) -> None:
        self.values: dict[str, Any] = {name: value for group in groups for name, value in group.items()}
        self._compiled: dict[str, Let] = {}
        self._expanded: dict[str, tuple[Reference, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self.values)

    def seen_by(self, scope: dict[str, Any]) -> dict[str, Any]:
        """Return a scope in which they can be read; each scope has its own memory of them."""
        if self.values:
            scope[ROOT] = Memory(self)
        return scope

    def compiled(self, name: str) -> Let | None:
        """Return a value's closure, or None if there is no such value."""
        found = self._compiled.get(name)
        if found is None and name in self.values:
            roots = {str(reference.path[0]) for reference in self.of(name)} - _FIXED
            found = Let(compile_let(self.values[name]).render, tuple(sorted(roots)))
            # Two threads may compile one at once; both go on with the same.
            found = self._compiled.setdefault(name, found)
        return found

    def of(self, name: str) -> tuple[Reference, ...]:
        """Return what a value reads, the values that it reads itself filled in.

        Raises:
            ExpressionError: An expression in it cannot be read.
        """
        found = self._expanded.get(name)
        if found is None:
            template = compile_let(self.values[name])
            in_rows = [one for one in self.expanded(template.row_references) if one.path[0] != "row"]
            found = self._expanded[name] = (*self.expanded(template.references), *in_rows)
        return found

    def expanded(self, references: Iterable[Reference]) -> Iterator[Reference]:
        """Yield references, those to named values replaced by what these read."""
        for reference in references:
            if reference.path[0] != ROOT:
                yield reference
            elif (name := name_of(reference)) in self.values:
                yield from [_read_through(reference, one) for one in self.of(str(name))]


class Memory:
    """The named values that one scope, and copies of it, have read so far."""

    __slots__ = ("_kept", "_lets")

    def __init__(self, lets: Lets) -> None:
        self._lets = lets
        self._kept: dict[str, tuple[list[tuple[str, Any]], Any]] = {}

    def expanded(self, references: Iterable[Reference]) -> Iterator[Reference]:
        """Yield references, those to named values replaced by what these read."""
        return self._lets.expanded(references)

    def read(self, name: str, scope: Mapping[str, Any]) -> Any:
        """Return a value; ABSENT if there is none of this name."""
        kept = self._kept.get(name)
        if kept is not None:
            for root, seen in kept[0]:
                if scope.get(root, ABSENT) is not seen:
                    break
            else:
                return kept[1]
        let = self._lets.compiled(name)
        if let is None:
            return ABSENT
        value = let.render(scope)
        self._kept[name] = ([(root, scope.get(root, ABSENT)) for root in let.roots], value)
        return value


class LetTemplate(NamedTuple):
    """A named value, compiled.

    Attributes:
        render: Gives the value for a mapping of names.
        references: Every path it reads.
        row_references: Those beside them that its `text` reads, where a row is known.
    """

    render: Render
    references: tuple[Reference, ...]
    row_references: tuple[Reference, ...] = ()


def is_rows(value: Any) -> bool:
    """Return whether a named value is a text made of rows."""
    # One of another shape is a mistake that the schema names; here it is a value like any other.
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ROWS_KEYS)


def compile_let(value: Any, names: Collection[str] = ALL_NAMES) -> LetTemplate:
    """Compile a named value: any YAML value, or a text made of rows.

    Raises:
        ExpressionError: As `compile_node`.
    """
    if not is_rows(value):
        template = compile_node(value, names)
        return LetTemplate(template.render, template.references)
    of, text = compile_expression_text(value["of"], names), compile_text(value["text"], names)
    join = compile_text(value["join"], names)
    render = _rows_renderer(of, text, join, is_pairwise=value.get("pairwise") is True)
    return LetTemplate(render, (*of.references, *join.references), text.references)


def name_of(reference: Reference) -> str | None:
    """Return the name of the value that a reference reads, or None if it reads none."""
    path = reference.path
    return str(path[1]) if len(path) > 1 and path[0] == ROOT else None


def _read_through(reader: Reference, inner: Reference) -> Reference:
    """Return a reference of a named value as one of the expression that reads the value."""
    needed = inner.needed or (reader.needed and not inner.guarded)
    guarded = inner.guarded or (reader.guarded and not inner.needed)
    return inner._replace(offset=reader.offset, guarded=guarded, needed=needed)


def _rows_renderer(of: Template, text: Template, join: Template, *, is_pairwise: bool) -> Render:
    is_given = all(reference.path[0] in {"inputs", "connection", "tables"} for reference in of.references)
    kind = "input" if is_given else "contract"
    given = inputs_in(of.references)
    paths = [one.path for one in text.references if one.path[0] == "row" and not one.guarded]
    needed = dict.fromkeys(str(path[1]) for path in paths if len(path) > 1 and path[1] is not None)

    def render(scope: Mapping[str, Any]) -> Any:
        rows = of.render(scope)
        if rows is ABSENT or rows is None:
            return ABSENT
        if isinstance(rows, Mapping):
            rows = [{"key": key, "value": value} for key, value in getattr(rows, "pairs", rows.items())]
        if not is_list(rows):
            message = f"rows are a list, or a map of names and values, and not {kind_of(rows)}"
            hint = None if is_given else "let `of` name a list: its entries are the rows"
            raise EvaluationError(message, hint, kind=kind)
        pieces = []
        for at, row in enumerate(rows, 1):
            try:
                pieces.append(_plain(text_of(text.render({**scope, "row": row}))))
            except EvaluationError as error:
                problem = _lacking(needed, row, at, given) if is_given else None
                problem = problem or _in_row(error, at, kind)
                problem.inputs = given
                raise problem from None
        if not pieces:
            return ABSENT
        word = _plain(text_of(join.render(scope)))
        if not is_pairwise:
            return word.join(pieces)
        return "(" * (len(pieces) - 1) + pieces[0] + "".join([f"{word}{piece})" for piece in pieces[1:]])

    return render


def _in_row(error: EvaluationError, at: int, kind: str) -> EvaluationError:
    """Return an error that says which row it is."""
    problem = EvaluationError(f"row {at}: {error.message}", error.hint, kind=kind)
    problem.source = error.source
    return problem


def _lacking(needed: Mapping[str, None], row: Any, at: int, given: tuple[str, ...]) -> EvaluationError | None:
    """Return what is wrong with an entry that was entered, in words of whoever entered it."""
    entry = f"entry {at} of `{given[0]}`" if len(given) == 1 else f"entry {at}"
    if not needed:
        return None
    hint = f"Give every entry a text or a number as {' and '.join(f'`{name}`' for name in needed)}."
    if not isinstance(row, Mapping):
        return EvaluationError(f"{entry} is {kind_of(row)}, not a map", hint, kind="input")
    for name in needed:
        value = row.get(name, ABSENT)
        if value is ABSENT:
            return EvaluationError(f"{entry} lacks `{name}`", hint, kind="input")
        if value is None or is_list(value) or isinstance(value, Mapping):
            return EvaluationError(f"`{name}` of {entry} is {kind_of(value)}", hint, kind="input")
    return None


def _plain(text: str | Secret) -> str:
    if isinstance(text, Secret):
        raise EvaluationError("a secret cannot be part of a text made of rows")
    return text

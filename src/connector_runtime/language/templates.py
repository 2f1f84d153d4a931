"""Templates: YAML values whose texts may hold `${ … }`.

A text that is exactly one expression keeps the value's type. A text with other
characters around is a text. Absent values leave out their key or item. What an
expression gives is data: it is never looked at for `${` again.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.language.expressions.expression import Expression, compile_expression
from connector_runtime.language.expressions.grammar import MAX_CHARACTERS, ExpressionError, closing_brace
from connector_runtime.language.expressions.operators import (
    EvaluationError,
    concatenate,
    is_pair,
    kind_of,
    text_of,
)

if TYPE_CHECKING:
    from connector_runtime.language.expressions.references import Path, Reference

Scope = Mapping[str, Any]
Render = Callable[[Scope], Any]

SPREAD = "..."
CACHED_CHARACTERS = 500


class Template(NamedTuple):
    """One compiled YAML value.

    Attributes:
        render: Gives the value for a mapping of names; ABSENT if there is none. Lists and
            maps are new each time, the values inside are those of the mapping.
        constant: Whether no expression is in it.
        references: Every path its expressions read.
        is_text: Whether it is a text with characters around its expressions.
    """

    render: Render
    constant: bool
    references: tuple[Reference, ...] = ()
    is_text: bool = False


class Merged(dict[str, Any]):
    """A spread map in which a name repeats: as a map the last one wins.

    Attributes:
        pairs: Every name and value in order, repeats of one source kept.
    """

    __slots__ = ("pairs",)

    def __init__(self, pairs: tuple[tuple[str, Any], ...]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def compile_text(text: str, names: Collection[str]) -> Template:
    """Compile a text; offsets of errors and references count from its start.

    Raises:
        ExpressionError: An expression in it is wrong or never closed, or it has `{{`.
    """
    if "${" not in text and "{{" not in text:
        return _constant(text)
    # A check reads a text several times, and files repeat each other's; what is long is hardly shared.
    if isinstance(names, frozenset) and len(text) <= CACHED_CHARACTERS:
        return _compile_shared(text, names)
    return _compile_text(text, names)


def _compile_text(text: str, names: Collection[str]) -> Template:
    pieces = _pieces(text)
    if all(isinstance(piece, str) for piece in pieces):
        return _constant("".join(map(str, pieces)))
    is_text = len(pieces) > 1
    parts: list[str | Expression] = []
    references: list[Reference] = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
            continue
        start, source = piece
        try:
            expression = compile_expression(source, names, in_text=is_text)
        except ExpressionError as error:
            raise error.moved(start) from None
        parts.append(expression)
        references += [reference.moved(start) for reference in expression.references]
    render = _text_renderer(parts) if is_text else expression.evaluate
    return Template(render, constant=False, references=tuple(references), is_text=is_text)


_compile_shared = functools.lru_cache(maxsize=8192)(_compile_text)


def compile_expression_text(text: str | bool, names: Collection[str]) -> Template:
    """Compile the text of a place that holds exactly one `${ }`, or true or false.

    Raises:
        ExpressionError: It is something else, or the expression is wrong.
    """
    if isinstance(text, bool):
        return _constant(text)
    stripped = text.lstrip()
    skipped = len(text) - len(stripped)
    try:
        template = compile_text(stripped.rstrip(), names)
    except ExpressionError as error:
        raise error.moved(skipped) from None
    if template.constant or template.is_text:
        raise ExpressionError("one expression is needed here", 0, "write ${ … } and nothing around it")
    if not skipped:
        return template
    moved = tuple(reference.moved(skipped) for reference in template.references)
    return Template(template.render, constant=False, references=moved)


def compile_node(node: Any, names: Collection[str]) -> Template:
    """Compile any YAML value; the key `...` spreads maps among the others.

    Raises:
        ExpressionError: As `compile_text`; `pointer` leads to the text.
    """
    if isinstance(node, str):
        return compile_text(node, names)
    if isinstance(node, Mapping):
        return _compile_map(node, names)
    if isinstance(node, (list, tuple)):
        return _compile_list(node, names)
    return _constant(node)


def expression_texts(node: Any) -> Iterator[str]:
    """Yield the text of every expression in a YAML value, without `${ }`; broken ones are left out."""
    if isinstance(node, str):
        with contextlib.suppress(ExpressionError):
            yield from [piece[1] for piece in _pieces(node) if not isinstance(piece, str)]
    elif isinstance(node, Mapping):
        for member in node.values():
            yield from expression_texts(member)
    elif isinstance(node, list):
        for member in node:
            yield from expression_texts(member)


def expression_offsets(text: str) -> list[tuple[int, str]]:
    """Return where each expression of a text starts, and its source without `${ }`."""
    with contextlib.suppress(ExpressionError):
        return [piece for piece in _pieces(text) if not isinstance(piece, str)]
    return []


def references_of(node: Any, names: Collection[str]) -> Iterator[Path]:
    """Yield every path that the expressions in a YAML value read; broken ones are left out."""
    for text in expression_texts(node):
        with contextlib.suppress(ExpressionError):
            yield from [reference.path for reference in compile_expression(text, names).references]


def spread(value: Any, *, levels: int = 3) -> list[list[tuple[str, Any]]]:
    """Return the sources that a spread value holds, each as ordered pairs.

    Args:
        value: A map, a list of `[key, value]` pairs, or a list of maps and such lists.
        levels: How many lists may stand around a map: YAML's own, the user's, one of pairs.

    Raises:
        EvaluationError: It is something else, or a key is no text.
    """
    if value is ABSENT or value is None:
        return []
    if levels and isinstance(value, (list, tuple)) and not all(map(is_pair, value)):
        return [pairs for item in value for pairs in spread(item, levels=levels - 1)]
    return [_pairs(value)]


def _pieces(text: str) -> list[str | tuple[int, str]]:
    """Split a text into literal texts and (offset, source) of expressions."""
    pieces: list[str | tuple[int, str]] = []
    literal, at = "", 0
    while (found := text.find("${", at)) >= 0:
        if found > at and text[found - 1] == "$":
            literal += _literal(text, at, found - 1) + "${"
            at = found + 2
            continue
        literal += _literal(text, at, found)
        end = closing_brace(text, found + 2)
        if end is None:
            raise ExpressionError(
                f"`${{` is not closed within {MAX_CHARACTERS:,} characters",
                found,
                "add `}`; a plain ${ is written $${",
            )
        pieces += [literal] if literal else []
        pieces.append((found + 2, text[found + 2 : end]))
        literal, at = "", end + 1
    literal += _literal(text, at, len(text))
    return [*pieces, literal] if literal or not pieces else pieces


def _literal(text: str, start: int, end: int) -> str:
    braces = text.find("{{", start, end)
    if braces >= 0:
        raise ExpressionError("`{{ }}` is not used here", braces, "write ${ … }")
    return text[start:end]


def _constant(value: Any) -> Template:
    return Template(lambda _scope: value, constant=True)


def _text_renderer(parts: list[str | Expression]) -> Render:
    slow = _checked_renderer(parts)
    if len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], Expression):
        prefix, evaluate = parts[0], parts[1].evaluate

        def after_prefix(scope: Scope) -> Any:
            value = evaluate(scope)
            return prefix + value if type(value) is str else slow(scope)

        return after_prefix
    return slow


def _checked_renderer(parts: list[str | Expression]) -> Render:
    def render(scope: Scope) -> Any:
        texts: list[Any] = []
        has_secret = False
        for part in parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            text = part.evaluate(scope)
            if type(text) is not str:
                text = _text_of(text, part)
                has_secret = has_secret or isinstance(text, Secret)
            texts.append(text)
        return concatenate(texts) if has_secret else "".join(texts)

    return render


def _text_of(value: Any, part: Expression) -> Any:
    try:
        return text_of(value)
    except EvaluationError as error:
        raise error.within(part.source) from None


def _compile_map(node: Mapping[str, Any], names: Collection[str]) -> Template:
    entries: list[tuple[str, Render]] = []
    members: list[Template] = []
    for key, value in node.items():
        if "${" in key:
            raise _placed(ExpressionError("a key cannot hold an expression", 0, "spread a map: `...`"), key)
        try:
            template = compile_node(value, names)
        except ExpressionError as error:
            raise _placed(error, key) from None
        entries.append((key, template.render))
        members.append(template)
    return _gathered(_spread_renderer(entries) if SPREAD in node else _map_renderer(entries), members)


def _compile_list(node: Collection[Any], names: Collection[str]) -> Template:
    members: list[Template] = []
    for index, item in enumerate(node):
        try:
            members.append(compile_node(item, names))
        except ExpressionError as error:
            raise _placed(error, index) from None
    renders = [member.render for member in members]
    return _gathered(
        lambda scope: [value for render in renders if (value := render(scope)) is not ABSENT], members
    )


def _gathered(render: Render, members: list[Template]) -> Template:
    references = tuple(reference for member in members for reference in member.references)
    return Template(render, all(member.constant for member in members), references)


def _placed(error: ExpressionError, key: str | int) -> ExpressionError:
    error.pointer = (key, *error.pointer)
    return error


def _map_renderer(entries: list[tuple[str, Render]]) -> Render:
    def render(scope: Scope) -> dict[str, Any]:
        rendered = {}
        for key, value_of in entries:
            value = value_of(scope)
            if value is not ABSENT:
                rendered[key] = value
        return rendered

    return render


def _spread_renderer(entries: list[tuple[str, Render]]) -> Render:
    def render(scope: Scope) -> dict[str, Any]:
        values = [(key, value_of(scope)) for key, value_of in entries]
        return _plainly_spread(values) or _carefully_spread(values)

    return render


def _plainly_spread(values: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the whole map where only maps without repeats are spread, else an empty one."""
    spreadable: dict[str, Any] = {}
    for key, value in values:
        if key != SPREAD:
            if value is not ABSENT:
                spreadable[key] = value
            continue
        for source in value if type(value) is list else (value,):
            if type(source) is dict or _is_without_repeats(source):
                spreadable.update(source)
            elif source is not ABSENT:
                return {}
    return spreadable


def _is_without_repeats(source: Any) -> bool:
    pairs = getattr(source, "pairs", None)
    return pairs is not None and len(pairs) == len(source)


def _carefully_spread(values: list[tuple[str, Any]]) -> dict[str, Any]:
    merged: dict[str, list[Any]] = {}
    for key, value in values:
        sources = spread(value) if key == SPREAD else [] if value is ABSENT else [[(key, value)]]
        for pairs in sources:
            _merge(merged, pairs)
    if all(len(items) == 1 for items in merged.values()):
        return {key: items[0] for key, items in merged.items()}
    return Merged(tuple((key, item) for key, items in merged.items() for item in items))


def _merge(merged: dict[str, list[Any]], pairs: list[tuple[str, Any]]) -> None:
    """Let one source's names replace earlier ones; its own repeats stay."""
    own: dict[str, list[Any]] = {}
    for key, value in pairs:
        own.setdefault(key, []).append(value)
    merged.update(own)


def _pairs(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        value = getattr(value, "pairs", None) or list(value.items())
    elif not isinstance(value, (list, tuple)):
        raise EvaluationError(f"`...` spreads maps and was given {kind_of(value)}")
    if all(map(is_pair, value)):
        return [(key, item) for key, item in value]
    raise EvaluationError("`...` was given something else than texts as keys, each with one value")

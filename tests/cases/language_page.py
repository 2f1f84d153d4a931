"""The page about the language, made of its schemas, its filters and its places.

Run as a script it writes `docs/reference/language.md`; a test compares the two, so that every
good example is accepted and every bad one refused in the very words that stand there.
"""

# ruff: noqa: E402  the folder of the tests has to be known first

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from cases.language_words import EXAMPLES_OF_FILTERS, EXAMPLES_OF_TESTS, FILES, NAMES
from connector_runtime.base.urls import UrlError
from connector_runtime.base.values import ABSENT
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.expressions.filters import FILTERS, TEST_NAMES, TESTS
from connector_runtime.language.expressions.grammar import ExpressionError
from connector_runtime.language.schemas.bounded import judge_of
from connector_runtime.language.schemas.violations import violations_of
from connector_runtime.language.templates import compile_text
from connector_runtime.language.visible_names import _NAMES, ALL_NAMES, names_for
from meta.test_language import at, inlined, properties

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = HERE.parents[1] / "docs" / "reference" / "language.md"
# What is tried as a bad example of a keyword, until its schema refuses it.
_WRONG = (7, "?", True, [], {}, ["?"], {"?": 1}, [7], -1, "")
_ODD = (7, "x", [1], {"a": 1}, None, True)

_INTRODUCTION = """\
# The language

Every keyword, name, filter and test of the language, by the place where it stands, each with what is right and
what is refused. Made from `schemas/`, from `src/connector_runtime/language/visible_names.py` and from the filters by
`python tests/cases/language_page.py`; the examples run as tests.

An action is a YAML file. What stands between `${` and `}` is an expression: names, members, comparisons,
`and or not in`, `a if b else c`, `~ + -`, filters behind `|` and tests behind `is`. A text that is exactly one
expression keeps the type of its value; with other characters around it is a text. What is absent leaves out its
key or item. A text `$${` stands for `${`.

`< <= > >=` compare numbers, and texts in the order of their characters. Two texts that are times with an offset
from UTC are compared as points in time: `2026-01-01T00:30:00+01:00` is earlier than `2026-01-01T00:00:00+00:00`.
A time with an offset and one without, or a day, do not compare. `==`, `!=` and `in` compare texts as they are
written; two spellings of one point in time are the same as `(a | instant) == (b | instant)`.

A duration is a number and its unit, without a blank between them: `500ms 60s 5m 24h 7d`. A number alone counts
seconds, also where an expression gives it.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([_INTRODUCTION, *_files(), *_keywords(), *_names(), *_filters(), *_tests()])


def _files() -> Iterator[str]:
    yield "## Files\n\n| file | schema | holds |\n| --- | --- | --- |"
    for name, (where, holds) in FILES.items():
        yield f"| {_code(where)} | [{name}](../../schemas/{name}) | {holds} |"
    yield ""


def _keywords() -> Iterator[str]:
    yield "## Keywords\n"
    for name in FILES:
        found = sorted((pointer for file, pointer in properties() if file == name), key=_steps)
        yield f"### {_code(FILES[name][0])}\n"
        for pointer in found:
            yield _keyword(name, pointer)


def _steps(pointer: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a pointer that a reader knows: keys, and parts that several files share."""
    skipped = {"properties", "$defs", "then", "else", "items", "additionalProperties"}
    return tuple(
        step for before, step in zip(("", *pointer), pointer, strict=False) if _is_word(before, step, skipped)
    )


def _is_word(before: str, step: str, skipped: set[str]) -> bool:
    return before == "properties" or step not in skipped


def _code(where: str) -> str:
    return f"`{where}`" if "." in where else where


def _keyword(name: str, pointer: tuple[str, ...]) -> str:
    """Return what the page says of one keyword."""
    node, key = at(name, pointer), pointer[-1]
    lines = [f"#### {'.'.join(_steps(pointer))}\n", f"{node['description']}{_further(node)}\n", "```yaml"]
    lines += [_yaml({key: example}) for example in node["examples"][:2]]
    wrong = bad_example(name, pointer)
    lines.append("```\n")
    if wrong is None:
        lines.append("Any value may stand here.\n")
    else:
        value, words = wrong
        lines.append(f"Refused: `{_flow({key: value})}`: {words}.\n")
    return "\n".join(lines)


def _further(node: Any) -> str:
    """Say where the keys of what a keyword holds are told: parts that files share have a section."""
    part = str(node.get("$ref", "")).rpartition("/")[2]
    shared = {_steps(pointer)[0] for file, pointer in properties() if file == "parts.schema.json"}
    return f" Its keys stand below, under `{part}`." if part in shared else ""


def bad_example(name: str, pointer: tuple[str, ...]) -> tuple[Any, str] | None:
    """Return a value that a keyword's schema refuses, and in which words; None where it takes anything."""
    key = pointer[-1]
    judge = judge_of({"properties": {key: inlined(name, at(name, pointer))}}, None)
    for value in _WRONG:
        found = violations_of(judge, {key: value}, shows_values=True)
        if found:
            return value, _words(found[0].message, found[0].hint)
    try:
        compile_text("${ nobody }", ALL_NAMES)
    except ExpressionError as error:
        return None if key in _DATA else ("${ nobody }", error.message)
    return None


# Keys whose values are data: nothing is worked out there.
_DATA = frozenset({"example", "value", "const"})


def _names() -> Iterator[str]:
    yield "## Names\n\nWhat an expression can read depends on where it stands.\n\n| name | what it is |\n| --- | --- |"
    for name, words in NAMES.items():
        yield f"| `{name}` | {words} |"
    yield "\n| file | place | names there | refused, for example |\n| --- | --- | --- | --- |"
    for kind, places in _NAMES.items():
        for pointer in sorted(places):
            known = names_for(kind, pointer)
            yield f"| {kind} | `{'.'.join(pointer)}` | {_listed(known)} | {_foreign(known)} |"
    yield ""


def _foreign(known: frozenset[str]) -> str:
    odd = sorted(ALL_NAMES - known)
    if not odd:
        return ""
    try:
        compile_text(f"${{ {odd[0]} }}", known)
    except ExpressionError as error:
        return f"`${{ {odd[0]} }}`: {error.message}"
    raise AssertionError(f"{odd[0]} is known")


def _listed(words: frozenset[str]) -> str:
    return " ".join(f"`{word}`" for word in sorted(words))


def _filters() -> Iterator[str]:
    yield "## Filters\n"
    for name in FILTERS:
        yield f"### {name}\n\n{_about(FILTERS[name].apply)}\n"
        source, given = EXAMPLES_OF_FILTERS[name]
        yield f"{_right(source, given)}{_wrong_filter(name, source, given)}\n"


def _tests() -> Iterator[str]:
    yield "## Tests\n"
    for name in TEST_NAMES:
        words = _about(TESTS[name]) if name in TESTS else "Whether a whole text fits a regular expression."
        source, given = EXAMPLES_OF_TESTS[name]
        wrong = f"`${{ inputs.x is {name}s }}`: {refusal(f'inputs.x is {name}s', {})}"
        yield f"### {name}\n\n{words}\n\n{_right(source, given)}Refused: {wrong}.\n"


def _about(function: Any) -> str:
    return (
        str(function.__doc__ or "")
        .partition("\n")[0]
        .replace("Return whether", "Whether")
        .replace("Return", "Gives")
        .replace("ABSENT", "nothing")
    )


def _right(source: str, given: Any) -> str:
    value = worked_out(source, {} if given is None else {"x": given})
    shown = "nothing at all" if value is ABSENT else f"`{json.dumps(_plain(value), ensure_ascii=False)}`"
    where = "" if given is None else f", where `inputs.x` is `{json.dumps(given, ensure_ascii=False)}`"
    return f"Right: `${{ {source} }}` gives {shown}{where}.\n\n"


def worked_out(source: str, inputs: dict[str, Any]) -> Any:
    """Return the value of an expression that reads `inputs`."""
    return compile_text(f"${{ {source} }}", frozenset({"inputs"})).render({"inputs": inputs})


def refusal(source: str, inputs: dict[str, Any]) -> str | None:
    """Return in which words an expression is refused, or None if it is not."""
    try:
        worked_out(source, inputs)
    except (ExpressionError, EvaluationError, UrlError) as error:
        return _words(str(error.message), error.hint)
    return None


def _wrong_filter(name: str, source: str, given: Any) -> str:
    """Return a bad example of a filter: a value it cannot take, or else a value in brackets too many."""
    for odd in _ODD if given is not None else ():
        words = refusal(source, {"x": odd})
        if words:
            return f"Refused: the same where `inputs.x` is `{json.dumps(odd)}`: {words}."
    many = f"inputs.x | {name}('a', 'b', 'c')"
    return f"Refused: `${{ {many} }}`: {refusal(many, {})}."


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _words(message: str, hint: str | None) -> str:
    text = f"{message} ({hint})" if hint and len(hint) < 120 else message
    return " ".join(text.split())


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).rstrip("\n")


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1].replace('"', "", 2)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

"""What a schema objects to, said so that somebody who never saw a schema can act on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Pointer = tuple[str | int, ...]

_LISTED = 40
NO_EXPRESSION = "must be one expression"
# What the patterns of the language's own schemas ask for.
_FORMS = {
    r"^\$\{[\s\S]*\}$": NO_EXPRESSION,
    r"^(/|\$\{)": "must start with a slash",
    r"^https://": "must start with https://",
    r"^[A-Za-z0-9_-][A-Za-z0-9_/-]*\.[a-z]+$": "must be a file below this folder",
}
_KINDS = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a map of keys and values",
    "array": "a list",
    "null": "empty",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a value does not fit.

    Attributes:
        pointer: Keys and indexes that lead to the place; with `additionalProperties` and
            `propertyNames` to the key that should not be there.
        message: What is wrong, in plain words.
        hint: What would be right, or None.
        keyword: The schema keyword that objects.
    """

    pointer: Pointer
    message: str
    hint: str | None
    keyword: str


def violations_of(judge: Any, value: Any, *, shows_values: bool) -> list[Violation]:
    """Return what a jsonschema validator objects to.

    Args:
        judge: A validator of `bounded`.
        value: What is judged.
        shows_values: Whether messages may quote the value; never for what users enter.
    """
    from connector_runtime.language.schemas.bounded import TooCostlyError, errors_of  # noqa: PLC0415

    try:
        errors = errors_of(judge, value)
    except TooCostlyError:
        message = "the value is nested too deeply to be checked"
        return [Violation((), message, "make it simpler", "depth")]
    root = judge.schema.get("properties", {}) if isinstance(judge.schema, Mapping) else {}
    teller = _Teller(root, shows_values=shows_values)
    found = [violation for error in errors for violation in teller.tell(error, ())]
    wrong_types = {violation.pointer for violation in found if violation.keyword == "type"}
    return [
        violation
        for violation in dict.fromkeys(found)
        if not teller.explains(violation)
        and (violation.keyword == "type" or violation.pointer not in wrong_types)
    ]


class _Teller:
    def __init__(self, root: Mapping[str, Any], *, shows_values: bool) -> None:
        self.root = root
        self.shows_values = shows_values
        self.misspelt: dict[Pointer, set[str]] = {}
        self.missing: dict[Violation, set[str]] = {}

    def explains(self, violation: Violation) -> bool:
        """Return whether a misspelt key beside it explains what is missing: one mistake, not two."""
        return bool(self.missing.get(violation, set()) & self.misspelt.get(violation.pointer, set()))

    def tell(self, error: Any, above: Pointer) -> Iterator[Violation]:
        """Give the violations that one error of the library amounts to."""
        pointer = (*above, *error.path)
        keyword = error.validator or "false"
        if keyword in {"anyOf", "oneOf"}:
            yield from self._branches(error, pointer)
        elif keyword in {"additionalProperties", "unevaluatedProperties"}:
            yield from self._unknown_keys(error, pointer, keyword)
        elif keyword == "required":
            yield self._missing(error, pointer)
        elif keyword == "dependentRequired":
            yield from _dependents(error, pointer)
        else:
            words = _WORDS.get(keyword, _other)
            message, hint = words(self, error, name_of(pointer))
            is_about_key = getattr(error, "is_about_key", False)
            yield Violation(pointer, message, hint, "propertyNames" if is_about_key else keyword)

    def value(self, value: Any) -> str:
        """Return how to speak of a value."""
        kind = _kind(value)
        if not self.shows_values or isinstance(value, Mapping | list | tuple) or value is None:
            return "nothing" if value is None else kind
        if isinstance(value, bool):
            return "true" if value else "false"
        text = str(value) if len(str(value)) <= _LISTED else f"{str(value)[:_LISTED]}…"
        return f"the text `{text}`" if isinstance(value, str) else f"the number {text}"

    def _missing(self, error: Any, pointer: Pointer) -> Violation:
        names = [name for name in error.validator_value if name not in error.instance]
        # The library gives one error a name, each with the name in quotes.
        name = next((name for name in names if error.message.startswith(repr(name))), names[0])
        definition = error.schema.get("properties", {} if pointer else self.root).get(name)
        hint = definition.get("description") if isinstance(definition, Mapping) else None
        violation = Violation(pointer, f"`{name}` is missing{_because(error)}", hint, "required")
        self.missing[violation] = {name}
        return violation

    def _unknown_keys(self, error: Any, pointer: Pointer, keyword: str) -> Iterator[Violation]:
        import re  # noqa: PLC0415

        known = sorted(_known_keys(error.schema))
        patterns = error.schema.get("patternProperties", {})
        for key in error.instance:
            if key in known or any(re.search(pattern, key) for pattern in patterns):
                continue
            hint = meant(key, known, "keys here")
            self.misspelt.setdefault(pointer, set()).update(_near(key, known))
            yield Violation((*pointer, key), f"there is no key `{key}` here", hint, keyword)

    def _branches(self, error: Any, pointer: Pointer) -> Iterator[Violation]:
        branches = error.validator_value
        wanted = [_only_required(branch) for branch in branches]
        if all(wanted):
            names = [name for branch in wanted for name in branch]
            violation = _one_of_keys(error, pointer, names)
            self.missing[violation] = set(names)
            yield violation
        elif not error.context:
            message = f"{name_of(pointer)} can be read in more than one way"
            yield Violation(pointer, message, None, error.validator)
        else:
            for inner in _nearest_branch(error):
                yield from self.tell(inner, pointer)


def meant(word: str, known: Iterable[str], what: str) -> str | None:
    """Return "did you mean …?" and a list of what is known, or None where nothing is."""
    from connector_runtime.language.expressions.grammar import names_hint  # noqa: PLC0415

    words = list(known)
    return names_hint(word, words, what=what) if words else None


def _near(word: str, known: Iterable[str]) -> list[str]:
    import difflib  # noqa: PLC0415

    return difflib.get_close_matches(word, list(known), n=1)


def name_of(pointer: Pointer) -> str:
    """Return how to call what a pointer leads to."""
    if not pointer:
        return "the value"
    last = pointer[-1]
    if isinstance(last, str):
        where = next((step for step in reversed(pointer[:-1]) if isinstance(step, int)), None)
        return f"`{last}`" if where is None else f"`{last}` in entry {where + 1}"
    owner = next((step for step in reversed(pointer) if isinstance(step, str)), None)
    return f"entry {last + 1} of `{owner}`" if owner is not None else f"entry {last + 1}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    for types, words in (
        (str, "a text"),
        (int, "a whole number"),
        (Mapping, "a map"),
        (list | tuple, "a list"),
    ):
        if isinstance(value, types):
            return words
    return "nothing" if value is None else "a number"


def _because(error: Any) -> str:
    """Return under which condition something is needed: " where `kind` is dog"."""
    condition = getattr(error, "because", None)
    if not isinstance(condition, Mapping):
        return ""
    reasons = []
    for name, schema in condition.get("properties", {}).items():
        values = [schema["const"]] if "const" in schema else schema.get("enum", [])
        if values:
            shown = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
            reasons.append(f"`{name}` is {' or '.join(shown)}")
    reasons = reasons or [f"`{name}` is given" for name in condition.get("required", [])]
    return f" where {' and '.join(reasons)}" if reasons else ""


def _example(error: Any) -> str | None:
    """Return an example of what a schema wants, else its description."""
    if not isinstance(error.schema, Mapping):
        return None
    example = next(iter(error.schema.get("examples", ())), None)
    if isinstance(example, str | int | float) and not isinstance(example, bool):
        return f"for example {example}"
    if isinstance(example, Mapping) and len(example) == 1 and isinstance(next(iter(example.values())), str):
        return "for example " + "".join(f"{{ {key}: {value} }}" for key, value in example.items())
    text = error.schema.get("description")
    return text if isinstance(text, str) else None


def _known_keys(schema: Any) -> set[str]:
    if not isinstance(schema, Mapping):
        return set()
    found = set(schema.get("properties", ()))
    for part in (*schema.get("allOf", ()), schema.get("then"), schema.get("else")):
        found |= _known_keys(part)
    return found


def _only_required(branch: Any) -> list[str]:
    return branch["required"] if isinstance(branch, Mapping) and set(branch) == {"required"} else []


def _one_of_keys(error: Any, pointer: Pointer, names: list[str]) -> Violation:
    there = [name for name in names if name in error.instance] if isinstance(error.instance, Mapping) else []
    listed = ", ".join(f"`{name}`" for name in names)
    if there and error.validator == "oneOf":
        shown = " and ".join(f"`{name}`" for name in there)
        message = f"{shown} stand side by side, where one of them is possible"
        return Violation((*pointer, there[-1]), message, "keep one of them", "oneOf")
    return Violation(pointer, f"one of {listed} is missing", f"add one of them: {listed}", error.validator)


def _dependents(error: Any, pointer: Pointer) -> Iterator[Violation]:
    for name, needed in error.validator_value.items():
        for other in needed:
            if name in error.instance and other not in error.instance and f"{other!r} is" in error.message:
                message = f"`{name}` has no meaning without `{other}`"
                hint = f"add `{other}`, or take `{name}` out"
                yield Violation((*pointer, name), message, hint, "dependentRequired")


def _nearest_branch(error: Any) -> list[Any]:
    """Return the errors of the alternative that was probably meant: the one that fits best."""
    by_branch: dict[int, list[Any]] = {}
    for inner in error.context:
        by_branch.setdefault(inner.schema_path[0], []).append(inner)

    def distance(errors: list[Any]) -> tuple[int, int]:
        is_another_kind = any(
            error.validator == "type" if not error.path else error.validator in {"const", "enum"}
            for error in errors
            if len(error.path) < 2
        )
        return (is_another_kind, len(errors))

    return min(by_branch.values(), key=distance)


def _type(teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    kinds = list(dict.fromkeys(_KINDS[kind] for kind in wanted))
    hint = None
    value = error.instance
    if wanted == ["boolean"] and isinstance(value, str):
        hint = "write true or false, without quotes"
    elif isinstance(value, str) and value.startswith("${"):
        hint = "an expression is not possible here"
    elif "string" in wanted and isinstance(value, bool | int | float):
        hint = f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    elif value is None:
        hint = "leave the key out, or give it a value"
    elif wanted == ["array"] and isinstance(value, str | int | float) and teller.shows_values:
        hint = f"write it as a list: [{value}]"
    elif "pattern" in error.schema or (wanted == ["object"] and error.path and error.schema.get("examples")):
        hint = _example(error)
    return f"{name} must be {' or '.join(kinds)}, and is {teller.value(value)}", hint


def _enum(teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
    possible = [value if isinstance(value, str) else str(value) for value in error.validator_value]
    hint = meant(str(error.instance), possible, "possible")
    if getattr(error, "is_about_key", False):
        return f"there is no key `{error.instance}` here", hint
    if not teller.shows_values:
        return f"{name} has a value that is not possible", hint
    value = error.instance
    return f"{name} cannot be {f'`{value}`' if isinstance(value, str) else teller.value(value)}", hint


def _const(_teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
    if getattr(error, "is_about_key", False):
        return f"`{error.instance}` cannot stand beside `{error.validator_value}`", None
    return f"{name} must be {_shown_constant(error.validator_value)}{_because(error)}", None


def _shown_constant(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"`{value}`"


def _pattern(_teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
    if getattr(error, "is_about_key", False):
        return (
            f"`{error.instance}` cannot be a key",
            "a key has letters, digits, _ and -, and starts with a letter",
        )
    words = _FORMS.get(error.validator_value, "does not have the right form")
    return f"{name} {words}", _example(error)


def _bound(words: str) -> Callable[[_Teller, Any, str], tuple[str, str | None]]:
    def tell(_teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
        return f"{name} {words.format(error.validator_value)}", None

    return tell


def _count(most: str, *, least: bool) -> Callable[[_Teller, Any, str], tuple[str, str | None]]:
    def tell(_teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
        limit = error.validator_value
        size = len(error.instance)
        if least and limit == 1:
            return f"{name} must not be empty", None
        word = "at least" if least else "at most"
        unit = most if limit != 1 else most.rstrip("s").replace("entrie", "entry")
        return f"{name} has {size:,} {most}, and may have {word} {limit:,} {unit}", None

    return tell


def _unique(_teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
    places = [int(place) + 1 for place in error.message.split(",") if place.isdigit()]
    which = f"entries {places[0]} and {places[1]}" if len(places) == 2 else "two entries"
    return f"{which} of {name} are the same", "keep one of them"


def _not(_teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
    refused = error.validator_value
    if (
        isinstance(refused, Mapping)
        and set(refused) <= {"required", "description", "type"}
        and refused.get("required")
    ):
        names = " and ".join(f"`{key}`" for key in refused["required"])
        if " and " in names:
            return f"{names} cannot be given together{_because(error)}", "keep one of them"
        return f"{names} cannot be given{_because(error)}", "take it out"
    return f"{name} has a value that is not allowed{_because(error)}", None


def _false(_teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
    return f"{name} is not possible here{_because(error)}", None


def _other(_teller: _Teller, error: Any, name: str) -> tuple[str, str | None]:
    return f"{name} does not fit (`{error.validator}`)", None


_WORDS: dict[str, Callable[[_Teller, Any, str], tuple[str, str | None]]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "minimum": _bound("must be at least {}"),
    "maximum": _bound("must be at most {}"),
    "exclusiveMinimum": _bound("must be more than {}"),
    "exclusiveMaximum": _bound("must be less than {}"),
    "multipleOf": _bound("must be a multiple of {}"),
    "minLength": _count("characters", least=True),
    "maxLength": _count("characters", least=False),
    "minItems": _count("entries", least=True),
    "maxItems": _count("entries", least=False),
    "minProperties": _count("keys", least=True),
    "maxProperties": _count("keys", least=False),
    "uniqueItems": _unique,
    "not": _not,
    "false": _false,
}

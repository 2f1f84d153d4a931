"""JSON and YAML as the runtime reads and writes them: every digit kept, no key twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.errors import DefinitionError
from connector_runtime.language.documents.document import JsonError, dump_json, parse_json, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JsonError", "dump_json", "parse_json", "parse_yaml", "read_yaml", "rendered"]


def parse_yaml(text: str, name: str = "Standard input") -> Any:
    """Return what a YAML text says, fractions with all their digits.

    Args:
        text: The text.
        name: What messages call it.

    Raises:
        DefinitionError: It is no YAML that component files may be; the message names the line.
    """
    from connector_runtime.language.documents.yaml_reader import read  # noqa: PLC0415  the parser is slow to load

    data, _, mistakes = read(text, exact=True)
    if mistakes:
        first = mistakes[0]
        raise DefinitionError(f"{name}, line {first.line + 1}: {first.message}.")
    return data


def rendered(node: Any, scope: Mapping[str, Any]) -> Any:
    """Return a document with its expressions worked out.

    Args:
        node: Texts, numbers, lists and maps; `${ … }` in texts are expressions of the language.
        scope: What the expressions may see, by name.

    Raises:
        Fault: An expression is none, or cannot be worked out.
    """
    from connector_runtime.language.templates import compile_node  # noqa: PLC0415  so is its compiler

    return compile_node(node, tuple(scope)).render(scope)

"""Inputs that were entered as JSON text."""

from __future__ import annotations

from typing import Any

from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.inputs.refusals import Refusal


def read_json(text: str, example: str) -> Any:
    """Return the value of a JSON text.

    Args:
        text: What was entered.
        example: JSON to show to whoever entered something else.

    Raises:
        Refusal: Not JSON; says in which line and column.
    """
    try:
        return parse_json(text, numbers="written")
    except JsonError as error:
        where = f"in line {error.line}, column {error.column}: {error.message}"
    raise Refusal(f"the text is not JSON, {where}.", f"Correct it there; JSON looks like {example}.")

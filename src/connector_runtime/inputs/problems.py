"""One thing that is wrong with what was entered, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from connector_runtime.errors import InputError


class InputProblem(NamedTuple):
    """One thing that is wrong with what was entered.

    Attributes:
        input: Key of the input, or None where several are at fault together.
        message: What is wrong, a sentence.
        hint: What to enter instead, or None.
    """

    input: str | None
    message: str
    hint: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as JSON: `{input, message, hint}`."""
        return self._asdict()

    @classmethod
    def all_of(cls, error: InputError) -> list[InputProblem]:
        """Return everything that an error tells."""
        told = error.details
        if isinstance(told, list) and all(isinstance(one, dict) and "message" in one for one in told):
            return [cls(one.get("input"), one["message"], one.get("hint")) for one in told]
        return [cls(error.input, error.message, error.hint)]

"""Which action was probably meant by a key that is none."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.model import Action

# Below this a guess is more often wrong than right; tried with misspelt keys.
LEAST_LIKENESS = 0.62
# Guesses that are clearly worse than the best one only distract.
BEHIND_BEST = 0.04
MOST_GUESSES = 3
WORD_MAX_CHARS = 100
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def near_actions(word: str, actions: Mapping[str, Action]) -> list[str]:
    """Return the keys that a word may stand for, the likeliest first.

    A word is compared as a whole, without regard to capitals and signs, and piece by piece:
    `create-record` means every action that creates a record.
    """
    wanted = word[:WORD_MAX_CHARS]
    likeness = {
        key: _likeness(wanted, key, f"{action.label} {action.effect}") for key, action in actions.items()
    }
    ranked = sorted(likeness, key=lambda key: (-likeness[key], key))
    if not ranked or likeness[ranked[0]] < LEAST_LIKENESS:
        return []
    least = max(LEAST_LIKENESS, likeness[ranked[0]] - BEHIND_BEST)
    return [key for key in ranked if likeness[key] >= least][:MOST_GUESSES]


def _likeness(word: str, key: str, about: str) -> float:
    given = _words(word)
    if not given:
        return 0.0
    known = {*_words(key), *_words(about)}
    by_piece = sum(max((_ratio(piece, one) for one in known), default=0.0) for piece in given) / len(given)
    as_whole = _ratio("".join(given), "".join(_words(key)))
    # Pieces alone say nothing of what else an action does: they count a little less.
    return max(as_whole, 0.95 * by_piece)


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _words(text: str) -> list[str]:
    return [piece.lower() for piece in _WORDS.findall(text)]

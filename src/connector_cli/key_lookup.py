"""What a key means: an action, a trigger, or probably another one."""

from __future__ import annotations

import re
import shlex
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_runtime.checks import locate
from connector_runtime.component import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime import Component
    from connector_runtime.component import Trigger

    Known = Mapping[str, Action | Trigger]

# Below this a guess is more often wrong than right; tried with misspelt keys.
LEAST_LIKENESS = 0.62
# Guesses that are clearly worse than the best one only distract.
BEHIND_BEST = 0.04
MOST_GUESSES = 3
WORD_MAX_CHARS = 100
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# What each command needs beside inputs, as an example.
_BESIDE = {
    "run": (),
    "poll": ("--state", "{key}.json"),
    "subscribe": ("--url", "https://hooks.example.com/{key}", "--state", "{key}.json"),
}


def any_of(component: Component, key: str) -> Action | Trigger:
    """Return an action or a trigger, or say which one was probably meant."""
    found = component.model.action(key) or component.triggers.get(key)
    if found is None:
        near = near_keys(key, {**component.actions, **component.triggers})
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        message = f"There is no action or trigger called `{key}`.{meant} `actions` lists them."
        raise click.UsageError(f"{message}{_another_here()}")
    return found


def action_of(component: Component, key: str) -> Action:
    """Return an action; of a trigger it is said what does with it what was wanted."""
    found = any_of(component, key)
    if isinstance(found, Action):
        return found
    verb = "poll" if "poll" in found.definition else "subscribe"
    raise click.UsageError(f"`{key}` is a trigger: use {verb}, as in `{_command(verb, key)}`.")


def trigger_of(component: Component, key: str, how: str) -> Trigger:
    """Return a trigger that is asked (`poll`) or that pushes (`webhook`)."""
    found = any_of(component, key)
    if isinstance(found, Action):
        raise click.UsageError(f"`{key}` is an action: use run, as in `{_command('run', key)}`.")
    if how not in found.definition:
        isnt, what, verb = {
            "poll": ("polled", "pushed", "subscribe"),
            "webhook": ("pushed", "polled", "poll"),
        }[how]
        raise click.UsageError(
            f"`{key}` is not {isnt}, but {what}: use {verb}, as in `{_command(verb, key)}`."
        )
    return found


def near_keys(word: str, known: Known) -> list[str]:
    """Return the keys that a word may stand for, the likeliest first.

    A word is compared as a whole, without regard to capitals and signs, and piece by piece:
    `create-record` means every action that creates a record.
    """
    wanted = word[:WORD_MAX_CHARS]
    likeness = {key: _likeness(wanted, key, _about(one)) for key, one in known.items()}
    ranked = sorted(likeness, key=lambda key: (-likeness[key], key))
    if not ranked or likeness[ranked[0]] < LEAST_LIKENESS:
        return []
    least = max(LEAST_LIKENESS, likeness[ranked[0]] - BEHIND_BEST)
    return [key for key in ranked if likeness[key] >= least][:MOST_GUESSES]


def _about(one: Action | Trigger) -> str:
    return f"{one.label} {one.effect}" if isinstance(one, Action) else one.label


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


def _command(verb: str, key: str) -> str:
    """Return the command that does what was wanted, with what was given already."""
    context = click.get_current_context()
    root, given = context.find_root(), context.params
    words = [
        *(("--component", root.params["component"]) if root.params.get("component") else ()),
        *(word for folder in root.params.get("add", ()) for word in ("--add", folder)),
        verb,
        key,
        *(word for pair in given.get("pairs", ()) for word in ("-i", pair)),
        *(("--inputs", given["file"]) if given.get("file") else ()),
        *(word.format(key=key) for word in _BESIDE[verb]),
        *(("--connection", given["connection"]) if given.get("connection") else ()),
    ]
    return f"{root.info_name} {shlex.join(words)}"


def _another_here() -> str:
    """Return a hint where the folder that one works in has a component, and another one was loaded."""
    chosen = click.get_current_context().obj.get("component")
    if chosen is None or not Path("component.yaml").is_file():
        return ""
    loaded = locate(chosen).resolve()
    if loaded == Path.cwd():
        return ""
    return f" The component comes from {loaded}; `--component .` takes the one of this folder."

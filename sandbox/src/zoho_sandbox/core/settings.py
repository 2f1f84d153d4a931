"""Named switches for what vendors leave open or what a test wants otherwise.

Each package declares its own in ``settings.yaml``: ``name: {default, about, choices?}``.
Names start with the package's own word: ``oauth.``, ``books.``, ``crm.``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, MutableMapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.jsontext import parse_json

if TYPE_CHECKING:
    from zoho_sandbox.core.state import State

_KIND, _ID = "sandbox/control", "settings"
_FOLDERS = (("core",), ("products", "books"), ("products", "crm"))


@cache
def definitions() -> Mapping[str, Mapping[str, Any]]:
    """Return every declared setting with its ``default``, ``about`` and ``choices``."""
    found: dict[str, Mapping[str, Any]] = {}
    for folder in _FOLDERS:
        path = (*folder, "settings.yaml")
        if files("zoho_sandbox").joinpath(*path).is_file():
            found.update(package_yaml("zoho_sandbox", *path))
    return found


class Settings(MutableMapping[str, Any]):
    """All settings: the changed ones from the state, the others by default."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._text: str | None = None
        self._changed: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        changed = self.changed()
        return changed[name] if name in changed else definitions()[name]["default"]

    def __setitem__(self, name: str, value: Any) -> None:
        _check(name, value)
        self._write({**self.changed(), name: value})

    def __delitem__(self, name: str) -> None:
        changed = dict(self.changed())
        del changed[name]
        self._write(changed)

    def __iter__(self) -> Iterator[str]:
        return iter(definitions())

    def __len__(self) -> int:
        return len(definitions())

    def changed(self) -> Mapping[str, Any]:
        """Return the settings that were changed."""
        text = self._state.text(_KIND, _ID)
        if text != self._text:
            self._text, self._changed = text, parse_json(text) if text else {}
        return self._changed

    def change(self, values: Mapping[str, Any]) -> None:
        """Set several at once, or none when one is wrong; None restores a default.

        Raises:
            ValueError: an unknown name, or a value that is no choice.
        """
        for name, value in values.items():
            _check(name, value)
        with self._state.transaction():
            merged = {**self.changed(), **values}
            self._write({name: value for name, value in merged.items() if value is not None})

    def _write(self, changed: Mapping[str, Any]) -> None:
        self._state.put(_KIND, _ID, changed)


def _check(name: str, value: Any) -> None:
    known = definitions()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ValueError(f"no setting {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    choices = known[name].get("choices")
    if choices and value is not None and value not in choices:
        raise ValueError(f"{name} is one of {choices}, not {value!r}")
    default = known[name]["default"]
    if not choices and value is not None and default is not None and not _fits(value, default):
        raise ValueError(f"{name} is like {default!r}, not {value!r}")


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, int | float):
        return isinstance(value, int | float)
    return isinstance(value, type(default))

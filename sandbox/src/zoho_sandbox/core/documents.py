"""YAML files that lie inside the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

# The C loader is ten times faster; it is absent where PyYAML was built without libyaml.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str | bytes) -> Any:
    """Return the value of a YAML (or JSON) text.

    Raises:
        ValueError: not YAML, with line and column.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as problem:
        raise ValueError(str(problem)) from problem


@cache
def package_yaml(package: str, *path: str) -> Any:
    """Return a YAML file of a package, read once per process; do not change the result."""
    return parse_yaml(files(package).joinpath(*path).read_bytes())

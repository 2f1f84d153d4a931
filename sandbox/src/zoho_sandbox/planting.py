"""Seed documents: what a fresh sandbox holds, and what is added to a running one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import package_yaml, parse_yaml
from zoho_sandbox.products.product import PRODUCTS, product

if TYPE_CHECKING:
    from zoho_sandbox.core.site import Site

_DEFAULT_PARTS = ("users.yaml", "books.yaml", "crm.yaml")
# Foundation parts of a document: where they are kept, and by which key.
_FOUNDATION = {
    "organizations": ("sandbox/organizations", "organization_id"),
    "users": ("sandbox/users", "id"),
    "clients": ("sandbox/clients", "client_id"),
}
_KNOWN = {*_FOUNDATION, *PRODUCTS, "settings"}


def seed_document(seed: str | Path | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document meant by ``"default"``, ``"empty"``, a file or a mapping.

    ``"empty"`` still has the users, organisations and the client: without them nobody
    could log in.
    """
    if isinstance(seed, Mapping):
        return seed
    if seed == "empty":
        return _part("users.yaml")
    if seed == "default":
        merged: dict[str, Any] = {}
        for name in _DEFAULT_PARTS:
            merged.update(_part(name))
        return merged
    return _checked(parse_yaml(Path(seed).read_text(encoding="utf-8")))


def plant(sandbox: Site, document: Mapping[str, Any]) -> None:
    """Put a seed document into the state, all of it or nothing.

    Raises:
        ValueError: an unknown part, or one that its owner refuses.
    """
    _checked(document)
    with sandbox.state.savepoint():
        for part, (kind, key) in _FOUNDATION.items():
            for record in document.get(part, ()):
                sandbox.state.put(kind, str(record[key]), record)
        sandbox.settings.change(document.get("settings", {}))
        for name in PRODUCTS:
            if name in document:
                product(name).seed(sandbox, document[name])


def _part(name: str) -> Mapping[str, Any]:
    if not files("zoho_sandbox").joinpath("seeds", name).is_file():
        return {}
    part: Mapping[str, Any] = package_yaml("zoho_sandbox", "seeds", name)
    return part


def _checked(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise TypeError("a seed document is a mapping")
    unknown = sorted(set(document) - _KNOWN)
    if unknown:
        raise ValueError(f"unknown part {unknown[0]!r}; a seed document has {sorted(_KNOWN)}")
    return document

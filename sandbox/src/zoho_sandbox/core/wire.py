"""What a product handler sees of a request, and what it answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from zoho_sandbox.core.forms import FormData, UploadedFile, parse_form
from zoho_sandbox.core.jsontext import dump_json, parse_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from zoho_sandbox.core.site import Site

__all__ = [
    "NOT_COVERED",
    "Answer",
    "Call",
    "FormData",
    "Grant",
    "Query",
    "UploadedFile",
    "allows",
    "dump_json",
    "parse_json",
]

# Beside the refusal that Zoho gives to an address it does not know: this one it may well know.
NOT_COVERED = ("X-Sandbox-Refused", "this address is not covered by the sandbox; see its coverage page")


class Query:
    """The query string as a multi-dictionary; order and repeats are kept."""

    __slots__ = ("_pairs",)

    def __init__(self, text: str = "") -> None:
        self._pairs = parse_qsl(text, keep_blank_values=True) if text else []

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of ``name``, or ``default``."""
        for key, value in self._pairs:
            if key == name:
                return value
        return default

    def all(self, name: str) -> list[str]:
        """Return every value of ``name``, in the order sent."""
        return [value for key, value in self._pairs if key == name]

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self._pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)


@dataclass(frozen=True, slots=True)
class Grant:
    """Who calls: the user, the client and the scopes behind an access token.

    ``organization_ids`` holds the user's Books organisations, the default one first.
    ``scopes`` keeps the spelling the client asked for; compare with :func:`allows`.
    """

    user_id: str
    user_name: str
    user_email: str
    scopes: frozenset[str]
    client_id: str
    organization_ids: tuple[str, ...]
    token_id: str


@dataclass(slots=True)
class Call:
    """One request to a product, already authenticated.

    ``path`` is decoded and starts below the product's prefix: ``/contacts/460``
    for ``/books/v3/contacts/460``, ``/Contacts/12`` for ``/crm/v8/Contacts/12``,
    ``/bulk/read`` for ``/crm/bulk/v8/read``. ``segments`` are its decoded parts, split
    before decoding, so an encoded slash stays inside its segment.
    The handler appends to ``effects`` what it changed:
    ``{"effect": "create", "kind": …, "id": …, "key": …}``.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: Query
    headers: Mapping[str, str]
    body: bytes
    version: str
    grant: Grant
    sandbox: Site
    effects: list[dict[str, Any]] = field(default_factory=list)
    _form: FormData | None = None

    @property
    def form(self) -> FormData:
        """The form body, parsed on first use; empty when the body is no form.

        Raises:
            ValueError: a broken multipart body.
        """
        if self._form is None:
            self._form = parse_form(self.headers.get("content-type", ""), self.body)
        return self._form

    def json(self) -> Any:
        """Return the body read as JSON, whatever its content type says.

        Raises:
            ValueError: the body is not JSON.
        """
        return parse_json(self.body)


@dataclass(slots=True)
class Answer:
    """A reply. A dict or list body is sent as JSON, Decimals digit-exact.

    Args:
        after: Awaited once the reply is sent, e.g. to deliver callbacks.
        cost: CRM credits this call uses when the credit limit is switched on.
    """

    status: int
    body: bytes | dict[str, Any] | list[Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json;charset=UTF-8"
    after: Callable[[], Awaitable[None]] | None = None
    cost: int = 1

    def payload(self) -> bytes:
        """Return the body as it goes over the wire."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return dump_json(self.body).encode()


def allows(scopes: frozenset[str], wanted: str) -> bool:
    """Say whether granted ``scopes`` cover one ``wanted`` scope.

    Upper and lower case are equal. ``X.ALL`` covers everything below ``X``,
    ``ZohoBooks.fullaccess.all`` everything of its product, ``ZohoCRM.modules.READ``
    the same verb of every module, and ``ZohoCRM.settings.fields`` any verb below it.
    WRITE and UPDATE are one verb: both edit, neither creates.

    source: https://www.zoho.com/crm/developer/docs/api/v7/upsert-records-ext.html
    """
    target = _scope_parts(wanted)
    return any(_covers(_scope_parts(scope), target) for scope in scopes)


def _scope_parts(scope: str) -> tuple[str, ...]:
    parts = scope.lower().split(".")
    if parts[-1] == "write":
        parts[-1] = "update"
    return tuple(parts)


def _covers(granted: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    if granted == wanted:
        return True
    if granted[1:] == ("fullaccess", "all"):
        return granted[0] == wanted[0]
    if granted[-1] == "all":
        return len(granted) <= len(wanted) and wanted[: len(granted) - 1] == granted[:-1]
    if len(granted) == 3 and len(wanted) == 4:
        is_same_verb = granted[2] == wanted[3]
        return granted[:2] == wanted[:2] and (is_same_verb or granted[2] == wanted[2])
    return False

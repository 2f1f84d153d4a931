"""One call as the handlers of Books see it: operation, organisation, body, records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer, Call, parse_json
from zoho_sandbox.products.books.records.store import Books, Record, module_named
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.fields import read_fields, refuse_unknown, require_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.products.books.rules.catalogue import Module, Operation

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(slots=True)
class Request:
    """One call, its place in the catalogue and the books it is about.

    ``ids`` are the path's values, left to right.
    ``call_operations`` are all operations of the path, by method.
    """

    call: Call
    operation: Operation
    module: Module
    books: Books
    ids: tuple[str, ...]
    call_operations: Mapping[str, Operation]
    _body: Any = field(default=None)

    @property
    def id(self) -> str:
        """The first id in the path."""
        return self.ids[0]

    def option(self, name: str, default: Any = None) -> Any:
        """Return one value of the operation's row of data."""
        return self.operation.options.get(name, default)

    # -- what came -----------------------------------------------------------------

    def body(self) -> dict[str, Any]:
        """Return the body, an object; an absent body is an empty one.

        Raises:
            RefusedError: not JSON (1038), or JSON that is no object (4).
        """
        body = self.any_body()
        if not isinstance(body, dict):
            raise refusal("missing_value", value="JSONString")
        return body

    def checked_body(self) -> dict[str, Any]:
        """Return the body with its documented fields in their types, others as sent.

        Raises:
            RefusedError: a required field missing, or a wrong value.
        """
        values = self.body_fields()
        require_fields(self.option("body", {}), values)
        return values

    def body_fields(self) -> dict[str, Any]:
        """Return the body like :meth:`checked_body`, with nothing required."""
        specs = self.option("body", {})
        if specs and self.books.setting("unknown_fields") == "refused":
            refuse_unknown(specs, self.body(), ("custom_fields",))
        return {**self.body(), **read_fields(specs, self.body())}

    def any_body(self) -> Any:
        """Return the body, whatever JSON it is: sent as JSON or as form field JSONString.

        Raises:
            RefusedError: code 1038.
        """
        if self._body is None:
            text = self._json_text()
            try:
                self._body = parse_json(text) if text.strip() else {}
            except ValueError as problem:
                raise refusal("not_json") from problem
        return self._body

    def _json_text(self) -> str | bytes:
        content_type = self.call.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in _FORMS:
            return self.call.body or self.call.query.get("JSONString") or b""
        try:
            form = self.call.form
        except ValueError as problem:
            raise refusal("not_json") from problem
        text = form.get("JSONString")
        if text is None and self.call.body.lstrip()[:1] in (b"{", b"["):
            # choice: bare JSON is read whatever its content type; scripts often name none.
            return self.call.body
        if text is None and form.fields:
            # source: live, form pairs instead of JSON are code 1038
            raise refusal("not_json")
        return text or ""

    # -- records ---------------------------------------------------------------------

    def record(self, record_id: str | None = None, module: Module | None = None) -> Record:
        """Return the record a path names.

        Raises:
            RefusedError: 404; code 5 when the id is not of digits, else the unknown-record code.
        """
        module = module or self.module
        wanted = self.id if record_id is None else record_id
        found = self.books.get(module.name, wanted)
        if found is None:
            raise self.unknown(module.noun, wanted)
        return found

    def unknown(self, noun: str, record_id: str) -> Exception:
        """Return the refusal of an id that names nothing."""
        if not record_id.isdigit():
            return refusal("unknown_resource")
        return refusal("not_found", value=noun, code=self.books.setting("not_found_code"))

    def other(self, name: str) -> Module:
        """Return another module of the catalogue."""
        return module_named(name)

    # -- what goes back ----------------------------------------------------------------

    def answer(self, **payload: Any) -> Answer:
        """Return the operation's own status and message with a payload."""
        body = {"code": 0, "message": self.operation.say, **payload}
        return Answer(self.operation.status, body)

    def note(self, effect: str, record_id: str, *, kind: str | None = None, key: str = "") -> None:
        """Tell the ledger what this call changed."""
        what = kind or self.module.name
        self.call.effects.append({"effect": effect, "kind": what, "id": record_id, "key": key})

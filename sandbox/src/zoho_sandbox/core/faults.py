"""Planted faults: which request they meet, and how it then goes wrong."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.exchange import BANNER, Reply, Request, Wire
from zoho_sandbox.core.jsontext import dump_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.site import Site

_KIND, _ID = "sandbox/control", "faults"
# With these the product does its work, unless `commit` says otherwise.
_COMMITS = {"delay", "drip", "truncate", "wrong_json", "expire_token", "plant"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault, checked; field meanings are in ``faults.yaml``."""

    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return which kind of fault this is."""
        return str(self.spec["fault"])

    def value(self, field: str) -> Any:
        """Return a field as planted, or its default."""
        return self.spec.get(field, _fields()[field]["default"])

    @property
    def commits(self) -> bool:
        """Whether the product still does its work."""
        return bool(self.spec.get("commit", self.name in _COMMITS))

    @property
    def wait_before_s(self) -> float:
        """Seconds before the request is handled."""
        return 0.0 if self.value("after_work") else float(self.value("delay_s"))

    @property
    def wait_after_s(self) -> float:
        """Seconds between the work and the reply."""
        return float(self.value("delay_s")) if self.value("after_work") else 0.0

    def spoil(self, reply: Reply | None) -> Reply:
        """Return what is sent instead of the honest reply (None when nothing was done)."""
        made = _SPOILERS[self.name](self, reply) if self.name in _SPOILERS else reply
        return made or Reply(503, [BANNER])


class Faults:
    """The schedule, kept in the state so that every process sees it."""

    def __init__(self, sandbox: Site) -> None:
        self._sandbox = sandbox
        self._state = sandbox.state

    def plant(self, *specs: Mapping[str, Any]) -> None:
        """Add faults to the schedule, all of them or none.

        Raises:
            ValueError: an unknown fault, field or value.
        """
        for spec in specs:
            _check(spec)
        with self._state.transaction():
            planted = self.planted()
            for spec in specs:
                n = self._state.number("sandbox/fault")
                planted.append({"n": n, "met": 0, "fired": 0, **spec})
            self._write(planted)

    def planted(self) -> list[dict[str, Any]]:
        """Return the schedule; ``met`` and ``fired`` count matching and spoiled requests."""
        stored = self._state.get(_KIND, _ID)
        return list(stored["faults"]) if stored else []

    def clear(self) -> None:
        """Forget the schedule."""
        self._state.delete(_KIND, _ID)

    def next_for(self, request: Request) -> Fault | None:
        """Return the first fault that meets this request now, and count it."""
        if self._state.text(_KIND, _ID) is None:
            return None
        with self._state.transaction():
            planted = self.planted()
            chosen = self._choose(planted, request)
            self._write(planted)
        return chosen

    def _choose(self, planted: list[dict[str, Any]], request: Request) -> Fault | None:
        for spec in planted:
            fault = Fault(spec)
            if not _meets(fault, request):
                continue
            spec["met"] += 1
            # Counted before it is asked whether it fires: `skip` and the lottery both go by the count.
            if spec["met"] <= fault.value("skip") or _is_spent(fault):
                continue
            if self._lot(spec) < float(fault.value("probability")):
                spec["fired"] += 1
                return fault
        return None

    def _lot(self, spec: Mapping[str, Any]) -> float:
        """Draw a number in [0, 1) that depends on the seed and the count alone."""
        text = f"{self._sandbox.random_seed}/{spec['n']}/{spec['met']}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56

    def _write(self, planted: list[dict[str, Any]]) -> None:
        if planted:
            self._state.put(_KIND, _ID, {"faults": planted})


def _fields() -> Mapping[str, Any]:
    fields: Mapping[str, Any] = package_yaml("zoho_sandbox.core", "faults.yaml")["fields"]
    return fields


def _kinds() -> Mapping[str, Any]:
    kinds: Mapping[str, Any] = package_yaml("zoho_sandbox.core", "faults.yaml")["faults"]
    return kinds


def _meets(fault: Fault, request: Request) -> bool:
    method = str(fault.value("method")).upper()
    if method not in ("*", request.method):
        return False
    return fnmatchcase(request.path, str(fault.value("path")))


def _is_spent(fault: Fault) -> bool:
    count = fault.value("count")
    return count is not None and fault.spec["fired"] >= count


def _check(spec: Mapping[str, Any]) -> None:
    name = spec.get("fault")
    if name not in _kinds():
        raise ValueError(f"no fault {name!r}; there are {sorted(_kinds())}")
    for field, value in spec.items():
        if field == "fault":
            continue
        if field not in _fields():
            near = difflib.get_close_matches(field, _fields(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"a fault has no {field!r}{hint}")
        kind = _fields()[field]["type"]
        if not _is_a(value, kind):
            raise ValueError(f"{field} of a fault is {kind}, not {value!r}")
        choices = _fields()[field].get("choices")
        if choices and value not in choices:
            raise ValueError(f"{field} of a fault is one of {choices}, not {value!r}")


def _is_a(value: Any, kind: str) -> bool:
    if kind == "any":
        return True
    if kind == "count" and value is None:
        return True
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    if kind in ("number", "count"):
        try:
            return float(value) >= 0 and not isinstance(value, str)
        except (TypeError, ValueError):
            return False
    return isinstance(value, dict if kind == "mapping" else str)


# -- how each fault spoils a reply -------------------------------------------------


def _replace(fault: Fault, _: Reply | None) -> Reply:
    body = fault.value("body")
    data = body.encode() if isinstance(body, str) else dump_json(body).encode()
    kind = fault.value("content_type")
    extra = [(name, str(value)) for name, value in fault.value("headers").items()]
    return Reply(int(fault.value("status")), [BANNER, ("Content-Type", kind), *extra], data)


def _html(fault: Fault, _: Reply | None) -> Reply:
    status = int(fault.value("status"))
    page = f"<html><head><title>{status}</title></head><body><h1>Error {status}</h1></body></html>"
    return Reply(status, [BANNER, ("Content-Type", "text/html;charset=UTF-8")], page.encode())


def _drop(fault: Fault, _: Reply | None) -> Reply:
    return Reply(0, wire=Wire(close=True, reset=bool(fault.value("reset"))))


def _truncate(fault: Fault, reply: Reply | None) -> Reply:
    reply = reply or Reply(200, [BANNER])
    keep = int(fault.value("keep_bytes"))
    kept = min(keep, max(len(reply.body) - 1, 0))
    reply.wire = Wire(keep_bytes=kept, reset=bool(fault.value("reset")))
    return reply


def _drip(fault: Fault, reply: Reply | None) -> Reply:
    reply = reply or Reply(200, [BANNER])
    size = max(int(fault.value("drip_bytes")), 1)
    reply.wire = Wire(drip_bytes=size, drip_every_s=float(fault.value("drip_every_s")))
    return reply


def _wrong_json(_: Fault, reply: Reply | None) -> Reply:
    reply = reply or Reply(200, [BANNER])
    # The last byte of an object is its closing brace; without it the text is no JSON,
    # although the length is announced rightly and the status is the honest one.
    reply.body = reply.body[:-1] if reply.body else b'{"data":'
    return reply


def _raw(fault: Fault, _: Reply | None) -> Reply:
    return Reply(0, wire=Wire(raw=str(fault.value("body")).encode("utf-8", "surrogateescape")))


_SPOILERS = {
    "status": _replace,
    "body": _replace,
    "html": _html,
    "drop": _drop,
    "truncate": _truncate,
    "drip": _drip,
    "wrong_json": _wrong_json,
    "raw": _raw,
}

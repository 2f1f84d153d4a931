"""A whole session on the fault server, over each wire and driver, so that promises are seen from outside."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import httpx

from connector_runtime.component.component import Component
from engine.shop import INPUTS, action, model_of
from faults.conftest import WIRES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.conversation.replies.results import Result
    from connector_runtime.definition.model import Model
    from faults.faultserver import FaultServer

# Driver and wire: the fast one, httpx's transports over sockets of ours, or a transport of httpx's that is given.
WAYS = (*WIRES, "sync given", "async given")
NAME = "desk"
LOCAL = {
    "connection": "local",
    "label": "Local",
    "loopback": True,
    "inputs": {
        "port": {"type": "integer", "label": "Port", "required": True},
        "clientSecret": {"type": "secret", "label": "Secret", "required": True},
    },
    "choose": {
        "site": {"rows": {"here": {"api": "http://127.0.0.1:${ inputs.port }"}}, "first": [{"key": "here"}]}
    },
    "oauth2": {
        "grants": ["refresh_token"],
        "tokenUrl": "${ connection.site.api }/token",
        "clientId": "client",
        "clientSecret": "${ secrets.clientSecret }",
        "ok": "${ reply.json.access_token is defined }",
    },
    "apply": {"headers": {"Authorization": "Bearer ${ token.access_token }"}, "hosts": ["${ connection.site.api }"]},
    "examples": {"one": {"fields": {"port": 1, "clientSecret": "client-secret-1"}, "token": {"access_token": "t"}}},
}  # fmt: skip
FORM = {"type": "string", "label": "Form", "default": "json"}
# Says yes with 200 and a code other than 0 when it means no, as some vendors do.
FETCH = action(
    "read",
    inputs=INPUTS | {"form": FORM},
    request={"service": "api", "method": "GET", "path": "/report"},
    reply={"as": "${ inputs.form }", "ok": "${ reply.status < 300 and (reply.json.code is not defined or reply.json.code == 0) }"},
)  # fmt: skip
UPLOAD = action(
    "create",
    inputs=INPUTS | {"file": {"type": "file", "label": "File", "required": True}},
    request={
        "service": "api",
        "method": "POST",
        "path": "/files",
        "body": {"multipart": {"file": "${ inputs.file }"}},
    },
    examples={
        "one": {"label": "One", "inputs": {"file": "x"}, "reply": {"status": 200, "json": {"id": "7"}}}
    },
)


class Desk:
    """One session; `run` does its only action.

    Attributes:
        way: One of `WAYS`.
        session: The session, of the kind that the way says.
    """

    def __init__(
        self, way: str, server: FaultServer, model: Model, *, store: Any = None, **token: Any
    ) -> None:
        self.way = way
        fields = {"port": server.port, "clientSecret": token.pop("client_secret", "client-secret-1")}
        given = {"key": "local", "name": NAME, "fields": fields, "token": {"access_token": "token-1"} | token}
        options: dict[str, Any] = {"trust_paths": True, "token_store": store}
        if way.endswith("given"):
            kind = httpx.HTTPTransport if way.startswith("sync") else httpx.AsyncHTTPTransport
            # A context that knows no authority is made in no time, and never asked here.
            options["transport"] = kind(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        else:
            options["transport"] = way.partition(" ")[2] or None
        component = Component(model)
        self._runner = asyncio.Runner() if way.startswith("async") else None
        open_ = component.async_session if self._runner else component.session
        self.session: Any = open_(given, **options)

    def run(self, inputs: Mapping[str, Any] | None = None, **how: Any) -> Result:
        """Do the action."""
        if self._runner is None:
            return self.session.run("order", inputs or {}, **how)
        return self._runner.run(self.session.run("order", inputs or {}, **how))

    def spent(self, coroutine: Any) -> Any:
        """Run something else in the session's event loop."""
        assert self._runner is not None
        return self._runner.run(coroutine)

    def close(self) -> None:
        """Close the session, its transport and its event loop."""
        transport = self.session._options.transport
        is_given = transport is not None and not isinstance(transport, str)
        if self._runner is None:
            self.session.close()
            if is_given:
                transport.close()
            return
        self._runner.run(self.session.aclose())
        if is_given:
            self._runner.run(transport.aclose())
        self._runner.close()


def fetching() -> Model:
    """Return a component whose action reads a report, in the form that is asked for."""
    return model_of(FETCH, connection=LOCAL)


def uploading() -> Model:
    """Return a component whose action sends a file."""
    return model_of(UPLOAD, connection=LOCAL)

"""A small integration platform: it shows forms, logs people in, runs actions and takes pushes.

It is what a platform does around a component and nothing more: what it keeps lies in a dictionary,
and nobody has to prove who they are. The guide `docs/guides/platform.md` walks through it.

    COMPONENT=name uvicorn --factory examples.platform_starlette.app:create
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from connector_runtime import AsyncSession, Component, Event, Seen
from connector_runtime.errors import ConnectorError
from connector_runtime.logins import Authorization

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

# Who must act decides what HTTP status says so; the kinds that are not here are the vendor's: 502.
STATUSES = {
    "input": 422, "validation": 422, "duplicate": 409, "conflict": 409, "not_found": 404,
    "config": 424, "auth_expired": 424, "auth_revoked": 424, "auth_throttled": 503, "permission": 403,
    "rate_limited": 503, "quota_exhausted": 503, "limit": 413, "unsupported": 501, "timeout": 504,
    "definition": 500,
}  # fmt: skip


class Shared:
    """A session of many calls; given up, it is closed once the last of them has ended."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._users = 0
        self._is_given_up = False

    async def __aenter__(self) -> AsyncSession:
        self._users += 1
        return self._session

    async def __aexit__(self, *_exc: object) -> None:
        self._users -= 1
        await self._close_if_done()

    async def end(self) -> None:
        """Give the session up."""
        self._is_given_up = True
        await self._close_if_done()

    async def _close_if_done(self) -> None:
        if self._is_given_up and not self._users:
            await self._session.aclose()


class Platform:
    """What the platform keeps, and the sessions that are open.

    Attributes:
        component: The version that new sessions are opened with.
        connections: Stored connections by the tenant's name: seal them where they are kept for good.
        subscriptions: What `session.subscribe(…).to_dict()` gave, by the tenant's name.
        begun: Logins that a person has not come back from, by their `state`.
        events: How often each kind of event ended how.
        told: The changes that pushes have told.
    """

    def __init__(self, component: Component, **options: Any) -> None:
        self.component = component
        self.connections: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.begun: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {}
        self.events: Counter[tuple[str, str]] = Counter()
        self.told: list[dict[str, Any]] = []
        self._options = options
        self._sessions: dict[str, Shared] = {}
        self._seen: dict[str, Seen] = {}

    def session(self, tenant: str) -> Shared:
        """Return the tenant's session; one serves all of its calls at once."""
        if tenant not in self._sessions:

            async def keep(token: dict[str, Any]) -> None:
                self.connections[tenant] = {**self.connections[tenant], "token": token}

            hooks: dict[str, Any] = {"on_token": keep, "on_event": self._count}
            session = self.component.async_session(self.connections[tenant], **hooks, **self._options)
            self._sessions[tenant] = Shared(session)
        return self._sessions[tenant]

    def receive(self, tenant: str, request: Request, body: bytes) -> Response:
        """Take a push: what is new is kept before the service is answered."""
        subscription = self.subscriptions[tenant]
        received = self.component.receive(
            subscription["trigger"],
            subscription,
            headers=request.headers.raw,
            query=request.url.query,
            body=body,
        )
        seen = self._seen.setdefault(tenant, Seen())
        self.told += seen.new(received.events)
        reply = received.reply
        return Response(reply.body, reply.status, dict(reply.headers))

    async def use(self, component: Component) -> None:
        """Take another version: calls that are under way end with the one they began with."""
        self.component = component
        await self.close()

    async def close(self) -> None:
        """Close every session once nobody uses it; a token that is not kept yet is handed over then."""
        old, self._sessions = self._sessions, {}
        await asyncio.gather(*(shared.end() for shared in old.values()))

    def _count(self, event: Event) -> None:
        self.events[event.kind, event.outcome] += 1


class Doors:
    """What the platform answers at its addresses."""

    def __init__(self, platform: Platform, **options: Any) -> None:
        self._platform = platform
        self._options = options

    async def catalogue(self, _: Request) -> Response:
        """All that a page needs to draw its forms."""
        return JSONResponse(self._platform.component.describe())

    async def login(self, request: Request) -> Response:
        """Take a filled-in form, and say where to send the person."""
        tenant, form = request.path_params["tenant"], await request.json()
        begun = self._platform.component.logins().begin(form, str(request.url_for("callback")))
        self._platform.begun[begun.state] = (tenant, form, begun.to_dict())
        return JSONResponse({"goTo": begun.url})

    async def callback(self, request: Request) -> Response:
        """The person is back."""
        begun = self._platform.begun.pop(request.query_params.get("state", ""), None)
        if begun is None:
            return JSONResponse({"message": "This login was not started here, or is over."}, 400)
        tenant, form, kept = begun
        logins = self._platform.component.async_logins(transport=self._options.get("transport"))
        connection = await logins.finish(form, Authorization.from_dict(kept), request.url.query)
        self._platform.connections[tenant] = {**connection, "name": tenant}
        return RedirectResponse(f"/connections/{tenant}", 303)

    async def summary(self, request: Request) -> Response:
        """What may be shown of a connection."""
        connection = self._platform.connections[request.path_params["tenant"]]
        return JSONResponse(self._platform.component.summary(connection))

    async def run(self, request: Request) -> Response:
        """Do an action with the inputs that the body holds."""
        tenant, inputs = request.path_params["tenant"], await request.json()
        async with self._platform.session(tenant) as session:
            result = await session.run(request.path_params["action"], inputs)
        return JSONResponse(result.to_dict())

    async def subscribe(self, request: Request) -> Response:
        """Have the service push changes to the address of `push`."""
        tenant, inputs = request.path_params["tenant"], await request.json()
        url = str(request.url_for("push", tenant=tenant))
        async with self._platform.session(tenant) as session:
            subscription = await session.subscribe(request.path_params["trigger"], inputs, url)
        self._platform.subscriptions[tenant] = subscription.to_dict()
        return JSONResponse({"id": subscription.id})

    async def push(self, request: Request) -> Response:
        """A service says that something has changed."""
        return self._platform.receive(request.path_params["tenant"], request, await request.body())


def create(component: Component | None = None, **options: Any) -> Starlette:
    """Return the application; `options` go to every session, such as `transport`."""
    platform = Platform(component or Component.load(os.environ["COMPONENT"]), **options)
    doors = Doors(platform, **options)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await platform.close()

    routes: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("GET", "/catalogue", doors.catalogue),
        ("POST", "/connections/{tenant}/login", doors.login),
        ("GET", "/callback", doors.callback),
        ("GET", "/connections/{tenant}", doors.summary),
        ("POST", "/connections/{tenant}/actions/{action}", doors.run),
        ("POST", "/connections/{tenant}/triggers/{trigger}", doors.subscribe),
        ("POST", "/hooks/{tenant}", doors.push),
    ]
    app = Starlette(
        routes=[Route(path, one, methods=[method], name=one.__name__) for method, path, one in routes],
        exception_handlers={ConnectorError: told},
        lifespan=lifespan,
    )
    app.state.platform = platform
    return app


async def told(_: Request, problem: Exception) -> Response:
    """Answer with the one JSON shape of an error; `kind` says who must act."""
    if not isinstance(problem, ConnectorError):
        raise problem
    return JSONResponse(problem.to_dict(), STATUSES.get(problem.kind, 502))

"""A served sandbox with its limits on, sessions with it, and stores of every kind."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.stores import Budget, Keys, MemoryStore, SqliteBudget, SqliteStore
from tokens.fleet import until
from tokens.scene import SandboxClock, component
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector_runtime import Component


@pytest.fixture
def zoho() -> Component:
    """The component of this repository."""
    return component()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on loopback whose time stands still."""
    sandbox = Sandbox()
    sandbox.clock.freeze()
    with sandbox.running():
        yield sandbox
    sandbox.close()


@pytest.fixture
def clock(sandbox: Sandbox) -> SandboxClock:
    """The sandbox's time."""
    return SandboxClock(sandbox)


@pytest.fixture
def connection(sandbox: Sandbox) -> dict[str, Any]:
    """A connection with live tokens."""
    return {**sandbox.connection(), "name": "tenant"}


@pytest.fixture
def keys() -> Keys:
    """A key of the test's own."""
    return Keys([Keys.new()])


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis server of the run's own, with nothing in it."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("no redis-server is installed on this machine")
    if importlib.util.find_spec("redis") is None:
        pytest.skip("the package redis is not installed")
    folder: Path = tmp_path_factory.mktemp("redis")
    place = folder / "socket"
    options = [
        "--port",
        "0",
        "--unixsocket",
        str(place),
        "--save",
        "",
        "--dir",
        str(folder),
        "--daemonize",
        "no",
    ]
    process = subprocess.Popen([server, *options], stdout=subprocess.DEVNULL)
    try:
        until(place.exists)
        yield f"unix://{place}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def empty_redis(redis_address: str) -> str:
    """The address of a Redis server, emptied."""
    import redis

    with redis.Redis.from_url(redis_address) as client:
        client.flushall()
    return redis_address


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, keys: Keys, tmp_path: Path) -> Iterator[Any]:
    """Each kind of token store that there is."""
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "sqlite":
        found = SqliteStore(tmp_path / "tokens.sqlite", keys)
        yield found
        found.close()
    else:
        from connector_runtime.stores import RedisStore

        there = RedisStore(request.getfixturevalue("empty_redis"), keys)
        yield there
        there.close()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def budget(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Each kind of budget that there is."""
    if request.param == "memory":
        yield Budget()
    elif request.param == "sqlite":
        found = SqliteBudget(tmp_path / "budget.sqlite")
        yield found
        found.close()
    else:
        from connector_runtime.stores import RedisBudget

        there = RedisBudget(request.getfixturevalue("empty_redis"))
        yield there
        there.close()

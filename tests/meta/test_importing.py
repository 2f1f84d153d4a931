"""Importing the runtime asks nothing of the machine, so that a replayed workflow may do it."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from connector_runtime import Secret
from connector_runtime.base import lazy
from meta.repository import ROOT

# Modules of others are there before: what they ask for is theirs.
ASKED = """
import builtins, importlib, io, os, pkgutil, random, sys, time
import asyncio, ssl
for other in ("anyio", "httpcore", "httpx", "h11", "httptools", "jinja2", "jsonschema", "yaml", "cryptography", "redis"):
    try:
        importlib.import_module(other)
    except ImportError:
        pass
asked = []

def told(name, real):
    def ask(*args, **named):
        frame = sys._getframe(1)
        while frame is not None and "connector_runtime" not in frame.f_code.co_filename:
            frame = frame.f_back
        if frame is not None:
            asked.append(f"{name}: {frame.f_code.co_filename}:{frame.f_lineno}")
        return real(*args, **named)
    return ask

for home, names in (
    (time, ("time", "monotonic", "perf_counter", "time_ns", "localtime")),
    (os, ("urandom", "getpid", "getenv", "stat", "listdir")),
    (builtins, ("open",)),
    (random.Random, ("__init__", "seed")),
    (type(os.environ), ("__getitem__", "get", "__iter__")),
):
    for name in names:
        setattr(home, name, told(f"{home.__name__}.{name}", getattr(home, name)))
import connector_runtime
for found in pkgutil.walk_packages(connector_runtime.__path__, "connector_runtime."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as problem:
            assert "connector_runtime" not in str(problem), problem
print(chr(10).join(dict.fromkeys(asked)), end="")
"""
WORKFLOW = """
import connector_runtime
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext, SandboxRestrictions

context, seen = RestrictionContext(), {}
with Importer(SandboxRestrictions.default, context).applied():
    exec("import connector_runtime, connector_runtime.errors, connector_runtime.stores", seen)
    context.is_runtime = True
    package = seen["connector_runtime"]
    for name in package.__all__:
        getattr(package, name)
    package.Connection.from_dict({"key": "a", "fields": {}, "token": {}, "context": {}})
    package.Seen({}).new([])
    package.errors.error_of("input", "It is wrong.", input="a").to_dict()
    print(package.Secret("x"), end="")
"""


def ran(code: str) -> str:
    """Return what a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=False, capture_output=True, text=True, cwd=ROOT / "src"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_asks_for_no_clock_environment_file_or_randomness() -> None:
    """No module of the runtime looks at the machine when it is imported."""
    assert ran(ASKED) == ""


class Modules(dict[str, ModuleType]):
    """Modules of a workflow's own, as its sandbox keeps them."""


@pytest.mark.parametrize(("modules", "is_there"), [(dict, False), (Modules, True)])
def test_in_a_sandbox_nothing_is_imported_later(
    modules: type[dict[str, ModuleType]], *, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where modules are a workflow's own, every public name is there once the package is; else when it is used."""
    package = ModuleType("a_package")
    monkeypatch.setattr(lazy, "sys", SimpleNamespace(modules=modules({"a_package": package})))

    names, find = lazy.lazily("a_package", {"base.values": "Secret File"})

    assert names == ["File", "Secret"]
    assert ("Secret" in vars(package)) is is_there
    assert find("Secret") is Secret


@pytest.mark.long
def test_a_workflow_may_import_the_package_at_its_top() -> None:
    """Temporal's sandbox lets a workflow import the package and use its values."""
    pytest.importorskip("temporalio")

    assert "x" not in ran(WORKFLOW)

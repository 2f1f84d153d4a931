"""What a platform does beside running actions, as its users write it: read by a strict type checker, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from connector_runtime import AsyncSession, Component, Finding, InputProblem, Plan, Policy, Secret, Session
from connector_runtime.checks import EmbeddedTests, Problem, problems_in
from connector_runtime.component import Action, ConnectionModel, Input, Trigger, describe_action
from connector_runtime.documents import dump_json, parse_json, parse_yaml
from connector_runtime.logins import AsyncLogins, Authorization, Logins
from connector_runtime.stores import AsyncTokenStore, MemoryStore, RequestBudget, TokenStore
from connector_runtime.testing import Case, cases_of, run_case

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def draw(component: Component) -> None:
    """Draw forms, and tell what is wrong with what was entered."""
    for action in component.actions.values():
        assert_type(action, Action)
        assert_type(describe_action(action), dict[str, Any])
    assert_type(list(component.triggers.values()), list[Trigger])
    assert_type(list(component.connections.values()), list[ConnectionModel])
    assert_type([entry.label for entry in component.actions["crmGetRecord"].inputs], list[str])
    problems = component.validate("crmGetRecord", {"recordId": "1"})
    assert_type(problems, list[InputProblem])
    assert_type([problem.input for problem in problems], list[str | None])
    assert_type([problem.to_dict() for problem in problems], list[dict[str, Any]])


def log_in(component: Component, form: Mapping[str, Any], query: str) -> dict[str, Any]:
    """Send a person to the login page, and take them back."""
    logins = component.logins()
    assert_type(logins, Logins)
    begun = logins.begin(form, "https://platform.example/callback")
    assert_type(begun, Authorization)
    assert_type(logins.with_code(form, Secret("a code")), dict[str, Any])
    return logins.finish(form, Authorization.from_dict(begun.to_dict()), query)


async def log_in_awaiting(component: Component, form: Mapping[str, Any], query: str) -> dict[str, Any]:
    """Do the same in an event loop."""
    logins = component.async_logins()
    assert_type(logins, AsyncLogins)
    begun = logins.begin(form, "https://platform.example/callback")
    assert_type(await logins.revoke(form), bool)
    return await logins.finish(form, begun, query)


def look_over(component: Component, connection: Mapping[str, Any], store: TokenStore) -> None:
    """Say what is wrong with a connection, and what may be shown of it."""
    findings = component.health(connection, {"crmGetRecord": {}}, token_store=store, deadline_s=10.0)
    assert_type(findings, list[Finding])
    assert_type(component.summary(connection), dict[str, Any])
    assert_type(component.scopes(["crmGetRecord"]), list[str])
    assert_type(component.policy({"effects": ["read"]}), Policy)
    assert_type(component.request("crmGetRecord", {}, connection), Plan)


async def look_over_awaiting(component: Component, connection: Mapping[str, Any]) -> None:
    """Do the same in an event loop, and draw a form."""
    assert_type(await component.async_health(connection, deadline_s=10.0), list[Finding])
    assert_type(component.asked("crmGetRecord", {}), dict[str, dict[str, bool | None]])


def choose(session: Session) -> None:
    """Fill lists to choose from, of the connection, too."""
    assert_type(session.connection_choices("organizationId"), list[dict[str, Any]])
    assert_type(session.choices("crmRecordChanged", "recordType"), list[dict[str, Any]])


async def choose_awaiting(session: AsyncSession) -> None:
    """Do the same in an event loop."""
    assert_type(await session.connection_choices("organizationId", search="Zil"), list[dict[str, Any]])


def share(
    component: Component, connection: Mapping[str, Any], budget: RequestBudget, store: AsyncTokenStore
) -> AsyncSession:
    """Share tokens and budgets between processes."""
    component.session(connection, token_store=MemoryStore(), budget=budget).close()
    return component.async_session(connection, token_store=store, budget=budget)


def check(folder: Path, component: Component) -> None:
    """Check the files of a component, and run their tests."""
    assert_type(problems_in([folder]), list[Problem])
    assert_type([run.failures for run in EmbeddedTests([folder]).run("crm")], list[list[str]])
    assert_type([run_case(component.model, case) for case in cases_of(component.model)], list[list[str]])
    assert_type(dump_json(parse_json(b"{}"), indent=2), str)
    assert_type(parse_yaml("a: 1"), Any)


def name(entry: Input, case: Case) -> str:
    """Name an input and a test."""
    return f"{entry.key}: {case.name}"

"""The guide to webhooks: its programs run, in order, against the sandbox; its trigger is checked and tested."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cli.conftest import run_here
from connector_runtime import Component, Seen, Subscription
from connector_runtime.base.values import SystemClock
from connector_runtime.definition.load import find_problems
from connector_runtime.stores import Keys
from connector_runtime.testing.cases import cases_of, run_case
from meta.repository import ROOT
from webhooks.receiver import WAIT_S, receiving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector_runtime import Session

GUIDE = (ROOT / "docs" / "guides" / "webhooks.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ zoho-component (.+)$", GUIDE, re.MULTILINE)
ALL_PROGRAMS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
# One of them opens what the command line has kept.
PROGRAMS = [program for program in ALL_PROGRAMS if "leads.json" not in program]
TRIGGER = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)[0]


class Later(datetime):
    """A clock on which six days more have gone by."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.now(tz) + timedelta(days=6)


@pytest.mark.plan("S-279")
def test_its_programs_run(zoho: Component, open_session: Callable[..., Session]) -> None:
    """Subscribe, receive, fetch, renew, catch up, end: each as it is printed."""
    session = open_session(clock=SystemClock())
    names: dict[str, Any] = {
        "component": zoho, "session": session, "store": {}, "queue": [], "seen": Seen(),
        "keys": Keys([Keys.new()]), "Seen": Seen, "Subscription": Subscription, "datetime": Later, "UTC": UTC,
    }  # fmt: skip
    with receiving(zoho, "crmRecordNotifications") as receiver:
        came: list[tuple[Any, str, bytes]] = []
        receiver.take = lambda *request: came.append(request) or (200, {}, b"")  # type: ignore[assignment, func-returns-value]
        names["url"] = receiver.url
        for number, program in enumerate(PROGRAMS):
            if "component.receive" in program:
                lead = {"Last_Name": "Boyle", "Company": "Zylker"}
                session.run("crmCreateRecord", {"recordType": "Leads", "fieldValues": lead})
                receiver.wait_until(lambda: came, WAIT_S)
                names["headers"], names["query"], names["body"] = came[0]
            exec(compile(program, f"program {number + 1} of the guide", "exec"), names)

    assert names["reply"][0] == 200
    assert names["record"]["data"][0]["Last_Name"] == "Boyle"
    assert names["poll"].error is None
    assert json.dumps(names["store"])
    assert len([one for one in names["queue"] if one["id"] == names["queue"][0]["id"]]) == 1


def test_its_commands_are_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed one after the other they work on the embedded sandbox; a server opens what they keep."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECTOR_HOME", str(tmp_path / "kept"))
    (program,) = set(ALL_PROGRAMS) - set(PROGRAMS)
    names: dict[str, Any] = {"Keys": Keys, "Subscription": Subscription}
    for line in COMMANDS:
        if line.startswith("unsubscribe"):
            exec(compile(program, "the guide's server", "exec"), names)
        ended = run_here("zoho-component", str(ROOT), tuple(shlex.split(line)), "")
        assert ended.code == 0, ended.err

    assert len(COMMANDS) == 4
    assert names["subscription"].trigger == "crmRecordNotifications"
    assert {path.name for path in tmp_path.glob("[a-z]*.*")} == {"invoices.json", "invoices.secret"}


def test_its_trigger_is_good(tmp_path: Path) -> None:
    """As it is printed it has no problem, and its tests pass."""
    kennel = tmp_path / "kennel"
    shutil.copytree(ROOT / "tests" / "cases" / "kennel", kennel)
    (kennel / "triggers").mkdir()
    (kennel / "triggers" / "dogTold.yaml").write_text(TRIGGER, "utf-8")
    model = Component.load(kennel).model

    assert find_problems([kennel]) == []
    assert [run_case(model, case) for case in cases_of(model) if case.owner == "dogTold"] == [[], []]

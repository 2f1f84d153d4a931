"""The fields of a Zoho CRM account, custom ones included, type what a person enters as text."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from connector_runtime import Session

LEAD = {"Last_Name": "Boyle", "Company": "ABC"}


def test_a_text_becomes_the_number_that_the_account_wants(open_session: Callable[..., Session]) -> None:
    """Zoho refuses a number as text; with the account's own fields it is sent as the number it is."""
    session = open_session(metadata=True)

    created = session.run(
        "crmCreateRecord", {"recordType": "Leads", "fieldValues": {**LEAD, "No_of_Employees": "250"}}
    )

    found = session.run(
        "crmGetRecord", {"recordType": "Leads", "recordId": created.data["data"][0]["details"]["id"]}
    )
    assert found.data["data"][0]["No_of_Employees"] == 250
    assert created.warnings == ()


def test_a_misspelt_field_is_named(open_session: Callable[..., Session]) -> None:
    """Zoho drops a field it does not know without a word; the result has the word."""
    result = open_session(metadata=True).run(
        "crmCreateRecord", {"recordType": "Leads", "fieldValues": {**LEAD, "Compny": "ABC"}}
    )

    (warning,) = result.warnings
    assert "no field `Compny`. Did you mean `Company`?" in warning


def test_a_form_shows_the_accounts_fields(session: Session) -> None:
    """A form learns labels, types and lengths, and which fields are needed."""
    schema = session.fields("crmCreateRecord", "fieldValues", {"recordType": "Leads"})

    assert "Last_Name" in schema["required"]
    assert schema["properties"]["No_of_Employees"]["type"] == ["integer", "null"]
    assert schema["properties"]["Company"]["maxLength"] > 0


def test_the_program_of_the_guide_runs(
    open_session: Callable[..., Session], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the guide to inputs shows about the account's fields is what happens."""
    text = (ROOT / "docs" / "guides" / "inputs.md").read_text("utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    component = SimpleNamespace(session=lambda _connection, **options: open_session(**options))

    exec(compile(program, "inputs.md", "exec"), {"component": component, "connection": None})

    warned, shown = capsys.readouterr().out.splitlines()
    assert "`Compny`. Did you mean `Company`?" in warned
    assert shown == "['integer', 'null'] True"

"""The guide to the sandbox: every example in it is what really happens."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from zoho_sandbox.core.documents import package_yaml

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "sandbox.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def shows(expected, actual):
    """Say whether a reply has what the guide shows of it; ``"*"`` stands for any value."""
    if expected == "*":
        return actual is not None
    if isinstance(expected, dict):
        return all(key in actual and shows(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(shows, expected, actual))
    return expected == actual


def test_requests_of_the_guide_are_answered_as_it_says(client):
    """They are sent one after the other, with a token of the default connection."""
    api = client()
    reply = None
    compared = 0

    for kind, text in BLOCKS:
        if kind == "http":
            line, _, body = text.partition("\n")
            method, target = line.split(" ")
            reply = api.request(method, target, content=body)
            assert method == "GET" or reply.status_code == 200, (line, reply.text)
        elif kind == "json":
            assert shows(json.loads(text), reply.json()), (text, reply.text)
            compared += 1

    assert compared >= 6


def test_programs_of_the_guide_run():
    """They build on one another, as a reader types them."""
    names = {}

    for text in [text for kind, text in BLOCKS if kind == "python"]:
        exec(compile(text, "sandbox.md", "exec"), names)

    assert names["sandbox"].settings["crm.page_limit"] == 20


def test_the_guide_knows_every_option_and_fault():
    """The table of options is that of the command, and all faults are named."""
    shown = subprocess.run(
        [sys.executable, "-m", "zoho_sandbox", "--help"], check=True, capture_output=True, text=True
    ).stdout
    listed = re.search(r"There are twelve: (.*?);", GUIDE)

    assert set(re.findall(r"^\| `(--\w+)`", GUIDE, re.MULTILINE)) == set(
        re.findall(r"^  (--\w+)", shown, re.MULTILINE)
    )
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == set(
        package_yaml("zoho_sandbox.core", "faults.yaml")["faults"]
    )
